//! What may happen to a case, and what then does. [`decide`] is pure: case, order, time in; events or a refusal out.
//! It reads nothing, knows no clock and no chance; what had to be looked up is in the order.

use std::sync::Arc;

use jiff::Timestamp;

use crate::case::{Answer, Assignment, AssignmentState, Case};
use crate::clock::Deadline;
use crate::command::{Action, Command, CommandKind, Given, Order};
use crate::content::Content;
use crate::decision::{Assignee, Decision, Excluded, Severity, TriageReason, Verdict};
use crate::event::{Actor, AnswerDelivered, EntryRef, Event, EventBody, SourceSeen};
use crate::ids::{CaseId, DepartmentId, event_id};
use crate::refusal::{Refusal, RefusalCode};
use crate::vocabulary::{EntryKind, Role, Stage, Warning};

mod source;

pub use source::{Beginning, beginning};

/// In characters.
const LONGEST_ARTICLE: usize = 64;

/// What came of an order.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// These events are to be appended.
    Events(Vec<Event>),
    /// It was decided before: the first answer.
    Known(Answer),
    /// It changes nothing.
    Nothing(NothingNew),
}

/// Why nothing is to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NothingNew {
    /// Exactly what the source said before.
    Repeat,
    /// Our own answer, come round again.
    Echo,
    /// Something that happens at the source and changes no case.
    Notice,
}

/// Decides one order.
///
/// # Errors
/// A [`Refusal`] that says what the asker could do now.
pub fn decide(case: Option<&Case>, id: CaseId, order: &Order, now: Timestamp) -> Result<Decided, Refusal> {
    if let Some((case, answer)) = case.and_then(|c| Some((c, c.causes.get(&order.cause)?))) {
        return answer_again(case, answer, order);
    }
    if matches!(order.action, Action::Command(_)) && case.is_some_and(|case| !case.may_be_known_to(&order.actor)) {
        return Err(no_such_case());
    }
    if let Some(case) = case.filter(|c| !c.unknown.is_empty()) {
        let detail = format!("this version does not know {}; upgrade first", case.unknown.join(", "));
        return Err(refusal(case, &order.actor, RefusalCode::UnknownEvents, detail));
    }
    let draft = Draft::new(case, id, order, now);
    match (&order.action, case) {
        (Action::Submit(submit), None) => source::register(draft, submit),
        (Action::Submit(submit), Some(case)) => source::take_in(draft, case, submit),
        (_, None) => Err(no_such_case()),
        (Action::RecordDelivery(delivered), Some(_)) => Ok(record_delivery(draft, delivered)),
        (Action::Link { to, kind }, Some(case)) => Ok(source::link_to(draft, case, *to, *kind)),
        (Action::Command(command), Some(case)) => by_hand(draft, case, command),
    }
}

/// The first answer, to the one who asks the same again. Who asks something else under that id would take it for done.
fn answer_again(case: &Case, answer: &Answer, order: &Order) -> Result<Decided, Refusal> {
    let differ = answer.asked_digest.as_ref().zip(order.asked_digest.as_ref()).is_some_and(|(then, now)| then != now);
    if differ {
        let detail = "this id was used in this case for another command, or for other words: nothing was done now; send it \
                      with an id of its own";
        return Err(refusal(case, &order.actor, RefusalCode::IdReused, detail.to_owned()));
    }
    Ok(Decided::Known(answer.clone()))
}

/// What an actor could do to a case now.
pub fn legal_now(case: &Case, actor: &Actor) -> Vec<CommandKind> {
    let known = |_: &CommandKind| case.unknown.is_empty();
    CommandKind::ALL.iter().copied().filter(known).filter(|kind| permit(case, actor, *kind).is_ok()).collect()
}

