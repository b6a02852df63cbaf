//! What is asked and answered over NATS and HTTP around a case: commands with their ids, outcomes, and the opening of
//! an entry. Shapes only; who may ask what is decided elsewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::ids::{CaseId, CaseNumber, CommandId};
use crate::private::Private;
use crate::vocabulary::{Stage, words};

/// How many characters a text of a command may have.
pub const LONGEST_TEXT: usize = 20_000;

/// A command as it is sent to `POST /v1/cases/{case}/commands/{kind}` or `command.<department>.<kind>`: these fields, and
/// beside them the command's own (see `command`). It is answered once its outcome is in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommandRequest {
    /// The sender's own id: the same command sent again gives the first answer, another one under it is refused.
    ///
    /// Over HTTP the header `Idempotency-Key` may stand for it.
    pub id: CommandId,
    /// Case id or number; over HTTP it stands in the path.
    #[serde(default)]
    pub case: Option<String>,
    /// Free text of the step: the reason, or what was done.
    #[serde(default)]
    #[schemars(extend("maxLength" = LONGEST_TEXT))]
    pub note: Option<Private>,
    /// What the citizen is told.
    #[serde(default)]
    #[schemars(extend("maxLength" = LONGEST_TEXT))]
    pub reply: Option<Private>,
    /// More of the matter, with `supplement`, `urge` and `assess`; empty or left out with all others.
    #[serde(default)]
    #[schemars(extend("maxLength" = LONGEST_TEXT))]
    pub text: Option<Private>,
}

words! {
    /// Whether a command was done now or before.
    CommandResult {
        Done = "done", "已执行";
        Known = "known", "此前已执行";
    }
}

/// The answer to a command that was done; one that was refused is answered with a problem. Holds nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandOutcome {
    /// The sender's id of the command.
    pub id: CommandId,
    /// The case.
    pub case_id: CaseId,
    /// Its number.
    pub number: Option<CaseNumber>,
    /// Now or before.
    pub result: CommandResult,
    /// Where the case stands; none where that is not for the sender to know.
    pub stage: Option<Stage>,
    /// The events it led to, by type.
    pub events: Vec<String>,
    /// True as of this sequence of the log.
    pub as_of: u64,
}

/// Asks for the words of a case the department has an entry of: to `open.<department>`; every opening is audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRequest {
    /// Case id or number.
    pub case: String,
    /// The entry, to get the words that came with it.
    #[serde(default)]
    pub n: Option<u32>,
}

/// The words of a case, for its department only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// The case.
    pub case_id: CaseId,
    /// The words; without those who spoke where they are hidden, and with `〔隐去〕` where the words name them.
    pub content: Content,
}
