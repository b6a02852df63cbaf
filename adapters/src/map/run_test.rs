//! What mapping does with good, bad and missing values.

use std::collections::BTreeMap;

use huiliu_schemas::places::Datum;
use huiliu_schemas::submission::{Facts, FieldProblem, Intent, Submission};
use huiliu_schemas::vocabulary::Appeal;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{Map, Unmapped};
use crate::json;
use crate::pack::Pack;
use crate::rows;

const MAP: &str = r#"
[fields]
"source.id" = { from = ["id", "number"], need = "required" }
"version" = { from = ["v"] }
"facts.appeal" = { from = ["kind"], tables = ["kind"] }
"facts.registered_at" = { from = ["a", "b"] }
"facts.matter" = { from = ["class"], tables = ["class"] }
"facts.division" = { from = ["place"] }
"facts.place_names" = { from = ["names[]"] }
"facts.persons_count" = { from = ["count"], unit = "人" }
"facts.point" = { from = ["lng"], latitude = ["lat"], datum = "bd09" }
"facts.flags.confidential" = { from = ["secret"], yes = ["密"], no = ["公开"], also = { name = ["保密"] } }
"facts.flags.grave" = { from = ["light"], yes = ["红"] }
"facts.flags.joint" = { from = ["joint"] }
"content.title" = { from = ["title"], need = "wanted" }
"content.reply" = { from = ["steps[].told"], pick = "last" }
"assessment.satisfaction" = { from = ["mark", "first_mark"], tables = ["mark"] }
[[persons]]
role = "reporter"
fields.name = { from = ["name"] }
fields.phone = { from = ["phone", "other_phone"] }
[[aliases]]
namespace = "other"
from = ["theirs"]
[[aliases]]
from = ["own"]
[[intent]]
present = "urges"
then = "urge"
source = "urges"
note = ["title"]
"#;

/// 2026-03-10.
const RECEIVED: Timestamp = Timestamp::constant(1_773_100_800, 0);

fn map(record: &Value) -> Result<Submission, Unmapped> {
    let tables = [
        ("kind", "code,word\n1,complaint\n"),
        ("class", "code,word\n环境污染,0402\n环境保护->环境污染,0402\n环境保护,04\nX,01\n"),
        ("mark", "code,word\n0,satisfied\n3,dissatisfied\n"),
    ];
    let tables: BTreeMap<String, String> = tables.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect();
    let map = Map::compile(MAP, &tables).expect("compiles");
    map.map(record, &"own".parse().expect("a namespace"), RECEIVED)
}

fn good(record: &Value) -> Submission {
    map(record).expect("maps")
}

fn problems(record: &Value) -> Vec<FieldProblem> {
    good(record).problems
}

#[test]
fn preferences_are_followed_and_a_bad_first_choice_is_told() {
    let s = good(&json!({"id": 7, "title": "t", "a": "昨天", "b": "2026-03-01 08:00:00"}));
    assert_eq!(s.source.to_string(), "own:7");
    assert_eq!(s.facts.registered_at.expect("read").to_string(), "2026-03-01T00:00:00Z");
    assert_eq!((s.problems[0].source_field.as_str(), s.problems[0].value.as_deref()), ("a", Some("昨天")));
}

#[test]
fn the_day_that_tells_cases_apart_is_of_one_field() {
    let day = |record: Value| good(&record).registered_on.map(|day| day.to_string());
    let (a, b) = ("2026-03-01 23:30:00", "2026-02-27");
    assert_eq!(day(json!({"id": "1", "title": "t", "a": a, "b": b})).as_deref(), Some("2026-03-01"));
    let substitute = good(&json!({"id": "1", "title": "t", "b": b}));
    assert!(substitute.facts.registered_at.is_some() && substitute.registered_on.is_none());
}

#[test]
fn an_id_is_needed_and_must_be_whole() {
    for bad in
        [json!({}), json!({"id": "无"}), json!({"id": null}), json!({"id": "x".repeat(129)}), json!({"id": [1, 2]})]
    {
        let unmapped = map(&bad).expect_err("no id");
        assert!(unmapped.problems.iter().any(|p| p.blocking && p.field == "source.id"), "{bad}");
    }
    // A number that has lost digits is nobody's number.
    let lost: Value = serde_json::from_str(r#"{"id": 123456789012345678901234567890}"#).expect("JSON");
    assert!(map(&lost).is_err());
    assert_eq!(good(&json!({"id": 2026030100000001u64, "title": "t"})).source.id, "2026030100000001");
    assert_eq!(good(&json!({"number": " 8 ", "title": "t"})).source.id, "8");
}

#[test]
fn personal_values_are_masked_in_problems_and_absence_is_told_when_wanted() {
    let problems = problems(&json!({"id": "1"}));
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].field.as_str(), problems[0].value.as_deref()), ("content.title", None));
    assert!(!problems[0].blocking);
}

#[test]
fn unknown_codes_are_carried() {
    let s = good(&json!({"id": "1", "title": "t", "kind": "77", "class": "交通", "mark": "9"}));
    let codes: Vec<(&str, &str)> = s.facts.unknown_codes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(codes, [("assessment.satisfaction", "9"), ("facts.appeal", "77"), ("facts.matter", "交通")]);
    assert!(s.problems.is_empty() && s.assessment.is_none());
}

#[test]
fn a_word_for_unknown_hides_no_persons_telephone() {
    for unknown in ["不详", "匿名", "-", "00000000000", "无"] {
        let s =
            good(&json!({"id": "1", "title": "t", "name": unknown, "phone": unknown, "other_phone": "19900000001"}));
        let person = &s.content.persons[0];
        assert!(person.name.is_none(), "{unknown}");
        assert_eq!(person.phone.as_ref().map(|phone| phone.expose()), Some("19900000001"), "{unknown}");
    }
}