/// Whether the asker may send a command of this kind at all, in the case's present stage.
fn permit(case: &Case, actor: &Actor, kind: CommandKind) -> Result<(), RefusalCode> {
    match kind {
        CommandKind::SignFor => may_sign(case, actor),
        CommandKind::Accept => leads_in(case, actor, &[Stage::SignedFor]),
        CommandKind::Decline if is_centre(actor) => in_stage(case, &[Stage::Triage]),
        CommandKind::Decline => leads_in(case, actor, &[Stage::SignedFor]),
        CommandKind::RequestReturn => may_hand_back(case, actor),
        CommandKind::GrantReturn | CommandKind::RefuseReturn => may_rule(case, actor),
        CommandKind::Progress => has_signed(case, actor),
        CommandKind::Resolve => leads_in(case, actor, &[Stage::SignedFor, Stage::Accepted, Stage::InProgress]),
        CommandKind::Dispatch => centre_in(case, actor, &[Stage::Registered, Stage::Triage]),
        CommandKind::Redispatch => {
            centre_in(case, actor, &[Stage::Dispatched, Stage::SignedFor, Stage::Accepted, Stage::InProgress])
        }
        CommandKind::Reopen => may_reopen(case, actor),
        CommandKind::Close => centre_in(case, actor, &[Stage::Resolved, Stage::Assessed]),
        CommandKind::Supplement => speaks_in(case, actor, |s| !s.is_ended()),
        CommandKind::Urge => speaks_in(case, actor, |s| !s.is_ended()),
        CommandKind::Withdraw => may_withdraw(case, actor),
        CommandKind::Assess => speaks_in(case, actor, Stage::has_result),
    }
}

fn by_hand(mut draft: Draft<'_>, case: &Case, command: &Command) -> Result<Decided, Refusal> {
    let actor = &draft.order.actor;
    if let Err(code) = permit(case, actor, command.kind()) {
        let now = if may_know_where(case, actor) { format!("in stage `{}`", case.stage) } else { "now".to_owned() };
        let detail = format!("`{}` is not possible for this asker {now}", command.kind());
        return Err(refusal(case, actor, code, detail));
    }
    if draft.order.content.text.is_some() && !command.kind().takes_text() {
        return Err(refusal(case, actor, RefusalCode::TextNotTaken, text_not_taken(actor, command.kind())));
    }
    match command {
        Command::SignFor { n } => return sign_for(draft, case, *n),
        Command::Accept {} => {
            let department = own_department(case, actor)?;
            draft.push(EventBody::Accepted { department, deadlines: draft.order.given.accept_deadlines.clone() });
        }
        Command::Decline { article } => {
            let detail = "`article` is to name an article, e.g. 《信访工作条例》第二十二条, in at most 64 characters";
            draft.need(case, names_an_article(article), RefusalCode::MissingReason, detail)?;
            let department = own_department(case, actor).ok();
            draft.tell_leaving(case, |d| Some(d) == department.as_ref());
            draft.push(EventBody::Declined { department, article: article.clone() });
        }
        Command::RequestReturn { reason, suggested } => {
            let told = draft.order.content.note.is_some();
            draft.need(case, told, RefusalCode::MissingReason, "`note` is missing: say why it is not yours")?;
            let Assignment { department, n, .. } = own_assignment(case, actor)?.clone();
            draft.push(EventBody::ReturnRequested { department, n, reason: *reason, suggested: suggested.clone() });
        }
        Command::GrantReturn { department, assignees } => return grant_return(draft, case, department, assignees),
        Command::RefuseReturn { department } => {
            let n = pending_return(&draft, case, department)?.n;
            let told = draft.order.content.note.is_some();
            draft.need(case, told, RefusalCode::MissingReason, "`note` is missing: say why it stays theirs")?;
            draft.enqueue(department, EntryKind::Supplement, pending_return(&draft, case, department)?.role);
            draft.push(EventBody::ReturnRefused { department: department.clone(), n });
        }
        Command::Progress {} => {
            let department = own_department(case, actor)?;
            draft.push(EventBody::Progressed { department });
        }
        Command::Resolve { solved, contacted } => {
            let told = draft.order.content.reply.is_some();
            draft.need(case, told, RefusalCode::MissingReply, "`reply` is missing: what is the citizen told")?;
            let department = own_department(case, actor)?;
            draft.tell_leaving(case, |d| *d == department);
            draft.push(EventBody::Resolved { department, solved: *solved, contacted: *contacted });
        }
        Command::Dispatch { assignees, not_accused } => dispatch_by_hand(&mut draft, case, assignees, not_accused)?,
        Command::Redispatch { assignees, not_accused } => {
            let told = draft.order.content.note.is_some();
            draft.need(case, told, RefusalCode::MissingReason, "`note` is missing: say why it is moved")?;
            dispatch_by_hand(&mut draft, case, assignees, not_accused)?;
        }
        Command::Reopen {} => {
            let told = draft.order.content.note.is_some();
            draft.need(case, told, RefusalCode::MissingReason, "`note` is missing: say why it is taken up again")?;
            draft.reopen(case, None);
        }
        Command::Close {} => draft.push(EventBody::Closed { at_source: false }),
        Command::Supplement {} => {
            let told = !draft.order.content.is_empty();
            draft.need(case, told, RefusalCode::MissingReason, "there is nothing in it: give `note` or `text`")?;
            source::supplement_by_hand(&mut draft, case);
        }
        Command::Urge {} => source::urge_by_hand(&mut draft, case),
        Command::Withdraw {} => source::withdraw(&mut draft, case),
        Command::Assess { by, assessment } => {
            let accused = draft.accused(case);
            draft.push(EventBody::Assessed { by: *by, assessment: *assessment, seen: None, accused });
            draft.warn_of(case, Vec::new());
            if assessment.is_bad() {
                draft.reopen(case, None);
            }
        }
    }
    Ok(draft.done())
}

