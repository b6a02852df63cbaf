//! A record's place among its states, by what its source says. Pure.

use huiliu_schemas::submission::FieldProblem;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Map;
use super::field::Field;
use super::run::registered_on;
use super::spec::{Need, Pick};
use super::target::Target;
use super::time::TimeReader;
use crate::looks::is_placeholder;

/// How far a source's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);
const EXPECTED: &str = "a version number, or a time at most ten minutes after the record was received";

/// Where a record that was `received` then stands. A time from the future (a year mistyped in one step, a clock that ran ahead for
/// an hour) is no order: all that the source says until then would be too late.
pub(super) fn order(map: &Map, record: &Value, received: Timestamp, problems: &mut Vec<FieldProblem>) -> Option<i64> {
    let (_, field) = map.fields.iter().find(|(target, _)| matches!(target.0, Target::Version))?;
    match field.pick {
        Pick::Latest => of_steps(map, field, record, received, problems),
        _ => of_one(field, record, received, problems),
    }
}

/// What the first of the fields says that says anything, though it be no order: the next one counts otherwise.
fn of_one(field: &Field, record: &Value, received: Timestamp, problems: &mut Vec<FieldProblem>) -> Option<i64> {
    let said = field.read(record, EXPECTED, problems, |text| Some(text.to_owned()))?;
    let order = version(&said, &field.time, received);
    if order.is_none() {
        let is_required = field.need == Need::Required;
        problems.push(field.problem(&field.sources(), Some(&said), EXPECTED, is_required));
    }
    order
}

/// A version is a small integer; anything that is a time counts in milliseconds.
pub(super) fn version(text: &str, time: &TimeReader, received: Timestamp) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(number) if number.unsigned_abs() < 100_000_000 => Some(number),
        number => match time.read(text) {
            Some(at) => (!is_ahead(at, received)).then_some(at.as_millisecond()),
            None => number.ok().filter(|_| !is_written_time(text)),
        },
    }
}

/// `20260308240000` is no time, and no number either: beside times, which count in milliseconds, it would stand before or behind
/// all of them for good.
fn is_written_time(text: &str) -> bool {
    matches!(text.len(), 12 | 14) && (text.starts_with("19") || text.starts_with("20"))
}

/// Whether nothing is said of an order: a word or signs for "none", or a date that stands for it. Any whole number says one.
pub(super) fn says_no_order(text: &str, time: &TimeReader) -> bool {
    text.parse::<i64>().is_err() && (is_placeholder(text) || time.is_none(text))
}

fn is_ahead(at: Timestamp, received: Timestamp) -> bool {
    at.duration_since(received) > AHEAD
}

