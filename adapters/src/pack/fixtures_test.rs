//! The built-in packs against their fixtures. `HUILIU_BLESS=1` writes what came as what is expected; read it then.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Pack, bless, test, test_built_in, try_one};
use crate::decode::Limits;
use crate::pack::Way;
use crate::verify::{Proof, RawBody, Verified};

static PACKS: LazyLock<Vec<Pack>> =
    LazyLock::new(|| Pack::built_in().into_iter().map(|name| Pack::embedded(name).expect("loads")).collect());

fn dir(pack: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packs").join(pack)
}

#[test]
fn built_in_packs_are_as_expected() {
    for pack in Pack::built_in() {
        if std::env::var_os("HUILIU_BLESS").is_some() {
            bless(&dir(pack)).expect("written");
        }
        let report = test(&dir(pack)).expect("tested");
        assert!(report.is_good(), "{report}");
        assert_eq!(test_built_in(pack).expect("tested"), report);
    }
}

/// A test bench that cannot fail proves nothing.
#[test]
fn a_wrong_expectation_is_shown_by_field() {
    let copy = std::env::temp_dir().join(format!("huiliu-pack-{}", std::process::id()));
    for folder in ["", "tables", "fixtures"] {
        std::fs::create_dir_all(copy.join(folder)).expect("made");
        for entry in std::fs::read_dir(dir("hotline-12345").join(folder)).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_file() {
                std::fs::copy(&path, copy.join(folder).join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    }
    let expected = copy.join("fixtures/order.expected.json");
    let text = std::fs::read_to_string(&expected).expect("read").replace("\"complaint\"", "\"praise\"");
    std::fs::write(&expected, text).expect("written");
    let report = test(&copy).expect("tested");
    let order = copy.join("fixtures/order.json");
    let sample = std::fs::read_to_string(&order).expect("read").replace("\"callSubject\"", "\"callTopic\"");
    std::fs::write(&order, sample).expect("written");
    let tried = try_one(&Pack::load(&copy).expect("loaded"), &order).expect("tried");
    std::fs::remove_dir_all(&copy).expect("removed");
    assert!(!report.is_good());
    let said = report.to_string();
    assert!(said.contains("0.submission.facts.appeal"), "{said}");
    assert!(said.contains("expected: \"praise\"") && said.contains("actual:   \"complaint\""), "{said}");
    assert!(
        tried.contains("source fields nobody reads: ") && tried.contains("callTopic") && !tried.contains("isJoint "),
        "{tried}"
    );
    assert!(!tried.contains(" orderId"), "{tried}");
}

/// Whatever the pack's channel sends, and with what is broken in it.
#[test]
fn a_file_at_hand_is_tried_record_by_record() {
    let file = std::env::temp_dir().join(format!("huiliu-tried-{}", std::process::id()));
    let pack = Pack::embedded("hotline-12345").expect("loads");
    let tried = |text: &str| {
        std::fs::write(&file, text).expect("written");
        try_one(&pack, &file).map_err(|error| error.to_string())
    };
    let record = r#"{"orderId":"1","title":"路灯"}"#;
    for (text, all, broken, why) in [
        ("orderId,title,majorContent\n1,a,b\n2,a\n3,a,b,c\n4,a,b\n".to_owned(), 4, 2, "has 2 cells: expected 3"),
        (format!("{record}\n{{\"orderId\":\n{record}\n"), 3, 1, "record 1 is not JSON: eof"),
        (format!("sign=x&jsonData=%5B{record},7%5D"), 2, 1, "record 1 is a number"),
    ] {
        let shown = tried(&text).expect("tried");
        assert_eq!(
            (shown.matches("条 record").count(), shown.matches("not_a_record").count()),
            (all, broken),
            "{shown}"
        );
        assert!(shown.contains(why), "{shown}");
    }
    for (text, why) in [
        ("orderId,title\n1,\"a\n2,b\n", "the body is no table: a quote is open at the end"),
        ("{\"orderId\": 1,\n\"title\": 2,\n\"x\":\n", "the body is not JSON"),
        ("plain", "the body is not JSON"),
    ] {
        let said = tried(text).expect_err("refused");
        assert!(said.contains(why), "{said}");
    }
    let long: String = (0..5_010).map(|n| format!("{n},a\n")).collect();
    assert_eq!(tried(&format!("orderId,title\n{long}")).expect("tried").matches("条 record").count(), 5_010);
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn a_directory_wins_over_the_binary_and_a_missing_one_does_not() {
    let packs = dir("");
    assert_eq!(Pack::find("hotline-12345", Some(&packs)).expect("loads").name, "hotline-12345");
    assert_eq!(Pack::find("hotline-12345", Some(Path::new("/nowhere"))).expect("loads").name, "hotline-12345");
    let said = Pack::find("hotline", None).expect_err("unknown").to_string();
    assert_eq!(
        said,
        "there is no built-in pack `hotline`: expected one of grid-worker, hotline-12345, petition-portal, \
         video-mediation, or a directory"
    );
}

/// Values as upstream systems put them where something else belongs.
fn anything() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("无")),
        Just(json!("2026-03-01 09:00:00")),
        Just(json!("121.5,29.9")),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| prop_oneof![prop::collection::vec(inner, 0..3).prop_map(Value::from)])
}