#[test]
fn an_unknown_code_is_no_state() {
    let map = "[fields]\n\"source.id\" = { from = [\"id\"] }\n\"upstream.state\" = { from = [\"state\"], tables = [\"state\"] }";
    let tables = BTreeMap::from([("state".to_owned(), "code,word\n9,closed\n".to_owned())]);
    let map = Map::compile(map, &tables).expect("compiles");
    let state = |code: &str| {
        let s =
            map.map(&json!({"id": "1", "state": code}), &"own".parse().expect("a namespace"), RECEIVED).expect("maps");
        (s.upstream.map(|u| u.state.to_string()), s.facts.unknown_codes.get("upstream.state").cloned())
    };
    assert_eq!(state("9"), (Some("closed".to_owned()), None));
    assert_eq!(state("办理中的某步"), (None, Some("办理中的某步".to_owned())));
    assert_eq!(state(""), (None, None));
}

#[test]
fn zero_is_absent_only_where_no_table_knows_it() {
    let s = good(&json!({"id": "1", "title": "0", "mark": "0", "kind": "0", "count": 0}));
    assert!(s.content.title.is_none() && s.facts.appeal.is_none() && s.facts.persons_count.is_none());
    assert!(s.assessment.expect("marked").satisfaction.is_some());
    assert!(s.facts.unknown_codes.is_empty());
    assert_eq!(good(&json!({"id": "1", "title": "t", "kind": "投诉"})).facts.appeal, Some(Appeal::Complaint));
}

#[test]
fn an_earlier_view_does_not_stand_in_for_one_nobody_understands() {
    let s = good(&json!({"id": "1", "title": "t", "mark": "很难说", "first_mark": "0"}));
    assert!(s.assessment.is_none());
    assert_eq!(s.facts.unknown_codes["assessment.satisfaction"], "很难说");
    assert!(good(&json!({"id": "1", "title": "t", "mark": "", "first_mark": "3"})).assessment.is_some());
}

#[test]
fn a_whole_number_is_the_same_however_it_is_written() {
    for mark in [json!(3), json!(3.0), json!("3")] {
        let s = good(&json!({"id": 7.0, "title": "t", "mark": mark, "secret": 1.0}));
        assert_eq!((s.source.id.as_str(), s.problems.len()), ("7", 0), "{mark}");
        assert!(s.assessment.is_some_and(|view| view.is_bad()) && s.facts.flags.confidential, "{mark}");
    }
}

#[test]
fn classes_are_found_by_their_most_specific_known_part() {
    let cases = [
        ("X", Some("01")),
        ("环境保护->环境污染->噪音", Some("0402")),
        ("环境保护 / 未知", Some("04")),
        ("环境保护>环境污染", Some("0402")),
        ("未知->环境污染", Some("0402")),
        ("交通", None),
    ];
    for (class, expected) in cases {
        let s = good(&json!({"id": "1", "title": "t", "class": class}));
        assert_eq!(s.facts.matter.as_ref().map(|m| m.as_str()), expected, "{class}");
    }
}

#[test]
fn places_are_codes_or_names() {
    let s = good(&json!({"id": "1", "title": "t", "place": "330205006000"}));
    assert_eq!(s.facts.division.expect("read").as_str(), "330205006");
    assert_eq!(good(&json!({"id": "1", "title": "t", "place": "庄桥街道"})).facts.place_names, ["庄桥街道"]);
    assert_eq!(problems(&json!({"id": "1", "title": "t", "place": "33020"})).len(), 1);
    let grid = good(&json!({"id": "1", "title": "t", "place": "330205006007003"}));
    assert_eq!(grid.facts.place_names, ["330205006007003"]);
}

#[test]
fn a_door_or_a_telephone_is_no_place_name() {
    for private in ["样例花园5幢301室", "19900000001"] {
        let s = good(&json!({"id": "1", "title": "t", "place": private, "names": [private, "庄桥街道"]}));
        assert_eq!(s.facts.place_names, ["庄桥街道"], "{private}");
        let shown = s.problems.iter().filter(|p| p.value.as_deref().is_some_and(|value| value.contains("***")));
        assert!(shown.count() >= 1, "{private}: {:?}", s.problems);
        assert!(!format!("{:?}", (s.facts, s.problems)).contains(private), "{private}");
    }
}

#[test]
fn counts_points_and_flags_are_read() {
    let s = good(&json!({"id": "1", "title": "t", "count": "12人", "lng": "121.55", "lat": 29.88, "joint": true}));
    assert_eq!(s.facts.persons_count, Some(12));
    assert!((s.facts.point.expect("read").longitude - 121.539).abs() < 0.01);
    assert!(s.facts.flags.joint && !s.facts.flags.confidential);
}

#[test]
fn a_count_that_is_not_exact_is_taken_and_told_as_it_was_written() {
    let counted = |count: &str| {
        let s = good(&json!({"id": "1", "title": "t", "count": count}));
        (s.facts.persons_count, s.problems.into_iter().map(|p| (p.field, p.value)).collect::<Vec<_>>())
    };
    assert_eq!(counted("12人"), (Some(12), vec![]));
    for (written, number) in [("约30户", Some(30)), ("三十多人", Some(30)), ("全村", None)] {
        assert_eq!(counted(written), (number, vec![("facts.persons_count".to_owned(), Some(written.to_owned()))]));
    }
}

