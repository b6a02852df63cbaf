//! What departments and the centre do to a case, story by story.

use std::sync::Arc;

use huiliu_schemas::Cause;
use huiliu_schemas::case::Case;
use huiliu_schemas::clock::{Clock, Deadline};
use huiliu_schemas::command::{Action, Command, Given, Order};
use huiliu_schemas::content::Content;
use huiliu_schemas::decision::{RuleRef, Verdict};
use huiliu_schemas::entry::Entry;
use huiliu_schemas::event::{Actor, Event, EventBody, payload_of, read_payload};
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::submission::Assessment;
use huiliu_schemas::vocabulary::{Assessor, EntryKind, ReturnReason, Solved, Stage};
use jiff::Timestamp;

use crate::world::*;

fn ask_back() -> Command {
    Command::RequestReturn { reason: ReturnReason::NotOurDuty, suggested: None }
}

fn grant(name: &str) -> Command {
    Command::GrantReturn { department: department(name), assignees: Vec::new() }
}

fn resolve() -> Command {
    Command::Resolve { solved: Solved::Yes, contacted: true }
}

#[test]
fn a_case_runs_from_its_source_to_its_end() {
    let mut world = World::dispatched(&[lead("housing"), participant("police")]);
    assert_eq!(world.live(), ["housing dispatch", "police dispatch"]);
    let steps: Vec<(Actor, Command, &str, Stage)> = vec![
        (of("police"), Command::SignFor { n: None }, "signed_for", Stage::Dispatched),
        (of("housing"), Command::SignFor { n: None }, "signed_for", Stage::SignedFor),
        (of("housing"), Command::Accept {}, "accepted", Stage::Accepted),
        (of("police"), Command::Progress {}, "progressed", Stage::Accepted),
        (of("housing"), Command::Progress {}, "progressed", Stage::InProgress),
        (of("housing"), resolve(), "resolved", Stage::Resolved),
        (desk(), Command::Close {}, "closed", Stage::Closed),
    ];
    for (actor, command, name, stage) in steps {
        assert_eq!(world.command(&actor, command), events(&[name]));
        assert_eq!(world.stage(), stage, "after {name}");
    }
    assert_eq!(world.live(), ["police withdraw"], "a participant that had signed learns that it is over");
    assert_eq!(world.case().solved, Some(Solved::Yes));
}

#[test]
fn a_granted_return_goes_to_triage_and_from_there_elsewhere() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    assert_eq!(world.command(&of("housing"), ask_back()), events(&["return_requested"]));
    assert_eq!(world.stage(), Stage::SignedFor, "it stays answerable until the centre grants");
    assert_eq!(world.command(&of("housing"), resolve()), Outcome::Refused(RefusalCode::ReturnPending));
    assert_eq!(world.command(&desk(), grant("housing")), events(&["return_granted", "triaged"]));
    assert_eq!((world.stage(), world.lead()), (Stage::Triage, None));
    assert_eq!(world.told(), ["housing withdraw", "police withdraw"]);
    let decision = world.case().decision.as_ref().expect("a decision");
    assert!(matches!(decision.verdict, Verdict::Triage { .. }));
    assert!(decision.excluded.iter().any(|e| e.department == department("housing")));
    assert_eq!(
        world.command(&desk(), Command::Dispatch { assignees: vec![lead("town")], not_accused: Vec::new() }),
        events(&["dispatched"])
    );
    assert_eq!((world.stage(), world.lead()), (Stage::Dispatched, Some("town")));
    let refused = world.command(&of("housing"), Command::Accept {});
    assert_eq!(refused, Outcome::Refused(RefusalCode::NotYours));
}

#[test]
fn a_return_may_be_granted_straight_to_another() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    world.command(&of("housing"), ask_back());
    let on = Command::GrantReturn {
        department: department("housing"),
        assignees: vec![lead("town"), participant("police")],
    };
    assert_eq!(world.command(&desk(), on), events(&["return_granted", "dispatched"]));
    assert_eq!(world.told(), ["housing withdraw", "town dispatch", "police dispatch"]);
    assert_eq!(world.lead(), Some("town"));
}

