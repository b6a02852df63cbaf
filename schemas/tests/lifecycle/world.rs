//! One case and everything that is said to it: what a test needs to send orders and keep the log.

use huiliu_schemas::case::Case;
use huiliu_schemas::command::{Action, Command, Given, Order, Submit};
use huiliu_schemas::content::Content;
use huiliu_schemas::decision::{Assignee, Decision, Severity, TriageReason, Verdict};
use huiliu_schemas::event::{Actor, EntryRef, Event, SourceSeen};
use huiliu_schemas::lifecycle::{Decided, NothingNew, decide};
use huiliu_schemas::refusal::{Refusal, RefusalCode};
use huiliu_schemas::submission::{Assessment, Facts, Intent, Submission, Upstream};
use huiliu_schemas::vocabulary::{EntryKind, Role, Solved, Stage, UpstreamState};
use huiliu_schemas::{CaseId, Cause, Channel, DepartmentId, SourceId};
use jiff::Timestamp;

/// When every test begins.
pub const NOON: i64 = 1_772_424_000;

pub fn department(name: &str) -> DepartmentId {
    name.parse().expect("a department")
}

pub fn channel(name: &str) -> Channel {
    name.parse().expect("a channel")
}

pub fn source(namespace: &str, id: &str) -> SourceId {
    SourceId { namespace: namespace.parse().expect("a namespace"), id: id.into() }
}

pub fn desk() -> Actor {
    Actor::Operator { name: "desk".into() }
}

pub fn of(name: &str) -> Actor {
    Actor::Department { department: department(name) }
}

pub fn hotline() -> Actor {
    Actor::Source { channel: channel("hotline-12345") }
}

pub fn lead(name: &str) -> Assignee {
    Assignee { department: department(name), role: Role::Lead }
}

pub fn participant(name: &str) -> Assignee {
    Assignee { department: department(name), role: Role::Participant }
}

/// Every kind of free text a command may need.
pub fn words() -> Content {
    Content { note: Some("理由".into()), reply: Some("已修好".into()), ..Content::default() }
}

fn decision(verdict: Verdict) -> Decision {
    Decision {
        directory: "sha256-0".into(),
        verdict,
        rule: None,
        matter: None,
        division: None,
        level: None,
        complexity: None,
        accusation: false,
        accused: Vec::new(),
        severity: Severity::default(),
        matched: Vec::new(),
        beaten: Vec::new(),
        excluded: Vec::new(),
        confidence: 90,
    }
}

/// The rules send it to these.
pub fn to(assignees: &[Assignee]) -> Given {
    let verdict = Verdict::Dispatch { assignees: assignees.to_vec() };
    Given { decision: Some(decision(verdict).into()), ..Given::default() }
}

/// The rules cannot tell.
pub fn unsure() -> Given {
    let verdict = Verdict::Triage { reasons: vec![TriageReason::NoOwner], candidates: Vec::new() };
    Given { decision: Some(decision(verdict).into()), ..Given::default() }
}

/// A source's record as the pipeline hands it to the lifecycle.
#[derive(Debug, Clone)]
pub struct Record(pub Submit);

/// The record that begins every story: hotline order 1, its first state.
pub fn record() -> Record {
    Record::of(source("hotline", "1"), "hotline-12345")
}

impl Record {
    pub fn of(source: SourceId, by: &str) -> Self {
        let seen = SourceSeen {
            source: source.clone(),
            order: Some(100),
            matter_digest: "matter".into(),
            answer_digest: None,
            registered_on: Some(jiff::civil::date(2026, 3, 1)),
            identity_digest: Some("identity".into()),
            name_digest: Some("name".into()),
            phone_digest: Some("phone".into()),
            joint_digests: Vec::new(),
            follow_up: false,
            state: None,
            assessment: None,
            view_digest: None,
        };
        let submission = Submission {
            source,
            intent: Intent::Matter,
            at: None,
            registered_on: None,
            version: Some(100),
            aliases: Vec::new(),
            related: Vec::new(),
            facts: Facts::default(),
            content: Content { text: Some("路灯不亮".into()), ..words() },
            assessment: None,
            upstream: None,
            session: None,
            lacks: Vec::new(),
            problems: Vec::new(),
        };
        Self(Submit { channel: channel(by), submission, seen, history: false })
    }

    pub fn intent(mut self, intent: Intent) -> Self {
        self.0.submission.intent = intent;
        self
    }

    pub fn order(mut self, order: i64) -> Self {
        self.0.seen.order = Some(order);
        self.0.submission.version = Some(order);
        self
    }

    pub fn saying(mut self, digest: &str) -> Self {
        self.0.seen.matter_digest = digest.into();
        self
    }

    pub fn facts(mut self, facts: Facts) -> Self {
        self.0.submission.facts = facts;
        self
    }

    pub fn alias(mut self, alias: SourceId) -> Self {
        self.0.submission.aliases.push(alias);
        self
    }

    pub fn assessed(mut self, solved: Solved) -> Self {
        let assessment = Some(Assessment { solved: Some(solved), satisfaction: None });
        self.0.submission.assessment = assessment;
        self.0.seen.assessment = assessment;
        self
    }

    pub fn upstream(mut self, state: UpstreamState, answer: &str) -> Self {
        self.0.submission.upstream = Some(Upstream { state, code: None });
        self.0.seen.state = Some(state);
        self.0.seen.answer_digest = Some(answer.into());
        self
    }