#[test]
fn points_and_times_that_are_no_text_are_read() {
    let map = "[fields]\n\"source.id\" = { from = [\"id\"] }\n\"at\" = { from = [\"t\"] }\n\"facts.point\" = { from = [\"p\"] }";
    let map = Map::compile(map, &BTreeMap::new()).expect("compiles");
    let read = |point: Value, time: Value| {
        let record = json!({"id": {"$oid": "65e6"}, "p": point, "t": time});
        assert_eq!(map.unread(&record), Vec::<String>::new());
        let s = map.map(&record, &"own".parse().expect("a namespace"), Timestamp::MAX).expect("maps");
        assert_eq!(s.source.id, "65e6");
        (s.facts.point.map(|p| (p.longitude, p.latitude)), s.at.map(|at| at.as_second()), s.problems.len())
    };
    let (place, second) = (Some((113.035, 25.8)), Some(1_772_673_600));
    for point in [
        json!([113.035, 25.8]),
        json!([113.035, 25.8, 120.5]),
        json!({"type": "Point", "coordinates": [113.035, 25.8]}),
        json!({"type": "MultiPoint", "coordinates": [[113.035, 25.8], [113.1, 25.9]]}),
        json!("POINT(113.035 25.8)"),
    ] {
        for time in [
            json!({"$date": "2026-03-05T01:20:00.000Z"}),
            json!({"$date": {"$numberLong": "1772673600000"}}),
            json!("/Date(1772673600000+0800)/"),
            json!("1772673600.0"),
            json!(1_772_673_600.0),
        ] {
            assert_eq!(read(point.clone(), time.clone()), (place, second, 0), "{point} {time}");
        }
    }
    assert_eq!(read(json!([0, 0]), json!(null)), (None, None, 0));
    assert_eq!(read(json!([2.35, 48.85]), json!({"$date": null})), (None, None, 1));
}

/// What is left out because of its shape is told, by the field's name; what says nothing is not.
#[test]
fn what_is_no_value_is_told() {
    let told = |value: Value| {
        let record = json!({
            "id": "1", "title": value, "class": value, "place": value, "joint": value, "names": [value], "mark": value, "a": value,
        });
        let mut told: Vec<_> = problems(&record).into_iter().map(|p| (p.source_field, p.value, p.blocking)).collect();
        told.sort();
        told
    };
    for nothing in [json!(null), json!([]), json!({}), json!([0, null, ""]), json!({"name": null})] {
        assert_eq!(told(nothing), [("title".to_owned(), None, false)], "it is wanted");
    }
    for odd in [json!(["一", "二"]), json!({"name": "路灯"}), json!(1.5e300)] {
        let paths = ["a", "class", "joint", "mark", "names[]", "place", "title"];
        assert_eq!(told(odd), paths.map(|path| (path.to_owned(), None, false)));
    }
}

/// A code that nobody translates is carried; a text that says `false` is none.
#[test]
fn a_flag_is_no_word_for_absent_where_codes_are_read() {
    let s = good(&json!({"id": "1", "title": "t", "kind": false, "a": false}));
    assert_eq!(s.facts.unknown_codes.get("facts.appeal").map(String::as_str), Some("0"));
    assert_eq!(s.problems, []);
}

#[test]
fn a_flag_that_protects_is_taken_for_set_when_unreadable() {
    let s = good(&json!({"id": "1", "title": "t", "secret": "?", "joint": "?"}));
    assert!(s.facts.flags.confidential && !s.facts.flags.joint);
    assert_eq!(s.problems.len(), 2);
}

#[test]
fn words_of_the_map_add_to_what_a_protecting_flag_understands() {
    let confidential = |secret: Value, name: &str| {
        let s = good(&json!({"id": "1", "title": "t", "secret": secret, "name": name}));
        (s.facts.flags.confidential, s.problems.len())
    };
    for yes in [json!("密"), json!("1"), json!(true), json!("Y"), json!("TRUE"), json!("有"), json!("Yes")] {
        assert_eq!(confidential(yes.clone(), "王示例"), (true, 0), "{yes}");
    }
    for no in [json!("公开"), json!("0"), json!(false), json!("N"), json!("否"), json!(null), json!([]), json!("")] {
        assert_eq!(confidential(no.clone(), "王示例"), (false, 0), "{no}");
    }
    for unreadable in [json!("也许"), json!(2), json!({"code": 1}), json!(["1", "0"])] {
        assert_eq!(confidential(unreadable.clone(), "王示例"), (true, 1), "{unreadable}");
    }
    for (name, expected) in [("保密", true), ("（要求保密）王女士", true), ("无", false), ("王公开", false)]
    {
        assert_eq!(confidential(json!("0"), name), (expected, 0), "{name}");
    }
    let grave = |light: &str| good(&json!({"id": "1", "title": "t", "light": light})).facts.flags.grave;
    assert!(grave("红") && !grave("1") && !grave("黄"), "of a flag that protects nobody, the map's words are all");
}

#[test]
fn the_last_step_speaks() {
    let s = good(&json!({"id": "1", "title": "t", "steps": [{"told": "一"}, {"told": "二"}, {"told": ""}]}));
    assert_eq!(s.content.reply.expect("told").expose(), "二");
}

