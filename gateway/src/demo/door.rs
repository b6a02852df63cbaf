//! How a scripted department reaches the hub: from outside, over the same doors as a real one.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use async_nats::jetstream::{self, consumer::PullConsumer};
use futures_util::StreamExt;
use huiliu_adapters::http;
use huiliu_schemas::DepartmentId;
use huiliu_schemas::entry::Entry;
use serde_json::{Value, json};

use crate::doors::Secret;

const STREAM: &str = "QUEUES";

/// One of the two ways.
pub enum Door {
    /// Long-poll and POST.
    Http {
        /// The client.
        client: reqwest::Client,
        /// `http://127.0.0.1:8210`
        hub: String,
        /// The department's key.
        key: Secret,
    },
    /// A plain JetStream pull consumer and requests.
    Nats {
        /// The department's own connection.
        client: async_nats::Client,
        /// Its queue.
        queue: Box<PullConsumer>,
        /// Whose it is.
        department: DepartmentId,
    },
}

/// An entry taken, not yet acknowledged.
pub struct Taken {
    /// The entry.
    pub entry: Entry,
    receipt: Receipt,
}

enum Receipt {
    Http(String),
    Nats(Box<jetstream::Message>),
}

impl Door {
    /// Over HTTP.
    pub fn http(hub: &str, key: Secret) -> anyhow::Result<Self> {
        let client = http::nearby().timeout(Duration::from_secs(40)).build()?;
        Ok(Self::Http { client, hub: hub.to_owned(), key })
    }

    /// Over NATS: the key's name is the user, its secret the password, and the inbox is the user's own.
    pub async fn nats(address: &str, department: &DepartmentId, key: &Secret) -> anyhow::Result<Self> {
        let client =
            async_nats::ConnectOptions::with_user_and_password(department.to_string(), key.expose().to_owned())
                .custom_inbox_prefix(format!("_INBOX_{department}"))
                .connect(address)
                .await
                .with_context(|| format!("failed to connect {department} to NATS"))?;
        let stream = jetstream::new(client.clone()).get_stream_no_info(STREAM).await?;
        let queue = stream.get_consumer(department.as_str()).await.map_err(|e| anyhow!("no queue yet: {e}"))?;
        Ok(Self::Nats { client, queue: Box::new(queue), department: department.clone() })
    }

    /// The next entry, waiting a little for one.
    pub async fn take(&self, wait: Duration) -> anyhow::Result<Option<Taken>> {
        match self {
            Self::Http { client, hub, key } => {
                let ask = client.get(format!("{hub}/v1/queue?max=1&wait={}", wait.as_secs())).bearer_auth(key.expose());
                let mut told: Value = ask.send().await?.error_for_status()?.json().await?;
                let Some(one) = told["entries"].get_mut(0) else { return Ok(None) };
                let receipt = Receipt::Http(one["ack"].as_str().unwrap_or_default().to_owned());
                Ok(Some(Taken { entry: serde_json::from_value(one["entry"].take())?, receipt }))
            }
            Self::Nats { queue, .. } => {
                let expires = wait.max(Duration::from_millis(200));
                let mut batch = queue.batch().max_messages(1).expires(expires).messages().await?;
                let Some(message) = batch.next().await else { return Ok(None) };
                let message = message.map_err(|e| anyhow!(e))?;
                let entry = serde_json::from_slice(&message.payload)?;
                Ok(Some(Taken { entry, receipt: Receipt::Nats(Box::new(message)) }))
            }
        }
    }

    /// Says that an entry was received.
    pub async fn acknowledge(&self, taken: Taken) -> anyhow::Result<()> {
        match (self, taken.receipt) {
            (Self::Http { client, hub, key }, Receipt::Http(ack)) => {
                let told = client.post(format!("{hub}/v1/queue/ack")).bearer_auth(key.expose());
                told.json(&json!({ "ack": ack })).send().await?.error_for_status()?;
                Ok(())
            }
            (_, Receipt::Nats(message)) => message.ack().await.map_err(|e| anyhow!(e)),
            _ => bail!("an entry came through another door"),
        }
    }

    /// Sends a command; `body` holds the sender's `id`. The outcome, or the problem that was answered.
    pub async fn command(&self, case: &str, kind: &str, mut body: Value) -> anyhow::Result<Value> {
        let answer: Value = match self {
            Self::Http { client, hub, key } => {
                let post = client.post(format!("{hub}/v1/cases/{case}/commands/{kind}")).bearer_auth(key.expose());
                post.json(&body).send().await?.json().await?
            }
            Self::Nats { client, department, .. } => {
                body["case"] = case.into();
                let told = client.request(format!("command.{department}.{kind}"), body.to_string().into()).await?;
                serde_json::from_slice(&told.payload)?
            }
        };
        if answer.get("result").is_some() {
            return Ok(answer);
        }
        bail!("{kind}: {}", answer["detail"].as_str().unwrap_or("no reason was given"))
    }
}
