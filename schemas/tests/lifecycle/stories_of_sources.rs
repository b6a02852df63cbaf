//! What sources do to a case, story by story.

use std::sync::Arc;

use huiliu_schemas::case::Owed;
use huiliu_schemas::clock::{Clock, Deadline};
use huiliu_schemas::command::{Action, Command, Given};
use huiliu_schemas::content::Content;
use huiliu_schemas::entry::Entry;
use huiliu_schemas::event::{Actor, AnswerDelivered, EventBody};
use huiliu_schemas::lifecycle::{NothingNew, beginning};
use huiliu_schemas::places::MatterCode;
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::submission::{Assessment, Facts, Flags, Intent, Session};
use huiliu_schemas::vocabulary::{Appeal, Assessor, LinkKind, MediationOutcome, Solved, Stage, UpstreamState, Warning};
use jiff::Timestamp;
use uuid::Uuid;

use crate::world::*;

const REPEAT: Outcome = Outcome::Nothing(NothingNew::Repeat);
const ECHO: Outcome = Outcome::Nothing(NothingNew::Echo);
const NOTICE: Outcome = Outcome::Nothing(NothingNew::Notice);

fn matter(code: &str) -> Option<MatterCode> {
    Some(code.parse().expect("a matter"))
}

fn delivered(version: Option<i64>, reply: Option<&str>) -> Action {
    Action::RecordDelivery(AnswerDelivered {
        event: Uuid::nil(),
        what: huiliu_schemas::vocabulary::AnswerKind::Resolved,
        source: source("hotline", "1"),
        version,
        reply_digest: reply.map(str::to_owned),
        refused: false,
        given_up: false,
        no_way: false,
    })
}

fn resolved_and_told(version: Option<i64>, reply: Option<&str>) -> World {
    let mut world = World::signed(&[lead("housing")]);
    let order = world.order(Actor::Hub, delivered(version, reply), Content::default(), Given::default());
    assert_eq!(world.outcome(&order), events(&["answer_delivered"]));
    world
}

#[test]
fn a_first_record_registers_and_routes_or_is_only_kept() {
    let rules = || to(&[lead("housing")]);
    let history = {
        let mut record = record();
        record.0.history = true;
        record
    };
    let table = [
        (record(), rules(), events(&["registered", "dispatched"]), Stage::Dispatched),
        (record(), unsure(), events(&["registered", "triaged"]), Stage::Triage),
        (record().intent(Intent::Urge), rules(), events(&["registered", "dispatched"]), Stage::Dispatched),
        (history, rules(), events(&["registered", "recorded"]), Stage::Recorded),
        (record().intent(Intent::Withdraw), rules(), events(&["registered", "recorded"]), Stage::Recorded),
        (record().upstream(UpstreamState::Closed, "a"), rules(), events(&["registered", "recorded"]), Stage::Recorded),
        (
            record().upstream(UpstreamState::Open, "a"),
            rules(),
            events(&["registered", "dispatched"]),
            Stage::Dispatched,
        ),
    ];
    for (record, given, expected, stage) in table {
        let mut world = World::new();
        assert_eq!(world.submit(&record, given), expected, "{record:?}");
        assert_eq!(world.stage(), stage);
    }
    let assessed = World::new().submit(&record().intent(Intent::Assess), rules());
    assert_eq!(assessed, Outcome::Refused(RefusalCode::UnknownCase));
    let notice = World::new().submit(&record().intent(Intent::Notice), rules());
    assert_eq!(notice, NOTICE, "what changes no case begins none");
}

#[test]
fn the_same_again_is_nothing_and_more_words_reach_the_departments() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    assert_eq!(world.submit(&record(), to(&[lead("housing")])), REPEAT);
    let more = record().saying("more").order(101);
    assert_eq!(world.submit(&more, to(&[lead("town")])), events(&["supplemented"]));
    assert_eq!(world.told(), ["housing supplement", "police supplement"]);
    assert_eq!(world.lead(), Some("housing"), "a supplement never moves a case a department has");
    assert_eq!(world.submit(&more, to(&[lead("town")])), REPEAT);
}

#[test]
fn a_supplement_in_triage_that_makes_it_plain_reroutes() {
    let mut world = World::in_triage();
    let more = record().saying("more").order(101);
    assert_eq!(world.submit(&more, to(&[lead("town")])), events(&["supplemented", "dispatched"]));
    assert_eq!((world.stage(), world.lead()), (Stage::Dispatched, Some("town")));
    assert_eq!(world.told(), ["town dispatch"]);

    let mut world = World::in_triage();
    assert_eq!(world.submit(&more, unsure()), events(&["supplemented"]));
    assert_eq!(world.stage(), Stage::Triage);
}

#[test]
fn after_a_return_a_person_decides_whatever_the_rules_say() {
    let mut world = World::signed(&[lead("housing")]);
    let reason = huiliu_schemas::vocabulary::ReturnReason::NotOurDuty;
    world.command(&of("housing"), Command::RequestReturn { reason, suggested: None });
    world.command(&desk(), Command::GrantReturn { department: department("housing"), assignees: Vec::new() });
    let more = record().saying("more").order(101);
    assert_eq!(world.submit(&more, to(&[lead("housing")])), events(&["supplemented"]));
    assert_eq!(world.stage(), Stage::Triage);
}

#[test]
fn what_a_record_leaves_out_stays_known() {
    let mut world = World::new();
    let half = Facts { appeal: Some(Appeal::Help), persons_count: Some(3), ..Facts::default() };
    world.submit(&record().facts(half), unsure());
    let filled = Facts { matter: matter("0101"), ..Facts::default() };
    let outcome = world.submit(&record().facts(filled).saying("filled").order(101), to(&[lead("housing")]));
    assert_eq!(outcome, events(&["supplemented", "dispatched"]));
    let facts = &world.case().facts;
    assert_eq!(
        (facts.appeal, facts.persons_count, facts.matter.clone()),
        (Some(Appeal::Help), Some(3), matter("0101"))
    );
}

#[test]
fn a_record_without_day_or_person_does_not_make_room_for_another_one() {
    let mut world = World::dispatched(&[lead("housing")]);
    let bare = record().saying("bare").seen(|s| {
        s.order = None;
        s.registered_on = None;
        s.identity_digest = None;
        s.name_digest = None;
        s.phone_digest = None;
    });
    assert_eq!(world.submit(&bare, unsure()), events(&["supplemented"]));
    let other = record().saying("other").order(102).seen(|s| s.identity_digest = Some("another".into()));
    assert_eq!(world.submit(&other, unsure()), Outcome::Refused(RefusalCode::IdentityConflict));
    assert_eq!(world.submit(&record().saying("old").order(99), unsure()), events(&["superseded"]));
}

/// The portal lists those who signed as it likes, and more sign later.
#[test]
fn another_order_of_a_joint_petition_is_no_other_person() {
    let signed = |first: &str, all: &[&str]| {
        let all = all.iter().map(|digest| (*digest).to_owned()).collect();
        record().saying(first).seen(|s| {
            (s.identity_digest, s.name_digest, s.phone_digest) = (Some(first.to_owned()), None, None);
            s.joint_digests = all;
        })
    };
    for (again, expected) in [
        (signed("second", &["first", "second"]), events(&["supplemented"])),
        (signed("third", &["second", "third"]), events(&["supplemented"])),
        (signed("second", &[]), events(&["supplemented"])),
        (signed("third", &["fourth", "third"]), Outcome::Refused(RefusalCode::IdentityConflict)),
        (signed("third", &[]), Outcome::Refused(RefusalCode::IdentityConflict)),
    ] {
        let mut world = World::new();
        world.submit(&signed("first", &["first", "second"]), to(&[lead("housing")]));
        assert_eq!(world.submit(&again.clone().order(101), unsure()), expected, "{again:?}");
    }
}

#[test]
fn another_day_or_another_person_under_the_same_number_is_a_conflict() {
    type Change = fn(&mut huiliu_schemas::event::SourceSeen);
    let conflict = Outcome::Refused(RefusalCode::IdentityConflict);
    let table: [(&str, Change, Outcome); 6] = [
        ("date", |s| s.registered_on = Some(jiff::civil::date(2026, 3, 2)), conflict.clone()),
        ("id number", |s| s.identity_digest = Some("another".into()), conflict.clone()),
        (
            "name and phone",
            |s| {
                s.name_digest = Some("another".into());
                s.phone_digest = Some("another".into());
            },
            conflict,
        ),
        ("a new phone", |s| s.phone_digest = Some("another".into()), events(&["supplemented"])),
        ("a name put right", |s| s.name_digest = Some("another".into()), events(&["supplemented"])),
        ("no date", |s| s.registered_on = None, events(&["supplemented"])),
    ];
    for (what, change, expected) in table {
        let mut world = World::dispatched(&[lead("housing")]);
        let before = world.case.clone();
        let outcome = world.submit(&record().saying("more").order(101).seen(change), unsure());
        assert_eq!(outcome, expected, "{what}");
        if matches!(outcome, Outcome::Refused(_)) {
            assert_eq!(world.case, before);
        }
    }
}