#[test]
fn what_strangers_have_in_common_is_no_number_of_theirs() {
    let linked = |theirs: &str| {
        let s = good(&json!({"id": "1", "title": "t", "theirs": theirs}));
        let told = s.problems.into_iter().map(|p| (p.field, p.source_field, p.value)).collect::<Vec<_>>();
        (s.aliases.iter().map(ToString::to_string).collect::<Vec<_>>(), told)
    };
    let silent =
        ["19900000001", "+86 199 0000 0001", "0574-00000000", "00000000", "不详", "匿名", "13800000000/13900000000"];
    for nothing in silent.into_iter().chain(["4008012345", "0574-87654321-8001"]) {
        assert_eq!(linked(nothing), (vec![], vec![]), "{nothing}");
    }
    let told = |value: &str| ("aliases".to_owned(), "theirs".to_owned(), Some(value.to_owned()));
    assert_eq!(linked("12345"), (vec![], vec![told("1***45")]));
    assert_eq!(linked("87654321"), (vec![], vec![told("8***21")]), "a local telephone, or an order's number");
    assert_eq!(linked("市12345热线"), (vec![], vec![told("市***热线")]));
    assert_eq!(linked("热线-260301-1, GD-2,0"), (vec!["other:热线-260301-1".to_owned()], vec![told("G**")]));
}

#[test]
fn a_shape_says_what_a_number_looks_like() {
    let map = MAP.replace("from = [\"theirs\"]", "from = [\"theirs\"]\nshape = \"GD####\"");
    let map = Map::compile(&map, &BTreeMap::from(["kind", "class", "mark"].map(|t| (t.into(), "code,word\n".into()))));
    let namespace = "own".parse().expect("a namespace");
    let aliases = |theirs: &str| {
        let record = json!({"id": "1", "title": "t", "theirs": theirs});
        map.as_ref().expect("compiles").map(&record, &namespace, RECEIVED).expect("maps").aliases
    };
    assert_eq!(aliases("见GD0012").first().map(ToString::to_string).as_deref(), Some("other:GD0012"));
    assert!(aliases("热线-260301-000001").is_empty());
    assert!(aliases("见GD0012，与GD0013重复").is_empty(), "strangers' orders do not become one case");
    assert_eq!(aliases("GD0012（GD0012）").len(), 1);
}

#[test]
fn a_word_for_unknown_is_no_number() {
    for placeholder in ["不详", "-", "undefined", "N/A", "0000"] {
        assert!(map(&json!({"id": placeholder, "title": "t"})).is_err(), "{placeholder}");
        let s = good(&json!({"id": "1", "title": "t", "urges": placeholder}));
        assert_eq!((s.intent, s.aliases.len()), (Intent::Matter, 0), "{placeholder}: urges nothing");
    }
}

/// What a spreadsheet leaves of a long number, strangers have in common.
#[test]
fn a_number_that_a_spreadsheet_rounded_is_nobodys() {
    for rounded in ["2.02603E+15", "2.02603e15", "2E+15"] {
        let problems = map(&json!({"id": rounded, "title": "t"})).expect_err("no number").problems;
        let told = problems.iter().find(|p| p.blocking && p.field == "source.id").expect("told");
        assert!(told.value.as_deref() == Some(rounded) && told.expected.contains("spreadsheet"), "{told:?}");
        let s = good(&json!({"id": "1", "title": "t", "theirs": rounded, "own": rounded}));
        assert_eq!(s.aliases, [], "{rounded}");
        assert_eq!(s.problems.iter().map(|p| p.source_field.as_str()).collect::<Vec<_>>(), ["theirs", "own"]);
    }
    for whole in ["5E3", "12E+3", "E+15", "2.02603E+", "GD1.5E+3"] {
        assert_eq!(good(&json!({"id": whole, "title": "t"})).source.id, whole);
    }
}

#[test]
fn a_row_of_a_spreadsheet_is_the_record_of_the_same_number() {
    let sheet = "id,title\n2.02603E+15,甲\n2.02603E+15,乙\n=\"2026030100000001\",丙\n'2026030100000001,丁\n";
    let rows = rows::table(sheet, 9).expect("rows").into_iter().map(|row| row.expect("a row"));
    let read: Vec<_> = rows.map(|row| map(&row).ok().map(|s| s.source)).collect();
    let told = good(&json!({"id": 2026030100000001u64, "title": "t"})).source;
    assert_eq!(read, [None, None, Some(told.clone()), Some(told)]);
}

#[test]
fn what_was_not_read_whole_is_told_and_is_no_number() {
    let s =
        good(&json!({"id": "1", "title": "路灯不\u{fffd}", "names": ["庄桥街道", "慈\u{fffd}"], "name": "王\u{fffd}"}));
    let told: Vec<_> = s.problems.iter().map(|p| (p.source_field.as_str(), p.value.as_deref(), p.blocking)).collect();
    let expected = [("title", "路**"), ("names[]", "慈\u{fffd}"), ("name", "王**")];
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(expected.into_iter().all(|(field, value)| told.contains(&(field, Some(value), false))), "{told:?}");
    assert!(map(&json!({"id": "GD\u{fffd}01", "title": "t"})).is_err());
}

#[test]
fn an_urge_speaks_of_another_case_and_brings_nothing_of_its_own() {
    let s = good(&json!({"id": "2", "urges": "1", "title": "快点", "name": "王示例", "kind": "1", "theirs": "GD-2"}));
    assert_eq!((s.intent, s.source.id.as_str()), (Intent::Urge, "2"));
    assert_eq!(s.aliases.iter().map(|a| a.id.as_str()).collect::<Vec<_>>(), ["1"]);
    assert_eq!(s.content.note.as_ref().expect("said").expose(), "快点");
    assert_eq!((s.facts, s.content.title), (Facts::default(), None));
}

/// Whoever urges may ask for what the first did not.
#[test]
fn an_urge_keeps_who_speaks_and_that_it_is_nobodys_business() {
    let s = good(&json!({"id": "2", "urges": "1", "title": "快点", "name": "王示例", "secret": "密", "light": "红"}));
    assert!(s.facts.flags.confidential && !s.facts.flags.grave);
    assert_eq!(s.content.persons[0].name.as_ref().expect("named").expose(), "王示例");
}

