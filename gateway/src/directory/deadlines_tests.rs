//! Working days and hours against the State's calendar, and what must hold for every length and start.

use proptest::prelude::*;

use super::*;
use crate::directory::Directory;
use crate::directory::tests::{shipped, with_line};

fn rule(length: u32, unit: Unit) -> ClockRule {
    ClockRule {
        clock: "c".into(),
        start: "s".into(),
        scope: Scope::default(),
        length,
        unit,
        kind: ClockKind::Target,
        source: String::new(),
        line: 2,
    }
}

fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().expect("a time")
}

fn calendar() -> Calendar {
    let mut calendar = Calendar::default();
    let mut problems = Vec::new();
    let text = include_str!("../../../deploy/directory/330205/calendar/cn.csv");
    calendar.read("calendar/cn.csv", text, &mut problems);
    assert!(problems.is_empty());
    calendar
}

fn check_due(length: u32, unit: Unit, start: &str, expected: &str, provisional: bool) {
    let found = due(&rule(length, unit), at(start), &OfficeHours::default(), &calendar());
    assert_eq!(found, Due { at: at(expected), provisional }, "{length} {unit:?} from {start}");
}

#[test]
fn clocks_run_out_when_a_clerk_would_say_so() {
    check_due(30, Unit::Minutes, "2026-10-01T23:50:00", "2026-10-02T00:20:00", false);
    check_due(15, Unit::Days, "2026-03-02T10:00:00", "2026-03-17T23:59:59", false);
    // Friday, over a weekend.
    check_due(1, Unit::WorkingDays, "2026-03-06T16:00:00", "2026-03-09T23:59:59", false);
    // National Day: 1 to 7 October are off, Saturday 10 October is made up for.
    check_due(1, Unit::WorkingDays, "2026-09-30T09:00:00", "2026-10-08T23:59:59", false);
    check_due(3, Unit::WorkingDays, "2026-09-30T09:00:00", "2026-10-10T23:59:59", false);
    // From the middle of a holiday.
    check_due(1, Unit::WorkingDays, "2026-10-03T12:00:00", "2026-10-08T23:59:59", false);
    // Into a year whose table is not published: weekends only, provisional.
    check_due(2, Unit::WorkingDays, "2026-12-31T10:00:00", "2027-01-04T23:59:59", true);
    check_due(15, Unit::Days, "2026-12-31T10:00:00", "2027-01-15T23:59:59", false);
}

#[test]
fn working_hours_stop_for_lunch_nights_and_holidays() {
    check_due(4, Unit::WorkingHours, "2026-03-04T10:00:00", "2026-03-04T15:30:00", false);
    check_due(4, Unit::WorkingHours, "2026-03-04T16:00:00", "2026-03-05T12:00:00", false);
    check_due(4, Unit::WorkingHours, "2026-03-04T03:00:00", "2026-03-04T14:30:00", false);
    check_due(4, Unit::WorkingHours, "2026-03-06T16:00:00", "2026-03-09T12:00:00", false);
    check_due(1, Unit::WorkingHours, "2026-03-04T12:30:00", "2026-03-04T14:30:00", false);
    check_due(1, Unit::WorkingHours, "2026-09-30T16:30:00", "2026-10-08T09:30:00", false);
}

#[test]
fn office_hours_stand_one_after_the_other() {
    assert!(OfficeHours::read("09:00-12:00|13:30-17:00").is_some());
    for bad in ["", "09:00", "12:00-09:00", "09:00-12:00|11:00-17:00", "9-5"] {
        assert!(OfficeHours::read(bad).is_none(), "{bad}");
    }
}

#[test]
fn the_narrowest_rule_of_each_clock_counts() {
    let directory = shipped();
    let names = |urgent, complexity, appeal| {
        let dues = directory.due_dates("dispatched", at("2026-03-04T10:00:00"), urgent, complexity, appeal);
        dues.into_iter().map(|d| (d.clock, d.at)).collect::<Vec<_>>()
    };
    let calm = names(false, Some(Complexity::Simple), Some(Appeal::Claim));
    assert!(calm.contains(&("sign_for".into(), at("2026-03-04T15:30:00"))), "{calm:?}");
    assert!(calm.contains(&("resolve".into(), at("2026-03-05T23:59:59"))));
    assert!(!calm.iter().any(|(c, _)| c == "hotline_answer"));
    let urgent = names(true, None, Some(Appeal::Help));
    assert!(urgent.contains(&("sign_for".into(), at("2026-03-04T10:30:00"))));
    assert!(urgent.contains(&("resolve".into(), at("2026-03-09T23:59:59"))));
    assert!(urgent.contains(&("hotline_answer".into(), at("2026-03-11T23:59:59"))));
    assert_eq!(urgent.iter().filter(|(c, _)| c == "sign_for").count(), 1);
    assert!(directory.due_dates("nothing", at("2026-03-04T10:00:00"), false, None, None).is_empty());
}