/// And where to say it instead: a department may not supplement.
fn text_not_taken(actor: &Actor, kind: CommandKind) -> String {
    let instead = match actor {
        Actor::Department { .. } => "say it in `note`",
        _ => "what the citizen says is told with `supplement`, what a step is about stands in `note`",
    };
    format!("`text` is not taken with `{kind}`: {instead}")
}

/// It stands in clear in the log for ever: there is no room in it for anything about a person.
fn names_an_article(text: &str) -> bool {
    text.contains('条') && text.chars().count() <= LONGEST_ARTICLE
}

fn sign_for(mut draft: Draft<'_>, case: &Case, n: Option<u32>) -> Result<Decided, Refusal> {
    let Actor::Department { department } = draft.order.actor.clone() else { return Err(draft.refuse_not_yours(case)) };
    let offered = case.active(&department).filter(|a| a.state == AssignmentState::Offered).map(|a| a.n);
    let Some(n) = n.or(offered) else { return Err(draft.refuse_not_yours(case)) };
    if !case.is_live(&department, n) {
        let detail = format!("entry {n} is no longer live; the case is with {}", where_now(case, &draft.order.actor));
        return Err(refusal(case, &draft.order.actor, RefusalCode::DeadEntry, detail));
    }
    draft.push(EventBody::SignedFor { department, n });
    Ok(draft.done())
}

fn grant_return(
    mut draft: Draft<'_>,
    case: &Case,
    department: &DepartmentId,
    assignees: &[Assignee],
) -> Result<Decided, Refusal> {
    let pending = pending_return(&draft, case, department)?.clone();
    let detail = format!(
        "`{department}` takes part, and the lead keeps the case: grant without `assignees`; `redispatch` names everyone anew"
    );
    let goes_to_another = pending.role == Role::Participant && !assignees.is_empty();
    draft.need(case, !goes_to_another, RefusalCode::NotExactlyOneLead, &detail)?;
    let stays = |d: &DepartmentId| *d == pending.department || assignees.iter().any(|a| a.department == *d);
    draft.enqueue(department, EntryKind::Withdraw, pending.role);
    draft.push(EventBody::ReturnGranted { department: department.clone(), n: pending.n });
    if pending.role == Role::Participant {
        return Ok(draft.done());
    }
    if assignees.is_empty() {
        let decision = returned_to_triage(case, department);
        draft.tell_leaving(case, stays);
        draft.triage(decision);
    } else {
        check_assignees(&draft, case, assignees)?;
        draft.tell_leaving(case, stays);
        draft.dispatch(None, assignees, draft.order.given.dispatch_deadlines.clone(), Vec::new());
    }
    Ok(draft.done())
}

