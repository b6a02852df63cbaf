//! A case: the fold of its events. Nothing here decides anything; [`crate::lifecycle`] does. The fold never fails: an
//! event it does not know is remembered by name, and whether that forbids a decision is not its business.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{Clock, Deadline};
use crate::decision::Decision;
use crate::event::{Actor, AnswerDelivered, EntryRef, Event, EventBody, SourceSeen};
use crate::ids::{CaseId, CaseNumber, Cause, Channel, DepartmentId, SourceId};
use crate::submission::{Assessment, Facts, Session};
use crate::vocabulary::{AnswerKind, Appeal, Assessor, EntryKind, LinkKind, Role, Solved, Stage, Warning};

/// How far a department is with its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    /// In its queue, not yet signed for.
    Offered,
    /// It has it.
    SignedFor,
    /// It is out: handed back, dispatched elsewhere, withdrawn, or the case ended.
    Released,
}

/// One department's part in a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignment {
    /// Who.
    pub department: DepartmentId,
    /// As what.
    pub role: Role,
    /// Its dispatch entry.
    pub n: u32,
    /// How far.
    pub state: AssignmentState,
    /// It asked to hand back and the centre has not ruled yet.
    #[serde(default)]
    pub return_requested: bool,
    /// The centre has ruled that it is theirs: it may not ask again.
    #[serde(default)]
    pub ruled: bool,
    /// It handed back, and the centre let it.
    #[serde(default)]
    pub returned: bool,
}

impl Assignment {
    fn is_active(&self) -> bool {
        self.state != AssignmentState::Released
    }
}

/// A queue entry other than a dispatch, until the department signs for it or is out of the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// The entry.
    pub entry: EntryRef,
    /// Not yet signed for.
    pub live: bool,
}

/// The first answer a cause got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Names of the events it led to.
    pub events: Vec<String>,
    /// Where the case stood after them.
    pub stage: Stage,
    /// Keyed digest of what was asked, where somebody asked by an id of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_digest: Option<String>,
}

/// An answer a source has not got yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owed {
    /// The event it is to be told.
    pub event: Uuid,
    /// What kind of answer.
    pub what: AnswerKind,
    /// Whose numbering it is told in.
    pub source: SourceId,
}

/// A record that came too late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Late {
    /// Whose.
    pub source: SourceId,
    /// Its order.
    pub order: i64,
    /// Digest of what its matter says.
    #[serde(default)]
    pub matter_digest: Option<String>,
    /// Digest of the answer it carries.
    #[serde(default)]
    pub answer_digest: Option<String>,
}

/// What stands beside the stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Marks {
    /// 预警.
    pub warning: Option<Warning>,
    /// How often urged.
    #[serde(default)]
    pub urged: u32,
    /// How often supervised.
    #[serde(default)]
    pub supervised: u32,
    /// A named leader answers for it.
    #[serde(default)]
    pub sponsored: bool,
    /// How often handed back with the centre's consent.
    #[serde(default)]
    pub returned: u32,
    /// A person has said who is to have it, and not the rules.
    #[serde(default)]
    pub by_hand: bool,
    /// How often reopened.
    #[serde(default)]
    pub reopened: u32,
    /// Links to other cases.
    #[serde(default)]
    pub links: Vec<(CaseId, LinkKind)>,
    /// It is treated as an accusation: who spoke is not shown.
    #[serde(default)]
    pub accusation: bool,
}

