//! The desk: takes a job and a case, looks up what the decision needs (where the rules would send it, when clocks would
//! run out, who may not have it), and has it decided. Pure but for the directory it reads; it stores nothing.

mod seen;
#[cfg(test)]
mod tellings_tests;

use std::borrow::Cow;
use std::sync::Arc;

use huiliu_schemas::case::Case;
use huiliu_schemas::clock::{Clock, Deadline};
use huiliu_schemas::command::{Action, Command, Given, Order, Submit};
use huiliu_schemas::content::Content;
use huiliu_schemas::decision::{Assignee, Decision, Severity, Verdict};
use huiliu_schemas::event::{Actor, AnswerDelivered, Event, EventBody, SourceSeen};
use huiliu_schemas::lifecycle::{self, Decided};
use huiliu_schemas::places::DivisionCode;
use huiliu_schemas::refusal::Refusal;
use huiliu_schemas::submission::{Facts, Submission};
use huiliu_schemas::vocabulary::{Complexity, LinkKind, Role, Stage, Warning};
use huiliu_schemas::{CaseId, Cause, Channel, DepartmentId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::directory::{Directory, NamedDue};
use crate::routing::{self, RoutingFacts};
use crate::vault::MasterKey;

pub use seen::{command_digest, reply_digest};

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
        /// Of both, by [`command_digest`].
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
        Given { triage_deadlines: self.triage_deadlines(case, given.decision.as_ref(), &facts, now), ..given }
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
                let sooner = self.sooner("registered", &decision, &facts, now);
                Given { forbidden, sooner, ..self.given(decision, Some(case), &facts, now) }
            }
            Some(case) => {
                // What is told later may accuse whoever has the case now, or would have it again.
                let mut decision = self.judge_later(case, &record.submission);
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
        let start = if case.stage == Stage::Triage { "registered" } else { "dispatched" };
        let sooner = self.sooner(start, &decision, facts, now);
        let warning = decision.severity.colour.max(case.warning());
        let dispatch_deadlines = self.deadlines("dispatched", decision.complexity, warning, facts, now);
        Given { decision: Some(decision), dispatch_deadlines, sooner, forbidden, unknown, ..Given::default() }
    }

    /// How soon it must be done if it is as grave as this.
    fn sooner(&self, start: &str, decision: &Decision, facts: &Facts, now: Timestamp) -> Vec<Deadline> {
        let urgent = is_urgent(decision.severity.colour, facts);
        let rules = self.directory.due_dates(start, now, urgent, decision.complexity, facts.appeal);
        rules.into_iter().filter(|due| due.urgent).filter_map(deadline).collect()
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

    /// Where the rules send a case that exists, with these facts and words.
    fn route_known(&self, case: &Case, facts: &Facts, content: &Content) -> Decision {
        let submission = Submission {
            facts: facts.clone(),
            content: content.clone(),
            ..Submission::of(case.sources.first().map_or_else(|| unreachable_source(case), |s| s.source.clone()))
        };
        self.judge_later(case, &submission)
    }

    /// What the rules make of something told of a case that is known. It is judged by its own words; what they leave open of
    /// the matter stands as it was known, for who is meant and how long it may take hang on it.
    fn judge_later(&self, case: &Case, told: &Submission) -> Decision {
        let facts = RoutingFacts::from_submission(told);
        let facts = RoutingFacts { told: times_told(case), routed: self.place_of(case), ..facts };
        let decision = routing::decide(&facts, &self.directory);
        let Some(known) = &case.decision else { return decision };
        Decision {
            matter: decision.matter.or_else(|| known.matter.clone()),
            division: decision.division.or_else(|| known.division.clone()),
            level: decision.level.or(known.level),
            complexity: decision.complexity.or(known.complexity),
            ..decision
        }
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
            let decision = self.route_known(case, &case.facts, content);
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
        Given { dispatch_deadlines, decision: Some(decision), ..Given::default() }
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
    let decided = || lifecycle::decide(Some(case), case.id, &order(job, Given::default()), case.updated_at);
    let comes_back = |event: &Event| matches!(event.body, EventBody::Reopened { .. });
    case.stage.has_result() && matches!(decided(), Ok(Decided::Events(events)) if events.iter().any(comes_back))
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
    let assignees = match &decision.verdict {
        Verdict::Dispatch { assignees } => assignees.as_slice(),
        Verdict::Triage { .. } => &[],
    };
    assignees.iter().map(|a| &a.department)
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

/// A case is always begun by a source; this stands in for none in a log written by hand.
fn unreachable_source(case: &Case) -> huiliu_schemas::SourceId {
    let namespace = "huiliu".parse().unwrap_or_else(|_| unreachable!("a valid token"));
    huiliu_schemas::SourceId { namespace, id: case.id.to_string() }
}

/// The time of the place, for whoever writes for people.
pub fn shanghai() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::tests::shipped;
    use huiliu_schemas::SourceId;
    use huiliu_schemas::refusal::RefusalCode;
    use huiliu_schemas::submission::{Intent, Session};
    use huiliu_schemas::vocabulary::{Appeal, ReturnReason};

    #[test]
    fn only_the_sources_own_version_orders_its_records() {
        let of = |version| Submission {
            at: Some("2026-03-04T02:00:00Z".parse().expect("a time")),
            version,
            ..Submission::of(SourceId::read("hotline:1").expect("a number"))
        };
        let master = MasterKey::parse(&"07".repeat(32)).expect("a key");
        assert_eq!((seen::seen(&of(None), &master).order, seen::seen(&of(Some(7)), &master).order), (None, Some(7)));
    }

    #[test]
    fn red_and_orange_have_the_shorter_clocks() {
        let desk = Sitting { directory: Arc::new(shipped()) };
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let sign_for = |warning, facts: &Facts| {
            let all = desk.deadlines("dispatched", None, warning, facts, now);
            all.into_iter().find(|d| d.clock == Clock::SignFor).expect("a clock").at
        };
        let plain = sign_for(None, &Facts::default());
        assert_eq!(sign_for(Some(Warning::Yellow), &Facts::default()), plain);
        assert!(sign_for(Some(Warning::Orange), &Facts::default()) < plain);
        let by_source = Facts { urgency: Some(Warning::Red), ..Facts::default() };
        assert!(sign_for(None, &by_source) < plain);
    }

    pub(super) fn job(cause: u64, text: &str) -> Job {
        let submission = Submission {
            facts: Facts {
                appeal: Some(Appeal::Complaint),
                matter: Some("150305".parse().expect("a matter")),
                ..Facts::default()
            },
            content: Content { text: Some(text.into()), ..Content::default() },
            ..Submission::of(SourceId::read("hotline:1").expect("a number"))
        };
        let channel: Channel = "hotline-12345".parse().expect("a channel");
        let record =
            Record::new(channel.clone(), submission, false, &MasterKey::parse(&"07".repeat(32)).expect("a key"));
        Job { cause: Cause::intake(cause, 0), actor: Actor::Source { channel }, work: Work::Record(Box::new(record)) }
    }

    #[test]
    fn a_threat_told_later_brings_forward_only_what_has_a_rule_for_it() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let decide = |case: Option<&Case>, job: &Job| {
            let Decided::Events(events) =
                desk.decide(job, id, case, &Told::default(), Vec::new(), now).expect("decided")
            else {
                panic!("nothing came of it")
            };
            events
        };
        let begun = decide(None, &job(1, "老板欠薪"));
        let case = Case::fold(&begun).expect("a case");
        let told = decide(Some(&case), &job(2, "再不解决，今晚就跳楼"));
        let sooner = told.iter().find_map(|e| match &e.body {
            EventBody::Warned { deadlines, .. } => Some(deadlines),
            _ => None,
        });
        let clocks: Vec<Clock> = sooner.expect("warned").iter().map(|d| d.clock).collect();
        assert_eq!(clocks, [Clock::SignFor]);
    }

    /// Without a matter, so that a person must look.
    fn unsaid(cause: u64, text: &str) -> Job {
        let mut job = job(cause, text);
        if let Work::Record(record) = &mut job.work {
            record.submission.facts.matter = None;
        }
        job
    }

    fn by_command(actor: Actor, command: Command, words: &str) -> Job {
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let content = Content { note: Some(words.into()), ..Content::default() };
        let cause = format!("{command:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().parse();
        Job {
            cause: Cause::command("somebody", &cause.expect("an id")),
            actor,
            work: Work::Command { case: id, command, content, digest: String::new(), seen: None },
        }
    }

    #[test]
    fn a_case_that_a_person_must_dispatch_has_a_time_for_that() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let housing = || "jb-housing".parse().expect("a department");
        let centre = || Actor::Operator { name: "li".into() };
        let threat = "再不解决，今晚就跳楼";
        for grave in [unsaid(2, threat), by_command(centre(), Command::Urge {}, threat)] {
            let mut log = Vec::new();
            let mut decide = |job: &Job| {
                let case = Case::fold(&log);
                let decided = desk.decide(job, id, case.as_ref(), &Told::default(), Vec::new(), now).expect("decided");
                let Decided::Events(events) = decided else { panic!("nothing came of it") };
                log.extend(events);
                let case = Case::fold(&log).expect("a case");
                let due = |clock| case.deadlines.iter().find(|d| d.clock == clock);
                let minutes = due(Clock::Dispatch).map(|d| d.at.duration_since(now).as_mins());
                (case.stage, minutes, due(Clock::PetitionDecide).is_some())
            };
            assert_eq!(decide(&unsaid(1, "有件事想说一下")), (Stage::Triage, Some(30), true));
            assert_eq!(decide(&grave), (Stage::Triage, Some(5), true));
            let assignees = vec![Assignee { department: housing(), role: Role::Lead }];
            let on = Command::Dispatch { assignees, not_accused: Vec::new() };
            assert_eq!(decide(&by_command(centre(), on, "说明")), (Stage::Dispatched, None, false));
            let back = Command::RequestReturn { reason: ReturnReason::NotOurDuty, suggested: None };
            decide(&by_command(Actor::Department { department: housing() }, back, "说明"));
            let granted = Command::GrantReturn { department: housing(), assignees: Vec::new() };
            let again = decide(&by_command(centre(), granted, "说明"));
            assert_eq!(again, (Stage::Triage, Some(5), false), "it was sent before");
        }
    }

    #[test]
    fn what_was_grave_once_is_dispatched_as_grave() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let decide = |case: Option<&Case>, job: &Job| {
            let decided = desk.decide(job, id, case, &Told::default(), Vec::new(), now).expect("decided");
            let Decided::Events(events) = decided else { panic!("nothing came of it") };
            events
        };
        let signed_for_within = |log: &[Event]| {
            let case = Case::fold(log).expect("a case");
            let due = case.deadlines.iter().find(|d| d.clock == Clock::SignFor).expect("dispatched");
            due.at.duration_since(now).as_mins()
        };
        let mut log = decide(None, &unsaid(1, "有件事想说一下"));
        let urge = by_command(Actor::Operator { name: "li".into() }, Command::Urge {}, "再不解决，今晚就跳楼");
        log.extend(decide(Case::fold(&log).as_ref(), &urge));
        log.extend(decide(Case::fold(&log).as_ref(), &job(3, "老板欠薪")));
        assert_eq!(signed_for_within(&log), 30);
    }

    pub(super) fn told(tellings: &[&str]) -> Told {
        let say = |text: &&str| Content { text: Some((*text).into()), ..Content::default() };
        let each: Vec<Content> = tellings.iter().map(say).collect();
        Told { merged: each.iter().fold(Content::default(), |all, one| all.merged(one)), each }
    }

    #[test]
    fn who_is_accused_later_is_not_given_the_case_by_hand() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let begun = job(1, "老板欠薪");
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let decided = desk.decide(&begun, id, None, &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(events) = decided else { panic!("nothing came of it") };
        let case = Case::fold(&events).expect("a case");
        let lead = Assignee { department: "jb-housing".parse().expect("a department"), role: Role::Lead };
        let content = Content { note: Some("请住建局办理".into()), ..Content::default() };
        let command = Command::Redispatch { assignees: vec![lead], not_accused: Vec::new() };
        let work = Work::Command { case: id, command, content, digest: String::new(), seen: None };
        let redispatch = Job { cause: Cause::hub("by-hand"), actor: Actor::Operator { name: "desk".into() }, work };
        assert!(Desk::needs_told(&redispatch, &case));
        desk.decide(&redispatch, id, Some(&case), &told(&["老板欠薪"]), Vec::new(), now).expect("nobody is accused");
        let accuses = "老板欠薪，区住建局局长收受老板好处";
        for tellings in [&[accuses][..], &["老板欠薪", accuses, "请尽快"]] {
            let refused = desk.decide(&redispatch, id, Some(&case), &told(tellings), Vec::new(), now);
            assert_eq!(refused.expect_err("the accused").code, RefusalCode::Accused, "{tellings:?}");
        }
    }

    #[test]
    fn whom_a_person_finds_not_to_be_accused_may_have_the_case() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let accuses = "老板欠薪，区人社局局长收受老板好处";
        let begun = job(1, accuses);
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let decided = desk.decide(&begun, id, None, &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(mut events) = decided else { panic!("nothing came of it") };
        let case = Case::fold(&events).expect("a case");
        let labour: DepartmentId = "jb-labour".parse().expect("a department");
        let dispatch = |cause: &str, not_accused: &[DepartmentId]| {
            let assignees = vec![Assignee { department: labour.clone(), role: Role::Lead }];
            let command = Command::Dispatch { assignees, not_accused: not_accused.to_vec() };
            let content = Content { note: Some("核实：误判".into()), ..Content::default() };
            let work = Work::Command { case: id, command, content, digest: String::new(), seen: None };
            Job { cause: Cause::hub(cause), actor: Actor::Operator { name: "desk".into() }, work }
        };
        let decide = |job: &Job| desk.decide(job, id, Some(&case), &told(&[accuses]), Vec::new(), now);
        let housing = "jb-housing".parse().expect("a department");
        for not_cleared in [&[][..], &[housing]] {
            let refused = decide(&dispatch("barred", not_cleared)).expect_err("the accused");
            assert_eq!(refused.code, RefusalCode::Accused);
        }
        let decided = decide(&dispatch("cleared", std::slice::from_ref(&labour))).expect("decided");
        let Decided::Events(dispatched) = decided else { panic!("nothing came of it") };
        events.extend(dispatched);
        let case = Case::fold(&events).expect("a case");
        assert_eq!(case.last_lead(), Some(&labour));
        assert!(!case.decision.as_ref().expect("a decision").accused.contains(&labour));
        let plain =
            desk.decide(&job(2, "请尽快"), id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(plain) = plain else { panic!("nothing came of it") };
        assert!(plain.iter().flat_map(|e| &e.entries).any(|entry| entry.department == labour), "{plain:?}");
    }

    #[test]
    fn whoever_took_over_from_the_accused_is_kept_from_it_too() {
        let desk = Desk::new(Arc::new(shipped()));
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let begun = desk.decide(&job(1, "老板欠薪"), id, None, &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(events) = begun else { panic!("nothing came of it") };
        let case = Case::fold(&events).expect("a case");
        let (old, heir) = ("jb-land-old".parse().expect("code"), "jb-natural-resources".parse().expect("code"));
        let sitting = Sitting { directory: desk.directory() };
        assert_eq!(sitting.barred(&[old], &case, [&heir]), vec![heir]);
        let gone = "jb-not-in-the-directory".parse().expect("code");
        assert_eq!(sitting.barred(std::slice::from_ref(&gone), &case, [&gone]).len(), 1);
    }

    /// In one batch the second record is decided before anyone can read the words of the first.
    #[test]
    fn whom_a_telling_accuses_is_known_to_the_next_without_its_words() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let begun =
            desk.decide(&job(1, "请领导关注此事"), id, None, &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(mut events) = begun else { panic!("nothing came of it") };
        let case = Case::fold(&events).expect("a case");
        let accuses = job(2, "老板欠薪，区人社局局长收受老板好处");
        let told = desk.decide(&accuses, id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(told) = told else { panic!("nothing came of it") };
        events.extend(told);
        let case = Case::fold(&events).expect("a case");
        let plain = job(3, "老板欠薪，请尽快");
        let plain = desk.decide(&plain, id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(plain) = plain else { panic!("nothing came of it") };
        let labour = "jb-labour".parse().expect("a department");
        assert!(plain.iter().flat_map(|e| &e.entries).all(|entry| entry.department != labour), "{plain:?}");
    }

    #[test]
    fn who_has_the_case_and_turns_out_to_be_accused_loses_it_to_a_person() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let begun = desk.decide(&job(1, "老板欠薪"), id, None, &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(events) = begun else { panic!("nothing came of it") };
        let case = Case::fold(&events).expect("a case");
        let labour: DepartmentId = "jb-labour".parse().expect("a department");
        assert_eq!(case.last_lead(), Some(&labour));
        let accuses = job(2, "老板欠薪，区人社局局长收受老板好处");
        let told = desk.decide(&accuses, id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(told) = told else { panic!("nothing came of it") };
        let names: Vec<&str> = told.iter().map(|e| e.body.name()).collect();
        assert_eq!(names, ["supplemented", "triaged"]);
        assert!(told.iter().all(|e| e.entries.is_empty()), "nobody is shown the words: {told:?}");
        assert!(told[0].body.accused_later().contains(&labour), "a person is called: {told:?}");
    }

    #[test]
    fn what_a_session_accuses_is_remembered() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let decide = |job: &Job, case: Option<&Case>| {
            let decided = desk.decide(job, id, case, &Told::default(), Vec::new(), now).expect("decided");
            let Decided::Events(events) = decided else { panic!("nothing came of it") };
            events
        };
        let mut events = decide(&job(1, "老板欠薪"), None);
        let case = Case::fold(&events).expect("a case");
        let mut room = job(2, "老板欠薪，区人社局局长收受老板好处");
        let Work::Record(record) = &mut room.work else { panic!("a record") };
        record.submission.intent = Intent::Session;
        let (level, round, started_at, ended_at, outcome) = (None, None, None, None, None);
        record.submission.session = Some(Session { id: "r1".into(), level, round, started_at, ended_at, outcome });
        events.extend(decide(&room, Some(&case)));
        let case = Case::fold(&events).expect("a case");
        let labour: DepartmentId = "jb-labour".parse().expect("a department");
        assert!(case.marks.accusation && case.decision.as_ref().is_some_and(|d| d.accused.contains(&labour)));
        assert_eq!(crate::keys::tellings(events).len(), 2);
    }

    #[test]
    fn who_was_accused_is_not_sent_the_case_by_what_is_told_later() {
        let desk = Desk::new(Arc::new(shipped()));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let accuses = "老板欠薪，区人社局局长收受老板好处";
        let begun = desk.decide(&job(1, accuses), id, None, &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(events) = begun else { panic!("nothing came of it") };
        let case = Case::fold(&events).expect("a case");
        assert_eq!(case.stage, Stage::Triage);
        let plain = desk
            .decide(&job(2, "老板欠薪，请尽快"), id, Some(&case), &told(&[accuses]), Vec::new(), now)
            .expect("decided");
        let Decided::Events(events) = plain else { panic!("nothing came of it") };
        assert!(events.iter().all(|e| e.entries.is_empty()), "{events:?}");
    }
}
