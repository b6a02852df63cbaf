//! What is to be decided: a job, with what is wanted.

use huiliu_schemas::command::Command;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Actor, AnswerDelivered, SourceSeen};
use huiliu_schemas::submission::Submission;
use huiliu_schemas::vocabulary::LinkKind;
use huiliu_schemas::{CaseId, Cause, Channel};

use super::seen;
use crate::vault::MasterKey;

/// Something to be decided about a case.
#[derive(Debug, Clone)]
pub struct Job {
    /// Deciding the same cause again gives the first answer.
    pub cause: Cause,
    /// Who wants it.
    pub actor: Actor,
    /// What is wanted.
    pub work: Work,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub enum Work {
    /// A record of a source; which case it is, its numbers tell.
    Record(Box<Record>),
    /// A command about a case.
    Command {
        /// The case.
        case: CaseId,
        /// The command.
        command: Command,
        /// Its words.
        content: Content,
        /// Of both, by [`seen::command_digest`].
        digest: String,
        /// The sequence of the case's last event as the sender saw it: done only if nothing has happened since.
        seen: Option<u64>,
    },
    /// A source was told.
    Delivery {
        /// The case.
        case: CaseId,
        /// What it was told.
        delivered: AnswerDelivered,
        /// What it said to it, where it refused.
        said: Content,
    },
    /// A record of another case named a number of this one.
    Link {
        /// This case.
        case: CaseId,
        /// The other.
        to: CaseId,
        /// How the two stand to each other.
        kind: LinkKind,
    },
}

impl Job {
    /// The sequence of the case's last event on which alone the sender wants it done.
    pub fn seen(&self) -> Option<u64> {
        match &self.work {
            Work::Command { seen, .. } => *seen,
            _ => None,
        }
    }
}

/// A record, understood, with its digests.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where it came in.
    pub channel: Channel,
    /// The record.
    pub submission: Submission,
    /// Its digests.
    pub seen: SourceSeen,
    /// From before the first connection.
    pub history: bool,
}

impl Record {
    /// A record with its digests.
    pub fn new(channel: Channel, submission: Submission, history: bool, master: &MasterKey) -> Self {
        let seen = seen::seen(&submission, master);
        Self { channel, submission, seen, history }
    }
}

/// What has been said of a case so far.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// What its sources say, all told: the newest where they differ.
    pub merged: Content,
    /// Every telling by itself, urges too.
    pub each: Vec<Content>,
}