#[test]
fn a_refused_return_may_not_be_asked_again() {
    let mut world = World::signed(&[lead("housing")]);
    world.command(&of("housing"), ask_back());
    assert_eq!(world.command(&of("housing"), ask_back()), Outcome::Refused(RefusalCode::ReturnPending));
    let refuse = Command::RefuseReturn { department: department("housing") };
    assert_eq!(world.wordless(&desk(), refuse.clone()), Outcome::Refused(RefusalCode::MissingReason));
    assert_eq!(world.command(&desk(), refuse.clone()), events(&["return_refused"]));
    assert_eq!(world.told(), ["housing supplement"]);
    assert_eq!(world.command(&of("housing"), ask_back()), Outcome::Refused(RefusalCode::AlreadyRuled));
    assert_eq!(world.command(&desk(), refuse), Outcome::Refused(RefusalCode::NoReturnPending));
    assert_eq!(world.command(&of("housing"), Command::Accept {}), events(&["accepted"]));
}

#[test]
fn a_ruling_outlives_a_redispatch() {
    let mut world = World::signed(&[lead("housing")]);
    world.command(&of("housing"), ask_back());
    world.command(&desk(), Command::RefuseReturn { department: department("housing") });
    let again =
        Command::Redispatch { assignees: vec![lead("housing"), participant("police")], not_accused: Vec::new() };
    assert_eq!(world.command(&desk(), again), events(&["dispatched"]));
    assert_eq!(world.command(&of("housing"), ask_back()), Outcome::Refused(RefusalCode::AlreadyRuled));
    assert_eq!(world.command(&of("police"), ask_back()), events(&["return_requested"]));
}

#[test]
fn a_participant_hands_back_and_the_lead_keeps_the_case() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    assert_eq!(world.command(&of("police"), ask_back()), events(&["return_requested"]));
    assert_eq!(world.command(&desk(), grant("police")), events(&["return_granted"]));
    assert_eq!((world.stage(), world.lead()), (Stage::SignedFor, Some("housing")));
    assert_eq!(world.told(), ["police withdraw"]);
    assert!(world.case().active(&department("police")).is_none());
    assert_eq!(world.command(&of("police"), Command::Progress {}), Outcome::Refused(RefusalCode::NotYours));
}

/// Only the lead's part can go to somebody else: a participant's is over, and whoever is to come in is named with everyone.
#[test]
fn a_participants_return_is_granted_to_nobody() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    world.command(&of("police"), ask_back());
    for to in [lead("town"), participant("town")] {
        let on = Command::GrantReturn { department: department("police"), assignees: vec![to] };
        assert_eq!(world.command(&desk(), on), Outcome::Refused(RefusalCode::NotExactlyOneLead));
    }
    assert!(world.case().active(&department("police")).is_some_and(|part| part.return_requested), "it still waits");
    assert_eq!(world.command(&desk(), grant("police")), events(&["return_granted"]));
}

#[test]
fn who_has_the_case_again_is_no_longer_told_that_it_lost_it() {
    let moved = |name: &str| Command::Redispatch { assignees: vec![lead(name)], not_accused: Vec::new() };
    let mut world = World::signed(&[lead("housing")]);
    world.command(&desk(), moved("town"));
    let lost = world.live_n("housing", EntryKind::Withdraw);
    world.command(&desk(), moved("housing"));
    assert_eq!(world.live(), ["housing dispatch"]);
    assert_eq!(world.command(&of("housing"), Command::SignFor { n: None }), events(&["signed_for"]));
    let late = world.command(&of("housing"), Command::SignFor { n: Some(lost) });
    assert_eq!(late, Outcome::Refused(RefusalCode::DeadEntry));
}