#[test]
fn a_record_that_joins_another_persons_case_by_a_number_is_a_conflict() {
    type Change = fn(&mut huiliu_schemas::event::SourceSeen);
    let conflict = || Outcome::Refused(RefusalCode::IdentityConflict);
    let joins = || events(&["supplemented"]);
    let day: Change = |s| s.registered_on = Some(jiff::civil::date(2027, 3, 1));
    let identity: Change = |s| s.identity_digest = Some("another".into());
    let wife: Change = |s| {
        (s.identity_digest, s.registered_on) = (None, Some(jiff::civil::date(2026, 3, 5)));
        (s.name_digest, s.phone_digest) = (Some("another".into()), Some("another".into()));
    };
    let phone: Change = |s| {
        s.identity_digest = None;
        (s.name_digest, s.phone_digest) = (Some("another".into()), Some("another".into()));
    };
    let nothing: Change = |_| {};
    let number = || source("hotline", "N");
    let order = || Record::of(source("hotline", "2"), "hotline-12345").alias(number());
    let begun = record().alias(number());
    let named = || petition().alias(number());
    let table = [
        ("issued again", order(), nothing, joins()),
        ("the number of another year", order(), day, conflict()),
        ("another identity", order(), identity, conflict()),
        ("another name and phone", order(), phone, conflict()),
        ("the order by its number alone", Record::of(number(), "hotline-12345"), phone, conflict()),
        ("elsewhere", named(), nothing, joins()),
        ("elsewhere on another day", named(), day, joins()),
        ("elsewhere by his wife", named(), wife, joins()),
        ("elsewhere under another identity", named(), identity, joins()),
    ];
    for (what, record, change, expected) in table {
        let mut world = World::new();
        world.submit(&begun, to(&[lead("housing")]));
        let before = world.case.clone();
        let outcome = world.submit(&record.seen(change), unsure());
        assert_eq!(outcome, expected, "{what}");
        assert_eq!(world.case == before, matches!(outcome, Outcome::Refused(_)), "{what}");
    }
    // Two petitions name the call both came out of, each registered on a day of its own.
    let mut world = World::new();
    world.submit(&begun, to(&[lead("housing")]));
    world.submit(&petition(), unsure());
    let second = Record::of(source("petition", "10"), "petition-portal").alias(source("hotline", "1"));
    assert_eq!(world.submit(&second.seen(wife), unsure()), joins());
}

#[test]
fn an_older_record_changes_no_field_and_is_noted_once() {
    let mut world = World::dispatched(&[lead("housing")]);
    let old = record().saying("old").order(99).facts(Facts { persons_count: Some(9), ..Facts::default() });
    let before = world.case().clone();
    assert_eq!(world.submit(&old, unsure()), events(&["superseded"]));
    let after = world.case();
    assert_eq!((&after.facts, &after.sources, after.stage), (&before.facts, &before.sources, before.stage));
    assert_eq!(world.submit(&old, unsure()), REPEAT);
    assert_eq!(world.submit(&record().order(98), unsure()), REPEAT, "older, and says nothing else");
    let noted = world.log.last().expect("an event");
    assert!(!noted.content.is_empty(), "an order that went astray must not lose what the source says");
}

#[test]
fn a_source_urges_by_a_record_of_its_own() {
    let mut world = World::signed(&[lead("housing")]);
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    assert_eq!(world.submit(&urge, unsure()), events(&["urged"]));
    assert_eq!((world.told(), world.case().marks.urged), (vec!["housing urge".to_owned()], 1));
    assert_eq!(world.submit(&urge, unsure()), REPEAT);
    assert_eq!(world.command(&hotline(), Command::Urge {}), events(&["urged"]));
}

#[test]
fn answers_go_back_through_the_channel_a_source_spoke_by() {
    let mut world = World::signed(&[lead("housing")]);
    let urge = Record::of(source("petition", "9"), "petition-portal").intent(Intent::Urge);
    assert_eq!(world.submit(&urge, unsure()), events(&["urged"]));
    assert_eq!(world.case().answers_by("hotline"), &channel("hotline-12345"));
    assert_eq!(world.case().answers_by("petition"), &channel("petition-portal"));
}

/// A numbering may come by two channels, or by one that got another name.
#[test]
fn whoever_brings_records_of_a_numbering_speaks_for_it() {
    let renamed = Actor::Source { channel: channel("hotline-new") };
    let mut world = World::signed(&[lead("housing")]);
    assert_eq!(world.command(&renamed, Command::Urge {}), Outcome::Refused(RefusalCode::UnknownCase));
    let by_the_other = Record::of(source("hotline", "1"), "hotline-new").order(101).saying("more");
    assert_eq!(world.submit(&by_the_other, unsure()), events(&["supplemented"]));
    assert_eq!(world.command(&renamed, Command::Urge {}), events(&["urged"]));
    assert_eq!(world.command(&hotline(), Command::Urge {}), events(&["urged"]));
    assert_eq!(world.case().answers_by("hotline"), &channel("hotline-12345"), "answers go where they went");
}

/// Ended by mistake, by a rule that was mistyped or a source's wrong code: a person at the centre takes it up again.
#[test]
fn an_operator_takes_up_again_what_has_ended() {
    let mut recorded = World::new();
    let mut old = record();
    old.0.history = true;
    assert_eq!(recorded.submit(&old, unsure()), events(&["registered", "recorded"]));
    let mut withdrawn = World::signed(&[lead("housing")]);
    assert_eq!(withdrawn.command(&desk(), Command::Withdraw {}), events(&["withdrawn"]));
    let mut declined = World::signed(&[lead("housing")]);
    declined.command(&of("housing"), Command::Decline { article: "第二十二条".into() });
    let machine = Actor::Machine { name: "rules".into() };
    for mut world in [recorded, withdrawn, declined] {
        assert_eq!(world.wordless(&desk(), Command::Reopen {}), Outcome::Refused(RefusalCode::MissingReason));
        assert_eq!(world.command(&machine, Command::Reopen {}), Outcome::Refused(RefusalCode::NotAllowed));
        assert_eq!(
            world.command_given(&desk(), Command::Reopen {}, to(&[lead("police")])),
            events(&["reopened", "triaged"])
        );
        assert!(world.case().decision.is_some(), "what it says was judged");
        assert_eq!(world.command(&desk(), Command::Reopen {}), Outcome::Refused(RefusalCode::WrongStage));
        let assignees = vec![lead("police")];
        world.command(&desk(), Command::Dispatch { assignees, not_accused: Vec::new() });
        assert_eq!((world.stage(), world.told()), (Stage::Dispatched, vec!["police dispatch".to_owned()]));
    }
    let mut resolved = World::signed(&[lead("housing")]);
    resolve(&mut resolved);
    assert_eq!(resolved.command(&desk(), Command::Reopen {}), events(&["reopened"]));
    assert_eq!(resolved.told(), ["housing reopen"]);
}

#[test]
fn another_source_joins_once() {
    let mut world = World::dispatched(&[lead("housing")]);
    let other = Record::of(source("petition", "9"), "petition-portal").alias(source("hotline", "1"));
    assert_eq!(world.submit(&other, unsure()), events(&["supplemented"]));
    assert_eq!(world.case().aliases, [source("petition", "9")]);
    assert_eq!(world.submit(&other, unsure()), REPEAT);
    assert!(world.case().is_source(&Actor::Source { channel: channel("petition-portal") }));
}

#[test]
fn a_record_that_names_a_number_of_another_case_links_the_two_once() {
    let other = huiliu_schemas::CaseId::of(&source("petition", "9"));
    let names_it = || Given { elsewhere: vec![other], ..unsure() };
    let mut world = World::signed(&[lead("housing")]);
    assert_eq!(world.submit(&record().saying("more").order(101), names_it()), events(&["supplemented", "linked"]));
    assert_eq!(world.submit(&record().saying("more").order(102), names_it()), REPEAT);
    assert_eq!(world.case().marks.links.len(), 1);

    let mut back = World::signed(&[lead("housing")]);
    let linked = events(&["linked"]);
    for expected in [linked, REPEAT] {
        let link = back.order(
            Actor::Hub,
            Action::Link { to: other, kind: LinkKind::Duplicate },
            Content::default(),
            Given::default(),
        );
        assert_eq!(back.outcome(&link), expected);
    }
}

/// However late the record is, and whatever it is for.
#[test]
fn no_record_that_names_a_number_of_another_case_is_passed_over() {
    let other = huiliu_schemas::CaseId::of(&source("petition", "9"));
    let names_it = || Given { elsewhere: vec![other], ..unsure() };
    let urge = || Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    let session = record().intent(Intent::Session).order(101);
    for (record, expected) in [
        (record().saying("old").order(99), events(&["superseded", "linked"])),
        (record().order(99), events(&["linked"])),
        (record().order(101).intent(Intent::Withdraw), events(&["upstream_changed", "withdrawn", "linked"])),
        (urge(), events(&["urged", "linked"])),
        (session, events(&["linked"])),
    ] {
        let mut world = World::signed(&[lead("housing")]);
        assert_eq!(world.submit(&record, names_it()), expected, "{record:?}");
        assert_eq!(world.submit(&record, names_it()), REPEAT, "{record:?}");
        assert_eq!(world.case().marks.links, [(other, LinkKind::Duplicate)]);
        assert!(world.log.last().expect("an event").content.is_empty(), "the words go with what they say");
    }
    let mut urged = World::signed(&[lead("housing")]);
    urged.submit(&urge(), unsure());
    assert_eq!(urged.submit(&urge(), names_it()), events(&["linked"]));
}

/// It would have joined that case, and contradicts it.
#[test]
fn a_case_that_begins_with_a_number_of_another_is_related_to_it() {
    let other = huiliu_schemas::CaseId::of(&source("hotline", "9"));
    let names_it = || Given { elsewhere: vec![other], ..to(&[lead("housing")]) };
    let mut world = World::new();
    assert_eq!(world.submit(&record(), names_it()), events(&["registered", "dispatched", "linked"]));
    assert_eq!(world.submit(&record(), names_it()), REPEAT);
    assert_eq!(world.case().marks.links, [(other, LinkKind::Related)]);
}

#[test]
fn a_source_withdraws_and_those_who_had_signed_learn_of_it() {
    let mut world = World::signed(&[lead("housing")]);
    let back = record().intent(Intent::Withdraw).saying("withdrawn").order(101);
    assert_eq!(world.submit(&back, unsure()), events(&["upstream_changed", "withdrawn"]));
    assert_eq!((world.stage(), world.told()), (Stage::Withdrawn, vec!["housing withdraw".to_owned()]));
    assert_eq!(world.submit(&back, unsure()), REPEAT);
    assert_eq!(world.command(&hotline(), Command::Withdraw {}), Outcome::Refused(RefusalCode::WrongStage));
}

#[test]
fn a_state_changed_upstream_by_somebody_else() {
    let table = [
        (UpstreamState::Closed, events(&["upstream_changed", "closed"]), Stage::Closed),
        (UpstreamState::Cancelled, events(&["upstream_changed", "withdrawn"]), Stage::Withdrawn),
        (UpstreamState::Returned, events(&["upstream_changed"]), Stage::SignedFor),
        (UpstreamState::Open, REPEAT, Stage::SignedFor),
    ];
    for (state, expected, stage) in table {
        let mut world = World::signed(&[lead("housing")]);
        let changed = record().intent(Intent::StateChange).order(101).upstream(state, "theirs");
        assert_eq!(world.submit(&changed, unsure()), expected, "{state}");
        assert_eq!(world.stage(), stage);
        assert_eq!(world.submit(&changed, unsure()), REPEAT);
    }
}