/// The decision a handed-back case lies in triage with: what was known, and the one who said "not ours" ruled out.
fn returned_to_triage(case: &Case, department: &DepartmentId) -> Decision {
    let because = "中心已准予退单".to_owned();
    let excluded = Excluded { department: department.clone(), because };
    to_triage(case, TriageReason::NoOwner, vec![excluded])
}

/// The decision a reopened case lies in triage with: what the rules make of it is for a person to choose.
fn reopened_in_triage(case: &Case, given: &Given) -> Decision {
    let decided = given.decision.as_deref().cloned();
    let decision = decided.unwrap_or_else(|| to_triage(case, TriageReason::Reopened, Vec::new()));
    let decision = for_a_person(decision, TriageReason::Reopened);
    still_accusing(case, decision)
}

/// The decision, with whom it chose as candidates: a person chooses.
fn for_a_person(mut decision: Decision, reason: TriageReason) -> Decision {
    let candidates = match decision.verdict {
        Verdict::Dispatch { assignees } => {
            assignees.into_iter().filter(|a| a.role == Role::Lead).map(|a| a.department).collect()
        }
        Verdict::Triage { candidates, .. } => candidates,
    };
    decision.verdict = Verdict::Triage { reasons: vec![reason], candidates };
    decision
}

/// What a decision made of later words says, and whom the case accused before: that stands.
fn still_accusing(case: &Case, mut decision: Decision) -> Decision {
    if let Some(known) = &case.decision {
        decision.accusation |= known.accusation;
        let added: Vec<_> = known.accused.iter().filter(|d| !decision.accused.contains(d)).cloned().collect();
        decision.accused.extend(added);
    }
    decision
}

/// A decision that leaves the case to a person, with what the last one knew.
fn to_triage(case: &Case, reason: TriageReason, excluded: Vec<Excluded>) -> Decision {
    let verdict = Verdict::Triage { reasons: vec![reason], candidates: Vec::new() };
    match case.decision.as_deref().cloned() {
        Some(mut decision) => {
            decision.verdict = verdict;
            decision.excluded.extend(excluded);
            decision
        }
        None => Decision {
            directory: String::new(),
            verdict,
            rule: None,
            matter: case.facts.matter.clone(),
            division: case.facts.division.clone(),
            level: None,
            complexity: None,
            accusation: case.marks.accusation,
            accused: Vec::new(),
            severity: Severity::default(),
            matched: Vec::new(),
            beaten: Vec::new(),
            excluded,
            confidence: 0,
        },
    }
}

fn dispatch_by_hand(
    draft: &mut Draft<'_>,
    case: &Case,
    assignees: &[Assignee],
    not_accused: &[DepartmentId],
) -> Result<(), Refusal> {
    check_clearing(draft, case, not_accused)?;
    check_assignees(draft, case, assignees)?;
    draft.tell_leaving(case, |d| assignees.iter().any(|a| a.department == *d));
    draft.dispatch(None, assignees, draft.order.given.dispatch_deadlines.clone(), not_accused.to_vec());
    Ok(())
}

/// That nobody is accused, only a person says, and why.
fn check_clearing(draft: &Draft<'_>, case: &Case, not_accused: &[DepartmentId]) -> Result<(), Refusal> {
    let clears = !not_accused.is_empty();
    let person = matches!(draft.order.actor, Actor::Operator { .. });
    draft.need(case, !clears || person, RefusalCode::NotAllowed, "`not_accused` is an operator's to say")?;
    let told = draft.order.content.note.is_some();
    draft.need(case, !clears || told, RefusalCode::MissingReason, "`note` is missing: say why they are not accused")
}

