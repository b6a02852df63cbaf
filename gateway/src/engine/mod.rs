//! The message engine: a nats-server of our own or somebody else's, and what is stored in it.
//!
//! Here is everything that knows how JetStream behaves: streams, atomic batches, batched reads.
//! Nothing here may know what a case is.

pub mod batch;
pub mod binary;
pub mod child;
pub mod config;
pub mod connection;
pub mod embedded;
pub mod inquiry;
pub mod lock;
pub mod patience;
pub mod read;
pub mod request;
pub mod room;
#[cfg(test)]
pub(crate) mod scratch;
pub mod settings;
pub mod snapshot;
mod spawn;
mod staging;
pub mod streams;
pub mod subjects;
#[cfg(test)]
mod tests;
pub mod version;

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::account::Account;
use async_nats::{Client, ConnectOptions, jetstream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use connection::ConnectionError;
pub use embedded::EmbeddedError;
pub use inquiry::{EffectiveSync, InquiryError};
pub use settings::{Durability, Embedded, EngineSettings, External, Server, Tls};

use crate::doors::Credentials;
use connection::Connection;
use embedded::EmbeddedServer;
use inquiry::Inquiry;

/// How long a leaving engine waits to hand over what it still holds.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);
/// Questions that came and were not looked at yet, of each kind; what comes beyond them is not answered.
const QUESTIONS_WAITING: usize = 2_048;
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// The engine cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Our own server cannot be run.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// No usable connection.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The server does not say what it was asked.
    #[error(transparent)]
    Inquiry(#[from] InquiryError),
}

/// The engine, connected. Clones share the connection and the child.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The gateway's connection; it reconnects by itself.
    pub client: Client,
    /// JetStream over the same connection.
    pub jetstream: jetstream::Context,
    /// JetStream over another connection, for reading the case log. The server answers such a question on the spot, and
    /// lets it wait for the batch that is being committed, together with all that comes after it on its connection.
    pub reading: jetstream::Context,
    /// The connection on which those at the doors ask: a flood of questions holds up nothing else.
    pub doors: Client,
    /// Copies of every stream.
    pub replicas: usize,
    connected: watch::Receiver<bool>,
    address: String,
    embedded: Option<Arc<EmbeddedServer>>,
}

impl Engine {
    /// Starts or finds the server and connects, waiting as long as it takes. `shutdown` ends the
    /// waiting only: a running engine is ended by [`Engine::stop`], after everything else.
    ///
    /// # Errors
    /// When the server cannot be run, will not do, or `shutdown` is cancelled first.
    pub async fn start(
        settings: EngineSettings,
        credentials: &Credentials,
        shutdown: CancellationToken,
    ) -> Result<Self, EngineError> {
        let replicas = settings.replicas;
        match settings.server {
            Server::Embedded(embedded) => {
                let server = EmbeddedServer::start(embedded, credentials, &shutdown).await?;
                let options = || connection::embedded_options(server.gateway_password());
                let urls = [server.address()];
                let connections = connect_all(&urls, options, &shutdown).await?;
                Ok(Self::new(connections, replicas, &urls, Some(server)))
            }
            Server::External(external) => {
                let options = || connection::external_options(&external);
                let connections = connect_all(&external.urls, options, &shutdown).await?;
                Ok(Self::new(connections, replicas, &external.urls, None))
            }
        }
    }

    fn new(
        [connection, reading, doors]: [Connection; 3],
        replicas: usize,
        urls: &[String],
        embedded: Option<EmbeddedServer>,
    ) -> Self {
        Self {
            jetstream: jetstream::new(connection.client.clone()),
            reading: jetstream::new(reading.client),
            client: connection.client,
            doors: doors.client,
            replicas,
            connected: connection.connected,
            address: urls.join(","),
            embedded: embedded.map(Arc::new),
        }
    }

    /// Where other clients connect.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `false` while the server is away; for readiness.
    #[must_use]
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.clone()
    }

    /// Whether the server is somebody else's, and others may use it.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.embedded.is_none()
    }

    /// The embedded server's process number, while there is one.
    #[must_use]
    pub fn server_process(&self) -> Option<u32> {
        self.embedded.as_ref().and_then(|server| server.process())
    }

    /// Makes the embedded server let in whom the credentials name, and nobody else. An external
    /// server's users are its administrator's business.
    ///
    /// # Errors
    /// When the server is away or refuses; the former users then stay.
    pub async fn reload_credentials(&self, credentials: &Credentials) -> Result<(), EngineError> {
        let Some(server) = &self.embedded else { return Ok(()) };
        server.rewrite(credentials)?;
        let server = Inquiry::open(server).await?;
        server.reload().await?;
        // What an account may ask that is new to it, the server (2.15.1) makes out only when it reads the next time.
        Ok(server.reload().await?)
    }

    /// What the account holds and may hold; none where the server is away or slow.
    pub async fn account(&self) -> Option<Account> {
        if !*self.connected.borrow() {
            return None;
        }
        self.jetstream.query_account().await.ok()
    }

    /// A way to ask the embedded server about itself; none where there is none, or it is away.
    pub async fn inquiry(&self) -> Option<Inquiry> {
        Inquiry::open(self.embedded.as_ref()?).await.ok()
    }

    /// Has the embedded server stop and start again; an external one is its administrator's business.
    pub fn start_server_again(&self) {
        if let Some(server) = &self.embedded {
            server.start_again();
        }
    }

    /// The sync setting in force on the embedded server; an external one is not asked.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn effective_sync(&self) -> Result<Option<EffectiveSync>, EngineError> {
        let Some(server) = &self.embedded else { return Ok(None) };
        Ok(Some(Inquiry::open(server).await?.sync().await?))
    }

    /// Sends what is still queued, then stops the embedded server. Call it last.
    pub async fn stop(&self) {
        let flushed = async { self.doors.flush().await.and(self.client.flush().await) };
        match tokio::time::timeout(FLUSH_PATIENCE, flushed).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("the connection to nats-server could not be flushed: {error}"),
            Err(_) => tracing::warn!("nats-server is away: what was queued for it is not sent"),
        }
        for other in [self.reading.client(), self.doors.clone()] {
            if let Err(error) = other.drain().await {
                tracing::debug!(%error, "a connection was closed before");
            }
        }
        let mut connected = self.connected.clone();
        if self.client.drain().await.is_ok() {
            let closed = connected.wait_for(|up| !*up);
            let _closed_or_overdue = tokio::time::timeout(CLOSE_PATIENCE, closed).await;
        }
        if let Some(server) = &self.embedded {
            server.stop().await;
        }
    }
}

async fn connect_all(
    urls: &[String],
    options: impl Fn() -> ConnectOptions,
    shutdown: &CancellationToken,
) -> Result<[Connection; 3], ConnectionError> {
    let first = connection::connect("huiliu", urls, options(), shutdown).await?;
    let reading = connection::connect("huiliu-reading", urls, options(), shutdown).await?;
    let asked = options().subscription_capacity(QUESTIONS_WAITING);
    let doors = connection::connect("huiliu-doors", urls, asked, shutdown).await?;
    Ok([first, reading, doors])
}