/// Dispute 1001 and event 1001 are of two citizens.
#[test]
fn what_speaks_of_a_number_means_that_of_its_series() {
    let map = r#"
[fields]
"source.id" = { from = ["eventId", "disputeId"], prefix = { disputeId = "dispute-" } }
[[aliases]]
from = ["formerDisputeId", "formerEventId"]
prefix = { formerDisputeId = "dispute-", formerEventId = "" }
[[related]]
from = ["disputeId", "eventId"]
[[related]]
namespace = "other"
from = ["otherDisputeId"]
prefix = { otherDisputeId = "d-" }
[[intent]]
present = "urgedDisputeId"
then = "urge"
source = "urgedDisputeId"
prefix = { urgedDisputeId = "dispute-" }
[[intent]]
present = "again"
then = "urge"
source = "disputeId"
"#;
    let map = Map::compile(map, &BTreeMap::new()).expect("compiles");
    let spoken_of = |record: Value| {
        let s = map.map(&record, &"own".parse().expect("a namespace"), RECEIVED).expect("maps");
        let ids =
            |ids: Vec<huiliu_schemas::SourceId>| ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(" ");
        (s.source.id, ids(s.aliases), ids(s.related))
    };
    let said = |own: &str, aliases: &str, related: &str| (own.to_owned(), aliases.to_owned(), related.to_owned());
    assert_eq!(spoken_of(json!({"eventId": "1", "urgedDisputeId": 1001})), said("1", "own:dispute-1001", ""));
    assert_eq!(spoken_of(json!({"eventId": "1", "disputeId": "1001", "again": 1})), said("1", "own:dispute-1001", ""));
    assert_eq!(spoken_of(json!({"eventId": "1001", "disputeId": "1001"})), said("1001", "", "own:dispute-1001"));
    assert_eq!(spoken_of(json!({"disputeId": "1001"})), said("dispute-1001", "", ""), "it is itself");
    assert_eq!(spoken_of(json!({"disputeId": "7", "formerDisputeId": "7"})), said("dispute-7", "", ""));
    assert_eq!(spoken_of(json!({"disputeId": "7", "formerEventId": "7"})), said("dispute-7", "own:7", ""));
    let of_another = spoken_of(json!({"eventId": "1", "otherDisputeId": "XF20260301001"}));
    assert_eq!(of_another, said("1", "", "other:d-XF20260301001"));
}

#[test]
fn versions_are_numbers_or_times() {
    assert_eq!(good(&json!({"id": "1", "title": "t", "v": 12})).version, Some(12));
    assert_eq!(good(&json!({"id": "1", "title": "t", "v": "2026-03-01 08:00:00"})).version, Some(1_772_323_200_000));
}

#[test]
fn what_stands_alone_in_a_list_is_read_as_itself() {
    let s = good(&json!({"id": "1", "title": ["路灯不亮"], "phone": ["13800000000"], "urges": ["2"]}));
    assert_eq!(s.content.note.as_ref().expect("said").expose(), "路灯不亮");
    assert_eq!(s.content.persons[0].phone.as_ref().expect("given").expose(), "13800000000");
    assert_eq!((s.intent, s.aliases[0].id.as_str()), (Intent::Urge, "2"));
}

#[test]
fn a_point_in_an_unknown_datum_is_none_and_said_to_be() {
    let pack = Pack::embedded("grid-worker").expect("loads");
    let point = |said: Value| {
        let mut event = json!({"externalEventId": "1", "title": "t", "longitude": 121.55, "latitude": 29.95});
        event.as_object_mut().expect("an event").extend(said.as_object().expect("fields").clone());
        let s = pack.map(&event, &pack.namespace, RECEIVED).expect("maps");
        let told = s.problems.iter().any(|p| p.expected.contains("bd09"));
        (s.facts.point.map(|point| point.datum), told)
    };
    assert_eq!(point(json!({})), (Some(Datum::Gcj02), false));
    assert_eq!(point(json!({"coordType": null, "coordinateSystem": "BD-09"})), (Some(Datum::Bd09), false));
    assert_eq!(point(json!({"coordType": "", "coordinateSystem": "百度坐标系"})), (Some(Datum::Bd09), false));
    assert_eq!(point(json!({"coordType": "墨卡托"})), (None, true));
}

#[test]
fn a_time_from_the_future_is_no_order() {
    let version = |v: Value| {
        let s = good(&json!({"id": "1", "title": "t", "v": v}));
        let told = s.problems.first().map(|p| (p.field.clone(), p.source_field.clone(), p.value.clone()));
        (s.version, told)
    };
    let told = |text: &str| Some(("version".to_owned(), "v".to_owned(), Some(text.to_owned())));
    let (near, far) = (RECEIVED + 9.minutes(), RECEIVED + 11.minutes());
    assert_eq!(version(json!(near.as_millisecond())), (Some(near.as_millisecond()), None));
    assert_eq!(version(json!(far.as_millisecond())), (None, told(&far.as_millisecond().to_string())));
    assert_eq!(version(json!("2027-03-01 08:00:00")), (None, told("2027-03-01 08:00:00")));
    for counter in [12_i64, 99_999_999, 72_057_594_037_927_936] {
        assert_eq!(version(json!(counter)), (Some(counter), None), "no time");
    }
}

