//! What the embedded server says about itself, asked over its system account.
//!
//! The answer is what is in force, not what the configuration file says.

use std::time::Duration;

use async_nats::Client;
use serde::Deserialize;

use super::config::SYSTEM_USER;
use super::embedded::EmbeddedServer;

const TIMEOUT: Duration = Duration::from_secs(5);

/// The server did not answer as expected.
#[derive(Debug, thiserror::Error)]
pub enum InquiryError {
    /// No answer.
    #[error("failed to ask nats-server about itself: {0}")]
    Ask(#[source] async_nats::Error),
    /// An answer of another shape.
    #[error("failed to read what nats-server says about itself: {0}")]
    Read(#[from] serde_json::Error),
    /// It refused.
    #[error("nats-server refused: {0}")]
    Refused(String),
}

/// When acknowledged messages reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectiveSync {
    /// Before they are acknowledged.
    Always,
    /// Within this time after they were acknowledged.
    Every(Duration),
}

/// A connection to the system account.
#[derive(Debug)]
pub struct Inquiry(Client);

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    description: Option<String>,
}

#[derive(Deserialize)]
struct JetStreamAnswer {
    config: JetStreamConfig,
}

#[derive(Deserialize)]
struct JetStreamConfig {
    #[serde(default)]
    sync_always: bool,
    #[serde(default)]
    sync_interval: u64,
}

#[derive(Deserialize)]
struct Health {
    status: String,
    #[serde(default)]
    error: String,
}

impl Inquiry {
    /// Connects to the system account of `server`.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn open(server: &EmbeddedServer) -> Result<Self, InquiryError> {
        let password = server.system_password().expose().to_owned();
        async_nats::ConnectOptions::with_user_and_password(SYSTEM_USER.to_owned(), password)
            .name("huiliu-inquiry")
            .request_timeout(Some(TIMEOUT))
            .connect(server.address())
            .await
            .map(Self)
            .map_err(|error| InquiryError::Ask(error.into()))
    }

    /// The sync setting in force.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn sync(&self) -> Result<EffectiveSync, InquiryError> {
        let answer: Answer<JetStreamAnswer> = self.ask("$SYS.REQ.SERVER.PING.JSZ", r#"{"config":true}"#).await?;
        let config = answer.data.ok_or_else(|| refused(answer.error))?.config;
        Ok(if config.sync_always {
            EffectiveSync::Always
        } else {
            EffectiveSync::Every(Duration::from_nanos(config.sync_interval))
        })
    }

    /// Whether it is well; else what it says is wrong, such as a stream that met a full disk.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn health(&self) -> Result<Result<(), String>, InquiryError> {
        let answer: Answer<Health> = self.ask("$SYS.REQ.SERVER.PING.HEALTHZ", "").await?;
        let health = answer.data.ok_or_else(|| refused(answer.error))?;
        Ok(if health.status == "ok" { Ok(()) } else { Err(health.error) })
    }

    /// Makes the server read its configuration again, and waits until it has.
    ///
    /// # Errors
    /// When it refuses the configuration; the old one then stays in force.
    pub async fn reload(&self) -> Result<(), InquiryError> {
        let subject = format!("$SYS.REQ.SERVER.{}.RELOAD", self.0.server_info().server_id);
        let answer: Answer<serde_json::Value> = self.ask(&subject, "").await?;
        match answer.error {
            None => Ok(()),
            error => Err(refused(error)),
        }
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        subject: &str,
        question: &str,
    ) -> Result<Answer<T>, InquiryError> {
        let message = self
            .0
            .request(subject.to_owned(), question.to_owned().into())
            .await
            .map_err(|error| InquiryError::Ask(error.into()))?;
        Ok(serde_json::from_slice(&message.payload)?)
    }
}

fn refused(refusal: Option<Refusal>) -> InquiryError {
    let said = refusal.and_then(|refusal| refusal.description);
    InquiryError::Refused(said.unwrap_or_else(|| "no reason given".to_owned()))
}
