//! The simulated mediation platform: cases pulled by cursor with an OAuth2 token, and mediation rooms whose events are
//! pushed as webhooks.

mod api;
pub(crate) mod record;
pub(crate) mod room;
mod tokens;

use tokio_util::sync::CancellationToken;

pub(crate) use api::routes;
pub use room::Outcome;
pub(crate) use tokens::Tokens;

use super::server::{self, Config, Running, StartError};
use super::system::System;

/// The platform as a server. The key of its [`Config`] is the client secret of client `huiliu`.
pub struct Video;

impl Video {
    /// Binds, files its first cases and serves until `shutdown`.
    pub async fn start(config: Config, shutdown: CancellationToken) -> Result<Running, StartError> {
        server::start(System::Video, config, shutdown).await
    }
}