const HOTLINE: &[&str] = &[
    "orderNum",
    "oldOrderNum",
    "updateTime",
    "callTime",
    "callerName",
    "callerType",
    "sourceType",
    "questionName",
    "areaCode",
    "addressPoints",
    "isSecret",
    "pilotLight",
    "deadlineDate",
    "title",
    "majorContent",
    "orderState",
    "visitIsSolved",
    "finalVisitIsSatisfaction",
    "content",
    "xfjbh",
];
const PETITION: &[&str] =
    &["djsj", "xbjzsj", "xfrs", "nmbz", "gkbz", "xfmddm", "xfxs", "nrfldm", "wtsddm", "bt", "tsnr", "xfjzt", "sxr"];
const GRID: &[&str] = &[
    "sourceSystem",
    "title",
    "eventType",
    "urgencyLevel",
    "occurredAt",
    "location",
    "description",
    "reportSource",
    "gridId",
    "longitude",
    "latitude",
    "coordType",
    "evidenceReferences",
    "eventStatus",
    "disputeEventID",
    "isSuccessInSolving",
    "updateTime",
    "majorPersonSex",
];
const VIDEO: &[&str] = &[
    "title",
    "type_path",
    "case_level",
    "case_source",
    "status",
    "occur_time",
    "longitude",
    "latitude",
    "coord_type",
    "mediation_result",
    "satisfaction_score",
    "deadline",
    "room_id",
    "start_time",
    "end_time",
    "event",
    "room",
    "minutes",
    "updated_at",
];

proptest! {
    /// Whatever stands in the optional fields, a record with an id becomes a submission under that id.
    #[test]
    fn no_wrong_optional_field_loses_a_record(values in prop::collection::vec(anything(), 40), persons in anything()) {
        let fill = |keys: &[&str]| -> serde_json::Map<String, Value> {
            keys.iter().zip(&values).map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
        };
        let with = |mut fields: serde_json::Map<String, Value>, id: &str| {
            fields.insert(id.to_owned(), json!("7"));
            // Of a matter something must be said.
            fields.extend(["title", "bt"].map(|key| (key.to_owned(), json!("路灯不亮"))));
            Value::Object(fields)
        };
        let petition = json!({"xfj": with(fill(PETITION), "xfjbh"), "xfr": persons, "blfss": values});
        let records = [
            ("hotline-12345", with(fill(HOTLINE), "orderId")),
            ("petition-portal", petition),
            ("grid-worker", with(fill(GRID), "externalEventId")),
            ("video-mediation", with(fill(VIDEO), "case_no")),
        ];
        for (name, record) in records {
            let pack = PACKS.iter().find(|pack| pack.name == name).expect("built in");
            let submission = pack.map(&record, &pack.namespace, Timestamp::MAX);
            prop_assert_eq!(submission.map(|s| s.source.id), Ok("7".to_owned()));
        }
    }

    /// No bytes make the decoder panic, and what it yields is counted from 0.
    #[test]
    fn no_bytes_break_the_decoder(bytes in prop::collection::vec(any::<u8>(), 0..200), gzip in any::<bool>()) {
        let raw = RawBody { content_encoding: gzip.then(|| "gzip".to_owned()), ..RawBody::json(bytes) };
        let body = Verified::vouched(raw, Proof::Credential);
        for pack in PACKS.iter() {
            let records = pack.decode(Way::Push, &body, Limits::default());
            let indexes: Vec<usize> = records.unwrap_or_default().iter().map(|r| r.index).collect();
            prop_assert_eq!(&indexes, &(0..indexes.len()).collect::<Vec<_>>());
        }
    }
}

/// A petition that nothing was done with yet comes before all that has a step, whatever time of that day it is put to.
#[test]
fn a_registration_time_that_is_put_right_is_no_later_state() {
    let pack = Pack::embedded("petition-portal").expect("a pack");
    let version = |registered: &str, step: Option<&str>| {
        let steps: Vec<Value> = step.into_iter().map(|at| serde_json::json!({ "blsj": at })).collect();
        let record = serde_json::json!({
            "xfj": { "xfjbh": "33020500202603010001", "djsj": registered, "bt": "反映账目", "tsnr": "账目不公开。" },
            "blfss": steps,
        });
        pack.map(&record, &pack.namespace, Timestamp::MAX).expect("maps").version.expect("an order")
    };
    let first = version("2026/03/01 09:00:00", None);
    assert_eq!(version("2026/03/01 15:30:00", None), first);
    let step = version("2026/03/01 15:30:00", Some("2026/03/01 10:00:00"));
    assert!(step > first);
    assert_eq!(version("2026/03/01 09:00:00", Some("2026/03/01 10:00:00")), step);
}

#[test]
fn a_dispute_is_not_the_event_of_the_same_number() {
    let pack = Pack::embedded("grid-worker").expect("a pack");
    let id = |record: Value| pack.map(&record, &pack.namespace, Timestamp::MAX).expect("maps").source.id;
    let event = id(json!({ "externalEventId": "1001", "title": "占道", "description": "占道经营" }));
    let dispute = id(json!({ "disputeEventID": "1001", "eventName": "邻里纠纷", "eventIntroduction": "争吵" }));
    assert_eq!((event.as_str(), dispute.as_str()), ("1001", "dispute-1001"));
    let both = id(json!({ "externalEventId": "1001", "disputeEventID": "1001", "title": "争吵" }));
    assert_eq!(both, "1001", "an event that names a dispute is an event");
}
