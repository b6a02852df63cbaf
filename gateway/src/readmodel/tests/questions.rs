//! What the read model answers.

use std::collections::BTreeMap;

use huiliu_schemas::command::Command;
use huiliu_schemas::ids::{CaseId, CaseNumber};
use huiliu_schemas::vocabulary::{Appeal, EntryKind, ReturnReason, Stage, Warning};
use jiff::SignedDuration;

use super::keeping::{busy_world, resolve, resolve_untold};
use super::world::{Folder, World, by, department, operator, source, start, to};
use crate::readmodel::{Filter, ReadHandle, ReadModel};

fn asked(world: &World) -> (Folder, ReadModel, ReadHandle) {
    let folder = Folder::new();
    let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    for batch in world.log.chunks(5) {
        model.apply(batch).expect("apply");
    }
    let handle = model.reader();
    (folder, model, handle)
}

fn ids(handle: &ReadHandle, filter: &Filter) -> Vec<CaseId> {
    handle.cases(filter, None, 100).expect("cases").cases.into_iter().map(|c| c.id).collect()
}

#[test]
fn a_case_has_many_names() {
    let mut world = World::default();
    let case = world.arrive("20260302-17", to(&["jb-housing"]));
    let other = source("petition", "X-9");
    let alias = serde_json::json!({ "case_id": case, "source": other });
    world.push(huiliu_schemas::subjects::alias(&other), alias.to_string().into_bytes());
    let (_folder, _model, handle) = asked(&world);
    let number = CaseNumber::of(case);
    let spoken = number.as_str().to_lowercase().replace('-', " ").replace('0', "o");
    for name in [&case.to_string(), number.as_str(), &spoken, "hotline:20260302-17", "petition:X-9", "petition：X-9"] {
        assert_eq!(handle.find(name).expect("find"), Some(case), "{name}");
    }
    for name in ["nonsense", "petition:X-8", "HL-0000-0000-0000", &CaseId::of(&other).to_string()] {
        assert_eq!(handle.find(name).expect("find"), None, "{name}");
    }
    assert_eq!(handle.case(case).expect("case").as_ref(), world.cases.get(&case));
}

#[test]
fn the_fold_in_the_file_is_the_fold() {
    let world = busy_world();
    let (_folder, _model, handle) = asked(&world);
    for (id, case) in &world.cases {
        assert_eq!(handle.case(*id).expect("case").as_ref(), Some(case));
        let live: Vec<_> = handle.entries_of(*id).expect("entries").into_iter().filter(|e| e.is_live()).collect();
        let mut wanted: Vec<_> = case.live_entries().iter().map(|e| e.n).collect();
        wanted.sort_unstable();
        assert_eq!(live.iter().map(|e| e.n).collect::<Vec<_>>(), wanted);
        for n in 1..case.next_n {
            for code in ["jb-housing", "jb-police"] {
                let told = handle.live_entry(&department(code), *id, n).expect("live");
                assert_eq!(told, case.is_live(&department(code), n), "{code} {n}");
            }
        }
    }
}

#[test]
fn filters_choose() {
    let world = busy_world();
    let (_folder, _model, handle) = asked(&world);
    let all = ids(&handle, &Filter::default());
    let by_hand = |keep: &dyn Fn(&huiliu_schemas::case::Case) -> bool| {
        all.iter().copied().filter(|id| keep(&world.cases[id])).collect::<Vec<_>>()
    };
    assert_eq!(all.len(), 8);
    let triage = Filter { stages: vec![Stage::Triage], ..Filter::default() };
    assert_eq!(ids(&handle, &triage), by_hand(&|c| c.stage == Stage::Triage));
    let ours = Filter { department: Some(department("jb-housing")), ..Filter::default() };
    let leads = |c: &huiliu_schemas::case::Case| {
        c.lead().map(|a| &a.department).or(c.last_lead().filter(|_| c.stage.is_ended()))
            == Some(&department("jb-housing"))
    };
    assert_eq!(ids(&handle, &ours), by_hand(&leads));
    let held = Filter { stages: vec![Stage::Dispatched, Stage::SignedFor], ..ours };
    assert_eq!(ids(&handle, &held), by_hand(&|c| leads(c) && !c.stage.is_ended()));
    assert!(!ids(&handle, &held).is_empty());
    let count = |filter: Filter| ids(&handle, &filter).len();
    assert_eq!(count(Filter { matter: "03".parse().ok(), ..Filter::default() }), 8);
    assert_eq!(count(Filter { matter: "04".parse().ok(), ..Filter::default() }), 0);
    assert_eq!(count(Filter { division: "3302".parse().ok(), ..Filter::default() }), 8);
    assert_eq!(count(Filter { division: "330205007".parse().ok(), ..Filter::default() }), 0);
    assert_eq!(count(Filter { appeal: Some(Appeal::Complaint), ..Filter::default() }), 8);
    assert_eq!(count(Filter { appeal: Some(Appeal::Praise), ..Filter::default() }), 0);
    assert_eq!(count(Filter { channel: "hotline-12345".parse().ok(), ..Filter::default() }), 8);
    assert_eq!(count(Filter { channel: "petition".parse().ok(), ..Filter::default() }), 0);
    let number = CaseNumber::of(all[3]).as_str().to_owned();
    assert_eq!(ids(&handle, &Filter { number: Some(number.to_lowercase()), ..Filter::default() }), [all[3]]);
    assert_eq!(ids(&handle, &Filter { number: Some(number[3..12].into()), ..Filter::default() }), [all[3]]);
    assert_eq!(count(Filter { registered_from: Some(start()), ..Filter::default() }), 8);
    assert_eq!(count(Filter::default().older_than(SignedDuration::from_hours(1), start())), 0);
    let (long_ago, ages) = (Some(start()), SignedDuration::from_hours(-1));
    let before = Filter { registered_before: long_ago, ..Filter::default() };
    assert_eq!(before.older_than(ages, start()).registered_before, long_ago, "both hold");
}

