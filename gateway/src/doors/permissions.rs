//! What each kind of key may say and hear over NATS.
//!
//! Everything not listed is refused by the server. A department may take from, acknowledge and look
//! at its own consumer and nothing else of JetStream; nobody but the gateway may publish to a
//! stream.

use super::credentials::{Key, KeyKind};

/// Subjects a NATS user may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// May publish to.
    pub publish: Vec<String>,
    /// May subscribe to.
    pub subscribe: Vec<String>,
}

impl Permissions {
    /// What a key allows over NATS; operators and machines have only the HTTP door.
    #[must_use]
    pub fn of(key: &Key) -> Option<Self> {
        match key.kind {
            KeyKind::Department => Some(department(&key.subject, &key.name)),
            KeyKind::Channel => Some(channel(&key.subject, &key.name)),
            KeyKind::Operator | KeyKind::Machine => None,
        }
    }
}

/// The prefix of the inboxes of the user `name`; a client must be told to use it.
#[must_use]
pub fn inbox_prefix(name: &str) -> String {
    format!("_INBOX_{name}")
}

fn department(id: &str, name: &str) -> Permissions {
    Permissions {
        publish: vec![
            format!("$JS.API.CONSUMER.MSG.NEXT.QUEUES.{id}"),
            // Clients look the consumer up before they pull; it shows nothing but its own counts.
            format!("$JS.API.CONSUMER.INFO.QUEUES.{id}"),
            format!("$JS.ACK.QUEUES.{id}.>"),
            format!("$JS.ACK.*.*.QUEUES.{id}.>"),
            format!("command.{id}.>"),
            format!("open.{id}"),
        ],
        subscribe: vec![format!("outcome.{id}.>"), own_inbox(name)],
    }
}

fn channel(id: &str, name: &str) -> Permissions {
    Permissions {
        publish: vec![format!("submit.{id}")],
        subscribe: vec![format!("receipt.{id}.>"), own_inbox(name)],
    }
}

fn own_inbox(name: &str) -> String {
    format!("{}.>", inbox_prefix(name))
}
