//! What is always true of a case, said in so many words. Everything here is checked after every step.

use std::collections::BTreeSet;

use huiliu_schemas::case::{AssignmentState, Case};
use huiliu_schemas::command::{Action, Command, CommandKind, Given, Order};
use huiliu_schemas::event::{Actor, EntryRef, Event, EventBody};
use huiliu_schemas::lifecycle::{Decided, legal_now, may_know_where};
use huiliu_schemas::refusal::{Refusal, RefusalCode};
use huiliu_schemas::submission::Assessment;
use huiliu_schemas::vocabulary::{Assessor, EntryKind, ReturnReason, Role, Solved, Stage};
use huiliu_schemas::{Cause, DepartmentId};

use crate::steps::{ACTORS, FIT};
use crate::world::{World, department, lead, words};

/// A case is in exactly one of these places.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Queued,
    InTriage,
    Held,
    Ended,
}

fn places(stage: Stage) -> Vec<Place> {
    let all = [
        (stage == Stage::Dispatched, Place::Queued),
        (stage == Stage::Triage, Place::InTriage),
        (stage.is_held(), Place::Held),
        (stage.is_ended(), Place::Ended),
    ];
    all.into_iter().filter_map(|(is, place)| is.then_some(place)).collect()
}

/// Everything that is true of one state.
pub fn check_state(case: &Case) {
    let places = places(case.stage);
    assert_eq!(places.len(), 1, "in exactly one place, not {places:?} (stage {})", case.stage);
    check_parts(case, &places[0]);
    check_live(case);
    let last_word = case.owed.iter().any(|o| o.what.is_last());
    assert!(case.stage.is_ended() || !last_word, "no source is to be told of an end in {}", case.stage);
}

fn check_parts(case: &Case, place: &Place) {
    let active = case.active_assignments();
    let leads: Vec<_> = active.iter().filter(|a| a.role == Role::Lead).collect();
    let distinct: BTreeSet<_> = active.iter().map(|a| &a.department).collect();
    assert_eq!(distinct.len(), active.len(), "a department has one part");
    match place {
        Place::Queued | Place::Held => {
            assert_eq!(leads.len(), 1, "exactly one lead in {}", case.stage);
            assert_eq!(leads[0].state == AssignmentState::SignedFor, *place == Place::Held, "held when signed for");
        }
        Place::InTriage | Place::Ended => assert!(active.is_empty(), "nobody has a part in {}", case.stage),
    }
    for part in &case.assignments {
        let pending = part.return_requested;
        assert!(!pending || part.state != AssignmentState::Released, "who is out asks nothing");
        assert!(!pending || !part.ruled, "who was told it is theirs asks no more");
    }
}

fn check_live(case: &Case) {
    let live = case.live_entries();
    for entry in &live {
        let has_part = case.active(&entry.department).is_some();
        let is_out = entry.kind == EntryKind::Withdraw;
        assert!(
            has_part != is_out,
            "{entry:?} is live for a department that is {}",
            if has_part { "in" } else { "out" }
        );
        assert!(case.is_live(&entry.department, entry.n));
    }
    let offered = case.assignments.iter().filter(|a| a.state == AssignmentState::Offered).count();
    assert_eq!(live.iter().filter(|e| e.kind == EntryKind::Dispatch).count(), offered);
}

/// Everything that is true of a log.
pub fn check_log(world: &World) {
    let numbers: Vec<u32> = world.log.iter().flat_map(|e| &e.entries).map(|e| e.n).collect();
    let expected: Vec<u32> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "entry numbers rise by one and none is used twice");
    let case = world.case();
    assert_eq!(case.next_n as usize, numbers.len() + 1);
    assert_eq!(case.events as usize, world.log.len());
    let ids: BTreeSet<_> = world.log.iter().map(|e| e.id).collect();
    assert_eq!(ids.len(), world.log.len(), "every event has an id of its own");
    assert!(world.log.is_sorted_by_key(|e| e.at), "time never runs backwards within a case");
    assert_eq!(Some(case.updated_at), world.log.last().map(|e| e.at));
    assert_eq!(Case::fold(&world.log).as_ref(), Some(case), "the log is the case");
}