#[test]
fn pages_follow_one_another() {
    let mut world = World::default();
    let arrived: Vec<_> = (0..10).map(|i| world.arrive(&i.to_string(), to(&["jb-housing"]))).collect();
    let (_folder, _model, handle) = asked(&world);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = handle.cases(&Filter::default(), after, 3).expect("page");
        assert!((1..=3).contains(&page.cases.len()), "a next page is never empty");
        found.extend(page.cases.into_iter().map(|c| c.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.reverse();
    assert_eq!(found, arrived);
}

#[test]
fn the_overview_counts_what_the_folds_say() {
    let world = busy_world();
    let (_folder, _model, handle) = asked(&world);
    let overview = handle.overview(start() + SignedDuration::from_mins(10)).expect("overview");
    let folds = || world.cases.values();
    assert_eq!(overview.totals.cases, folds().count() as i64);
    let places = overview.totals.queued + overview.totals.triage + overview.totals.held + overview.totals.ended;
    assert_eq!(places, overview.totals.cases);
    for stage in &overview.stages {
        assert_eq!(stage.count, folds().filter(|c| c.stage == stage.stage).count() as i64, "{:?}", stage.stage);
    }
    let ours = overview.departments.iter().find(|d| d.department == "jb-housing").expect("department");
    let live = |c: &huiliu_schemas::case::Case| {
        c.live_entries().iter().filter(|e| e.department == department("jb-housing")).count() as i64
    };
    assert_eq!(ours.live, folds().map(live).sum::<i64>());
    assert!(ours.live > 0);
    assert!(ours.oldest_age_seconds.is_some_and(|s| (590..600).contains(&s)), "{:?}", ours.oldest_age_seconds);
    assert_eq!((ours.ended, ours.returned, ours.dispatched), (1, 3, 7));
    assert_eq!((overview.routing.by_rule, overview.routing.to_triage), (7, 1));
    assert_eq!((overview.returns.requested, overview.returns.granted, overview.returns.pending), (3, 3, 0));
    assert_eq!(overview.returns.rate, Some(3.0 / 14.0), "participants are dispatched to as well");
    assert_eq!((overview.answers.told, overview.answers.waiting, overview.answers.refused), (1, 0, 0));
    assert_eq!((overview.channels[0].total, overview.channels[0].last_hour), (8, 8));
    assert_eq!(overview.channels[0].minutes.iter().sum::<i64>(), 8);
    assert_eq!(overview.unreadable, 1);
}

#[test]
fn an_answer_is_owed_until_the_source_has_it() {
    let mut world = World::default();
    let [told, refused, waiting, untold] = ["A", "B", "C", "D"].map(|id| {
        let case = world.arrive(id, to(&["jb-housing"]));
        world.command(case, by("jb-housing"), Command::SignFor { n: None });
        case
    });
    resolve(&mut world, told, false);
    resolve(&mut world, refused, true);
    resolve_untold(&mut world, untold);
    world.command(
        waiting,
        by("jb-housing"),
        Command::Resolve { solved: huiliu_schemas::vocabulary::Solved::No, contacted: false },
    );
    let (_folder, _model, handle) = asked(&world);
    let answers = handle.overview(start()).expect("overview").answers;
    assert_eq!((answers.told, answers.refused, answers.waiting), (1, 1, 1));
}

#[test]
fn the_reconciler_is_told_what_is_missing_and_what_is_dead() {
    let mut world = World::default();
    let held = world.arrive("A", to(&["jb-housing", "jb-police"]));
    world.without_entry_messages = true;
    let missing = world.arrive("B", to(&["jb-housing"]));
    world.without_entry_messages = false;
    let (_folder, mut model, handle) = asked(&world);
    let without: Vec<_> =
        handle.live_entries_without_message().expect("missing").iter().map(|e| (e.case_id, e.n)).collect();
    assert_eq!(without, [(missing, 1)]);
    let first = world.log.iter().find(|m| m.subject.starts_with("entry.")).expect("entry").sequence;
    assert_eq!(handle.source_queues_from().expect("oldest"), first);
    let dead = |of| {
        let entries = handle.entries_of(of).expect("entries").into_iter();
        entries.filter_map(|entry| Some((entry.n, entry.died?))).collect::<Vec<_>>()
    };
    assert_eq!(dead(held), []);

    world.command(held, by("jb-housing"), Command::SignFor { n: None });
    let signed = world.log.len() as u64;
    let command = Command::RequestReturn { reason: ReturnReason::Other, suggested: None };
    world.command(held, by("jb-housing"), command);
    let granted = Command::GrantReturn { department: department("jb-housing"), assignees: Vec::new() };
    world.command(held, operator(), granted);
    model.apply(&world.log).expect("apply");
    let numbers: Vec<_> = dead(held).into_iter().map(|(n, _)| n).collect();
    assert_eq!((dead(held)[0], numbers.as_slice()), ((1, signed), &[1, 2][..]), "the participant is out as well");
    let live = handle.live_entries(&department("jb-housing"), 10).expect("live");
    let kinds: Vec<_> = live.iter().map(|e| (e.case_id, e.kind)).collect();
    assert_eq!(kinds, [(missing, EntryKind::Dispatch), (held, EntryKind::Withdraw)]);
}

/// The log may hold more by the time QUEUES is made anew, and that must not be passed over.
#[test]
fn where_nothing_is_live_queues_begin_after_what_was_read() {
    let mut world = World::default();
    let (_folder, mut model, handle) = asked(&world);
    assert_eq!(handle.source_queues_from().expect("from"), 1);
    let case = world.arrive("A", to(&["jb-housing"]));
    world.command(case, operator(), Command::Withdraw {});
    world.push("something.else".into(), b"{}".to_vec());
    model.apply(&world.log).expect("apply");
    let reached = world.log.len() as u64;
    assert_eq!(handle.live_entries(&department("jb-housing"), 10).expect("live"), []);
    assert_eq!(handle.source_queues_from().expect("from"), reached + 1);
}

#[test]
fn totals_follow_the_log_however_often_it_is_read() {
    let mut world = World::default();
    let mut grave = to(&["jb-housing"]);
    grave.severity.colour = Some(Warning::Red);
    let cases = [world.arrive("A", grave), world.arrive("B", to(&["jb-housing"]))];
    world.link(cases[1], cases[0]);
    world.accuse(cases[1], "jb-police");
    let (_folder, mut model, handle) = asked(&world);
    let totals = || {
        let standing = handle.standing(start()).expect("standing");
        (standing.warned, standing.accused_later, standing.linked)
    };
    let once = (BTreeMap::from([("red".to_owned(), 1)]), 1, 1);
    assert_eq!(totals(), once);
    model.apply(&world.log).expect("apply");
    assert_eq!(totals(), once, "given again");
    model.rebuild([&world.log]).expect("rebuilt");
    assert_eq!(totals(), once, "read from the beginning");
}

#[test]
fn happenings_are_followed_without_a_gap() {
    let world = busy_world();
    let (_folder, _model, handle) = asked(&world);
    let (mut since, mut seen) = (0, Vec::new());
    loop {
        let next = handle.happenings_since(since, 4).expect("happenings");
        let Some(last) = next.last() else { break };
        since = last.event.sequence;
        seen.extend(next);
    }
    let events = world.cases.values().map(|c| c.events).sum::<u64>();
    assert_eq!(seen.len() as u64, events);
    let latest = handle.latest_happenings(5).expect("latest");
    assert!(latest.len() >= 5);
    assert_eq!(latest, seen[seen.len() - latest.len()..]);
    let one = handle.history(seen[0].case_id).expect("history");
    assert!(one.iter().all(|h| seen.iter().any(|s| s.event == *h && s.case_id == seen[0].case_id)));
    assert_eq!(one.len() as u64, world.cases[&seen[0].case_id].events);
}

#[test]
fn an_answer_is_told_when_every_source_has_it() {
    let mut world = World::default();
    let case = world.arrive("A", to(&["jb-housing"]));
    world.command(case, by("jb-housing"), Command::SignFor { n: None });
    world.join(case, &source("petition", "9"));
    resolve(&mut world, case, false);
    let (_folder, _model, handle) = asked(&world);
    let answers = handle.overview(start()).expect("overview").answers;
    assert_eq!((answers.told, answers.waiting, answers.refused), (0, 1, 0));
}

#[test]
fn a_clock_is_late_only_as_long_as_what_it_runs_for_is_not_done() {
    let mut world = World::default();
    let signed = world.arrive("1", to(&["jb-housing"]));
    world.command(signed, by("jb-housing"), Command::SignFor { n: None });
    let returned = world.arrive("2", to(&["jb-police"]));
    let reason = ReturnReason::NotOurDuty;
    world.command(returned, by("jb-police"), Command::RequestReturn { reason, suggested: None });
    let granted = Command::GrantReturn { department: department("jb-police"), assignees: Vec::new() };
    world.command(returned, operator(), granted);
    let waiting = world.arrive("3", to(&["jb-town"]));
    let (_folder, _model, handle) = asked(&world);
    let late = |hours| {
        let due_before = Some(start() + SignedDuration::from_hours(hours));
        let late = handle.cases(&Filter { due_before, ..Filter::default() }, None, 200).expect("cases").cases;
        late.into_iter().map(|case| case.id).collect::<Vec<_>>()
    };
    assert_eq!(late(2), [], "that nobody objected is no delay");
    assert_eq!(late(24), [waiting], "signed for, and back in triage");
    assert_eq!(late(72), [waiting, signed]);
}

#[test]
fn nothing_is_behind_the_end_of_all_sequences() {
    let (_folder, _model, handle) = asked(&busy_world());
    for since in [u64::MAX, u64::MAX / 2, i64::MAX.cast_unsigned()] {
        assert_eq!(handle.happenings_since(since, 10).expect("an answer"), []);
    }
}

#[test]
fn what_stands_where_adds_up() {
    let world = busy_world();
    let (_folder, _model, handle) = asked(&world);
    let far = start() + SignedDuration::from_hours(24 * 365);
    let (standing, overview) = (handle.standing(far).expect("standing"), handle.overview(far).expect("overview"));
    assert_eq!(standing.appeals.values().sum::<i64>(), overview.totals.cases);
    assert_eq!(standing.rules.values().sum::<i64>(), overview.routing.by_rule);
    assert!(standing.rules.contains_key("responsibilities.csv:12"), "{:?}", standing.rules);
    let mut open = BTreeMap::new();
    for case in handle.cases(&Filter::default(), None, 200).expect("cases").cases {
        let lead = case.lead.map(|lead| lead.to_string()).unwrap_or_default();
        *open.entry((case.stage, lead)).or_insert(0) += 1;
    }
    open.retain(|(stage, _), _| !stage.is_ended());
    let counted = standing.open.iter().filter(|(_, count)| **count != 0).map(|(at, count)| (at.clone(), *count));
    let open = open.into_iter().map(|((stage, lead), count)| ((stage.to_string(), lead), count));
    let open: BTreeMap<_, i64> = open.collect();
    assert!(open.keys().any(|(_, lead)| !lead.is_empty()), "somebody must have one");
    assert_eq!(counted.collect::<BTreeMap<_, _>>(), open);
    let late = Filter { due_before: Some(far), ..Filter::default() };
    let listed = handle.cases(&late, None, 200).expect("cases").cases;
    let mut by_lead = BTreeMap::new();
    for case in &listed {
        *by_lead.entry(case.lead.as_ref().map(ToString::to_string)).or_insert(0) += 1;
    }
    assert!(!by_lead.is_empty(), "somebody must be late in a year");
    assert_eq!(standing.overdue, by_lead);
    assert!(handle.standing(start()).expect("standing").overdue.is_empty(), "nobody is late at once");

    let owed: Vec<_> = handle.owed(&"hotline".parse().expect("a namespace"), 0, 200).expect("owed");
    let debt = handle.debt(&"hotline".parse().expect("a namespace")).expect("debt");
    assert_eq!(debt.cases, owed.len() as i64);
    assert_eq!(debt.oldest.is_some(), debt.cases > 0);
}
