//! The simulated 12345 hotline: wide work orders, pulled by update time or pushed as webhooks.

mod api;
pub(crate) mod record;

use tokio_util::sync::CancellationToken;

pub(crate) use api::routes;

use super::server::{self, Config, Running, StartError};
use super::system::System;

/// The hotline as a server.
pub struct Hotline;

impl Hotline {
    /// Binds, files its first orders and serves until `shutdown`.
    pub async fn start(config: Config, shutdown: CancellationToken) -> Result<Running, StartError> {
        server::start(System::Hotline, config, shutdown).await
    }
}