/// Where a case may stand after one order, seen from where it stood.
fn may_follow(before: Stage, after: Stage) -> bool {
    use Stage::{Accepted, Assessed, Closed, Declined, Dispatched, InProgress, Resolved, SignedFor, Triage, Withdrawn};
    let open: &[Stage] = match before {
        Triage => &[Dispatched, Declined, Withdrawn, Closed],
        Dispatched => &[SignedFor, Triage, Withdrawn, Closed],
        SignedFor => &[Accepted, Declined, Resolved, Dispatched, Triage, Withdrawn, Closed],
        Accepted => &[InProgress, Resolved, Dispatched, Triage, Withdrawn, Closed],
        InProgress => &[Resolved, Dispatched, Triage, Withdrawn, Closed],
        Resolved => &[Assessed, Closed, Dispatched, Triage],
        Assessed => &[Closed, Dispatched, Triage],
        Closed => &[Dispatched, Triage],
        _ => &[Triage],
    };
    before == after || open.contains(&after)
}

/// Everything that is true of one order's events.
pub fn check_step(before: Option<&Case>, after: &Case, order: &Order, new: &[Event]) {
    assert!(!new.is_empty(), "an answer without events is `Nothing`");
    let made: Vec<&EntryRef> = new.iter().flat_map(|e| &e.entries).collect();
    for entry in &made {
        let forbidden = order.given.forbidden.contains(&entry.department);
        assert!(!forbidden || entry.kind == EntryKind::Withdraw, "the accused gets {entry:?}");
    }
    let told = |e: &Event| matches!(e.body, EventBody::Supplemented(_) | EventBody::Urged { .. });
    if new.iter().any(told) {
        let holds = |d| after.active(d).is_some();
        assert!(!order.given.forbidden.iter().any(holds), "who turns out to be accused keeps nothing");
    }
    assert!(new.iter().skip(1).all(|e| e.content.is_empty()), "the words go with the first event only");
    assert!(new.iter().all(|e| e.cause == order.cause && e.actor == order.actor));
    let Some(before) = before else { return };
    assert!(may_follow(before.stage, after.stage), "{} -> {}", before.stage, after.stage);
    check_leavers_know(before, after, order, &made);
    check_nobody_waits(before, after, order);
    check_clocks_run_on(before, after, new);
}

/// What a citizen is owed by law runs out no later for anything that is done to the case, unless it begins again.
fn check_clocks_run_on(before: &Case, after: &Case, new: &[Event]) {
    if new.iter().any(|e| matches!(e.body, EventBody::Reopened { .. })) {
        return;
    }
    for owed in before.deadlines.iter().filter(|d| !d.clock.is_of_part()) {
        let running = after.deadlines.iter().filter(|d| d.clock == owed.clock);
        assert!(running.clone().count() == 1 && running.clone().all(|d| d.at <= owed.at), "{owed:?} was put off");
    }
}

/// A record ends a case only if its source had it there, and no other source has it open.
fn check_nobody_waits(before: &Case, after: &Case, order: &Order) {
    let Action::Submit(submit) = &order.action else { return };
    if before.stage.is_ended() || !after.stage.is_ended() {
        return;
    }
    let ours = &submit.seen.source;
    assert!(before.source(ours).is_some(), "{ours} ended what it merely joined");
    let waits: Vec<_> = before.matters().filter(|s| s.source.namespace != ours.namespace && !s.is_over()).collect();
    assert!(waits.is_empty(), "{ours} ended what {waits:?} waits for");
}

/// Whoever had signed and has lost its part learns of it, unless it was its own doing.
fn check_leavers_know(before: &Case, after: &Case, order: &Order, made: &[&EntryRef]) {
    for part in before.active_assignments() {
        let own = order.actor == Actor::Department { department: part.department.clone() };
        let lost = part.state == AssignmentState::SignedFor && after.active(&part.department).is_none();
        let told = made.iter().filter(|e| e.department == part.department && e.kind == EntryKind::Withdraw).count();
        assert!(!lost || own || told == 1, "{} lost the case and was told {told} times", part.department);
    }
}