#[test]
fn a_redispatch_tells_those_who_had_signed_and_nobody_else() {
    let mut world = World::dispatched(&[lead("housing"), participant("police"), participant("court")]);
    world.command(&of("housing"), Command::SignFor { n: None });
    let offered = world.live_n("police", EntryKind::Dispatch);
    let moved = Command::Redispatch { assignees: vec![lead("town"), participant("court")], not_accused: Vec::new() };
    assert_eq!(world.wordless(&desk(), moved.clone()), Outcome::Refused(RefusalCode::MissingReason));
    assert_eq!(world.command(&desk(), moved), events(&["dispatched"]));
    assert_eq!(world.told(), ["housing withdraw", "town dispatch", "court dispatch"]);
    assert_eq!(world.live(), ["town dispatch", "court dispatch", "housing withdraw"]);
    let dead = world.command(&of("police"), Command::SignFor { n: Some(offered) });
    assert_eq!(dead, Outcome::Refused(RefusalCode::DeadEntry));
    let notice = world.live_n("housing", EntryKind::Withdraw);
    assert_eq!(world.command(&of("housing"), Command::SignFor { n: Some(notice) }), events(&["signed_for"]));
    assert_eq!((world.stage(), world.lead()), (Stage::Dispatched, Some("town")), "signing for a notice moves nothing");
}

#[test]
fn a_dead_entry_says_where_the_case_went() {
    let mut world = World::signed(&[lead("housing")]);
    world.command(&desk(), Command::Redispatch { assignees: vec![lead("town")], not_accused: Vec::new() });
    let command = Action::Command(Command::SignFor { n: Some(1) });
    let order = world.order(of("housing"), command, Content::default(), Given::default());
    let refusal = world.look(&order).expect_err("its entry is dead");
    assert_eq!((refusal.code, refusal.stage), (RefusalCode::DeadEntry, Some(Stage::Dispatched)));
    assert_eq!(refusal.lead, Some(department("town")));
    assert!(refusal.detail.contains("`town`"), "{}", refusal.detail);
}

#[test]
fn a_participant_cannot_resolve_and_a_lead_needs_a_reply() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    assert_eq!(world.command(&of("police"), resolve()), Outcome::Refused(RefusalCode::NotAllowed));
    assert_eq!(world.wordless(&of("housing"), resolve()), Outcome::Refused(RefusalCode::MissingReply));
    assert_eq!(world.command(&desk(), Command::Close {}), Outcome::Refused(RefusalCode::WrongStage));
    assert_eq!(world.command(&of("housing"), resolve()), events(&["resolved"]));
    assert_eq!(world.command(&of("housing"), resolve()), Outcome::Refused(RefusalCode::NotYours));
}

/// What is told with a command that is not judged for accusations would be read by whom it accuses. One that an earlier version
/// took gets its first answer all the same.
#[test]
fn a_text_comes_with_what_is_judged_and_with_nothing_else() {
    let text = || Content { text: Some("局长收钱".into()), ..words() };
    let mut world = World::signed(&[lead("housing")]);
    for (actor, command, takes) in [
        (of("housing"), Command::Progress {}, false),
        (desk(), Command::Redispatch { assignees: vec![lead("town")], not_accused: Vec::new() }, false),
        (desk(), Command::Supplement {}, true),
        (desk(), Command::Urge {}, true),
    ] {
        let order = world.order(actor.clone(), Action::Command(command), text(), Given::default());
        match world.look(&order) {
            Ok(_) => assert!(takes, "{order:?}"),
            Err(refusal) => {
                assert!(!takes && refusal.code == RefusalCode::TextNotTaken, "{refusal}");
                let may_supplement = actor == desk();
                assert_eq!(refusal.detail.contains("`supplement`"), may_supplement, "{refusal}");
            }
        }
    }
    let before = world.order(of("housing"), Action::Command(Command::Progress {}), words(), Given::default());
    assert_eq!(world.outcome(&before), events(&["progressed"]));
    let again = Order { content: text(), ..before };
    assert_eq!(world.outcome(&again), Outcome::Known(vec!["progressed".into()]));
}

#[test]
fn a_lead_that_declines_tells_the_others() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    let decline = Command::Decline { article: "信访工作条例第十九条".into() };
    assert_eq!(world.command(&of("housing"), Command::Decline { article: " ".into() }), {
        Outcome::Refused(RefusalCode::MissingReason)
    });
    assert_eq!(world.command(&of("housing"), decline), events(&["declined"]));
    assert_eq!((world.stage(), world.told()), (Stage::Declined, vec!["police withdraw".to_owned()]));
}

#[test]
fn the_centre_may_decline_from_triage_only() {
    let decline = Command::Decline { article: "信访工作条例第十九条".into() };
    assert_eq!(World::in_triage().command(&desk(), decline.clone()), events(&["declined"]));
    let held = World::signed(&[lead("housing")]).command(&desk(), decline);
    assert_eq!(held, Outcome::Refused(RefusalCode::WrongStage));
}

