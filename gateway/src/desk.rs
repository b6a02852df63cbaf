//! The desk: takes a job and a case, looks up what the decision needs (where the rules would send it, when clocks would
//! run out, who may not have it), and has it decided. Pure but for the directory it reads; it stores nothing.

mod job;
mod seen;
#[cfg(test)]
mod tellings_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use huiliu_schemas::case::Case;
use huiliu_schemas::clock::{Clock, Deadline};
use huiliu_schemas::command::{Action, Command, Given, Order, Submit};
use huiliu_schemas::content::Content;
use huiliu_schemas::decision::{Assignee, Decision, Severity, Verdict};
use huiliu_schemas::event::{Event, EventBody};
use huiliu_schemas::lifecycle::{self, Decided};
use huiliu_schemas::places::DivisionCode;
use huiliu_schemas::refusal::Refusal;
use huiliu_schemas::submission::{Facts, Intent, Submission};
use huiliu_schemas::vocabulary::{Complexity, Role, Stage, Warning};
use huiliu_schemas::{CaseId, DepartmentId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::directory::{Directory, NamedDue};
use crate::routing::{self, RoutingFacts};

pub use job::{Job, Record, Told, Work};
pub use seen::{command_digest, reply_digest};

/// The desk, with the directory it decides from just now.
#[derive(Clone)]
pub struct Desk {
    directory: Arc<watch::Sender<Arc<Directory>>>,
}

/// The desk with one directory, for as long as one decision takes.
struct Sitting {
    directory: Arc<Directory>,
}

impl Desk {
    /// A desk that decides from this directory.
    pub fn new(directory: Arc<Directory>) -> Self {
        Self { directory: Arc::new(watch::Sender::new(directory)) }
    }

    /// The directory in use. Who needs it more than once for one thing asks once.
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.borrow().clone()
    }

    /// Decides from this directory from now on; what is being decided ends as it began.
    pub fn take_over(&self, directory: Arc<Directory>) {
        self.directory.send_replace(directory);
    }

    /// Decides a job. `told` matters only where the case may be routed; `elsewhere` are other cases that have numbers its
    /// record names.
    pub fn decide(
        &self,
        job: &Job,
        id: CaseId,
        case: Option<&Case>,
        told: &Told,
        elsewhere: Vec<CaseId>,
        now: Timestamp,
    ) -> Result<Decided, Refusal> {
        let sitting = Sitting { directory: self.directory() };
        let given = Given { elsewhere, ..sitting.given_for(job, case, told, now) };
        lifecycle::decide(case, id, &order(job, given), now)
    }

    /// What deciding a record of a case that is known would lead to, as far as it does not depend on where the rules send
    /// the case: they are not asked, and nothing in the text is judged.
    pub fn foresee(&self, job: &Job, case: &Case, now: Timestamp) -> Result<Decided, Refusal> {
        lifecycle::decide(Some(case), case.id, &order(job, Given::default()), now)
    }

    /// Whether deciding needs what the case's sources have said so far: the rules may send it somewhere now, a person names who
    /// is to have it, or it comes back to whoever led last.
    pub fn needs_told(job: &Job, case: &Case) -> bool {
        let needs = match &job.work {
            Work::Record(_) => case.stage == Stage::Triage || reopens(job, case),
            Work::Command { command: Command::Reopen {}, .. } => true,
            Work::Command { command, .. } => !named_in(command).is_empty() || reopens(job, case),
            Work::Delivery { .. } | Work::Link { .. } => false,
        };
        needs && !case.causes.contains_key(&job.cause)
    }
}

impl Sitting {
    fn given_for(&self, job: &Job, case: Option<&Case>, told: &Told, now: Timestamp) -> Given {
        let given = match &job.work {
            Work::Record(record) => self.given_for_record(record, case, told, now),
            Work::Command { command, content, .. } => self.given_for_command(command, content, case, told, now),
            Work::Delivery { .. } | Work::Link { .. } => return Given::default(),
        };
        let facts = match (case, &job.work) {
            (Some(case), Work::Record(record)) => Cow::Owned(case.facts.merged(&record.submission.facts)),
            (Some(case), _) => Cow::Borrowed(&case.facts),
            (None, Work::Record(record)) => Cow::Borrowed(&record.submission.facts),
            (None, _) => return given,
        };
        Given { triage_deadlines: self.triage_deadlines(case, given.decision.as_deref(), &facts, now), ..given }
    }