/// What is listed as legal is accepted, and what is not listed is refused, for everyone; and a refusal says the same.
pub fn check_legal_now(world: &World) {
    let case = world.case();
    for actor in ACTORS.iter().map(|actor| actor()) {
        let legal = legal_now(case, &actor);
        for kind in CommandKind::ALL {
            for command in well_formed(case, &actor, *kind) {
                let order = probe(&actor, command);
                match world.look(&order) {
                    Ok(Decided::Events(_)) => assert!(legal.contains(kind), "{actor:?} did {kind} unlisted"),
                    Ok(other) => panic!("{actor:?} {kind}: {other:?}"),
                    Err(refusal) => {
                        assert!(!legal.contains(kind), "{actor:?} is told {kind} is legal, then {refusal}");
                        assert_eq!(refusal.legal_now, legal);
                        let known = case.may_be_known_to(&actor);
                        assert_eq!(refusal.code == RefusalCode::UnknownCase, !known);
                        check_tells_no_more(case, known && may_know_where(case, &actor), &refusal);
                    }
                }
            }
        }
    }
}

/// How far the case is and with whom is told to those who may know it, in no field and in no words to anybody else.
fn check_tells_no_more(case: &Case, told: bool, refusal: &Refusal) {
    assert_eq!(refusal.stage, told.then_some(case.stage));
    assert_eq!(refusal.lead.as_ref(), case.lead().filter(|_| told).map(|a| &a.department));
    let said = Stage::ALL.iter().find(|stage| refusal.detail.contains(stage.as_str()));
    assert!(told || said.is_none(), "who may not know how far the case is was told: {refusal}");
}

fn probe(actor: &Actor, command: Command) -> Order {
    let (cause, action) = (Cause::hub("probe"), Action::Command(command));
    Order { cause, asked_digest: None, actor: actor.clone(), action, content: words(), given: Given::default() }
}

/// Commands of a kind with nothing wrong in them but, perhaps, the time and the sender.
fn well_formed(case: &Case, actor: &Actor, kind: CommandKind) -> Vec<Command> {
    let pending: Vec<DepartmentId> =
        case.active_assignments().iter().filter(|a| a.return_requested).map(|a| a.department.clone()).collect();
    let asking = if pending.is_empty() { vec![department(FIT[0])] } else { pending };
    let fit = vec![lead(FIT[0])];
    let assessment = Assessment { solved: Some(Solved::Yes), satisfaction: None };
    match kind {
        CommandKind::SignFor => signable(case, actor).into_iter().map(|n| Command::SignFor { n }).collect(),
        CommandKind::Accept => vec![Command::Accept {}],
        CommandKind::Decline => vec![Command::Decline { article: "第十九条".into() }],
        CommandKind::RequestReturn => {
            vec![Command::RequestReturn { reason: ReturnReason::Other, suggested: None }]
        }
        CommandKind::GrantReturn => {
            let leads = |d: &DepartmentId| case.active(d).is_none_or(|part| part.role == Role::Lead);
            let to_nobody = asking.iter().map(|d| (d, Vec::new()));
            let to_another = asking.iter().filter(|d| leads(d)).map(|d| (d, fit.clone()));
            let grant = |(d, assignees): (&DepartmentId, _)| Command::GrantReturn { department: d.clone(), assignees };
            to_nobody.chain(to_another).map(grant).collect()
        }
        CommandKind::RefuseReturn => {
            asking.into_iter().map(|department| Command::RefuseReturn { department }).collect()
        }
        CommandKind::Progress => vec![Command::Progress {}],
        CommandKind::Resolve => vec![Command::Resolve { solved: Solved::Yes, contacted: true }],
        CommandKind::Dispatch => vec![Command::Dispatch { assignees: fit, not_accused: Vec::new() }],
        CommandKind::Redispatch => vec![Command::Redispatch { assignees: fit, not_accused: Vec::new() }],
        CommandKind::Reopen => vec![Command::Reopen {}],
        CommandKind::Close => vec![Command::Close {}],
        CommandKind::Supplement => vec![Command::Supplement {}],
        CommandKind::Urge => vec![Command::Urge {}],
        CommandKind::Withdraw => vec![Command::Withdraw {}],
        CommandKind::Assess => vec![Command::Assess { by: Assessor::Citizen, assessment }],
    }
}

/// The asker's live entries; where it has none, any number, and none.
fn signable(case: &Case, actor: &Actor) -> Vec<Option<u32>> {
    let own = |e: &EntryRef| *actor == Actor::Department { department: e.department.clone() };
    let live: Vec<Option<u32>> = case.live_entries().iter().filter(|e| own(e)).map(|e| Some(e.n)).collect();
    if live.is_empty() { (0..=case.next_n).map(Some).chain([None]).collect() } else { live }
}
