//! The simulated township platform with its grid workers: events from the field, pulled by update time or pushed as
//! webhooks, and now and then the hotline's own orders come round again.

mod api;
pub(crate) mod record;
pub(crate) mod round_about;

use tokio_util::sync::CancellationToken;

pub(crate) use api::routes;

use super::server::{self, Config, Running, StartError};
use super::system::System;

/// The platform as a server.
pub struct Grid;

impl Grid {
    /// Binds, files its first events and serves until `shutdown`.
    pub async fn start(config: Config, shutdown: CancellationToken) -> Result<Running, StartError> {
        server::start(System::Grid, config, shutdown).await
    }
}