    /// How long whoever dispatches has. Once a case was sent to somebody, what the law wants done before that was done.
    fn triage_deadlines(
        &self,
        case: Option<&Case>,
        decision: Option<&Decision>,
        facts: &Facts,
        now: Timestamp,
    ) -> Vec<Deadline> {
        let goes_on = |decision: &Decision| matches!(decision.verdict, Verdict::Dispatch { .. });
        if case.is_none() && decision.is_some_and(goes_on) {
            return Vec::new();
        }
        let warning = decision.and_then(|d| d.severity.colour).max(case.and_then(Case::warning));
        let was_sent = case.is_some_and(|case| !case.assignments.is_empty());
        let clocks = self.deadlines("registered", decision.and_then(|d| d.complexity), warning, facts, now);
        clocks.into_iter().filter(|due| due.clock == Clock::Dispatch || !was_sent).collect()
    }

    fn given_for_record(&self, record: &Record, case: Option<&Case>, told: &Told, now: Timestamp) -> Given {
        match case {
            None => {
                let decision = routing::decide(&RoutingFacts::from_submission(&record.submission), &self.directory);
                self.given(decision, None, &record.submission.facts, now)
            }
            Some(case) if case.stage == Stage::Triage => {
                let facts = case.facts.merged(&record.submission.facts);
                let decision = self.route_known(case, &facts, &told.merged.merged(&record.submission.content));
                let forbidden = self.barred(&self.accused_in(case, told), case, sent_to(&decision));
                let sooner = self.sooner(case, &decision, &facts, now);
                Given { forbidden, sooner, ..self.given(decision, Some(case), &facts, now) }
            }
            Some(case) => {
                // What is told later may accuse whoever has the case now, or would have it again.
                let Submission { facts, content, intent, .. } = &record.submission;
                let mut decision = match intent {
                    Intent::Matter | Intent::Supplement => self.route_known(case, facts, content),
                    _ => self.judge_step(case, facts, content),
                };
                if case.stage.is_ended() && record.history {
                    // What was grave long ago alarms nobody now.
                    decision.severity = Severity::default();
                }
                self.given_for_more(case, decision, &case.facts.merged(&record.submission.facts), told, now)
            }
        }
    }

    /// More is told of a case that departments have: what the rules make of it, which of them may not have it any more, and
    /// how soon it must be done if it is graver than was known. Where it has ended, more was told since, perhaps, than whoever
    /// had it ever saw.
    fn given_for_more(&self, case: &Case, decision: Decision, facts: &Facts, told: &Told, now: Timestamp) -> Given {
        let last = case.last_lead().filter(|_| case.stage.is_ended());
        let before = last.filter(|_| !told.each.is_empty()).map(|_| self.accused_in(case, told)).unwrap_or_default();
        let accused = [before.as_slice(), &decision.accused].concat();
        let forbidden = self.barred(&accused, case, last.into_iter().chain(sent_to(&decision)));
        let unknown = last.filter(|d| !self.is_in_office(d)).cloned().into_iter().collect();
        let sooner = self.sooner(case, &decision, facts, now);
        let warning = decision.severity.colour.max(case.warning());
        let dispatch_deadlines = self.deadlines("dispatched", decision.complexity, warning, facts, now);
        Given { decision: Some(decision.into()), dispatch_deadlines, sooner, forbidden, unknown, ..Given::default() }
    }

    /// How soon it must be done if it is as grave as this.
    fn sooner(&self, case: &Case, decision: &Decision, facts: &Facts, now: Timestamp) -> Vec<Deadline> {
        let urgent = is_urgent(decision.severity.colour, facts);
        let complexity = decision.complexity.or(Some(Complexity::Ordinary));
        let after = |start| {
            let rules = self.directory.due_dates(start, now, urgent, complexity, facts.appeal);
            rules.into_iter().filter(|due| due.urgent).filter_map(deadline)
        };
        let runs = |due: &Deadline| case.deadlines.iter().any(|running| running.clock == due.clock);
        let start = if case.stage == Stage::Triage { "registered" } else { "dispatched" };
        after(start).chain(after("accepted").filter(runs)).collect()
    }

