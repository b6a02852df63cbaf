//! What stands once a person has ruled who has a case, story by story.

use std::sync::Arc;

use huiliu_schemas::command::{Command, Given};
use huiliu_schemas::decision::{Assignee, TriageReason, Verdict};
use huiliu_schemas::submission::Intent;
use huiliu_schemas::vocabulary::{ReturnReason, Stage, UpstreamState};

use crate::world::*;

/// The lead asks to hand back, and the centre lets it: to these, or to triage.
fn hand_back(world: &mut World, from: &str, assignees: &[Assignee]) -> Outcome {
    let ask = Command::RequestReturn { reason: ReturnReason::NotOurDuty, suggested: None };
    assert_eq!(world.command(&of(from), ask), events(&["return_requested"]));
    let (department, assignees) = (department(from), assignees.to_vec());
    world.command(&desk(), Command::GrantReturn { department, assignees })
}

/// The rules send it to labour; the words find a little fault with the police, and accuse nobody.
fn finds_fault(accuses: bool) -> Given {
    let mut given = Given { forbidden: vec![department("police")], ..to(&[lead("labour")]) };
    let decision = given.decision.as_mut().map(Arc::make_mut).expect("a decision");
    (decision.accusation, decision.accused) = (accuses, vec![department("police")]);
    given
}

/// How a person sends a case that the rules gave to labour to housing, with the police.
fn ruled() -> [World; 3] {
    let others = [lead("housing"), participant("police")];
    let mut returned = World::signed(&[lead("labour")]);
    assert_eq!(hand_back(&mut returned, "labour", &others), events(&["return_granted", "dispatched"]));
    let mut moved = World::signed(&[lead("labour")]);
    moved.command(&desk(), Command::Redispatch { assignees: others.to_vec(), not_accused: Vec::new() });
    let mut dispatched = World::in_triage();
    dispatched.command(&desk(), Command::Dispatch { assignees: others.to_vec(), not_accused: Vec::new() });
    [returned, moved, dispatched]
}

#[test]
fn no_rule_takes_a_case_from_whom_a_person_gave_it() {
    for accuses in [false, true] {
        for mut world in ruled() {
            assert_eq!(world.command(&of("housing"), Command::SignFor { n: None }), events(&["signed_for"]));
            let more = record().saying("the police were rude").order(101);
            assert_eq!(world.submit(&more, finds_fault(accuses)), events(&["supplemented", "triaged"]));
            assert_eq!(world.told(), ["housing withdraw"]);
            let decision = world.case().decision.as_ref().expect("a decision");
            let (reasons, candidates) = (vec![TriageReason::AccusedOnly], vec![department("labour")]);
            assert_eq!(decision.verdict, Verdict::Triage { reasons, candidates });
            assert_eq!((decision.accusation, decision.accused.as_slice()), (accuses, &[department("police")][..]));
            for (order, given) in [(102, to(&[lead("labour")])), (103, finds_fault(accuses))] {
                let more = record().saying(&format!("more, {order}")).order(order);
                assert_eq!(world.submit(&more, given), events(&["supplemented"]), "a person was to rule");
                assert_eq!((world.stage(), world.told()), (Stage::Triage, Vec::new()));
            }
        }
    }
}

#[test]
fn what_the_rules_gave_the_rules_may_move() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    let more = record().saying("the police were rude").order(101);
    assert_eq!(world.submit(&more, finds_fault(false)), events(&["supplemented", "dispatched"]));
    assert_eq!(world.told(), ["housing withdraw", "police withdraw", "labour dispatch"]);
}

/// Handed back, and over at the source before anybody had it again.
fn over_without_a_lead(mut world: World, from: &str) -> World {
    assert_eq!(hand_back(&mut world, from, &[]), events(&["return_granted", "triaged"]));
    let closed = record().order(101).upstream(UpstreamState::Closed, "theirs");
    assert_eq!(world.submit(&closed, unsure()), events(&["upstream_changed", "closed"]));
    world
}

#[test]
fn what_comes_back_does_not_go_to_whoever_handed_it_back() {
    let mut moved = World::signed(&[lead("town")]);
    moved.command(&desk(), Command::Redispatch { assignees: vec![lead("housing")], not_accused: Vec::new() });
    for world in [World::signed(&[lead("housing")]), moved] {
        let mut world = over_without_a_lead(world, "housing");
        let open = record().order(102).upstream(UpstreamState::Open, "open");
        assert_eq!(world.submit(&open, to(&[lead("housing")])), events(&["reopened", "triaged"]));
        assert_eq!((world.stage(), world.told()), (Stage::Triage, Vec::new()));
    }
    let mut world = over_without_a_lead(World::signed(&[lead("housing")]), "housing");
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    assert_eq!(world.submit(&urge, unsure()), events(&["urged", "reopened", "triaged"]));
    assert_eq!(world.told(), Vec::<String>::new());
}

#[test]
fn who_had_it_again_after_a_return_has_it_when_it_comes_back() {
    let mut world = World::signed(&[lead("housing")]);
    hand_back(&mut world, "housing", &[]);
    world.command(&desk(), Command::Dispatch { assignees: vec![lead("housing")], not_accused: Vec::new() });
    let closed = record().order(101).upstream(UpstreamState::Closed, "theirs");
    assert_eq!(world.submit(&closed, unsure()), events(&["upstream_changed", "closed"]));
    let open = record().order(102).upstream(UpstreamState::Open, "open");
    assert_eq!(world.submit(&open, unsure()), events(&["reopened"]));
    assert_eq!(world.told(), ["housing reopen"]);
}