/// A case as its events tell it. Holds nothing personal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// Identity.
    pub id: CaseId,
    /// Read over the telephone.
    pub number: CaseNumber,
    /// Where it stands.
    pub stage: Stage,
    /// What stands beside the stage.
    pub marks: Marks,
    /// Where it came in first.
    pub channel: Channel,
    /// Each source's record as last seen; the first is the one it came with.
    pub sources: Vec<SourceSeen>,
    /// By numbering, the channels its records came by; answers go back through the first.
    pub channels: BTreeMap<String, Vec<Channel>>,
    /// Other numbers.
    pub aliases: Vec<SourceId>,
    /// What is known.
    pub facts: Facts,
    /// The routing decision it last went by.
    pub decision: Option<Arc<Decision>>,
    /// Everyone who has or had a part, oldest first.
    pub assignments: Vec<Assignment>,
    /// Notices, oldest first.
    pub notices: Vec<Notice>,
    /// The number of the next queue entry.
    pub next_n: u32,
    /// Clocks running.
    pub deadlines: Vec<Deadline>,
    /// The department's result.
    pub solved: Option<Solved>,
    /// Each assessor's last view.
    pub assessments: Vec<(Assessor, Assessment)>,
    /// Records that came too late: each is noted once.
    #[serde(default)]
    pub superseded: Vec<Late>,
    /// Mediation sessions by their numbers, each with what was told of it last.
    #[serde(default)]
    pub sessions: Vec<Session>,
    /// What sources are still to be told, in order.
    pub owed: Vec<Owed>,
    /// What sources were told.
    pub delivered: Vec<AnswerDelivered>,
    /// Sources that were owed our last word when the case came back, and took none since. They may have it all the same: it
    /// was under way, or their "yes" was lost.
    #[serde(default)]
    pub taken_back: Vec<SourceId>,
    /// Answers known by what caused them.
    pub causes: BTreeMap<Cause, Answer>,
    /// How many events.
    pub events: u64,
    /// Id of the last event.
    pub last_event: Uuid,
    /// Names of events of a later version that forbid deciding.
    pub unknown: Vec<String>,
    /// When the hub registered it.
    pub registered_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Case {
    /// Folds a whole history. `None` where it does not begin with a registration.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut case: Option<Self> = None;
        for event in events {
            match &mut case {
                Some(case) => case.apply(event),
                None => case = Self::begin(event),
            }
        }
        case
    }

    /// The case its first event makes.
    pub fn begin(event: &Event) -> Option<Self> {
        let EventBody::Registered(registered) = &event.body else { return None };
        let mut case = Self {
            id: event.case_id,
            number: registered.number.clone(),
            stage: Stage::Registered,
            marks: Marks::default(),
            channel: registered.channel.clone(),
            sources: Vec::new(),
            channels: BTreeMap::new(),
            aliases: registered.aliases.clone(),
            facts: registered.facts.clone(),
            decision: None,
            assignments: Vec::new(),
            notices: Vec::new(),
            next_n: 1,
            deadlines: Vec::new(),
            solved: None,
            assessments: Vec::new(),
            superseded: Vec::new(),
            sessions: Vec::new(),
            owed: Vec::new(),
            delivered: Vec::new(),
            taken_back: Vec::new(),
            causes: BTreeMap::new(),
            events: 0,
            last_event: event.id,
            unknown: Vec::new(),
            registered_at: event.at,
            updated_at: event.at,
        };
        case.see(&registered.seen, &registered.channel);
        case.note(event);
        Some(case)
    }

    /// Takes in one more event.
    pub fn apply(&mut self, event: &Event) {
        self.change(event);
        self.note(event);
    }

    /// The lead now, if a department has or is offered the case.
    pub fn lead(&self) -> Option<&Assignment> {
        self.assignments.iter().rev().find(|a| a.role == Role::Lead && a.is_active())
    }

    /// The department that led last, even if the case has ended; none where that one handed it back.
    pub fn last_lead(&self) -> Option<&DepartmentId> {
        let last = self.assignments.iter().rev().find(|a| a.role == Role::Lead);
        last.filter(|a| !a.returned).map(|a| &a.department)
    }

    /// The part a department has now.
    pub fn active(&self, department: &DepartmentId) -> Option<&Assignment> {
        self.assignments.iter().rev().find(|a| a.department == *department && a.is_active())
    }

    /// Every department with a part now, lead first.
    pub fn active_assignments(&self) -> Vec<&Assignment> {
        let mut active: Vec<&Assignment> = self.assignments.iter().filter(|a| a.is_active()).collect();
        active.sort_by_key(|a| a.role);
        active
    }

    /// Whether an entry still tells its department something it must act on.
    pub fn is_live(&self, department: &DepartmentId, n: u32) -> bool {
        let dispatch = |a: &Assignment| a.department == *department && a.n == n && a.state == AssignmentState::Offered;
        let notice = |x: &Notice| x.entry.department == *department && x.entry.n == n && x.live;
        self.assignments.iter().any(dispatch) || self.notices.iter().any(notice)
    }

    /// Whether this entry was ever made, as far as this fold goes: one read from a copy of the log that is behind does not
    /// know the newest.
    pub fn knows(&self, n: u32) -> bool {
        n < self.next_n
    }

    /// Every live entry.
    pub fn live_entries(&self) -> Vec<EntryRef> {
        let dispatches = self.assignments.iter().filter(|a| a.state == AssignmentState::Offered).map(|a| EntryRef {
            department: a.department.clone(),
            n: a.n,
            kind: EntryKind::Dispatch,
            role: a.role,
        });
        let notices = self.notices.iter().filter(|n| n.live).map(|n| n.entry.clone());
        dispatches.chain(notices).collect()
    }

    /// Whether departments may learn who spoke.
    pub fn hides_reporter(&self) -> bool {
        self.facts.flags.confidential || self.facts.flags.anonymous || self.accuses()
    }

    /// Whether it accuses somebody, be it one of our units or not.
    pub fn accuses(&self) -> bool {
        self.marks.accusation || self.facts.appeal == Some(Appeal::Accusation)
    }

    /// 预警: what was judged or the source says, whichever is graver.
    pub fn warning(&self) -> Option<Warning> {
        self.marks.warning.max(self.facts.urgency)
    }

    /// The source's record as last seen.
    pub fn source(&self, source: &SourceId) -> Option<&SourceSeen> {
        self.sources.iter().find(|s| s.source == *source)
    }

    /// The records that wait for an answer: one that only speaks of another where nothing else of its numbering is known.
    pub fn matters(&self) -> impl Iterator<Item = &SourceSeen> {
        let has_own = |s: &SourceSeen| {
            self.sources.iter().any(|other| other.source.namespace == s.source.namespace && !other.follow_up)
        };
        self.sources.iter().filter(move |s| !s.follow_up || !has_own(s))
    }

    fn note(&mut self, event: &Event) {
        if !self.causes.contains_key(&event.cause) {
            let asked_digest = event.asked_digest.clone();
            self.causes.insert(event.cause.clone(), Answer { events: Vec::new(), stage: self.stage, asked_digest });
        }
        if let Some(answer) = self.causes.get_mut(&event.cause) {
            answer.events.push(event.body.name().to_owned());
            answer.stage = self.stage;
        }
        self.events += 1;
        self.last_event = event.id;
        self.updated_at = event.at;
    }

    fn change(&mut self, event: &Event) {
        self.enqueue(&event.entries, &event.body);
        self.owe(event);
        match &event.body {
            EventBody::Registered(_) | EventBody::Conferred { .. } => {}
            EventBody::CalledIn { .. } => {}
            // Where the law gives longer for the matter itself, an interim answer is one.
            EventBody::InterimAnswered { .. } => self.stop(Clock::HotlineAnswer),
            EventBody::Interviewed { .. } | EventBody::ReviewRequested { .. } | EventBody::ReviewDecided { .. } => {}
            EventBody::Recorded {} => self.stage = Stage::Recorded,
            EventBody::Triaged { decision, deadlines } => self.enter_triage(decision, deadlines),
            EventBody::Dispatched { decision, deadlines, not_accused } => {
                self.clear(not_accused);
                self.enter_queues(decision.as_ref(), deadlines);
            }
            EventBody::SignedFor { department, n } => self.sign(department, *n),
            EventBody::Accepted { deadlines, .. } => {
                self.stage = Stage::Accepted;
                self.start(deadlines);
            }
            EventBody::Declined { .. } => self.end(Stage::Declined),
            EventBody::ClosedToRepetition { .. } => self.end(Stage::ClosedToRepetition),
            EventBody::ReturnRequested { department, n, .. } => {
                self.assignment(department, *n, |a| a.return_requested = true);
            }
            EventBody::ReturnGranted { department, n } => self.release_one(department, *n),
            EventBody::ReturnRefused { department, n } => self.assignment(department, *n, |a| {
                a.return_requested = false;
                a.ruled = true;
            }),
            EventBody::Progressed { department } => self.progress(department),
            EventBody::Resolved { solved, .. } => {
                self.solved = Some(*solved);
                self.end(Stage::Resolved);
            }
            EventBody::Assessed { by, assessment, seen, accused } => {
                self.accuse(accused);
                self.assess(*by, *assessment);
                self.see_again(seen.as_deref(), &event.actor);
                if let (Assessor::Citizen, None, Actor::Source { channel }) = (by, seen, &event.actor) {
                    self.hear_view(channel, *assessment);
                }
            }
            EventBody::Closed { .. } => self.end(Stage::Closed),
            EventBody::Revisited { assessment } => {
                self.assess(Assessor::Citizen, *assessment);
                self.stage = Stage::Revisited;
            }
            EventBody::Reopened { deadlines, seen } => {
                self.marks.reopened += 1;
                self.solved = None;
                self.take_back_last_words();
                self.deadlines.clone_from(deadlines);
                self.stage = Stage::Dispatched;
                self.see_again(seen.as_deref(), &event.actor);
            }
            EventBody::Urged { seen, accused } => {
                self.accuse(accused);
                self.marks.urged += 1;
                self.see_again(seen.as_deref(), &event.actor);
            }
            EventBody::Supervised {} => self.marks.supervised += 1,
            EventBody::Warned { colour, deadlines } => {
                self.marks.warning = Some(*colour);
                deadlines.iter().for_each(|sooner| self.bring_forward(sooner));
            }
            EventBody::Extended { clock, until, .. } => {
                self.deadlines.iter_mut().filter(|d| d.clock == *clock).for_each(|d| d.at = *until);
            }
            EventBody::Linked { to, kind } => self.marks.links.push((*to, *kind)),
            EventBody::Sponsored {} => self.marks.sponsored = true,
            EventBody::Supplemented(more) => {
                self.accuse(&more.accused);
                if let Some(seen) = &more.seen {
                    self.see(seen, &more.channel);
                }
                self.aliases.extend(more.aliases.iter().cloned());
                self.facts = more.facts.clone();
            }
            EventBody::UpstreamChanged { seen, upstream } => {
                let seen = SourceSeen { state: Some(upstream.state), ..seen.clone() };
                self.see_again(Some(&seen), &event.actor);
            }
            EventBody::MediationHeld { session, accused } => {
                self.accuse(accused);
                match self.sessions.iter_mut().find(|s| s.id == session.id) {
                    Some(known) => *known = known.merged(session),
                    None => self.sessions.push(session.clone()),
                }
            }
            EventBody::Superseded { source, order, matter_digest, answer_digest, .. } => self.superseded.push(Late {
                source: source.clone(),
                order: *order,
                matter_digest: matter_digest.clone(),
                answer_digest: answer_digest.clone(),
            }),
            EventBody::SecrecyAsked { anonymous, confidential } => {
                self.facts.flags.anonymous |= anonymous;
                self.facts.flags.confidential |= confidential;
            }
            EventBody::Withdrawn {} => self.end(Stage::Withdrawn),
            EventBody::AnswerDelivered(delivered) => {
                let owed = self.owed.len();
                self.owed.retain(|o| o.event != delivered.event || o.source != delivered.source);
                self.delivered.push(delivered.clone());
                if delivered.what.is_last() && !delivered.refused && !delivered.no_way {
                    self.taken_back.retain(|source| *source != delivered.source);
                }
                // It may have been under way when a reopening took it back: then nobody is to be told of it any more.
                if delivered.refused && !delivered.given_up && self.owed.len() < owed {
                    self.pass_on(delivered);
                }
            }
            EventBody::Unknown { name, ignorable } => {
                if !ignorable {
                    self.unknown.push(name.clone());
                }
            }
        }
    }

    /// What a clock ran for is done.
    fn stop(&mut self, clock: Clock) {
        self.deadlines.retain(|d| d.clock != clock);
    }

    /// Nobody has a part any more for which a clock could run.
    fn stop_parts(&mut self) {
        self.deadlines.retain(|d| !d.clock.is_of_part());
    }

    /// A clock that runs is not begun again: what the citizen is owed does not wait for whoever gets the case next.
    fn start(&mut self, deadlines: &[Deadline]) {
        for deadline in deadlines {
            if self.deadlines.iter().any(|running| running.clock == deadline.clock) {
                self.bring_forward(deadline);
            } else {
                self.deadlines.push(deadline.clone());
            }
        }
    }

    /// A running clock runs out sooner, never later.
    fn bring_forward(&mut self, sooner: &Deadline) {
        let running = self.deadlines.iter_mut().filter(|d| d.clock == sooner.clock && d.at > sooner.at);
        running.for_each(|d| d.clone_from(sooner));
    }

    /// Every source of the case is told what its citizen would want to know.
    fn owe(&mut self, event: &Event) {
        let what = match &event.body {
            EventBody::SignedFor { department, n } if self.is_lead_entry(department, *n) => AnswerKind::Accepted,
            EventBody::Declined { .. } => AnswerKind::Declined,
            EventBody::Progressed { .. } | EventBody::InterimAnswered { .. } => AnswerKind::Progress,
            EventBody::Resolved { .. } => AnswerKind::Resolved,
            _ => return,
        };
        for source in self.told_sources() {
            self.owed.push(Owed { event: event.id, what, source });
        }
    }

    fn is_lead_entry(&self, department: &DepartmentId, n: u32) -> bool {
        self.assignments.iter().any(|a| a.department == *department && a.n == n && a.role == Role::Lead)
    }

    /// One number in each numbering: the first that waits and is neither over at the source nor unknown to it by now.
    fn told_sources(&self) -> Vec<SourceId> {
        let mut told: Vec<&SourceSeen> = Vec::new();
        for seen in self.matters() {
            match told.iter_mut().find(|t| t.source.namespace == seen.source.namespace) {
                Some(first) if self.is_gone(first) && !self.is_gone(seen) => *first = seen,
                Some(_) => {}
                None => told.push(seen),
            }
        }
        told.into_iter().map(|t| t.source.clone()).collect()
    }

    /// Whether the source never took an answer of ours under this number, and has it no more or refused our last word. One
    /// that took our answer is told again, also where it holds the matter for over: its citizen may have asked again.
    fn is_gone(&self, seen: &SourceSeen) -> bool {
        let told = || self.delivered.iter().filter(|d| d.source == seen.source && !d.no_way);
        let is_last = |d: &&AnswerDelivered| matches!(d.what, AnswerKind::Declined | AnswerKind::Resolved);
        let refused_last = told().filter(is_last).any(|d| d.refused);
        (seen.is_over() || refused_last) && told().all(|d| d.refused)
    }

    /// What a source refused for good under one number, it may take under the next that waits: orders are issued again.
    fn pass_on(&mut self, refused: &AnswerDelivered) {
        let heard = |s: &SourceSeen| self.delivered.iter().any(|d| d.event == refused.event && d.source == s.source);
        let next = self.matters().filter(|s| s.source.namespace == refused.source.namespace);
        let next = next.filter(|s| !s.is_over() && !heard(s)).map(|s| s.source.clone()).next();
        self.owed.extend(next.map(|source| Owed { event: refused.event, what: refused.what, source }));
    }

    /// The case is open again: what its sources were still to be told of its end is told no more.
    fn take_back_last_words(&mut self) {
        for owed in self.owed.extract_if(.., |o| o.what.is_last()) {
            if !self.taken_back.contains(&owed.source) {
                self.taken_back.push(owed.source);
            }
        }
    }

    fn see(&mut self, seen: &SourceSeen, channel: &Channel) {
        match self.sources.iter_mut().find(|s| s.source == seen.source) {
            Some(known) => *known = known.seen_again(seen),
            None => self.sources.push(seen.clone()),
        }
        let channels = self.channels.entry(seen.source.namespace.to_string()).or_default();
        if !channels.contains(channel) {
            channels.push(channel.clone());
        }
    }

    /// A record whose event does not name its channel: it came by the one that spoke.
    fn see_again(&mut self, seen: Option<&SourceSeen>, speaker: &Actor) {
        if let Some(seen) = seen {
            let channel = match speaker {
                Actor::Source { channel } => channel.clone(),
                _ => self.channel.clone(),
            };
            self.see(seen, &channel);
        }
    }

    /// A source told the citizen's view by hand: its records will show it.
    fn hear_view(&mut self, channel: &Channel, view: Assessment) {
        let Self { sources, channels, .. } = self;
        let speaks =
            |s: &&mut SourceSeen| channels.get(s.source.namespace.as_str()).is_some_and(|c| c.contains(channel));
        sources.iter_mut().filter(speaks).for_each(|s| s.assessment = Some(view));
    }

    /// What is told later may accuse whom the first decision did not know of; who is accused stays so.
    fn accuse(&mut self, accused: &[DepartmentId]) {
        let Some(decision) = self.decision.as_mut().map(Arc::make_mut).filter(|_| !accused.is_empty()) else { return };
        self.marks.accusation = true;
        decision.accusation = true;
        let added: Vec<_> = accused.iter().filter(|d| !decision.accused.contains(d)).cloned().collect();
        decision.accused.extend(added);
    }

    /// A person found that these are not accused. What is told from here on may accuse them again.
    fn clear(&mut self, not_accused: &[DepartmentId]) {
        if let Some(decision) = self.decision.as_mut().map(Arc::make_mut) {
            decision.accused.retain(|accused| !not_accused.contains(accused));
        }
    }

    fn enqueue(&mut self, entries: &[EntryRef], body: &EventBody) {
        if matches!(body, EventBody::Dispatched { .. } | EventBody::Reopened { .. }) {
            self.release_all();
        }
        for entry in entries {
            self.next_n = self.next_n.max(entry.n + 1);
            if matches!(entry.kind, EntryKind::Dispatch | EntryKind::Reopen) {
                let ruled = self.was_ruled(entry);
                self.take_back_notice_of_loss(&entry.department);
                self.assignments.push(Assignment {
                    department: entry.department.clone(),
                    role: entry.role,
                    n: entry.n,
                    state: AssignmentState::Offered,
                    return_requested: false,
                    ruled,
                    returned: false,
                });
            } else {
                self.notices.push(Notice { entry: entry.clone(), live: true });
            }
        }
    }

    /// Who has the case again is no longer told that it lost it: it would strike off what it leads.
    fn take_back_notice_of_loss(&mut self, department: &DepartmentId) {
        let told = |x: &&mut Notice| x.entry.department == *department && x.entry.kind == EntryKind::Withdraw;
        self.notices.iter_mut().filter(told).for_each(|x| x.live = false);
    }

    /// Whether the centre has ruled that this part is this department's: that stands however often it is dispatched.
    fn was_ruled(&self, entry: &EntryRef) -> bool {
        self.assignments.iter().any(|a| a.ruled && a.department == entry.department && a.role == entry.role)
    }

    fn enter_triage(&mut self, decision: &Arc<Decision>, deadlines: &[Deadline]) {
        self.release_all();
        self.stop_parts();
        self.start(deadlines);
        self.remember(decision);
        self.stage = Stage::Triage;
    }

    fn enter_queues(&mut self, decision: Option<&Arc<Decision>>, deadlines: &[Deadline]) {
        match decision {
            Some(decision) => self.remember(decision),
            None => self.marks.by_hand = true,
        }
        self.stop_parts();
        self.deadlines.retain(|d| !d.clock.is_of_desk());
        self.start(deadlines);
        self.stage = Stage::Dispatched;
    }

    fn remember(&mut self, decision: &Arc<Decision>) {
        self.marks.accusation |= decision.accusation;
        self.decision = Some(decision.clone());
    }

    fn sign(&mut self, department: &DepartmentId, n: u32) {
        let mut leads = false;
        self.assignment(department, n, |a| {
            a.state = AssignmentState::SignedFor;
            leads = a.role == Role::Lead;
        });
        if leads {
            self.stage = Stage::SignedFor;
            self.stop(Clock::SignFor);
        }
        self.notices
            .iter_mut()
            .filter(|x| x.entry.department == *department && x.entry.n == n)
            .for_each(|x| x.live = false);
    }

    /// Only what was accepted gets under way: until then the lead may still accept it or decline.
    fn progress(&mut self, department: &DepartmentId) {
        let leads = self.active(department).is_some_and(|a| a.role == Role::Lead);
        if leads && self.stage == Stage::Accepted {
            self.stage = Stage::InProgress;
        }
    }

    fn assess(&mut self, by: Assessor, assessment: Assessment) {
        self.assessments.retain(|(who, _)| *who != by);
        self.assessments.push((by, assessment));
        if self.stage == Stage::Resolved {
            self.stage = Stage::Assessed;
        }
    }

    fn release_one(&mut self, department: &DepartmentId, n: u32) {
        self.marks.returned += 1;
        self.assignment(department, n, |a| {
            a.state = AssignmentState::Released;
            (a.return_requested, a.returned) = (false, true);
        });
        self.hush(Some(department));
    }

    /// No department has a part any more, and nothing but a withdrawal still concerns any.
    fn release_all(&mut self) {
        for assignment in &mut self.assignments {
            assignment.state = AssignmentState::Released;
            assignment.return_requested = false;
        }
        self.hush(None);
    }

    fn end(&mut self, stage: Stage) {
        self.release_all();
        self.stage = stage;
    }

    /// Notices of departments that are out are dead, except the one that tells them so.
    fn hush(&mut self, department: Option<&DepartmentId>) {
        self.notices
            .iter_mut()
            .filter(|x| x.entry.kind != EntryKind::Withdraw)
            .filter(|x| department.is_none_or(|d| x.entry.department == *d))
            .for_each(|x| x.live = false);
    }

    fn assignment(&mut self, department: &DepartmentId, n: u32, change: impl FnOnce(&mut Assignment)) {
        if let Some(found) = self.assignments.iter_mut().find(|a| a.department == *department && a.n == n) {
            change(found);
        }
    }

    /// Whether a department has or had a part in it, or was told of it.
    pub fn has_dealt_with(&self, department: &DepartmentId) -> bool {
        self.assignments.iter().any(|a| a.department == *department)
            || self.notices.iter().any(|x| x.entry.department == *department)
    }

    /// Whether an actor may learn that there is such a case: its id follows from its source's number, which others may guess.
    pub fn may_be_known_to(&self, actor: &Actor) -> bool {
        match actor {
            Actor::Department { department } => self.has_dealt_with(department),
            Actor::Source { .. } => self.is_source(actor),
            Actor::Operator { .. } | Actor::Machine { .. } | Actor::Hub => true,
        }
    }

    /// Whether the actor is one of the case's own sources.
    pub fn is_source(&self, actor: &Actor) -> bool {
        matches!(actor, Actor::Source { channel } if self.channels.values().any(|c| c.contains(channel)))
    }

    /// Whether records of a numbering came by this channel.
    pub fn speaks_for(&self, channel: &Channel, namespace: &str) -> bool {
        self.channels.get(namespace).is_some_and(|channels| channels.contains(channel))
    }

    /// The channel through which answers go back in a numbering.
    pub fn answers_by(&self, namespace: &str) -> &Channel {
        self.channels.get(namespace).and_then(|channels| channels.first()).unwrap_or(&self.channel)
    }
}