#[test]
fn a_source_that_ends_it_under_an_unchanged_reply_is_heard() {
    let reply = |order, state| record().order(order).upstream(state, "their reply");
    let ended = [
        (UpstreamState::Closed, events(&["upstream_changed", "closed"])),
        (UpstreamState::Cancelled, events(&["upstream_changed", "withdrawn"])),
        (UpstreamState::Returned, events(&["upstream_changed"])),
    ];
    for (state, expected) in ended {
        let mut world = World::signed(&[lead("housing")]);
        world.submit(&reply(101, UpstreamState::Open).saying("more"), unsure());
        assert_eq!(world.submit(&reply(102, state).saying("more"), unsure()), expected, "{state}");
        assert_eq!(world.submit(&reply(103, state).saying("more"), unsure()), REPEAT, "{state}");
    }
}

/// What we told on the way stands there still when somebody at the source ends it, or hands our result back.
#[test]
fn our_own_words_hide_nothing_that_the_source_does() {
    let shown = |order, state| record().order(order).saying("more").upstream(state, "our words");
    let mut world = World::signed(&[lead("housing")]);
    world.submit(&shown(101, UpstreamState::Open).upstream(UpstreamState::Open, "theirs"), unsure());
    assert_eq!(world.command(&of("housing"), Command::Progress {}), events(&["progressed"]));
    tell(&mut world, Some(102), Some("our words"));
    assert_eq!(world.submit(&shown(103, UpstreamState::Open), unsure()), ECHO);
    assert_eq!(world.submit(&shown(104, UpstreamState::Closed), unsure()), events(&["upstream_changed", "closed"]));

    let without_order = |state| shown(0, state).seen(|s| s.order = None);
    let mut world = World::signed(&[lead("housing")]);
    world.submit(&shown(101, UpstreamState::Open).upstream(UpstreamState::Open, "theirs"), unsure());
    resolve(&mut world);
    tell(&mut world, None, Some("our words"));
    assert_eq!(world.submit(&without_order(UpstreamState::Open), unsure()), ECHO);
    assert_eq!(world.submit(&without_order(UpstreamState::Returned), unsure()), events(&["reopened"]));
    assert_eq!(world.submit(&without_order(UpstreamState::Returned), unsure()), ECHO);
}

#[test]
fn a_source_that_shows_our_end_by_its_state_alone_does_not_end_what_came_back() {
    let shown = |order, state| record().order(order).saying("more").upstream(state, "their reply");
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    let mut world = World::signed(&[lead("housing")]);
    world.submit(&shown(101, UpstreamState::Open), unsure());
    resolve(&mut world);
    tell(&mut world, Some(120), None);
    assert_eq!(world.submit(&shown(121, UpstreamState::Closed), unsure()), REPEAT);
    assert_eq!(world.submit(&urge, unsure()), events(&["urged", "reopened"]));
    assert_eq!(world.submit(&shown(122, UpstreamState::Closed), unsure()), events(&["upstream_changed"]));
    assert_eq!(world.submit(&shown(123, UpstreamState::Closed), unsure()), REPEAT);
    assert_eq!(world.stage(), Stage::Dispatched);
}

#[test]
fn a_source_that_is_over_ends_nothing_while_another_one_waits() {
    use UpstreamState::{Cancelled, Closed};
    let copy = |order: i64| {
        Record::of(source("grid", "7"), "grid-worker").alias(source("hotline", "1")).order(order).intent(Intent::Matter)
    };
    for (state, end) in [(Closed, Stage::Closed), (Cancelled, Stage::Withdrawn)] {
        let over = |record: Record| match state {
            Cancelled => record.intent(Intent::Withdraw).upstream(state, "over"),
            _ => record.upstream(state, "over"),
        };
        let mut world = World::signed(&[lead("housing")]);
        assert_eq!(world.submit(&copy(100), unsure()), events(&["supplemented"]));
        assert_eq!(world.submit(&over(copy(101)), unsure()), events(&["upstream_changed"]), "{state}");
        assert_eq!((world.stage(), world.told()), (Stage::SignedFor, vec!["housing supplement".to_owned()]));
        assert_eq!(world.submit(&over(copy(102)), unsure()), REPEAT, "{state}");
        let mut waits_again = world.clone();
        let last = if state == Closed { "closed" } else { "withdrawn" };
        assert_eq!(world.submit(&over(record().order(101)), unsure()), events(&["upstream_changed", last]));
        assert_eq!(world.stage(), end);

        let opened = copy(103).upstream(UpstreamState::Open, "open").seen(|s| s.order = None);
        assert_eq!(waits_again.submit(&opened, unsure()), events(&["upstream_changed"]));
        assert_eq!(waits_again.submit(&over(record().order(101)), unsure()), events(&["upstream_changed"]), "{state}");
        assert_eq!(waits_again.stage(), Stage::SignedFor);
    }
}

#[test]
fn a_source_withdraws_by_command_only_what_nobody_else_waits_for() {
    let mut world = World::signed(&[lead("housing")]);
    world.submit(&petition(), unsure());
    for channel in ["hotline-12345", "petition-portal"] {
        let source = Actor::Source { channel: channel.parse().expect("a channel") };
        assert_eq!(
            world.command(&source, Command::Withdraw {}),
            Outcome::Refused(RefusalCode::NotAllowed),
            "{channel}"
        );
    }
    let mut by_centre = world.clone();
    assert_eq!(by_centre.command(&desk(), Command::Withdraw {}), events(&["withdrawn"]));
    world.submit(&petition().order(101).upstream(UpstreamState::Cancelled, "theirs"), unsure());
    assert_eq!(world.command(&hotline(), Command::Withdraw {}), events(&["withdrawn"]));
}

#[test]
fn a_record_that_joins_ends_nothing() {
    let joins = |state| petition().upstream(state, "theirs");
    let taken_back = |state| joins(state).intent(Intent::Withdraw);
    let mut history = joins(UpstreamState::Closed);
    history.0.history = true;
    let table = [
        joins(UpstreamState::Closed),
        joins(UpstreamState::Cancelled),
        taken_back(UpstreamState::Cancelled),
        petition().intent(Intent::Withdraw),
        history,
    ];
    for record in table {
        let mut world = World::signed(&[lead("housing")]);
        assert_eq!(world.submit(&record, unsure()), events(&["supplemented", "upstream_changed"]), "{record:?}");
        assert_eq!((world.stage(), world.told()), (Stage::SignedFor, vec!["housing supplement".to_owned()]));
        assert_eq!(world.submit(&record, unsure()), REPEAT, "{record:?}");

        let mut world = World::in_triage();
        let outcome = world.submit(&record, to(&[lead("housing")]));
        assert_eq!(outcome, events(&["supplemented", "dispatched", "upstream_changed"]), "{record:?}");
    }
}

#[test]
fn an_order_speaks_for_its_other_numbers_and_for_what_followed_it_up() {
    let closed = record().order(101).upstream(UpstreamState::Closed, "theirs");
    let end = events(&["upstream_changed", "closed"]);
    let number = || source("hotline", "N");
    let begun = |record: Record| {
        let mut world = World::new();
        assert_eq!(world.submit(&record, to(&[lead("housing")])), events(&["registered", "dispatched"]));
        world
    };
    let joins = |mut world: World, record: &Record| {
        assert_eq!(world.submit(record, unsure()), events(&["supplemented"]));
        world
    };
    // Known by its printed number alone, too.
    let mut world = joins(begun(record().alias(number())), &Record::of(number(), "hotline-12345"));
    assert_eq!(world.submit(&closed.clone().alias(number()), unsure()), end);
    // Issued again: the number is the same, the order another one.
    let again = Record::of(source("hotline", "2"), "hotline-12345").alias(number());
    let mut world = joins(begun(record().alias(number())), &again);
    assert_eq!(world.submit(&closed.clone().alias(number()), unsure()), events(&["upstream_changed"]));
    assert_eq!(world.submit(&again.order(101).upstream(UpstreamState::Closed, "theirs"), unsure()), end);
    // Begun by an urge of an order nobody had heard of.
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    let mut world = joins(begun(urge.alias(source("hotline", "1")).seen(|s| s.follow_up = true)), &record());
    assert_eq!(world.submit(&closed, unsure()), end);
}

#[test]
fn what_is_refused_under_one_number_is_told_under_the_next() {
    let number = || source("hotline", "N");
    let again = |id| Record::of(source("hotline", id), "hotline-12345").alias(number());
    let owed = |world: &World| -> Vec<String> { world.case().owed.iter().map(|o| o.source.to_string()).collect() };
    let told = |world: &mut World, refused, given_up| {
        let owed = world.case().owed.first().cloned().expect("an answer is owed");
        let (event, what, source) = (owed.event, owed.what, owed.source);
        let (version, reply_digest) = (None, None);
        let told = AnswerDelivered { event, what, source, version, reply_digest, refused, given_up, no_way: false };
        let order = world.order(Actor::Hub, Action::RecordDelivery(told), Content::default(), Given::default());
        assert_eq!(world.outcome(&order), events(&["answer_delivered"]));
    };
    let answer = |world: &mut World, refused| told(world, refused, false);
    let urge =
        Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge).seen(|s| s.follow_up = true);
    let begun = || {
        let mut world = World::new();
        world.submit(&record().alias(number()), to(&[lead("housing")]));
        world.submit(&urge, unsure());
        world.submit(&again("2"), unsure());
        world.submit(&again("3"), unsure());
        world.command(&of("housing"), Command::SignFor { n: None });
        world
    };
    let mut world = begun();
    assert_eq!(owed(&world), ["hotline:1"]);
    answer(&mut world, true);
    assert_eq!(owed(&world), ["hotline:2"], "the number that was refused is not asked again");
    answer(&mut world, false);
    assert_eq!(owed(&world), [""; 0]);
    resolve(&mut world);
    assert_eq!(owed(&world), ["hotline:1"], "a step that was refused says nothing of the last word");
    for next in ["hotline:2", "hotline:3"] {
        answer(&mut world, true);
        assert_eq!(owed(&world), [next]);
    }
    answer(&mut world, true);
    assert_eq!(owed(&world), [""; 0], "each number once");

    let mut world = begun();
    world.submit(&record().alias(number()).order(101).upstream(UpstreamState::Cancelled, "theirs"), unsure());
    answer(&mut world, true);
    resolve(&mut world);
    assert_eq!(owed(&world), ["hotline:2", "hotline:2"], "not the one that is over");

    let mut world = begun();
    told(&mut world, true, true);
    assert_eq!(owed(&world), [""; 0], "what the first may have taken is told to no other");
}