/// The latest step; none where one lies in the future. A record that has no step yet comes before all that has one: at the beginning
/// of the day it was registered on. The time of day is no step: it may be put right.
fn of_steps(
    map: &Map,
    field: &Field,
    record: &Value,
    received: Timestamp,
    problems: &mut Vec<FieldProblem>,
) -> Option<i64> {
    let (mut latest, mut has_steps, mut ahead) = (None, false, false);
    field.texts(record, &mut |path, text| {
        has_steps = true;
        let at = field.time.read(&text);
        let is_step = at.filter(|at| !is_ahead(*at, received));
        if is_step.is_none() {
            ahead |= at.is_some();
            problems.push(field.problem(path.text(), Some(&text), EXPECTED, false));
        }
        latest = latest.max(is_step);
        true
    });
    if !has_steps {
        latest = registered_on(map, record).and_then(|day| field.time.begin_of(day));
        ahead = latest.is_some_and(|at| is_ahead(at, received));
    }
    latest.filter(|_| !ahead).map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    const RECEIVED: Timestamp = Timestamp::constant(1_773_100_800, 0);

    /// Another field counts otherwise: what it says is no order among the states that were ordered by the first.
    #[test]
    fn a_time_from_the_future_is_outweighed_by_no_other_field() {
        for (pick, first) in [("first", "t"), ("last", "v")] {
            let map = format!(
                "[fields]\n\"source.id\" = {{ from = [\"id\"] }}\n\"version\" = {{ from = [\"t\", \"v\"], pick = \"{pick}\" }}"
            );
            let map = Map::compile(&map, &BTreeMap::new()).expect("compiles");
            let version = |t: Value, v: Value| {
                let (t, v) = if first == "t" { (t, v) } else { (v, t) };
                let record = json!({ "id": "1", "t": t, "v": v });
                let s = map.map(&record, &"own".parse().expect("a namespace"), RECEIVED).expect("maps");
                (s.version, s.problems.len())
            };
            assert_eq!(version(json!("2027-03-01 08:00:00"), json!(12)), (None, 1));
            assert_eq!(version(json!("昨天"), json!(12)), (None, 1));
            for no_time in ["20260308240000", "20260229093000", "202603082460"] {
                assert_eq!(version(json!(no_time), json!(12)), (None, 1), "{no_time}: nor a number");
            }
            assert_eq!(version(json!("2026-03-01 08:00:00"), json!(12)), (Some(1_772_323_200_000), 0));
            assert_eq!(version(json!(null), json!(12)), (Some(12), 0));
        }
    }

    /// What a system writes where nothing happened yet says nothing; what cannot be read says something.
    #[test]
    fn a_date_that_says_nothing_asks_the_next_field() {
        for need in ["wanted", "required"] {
            let map = format!(
                "[fields]\n\"source.id\" = {{ from = [\"id\"] }}\n\"version\" = {{ from = [\"updated\", \"created\"], need = \"{need}\" }}"
            );
            let map = Map::compile(&map, &BTreeMap::new()).expect("compiles");
            let order = |updated: &str| {
                let record = json!({ "id": "1", "updated": updated, "created": "2026-03-01 08:00:00" });
                let s = map.map(&record, &"own".parse().expect("a namespace"), RECEIVED);
                s.map(|s| (s.version, s.problems.len())).map_err(|_| ())
            };
            for nothing in [
                "0001-01-01T00:00:00",
                "0001-01-01T00:00:00Z",
                "0001/1/1 0:00:00",
                "0000-00-00 00:00:00",
                "0000-00-00",
                "1970-01-01 00:00:00",
                "1970-01-01 08:00:00",
                "1900-01-01",
                "/Date(-62135596800000)/",
                "1899-12-30 00:00:00",
                "-",
                "--",
                "——",
                "暂无",
                "N/A",
            ] {
                assert_eq!(order(nothing), Ok((Some(1_772_323_200_000), 0)), "{nothing}");
            }
            for said in ["昨天", "2027-03-01 08:00:00"] {
                let none = if need == "required" { Err(()) } else { Ok((None, 1)) };
                assert_eq!(order(said), none, "{said}");
            }
        }
    }

    #[test]
    fn a_step_in_the_future_leaves_no_order() {
        let map = r#"
    [fields]
    "source.id" = { from = ["id"], need = "required" }
    "version" = { from = ["steps[].at"], pick = "latest" }
    "facts.registered_at" = { from = ["day"] }
    "#;
        let map = Map::compile(map, &BTreeMap::new()).expect("compiles");
        let order = |day: &str, steps: &[&str]| {
            let steps: Vec<Value> = steps.iter().map(|at| json!({ "at": at })).collect();
            let record = json!({ "id": "1", "day": day, "steps": steps });
            let s = map.map(&record, &"own".parse().expect("a namespace"), RECEIVED).expect("maps");
            let told = s.problems.iter().any(|p| p.field == "version" && p.source_field == "steps[].at");
            (s.version.and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(|at| at.to_string()), told)
        };
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(order("2026-03-01", &[]), (at("2026-02-28T16:00:00Z"), false));
        assert_eq!(order("2026-03-01", &["2026-03-02 08:00:00"]), (at("2026-03-02T00:00:00Z"), false));
        assert_eq!(order("2026-03-01", &["2027-03-03 08:00:00"]), (None, true));
        assert_eq!(order("2026-03-01", &["2026-03-02 08:00:00", "2027-03-03 08:00:00"]), (None, true));
        assert_eq!(order("2026-03-01", &["2026-03-02 08:00:00", "昨天"]), (at("2026-03-02T00:00:00Z"), true));
        assert_eq!(order("2026-03-01", &["昨天"]), (None, true), "nor is it as it was registered");
        assert_eq!(order("2027-03-01", &[]), (None, false));
    }
}
