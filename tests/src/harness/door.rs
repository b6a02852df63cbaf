//! The hub's two doors for departments, HTTP and NATS: what is handed out, acknowledged and commanded through either.

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::{self, consumer::PullConsumer};
use futures_util::StreamExt as _;
use huiliu_schemas::entry::Entry;
use huiliu_schemas::{CaseId, DepartmentId};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::hub::{Answer, Caller};

const WAIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);
/// Longer than the hub takes to answer a command.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A way to the hub.
pub enum Door {
    /// Requests with a key.
    Http(Caller),
    /// A department's own connection.
    Nats(Client, DepartmentId),
}

/// An entry that was handed out.
pub struct Handed {
    /// The entry; none where it does not read.
    pub entry: Option<Entry>,
    ack: Ack,
}

enum Ack {
    Http(Value),
    Nats(Box<jetstream::Message>),
}

impl Door {
    /// What waits, at most so many; none where the hub does not answer.
    pub async fn take(&self, most: usize) -> Option<Vec<Handed>> {
        match self {
            Self::Http(caller) => {
                let path = format!("/v1/queue?wait={}&max={most}", WAIT.as_secs());
                let answer = caller.get(&path).await.ok().filter(|answer| answer.status == 200)?;
                let handed = answer.body["entries"].as_array()?.iter().map(|handed| Handed {
                    entry: serde_json::from_value(handed["entry"].clone()).ok(),
                    ack: Ack::Http(handed["ack"].clone()),
                });
                Some(handed.collect())
            }
            Self::Nats(client, department) => {
                let jetstream = jetstream::new(client.clone());
                let queue: PullConsumer =
                    jetstream.get_consumer_from_stream(department.as_str(), "QUEUES").await.ok()?;
                let mut messages = queue.batch().max_messages(most).expires(WAIT).messages().await.ok()?;
                let mut handed = Vec::new();
                // A server that was killed meanwhile says nothing more.
                while let Ok(Some(Ok(message))) = timeout(2 * WAIT, messages.next()).await {
                    let entry = serde_json::from_slice(&message.payload).ok();
                    handed.push(Handed { entry, ack: Ack::Nats(Box::new(message)) });
                }
                Some(handed)
            }
        }
    }

    /// Whether an acknowledgement was confirmed; over NATS it never is. It is not repeated: if it is lost, the entry comes again.
    pub async fn acknowledge(&self, handed: &Handed) -> bool {
        match (self, &handed.ack) {
            (Self::Http(caller), Ack::Http(ack)) => {
                caller.post("/v1/queue/ack", &json!({ "ack": ack })).await.is_ok_and(|answer| answer.status == 204)
            }
            (_, Ack::Nats(message)) => {
                let _lost = message.ack().await;
                false
            }
            (Self::Nats(..), Ack::Http(_)) => false,
        }
    }

    /// A command, sent again with the same id until it is answered for certain.
    pub async fn command(&self, case: CaseId, kind: &str, body: &Value) -> Answer {
        let (client, department) = match self {
            Self::Http(caller) => return caller.command(&case.to_string(), kind, body).await,
            Self::Nats(client, department) => (client, department),
        };
        let mut request = body.clone();
        request["case"] = case.to_string().into();
        loop {
            let sent = client.request(format!("command.{department}.{kind}"), request.to_string().into());
            if let Ok(Ok(told)) = timeout(ANSWERED_WITHIN, sent).await {
                let body: Value = serde_json::from_slice(&told.payload).unwrap_or_default();
                // What was done has a result; a problem has its status.
                let status = if body["result"].is_string() { 200 } else { body["status"].as_u64().unwrap_or(500) };
                let answer = Answer { status: u16::try_from(status).unwrap_or(500), headers: HeaderMap::new(), body };
                if !answer.is_unsettled() {
                    return answer;
                }
            }
            sleep(PAUSE).await;
        }
    }
}