fn check_assignees(draft: &Draft<'_>, case: &Case, assignees: &[Assignee]) -> Result<(), Refusal> {
    let leads = assignees.iter().filter(|a| a.role == Role::Lead).count();
    let distinct =
        assignees.iter().enumerate().all(|(i, a)| assignees[..i].iter().all(|b| a.department != b.department));
    draft.need(case, leads == 1, RefusalCode::NotExactlyOneLead, &format!("{leads} leads were named"))?;
    draft.need(case, distinct, RefusalCode::NotExactlyOneLead, "a department is named twice")?;
    for assignee in assignees {
        let given = &draft.order.given;
        let named = |list: &[DepartmentId]| list.contains(&assignee.department);
        let detail = format!("department `{}`", assignee.department);
        draft.need(case, !named(&given.unknown), RefusalCode::UnknownDepartment, &detail)?;
        let accused = format!("{detail}; a person who finds that a unit is not accused names it in `not_accused`");
        draft.need(case, !named(&given.forbidden), RefusalCode::Accused, &accused)?;
    }
    Ok(())
}

fn record_delivery(mut draft: Draft<'_>, delivered: &AnswerDelivered) -> Decided {
    draft.push(EventBody::AnswerDelivered(delivered.clone()));
    draft.done()
}

/// Events being written for one order.
struct Draft<'a> {
    order: &'a Order,
    id: CaseId,
    now: Timestamp,
    next_n: u32,
    entries: Vec<EntryRef>,
    events: Vec<Event>,
}

impl<'a> Draft<'a> {
    fn new(case: Option<&Case>, id: CaseId, order: &'a Order, now: Timestamp) -> Self {
        // The log's time never runs backwards within a case, whatever the machine's clock does.
        let now = case.map_or(now, |c| now.max(c.updated_at));
        Self { order, id, now, next_n: case.map_or(1, |c| c.next_n), entries: Vec::new(), events: Vec::new() }
    }

    /// Adds an event with the entries gathered for it. The order's words, and their digest, go with the first; not the
    /// words with a mere link or wish, for whoever has the case would read them, and nobody have judged them.
    fn push(&mut self, body: EventBody) {
        let says_them = !matches!(body, EventBody::Linked { .. } | EventBody::SecrecyAsked { .. });
        let index = self.events.len();
        let content = if index == 0 && says_them { self.order.content.clone() } else { Content::default() };
        let asked_digest = self.order.asked_digest.clone().filter(|_| index == 0);
        self.events.push(Event {
            id: event_id(self.id, &self.order.cause, index),
            case_id: self.id,
            at: self.now,
            cause: self.order.cause.clone(),
            asked_digest,
            actor: self.order.actor.clone(),
            entries: std::mem::take(&mut self.entries),
            body,
            content,
        });
    }

    fn done(self) -> Decided {
        Decided::Events(self.events)
    }

    fn enqueue(&mut self, department: &DepartmentId, kind: EntryKind, role: Role) {
        self.entries.push(EntryRef { department: department.clone(), n: self.next_n, kind, role });
        self.next_n += 1;
    }

    /// A notice to everyone who has a part, but never to the accused.
    fn tell_active(&mut self, case: &Case, kind: EntryKind) {
        for assignment in case.active_assignments() {
            if !self.is_forbidden(&assignment.department) {
                self.enqueue(&assignment.department, kind, assignment.role);
            }
        }
    }

    /// Tells those who had signed and now lose the case that it is no longer theirs. A dispatch nobody signed for simply
    /// dies in its queue.
    fn tell_leaving(&mut self, case: &Case, stays: impl Fn(&DepartmentId) -> bool) {
        for assignment in case.active_assignments() {
            if assignment.state == AssignmentState::SignedFor && !stays(&assignment.department) {
                self.enqueue(&assignment.department, EntryKind::Withdraw, assignment.role);
            }
        }
    }

    fn dispatch(
        &mut self,
        decision: Option<Arc<Decision>>,
        assignees: &[Assignee],
        deadlines: Vec<Deadline>,
        not_accused: Vec<DepartmentId>,
    ) {
        for assignee in assignees {
            self.enqueue(&assignee.department, EntryKind::Dispatch, assignee.role);
        }
        self.push(EventBody::Dispatched { decision, deadlines, not_accused });
    }

