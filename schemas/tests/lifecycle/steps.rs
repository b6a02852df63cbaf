//! Arbitrary things that can be said to a case, by anybody, in any order.

use std::sync::Arc;

use huiliu_schemas::case::Case;
use huiliu_schemas::clock::{Clock, Deadline};
use huiliu_schemas::command::{Action, Command, CommandKind, Given, Order};
use huiliu_schemas::content::Content;
use huiliu_schemas::decision::Assignee;
use huiliu_schemas::event::{Actor, AnswerDelivered, SourceSeen};
use huiliu_schemas::lifecycle::legal_now;
use huiliu_schemas::submission::{Assessment, Facts, Intent, Session};
use huiliu_schemas::vocabulary::{Appeal, Assessor, ReturnReason, Role, Solved, UpstreamState};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use crate::world::*;

/// Departments that may have the case.
pub const FIT: [&str; 3] = ["housing", "police", "town"];
/// The one the citizen may turn out to accuse.
pub const ACCUSED: &str = "accused";

/// Everyone who may speak.
pub const ACTORS: [fn() -> Actor; 9] = [
    || of(FIT[0]),
    || of(FIT[1]),
    || of(FIT[2]),
    || of(ACCUSED),
    desk,
    || Actor::Machine { name: "robot".into() },
    || Actor::Hub,
    hotline,
    || Actor::Source { channel: channel("petition-portal") },
];

/// Particulars of a command, of which each kind takes what it needs.
#[derive(Debug, Clone)]
pub struct Particulars {
    department: usize,
    assignees: Vec<(usize, Role)>,
    n: Option<u32>,
    worded: bool,
}

/// What a record of a source is.
#[derive(Debug, Clone, Copy)]
pub enum Saying {
    Same,
    More,
    Accuses,
    Urge,
    Withdraw,
    Assess(Solved),
    Upstream(UpstreamState),
    Older,
    Echo,
    OtherPerson,
    Session,
    JoinedBySecondSource,
}

/// One thing said.
#[derive(Debug, Clone)]
pub enum Say {
    /// What the actor is told it could do, picked among it.
    Legal(usize, Index, Particulars),
    /// Anything at all.
    Any(usize, CommandKind, Particulars),
    /// A record, its novelty, and where the rules would send the case (lead, participant).
    Record(Saying, u8, Option<(usize, usize)>),
    /// The source was told, under this version and these words.
    Told(Option<i64>, bool),
    /// An order given before, once more.
    Again(Index),
}

/// One step: how far the wall clock jumps, and what is said.
pub type Step = (i64, Say);

fn particulars() -> impl Strategy<Value = Particulars> {
    let role = select(Role::ALL);
    let fitting = (0..FIT.len(), 0..FIT.len()).prop_map(|(a, b)| {
        let second = (a != b).then_some((b, Role::Participant));
        std::iter::once((a, Role::Lead)).chain(second).collect()
    });
    let anyone = prop::collection::vec((0..FIT.len() + 1, role), 0..4);
    let assignees = prop_oneof![4 => fitting, 1 => anyone];
    let n = prop_oneof![2 => Just(None), 1 => (0u32..30).prop_map(Some)];
    let worded = prop::bool::weighted(0.9);
    (0..FIT.len() + 1, assignees, n, worded).prop_map(|(department, assignees, n, worded)| Particulars {
        department,
        assignees,
        n,
        worded,
    })
}

fn saying() -> impl Strategy<Value = Saying> {
    prop_oneof![
        3 => Just(Saying::Same),
        4 => Just(Saying::More),
        1 => Just(Saying::Accuses),
        2 => Just(Saying::Urge),
        1 => Just(Saying::Withdraw),
        2 => select(Solved::ALL).prop_map(Saying::Assess),
        2 => select(UpstreamState::ALL).prop_map(Saying::Upstream),
        2 => Just(Saying::Older),
        2 => Just(Saying::Echo),
        1 => Just(Saying::OtherPerson),
        1 => Just(Saying::Session),
        1 => Just(Saying::JoinedBySecondSource),
    ]
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let rules = prop::option::of((0..FIT.len() + 1, 0..FIT.len() + 1));
    let say = prop_oneof![
        24 => (0..ACTORS.len(), any::<Index>(), particulars()).prop_map(|(a, i, p)| Say::Legal(a, i, p)),
        4 => (0..ACTORS.len(), select(CommandKind::ALL), particulars()).prop_map(|(a, k, p)| Say::Any(a, k, p)),
        6 => (saying(), any::<u8>(), rules).prop_map(|(s, new, to)| Say::Record(s, new, to)),
        1 => (prop::option::of(100i64..140), any::<bool>()).prop_map(|(version, words)| Say::Told(version, words)),
        1 => any::<Index>().prop_map(Say::Again),
    ];
    prop::collection::vec((-100i64..1000, say), 1..40)
}