#[test]
fn a_decline_names_an_article_and_tells_nothing_else() {
    let no_article = ["", "居民王小明自己要求撤回", "条".repeat(65).as_str()].map(str::to_owned);
    for article in no_article {
        let outcome = World::in_triage().command(&desk(), Command::Decline { article });
        assert_eq!(outcome, Outcome::Refused(RefusalCode::MissingReason));
    }
}

#[test]
fn assessments_come_after_the_result_and_keep_two_views_apart() {
    let good = Assessment { solved: Some(Solved::Yes), satisfaction: None };
    let bad = Assessment { solved: Some(Solved::No), satisfaction: None };
    let view = |by, assessment| Command::Assess { by, assessment };
    let mut world = World::signed(&[lead("housing")]);
    let early = world.command(&hotline(), view(Assessor::Citizen, good));
    assert_eq!(early, Outcome::Refused(RefusalCode::WrongStage));
    world.command(&of("housing"), resolve());
    assert_eq!(world.command(&hotline(), view(Assessor::Citizen, good)), events(&["assessed"]));
    assert_eq!(world.stage(), Stage::Assessed);
    let partly = Assessment { solved: Some(Solved::Partly), satisfaction: None };
    assert_eq!(world.command(&desk(), view(Assessor::Reviewer, partly)), events(&["assessed"]));
    assert_eq!(world.command(&desk(), view(Assessor::Citizen, partly)), events(&["assessed"]));
    assert_eq!(world.case().assessments, [(Assessor::Reviewer, partly), (Assessor::Citizen, partly)]);
    world.command(&desk(), Command::Close {});
    assert_eq!(world.command(&desk(), view(Assessor::Citizen, good)), events(&["assessed"]));
    assert_eq!(world.stage(), Stage::Closed);
    assert_eq!(world.command(&desk(), view(Assessor::Reviewer, bad)), events(&["assessed", "reopened"]));
    assert_eq!((world.stage(), world.lead()), (Stage::Dispatched, Some("housing")));
}

#[test]
fn whoever_is_named_by_hand_must_be_fit() {
    let given = Given { forbidden: vec![department("accused")], unknown: vec![department("gone")], ..Given::default() };
    let table = [
        (vec![lead("accused")], Outcome::Refused(RefusalCode::Accused)),
        (vec![lead("housing"), participant("accused")], Outcome::Refused(RefusalCode::Accused)),
        (vec![lead("gone")], Outcome::Refused(RefusalCode::UnknownDepartment)),
        (vec![], Outcome::Refused(RefusalCode::NotExactlyOneLead)),
        (vec![participant("housing")], Outcome::Refused(RefusalCode::NotExactlyOneLead)),
        (vec![lead("housing"), lead("police")], Outcome::Refused(RefusalCode::NotExactlyOneLead)),
        (vec![lead("housing"), participant("housing")], Outcome::Refused(RefusalCode::NotExactlyOneLead)),
        (vec![participant("police"), lead("housing")], events(&["dispatched"])),
    ];
    for (assignees, expected) in table {
        let mut world = World::in_triage();
        let outcome = world.command_given(
            &desk(),
            Command::Dispatch { assignees: assignees.clone(), not_accused: Vec::new() },
            given.clone(),
        );
        assert_eq!(outcome, expected, "{assignees:?}");
    }
}

#[test]
fn strangers_may_do_nothing() {
    let mut world = World::signed(&[lead("housing")]);
    let stranger = Actor::Source { channel: channel("petition-portal") };
    for command in [Command::Urge {}, Command::Withdraw {}, Command::Supplement {}, Command::Close {}] {
        assert_eq!(
            world.command(&stranger, command.clone()),
            Outcome::Refused(RefusalCode::UnknownCase),
            "{command:?}"
        );
        assert_eq!(world.command(&of("court"), command), Outcome::Refused(RefusalCode::UnknownCase));
    }
    let dispatch = Command::Redispatch { assignees: vec![lead("court")], not_accused: Vec::new() };
    assert_eq!(world.command(&of("housing"), dispatch), Outcome::Refused(RefusalCode::NotAllowed));
    assert_eq!(World::new().command(&desk(), Command::Close {}), Outcome::Refused(RefusalCode::UnknownCase));
}