    /// The case is graver than was warned of, whoever says so: what was judged is never less than the source's own urgency.
    /// What the source calls grave is told of as well as what is judged so; what it calls ordinary is not. The event is what
    /// whoever must know at once waits for, and comes once of an order.
    fn warn(&mut self, warned: Option<Warning>, urgency: Option<Warning>, deadlines: Vec<Deadline>) {
        let judged = self.order.given.decision.as_ref().and_then(|d| d.severity.colour);
        let known = warned.max(urgency.filter(|said| *said < Warning::Orange));
        let told = self.events.iter().any(|e| matches!(e.body, EventBody::Warned { .. }));
        if let Some(colour) = judged.filter(|c| Some(*c) > known && !told) {
            self.push(EventBody::Warned { colour, deadlines });
        }
    }

    /// The same, of a case that is known. While it is over, nobody must know at once of what its source called grave all along:
    /// that is told of when it comes back.
    fn warn_of(&mut self, case: &Case, deadlines: Vec<Deadline>) {
        let back = self.events.iter().any(|e| matches!(e.body, EventBody::Reopened { .. }));
        let warned = if case.stage.is_ended() && !back { case.warning() } else { case.marks.warning };
        self.warn(warned, case.facts.urgency, deadlines);
    }

    /// 重办: to whoever led last; where that may not be, or there is no result to be had again, a person decides.
    fn reopen(&mut self, case: &Case, seen: Option<Box<SourceSeen>>) {
        self.take_up_again(case, seen);
        self.warn_of(case, Vec::new());
    }

    fn take_up_again(&mut self, case: &Case, seen: Option<Box<SourceSeen>>) {
        let given = &self.order.given;
        let barred = |d: &DepartmentId| self.is_forbidden(d) || given.unknown.contains(d);
        let lead = case.last_lead().filter(|d| case.stage.has_result() && !barred(d));
        let Some(lead) = lead else {
            self.push(EventBody::Reopened { deadlines: Vec::new(), seen });
            return self.triage(reopened_in_triage(case, given));
        };
        self.enqueue(lead, EntryKind::Reopen, Role::Lead);
        self.push(EventBody::Reopened { deadlines: given.dispatch_deadlines.clone(), seen });
    }

    /// Goes where the rules say.
    fn route(&mut self) -> Result<(), Refusal> {
        let decision = self.order.given.decision.clone().ok_or_else(no_such_case)?;
        self.go_by(decision);
        Ok(())
    }

    /// Goes where a decision says, without those who may not have the case.
    fn go_by(&mut self, decision: Arc<Decision>) {
        let decision = self.permitted(decision);
        if let Verdict::Dispatch { assignees } = decision.verdict.clone() {
            let deadlines = self.order.given.dispatch_deadlines.clone();
            return self.dispatch(Some(decision), &assignees, deadlines, Vec::new());
        }
        self.triage(decision);
    }

    /// A person dispatches it, and in time.
    fn triage(&mut self, decision: impl Into<Arc<Decision>>) {
        let decision = self.permitted(decision.into());
        let deadlines = self.order.given.triage_deadlines.clone();
        self.push(EventBody::Triaged { decision, deadlines });
    }

    /// The decision without those who may not have the case; where it is the lead, a person decides.
    fn permitted(&self, mut decision: Arc<Decision>) -> Arc<Decision> {
        let mut barred: Vec<DepartmentId> = match &decision.verdict {
            Verdict::Dispatch { assignees } => assignees.iter().map(|a| a.department.clone()).collect(),
            Verdict::Triage { candidates, .. } => candidates.clone(),
        };
        barred.retain(|department| self.is_forbidden(department));
        if barred.is_empty() {
            return decision;
        }
        let leads = decision.lead().is_some_and(|lead| barred.contains(lead));
        let changed = Arc::make_mut(&mut decision);
        match &mut changed.verdict {
            verdict @ Verdict::Dispatch { .. } if leads => {
                *verdict = Verdict::Triage { reasons: vec![TriageReason::AccusedOnly], candidates: Vec::new() };
            }
            Verdict::Dispatch { assignees } => assignees.retain(|a| !barred.contains(&a.department)),
            Verdict::Triage { candidates, .. } => candidates.retain(|d| !barred.contains(d)),
        }
        barred.retain(|department| changed.excluded.iter().all(|known| known.department != *department));
        let because = "被反映单位，不得承办".to_owned();
        changed.excluded.extend(barred.into_iter().map(|department| Excluded { department, because: because.clone() }));
        decision
    }