/// Of two that fit alike, whatever their units: a day is shorter than twenty days, and thirty minutes than four hours.
#[test]
fn of_rules_as_narrow_the_one_that_runs_out_first_counts() {
    let lines = "answer,dispatched,urgent=yes,24,hours,,,\nanswer,dispatched,complexity=difficult,20,days,,,\n\
                 call,dispatched,urgent=yes,30,minutes,,,\ncall,dispatched,appeal=claim,4,working_hours,,,\n";
    let directory = Directory::parse(&with_line("deadlines.csv", lines)).expect("parses");
    let start = at("2026-03-04T10:00:00");
    let dues = directory.due_dates("dispatched", start, true, Some(Complexity::Difficult), Some(Appeal::Claim));
    let due = |name: &str| dues.iter().find(|due| due.clock == name).map(|due| due.at);
    assert_eq!(due("answer"), Some(at("2026-03-05T10:00:00")));
    assert_eq!(due("call"), Some(at("2026-03-04T10:30:00")));
}

fn units() -> impl Strategy<Value = Unit> {
    prop::sample::select(vec![Unit::Minutes, Unit::Hours, Unit::WorkingHours, Unit::Days, Unit::WorkingDays])
}

proptest! {
    #[test]
    fn a_longer_clock_and_a_later_start_never_run_out_earlier(
        start in 1_704_067_200i64..1_830_000_000, wait in 0i64..10_000_000, length in 1u32..200, more in 0u32..50, unit in units(),
    ) {
        let (calendar, hours) = (calendar(), OfficeHours::default());
        let from = |seconds, length| {
            due(&rule(length, unit), Timestamp::from_second(seconds).expect("in range"), &hours, &calendar).at
        };
        prop_assert!(from(start, length) > Timestamp::from_second(start).expect("in range"));
        prop_assert!(from(start, length + more) >= from(start, length));
        prop_assert!(from(start + wait, length) >= from(start, length));
    }

    #[test]
    fn working_clocks_end_in_working_time(
        start in 1_704_067_200i64..1_830_000_000, length in 1u32..300, days in any::<bool>(),
    ) {
        let (calendar, hours) = (calendar(), OfficeHours::default());
        let unit = if days { Unit::WorkingDays } else { Unit::WorkingHours };
        let start = Timestamp::from_second(start).expect("in range");
        let found = due(&rule(length, unit), start, &hours, &calendar);
        let end = local(found.at);
        prop_assert!(calendar.is_working_day(end.date()));
        prop_assert!(days || hours.0.iter().any(|(open, close)| (*open..=*close).contains(&end.time())));
        let unknown = (local(start).date().year()..=end.date().year()).any(|y| !calendar.knows(y));
        prop_assert!(unknown || !found.provisional);
        prop_assert!(found.provisional || calendar.knows(end.date().year()));
    }

    #[test]
    fn between_start_and_end_lie_exactly_so_many_working_days(start in 1_704_067_200i64..1_790_000_000, length in 1u32..60) {
        let calendar = calendar();
        let start = Timestamp::from_second(start).expect("in range");
        let end = local(due(&rule(length, Unit::WorkingDays), start, &OfficeHours::default(), &calendar).at).date();
        let mut day = local(start).date();
        let mut counted = 0;
        while day < end {
            day = day.tomorrow().expect("in range");
            counted += u32::from(calendar.is_working_day(day));
        }
        prop_assert_eq!(counted, length);
    }
}

#[test]
fn counting_ends_even_where_nothing_is_ever_worked() {
    let mut calendar = Calendar::default();
    let all: String = (0..400).fold("date,kind\n".to_owned(), |text, n| {
        let day = plus_days(Date::constant(2026, 1, 1), n);
        format!("{text}{day},holiday\n")
    });
    calendar.read("calendar/x.csv", &all, &mut Vec::new());
    let found = due(&rule(LONGEST, Unit::WorkingDays), at("2026-03-04T10:00:00"), &OfficeHours::default(), &calendar);
    assert!(found.provisional);
}