#[test]
fn an_order_given_again_gets_its_first_answer_and_appends_nothing() {
    let mut world = World::dispatched(&[lead("housing")]);
    let sign = Action::Command(Command::SignFor { n: None });
    let order = world.order(of("housing"), sign, Content::default(), Given::default());
    assert_eq!(world.outcome(&order), events(&["signed_for"]));
    world.command(&of("housing"), resolve());
    let before = world.clone();
    assert_eq!(world.outcome(&order), Outcome::Known(vec!["signed_for".into()]));
    assert_eq!(world.case, before.case);
    assert_eq!(world.case().causes[&order.cause].stage, Stage::SignedFor, "as it stood then");
}

/// A department's own system numbers its commands; where it begins anew, what it says must not be taken for what it said.
#[test]
fn another_command_under_an_id_of_before_is_refused() {
    let asked = |world: &mut World, command, digest: Option<&str>| {
        let order = world.order(of("housing"), Action::Command(command), words(), Given::default());
        let cause = Cause::command("department-housing", &"a-1".parse().expect("an id"));
        world.outcome(&Order { cause, asked_digest: digest.map(str::to_owned), ..order })
    };
    let mut world = World::dispatched(&[lead("housing")]);
    assert_eq!(asked(&mut world, Command::SignFor { n: None }, Some("signs")), events(&["signed_for"]));
    let mut after_a_restart = World { case: Case::fold(&stored(&world.log)), ..world.clone() };
    assert_eq!(after_a_restart.case, world.case);
    for world in [&mut world, &mut after_a_restart] {
        assert_eq!(asked(world, resolve(), Some("resolves")), Outcome::Refused(RefusalCode::IdReused));
        assert_eq!(world.stage(), Stage::SignedFor);
        let known = Outcome::Known(vec!["signed_for".into()]);
        assert_eq!(asked(world, Command::SignFor { n: None }, Some("signs")), known);
    }
    let mut of_before_digests = World::dispatched(&[lead("housing")]);
    asked(&mut of_before_digests, Command::SignFor { n: None }, None);
    assert_eq!(asked(&mut of_before_digests, resolve(), Some("resolves")), Outcome::Known(vec!["signed_for".into()]));
}

/// The log as it is read again: nothing is kept of it but its bytes.
fn stored(log: &[Event]) -> Vec<Event> {
    let again = log.iter().flat_map(|event| {
        let payload = payload_of(std::slice::from_ref(event), &[None], None);
        read_payload(&payload).expect("it reads")
    });
    again.map(|event| event.opened(Content::default())).collect()
}

#[test]
fn an_entry_names_the_rule_it_came_by_and_none_where_a_person_decided() {
    let rule = RuleRef { file: "responsibilities.csv".into(), line: 7, words: "路灯归住建".into() };
    let mut given = to(&[lead("housing")]);
    given.decision.as_mut().map(Arc::make_mut).expect("a decision").rule = Some(rule.clone());
    let mut world = World::new();
    world.submit(&record(), given);
    assert_eq!(last_entry(&world).rule, Some(rule.clone()));
    world.command(&hotline(), Command::Urge {});
    assert_eq!(last_entry(&world).rule, Some(rule));
    world.command(&desk(), Command::Redispatch { assignees: vec![lead("town")], not_accused: Vec::new() });
    assert_eq!(last_entry(&world).rule, None);
    world.command(&hotline(), Command::Urge {});
    assert_eq!(last_entry(&world).rule, None);
}

fn last_entry(world: &World) -> Entry {
    let event = world.log.last().expect("an event");
    Entry::of(world.case(), event, event.entries.last().expect("an entry"))
}

fn clocks(clocks: &[Clock], hours: i64) -> Vec<Deadline> {
    let at = Timestamp::from_second(NOON + hours * 3_600).expect("a time");
    clocks.iter().map(|clock| Deadline { clock: *clock, at, provisional: false, source: "规则".into() }).collect()
}

/// The clocks that run, each with the hours it has left at noon.
fn running(world: &World) -> Vec<(Clock, i64)> {
    world.case().deadlines.iter().map(|d| (d.clock, (d.at.as_second() - NOON) / 3_600)).collect()
}