/// The flag is heard whatever becomes of the record that bears it, and its words are not taken along.
#[test]
fn who_asks_for_secrecy_in_passing_gets_it() {
    let flags = Flags { confidential: true, ..Flags::default() };
    let secret = |record: Record| record.facts(Facts { flags, ..Facts::default() });
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    let urge = urge.alias(source("hotline", "1")).seen(|s| s.follow_up = true);
    let late = record().order(99).saying("late");
    let assessed = record().intent(Intent::Assess).assessed(Solved::Yes);
    let table = [
        (secret(urge.clone()), vec!["urged", "secrecy_asked"]),
        (secret(late), vec!["superseded", "secrecy_asked"]),
        (secret(record().order(99)), vec!["secrecy_asked"]),
        (secret(assessed), vec!["assessed", "secrecy_asked"]),
        (urge, vec!["urged"]),
    ];
    for (told, wanted) in table {
        let mut world = World::dispatched(&[lead("housing")]);
        assert!(!world.case().hides_reporter());
        assert_eq!(world.submit(&told, unsure()), events(&wanted));
        assert_eq!(world.case().hides_reporter(), wanted.contains(&"secrecy_asked"), "{wanted:?}");
        assert_ne!(world.submit(&told, unsure()), events(&["secrecy_asked"]), "asked once");
    }
}

/// An urge that is written on says more than the first time.
#[test]
fn an_urge_that_says_more_is_heard_again() {
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    let urge = urge.alias(source("hotline", "1")).seen(|s| s.follow_up = true);
    let mut world = World::dispatched(&[lead("housing")]);
    assert_eq!(world.submit(&urge, unsure()), events(&["urged"]));
    assert_eq!(world.submit(&urge, unsure()), REPEAT);
    assert_eq!(world.submit(&urge.clone().order(101).saying("a threat"), unsure()), events(&["urged"]));
    assert_eq!(world.submit(&urge, unsure()), events(&["superseded"]));
    // An ended case comes back by what is newer, not by how it is told.
    let again = urge.clone().order(102).saying("a threat again");
    let mut world = World::signed(&[lead("housing")]);
    world.submit(&urge, unsure());
    resolve(&mut world);
    assert_eq!(world.submit(&urge.clone().saying("shortened"), unsure()), REPEAT);
    assert_eq!(world.submit(&again, unsure()), events(&["urged", "reopened"]));
    // Without an order it is heard, and brings nothing back; with one that it has only now, it does.
    let unordered = |says: &str| urge.clone().seen(|s| s.order = None).saying(says);
    let mut world = World::signed(&[lead("housing")]);
    world.submit(&unordered("urges"), unsure());
    resolve(&mut world);
    assert_eq!(world.submit(&unordered("a threat"), unsure()), events(&["urged"]));
    assert_eq!(world.submit(&again, unsure()), events(&["urged", "reopened"]));
    // What was a matter of its own is heard, and stays one.
    let mut world = World::signed(&[lead("housing")]);
    resolve(&mut world);
    let turned = record().intent(Intent::Urge).order(101).saying("more").seen(|s| s.follow_up = true);
    assert_eq!(world.submit(&turned, unsure()), events(&["urged"]));
    assert_eq!(world.stage(), Stage::Resolved);
    assert!(!world.case().source(&source("hotline", "1")).expect("known").follow_up);
}

/// One of those whom the rules name is accused by now: the others have the case, and keep it.
#[test]
fn who_is_accused_is_left_out_and_the_lead_stays() {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    let mut given = to(&[lead("housing"), participant("police")]);
    given.forbidden = vec![department("police")];
    Arc::make_mut(given.decision.as_mut().expect("decided")).accusation = true;
    assert_eq!(world.submit(&record().order(101).saying("accuses"), given), events(&["supplemented", "dispatched"]));
    assert_eq!(world.lead(), Some("housing"));
    let decision = world.case().decision.clone().expect("decided");
    assert_eq!(decision.excluded.last().map(|e| e.department.as_str()), Some("police"));
    assert!(world.case().active(&department("police")).is_none());
}

/// What was declined and came back is a person's to send on, however often it is told again.
#[test]
fn what_came_back_waits_for_a_person() {
    let mut world = World::signed(&[lead("housing")]);
    world.command(&of("housing"), Command::Decline { article: "《信访工作条例》第二十二条".into() });
    let more = |order, says: &str| record().order(order).saying(says);
    let came_back = world.submit(&more(101, "more"), to(&[lead("housing")]));
    assert_eq!(came_back, events(&["supplemented", "reopened", "triaged"]));
    assert_eq!(world.submit(&more(102, "and more"), to(&[lead("housing")])), events(&["supplemented"]));
    for order in 103..105 {
        let mut given = to(&[lead("housing")]);
        Arc::make_mut(given.decision.as_mut().expect("decided")).accusation = true;
        world.submit(&more(order, &format!("accuses {order}")), given);
        assert_eq!(world.stage(), Stage::Triage, "an accusation does not make it go by itself");
    }
}

/// Another person may urge.
#[test]
fn who_urges_need_not_be_who_spoke_first() {
    let known = record().alias(source("hotline", "N")).seen(|s| (s.name_digest, s.phone_digest) = person("a"));
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    let urge = urge.alias(source("hotline", "N")).seen(|s| {
        (s.name_digest, s.phone_digest) = person("b");
        s.follow_up = true;
    });
    let mut world = World::new();
    world.submit(&known, to(&[lead("housing")]));
    assert_eq!(world.submit(&urge, unsure()), events(&["urged"]));
}

fn person(who: &str) -> (Option<String>, Option<String>) {
    (Some(format!("name of {who}")), Some(format!("phone of {who}")))
}

#[test]
fn what_was_taken_back_and_came_back_is_not_taken_back_by_the_same_record() {
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    let back = record().intent(Intent::Withdraw).order(101).upstream(UpstreamState::Cancelled, "back");
    let mut world = World::signed(&[lead("housing")]);
    assert_eq!(world.submit(&back, unsure()), events(&["upstream_changed", "withdrawn"]));
    assert_eq!(world.submit(&urge, unsure()), events(&["urged", "reopened", "triaged"]));
    assert_eq!(world.submit(&back, unsure()), REPEAT);
    assert_eq!(world.stage(), Stage::Triage);
}

#[test]
fn a_case_closed_upstream_while_in_triage_is_sent_to_nobody() {
    let mut world = World::in_triage();
    let closed = record().saying("more").order(101).upstream(UpstreamState::Closed, "theirs");
    let outcome = world.submit(&closed, to(&[lead("housing")]));
    assert_eq!(outcome, events(&["supplemented", "upstream_changed", "closed"]));
    assert!(world.log.iter().all(|e| e.entries.is_empty()));
}

#[test]
fn our_own_answer_is_known_by_version_or_by_words_and_never_by_time() {
    let closed = |order, words| record().order(order).upstream(UpstreamState::Closed, words);
    let echo = Outcome::Nothing(NothingNew::Echo);
    let theirs = events(&["upstream_changed", "closed"]);
    let table = [
        (Some(120), None, closed(120, "whatever"), echo.clone()),
        (None, Some("ours"), closed(500, "ours"), echo),
        (None, Some("ours"), closed(101, "theirs"), theirs.clone()),
        (Some(120), Some("ours"), closed(121, "theirs"), theirs),
    ];
    for (version, reply, record, expected) in table {
        let mut world = resolved_and_told(version, reply);
        assert_eq!(world.submit(&record, unsure()), expected, "{record:?}");
    }
}

#[test]
fn what_a_record_from_before_our_answer_says_is_heard_and_its_state_is_not() {
    let between = |order| record().order(order);
    let mut world = resolved_and_told(Some(120), None);
    assert_eq!(world.submit(&between(117).saying("more"), unsure()), events(&["supplemented"]));
    assert_eq!(world.told(), ["housing supplement"]);
    assert_eq!(world.submit(&between(117).saying("more"), unsure()), REPEAT);
    for state in [UpstreamState::Closed, UpstreamState::Cancelled, UpstreamState::Returned] {
        let before = between(119).saying("more").upstream(state, state.as_str());
        assert_eq!(world.submit(&before, unsure()), events(&["superseded"]), "{state}");
        assert_eq!(world.submit(&before, unsure()), REPEAT, "{state}");
    }
    let taken_back = between(119).saying("more").intent(Intent::Withdraw);
    assert_eq!(world.submit(&taken_back, unsure()), events(&["superseded"]));
    assert_eq!(world.stage(), Stage::SignedFor);

    let mut world = over_and_told();
    assert_eq!(world.submit(&between(119).saying("more"), unsure()), events(&["supplemented", "reopened"]));
}

#[test]
fn what_has_no_order_is_never_too_late() {
    let orderless = |words| record().saying(words).seen(|s| s.order = None);
    let mut world = resolved_and_told(Some(120), None);
    for words in ["more", "yet more"] {
        assert_eq!(world.submit(&orderless(words), unsure()), events(&["supplemented"]));
        assert_eq!(world.told(), ["housing supplement"]);
    }
    assert_eq!(world.submit(&record().saying("old").order(99), unsure()), events(&["superseded"]));
    assert_eq!(world.submit(&record().saying("other words").order(99), unsure()), events(&["superseded"]));
    assert_eq!(world.submit(&record().saying("old").order(99), unsure()), REPEAT);
}

