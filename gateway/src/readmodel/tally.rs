//! The counters of the overview: what a case counts for, and what an event counts for. They are kept by difference, so
//! that no question ever has to walk over all cases.

use std::collections::HashMap;

use huiliu_schemas::case::{AssignmentState, Case};
use huiliu_schemas::event::{Event, EventBody};
use huiliu_schemas::vocabulary::EntryKind;

use super::folded::Folded;
use super::tidings::Tiding;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Counter {
    /// Cases by channel.
    Channel,
    /// Cases by stage.
    Stage,
    /// Cases not ended, by stage and who leads: `stage/department`, `stage/` where nobody does.
    Open,
    /// Cases offered to a department.
    Queued,
    /// Cases a department signed for and has.
    Held,
    /// Cases that ended with a department in the lead.
    Ended,
    /// Live queue entries of a department.
    Live,
    /// Hand-backs of a department waiting for the centre.
    ReturnPending,
    /// Cases by the state of the answer: `told`, `refused`, `waiting`.
    Answer,
    /// First decisions: `rule`, `triage`; and dispatches decided `by_hand`.
    Routed,
    /// Dispatches to a department.
    Dispatched,
    /// Hand-backs: `requested`, `granted`, `refused`.
    Return,
    /// Hand-backs granted to a department.
    ReturnedBy,
    /// Cases by appeal type; `none` where the source does not say.
    Appeal,
    /// First dispatches by the line of the directory that decided: `file:line`.
    Rule,
    /// Cases warned of, by colour.
    Warned,
    /// Tellings that accuse someone new.
    AccusedLater,
    /// Pairs of cases that turned out to be one matter.
    Linked,
}

impl Counter {
    /// The name in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Stage => "stage",
            Self::Open => "open",
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Ended => "ended",
            Self::Live => "live",
            Self::ReturnPending => "return_pending",
            Self::Answer => "answer",
            Self::Routed => "routed",
            Self::Dispatched => "dispatched",
            Self::Return => "return",
            Self::ReturnedBy => "returned_by",
            Self::Appeal => "appeal",
            Self::Rule => "rule",
            Self::Warned => "warned",
            Self::AccusedLater => "accused_later",
            Self::Linked => "linked",
        }
    }
}

/// How far the answer to the source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerState {
    /// It has it.
    Told,
    /// It refused it for good.
    Refused,
    /// It does not have it yet.
    Waiting,
}

/// Differences to be written.
#[derive(Debug, Default)]
pub(super) struct Tally(HashMap<(Counter, String), i64>);

impl Tally {
    /// Counts everything the case stands for, `by` times.
    pub fn case(&mut self, folded: &Folded, by: i64) {
        let case = &folded.case;
        self.add(Counter::Channel, case.channel.as_str(), by);
        self.add(Counter::Stage, case.stage.as_str(), by);
        if !case.stage.is_ended() {
            let lead = case.lead().map_or("", |lead| lead.department.as_str());
            self.add(Counter::Open, &format!("{}/{lead}", case.stage), by);
        }
        self.add(Counter::Appeal, case.facts.appeal.map_or("none", |appeal| appeal.as_str()), by);
        for assignment in case.active_assignments() {
            let department = assignment.department.as_str();
            let signed = assignment.state == AssignmentState::SignedFor;
            self.add(if signed { Counter::Held } else { Counter::Queued }, department, by);
            if assignment.return_requested {
                self.add(Counter::ReturnPending, department, by);
            }
        }
        if let Some(lead) = case.last_lead().filter(|_| case.stage.is_ended()) {
            self.add(Counter::Ended, lead.as_str(), by);
        }
        for entry in case.live_entries() {
            self.add(Counter::Live, entry.department.as_str(), by);
        }
        if let Some(state) = answer_state(folded) {
            self.add(Counter::Answer, state.as_str(), by);
        }
    }

    /// Counts what an event did, given the case before it.
    pub fn event(&mut self, before: Option<&Case>, event: &Event) {
        let first = before.is_none_or(|case| case.decision.is_none());
        match &event.body {
            EventBody::Triaged { .. } if first => self.add(Counter::Routed, "triage", 1),
            EventBody::Dispatched { decision: Some(decision), .. } if first => {
                self.add(Counter::Routed, "rule", 1);
                if let Some(rule) = &decision.rule {
                    self.add(Counter::Rule, &format!("{}:{}", rule.file, rule.line), 1);
                }
            }
            EventBody::Dispatched { decision: None, .. } => self.add(Counter::Routed, "by_hand", 1),
            EventBody::ReturnRequested { .. } => self.add(Counter::Return, "requested", 1),
            EventBody::ReturnRefused { .. } => self.add(Counter::Return, "refused", 1),
            EventBody::ReturnGranted { department, .. } => {
                self.add(Counter::Return, "granted", 1);
                self.add(Counter::ReturnedBy, department.as_str(), 1);
            }
            _ => {}
        }
        for entry in event.entries.iter().filter(|e| matches!(e.kind, EntryKind::Dispatch | EntryKind::Reopen)) {
            self.add(Counter::Dispatched, entry.department.as_str(), 1);
        }
    }

    /// Counts what a person must hear of.
    pub fn tiding(&mut self, tiding: Tiding) {
        match tiding {
            Tiding::Warned(colour) => self.add(Counter::Warned, colour.as_str(), 1),
            Tiding::AccusedLater => self.add(Counter::AccusedLater, "", 1),
            Tiding::Linked(..) => self.add(Counter::Linked, "", 1),
        }
    }

    /// What is to be written.
    pub fn differences(&self) -> impl Iterator<Item = (Counter, &str, i64)> {
        self.0.iter().filter(|(_, by)| **by != 0).map(|((counter, name), by)| (*counter, name.as_str(), *by))
    }

    fn add(&mut self, counter: Counter, name: &str, by: i64) {
        *self.0.entry((counter, name.to_owned())).or_default() += by;
    }
}

/// How far the answer is; none where nothing is owed, or no source can be told.
pub(super) fn answer_state(folded: &Folded) -> Option<AnswerState> {
    let owed = folded.answer_event?;
    let case = &folded.case;
    let waits = |numbering: &str| case.owed.iter().any(|o| o.event == owed && o.source.namespace.as_str() == numbering);
    let said = case.delivered.iter().filter(|d| d.event == owed && !d.no_way);
    // What was refused under one number may have been told under the next.
    let refused: HashMap<&str, bool> = said.map(|d| (d.source.namespace.as_str(), d.refused)).collect();
    if refused.iter().any(|(numbering, refused)| *refused && !waits(numbering)) {
        return Some(AnswerState::Refused);
    }
    if case.owed.iter().any(|o| o.event == owed) {
        return Some(AnswerState::Waiting);
    }
    (!refused.is_empty()).then_some(AnswerState::Told)
}

impl AnswerState {
    /// The name in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Refused => "refused",
            Self::Waiting => "waiting",
        }
    }
}