const AT_DISPATCH: [Clock; 5] =
    [Clock::SignFor, Clock::Object, Clock::Resolve, Clock::HotlineAnswer, Clock::PetitionNotice];

fn sent_anew(hours: i64) -> Given {
    Given { dispatch_deadlines: clocks(&AT_DISPATCH, hours), ..to(&[lead("town")]) }
}

#[test]
fn what_the_citizen_is_owed_by_law_goes_on_running_in_triage() {
    let mut world = World::new();
    world.submit(&record(), Given { dispatch_deadlines: clocks(&AT_DISPATCH, 1), ..to(&[lead("housing")]) });
    world.command(&of("housing"), ask_back());
    world.command(&desk(), grant("housing"));
    let owed = [(Clock::HotlineAnswer, 1), (Clock::PetitionNotice, 1)];
    assert_eq!((world.stage(), running(&world)), (Stage::Triage, owed.to_vec()));
    let on = Command::Dispatch { assignees: vec![lead("town")], not_accused: Vec::new() };
    assert_eq!(world.command_given(&desk(), on, sent_anew(9)), events(&["dispatched"]));
    let of_the_part = [(Clock::SignFor, 9), (Clock::Object, 9), (Clock::Resolve, 9)];
    assert_eq!(running(&world), [&owed[..], &of_the_part].concat());
}