    /// Which of the departments that have a part, or are named, may not have the case: whom the accusation concerns.
    fn barred<'d>(
        &self,
        accused: &[DepartmentId],
        case: &'d Case,
        named: impl IntoIterator<Item = &'d DepartmentId>,
    ) -> Vec<DepartmentId> {
        self.barred_but(&[], accused, case, named)
    }

    /// As [`Self::barred`], with these accused of nothing.
    fn barred_but<'d>(
        &self,
        cleared: &[DepartmentId],
        accused: &[DepartmentId],
        case: &'d Case,
        named: impl IntoIterator<Item = &'d DepartmentId>,
    ) -> Vec<DepartmentId> {
        let known = case.decision.as_ref().map_or(&[][..], |d| &d.accused);
        let departments = &self.directory.departments;
        let accused: Vec<&DepartmentId> = accused.iter().chain(known).filter(|a| !cleared.contains(a)).collect();
        let is_barred = |d: &DepartmentId| accused.iter().any(|a| departments.concerned(a).any(|(c, _)| c == d));
        let active = case.active_assignments().into_iter().map(|a| &a.department);
        active.chain(named).filter(|d| is_barred(d)).cloned().collect()
    }

    /// Whom the case accuses, by all that was told of it or by any of it: it may have been told after it was routed, and
    /// what was told since need not say it again.
    fn accused_in(&self, case: &Case, told: &Told) -> Vec<DepartmentId> {
        let others = told.each.iter().filter(|telling| **telling != told.merged);
        let judged = std::iter::once(&told.merged).chain(others);
        judged.flat_map(|words| self.route_known(case, &case.facts, words).accused).collect()
    }

    fn is_in_office(&self, department: &DepartmentId) -> bool {
        self.directory.departments.in_office(department).is_some_and(|office| office.id == *department)
    }

    /// What the rules make of facts and words of a case that is known. What they leave open of the matter stands as it was
    /// known, for who is meant and how long it may take hang on it.
    fn route_known(&self, case: &Case, facts: &Facts, words: &Content) -> Decision {
        let facts =
            RoutingFacts { told: times_told(case), routed: self.place_of(case), ..RoutingFacts::of(facts, words) };
        let decision = routing::decide(&facts, &self.directory);
        match &case.decision {
            Some(known) => completed(decision, known),
            None => decision,
        }
    }

    /// What the rules make of a step. It may name other matters and places than that of the case, which stay as they are.
    fn judge_step(&self, case: &Case, facts: &Facts, words: &Content) -> Decision {
        let now = self.route_known(case, facts, words);
        let Some(known) = &case.decision else { return now };
        let Decision { matter, division, level, complexity, .. } = completed(Decision::clone(known), &now);
        Decision { matter, division, level, complexity, ..now }
    }

    /// Where a case is whose place what is told later need not say again: in the township that has it or had it last, and
    /// within that where it was routed by.
    fn place_of(&self, case: &Case) -> Option<DivisionCode> {
        let routed = case.decision.as_ref().and_then(|d| d.division.as_ref());
        // Also where it handed the case back: that it is not theirs to do does not make it another place.
        let last = case.assignments.iter().rev().find(|a| a.role == Role::Lead);
        let parts = case.active_assignments().into_iter().chain(last);
        let departments = parts.filter_map(|a| self.directory.department(&a.department));
        let town = departments.filter(|d| d.kind.is_township()).find_map(|d| d.division.as_ref());
        town.filter(|town| routed.is_none_or(|routed| !town.contains(routed))).or(routed).cloned()
    }

    fn given_for_command(
        &self,
        command: &Command,
        content: &Content,
        case: Option<&Case>,
        told: &Told,
        now: Timestamp,
    ) -> Given {
        let Some(case) = case else { return Given::default() };
        let speaks = match command {
            Command::Supplement {} | Command::Urge {} => !content.is_empty(),
            Command::Assess { assessment, .. } => assessment.is_bad() || !content.is_empty(),
            _ => false,
        };
        if speaks {
            let decision = self.judge_step(case, &case.facts, content);
            return self.given_for_more(case, decision, &case.facts, told, now);
        }
        if let Command::Reopen {} = command {
            // It may have ended before anything of it was judged: what any of it accuses counts, whatever was told last.
            let mut decision = self.route_known(case, &case.facts, &told.merged);
            for earlier in told.each.iter().map(|words| self.route_known(case, &case.facts, words)) {
                decision.accusation |= earlier.accusation;
                let added: Vec<_> = earlier.accused.into_iter().filter(|d| !decision.accused.contains(d)).collect();
                decision.accused.extend(added);
            }
            return self.given_for_more(case, decision, &case.facts, told, now);
        }
        let named = named_in(command);
        let unknown = named.iter().map(|a| &a.department).filter(|d| !self.is_in_office(d)).cloned().collect();
        let complexity = case.decision.as_ref().and_then(|d| d.complexity);
        let accept_deadlines = match command {
            Command::Accept {} => self.deadlines("accepted", complexity, case.warning(), &case.facts, now),
            _ => Vec::new(),
        };
        let (dispatch_deadlines, accused) = match named {
            [] => Default::default(),
            _ => (
                self.deadlines("dispatched", complexity, case.warning(), &case.facts, now),
                self.accused_in(case, told),
            ),
        };
        let forbidden = self.barred_but(cleared_in(command), &accused, case, named.iter().map(|a| &a.department));
        Given { dispatch_deadlines, accept_deadlines, forbidden, unknown, ..Given::default() }
    }

    fn given(&self, decision: Decision, case: Option<&Case>, facts: &Facts, now: Timestamp) -> Given {
        let warning = decision.severity.colour.max(case.and_then(Case::warning));
        let dispatch_deadlines = self.deadlines("dispatched", decision.complexity, warning, facts, now);
        Given { dispatch_deadlines, decision: Some(decision.into()), ..Given::default() }
    }

    fn deadlines(
        &self,
        start: &str,
        complexity: Option<Complexity>,
        warning: Option<Warning>,
        facts: &Facts,
        now: Timestamp,
    ) -> Vec<Deadline> {
        let complexity = complexity.or(Some(Complexity::Ordinary));
        let rules = self.directory.due_dates(start, now, is_urgent(warning, facts), complexity, facts.appeal);
        rules.into_iter().filter_map(deadline).collect()
    }
}

