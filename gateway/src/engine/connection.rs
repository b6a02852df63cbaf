//! The clients of the gateway: how they connect, wait and come back.
//!
//! A lost server is waited for, however long. Nothing here decides what becomes of a message whose
//! acknowledgement was lost.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::config::{GATEWAY_USER, MAX_PAYLOAD_BYTES};
use super::settings::{External, Tls};
use super::version::{MINIMUM, ServerVersion};
use crate::doors::Secret;

/// How long one request may take before its outcome counts as unknown.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that stands still is noticed at the third ping without an answer; until then senders wait.
const PING_INTERVAL: Duration = Duration::from_secs(2);
const LONGEST_RECONNECT_DELAY: Duration = Duration::from_secs(1);
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// No usable connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The addresses or certificates cannot be used at all.
    #[error("failed to connect to nats-server at {address}: {source}")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: async_nats::ConnectError,
    },
    /// We were told to stop while waiting.
    #[error("stopped while waiting for nats-server at {address}")]
    Stopped {
        /// Where.
        address: String,
    },
    /// The server is too old, or its version cannot be read.
    #[error(
        "nats-server at {address} is version {version}, at least {MINIMUM} is needed (older ones hand out acknowledged entries again)"
    )]
    TooOld {
        /// Where.
        address: String,
        /// What it says it is.
        version: String,
    },
    /// The server takes only smaller messages than the gateway sends.
    #[error("max_payload of nats-server at {address} is {bytes} bytes, at least {MAX_PAYLOAD_BYTES} is needed")]
    SmallPayload {
        /// Where.
        address: String,
        /// Its limit.
        bytes: usize,
    },
    /// The server stores nothing.
    #[error("nats-server at {address} has JetStream switched off")]
    NoJetStream {
        /// Where.
        address: String,
    },
}

/// A client, and whether it is connected just now.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client.
    pub client: Client,
    /// `false` while the server is away.
    pub connected: watch::Receiver<bool>,
}

/// The options for the gateway's user on the embedded server.
#[must_use]
pub fn embedded_options(password: &Secret) -> ConnectOptions {
    ConnectOptions::with_user_and_password(GATEWAY_USER.to_owned(), password.expose().to_owned())
        .reconnect_delay_callback(reconnect_delay)
}

/// The options for an external server.
#[must_use]
pub fn external_options(external: &External) -> ConnectOptions {
    let options = ConnectOptions::with_user_and_password(external.user.clone(), external.password.expose().to_owned())
        .reconnect_delay_callback(reconnect_delay);
    match &external.tls {
        Some(tls) => with_tls(options, tls),
        None => options,
    }
}

fn with_tls(options: ConnectOptions, tls: &Tls) -> ConnectOptions {
    let mut options = options.require_tls(true);
    if let Some(file) = &tls.ca_file {
        options = options.add_root_certificates(file.clone());
    }
    if let Some((certificate, key)) = &tls.client {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}

fn reconnect_delay(attempts: usize) -> Duration {
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    Duration::from_millis(25).saturating_mul(attempts).min(LONGEST_RECONNECT_DELAY)
}

/// Connects, waiting as long as it takes, and checks that the server will do.
///
/// # Errors
/// When the server will not do, or `stop` is cancelled first.
pub async fn connect(
    name: &str,
    urls: &[String],
    options: ConnectOptions,
    stop: &CancellationToken,
) -> Result<Connection, ConnectionError> {
    let address = urls.join(",");
    let (sender, connected) = watch::channel(false);
    let client = options
        .name(name)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .ping_interval(PING_INTERVAL)
        .request_timeout(Some(REQUEST_TIMEOUT))
        .custom_inbox_prefix("_INBOX_gateway")
        .event_callback(move |event| {
            let sender = sender.clone();
            async move { tell(&event, &sender) }
        })
        .connect(urls)
        .await
        .map_err(|source| ConnectionError::Connect { address: address.clone(), source })?;
    let connection = Connection { client, connected };
    connection.wait(&address, stop).await?;
    check(&connection.client, &address)?;
    Ok(connection)
}

impl Connection {
    async fn wait(&self, address: &str, stop: &CancellationToken) -> Result<(), ConnectionError> {
        let mut connected = self.connected.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Err(ConnectionError::Stopped { address: address.to_owned() }),
                up = connected.wait_for(|up| *up) => if up.is_ok() { return Ok(()) },
                () = tokio::time::sleep(REPORT_EVERY) => tracing::warn!(address, "still waiting for nats-server at {address}"),
            }
        }
    }
}

fn tell(event: &Event, connected: &watch::Sender<bool>) {
    match event {
        Event::Connected => {
            tracing::info!("connected to nats-server");
            connected.send_replace(true);
        }
        Event::Disconnected => {
            tracing::warn!("connection to nats-server lost, waiting for it to come back");
            connected.send_replace(false);
        }
        Event::Closed => {
            tracing::info!("connection to nats-server closed");
            connected.send_replace(false);
        }
        Event::SlowConsumer(subscription) => {
            tracing::error!(subscription, "subscription {subscription} is too slow, messages were dropped");
        }
        Event::ServerError(error) => tracing::warn!("nats-server says: {error}"),
        Event::ClientError(error) => tracing::debug!("nats client: {error}"),
        Event::LameDuckMode | Event::Draining => tracing::info!("nats connection: {event}"),
    }
}

fn check(client: &Client, address: &str) -> Result<(), ConnectionError> {
    let info = client.server_info();
    let address = address.to_owned();
    if !info.version.parse::<ServerVersion>().is_ok_and(ServerVersion::suffices) {
        return Err(ConnectionError::TooOld { address, version: info.version });
    }
    if info.max_payload < MAX_PAYLOAD_BYTES {
        return Err(ConnectionError::SmallPayload { address, bytes: info.max_payload });
    }
    if !info.jetstream {
        return Err(ConnectionError::NoJetStream { address });
    }
    Ok(())
}