#[test]
fn what_the_citizen_is_owed_by_law_goes_on_running_whoever_gets_the_case() {
    let housing = || department("housing");
    let moved = || Command::Redispatch { assignees: vec![lead("town")], not_accused: Vec::new() };
    let granted = || Command::GrantReturn { department: housing(), assignees: vec![lead("town")] };
    let accuses = || record().saying("they took money").order(101);
    let forbidden = Given { forbidden: vec![housing()], ..sent_anew(9) };
    type Move<'m> = &'m dyn Fn(&mut World) -> Outcome;
    let moves: [(&str, Move<'_>); 3] = [
        ("redispatch", &|world| world.command_given(&desk(), moved(), sent_anew(9))),
        ("a return granted to another", &|world| {
            world.command(&of("housing"), ask_back());
            world.command_given(&desk(), granted(), sent_anew(9))
        }),
        ("taken from the accused", &|world| world.submit(&accuses(), forbidden.clone())),
    ];
    for (name, to_another) in moves {
        let mut world = World::new();
        world.submit(&record(), Given { dispatch_deadlines: clocks(&AT_DISPATCH, 1), ..to(&[lead("housing")]) });
        to_another(&mut world);
        assert_eq!(world.lead(), Some("town"), "{name}");
        let hours = |wanted| running(&world).iter().find(|(clock, _)| *clock == wanted).map(|(_, hours)| *hours);
        assert_eq!((hours(Clock::HotlineAnswer), hours(Clock::PetitionNotice)), (Some(1), Some(1)), "{name}");
        assert_eq!((hours(Clock::SignFor), hours(Clock::Resolve)), (Some(9), Some(9)), "{name}");
    }
}

#[test]
fn a_dispatch_may_bring_what_the_citizen_is_owed_forward() {
    let mut world = World::new();
    world.submit(&record(), Given { dispatch_deadlines: clocks(&AT_DISPATCH, 9), ..to(&[lead("housing")]) });
    let moved = Command::Redispatch { assignees: vec![lead("town")], not_accused: Vec::new() };
    world.command_given(&desk(), moved, sent_anew(2));
    assert!(running(&world).iter().all(|(_, hours)| *hours == 2), "{:?}", running(&world));
    assert_eq!(world.case().deadlines.len(), AT_DISPATCH.len());
}

/// The sixty days of art. 34 begin when a claim is first taken on, and no change of hands begins them again.
#[test]
fn a_claim_taken_on_by_another_has_no_more_time() {
    let accept = |world: &mut World, by: &str, hours| {
        world.command(&of(by), Command::SignFor { n: None });
        let given = Given { accept_deadlines: clocks(&[Clock::ClaimResolve], hours), ..Given::default() };
        assert_eq!(world.command_given(&of(by), Command::Accept {}, given), events(&["accepted"]));
    };
    let mut world = World::dispatched(&[lead("housing")]);
    accept(&mut world, "housing", 60);
    world.command(&desk(), Command::Redispatch { assignees: vec![lead("town")], not_accused: Vec::new() });
    assert_eq!(running(&world), [(Clock::ClaimResolve, 60)]);
    accept(&mut world, "town", 110);
    assert_eq!(running(&world), [(Clock::ClaimResolve, 60)]);
}

/// A note of progress is no answer to whether the matter is theirs.
#[test]
fn who_told_of_progress_may_still_accept_or_decline() {
    let in_progress = || {
        let mut world = World::signed(&[lead("housing")]);
        assert_eq!(world.command(&of("housing"), Command::Progress {}), events(&["progressed"]));
        assert_eq!(world.stage(), Stage::SignedFor);
        world
    };
    let mut world = in_progress();
    let given = Given { accept_deadlines: clocks(&[Clock::ClaimResolve], 60), ..Given::default() };
    assert_eq!(world.command_given(&of("housing"), Command::Accept {}, given), events(&["accepted"]));
    assert_eq!((world.stage(), running(&world)), (Stage::Accepted, vec![(Clock::ClaimResolve, 60)]));
    world.command(&of("housing"), Command::Progress {});
    assert_eq!(world.stage(), Stage::InProgress);

    let decline = Command::Decline { article: "信访工作条例第十九条".into() };
    assert_eq!(in_progress().command(&of("housing"), decline), events(&["declined"]));
    assert_eq!(in_progress().command(&of("housing"), resolve()), events(&["resolved"]));
}

#[test]
fn only_a_person_clears_the_accused_and_says_why() {
    let clears = || Command::Dispatch { assignees: vec![lead("housing")], not_accused: vec![department("housing")] };
    let machine = Actor::Machine { name: "router".into() };
    let mut world = World::in_triage();
    assert_eq!(world.command(&machine, clears()), Outcome::Refused(RefusalCode::NotAllowed));
    assert_eq!(world.command(&of("housing"), clears()), Outcome::Refused(RefusalCode::UnknownCase));
    assert_eq!(world.wordless(&desk(), clears()), Outcome::Refused(RefusalCode::MissingReason));
    assert_eq!(world.command(&desk(), clears()), events(&["dispatched"]));
    let said = world.log.last().expect("an event");
    let recorded =
        matches!(&said.body, EventBody::Dispatched { not_accused, .. } if *not_accused == [department("housing")]);
    assert!(recorded && said.content.note.is_some() && said.actor == desk());
}

/// Who led it, and lost it to others in a case that accuses, learns neither how far it is nor with whom.
#[test]
fn a_former_lead_learns_nothing_more_of_a_case_that_accuses() {
    let told = |accuses: bool| {
        let mut world = World::signed(&[lead("housing")]);
        let mut given = to(&[lead("discipline")]);
        let decision = given.decision.as_mut().map(Arc::make_mut).expect("a decision");
        (decision.accusation, decision.accused) = (accuses, vec![department("housing")]);
        given.forbidden = vec![department("housing")];
        let more = record().saying("they took money").order(101);
        assert_eq!(world.submit(&more, given), events(&["supplemented", "dispatched"]));
        let resolve = Command::Resolve { solved: Solved::Yes, contacted: true };
        let order = world.order(of("housing"), Action::Command(resolve), words(), Given::default());
        let refusal = world.look(&order).expect_err("it is not theirs");
        (refusal.code, refusal.stage, refusal.lead, refusal.detail)
    };
    let hidden = (RefusalCode::NotYours, None, None, "`resolve` is not possible for this asker now".to_owned());
    assert_eq!(told(true), hidden);
    assert_eq!(told(false), hidden, "found fault with, if not accused");

    let mut world = World::signed(&[lead("housing")]);
    world.command(&desk(), Command::Redispatch { assignees: vec![lead("town")], not_accused: Vec::new() });
    let progress = world.order(of("housing"), Action::Command(Command::Progress {}), words(), Given::default());
    let refusal = world.look(&progress).expect_err("it is not theirs");
    assert_eq!((refusal.stage, refusal.lead), (Some(Stage::Dispatched), Some(department("town"))));
}