#[test]
fn the_citizens_view_may_come_with_a_record() {
    let mut world = World::signed(&[lead("housing")]);
    world.command(&of("housing"), Command::Resolve { solved: Solved::Yes, contacted: true });
    let view = record().intent(Intent::Assess).order(101).assessed(Solved::Partly);
    assert_eq!(world.submit(&view, unsure()), events(&["assessed"]));
    assert_eq!(world.stage(), Stage::Assessed);
    assert_eq!(world.submit(&view, unsure()), REPEAT);
}

#[test]
fn a_session_is_noted_once_and_however_late() {
    let mut world = World::dispatched(&[lead("housing")]);
    let mut room = record().intent(Intent::Session).order(50);
    room.0.submission.session = Some(Session {
        id: "room-1".into(),
        level: Some(3),
        round: Some(1),
        started_at: None,
        ended_at: None,
        outcome: None,
        digests: Vec::new(),
    });
    assert_eq!(world.submit(&room, unsure()), events(&["mediation_held"]));
    assert_eq!(world.submit(&room, unsure()), REPEAT);
    room.0.submission.session.as_mut().expect("a session").round = Some(2);
    assert_eq!(world.submit(&room, unsure()), events(&["mediation_held"]));
    assert_eq!(world.case().sessions.len(), 1, "the same room, told of again");
    assert_eq!(world.submit(&record().intent(Intent::Notice), unsure()), NOTICE);
}

fn ended(id: &str, outcome: Option<MediationOutcome>) -> Session {
    Session { id: id.into(), level: None, round: None, started_at: None, ended_at: None, outcome, digests: Vec::new() }
}

/// They come once the room has ended, and say nothing of it that was not known.
#[test]
fn minutes_that_come_after_the_session_are_kept_once() {
    let mut world = World::dispatched(&[lead("housing")]);
    let mut room = record().intent(Intent::Session).saying("it ended");
    room.0.submission.session = Some(ended("room-1", None));
    room.0.submission.content.note = None;
    assert_eq!(world.submit(&room, unsure()), events(&["mediation_held"]));
    let mut minutes = room.clone().saying("the minutes");
    minutes.0.submission.content.note = Some("各付一半。".into());
    assert_eq!(world.submit(&minutes, unsure()), events(&["mediation_held"]));
    assert_eq!(world.submit(&minutes, unsure()), REPEAT);
    assert_eq!(world.submit(&room, unsure()), REPEAT, "they are not forgotten");
    let mut others = minutes.clone().saying("other minutes");
    others.0.submission.content.note = Some("各付三成。".into());
    assert_eq!(world.submit(&others, unsure()), events(&["mediation_held"]));
    for again in [&minutes, &others, &minutes] {
        assert_eq!(world.submit(again, unsure()), REPEAT, "they come by turns");
    }
    assert_eq!(world.case().sessions.len(), 1);
}

#[test]
fn minutes_of_a_session_from_before_digests_were_kept_are_heard() {
    let stored = ended("room-1", None);
    let json = serde_json::json!({"id": "room-1", "minutes_digest": "x"});
    assert_eq!(serde_json::from_value::<Session>(json).expect("a session"), stored);
    let mut world = World::dispatched(&[lead("housing")]);
    let mut room = record().intent(Intent::Session).saying("the minutes");
    room.0.submission.session = Some(stored);
    room.0.submission.content.note = Some("各付一半。".into());
    assert_eq!(world.submit(&room, unsure()), events(&["mediation_held"]));
    let held = world.case.as_mut().expect("a case").sessions.last_mut().expect("a session");
    held.digests.clear();
    assert_eq!(world.submit(&room, unsure()), events(&["mediation_held"]), "once more rather than never");
    assert_eq!(world.submit(&room, unsure()), REPEAT);
    room.0.submission.session = Some(ended("room-1", Some(MediationOutcome::Agreed)));
    assert_eq!(world.submit(&room, unsure()), events(&["mediation_held"]), "what differs is told");
}

