//! What someone wants done to a case. A command is decided ([`crate::lifecycle::decide`]) and becomes events, or a
//! refusal that says what would be legal now.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Deadline;
use crate::content::Content;
use crate::decision::{Assignee, Decision};
use crate::event::{Actor, AnswerDelivered, SourceSeen};
use crate::ids::{CaseId, Cause, Channel, DepartmentId};
use crate::submission::{Assessment, Submission};
use crate::vocabulary::{Assessor, LinkKind, ReturnReason, Solved, words};

words! {
    /// The commands that departments and operators may send, by name.
    CommandKind {
        SignFor = "sign_for", "签收";
        Accept = "accept", "受理";
        Decline = "decline", "不予受理";
        RequestReturn = "request_return", "申请退单";
        GrantReturn = "grant_return", "准予退单";
        RefuseReturn = "refuse_return", "不予退单";
        Progress = "progress", "办理进展";
        Resolve = "resolve", "办结";
        Dispatch = "dispatch", "派单";
        Redispatch = "redispatch", "改派";
        Reopen = "reopen", "重办";
        Close = "close", "结案";
        Supplement = "supplement", "补充";
        Urge = "urge", "催办";
        Withdraw = "withdraw", "撤回";
        Assess = "assess", "评价";
    }
}

impl CommandKind {
    /// Whether more of the matter may be told with it: with those whose words are judged before anybody has them.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Supplement | Self::Urge | Self::Assess)
    }
}

/// What a department, an operator or a source may ask for by hand. Free text travels beside it, in [`Content`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// 签收: the lead's or participant's dispatch entry, or a notice by its number.
    SignFor {
        /// Which entry; the department's live dispatch if left out.
        #[serde(default)]
        n: Option<u32>,
    },
    /// 部门受理.
    Accept {},
    /// 不予受理.
    Decline {
        /// The article it rests on, by name (…第…条), in at most 64 characters.
        article: String,
    },
    /// 申请退单.
    RequestReturn {
        /// Why.
        reason: ReturnReason,
        /// Whose it is, if known.
        #[serde(default)]
        suggested: Option<DepartmentId>,
    },
    /// 准予退单; to the named departments, else to triage.
    GrantReturn {
        /// Who is released.
        department: DepartmentId,
        /// Who gets it instead, where the lead hands back; empty: triage. A participant's part goes to nobody.
        #[serde(default)]
        assignees: Vec<Assignee>,
    },
    /// 不予退单.
    RefuseReturn {
        /// Whose it stays.
        department: DepartmentId,
    },
    /// 办理进展.
    Progress {},
    /// 办结.
    Resolve {
        /// What came of it.
        solved: Solved,
        /// Whether the citizen was spoken to.
        #[serde(default)]
        contacted: bool,
    },
    /// 派单, from triage.
    Dispatch {
        /// Lead and participants.
        assignees: Vec<Assignee>,
        /// Accused units that a person found not to be accused: they may have the case. Operators only, with `note`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_accused: Vec<DepartmentId>,
    },
    /// 改派.
    Redispatch {
        /// Lead and participants.
        assignees: Vec<Assignee>,
        /// Accused units that a person found not to be accused: they may have the case. Operators only, with `note`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_accused: Vec<DepartmentId>,
    },
    /// 重办 of a case that has ended, as an operator sees fit, with `note`: to whoever led last if there was a result, else to
    /// triage.
    Reopen {},
    /// 结案.
    Close {},
    /// 补充, in the content.
    Supplement {},
    /// 催办.
    Urge {},
    /// 撤回.
    Withdraw {},
    /// 评价.
    Assess {
        /// Whose view.
        by: Assessor,
        /// The view.
        assessment: Assessment,
    },
}

impl Command {
    /// Its name.
    pub fn kind(&self) -> CommandKind {
        match self {
            Self::SignFor { .. } => CommandKind::SignFor,
            Self::Accept {} => CommandKind::Accept,
            Self::Decline { .. } => CommandKind::Decline,
            Self::RequestReturn { .. } => CommandKind::RequestReturn,
            Self::GrantReturn { .. } => CommandKind::GrantReturn,
            Self::RefuseReturn { .. } => CommandKind::RefuseReturn,
            Self::Progress {} => CommandKind::Progress,
            Self::Resolve { .. } => CommandKind::Resolve,
            Self::Dispatch { .. } => CommandKind::Dispatch,
            Self::Redispatch { .. } => CommandKind::Redispatch,
            Self::Reopen {} => CommandKind::Reopen,
            Self::Close {} => CommandKind::Close,
            Self::Supplement {} => CommandKind::Supplement,
            Self::Urge {} => CommandKind::Urge,
            Self::Withdraw {} => CommandKind::Withdraw,
            Self::Assess { .. } => CommandKind::Assess,
        }
    }
}

/// Everything that can be decided about a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Someone asked for it by hand.
    Command(Command),
    /// A record of a source.
    Submit(Box<Submit>),
    /// A source was told, or refused to be.
    RecordDelivery(AnswerDelivered),
    /// A record of another case named a number of this one.
    Link {
        /// The other.
        to: CaseId,
        /// How the two stand to each other.
        kind: LinkKind,
    },
}

/// A source's record, with what had to be looked up for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Submit {
    /// Where it came in.
    pub channel: Channel,
    /// The record.
    pub submission: Submission,
    /// Its digests.
    pub seen: SourceSeen,
    /// From before the first connection: recorded, not dispatched.
    pub history: bool,
}

/// One decision to take: who wants what, why we believe it was not done yet, and what had to be looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Deciding the same cause again gives the first answer.
    pub cause: Cause,
    /// Of a command: keyed digest of it and its words. The id in its cause is the sender's, who may use it twice.
    pub asked_digest: Option<String>,
    /// Who wants it.
    pub actor: Actor,
    /// What is wanted.
    pub action: Action,
    /// The words that go with it.
    pub content: Content,
    /// What was looked up.
    pub given: Given,
}

/// What a decision is taken from besides the case and the command; recorded with the events it explains.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// Where the rules would send the case.
    pub decision: Option<Arc<Decision>>,
    /// When clocks would run out that start now, if a person is to dispatch it.
    pub triage_deadlines: Vec<Deadline>,
    /// The same, if it is dispatched.
    pub dispatch_deadlines: Vec<Deadline>,
    /// The same, if it is accepted.
    pub accept_deadlines: Vec<Deadline>,
    /// When running clocks would run out if the case is graver than was known: those that have a rule for it.
    pub sooner: Vec<Deadline>,
    /// Departments that may not have the case: the accused and everything under them.
    pub forbidden: Vec<DepartmentId>,
    /// Named departments that do not exist or were dissolved.
    pub unknown: Vec<DepartmentId>,
    /// Other cases that have numbers the record names.
    pub elsewhere: Vec<CaseId>,
}
