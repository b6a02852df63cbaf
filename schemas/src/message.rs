//! What is asked and answered over NATS and HTTP around a case: commands with their ids, outcomes, and the opening of
//! an entry. Shapes only; who may ask what is decided elsewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::content::Content;
use crate::entry::Entry;
use crate::ids::{CaseId, CommandId};
use crate::refusal::Refusal;
use crate::vocabulary::Stage;

/// A command as it is sent: to `command.<dept>.<kind>`, answered once it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRequest {
    /// The sender's own id: sent again, it gives the first answer.
    pub id: CommandId,
    /// The case.
    pub case_id: CaseId,
    /// What is wanted.
    pub command: Command,
    /// The words that go with it.
    #[serde(default)]
    pub content: Content,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandOutcome {
    /// The sender's id of the command.
    pub id: CommandId,
    /// The case.
    pub case_id: CaseId,
    /// What came of it.
    pub result: CommandResult,
}

/// What came of a command. Holds nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum CommandResult {
    /// It is stored, now or when it was first sent.
    Done {
        /// Names of the events it led to.
        events: Vec<String>,
        /// Where the case stood after them.
        stage: Stage,
    },
    /// It appended nothing.
    Refused {
        /// Why, and what would be legal now.
        refusal: Refusal,
    },
}

/// Asks for the words of one queue entry: to `open.<dept>`; every opening is audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRequest {
    /// The case.
    pub case_id: CaseId,
    /// The entry.
    pub n: u32,
}

/// A queue entry with its words, for its department only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OpenedEntry {
    /// The entry.
    pub entry: Entry,
    /// The words; without those who spoke where they are hidden.
    pub content: Content,
}