impl World {
    /// The order a step amounts to, here and now.
    pub fn order_of(&mut self, say: &Say) -> Order {
        match say {
            Say::Legal(actor, pick, particulars) => {
                let actor = ACTORS[*actor]();
                let mut legal = self.case.as_ref().map(|c| legal_now(c, &actor)).unwrap_or_default();
                // Withdrawing is nearly always possible and ends the story: the other steps do it often enough.
                legal.retain(|kind| *kind != CommandKind::Withdraw);
                let all = if legal.is_empty() { CommandKind::ALL } else { &legal };
                self.order_by_hand(actor, all[pick.index(all.len())], particulars)
            }
            Say::Any(actor, kind, particulars) => self.order_by_hand(ACTORS[*actor](), *kind, particulars),
            Say::Record(saying, new, rules) => self.order_of_record(*saying, *new, *rules),
            Say::Told(version, worded) => self.order_told(*version, *worded),
            Say::Again(which) if self.orders.is_empty() => {
                let _ = which;
                self.order_of_record(Saying::Same, 0, None)
            }
            Say::Again(which) => self.orders[which.index(self.orders.len())].clone(),
        }
    }

    /// Who may not have it, and clocks that would start now.
    fn given(&self) -> Given {
        let accused = self.case.as_ref().is_some_and(Case::hides_reporter);
        let starts = |clock, seconds| Deadline {
            clock,
            at: Timestamp::from_second(self.now + seconds).expect("a time"),
            provisional: false,
            source: "规则".into(),
        };
        Given {
            forbidden: if accused { vec![department(ACCUSED)] } else { Vec::new() },
            dispatch_deadlines: vec![starts(Clock::SignFor, 100), starts(Clock::HotlineAnswer, 500)],
            accept_deadlines: vec![starts(Clock::ClaimResolve, 6_000)],
            ..Given::default()
        }
    }

    fn order_by_hand(&mut self, actor: Actor, kind: CommandKind, particulars: &Particulars) -> Order {
        let content = if particulars.worded { words() } else { Content::default() };
        let command = command(kind, particulars);
        let given = self.given();
        self.order(actor, Action::Command(command), content, given)
    }

    fn order_of_record(&mut self, saying: Saying, new: u8, rules: Option<(usize, usize)>) -> Order {
        let Record(submit) = self.record_of(saying, new);
        let by_rule = match rules {
            None => unsure(),
            Some((a, b)) if a == b => to(&[lead(by_index(a))]),
            Some((a, b)) => to(&[lead(by_index(a)), participant(by_index(b))]),
        };
        let mut given = Given { decision: by_rule.decision, ..self.given() };
        if matches!(saying, Saying::Accuses) {
            given.forbidden = vec![department(ACCUSED)];
            if let Some(decision) = given.decision.as_mut().map(Arc::make_mut) {
                (decision.accusation, decision.accused) = (true, given.forbidden.clone());
            }
        }
        let actor = Actor::Source { channel: submit.channel.clone() };
        let content = submit.submission.content.clone();
        self.order(actor, Action::Submit(Box::new(submit)), content, given)
    }