    /// Whom the order's words accuse that the case did not; not who is only found fault with, which is judged anew each time.
    fn accused(&self, case: &Case) -> Vec<DepartmentId> {
        let known = case.decision.as_ref().map_or(&[][..], |d| &d.accused);
        let decision = self.order.given.decision.as_ref().filter(|d| d.accusation);
        decision.into_iter().flat_map(|d| &d.accused).filter(|d| !known.contains(d)).cloned().collect()
    }

    /// Whether a department may not have the case, nor learn what is said in it.
    fn is_forbidden(&self, department: &DepartmentId) -> bool {
        self.order.given.forbidden.contains(department)
    }

    fn need(&self, case: &Case, holds: bool, code: RefusalCode, detail: &str) -> Result<(), Refusal> {
        if holds { Ok(()) } else { Err(refusal(case, &self.order.actor, code, detail.to_owned())) }
    }

    fn refuse_not_yours(&self, case: &Case) -> Refusal {
        let detail = format!("the case is with {}", where_now(case, &self.order.actor));
        refusal(case, &self.order.actor, RefusalCode::NotYours, detail)
    }
}

/// The refusal of a command for a case that is no more as it was seen.
pub fn changed(case: &Case, actor: &Actor) -> Refusal {
    if !case.may_be_known_to(actor) {
        return no_such_case();
    }
    let detail = "the case has changed since it was seen: look again and decide again";
    refusal(case, actor, RefusalCode::Changed, detail.to_owned())
}

fn refusal(case: &Case, actor: &Actor, code: RefusalCode, detail: String) -> Refusal {
    let told = may_know_where(case, actor);
    let lead = case.lead().filter(|_| told).map(|a| a.department.clone());
    Refusal { code, detail, stage: told.then_some(case.stage), lead, legal_now: legal_now(case, actor) }
}

fn no_such_case() -> Refusal {
    let detail = "no case has this id or number".to_owned();
    Refusal { code: RefusalCode::UnknownCase, detail, stage: None, lead: None, legal_now: Vec::new() }
}

/// Whether the asker may learn how far the case is and with whom. Where it accuses somebody, who looks into it is the
/// business of those who do: one that had it before may be the accused, or stand under them.
pub fn may_know_where(case: &Case, actor: &Actor) -> bool {
    let Actor::Department { department } = actor else { return true };
    let accused = case.decision.as_ref().is_some_and(|d| d.accused.contains(department));
    !(case.accuses() || accused) || case.active(department).is_some()
}

fn where_now(case: &Case, actor: &Actor) -> String {
    if !may_know_where(case, actor) {
        return "others".to_owned();
    }
    case.lead().map_or_else(|| format!("nobody (stage `{}`)", case.stage), |a| format!("`{}`", a.department))
}

fn is_centre(actor: &Actor) -> bool {
    matches!(actor, Actor::Operator { .. } | Actor::Machine { .. } | Actor::Hub)
}

fn in_stage(case: &Case, stages: &[Stage]) -> Result<(), RefusalCode> {
    if stages.contains(&case.stage) { Ok(()) } else { Err(RefusalCode::WrongStage) }
}

fn centre_in(case: &Case, actor: &Actor, stages: &[Stage]) -> Result<(), RefusalCode> {
    if !is_centre(actor) {
        return Err(RefusalCode::NotAllowed);
    }
    in_stage(case, stages)
}

/// A case may have ended by mistake: by a rule that was mistyped, or a source's wrong code. That a person says.
fn may_reopen(case: &Case, actor: &Actor) -> Result<(), RefusalCode> {
    match actor {
        Actor::Operator { .. } if case.stage.is_ended() => Ok(()),
        Actor::Operator { .. } => Err(RefusalCode::WrongStage),
        _ => Err(RefusalCode::NotAllowed),
    }
}