/// Whether a job brings the case back to whoever led it last, unless what is judged of its words forbids that.
fn reopens(job: &Job, case: &Case) -> bool {
    let decide = || lifecycle::decide(Some(case), case.id, &order(job, Given::default()), case.updated_at);
    case.stage.has_result() && brings_back(decide)
}

/// What breaks down here, by a fault of ours, breaks down again where it is decided, and is answered for there.
fn brings_back(decide: impl FnOnce() -> Result<Decided, Refusal>) -> bool {
    let comes_back = |event: &Event| matches!(event.body, EventBody::Reopened { .. });
    let decided = catch_unwind(AssertUnwindSafe(decide));
    matches!(decided, Ok(Ok(Decided::Events(events))) if events.iter().any(comes_back))
}

/// Whom a command sends the case to.
fn named_in(command: &Command) -> &[Assignee] {
    match command {
        Command::Dispatch { assignees, .. }
        | Command::Redispatch { assignees, .. }
        | Command::GrantReturn { assignees, .. } => assignees,
        _ => &[],
    }
}

/// Whom a person found not to be accused.
fn cleared_in(command: &Command) -> &[DepartmentId] {
    match command {
        Command::Dispatch { not_accused, .. } | Command::Redispatch { not_accused, .. } => not_accused,
        _ => &[],
    }
}

/// Whom the rules send a case to.
fn sent_to(decision: &Decision) -> impl Iterator<Item = &DepartmentId> {
    let (assignees, candidates) = match &decision.verdict {
        Verdict::Dispatch { assignees } => (assignees.as_slice(), &[][..]),
        Verdict::Triage { candidates, .. } => (&[][..], candidates.as_slice()),
    };
    assignees.iter().map(|a| &a.department).chain(candidates)
}

/// Red and orange, by the source or by judgement, have the shorter clocks.
fn is_urgent(warning: Option<Warning>, facts: &Facts) -> bool {
    let grave = warning.max(facts.urgency).is_some_and(|w| w >= Warning::Orange);
    grave || facts.flags.grave || facts.flags.threat
}

fn deadline(due: NamedDue) -> Option<Deadline> {
    let clock = Clock::read(&due.clock)?;
    Some(Deadline { clock, at: due.at, provisional: due.provisional, source: due.source })
}

fn order(job: &Job, given: Given) -> Order {
    let (action, content) = match &job.work {
        Work::Record(record) => {
            let submission = Submission { content: Content::default(), ..record.submission.clone() };
            let submit = Submit {
                channel: record.channel.clone(),
                submission,
                seen: record.seen.clone(),
                history: record.history,
            };
            (Action::Submit(Box::new(submit)), record.submission.content.clone())
        }
        Work::Command { command, content, .. } => (Action::Command(command.clone()), content.clone()),
        Work::Delivery { delivered, said, .. } => (Action::RecordDelivery(delivered.clone()), said.clone()),
        Work::Link { to, kind, .. } => (Action::Link { to: *to, kind: *kind }, Content::default()),
    };
    let asked_digest = match &job.work {
        Work::Command { digest, .. } => Some(digest.clone()),
        _ => None,
    };
    Order { cause: job.cause.clone(), asked_digest, actor: job.actor.clone(), action, content, given }
}

/// How often a case was told before now: by each source that has it, by urging, by asking for it again.
fn times_told(case: &Case) -> u32 {
    let sources = u32::try_from(case.sources.len()).unwrap_or(u32::MAX);
    sources.saturating_add(case.marks.urged).saturating_add(case.marks.reopened)
}

/// A decision with what it leaves open of the matter as another has it.
fn completed(decision: Decision, other: &Decision) -> Decision {
    Decision {
        matter: decision.matter.or_else(|| other.matter.clone()),
        division: decision.division.or_else(|| other.division.clone()),
        level: decision.level.or(other.level),
        complexity: decision.complexity.or(other.complexity),
        ..decision
    }
}

/// The time of the place, for whoever writes for people.
pub fn shanghai() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8)))
}
