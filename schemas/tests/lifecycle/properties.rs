//! Whatever is said, by whomever, in whatever order: the case stays legal, and retry stays safe.

use huiliu_schemas::case::Case;
use huiliu_schemas::command::{Action, Given, Order};
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Event, EventBody, MOST_EVENTS, payload_of, read_payload};
use huiliu_schemas::lifecycle::{Decided, legal_now};
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::vocabulary::Stage;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::legality::{check_legal_now, check_log, check_state, check_step};
use crate::steps::{ACTORS, Say, Saying, Step, steps};
use crate::world::{World, desk, source, words};

/// Says everything, with `check` looking at each answer: the case before, the world after, the order and the answer.
fn play(steps: &[Step], mut check: impl FnMut(Option<&Case>, &World, &Order, Option<&[Event]>)) -> World {
    let mut world = World::new();
    for (passes, say) in steps {
        world.now += passes;
        let order = world.order_of(say);
        let before = world.case.clone();
        let decided = world.give(&order);
        let new = match &decided {
            Ok(Decided::Events(new)) => Some(new.as_slice()),
            _ => None,
        };
        if new.is_none() {
            assert_eq!(world.case, before, "an answer without events changes nothing");
        }
        check(before.as_ref(), &world, &order, new);
    }
    world
}

/// A case that has been through all of this; none where nobody registered it.
fn after(steps: &[Step]) -> World {
    play(steps, |_, _, _, _| {})
}

/// Whether the case has seen the record that the steps go on from.
fn knows_the_source(world: &World) -> bool {
    world.case.as_ref().is_some_and(|c| c.source(&source("hotline", "1")).is_some())
}

