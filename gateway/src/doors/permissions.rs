//! What each kind of key may say and hear over NATS.
//!
//! Everything not listed is refused by the server. A department may take from, acknowledge and look
//! at its own consumer and nothing else of JetStream; nobody but the gateway may publish to a
//! stream.

use huiliu_schemas::{Channel, DepartmentId};

use super::credentials::Key;
use super::principal::{KeyName, Principal};

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
        match &key.principal {
            Principal::Department(id) => Some(department(id, &key.name)),
            Principal::Channel(id) => Some(channel(id, &key.name)),
            Principal::Operator(_) | Principal::Machine(_) => None,
        }
    }
}

/// The prefix of the inboxes of the user `name`; a client must be told to use it.
#[must_use]
pub fn inbox_prefix(name: &KeyName) -> String {
    format!("_INBOX_{name}")
}

fn department(id: &DepartmentId, name: &KeyName) -> Permissions {
    Permissions {
        publish: vec![
            format!("$JS.API.CONSUMER.MSG.NEXT.QUEUES.{id}"),
            // Clients look the consumer up before they pull, by the name in `INFO`; it shows nothing but its own counts.
            format!("info.{id}"),
            // To the token: what is longer or shorter than one form may be the other form of another consumer's.
            format!("$JS.ACK.QUEUES.{id}.*.*.*.*.*"),
            format!("$JS.ACK.*.*.QUEUES.{id}.*.*.*.*.>"),
            format!("command.{id}.*"),
            format!("open.{id}"),
        ],
        subscribe: vec![format!("outcome.{id}.>"), own_inbox(name)],
    }
}

fn channel(id: &Channel, name: &KeyName) -> Permissions {
    Permissions { publish: vec![format!("submit.{id}")], subscribe: vec![format!("receipt.{id}.>"), own_inbox(name)] }
}

fn own_inbox(name: &KeyName) -> String {
    format!("{}.>", inbox_prefix(name))
}