#[test]
fn of_a_session_few_digests_are_kept() {
    let told = |n: usize| Session { digests: vec![n.to_string()], ..ended("room-1", None) };
    let last = (1..20).fold(told(0), |known, n| known.merged(&told(n)));
    assert_eq!(last.digests, (12..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// It may ask for secrecy, or give the matter a new deadline.
#[test]
fn a_record_that_says_nothing_adds_to_a_case_and_begins_none() {
    let mut partial = record().saying("secret").order(101);
    partial.0.submission.lacks = vec!["content.text".into(), "content.title".into()];
    partial.0.submission.facts.flags.confidential = true;
    let refusal = beginning(&partial.0.submission, false).expect_err("of what?");
    assert_eq!(refusal.code, RefusalCode::UnknownCase);
    assert!(refusal.detail.contains("content.text, content.title"), "{}", refusal.detail);
    assert!(beginning(&partial.0.submission, true).is_err());
    let mut world = World::dispatched(&[lead("housing")]);
    assert_eq!(world.submit(&partial, unsure()), events(&["supplemented"]));
    assert!(world.case().facts.flags.confidential);
}

#[test]
fn a_session_may_come_before_its_case_and_its_outcome_with_the_matter() {
    let mut world = World::new();
    let mut room = record().intent(Intent::Session);
    room.0.submission.session = Some(ended("room-1", None));
    assert_eq!(world.submit(&room, unsure()), events(&["registered", "triaged", "mediation_held"]));
    assert_eq!(world.submit(&room, unsure()), REPEAT);

    let mut matter = record().saying("all of it").order(101);
    matter.0.submission.session = Some(ended("", Some(MediationOutcome::Agreed)));
    assert_eq!(
        world.submit(&matter, to(&[lead("housing")])),
        events(&["supplemented", "dispatched", "mediation_held"])
    );
    let known = Session {
        digests: vec!["matter".into(), "all of it".into()],
        ..ended("room-1", Some(MediationOutcome::Agreed))
    };
    assert_eq!(world.case().sessions, [known]);
    assert_eq!(world.submit(&matter, unsure()), REPEAT);

    let mut alone = World::dispatched(&[lead("housing")]);
    assert_eq!(alone.submit(&matter, unsure()), events(&["supplemented", "mediation_held"]));
    assert_eq!(alone.case().sessions.len(), 1, "a result without a session known stands for one");
}

#[test]
fn a_supplement_that_accuses_the_holder_takes_the_case_from_it() {
    let accuses = |assignees: &[_]| Given { forbidden: vec![department("housing")], ..to(assignees) };
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    let more = record().saying("they took money").order(101);
    let outcome = world.submit(&more, accuses(&[lead("discipline")]));
    assert_eq!(outcome, events(&["supplemented", "dispatched"]));
    assert_eq!(world.lead(), Some("discipline"));
    assert_eq!(world.told(), ["housing withdraw", "police withdraw", "discipline dispatch"]);
    let carried = world.log.iter().rev().find(|e| matches!(e.body, EventBody::Supplemented(_))).expect("told");
    assert!(carried.entries.is_empty(), "the accused learns nothing of what was said");
}

/// A person is called by what is news, and once.
#[test]
fn whom_words_told_later_accuse_is_told_once() {
    let accuses = || {
        let mut given = to(&[lead("housing")]);
        let decision = given.decision.as_mut().map(Arc::make_mut).expect("a decision");
        (decision.accusation, decision.accused) = (true, vec![department("police")]);
        given
    };
    let urge = |id: &str| Record::of(source("hotline", id), "hotline-12345").intent(Intent::Urge);
    let told = |records: [Record; 2]| {
        let mut world = World::signed(&[lead("housing")]);
        records.map(|record| {
            world.submit(&record, accuses());
            world.log.last().expect("an event").body.accused_later().to_vec()
        })
    };
    let more = |words: &str, order| record().saying(words).order(order);
    let bad = |order| record().intent(Intent::Assess).assessed(Solved::No).order(order);
    let room = |id: &str, order| {
        let mut room = record().intent(Intent::Session).order(order);
        room.0.submission.session = Some(ended(id, None));
        room
    };
    let rooms = [room("room-1", 101), room("room-2", 102)];
    for records in [[more("a", 101), more("b", 102)], [urge("u1"), urge("u2")], [bad(101), more("c", 102)], rooms] {
        assert_eq!(told(records.clone()), [vec![department("police")], Vec::new()], "{records:?}");
    }
    let mut begun = World::new();
    begun.submit(&record().assessed(Solved::No), accuses());
    assert!(begun.log.iter().all(|e| e.body.accused_later().is_empty()), "the decision says it");
    assert_eq!(begun.case().decision.as_ref().expect("a decision").accused, [department("police")]);
}

#[test]
fn an_accusation_hides_who_spoke() {
    let mut world = World::dispatched(&[lead("housing")]);
    assert!(!world.case().hides_reporter());
    let accuses = Facts { appeal: Some(Appeal::Accusation), ..Facts::default() };
    world.submit(&record().saying("more").order(101).facts(accuses), unsure());
    assert!(world.case().hides_reporter());
}

#[test]
fn a_rule_that_names_the_accused_sends_the_case_to_a_person() {
    let given = Given { forbidden: vec![department("housing")], ..to(&[lead("housing")]) };
    let mut world = World::new();
    assert_eq!(world.submit(&record(), given), events(&["registered", "triaged"]));
    assert!(world.log.iter().all(|e| e.entries.is_empty()));

    let mut world = World::signed(&[lead("housing")]);
    let undecided = Given { forbidden: vec![department("housing")], ..Given::default() };
    let more = record().saying("they took money").order(101);
    assert_eq!(world.submit(&more, undecided), events(&["supplemented", "triaged"]));
    assert_eq!((world.stage(), world.told()), (Stage::Triage, vec!["housing withdraw".to_owned()]));
}

/// Decision 28: whoever is meant need not be named, and the next words need not say it again.
#[test]
fn a_case_that_accuses_stays_with_a_person_whatever_is_told_next() {
    let accuses = || {
        let mut given = unsure();
        given.decision.as_mut().map(Arc::make_mut).expect("a decision").accusation = true;
        given
    };
    let mut world = World::new();
    assert_eq!(world.submit(&record(), accuses()), events(&["registered", "triaged"]));
    let plain = record().saying("wages, please").order(101);
    assert_eq!(world.submit(&plain, to(&[lead("labour")])), events(&["supplemented"]));
    assert_eq!(world.stage(), Stage::Triage);
    let mut discipline = to(&[lead("discipline")]);
    discipline.decision.as_mut().map(Arc::make_mut).expect("a decision").accusation = true;
    let names_whom = record().saying("the bureau took money").order(102);
    assert_eq!(world.submit(&names_whom, discipline), events(&["supplemented", "dispatched"]));

    let mut world = World::in_triage();
    let blames = record().saying("they took money").order(101);
    assert_eq!(world.submit(&blames, accuses()), events(&["supplemented", "triaged"]));
    assert!(world.case().hides_reporter());
    assert_eq!(world.submit(&record().saying("wages").order(102), to(&[lead("labour")])), events(&["supplemented"]));
    let mut world = World::in_triage();
    assert_eq!(world.command_given(&desk(), Command::Urge {}, accuses()), events(&["urged", "triaged"]));
}

#[test]
fn a_threat_is_heard_in_whatever_it_comes_with() {
    let grave = || judged(Warning::Red, 30);
    let mut world = World::signed(&[lead("housing")]);
    let mut room = record().intent(Intent::Session).order(101);
    room.0.submission.session = Some(ended("room-1", None));
    assert_eq!(world.submit(&room, grave()), events(&["mediation_held", "warned"]));
    assert_eq!(world.submit(&room, grave()), REPEAT);

    let mut world = World::signed(&[lead("housing")]);
    room.0.submission.session = Some(ended("room-2", None));
    let accuses = Given { forbidden: vec![department("housing")], ..to(&[lead("discipline")]) };
    assert_eq!(world.submit(&room, accuses), events(&["mediation_held", "dispatched"]));

    let mut world = World::signed(&[lead("housing")]);
    world.command(&of("housing"), Command::Resolve { solved: Solved::Yes, contacted: true });
    let assessment = Assessment { solved: Some(Solved::Yes), satisfaction: None };
    let assess = Command::Assess { by: Assessor::Citizen, assessment };
    assert_eq!(world.command_given(&desk(), assess, grave()), events(&["assessed", "warned"]));
}

fn judged(colour: Warning, minutes: i64) -> Given {
    let clock = |clock, minutes: i64| Deadline {
        clock,
        at: Timestamp::from_second(NOON + minutes * 60).expect("a time"),
        provisional: false,
        source: "中心内控".into(),
    };
    let mut given = to(&[lead("housing")]);
    given.decision.as_mut().map(Arc::make_mut).expect("a decision").severity.colour = Some(colour);
    given.dispatch_deadlines = vec![clock(Clock::SignFor, minutes), clock(Clock::Resolve, 9_000)];
    given.sooner = vec![clock(Clock::SignFor, minutes)];
    given
}

#[test]
fn a_grave_case_is_told_at_once_whoever_says_so() {
    let mut world = World::new();
    assert_eq!(world.submit(&record(), judged(Warning::Red, 30)), events(&["registered", "warned", "dispatched"]));
    assert_eq!(world.case().warning(), Some(Warning::Red));

    let mut world = World::new();
    let said = record().facts(Facts { urgency: Some(Warning::Red), ..Facts::default() });
    assert_eq!(world.submit(&said, judged(Warning::Red, 30)), events(&["registered", "warned", "dispatched"]));
    assert_eq!(world.case().warning(), Some(Warning::Red));
    let again = said.saying("more").order(101);
    assert_eq!(world.submit(&again, judged(Warning::Red, 30)), events(&["supplemented"]), "once");
    let yellow = record().facts(Facts { urgency: Some(Warning::Yellow), ..Facts::default() });
    assert_eq!(World::new().submit(&yellow, judged(Warning::Yellow, 30)), events(&["registered", "dispatched"]));
}

/// Nobody was told of it while it was over, whoever brings it back.
#[test]
fn what_was_grave_when_it_was_recorded_is_told_of_when_it_comes_back() {
    let grave = || judged(Warning::Red, 30);
    let recorded = || {
        let said = record().facts(Facts { urgency: Some(Warning::Red), ..Facts::default() });
        let mut world = World::new();
        let mut past = said.clone();
        past.0.history = true;
        assert_eq!(world.submit(&past, grave()), events(&["registered", "recorded"]));
        past.0.seen.matter_digest = "retold".to_owned();
        assert_eq!(world.submit(&past.order(100), grave()), events(&["supplemented"]), "it is over");
        (world, said)
    };
    let (mut world, said) = recorded();
    let back = ["supplemented", "reopened", "triaged", "warned"];
    assert_eq!(world.submit(&said.clone().saying("more").order(101), grave()), events(&back));
    assert_eq!(world.submit(&said.saying("yet more").order(102), grave()), events(&["supplemented"]), "once");

    let (mut world, _) = recorded();
    assert_eq!(world.command_given(&desk(), Command::Reopen {}, grave()), events(&["reopened", "triaged", "warned"]));

    let (mut world, _) = recorded();
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    assert_eq!(world.submit(&urge, grave()), events(&["urged", "reopened", "triaged", "warned"]));
}

#[test]
fn a_supplement_can_bring_clocks_forward_and_never_puts_them_off() {
    let mut world = World::new();
    world.submit(&record(), judged(Warning::Blue, 240));
    let at = |world: &World| {
        let of = |clock| world.case().deadlines.iter().find(|d| d.clock == clock).map(|d| d.at.as_second() - NOON);
        (of(Clock::SignFor), of(Clock::Resolve))
    };
    assert_eq!(at(&world), (Some(240 * 60), Some(9_000 * 60)));
    let mut graver = judged(Warning::Orange, 30);
    let clocks = &mut graver.dispatch_deadlines;
    clocks[1].at = Timestamp::from_second(NOON + 10_000 * 60).expect("a time");
    let all_of_them = clocks.clone();
    graver.sooner = all_of_them;
    let outcome = world.submit(&record().saying("再不解决就堵路").order(101), graver);
    assert_eq!(outcome, events(&["supplemented", "warned"]));
    assert_eq!(at(&world), (Some(30 * 60), Some(9_000 * 60)));
    let outcome = world.submit(&record().saying("more").order(102), judged(Warning::Orange, 10));
    assert_eq!(outcome, events(&["supplemented"]), "no graver than known");
}

#[test]
fn only_clocks_with_a_rule_for_it_come_forward_and_the_source_may_be_who_says_so() {
    let mut world = World::new();
    world.submit(&record(), judged(Warning::Blue, 240));
    let at = |world: &World, clock| world.case().deadlines.iter().find(|d| d.clock == clock).expect("a clock").at;
    let resolve = at(&world, Clock::Resolve);
    let mut graver = judged(Warning::Red, 30);
    graver.dispatch_deadlines[1].at = Timestamp::from_second(NOON + 100 * 60).expect("a time");
    let urgent = record().saying("more").order(101).facts(Facts { urgency: Some(Warning::Red), ..Facts::default() });
    assert_eq!(world.submit(&urgent, graver), events(&["supplemented", "warned"]));
    assert_eq!(at(&world, Clock::SignFor).as_second() - NOON, 30 * 60);
    assert_eq!(at(&world, Clock::Resolve), resolve);
}

#[test]
fn the_words_of_an_urge_are_heeded_like_any() {
    let accuses = || Given { forbidden: vec![department("housing")], ..to(&[lead("discipline")]) };
    let record = || Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    for by_record in [true, false] {
        let urge = |world: &mut World, given: Given| match by_record {
            true => world.submit(&record(), given),
            false => world.command_given(&hotline(), Command::Urge {}, given),
        };
        let mut world = World::signed(&[lead("housing")]);
        assert_eq!(urge(&mut world, accuses()), events(&["urged", "dispatched"]));
        assert_eq!(world.told(), ["housing withdraw", "discipline dispatch"]);
        assert!(world.case().active(&department("housing")).is_none(), "the accused learns nothing of what was said");

        let mut world = World::signed(&[lead("housing")]);
        assert_eq!(urge(&mut world, judged(Warning::Red, 30)), events(&["urged", "warned"]));
        assert_eq!((world.told(), world.case().warning()), (vec!["housing urge".to_owned()], Some(Warning::Red)));
    }
}

#[test]
fn a_threat_told_by_hand_warns() {
    let mut world = World::signed(&[lead("housing")]);
    let outcome = world.command_given(&hotline(), Command::Supplement {}, judged(Warning::Red, 30));
    assert_eq!(outcome, events(&["supplemented", "warned"]));
}

/// Resolved by us, and the source was told so under version 120.
fn over_and_told() -> World {
    let mut world = World::signed(&[lead("housing"), participant("police")]);
    world.command(&of("housing"), Command::Resolve { solved: Solved::Yes, contacted: true });
    tell(&mut world, Some(120), None);
    world
}

/// The sources are told all they are owed; the last of it under this version, and they show it in these words.
fn tell(world: &mut World, version: Option<i64>, reply: Option<&str>) {
    answer_all(world, version, reply, false);
}

fn answer_all(world: &mut World, version: Option<i64>, reply: Option<&str>, refused: bool) {
    let event = world.case().owed.last().expect("an answer is owed").event;
    while let Some(owed) = world.case().owed.first().cloned() {
        let version = version.filter(|_| owed.event == event);
        let (what, source, reply_digest) = (owed.what, owed.source, reply.map(str::to_owned));
        let told = AnswerDelivered {
            event: owed.event,
            what,
            source,
            version,
            reply_digest,
            refused,
            given_up: false,
            no_way: false,
        };
        let order = world.order(Actor::Hub, Action::RecordDelivery(told), Content::default(), Given::default());
        assert_eq!(world.outcome(&order), events(&["answer_delivered"]));
    }
}

#[test]
fn what_a_source_says_after_the_end_brings_the_case_back() {
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    let other = petition();
    let table = [
        ("handed back", record().order(121).upstream(UpstreamState::Returned, "back"), events(&["reopened"])),
        ("dissatisfied", record().order(121).assessed(Solved::No), events(&["assessed", "reopened"])),
        ("more words", record().order(121).saying("more"), events(&["supplemented", "reopened"])),
        ("an urge", urge, events(&["urged", "reopened"])),
        ("another source", other, events(&["supplemented", "reopened"])),
        ("satisfied", record().order(121).assessed(Solved::Yes), events(&["assessed"])),
        ("our own answer", open(120), ECHO),
        ("merely open", open(121), REPEAT),
        ("the same again", record(), REPEAT),
    ];
    for (what, record, expected) in table {
        let mut world = over_and_told();
        assert_eq!(world.submit(&record, to(&[lead("housing")])), expected, "{what}");
        if world.case().marks.reopened > 0 {
            assert_eq!((world.stage(), world.lead()), (Stage::Dispatched, Some("housing")), "{what}");
            assert_eq!(world.told(), ["housing reopen"], "{what}");
            assert_eq!(world.submit(&record, to(&[lead("housing")])), REPEAT, "{what}");
        }
    }
}

#[test]
fn a_case_that_was_handled_again_can_come_back_again() {
    let bad = |order| open(order).assessed(Solved::No);
    let returned = |order| record().order(order).upstream(UpstreamState::Returned, "back");
    let table: [(&str, [Record; 3], &[&str]); 2] = [
        ("dissatisfied", [bad(121), bad(130), bad(132)], &["assessed", "reopened"]),
        ("handed back", [returned(121), returned(130), returned(132)], &["reopened"]),
    ];
    for (what, [first, echo, second], back) in table {
        let mut world = over_and_told();
        assert_eq!(world.submit(&first, unsure()), events(back), "{what}");
        resolve_again(&mut world);
        tell(&mut world, Some(130), None);
        assert_eq!(world.submit(&echo, unsure()), Outcome::Nothing(NothingNew::Echo), "{what}");
        assert_eq!(world.submit(&open(131), unsure()), events(&["upstream_changed"]), "{what}: it no longer says so");
        assert_eq!(world.submit(&open(131), unsure()), REPEAT, "{what}");
        assert_eq!(world.submit(&second, unsure()), events(back), "{what}");
        assert_eq!(world.submit(&second, unsure()), REPEAT, "{what}");
        assert_eq!(world.case().marks.reopened, 2, "{what}");
    }
}

fn open(order: i64) -> Record {
    record().order(order).upstream(UpstreamState::Open, "open")
}

fn petition() -> Record {
    Record::of(source("petition", "9"), "petition-portal").alias(source("hotline", "1"))
}

fn resolve(world: &mut World) {
    let resolve = Command::Resolve { solved: Solved::Yes, contacted: true };
    assert_eq!(world.command(&of("housing"), resolve), events(&["resolved"]));
}

fn resolve_again(world: &mut World) {
    world.command(&of("housing"), Command::SignFor { n: None });
    resolve(world);
}

#[test]
fn a_view_counts_once_however_often_its_source_shows_it() {
    let no = |order| record().order(order).assessed(Solved::No);
    let mut world = World::signed(&[lead("housing")]);
    world.submit(&petition(), unsure());
    resolve(&mut world);
    tell(&mut world, Some(120), None);
    assert_eq!(world.submit(&no(121), unsure()), events(&["assessed", "reopened"]));
    resolve_again(&mut world);
    tell(&mut world, Some(130), None);
    assert_eq!(world.submit(&petition().order(131).assessed(Solved::Yes), unsure()), events(&["assessed"]));
    let again = [
        ("unchanged", no(121), REPEAT),
        ("with our answer", no(130), ECHO),
        ("touched", no(131), REPEAT),
        ("touched while open", open(132).assessed(Solved::No), REPEAT),
        ("the other's", petition().order(132).assessed(Solved::Yes), REPEAT),
    ];
    for (what, record, expected) in again {
        assert_eq!(world.submit(&record, unsure()), expected, "{what}");
    }
    let good = Assessment { solved: Some(Solved::Yes), satisfaction: None };
    let good = Command::Assess { by: Assessor::Citizen, assessment: good };
    assert_eq!(world.command(&desk(), good), events(&["assessed"]));
    assert_eq!(world.submit(&no(133), unsure()), REPEAT, "what the centre heard since is not the source's view");
    assert_eq!((world.stage(), world.case().marks.reopened), (Stage::Assessed, 1));
}

#[test]
fn a_view_told_by_hand_is_that_of_the_source_whose_record_shows_it_then() {
    let bad = Assessment { solved: Some(Solved::No), satisfaction: None };
    let mut world = over_and_told();
    let told = Command::Assess { by: Assessor::Citizen, assessment: bad };
    assert_eq!(world.command(&hotline(), told), events(&["assessed", "reopened"]));
    resolve_again(&mut world);
    assert_eq!(world.submit(&record().order(121).assessed(Solved::No), unsure()), REPEAT);
}

#[test]
fn a_source_that_leaves_a_told_case_open_asks_for_nothing() {
    let orderless = |record: Record| record.seen(|s| s.order = None);
    let mut world = World::signed(&[lead("housing")]);
    resolve(&mut world);
    tell(&mut world, None, None);
    for record in [open(101), open(500), orderless(open(101))] {
        assert_eq!(world.submit(&record, unsure()), REPEAT, "{record:?}");
    }
}

#[test]
fn an_interim_reply_shown_before_the_end_is_no_news_after_it() {
    let interim = |order| record().order(order).upstream(UpstreamState::Open, "our interim reply");
    let mut world = World::signed(&[lead("housing")]);
    world.submit(&petition(), unsure());
    assert_eq!(world.submit(&interim(101), unsure()), REPEAT);
    resolve(&mut world);
    assert_eq!(world.submit(&interim(101), unsure()), REPEAT);
    assert_eq!(world.submit(&interim(102), unsure()), REPEAT);
}

#[test]
fn two_renderings_of_a_record_without_order_bring_nothing_back() {
    let rendering = |words| record().saying(words).seen(|s| s.order = None);
    let mut world = over_and_told();
    for words in ["one", "another", "one", "another"] {
        assert_eq!(world.submit(&rendering(words), unsure()), events(&["supplemented"]));
    }
    assert_eq!(world.stage(), Stage::Resolved);
}

#[test]
fn more_words_beside_our_reply_bring_the_case_back() {
    let shown = |order| record().order(order).saying("more").upstream(UpstreamState::Open, "ours");
    let mut world = World::signed(&[lead("housing")]);
    resolve(&mut world);
    tell(&mut world, Some(120), Some("ours"));
    assert_eq!(world.submit(&shown(120), unsure()), events(&["supplemented"]), "as they were when it took our answer");
    let mut world = World::signed(&[lead("housing")]);
    resolve(&mut world);
    tell(&mut world, Some(120), Some("ours"));
    assert_eq!(world.submit(&shown(130), unsure()), events(&["supplemented", "reopened"]));
}

#[test]
fn an_evaluation_sent_by_itself_leaves_the_words_of_the_matter_known() {
    let evaluation = record().intent(Intent::Assess).order(121).saying("thanks").assessed(Solved::Yes);
    let mut world = over_and_told();
    assert_eq!(world.submit(&evaluation, unsure()), events(&["supplemented", "assessed"]));
    assert_eq!(world.submit(&evaluation, unsure()), REPEAT);
    assert_eq!(world.submit(&record().order(122).assessed(Solved::Yes), unsure()), REPEAT);
    assert_eq!(world.submit(&evaluation.order(123), unsure()), REPEAT);
    assert_eq!(world.stage(), Stage::Assessed);
}

#[test]
fn a_source_that_had_it_over_brings_it_back_by_opening_it() {
    let closed = record().order(101).upstream(UpstreamState::Closed, "theirs");
    let mut world = World::signed(&[lead("housing")]);
    assert_eq!(world.submit(&closed, unsure()), events(&["upstream_changed", "closed"]));
    assert_eq!(world.submit(&open(101), unsure()), REPEAT, "not later");
    let mut other = world.clone();
    assert_eq!(world.submit(&open(102), unsure()), events(&["reopened"]));

    // Opened while the case was open anyway, it opens nothing after the end.
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    assert_eq!(other.submit(&urge, unsure()), events(&["urged", "reopened"]));
    assert_eq!(other.submit(&open(102), unsure()), events(&["upstream_changed"]));
    resolve_again(&mut other);
    tell(&mut other, Some(120), None);
    assert_eq!(other.submit(&open(121), unsure()), REPEAT);
}

#[test]
fn a_view_that_comes_with_the_first_record_is_kept() {
    let mut world = World::new();
    let over = record().upstream(UpstreamState::Closed, "theirs").assessed(Solved::No);
    assert_eq!(world.submit(&over, unsure()), events(&["registered", "recorded", "assessed"]));
    assert_eq!(world.submit(&over, unsure()), REPEAT);
}

#[test]
fn a_source_that_was_not_told_yet_does_not_know_and_asks_for_nothing() {
    let mut world = World::signed(&[lead("housing")]);
    resolve(&mut world);
    assert_eq!(world.submit(&open(101), unsure()), REPEAT);
    assert_eq!(world.stage(), Stage::Resolved);
}

/// Nobody tells a channel without an address, and a "yes" may be lost: what is handed back may have been read all the same.
#[test]
fn what_is_handed_back_comes_back_whether_or_not_we_know_that_it_was_told() {
    let returned = |order| record().order(order).upstream(UpstreamState::Returned, "back");
    let mut world = World::signed(&[lead("housing")]);
    resolve(&mut world);
    assert_eq!(world.submit(&returned(101), unsure()), events(&["reopened"]));
    assert_eq!(world.submit(&returned(101), unsure()), REPEAT);
    resolve_again(&mut world);
    assert_eq!(world.submit(&returned(101), unsure()), REPEAT, "known");

    let mut world = World::signed(&[lead("housing")]);
    assert_eq!(world.submit(&returned(101), unsure()), events(&["upstream_changed"]));
    resolve(&mut world);
    assert_eq!(world.submit(&returned(101), unsure()), REPEAT, "a page from before the result");
    assert_eq!(world.submit(&returned(102), unsure()), REPEAT, "as it was handed back before the result");
    assert_eq!(world.stage(), Stage::Resolved);

    let without_order = record().seen(|s| s.order = None).upstream(UpstreamState::Returned, "back");
    let mut world = World::signed(&[lead("housing")]);
    resolve(&mut world);
    assert_eq!(world.submit(&without_order, unsure()), events(&["reopened"]));
    resolve_again(&mut world);
    assert_eq!(world.submit(&without_order, unsure()), REPEAT, "known");
}

/// Somebody there handed the order back before our answer came, and nothing in the record says so.
#[test]
fn whose_result_was_told_to_nobody_learns_so_with_the_case() {
    let untold = |world: &World| {
        let event = world.log.last().expect("an event");
        Entry::of(world.case(), event, event.entries.last().expect("an entry")).untold
    };
    let returned = |order| record().order(order).upstream(UpstreamState::Returned, "back");
    let mut world = World::signed(&[lead("housing")]);
    assert_eq!(world.submit(&open(101), unsure()), REPEAT);
    resolve(&mut world);
    assert_eq!(world.submit(&returned(105), unsure()), events(&["reopened"]));
    assert!(untold(&world));
    assert_eq!(world.command(&hotline(), Command::Urge {}), events(&["urged"]));
    assert!(!untold(&world), "once");
    resolve_again(&mut world);
    tell(&mut world, Some(120), None);
    assert_eq!(world.submit(&record().order(121).assessed(Solved::No), unsure()), events(&["assessed", "reopened"]));
    assert!(!untold(&world));
}

/// Resolved in the evening, its source away, and the citizen says that it is not solved: in the morning nobody is told that it is.
#[test]
fn an_answer_that_was_taken_back_is_told_to_nobody() {
    let last = |world: &World| world.case().owed.iter().filter(|o| o.what.is_last()).cloned().collect::<Vec<_>>();
    let again = Record::of(source("hotline", "2"), "hotline-12345").alias(source("hotline", "N"));
    let reopened = || {
        let mut world = World::new();
        world.submit(&record().alias(source("hotline", "N")), to(&[lead("housing")]));
        world.submit(&again, unsure());
        world.command(&of("housing"), Command::SignFor { n: None });
        resolve(&mut world);
        let told = last(&world)[0].clone();
        assert_eq!(
            world.submit(&record().order(101).assessed(Solved::No), unsure()),
            events(&["assessed", "reopened"])
        );
        assert_eq!(last(&world), []);
        assert!(!world.case().owed.is_empty(), "that it was accepted stays true");
        (world, told)
    };
    let under_way = |world: &mut World, told: Owed, refused: bool| {
        let Owed { event, what, source } = told;
        let version = Some(120).filter(|_| !refused);
        let told = AnswerDelivered {
            event,
            what,
            source,
            version,
            reply_digest: None,
            refused,
            given_up: false,
            no_way: false,
        };
        let order = world.order(Actor::Hub, Action::RecordDelivery(told), Content::default(), Given::default());
        assert_eq!(world.outcome(&order), events(&["answer_delivered"]));
    };
    let (mut world, told) = reopened();
    under_way(&mut world, told, false);
    let echo = record().order(120).upstream(UpstreamState::Closed, "ours").assessed(Solved::No);
    assert_eq!(world.submit(&echo, unsure()), ECHO);

    let (mut world, told) = reopened();
    under_way(&mut world, told, true);
    assert_eq!(last(&world), [], "nor under the next number");
    resolve_again(&mut world);
    assert_eq!(last(&world).len(), 1);
}

/// The source took our answer, its "yes" was lost, and the citizen urges: the end that its page shows then is ours.
#[test]
fn an_end_whose_yes_was_lost_does_not_end_what_came_back() {
    let closed = |order, reply| record().order(order).upstream(UpstreamState::Closed, reply);
    let urge = |id: &str| {
        let urge = Record::of(source("hotline", id), "hotline-12345").intent(Intent::Urge);
        urge.seen(|s| s.follow_up = true)
    };
    let bad = Assessment { solved: Some(Solved::No), satisfaction: None };
    let assess = Command::Assess { by: Assessor::Citizen, assessment: bad };
    let back: [fn(&mut World, Record, Command); 2] = [
        |world, urge, _| assert_eq!(world.submit(&urge, unsure()), events(&["urged", "reopened"])),
        |world, _, assess| assert_eq!(world.command(&desk(), assess), events(&["assessed", "reopened"])),
    ];
    for comes_back in back {
        let mut world = World::signed(&[lead("housing")]);
        resolve(&mut world);
        comes_back(&mut world, urge("u1"), assess.clone());
        assert_eq!(world.submit(&closed(120, "ours"), unsure()), events(&["upstream_changed"]));
        assert_eq!((world.lead(), world.told()), (Some("housing"), vec!["housing supplement".to_owned()]));
        assert_eq!(world.submit(&closed(121, "ours"), unsure()), REPEAT);
        assert_eq!(world.stage(), Stage::Dispatched);
    }

    // What it refuses to be told next says nothing of what it took.
    let again = |refused: bool| {
        let mut world = World::signed(&[lead("housing")]);
        resolve(&mut world);
        assert_eq!(world.submit(&urge("u1"), unsure()), events(&["urged", "reopened"]));
        resolve_again(&mut world);
        answer_all(&mut world, Some(130).filter(|_| !refused), None, refused);
        assert_eq!(world.submit(&urge("u2"), unsure()), events(&["urged", "reopened"]));
        world
    };
    assert_eq!(again(true).submit(&closed(120, "ours"), unsure()), events(&["upstream_changed"]));
    let ends = events(&["upstream_changed", "closed"]);
    assert_eq!(again(false).submit(&closed(140, "theirs"), unsure()), ends, "it took the next, and we know it");
}

#[test]
fn a_case_without_a_result_comes_back_to_a_person() {
    let back = events(&["reopened", "triaged"]);

    let mut world = World::new();
    world.submit(&record().upstream(UpstreamState::Closed, "theirs"), to(&[lead("housing")]));
    assert_eq!(world.submit(&open(101), to(&[lead("housing")])), back);
    assert_eq!(world.stage(), Stage::Triage);
    assert_eq!(world.submit(&open(101), unsure()), REPEAT);

    let mut world = World::signed(&[lead("housing")]);
    world.submit(&record().order(101).intent(Intent::Withdraw).upstream(UpstreamState::Cancelled, "theirs"), unsure());
    assert_eq!(world.stage(), Stage::Withdrawn);
    assert_eq!(world.submit(&open(102), unsure()), back);

    let mut world = World::signed(&[lead("housing")]);
    world.command(&of("housing"), Command::Decline { article: "《信访工作条例》第十九条".into() });
    tell(&mut world, Some(120), None);
    let handed_back = record().order(121).upstream(UpstreamState::Returned, "back");
    assert_eq!(world.submit(&handed_back, unsure()), REPEAT, "what was declined is handed back");
    assert_eq!(world.submit(&open(122), unsure()), REPEAT);
    let more = record().order(123).saying("more");
    assert_eq!(world.submit(&more, unsure()), events(&["supplemented", "reopened", "triaged"]));

    let mut world = over_and_told();
    let barred = Given { forbidden: vec![department("housing")], ..to(&[lead("town")]) };
    let outcome = world.submit(&record().order(121).saying("they took money"), barred);
    assert_eq!(outcome, events(&["supplemented", "reopened", "triaged"]));
    assert_eq!((world.stage(), world.told()), (Stage::Triage, Vec::new()), "the accused does not have it again");
}

/// 已评价, 归档完成: what follows on the end has a name of its own in every city.
#[test]
fn a_code_nobody_translates_changes_no_state() {
    let unknown = |order| {
        let unknown_codes = [("upstream.state".to_owned(), "归档完成".to_owned())].into();
        record().order(order).facts(Facts { unknown_codes, ..Facts::default() })
    };
    let mut world = World::new();
    assert_eq!(world.submit(&unknown(100), to(&[lead("housing")])), events(&["registered", "dispatched"]));
    let closed = record().order(101).upstream(UpstreamState::Closed, "theirs");
    assert_eq!(world.submit(&closed, unsure()), events(&["upstream_changed", "closed"]));
    assert_eq!(world.submit(&unknown(102), unsure()), REPEAT);
    let open = record().order(103).upstream(UpstreamState::Open, "open");
    assert_eq!(world.submit(&open, unsure()), events(&["reopened"]));

    let mut world = over_and_told();
    let returned = |order| record().order(order).upstream(UpstreamState::Returned, "back");
    assert_eq!(world.submit(&returned(121), unsure()), events(&["reopened"]));
    world.command(&of("housing"), Command::SignFor { n: None });
    world.command(&of("housing"), Command::Resolve { solved: Solved::Yes, contacted: true });
    tell(&mut world, Some(130), None);
    assert_eq!(world.submit(&unknown(131), unsure()), events(&["upstream_changed"]));
    assert_eq!(world.submit(&returned(132), unsure()), events(&["reopened"]), "handed back again");
}

#[test]
fn what_is_from_before_the_first_connection_brings_nothing_back() {
    let mut history = record();
    history.0.history = true;
    let mut world = World::new();
    assert_eq!(world.submit(&history, unsure()), events(&["registered", "recorded"]));
    let mut more = record().order(101).saying("more").upstream(UpstreamState::Open, "open");
    more.0.history = true;
    assert_eq!(world.submit(&more, unsure()), events(&["supplemented"]));
    assert_eq!(world.stage(), Stage::Recorded);
}

#[test]
fn whom_a_case_accused_before_it_came_back_still_learns_nothing() {
    let mut accuses = to(&[lead("housing")]);
    accuses.decision.as_mut().map(Arc::make_mut).expect("a decision").accused = vec![department("police")];
    let mut world = World::new();
    world.submit(&record(), accuses);
    world.command(&hotline(), Command::Withdraw {});
    let urge = Record::of(source("hotline", "1-urge"), "hotline-12345").intent(Intent::Urge);
    assert_eq!(world.submit(&urge, to(&[lead("town")])), events(&["urged", "reopened", "triaged"]));
    world.command(&desk(), Command::Dispatch { assignees: vec![lead("town")], not_accused: Vec::new() });
    let asks = world.order(of("police"), Action::Command(Command::Progress {}), words(), Given::default());
    let refusal = world.look(&asks).expect_err("not theirs");
    assert_eq!((refusal.code, refusal.lead), (RefusalCode::UnknownCase, None));
}
