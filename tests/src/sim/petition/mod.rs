//! The simulated petition portal: matters, persons and steps, pulled by cursor or pushed as forms.

mod api;
pub(crate) mod record;

use md5::{Digest as _, Md5};
use tokio_util::sync::CancellationToken;

pub(crate) use api::routes;

use super::server::{self, Config, Running, StartError};
use super::system::System;

/// The portal as a server.
pub struct Petition;

impl Petition {
    /// Binds, files its first matters and serves until `shutdown`.
    pub async fn start(config: Config, shutdown: CancellationToken) -> Result<Running, StartError> {
        server::start(System::Petition, config, shutdown).await
    }
}

/// The exchange's weak proof of origin, `httpRequestVerify`: lower-case hex MD5 of the shared secret
/// followed by the decoded `jsonData`, both as UTF-8, nothing between them.
pub fn verify_token(secret: &str, json_data: &str) -> String {
    let mut digest = Md5::new();
    digest.update(secret.as_bytes());
    digest.update(json_data.as_bytes());
    base16ct::lower::encode_string(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'abc' | md5sum`, from RFC 1321.
    #[test]
    fn token_is_md5_of_secret_and_data() {
        assert_eq!(verify_token("a", "bc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_ne!(verify_token("a", "bd"), verify_token("a", "bc"));
    }
}