fn is_superseding(events: &[Event]) -> bool {
    events.iter().any(|e| matches!(e.body, EventBody::Superseded { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_reaches_an_illegal_state(steps in steps()) {
        play(&steps, |before, world, order, new| {
            let Some(case) = &world.case else { return };
            check_state(case);
            if let Some(new) = new {
                assert!((1..=MOST_EVENTS).contains(&new.len()), "{order:?} makes {} events", new.len());
                check_step(before, case, order, new);
                check_log(world);
            }
        });
    }

    #[test]
    fn a_known_cause_gives_its_first_answer(steps in steps()) {
        let mut first: Vec<(Order, Vec<String>, Stage)> = Vec::new();
        let world = play(&steps, |_, world, order, new| {
            if let Some(new) = new {
                let names = new.iter().map(|e| e.body.name().to_owned()).collect();
                first.push((order.clone(), names, world.stage()));
            }
        });
        for (order, events, stage) in first {
            let Ok(Decided::Known(answer)) = world.look(&order) else { panic!("{order:?} is known") };
            prop_assert_eq!((answer.events, answer.stage), (events, stage));
        }
    }

    #[test]
    fn the_same_record_under_another_cause_changes_nothing(steps in steps()) {
        play(&steps, |_, world, order, new| {
            if new.is_some() && matches!(order.action, Action::Submit(_)) {
                let mut world = world.clone();
                let again = world.order(order.actor.clone(), order.action.clone(), words(), order.given.clone());
                let decided = world.look(&again);
                assert!(matches!(decided, Ok(Decided::Nothing(_))), "{:?} again: {decided:?}", order.action);
            }
        });
    }

    #[test]
    fn an_older_record_changes_no_field(steps in steps(), new in any::<u8>()) {
        let mut world = after(&steps);
        prop_assume!(knows_the_source(&world));
        let before = world.case().clone();
        let order = world.order_of(&Say::Record(Saying::Older, new, Some((0, 1))));
        if let Ok(Decided::Events(events)) = world.give(&order) {
            prop_assert!(is_superseding(&events), "{:?}", events);
        }
        let case = world.case();
        prop_assert_eq!(&case.facts, &before.facts);
        prop_assert_eq!(&case.sources, &before.sources);
        prop_assert_eq!(&case.assignments, &before.assignments);
        prop_assert_eq!(case.stage, before.stage);
    }

    #[test]
    fn another_person_is_never_merged(steps in steps(), new in any::<u8>()) {
        let mut world = after(&steps);
        prop_assume!(knows_the_source(&world));
        let order = world.order_of(&Say::Record(Saying::OtherPerson, new, None));
        prop_assert_eq!(world.look(&order).expect_err("a conflict").code, RefusalCode::IdentityConflict);
    }

    #[test]
    fn our_own_answer_never_ends_a_case(steps in steps(), new in any::<u8>()) {
        let mut world = after(&steps);
        prop_assume!(knows_the_source(&world));
        let told = world.order_of(&Say::Told(None, true));
        world.give(&told).expect("recorded");
        let stage = world.stage();
        let echo = world.order_of(&Say::Record(Saying::Echo, new, None));
        world.give(&echo).expect("no refusal");
        prop_assert_eq!(world.stage(), stage);
    }

    #[test]
    fn folding_from_a_snapshot_equals_folding_from_the_start(steps in steps(), at in any::<Index>()) {
        let world = after(&steps);
        prop_assume!(world.case.is_some());
        let at = 1 + at.index(world.log.len());
        let early = Case::fold(&world.log[..at]).expect("a case");
        let stored = serde_json::to_vec(&early).expect("a snapshot");
        let mut case: Case = serde_json::from_slice(&stored).expect("the snapshot");
        prop_assert_eq!(&case, &early);
        world.log[at..].iter().for_each(|e| case.apply(e));
        prop_assert_eq!(Some(case), world.case);
    }

    #[test]
    fn the_log_is_read_as_it_was_written(steps in steps()) {
        let world = after(&steps);
        let mut read = Vec::new();
        for event in &world.log {
            let payload = payload_of(std::slice::from_ref(event), &[None], Some(&"0".repeat(64)));
            let back = read_payload(&payload).expect("readable");
            prop_assert_eq!(&serde_json::to_vec(&back).expect("json"), &payload);
            read.extend(back.into_iter().map(|stored| stored.opened(event.content.clone())));
        }
        prop_assert_eq!(&read, &world.log);
        prop_assert_eq!(Case::fold(&read), world.case);
    }

    #[test]
    fn an_event_of_a_later_version_is_tolerated_and_forbids_deciding(
        steps in steps(), at in any::<Index>(), ignorable in any::<bool>(), say in steps()
    ) {
        let mut world = after(&steps);
        prop_assume!(world.case.is_some());
        let known = world.orders[0].clone();
        let at = 1 + at.index(world.log.len());
        let foreign = later_event(&world.log[at - 1], ignorable);
        world.log.insert(at, foreign);
        world.case = Case::fold(&world.log);
        prop_assert!(matches!(world.look(&known), Ok(Decided::Known(_))), "what was answered stays answered");
        if ignorable {
            check_state(world.case());
            prop_assert!(world.case().unknown.is_empty());
            return Ok(());
        }
        for (_, say) in &say {
            let order = world.order_of(say);
            match world.look(&order) {
                Ok(Decided::Known(_)) => {}
                Ok(other) => prop_assert!(false, "{:?}", other),
                Err(refusal) => {
                    let by_hand = matches!(order.action, Action::Command(_));
                    let known = !by_hand || world.case().may_be_known_to(&order.actor);
                    let code = if known { RefusalCode::UnknownEvents } else { RefusalCode::UnknownCase };
                    prop_assert_eq!(refusal.code, code);
                    prop_assert!(refusal.legal_now.is_empty());
                }
            }
        }
        prop_assert!(ACTORS.iter().all(|actor| legal_now(world.case(), &actor()).is_empty()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn legal_now_tells_the_truth(steps in steps()) {
        play(&steps, |_, world, _, new| {
            if new.is_some() {
                check_legal_now(world);
            }
        });
    }
}

/// What a hub a year younger might have written after `event`.
fn later_event(event: &Event, ignorable: bool) -> Event {
    let payload = payload_of(std::slice::from_ref(event), &[None], None);
    let mut payload: serde_json::Value = serde_json::from_slice(&payload).expect("json");
    let stored = &mut payload[0];
    stored["id"] = serde_json::json!(uuid::Uuid::from_u128(7));
    stored["data"]["cause"] = serde_json::json!("hub/later");
    stored["data"]["entries"] = serde_json::json!([]);
    stored["data"]["ignorable"] = serde_json::json!(ignorable);
    stored["data"]["body"] = serde_json::json!({ "type": "translated", "data": { "to": ["维吾尔语"] } });
    let bytes = serde_json::to_vec(&payload).expect("json");
    read_payload(&bytes).expect("tolerated").remove(0).opened(Content::default())
}

/// The generator must reach every stage by itself, or the properties above prove less than they say.
#[test]
fn arbitrary_sequences_reach_every_stage_and_every_event() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut stages, mut types) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for _ in 0..2000 {
        let steps = steps().new_tree(&mut runner).expect("steps").current();
        let world = play(&steps, |_, world, _, _| {
            stages.extend(world.case.as_ref().map(|c| c.stage));
        });
        types.extend(world.log.iter().map(|e| e.body.name().to_owned()));
    }
    let never = [Stage::Registered, Stage::Revisited, Stage::ClosedToRepetition];
    let missing: Vec<_> = Stage::ALL.iter().filter(|s| !never.contains(s) && !stages.contains(s)).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}");
    let decided = [
        "registered",
        "recorded",
        "triaged",
        "dispatched",
        "signed_for",
        "accepted",
        "declined",
        "return_requested",
        "return_granted",
        "return_refused",
        "progressed",
        "resolved",
        "assessed",
        "closed",
        "urged",
        "supplemented",
        "upstream_changed",
        "superseded",
        "withdrawn",
        "answer_delivered",
        "mediation_held",
        "reopened",
    ];
    let missing: Vec<_> = decided.iter().filter(|t| !types.contains(**t)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

#[test]
fn an_order_of_a_case_nobody_knows_is_refused_by_name() {
    let mut world = World::new();
    let command = Action::Command(huiliu_schemas::command::Command::Close {});
    let order = world.order(desk(), command, Content::default(), Given::default());
    let refusal = world.look(&order).expect_err("there is no case");
    assert_eq!((refusal.code, refusal.stage), (RefusalCode::UnknownCase, None));
    assert!(refusal.legal_now.is_empty());
}
