//! The HTTP clients we speak to other systems with.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// A client for the system at `url`. It follows no redirect: who we show a key to is written in the settings. Without TLS
/// it needs no authorities, which a machine that never saw the internet may not have.
pub fn client(url: &str) -> ClientBuilder {
    let builder = Client::builder().redirect(Policy::none());
    if url.trim_start().to_ascii_lowercase().starts_with("https:") { builder } else { builder.tls_certs_only([]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_needs_no_authorities() {
        // Were this client to look for authorities, it would fail where there are none; that it can be built is all
        // that can be seen here.
        assert!(client("http://127.0.0.1:8210").build().is_ok());
    }
}