    pub fn seen(mut self, change: impl FnOnce(&mut SourceSeen)) -> Self {
        change(&mut self.0.seen);
        self
    }
}

/// What came of an order, short enough to compare in a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Events(Vec<String>),
    Known(Vec<String>),
    Nothing(NothingNew),
    Refused(RefusalCode),
}

pub fn events(names: &[&str]) -> Outcome {
    Outcome::Events(names.iter().map(|n| (*n).to_owned()).collect())
}

/// The case, its log, and the clock on the wall.
#[derive(Debug, Clone)]
pub struct World {
    pub id: CaseId,
    pub case: Option<Case>,
    pub log: Vec<Event>,
    pub now: i64,
    pub orders: Vec<Order>,
    pub sent: u64,
}

impl World {
    pub fn new() -> Self {
        let id = CaseId::of(&source("hotline", "1"));
        Self { id, case: None, log: Vec::new(), now: NOON, orders: Vec::new(), sent: 0 }
    }

    /// A case the rules sent to these.
    pub fn dispatched(assignees: &[Assignee]) -> Self {
        let mut world = Self::new();
        assert_eq!(world.submit(&record(), to(assignees)), events(&["registered", "dispatched"]));
        world
    }

    /// A case the rules sent to these, and each has signed for it.
    pub fn signed(assignees: &[Assignee]) -> Self {
        let mut world = Self::dispatched(assignees);
        for assignee in assignees {
            let actor = Actor::Department { department: assignee.department.clone() };
            assert_eq!(world.command(&actor, Command::SignFor { n: None }), events(&["signed_for"]));
        }
        world
    }

    /// A case that lies at the triage desk.
    pub fn in_triage() -> Self {
        let mut world = Self::new();
        assert_eq!(world.submit(&record(), unsure()), events(&["registered", "triaged"]));
        world
    }

    pub fn case(&self) -> &Case {
        self.case.as_ref().expect("a case")
    }

    pub fn stage(&self) -> Stage {
        self.case().stage
    }

    pub fn lead(&self) -> Option<&str> {
        self.case().lead().map(|a| a.department.as_str())
    }

    /// An order nobody gave before.
    pub fn order(&mut self, actor: Actor, action: Action, content: Content, given: Given) -> Order {
        self.sent += 1;
        let cause = Cause::intake(self.sent, 0);
        let asked_digest = match &action {
            Action::Command(command) => Some(format!("{command:?}")),
            _ => None,
        };
        Order { cause, asked_digest, actor, action, content, given }
    }

    pub fn look(&self, order: &Order) -> Result<Decided, Refusal> {
        let now = Timestamp::from_second(self.now).expect("a time");
        decide(self.case.as_ref(), self.id, order, now)
    }

    /// Decides an order and, where it leads to events, appends them.
    pub fn give(&mut self, order: &Order) -> Result<Decided, Refusal> {
        let decided = self.look(order)?;
        if let Decided::Events(new) = &decided {
            for event in new {
                match &mut self.case {
                    Some(case) => case.apply(event),
                    None => self.case = Case::begin(event),
                }
            }
            self.log.extend(new.iter().cloned());
            self.orders.push(order.clone());
        }
        Ok(decided)
    }

    pub fn outcome(&mut self, order: &Order) -> Outcome {
        match self.give(order) {
            Ok(Decided::Events(new)) => Outcome::Events(new.iter().map(|e| e.body.name().to_owned()).collect()),
            Ok(Decided::Known(answer)) => Outcome::Known(answer.events),
            Ok(Decided::Nothing(nothing)) => Outcome::Nothing(nothing),
            Err(refusal) => Outcome::Refused(refusal.code),
        }
    }

    pub fn submit(&mut self, record: &Record, given: Given) -> Outcome {
        let Record(submit) = record.clone();
        let actor = Actor::Source { channel: submit.channel.clone() };
        let content = submit.submission.content.clone();
        let order = self.order(actor, Action::Submit(Box::new(submit)), content, given);
        self.outcome(&order)
    }

    pub fn command(&mut self, actor: &Actor, command: Command) -> Outcome {
        self.command_given(actor, command, Given::default())
    }

    pub fn command_given(&mut self, actor: &Actor, command: Command, given: Given) -> Outcome {
        let order = self.order(actor.clone(), Action::Command(command), words(), given);
        self.outcome(&order)
    }

    pub fn wordless(&mut self, actor: &Actor, command: Command) -> Outcome {
        let order = self.order(actor.clone(), Action::Command(command), Content::default(), Given::default());
        self.outcome(&order)
    }

    /// Every entry the last order made, as `department kind`.
    pub fn told(&self) -> Vec<String> {
        let cause = self.log.last().map(|e| e.cause.clone());
        let of_last = self.log.iter().filter(|e| Some(&e.cause) == cause.as_ref());
        of_last.flat_map(|e| &e.entries).map(said).collect()
    }

    /// Every live entry, as `department kind`.
    pub fn live(&self) -> Vec<String> {
        self.case().live_entries().iter().map(said).collect()
    }

    /// The number of a department's live entry of a kind.
    pub fn live_n(&self, name: &str, kind: EntryKind) -> u32 {
        let entries = self.case().live_entries();
        entries.iter().find(|e| e.department.as_str() == name && e.kind == kind).expect("a live entry").n
    }
}

fn said(entry: &EntryRef) -> String {
    format!("{} {}", entry.department, entry.kind)
}