    /// The source's record, beginning from what the case has seen of it.
    fn record_of(&self, saying: Saying, new: u8) -> Record {
        let base = record();
        let known = self.case.as_ref().and_then(|c| c.source(&base.0.seen.source)).cloned();
        let now = known.unwrap_or_else(|| base.0.seen.clone());
        let order = now.order.unwrap_or(100);
        let silent = SourceSeen { state: None, assessment: None, view_digest: None, ..now };
        let base = base.seen(|s| *s = silent).order(order);
        let words = format!("more-{new}");
        match saying {
            Saying::Same => base,
            Saying::More => base.saying(&words).order(order + i64::from(new % 3)),
            Saying::Accuses => {
                base.saying(&words).facts(Facts { appeal: Some(Appeal::Accusation), ..Facts::default() })
            }
            Saying::Urge => Record::of(source("hotline", &format!("urge-{new}")), "hotline-12345").intent(Intent::Urge),
            Saying::Withdraw => base.intent(Intent::Withdraw).order(order + 1),
            Saying::Assess(solved) => base.intent(Intent::Assess).assessed(solved).order(order + 1),
            Saying::Upstream(state) => {
                base.intent(Intent::StateChange).upstream(state, &format!("theirs-{state}-{new}")).order(order + 1)
            }
            Saying::Older => base.saying(&words).order(order - 1 - i64::from(new % 5)),
            Saying::Echo => self.echo(base),
            Saying::OtherPerson => base.saying(&words).seen(|s| {
                let same = s.identity_digest.as_deref() == Some("somebody else");
                s.identity_digest = Some(if same { "a third" } else { "somebody else" }.into());
            }),
            Saying::Session => session(base, new),
            Saying::JoinedBySecondSource => {
                let second = Record::of(source("petition", "9"), "petition-portal").alias(source("hotline", "1"));
                match new % 4 {
                    0 => second.upstream(UpstreamState::Closed, &words),
                    1 => second.intent(Intent::Withdraw).upstream(UpstreamState::Cancelled, &words),
                    2 => second.upstream(UpstreamState::Open, &words),
                    _ => second,
                }
            }
        }
    }

    fn echo(&self, base: Record) -> Record {
        let told = self.case.as_ref().and_then(|c| c.delivered.last().cloned());
        let version = told.as_ref().and_then(|t| t.version);
        let order = version.unwrap_or(0).max(base.0.seen.order.unwrap_or(100));
        base.upstream(UpstreamState::Closed, "ours").order(order)
    }

    fn order_told(&mut self, version: Option<i64>, worded: bool) -> Order {
        let delivered = AnswerDelivered {
            event: Uuid::nil(),
            what: huiliu_schemas::vocabulary::AnswerKind::Resolved,
            source: source("hotline", "1"),
            version,
            reply_digest: worded.then(|| "ours".to_owned()),
            refused: false,
            given_up: false,
            no_way: false,
        };
        self.order(Actor::Hub, Action::RecordDelivery(delivered), Content::default(), Given::default())
    }
}

fn session(base: Record, new: u8) -> Record {
    let mut base = base.intent(Intent::Session);
    base.0.submission.session = Some(Session {
        id: format!("room-{}", new % 4),
        level: None,
        round: Some(u32::from(new)),
        started_at: None,
        ended_at: None,
        outcome: None,
        digests: Vec::new(),
    });
    base
}

fn anyone(index: usize) -> huiliu_schemas::DepartmentId {
    department(by_index(index))
}

fn command(kind: CommandKind, particulars: &Particulars) -> Command {
    let named = anyone(particulars.department);
    let assignees = || -> Vec<Assignee> {
        particulars.assignees.iter().map(|(d, role)| Assignee { department: anyone(*d), role: *role }).collect()
    };
    let to_triage = particulars.n.is_none();
    match kind {
        CommandKind::SignFor => Command::SignFor { n: particulars.n },
        CommandKind::Accept => Command::Accept {},
        CommandKind::Decline => Command::Decline { article: "第十九条".into() },
        CommandKind::RequestReturn => {
            Command::RequestReturn { reason: ReturnReason::NotOurDuty, suggested: Some(named) }
        }
        CommandKind::GrantReturn => {
            Command::GrantReturn { department: named, assignees: if to_triage { Vec::new() } else { assignees() } }
        }
        CommandKind::RefuseReturn => Command::RefuseReturn { department: named },
        CommandKind::Progress => Command::Progress {},
        CommandKind::Resolve => Command::Resolve { solved: Solved::Yes, contacted: true },
        CommandKind::Dispatch => Command::Dispatch { assignees: assignees(), not_accused: Vec::new() },
        CommandKind::Redispatch => Command::Redispatch { assignees: assignees(), not_accused: Vec::new() },
        CommandKind::Reopen => Command::Reopen {},
        CommandKind::Close => Command::Close {},
        CommandKind::Supplement => Command::Supplement {},
        CommandKind::Urge => Command::Urge {},
        CommandKind::Withdraw => Command::Withdraw {},
        CommandKind::Assess => Command::Assess {
            by: Assessor::Citizen,
            assessment: Assessment { solved: Some(Solved::Partly), satisfaction: None },
        },
    }
}

fn by_index(index: usize) -> &'static str {
    FIT.get(index).unwrap_or(&ACCUSED)
}