/// The citizen speaks through a source, or through a person at the centre.
fn speaks_in(case: &Case, actor: &Actor, stage: impl Fn(Stage) -> bool) -> Result<(), RefusalCode> {
    if !is_centre(actor) && !case.is_source(actor) {
        return Err(RefusalCode::NotAllowed);
    }
    if stage(case.stage) { Ok(()) } else { Err(RefusalCode::WrongStage) }
}

/// A source speaks for its own citizen: while another one waits for an answer, the centre withdraws (decision 33).
fn may_withdraw(case: &Case, actor: &Actor) -> Result<(), RefusalCode> {
    speaks_in(case, actor, |s| !s.is_ended())?;
    let Actor::Source { channel } = actor else { return Ok(()) };
    let theirs = |s: &SourceSeen| case.speaks_for(channel, s.source.namespace.as_str());
    let others_wait = case.matters().any(|s| !s.is_over() && !theirs(s));
    if others_wait { Err(RefusalCode::NotAllowed) } else { Ok(()) }
}

fn part<'c>(case: &'c Case, actor: &Actor) -> Result<&'c Assignment, RefusalCode> {
    let Actor::Department { department } = actor else { return Err(RefusalCode::NotAllowed) };
    case.active(department).ok_or(RefusalCode::NotYours)
}

fn may_sign(case: &Case, actor: &Actor) -> Result<(), RefusalCode> {
    let Actor::Department { department } = actor else { return Err(RefusalCode::NotAllowed) };
    if !case.has_dealt_with(department) {
        return Err(RefusalCode::NotYours);
    }
    let live = case.live_entries().iter().any(|e| e.department == *department);
    if live { Ok(()) } else { Err(RefusalCode::DeadEntry) }
}

fn leads_in(case: &Case, actor: &Actor, stages: &[Stage]) -> Result<(), RefusalCode> {
    let part = part(case, actor)?;
    if part.role != Role::Lead {
        return Err(RefusalCode::NotAllowed);
    }
    if part.return_requested {
        return Err(RefusalCode::ReturnPending);
    }
    in_stage(case, stages)
}

fn may_hand_back(case: &Case, actor: &Actor) -> Result<(), RefusalCode> {
    let part = part(case, actor)?;
    match (part.return_requested, part.ruled) {
        (true, _) => Err(RefusalCode::ReturnPending),
        (_, true) => Err(RefusalCode::AlreadyRuled),
        _ => Ok(()),
    }
}

fn may_rule(case: &Case, actor: &Actor) -> Result<(), RefusalCode> {
    if !is_centre(actor) {
        return Err(RefusalCode::NotAllowed);
    }
    let pending = case.active_assignments().iter().any(|a| a.return_requested);
    if pending { Ok(()) } else { Err(RefusalCode::NoReturnPending) }
}

fn has_signed(case: &Case, actor: &Actor) -> Result<(), RefusalCode> {
    let part = part(case, actor)?;
    if part.state == AssignmentState::SignedFor { Ok(()) } else { Err(RefusalCode::WrongStage) }
}

fn own_assignment<'c>(case: &'c Case, actor: &Actor) -> Result<&'c Assignment, Refusal> {
    part(case, actor).map_err(|code| refusal(case, actor, code, format!("the case is with {}", where_now(case, actor))))
}

fn own_department(case: &Case, actor: &Actor) -> Result<DepartmentId, Refusal> {
    own_assignment(case, actor).map(|a| a.department.clone())
}

fn pending_return<'c>(draft: &Draft<'_>, case: &'c Case, department: &DepartmentId) -> Result<&'c Assignment, Refusal> {
    case.active(department).filter(|a| a.return_requested).ok_or_else(|| {
        let detail = format!("department `{department}` has not asked to hand back");
        refusal(case, &draft.order.actor, RefusalCode::NoReturnPending, detail)
    })
}
