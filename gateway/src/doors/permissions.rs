//! What each kind of key may say and hear over NATS.
//!
//! Everything not listed is refused by the server. A department may take from, acknowledge and look
//! at its own consumer and nothing else of JetStream; nobody but the gateway may publish to a
//! stream. Each department and each channel has an account of its own, in which there is nothing else either: what is
//! answered is sent where the asker says, and that is nowhere anybody else listens.

use huiliu_schemas::DepartmentId;

use super::principal::{KeyName, Principal};

/// What of the hub's account a department or a channel has in its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Its account.
    pub account: String,
    /// May be asked.
    pub asked: Vec<String>,
    /// May be heard.
    pub heard: Vec<String>,
    /// Whose consumer may be looked at. Clients do so before they pull; it shows nothing but its own counts.
    pub consumer: Option<DepartmentId>,
}

impl Reach {
    /// None for operators and machines: they have only the HTTP door.
    #[must_use]
    pub fn of(principal: &Principal) -> Option<Self> {
        match principal {
            Principal::Department(id) => Some(Self {
                account: format!("department-{id}"),
                asked: vec![
                    format!("$JS.API.CONSUMER.MSG.NEXT.QUEUES.{id}"),
                    // To the token: what is longer or shorter than one form may be the other form of another consumer's.
                    format!("$JS.ACK.QUEUES.{id}.*.*.*.*.*"),
                    format!("$JS.ACK.*.*.QUEUES.{id}.*.*.*.*.>"),
                    format!("command.{id}.*"),
                    format!("open.{id}"),
                ],
                heard: vec![format!("outcome.{id}.>")],
                consumer: Some(id.clone()),
            }),
            Principal::Channel(id) => Some(Self {
                account: format!("channel-{id}"),
                asked: vec![format!("submit.{id}")],
                heard: vec![format!("receipt.{id}.>")],
                consumer: None,
            }),
            Principal::Operator(_) | Principal::Machine(_) => None,
        }
    }
}

/// Subjects a NATS user may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// May publish to.
    pub publish: Vec<String>,
    /// May subscribe to.
    pub subscribe: Vec<String>,
}

impl Permissions {
    /// What the user `name` of an account with this reach may do: all of it, and hear its own inbox.
    #[must_use]
    pub fn of(reach: &Reach, name: &KeyName) -> Self {
        let look = reach.consumer.as_ref().map(info_of);
        Self {
            publish: reach.asked.iter().cloned().chain(look).collect(),
            subscribe: reach.heard.iter().cloned().chain([format!("{}.>", inbox_prefix(name))]).collect(),
        }
    }
}

/// By which a department asks for what its consumer counts.
#[must_use]
pub fn info_of(department: &DepartmentId) -> String {
    format!("info.{department}")
}

/// The prefix of the inboxes of the user `name`; a client must be told to use it.
#[must_use]
pub fn inbox_prefix(name: &KeyName) -> String {
    format!("_INBOX_{name}")
}