/// A joint petition that names more than we keep, and more photographs than anyone looks at.
#[test]
fn what_is_beyond_the_most_that_is_kept_is_told() {
    let map = r#"
[fields]
"source.id" = { from = ["id"], need = "required" }
"facts.evidence" = { from = ["photos[]"] }
[[persons]]
role = "reporter"
each = "people[]"
fields.name = { from = ["name"] }
"#;
    let map = Map::compile(map, &BTreeMap::new()).expect("compiles");
    let told = |photos: usize, people: usize| {
        let photos: Vec<String> = (0..photos).map(|n| format!("{n}.jpg")).collect();
        let people: Vec<Value> = (0..people).map(|n| json!({ "name": format!("人{n}") })).collect();
        let record = json!({ "id": "1", "photos": photos, "people": people });
        let submission = map.map(&record, &"own".parse().expect("a namespace"), RECEIVED).expect("maps");
        assert!(submission.facts.evidence.len() <= 64 && submission.content.persons.len() <= 2000);
        submission.problems.into_iter().map(|p| format!("{} {}: {}", p.field, p.source_field, p.expected)).collect()
    };
    let none: Vec<String> = told(64, 2000);
    assert!(none.is_empty(), "{none:?}");
    let both: Vec<String> = told(67, 2001);
    assert_eq!(
        both,
        [
            "facts.evidence photos[]: at most 64: 3 more were left out",
            "persons people[]: at most 2000: 1 more were left out"
        ]
    );
}

/// A record in which a key stands twice, as it is read.
fn read(text: &str) -> Value {
    json::parse(text).expect("JSON")
}

#[test]
fn what_stands_twice_is_told_and_no_number_is_guessed() {
    let told = |text: &str| {
        let s = good(&read(text));
        let mut told: Vec<_> = s.problems.iter().map(|p| (p.source_field.clone(), p.value.clone())).collect();
        told.retain(|(field, _)| field != "title");
        (told, s)
    };
    let one = |field: &str, value: &str| vec![(field.to_owned(), Some(value.to_owned()))];
    let (names, s) = told(r#"{"id":"1","title":"t","name":"王示例","name":"李示例"}"#);
    assert_eq!((names, s.content.persons), (one("name", "王** / 李**"), vec![]));
    let (secret, s) = told(r#"{"id":"1","title":"t","secret":"0","secret":"1"}"#);
    assert_eq!((secret, s.facts.flags.confidential), (one("secret", "0 / 1"), true), "a flag that protects does");
    let (_, s) = told(r#"{"id":"1","title":"t","name":"王示例","name":"保密"}"#);
    assert!(s.facts.flags.confidential, "so does a word that asks for it");
    let (kinds, s) = told(r#"{"id":"1","title":"t","kind":"1","kind":"2"}"#);
    assert_eq!((kinds, s.facts.appeal), (one("kind", "1 / 2"), None));
    let (dates, s) = told(r#"{"id":"1","title":"t","a":"2026-03-01","a":"2026-03-02","b":"2026-03-03"}"#);
    assert_eq!(dates, one("a", "2026-03-01 / 2026-03-02"), "though another field stands in");
    assert!(s.facts.registered_at.is_some());
    let (links, s) = told(r#"{"id":"1","title":"t","theirs":"GD20260301001","theirs":"GD20260301002"}"#);
    assert_eq!((links, s.aliases), (vec![("theirs".to_owned(), None)], vec![]));
    assert_eq!(told(r#"{"id":"1","title":"t","id":"1","name":null,"name":"王示例"}"#).0, vec![], "it says one thing");
    for own in [r#"{"id":"1","title":"t","id":"2"}"#, r#"{"id":"1","title":"t","id":"2","number":"3"}"#] {
        let problems = map(&read(own)).expect_err("nobody's").problems;
        assert!(problems.iter().any(|p| p.blocking && p.value.as_deref() == Some("1 / 2")), "{problems:?}");
    }
    for nobody in [
        r#"{"title":"t","name":"王芳","name":"李娜"}"#,
        r#"{"title":"t","name":"李娜","kind":"王芳","kind":"李娜"}"#,
        r#"{"title":"t","name":"欧阳青禾","kind":"1","kind":"欧阳青禾"}"#,
    ] {
        let told = format!("{:?}", map(&read(nobody)).expect_err("no number").problems);
        assert!(told.contains("stands twice") && !told.contains("李娜") && !told.contains("欧阳"), "{told}");
    }
    assert_eq!(good(&read(r#"{"id":"1","title":"t","number":"2","number":"3"}"#)).source.id, "1");
}

/// Of the four packs: neither title nor text is nobody's matter, but a step, a view or a word of it is something.
#[test]
fn a_matter_of_which_nothing_is_said_begins_no_case() {
    let records = [
        ("hotline-12345", json!({"orderId": "1"}), "majorContent", json!({"orderState": "已办结"})),
        ("petition-portal", json!({"xfjbh": "1", "djsj": "2026/03/01"}), "tsnr", json!({"hfgznr": "已答复"})),
        ("grid-worker", json!({"externalEventId": "1"}), "eventName", json!({"verifyResult": "化解成功"})),
        ("video-mediation", json!({"case_no": "1", "status": 20}), "description", json!({"mediation_result": 1})),
    ];
    for (name, bare, words, step) in records {
        let pack = Pack::embedded(name).expect("loads");
        let map = |more: Value| {
            let mut record = bare.clone();
            record.as_object_mut().expect("a record").extend(more.as_object().expect("fields").clone());
            pack.map(&record, &pack.namespace, RECEIVED)
        };
        let bare = map(json!({})).expect("it may add to a case");
        assert_eq!(bare.lacks, ["content.text", "content.title"], "{name}");
        assert!(bare.problems.iter().any(|p| p.source_field.contains(words)), "{name}: {:?}", bare.problems);
        for said in [json!({words: "路灯不亮"}), step] {
            assert_eq!(map(said.clone()).expect("maps").lacks, Vec::<String>::new(), "{name}: {said}");
        }
    }
}

/// Of a case that is known they say enough.
#[test]
fn a_record_may_tell_no_more_than_secrecy_a_deadline_or_a_step() {
    let pack = Pack::embedded("hotline-12345").expect("loads");
    let read = |more: Value| {
        let mut order = json!({"orderId": "1"});
        order.as_object_mut().expect("an order").extend(more.as_object().expect("fields").clone());
        pack.map(&order, &pack.namespace, RECEIVED).expect("maps")
    };
    assert!(read(json!({"isSecret": "1"})).facts.flags.confidential);
    assert!(read(json!({"delayDeadlineDate": "2026-03-12 17:00:00"})).facts.source_deadline.is_some());
    for step in ["已签收", "处理中"] {
        assert!(read(json!({"orderState": step})).upstream.is_some(), "{step}");
    }
}

#[test]
fn a_petition_is_the_same_flat_or_wrapped() {
    let pack = Pack::embedded("petition-portal").expect("loads");
    let matter = json!({
        "xfjbh": "33020500202603010009", "djsj": "2026/03/01 09:00:00", "xfrq": "2026/02/28", "bt": "反映账目", "tsnr": "账目不公开。",
        "gkxx": "要求公开。", "sxr": "李某", "nmbz": "1", "bmbz": "1", "xfjzt": "01", "wtsddm": "330205", "nrfldm": "050000", "xfmddm": "01",
    });
    let mapped = |record: Value| pack.map(&record, &pack.namespace, RECEIVED).expect("maps");
    let wrapped = mapped(json!({"xfj": matter}));
    assert_eq!(mapped(matter), wrapped);
    assert!(wrapped.facts.flags.anonymous && wrapped.content.accused.is_some() && wrapped.registered_on.is_some());
    let view = json!({"pjsj": "2026/03/06 09:00:00", "dzrdwpj": "0"});
    let mut flat = json!({"xfjbh": "33020500202603010009"});
    let wrapped = mapped(json!({"xfjbh": "33020500202603010009", "pj": view}));
    flat.as_object_mut().expect("a record").extend(view.as_object().expect("fields").clone());
    assert_eq!((mapped(flat), wrapped.intent), (wrapped, Intent::Assess));
}

/// `session` stands in a log that nobody edits: only what surely was one.
#[test]
fn only_a_room_that_ended_was_held() {
    let pack = Pack::embedded("video-mediation").expect("loads");
    let read = |more: Value| {
        let mut event = json!({"case_no": "TJ1", "room_id": "R1"});
        event.as_object_mut().expect("an event").extend(more.as_object().expect("fields").clone());
        let s = pack.map(&event, &pack.namespace, RECEIVED).expect("maps");
        (s.intent, s.facts.unknown_codes.get("intent").cloned())
    };
    for held in [json!({"type": "room.ended"}), json!({"status": 30}), json!({"end_time": "2026-03-05 17:00:00"})] {
        assert_eq!(read(held.clone()), (Intent::Session, None), "{held}");
    }
    for not in
        [json!({}), json!({"event": "room.ended", "status": 40}), json!({"type": "participant.left", "status": 30})]
    {
        assert_eq!(read(not.clone()), (Intent::Notice, None), "{not}");
    }
    for name in ["event", "event_type", "type"] {
        let minutes = json!({name: "minutes.submitted", "status": 20, "title": "纪要", "focus": "漏水"});
        assert_eq!(read(minutes), (Intent::Session, None), "{name}");
        let word = || Some("room_ended".to_owned());
        for held in [
            json!({"status": 30}),
            json!({"end_time": "2026-03-05 17:00:00"}),
            json!({"data": {"room_id": "R1", "status": 30}}),
        ] {
            let mut event = held.clone();
            event[name] = json!("room_ended");
            assert_eq!(read(event), (Intent::Session, word()), "{name}: {held}");
        }
        assert_eq!(read(json!({name: "room_ended"})), (Intent::Notice, word()), "{name}");
    }
}

#[test]
fn a_case_is_no_event_of_a_room() {
    let pack = Pack::embedded("video-mediation").expect("loads");
    let read = |case: Value| {
        let s = pack.map(&case, &pack.namespace, RECEIVED).expect("maps");
        (s.intent, s.session.is_some())
    };
    let whole = json!({"case_no": "TJ1", "title": "欠薪", "description": "欠薪三个月"});
    for more in [
        json!({"type": "劳动争议"}),
        json!({"event": "case.created", "status": 20}),
        json!({"end_time": "2026-03-05 17:00:00"}),
        json!({"room_id": "R1", "status": 20}),
    ] {
        let mut case = whole.clone();
        case.as_object_mut().expect("a case").extend(more.as_object().expect("fields").clone());
        assert_eq!(read(case), (Intent::Matter, false), "{more}");
    }
    for part in [json!({"end_time": "2026-03-05 17:00:00"}), json!({"type": "劳动争议", "status": 30})] {
        let mut case = json!({"case_no": "TJ1"});
        case.as_object_mut().expect("a case").extend(part.as_object().expect("fields").clone());
        assert_eq!(read(case), (Intent::Matter, false), "{part}");
    }
    let cancelled = json!({"case_no": "TJ1", "title": "欠薪", "status": 99});
    assert_eq!(read(cancelled), (Intent::Withdraw, false));
    assert_eq!(read(json!({"case_no": "TJ1", "event": "case.viewed"})).0, Intent::Notice);
    assert_eq!(read(json!({"type": "recording.ready", "data": {"case_no": "TJ1"}})).0, Intent::Notice);
    // Told where nothing of a case is read: it must not be passed over.
    let below = json!({"type": "case.created", "data": {"case_no": "TJ9", "title": "欠薪", "description": "三个月"}});
    assert_eq!(read(below).0, Intent::Matter);
    // A room has a title, too.
    let titled = json!({"event": "room.ended", "room_id": "R1", "case_no": "TJ1", "title": "第二次调解", "status": 30});
    assert_eq!(read(titled), (Intent::Session, true));
}

#[test]
fn an_event_of_the_hotlines_names_its_order_or_is_told() {
    let pack = Pack::embedded("grid-worker").expect("loads");
    let read = |from: &str, more: Value| {
        let mut event = json!({"externalEventId": "JB-WG-20260301-0008", "title": "路灯不亮", "occurredAt": "2026-03-01", "reportSource": from});
        event.as_object_mut().expect("an event").extend(more.as_object().expect("fields").clone());
        let s = pack.map(&event, &pack.namespace, RECEIVED).expect("maps");
        let told = s.problems.iter().any(|p| p.field == "aliases" && p.value.is_none() && !p.blocking);
        (s.aliases.into_iter().map(|alias| alias.id).collect::<Vec<_>>(), told)
    };
    let text = |text: &str| read("12345", json!({"description": text}));
    for (said, number) in [
        ("工单号：2026030100000001", "2026030100000001"),
        ("工单编号是２０２６０３０１００００００１７", "2026030100000017"),
        ("12345-2026030100000001转办", "2026030100000001"),
        ("（工单GD2026030100017）", "GD2026030100017"),
        ("见热线－260301－000123", "热线-260301-000123"),
        ("见热线—20260301—000123。", "热线-20260301-000123"),
        ("12345：20260301-0017", "20260301-0017"),
    ] {
        assert_eq!(text(said), (vec![number.to_owned()], false), "{said}");
    }
    for nothing in [
        "12345热线19900000001来电",
        "热线电话：0574-87654321",
        "热线0574-87654321",
        "拨打12345，20260301153000受理",
        "工单20260301",
        "工单330299199003070017",
        "12345-87654321",
        "编号2026030100000001",
        "工单2026030100000001、工单2026030100000002",
    ] {
        assert_eq!(text(nothing), (vec![], true), "{nothing}");
    }
    for field in ["externalEventId", "sourceEventId"] {
        let event = json!({field: "2026030100000001"});
        assert_eq!(read("12345", event.clone()), (vec!["2026030100000001".to_owned()], false), "{field}");
        assert_eq!(read("RESIDENT", event), (vec![], false), "{field}");
    }
    for other in ["2026139900000001", "WG-2026030100000017", "330205-2026030100000017", "2026030100000017-2"] {
        assert_eq!(read("12345", json!({"externalEventId": other})), (vec![], true), "{other}");
    }
    assert_eq!(read("RESIDENT", json!({"description": "工单2026030100000001"})), (vec![], false));
}

/// Whatever field the source puts it into.
#[test]
fn what_is_said_of_a_person_stands_nowhere_in_the_clear() {
    let pack = Pack::embedded("hotline-12345").expect("loads");
    let (name, landline) = ("欧阳青禾", "0574-87654321");
    let order = json!({
        "orderId": "1", "title": "路灯", "majorContent": "路灯不亮", "callerName": name, "callerPhone": landline,
        "organizationName": "欧阳青禾工作室", "callerType": "欧阳青禾来电", "communityName": "欧阳青禾家", "questionName": "87654321/057487654321",
        "callTime": "欧阳青禾", "callRecordFileId": "19912345678_20260301093000.wav", "attachments": [{"id": "欧阳青禾.jpg"}, {"id": "img/1.jpg"}],
    });
    let s = pack.map(&order, &pack.namespace, RECEIVED).expect("maps");
    let clear = serde_json::to_string(&(&s.facts, &s.problems)).expect("JSON");
    for personal in [name, "19912345678", "057487654321"] {
        assert!(!clear.contains(personal), "{personal}: {clear}");
    }
    assert!(s.facts.evidence.contains(&"img/1.jpg".to_owned()));
    assert!(s.problems.iter().any(|p| p.field == "facts.evidence" && p.source_field.contains("callRecordFileId")));
    assert_eq!(s.content.persons[0].name.as_ref().map(|known| known.expose()), Some(name));
    let office = json!({"orderId": "1", "title": "路灯", "callerName": "庄桥街道", "subOfficeName": "庄桥街道", "organizationName": "热心市民"});
    let s = pack.map(&office, &pack.namespace, RECEIVED).expect("maps");
    assert_eq!(s.facts.place_names, ["庄桥街道"], "an office's name is what a case is sent by");
    for word in ["物业", "学校", "社区", "街道", "开发商"] {
        let named = json!({"orderId": "1", "title": "路灯", "callerName": word, "subOfficeName": format!("湾头{word}"), "organizationName": format!("{word}办")});
        let s = pack.map(&named, &pack.namespace, RECEIVED).expect("maps");
        assert_eq!(s.facts.place_names, [format!("湾头{word}")]);
    }
    let short = json!({"orderId": "1", "title": "路灯", "callerName": "王芳", "organizationName": "工作室王芳"});
    let s = pack.map(&short, &pack.namespace, RECEIVED).expect("maps");
    assert!(!format!("{:?}", s.facts).contains("王芳"));
}
