//! Hostile input over a real door: a clear answer to each, nothing lost, the memory stays small, other channels unhurt.

use std::io::Write as _;

use futures_util::future::join_all;
use huiliu_tests::hub::{Answer, Caller, ChannelPlan, PATIENCE, Plan, TestHub, eventually};
use huiliu_tests::sim::webhook::Secret;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::steps::{noise, noise_petition};
use super::world::{HOTLINE, PETITION, WEBHOOK_SECRET, Way, World};

const EVENTS: &str = "/v1/channels/hotline-12345/events";
const MEMORY_KB: u64 = 300 * 1024;
const JSON: &str = "application/json";

fn order(id: &str) -> Value {
    let mut order = noise(id);
    order["callTime"] = "2026-03-01 09:00:00".into();
    order["updateTime"] = "2026-03-01 09:01:00".into();
    order["orderState"] = "已派单".into();
    order
}

fn with(id: &str, field: &str, value: Value) -> Value {
    let mut order = order(id);
    order[field] = value;
    order
}

async fn push(sender: &Caller, kind: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> Answer {
    sender.post_bytes(EVENTS, kind, body, headers).await.expect("an answer")
}

/// The receipt once everything in it is decided.
async fn settled(sender: &Caller, answer: &Answer) -> Value {
    assert_eq!(answer.status, 202, "{}", answer.body);
    let receipt = answer.body["receipt"].as_str().expect("a receipt").to_owned();
    let outcome = eventually("the outcome", PATIENCE, async || {
        let told = sender.get(&format!("/v1/receipts/{receipt}?wait=10")).await.ok()?.body;
        (told["settled"] == true).then_some(told)
    });
    outcome.await.expect("settled")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).expect("packed");
    packed.finish().expect("packed")
}

fn resident_kb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("a high mark");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

/// The others are served, and the hub has not grown.
async fn is_unhurt(world: &World, marker: &str) {
    let petition = world.hub.caller(PETITION);
    let mut record = noise_petition(marker);
    record["xfj"]["djsj"] = "2026/03/01 09:00:00".into();
    let taken = petition.post("/v1/channels/petition-portal/events", &record).await.expect("an answer");
    assert_eq!(taken.body["records"][0]["outcome"], "new", "{}", taken.body);
    let kept = resident_kb(world.hub.process().expect("it runs"));
    assert!(kept < MEMORY_KB, "{kept} kB after hostile input");
}

/// A name, a body, its headers, and what must be said of it.
type Hostile<'a> = (&'a str, Vec<u8>, &'a [(&'a str, &'a str)], &'a str);

/// Bodies that hold no record: stored as they came, buried with a reason that says what was wrong, and answered so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_records_are_answered_for_and_kept() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let deep_field = format!("{{\"orderId\":\"d\",\"title\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let tiny = format!("[{}]", vec!["{}"; 100_000].join(","));
    let bomb = gzip(&vec![b' '; 400 << 20]);
    assert!(bomb.len() < 1 << 20, "a bomb is small: {}", bomb.len());
    let mut cut = gzip(order("cut").to_string().as_bytes());
    cut.truncate(cut.len() / 2);
    let packed = [("content-encoding", "gzip")];
    let unknown = [("content-encoding", "br")];
    let cases: Vec<Hostile<'_>> = vec![
        ("empty", Vec::new(), &[], "the body is empty"),
        ("blank", b" \n\t ".to_vec(), &[], "the body is empty"),
        ("truncated", b"{\"orders\":[{\"orderId\":\"1".to_vec(), &[], "the body is not JSON"),
        ("NaN", b"{\"orderId\":\"n\",\"longitude\":NaN}".to_vec(), &[], "the body is not JSON"),
        ("10,000 levels", deep.into_bytes(), &[], "nested deeper than 48 levels"),
        ("10,000 levels in a field", deep_field.into_bytes(), &[], "nested deeper than 48 levels"),
        ("no text", vec![0xff, 0xfe, 0x00, 0xd8, 0x81], &[], "is not text in"),
        ("100,000 tiny records", tiny.into_bytes(), &[], "100000 records in one body: expected at most 5000"),
        ("a gzip bomb", bomb, &packed, "larger than 16777216 bytes after decompression"),
        ("half a gzip", cut, &packed, "not valid gzip"),
        ("no gzip at all", b"{}".to_vec(), &packed, "not valid gzip"),
        ("another packing", b"{}".to_vec(), &unknown, "`br` is not supported: expected gzip or none"),
    ];
    let count = cases.len();
    for (name, body, headers, why) in cases {
        let answer = push(&sender, JSON, body, headers).await;
        assert_eq!((answer.status, &answer.body["state"]), (202, &json!("quarantined")), "{name}: {}", answer.body);
        let reason = answer.body["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(why), "{name}: {reason}");
    }
    let inspector = world.hub.inspector().await.expect("an inspector");
    let buried = eventually("a dead letter for each", PATIENCE, async || {
        (inspector.state("DEAD").await.ok()?.0 == count as u64).then_some(())
    });
    buried.await.expect("buried");
    assert_eq!(inspector.state("INTAKE").await.expect("a stream").0, count as u64, "each is stored as it came");
    assert_eq!(inspector.state("CASES").await.expect("a stream").0, 0);
    is_unhurt(&world, "33020500202603010201").await;
}

/// Values that are strange but sayable go through; those that are wrong are named, field and value, and only they.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_values_are_carried_and_wrong_ones_are_named() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let everywhere = |text: &str, id: &str| {
        let mut strange = order(id);
        for field in ["title", "majorContent", "address", "callerName", "companyName", "reflectName", "questionName"] {
            strange[field] = text.into();
        }
        strange
    };
    let taken = [
        everywhere("𠮷野家🚧👨‍👩‍👧‍👦\u{200b}\u{202e}龘\u{0}\u{1b}[31m", "emoji"),
        everywhere("'; DROP TABLE cases; --<script>alert(1)</script>{{7*7}}%s%n", "quotes"),
        everywhere(&"长".repeat(100_000), "long"),
        with("codes", "questionCode", "999999".into()),
        with("caller", "callerType", "外星来访".into()),
        with("subject.with spaces/and>dots*", "title", "编号古怪".into()),
    ];
    for order in &taken {
        let told = settled(&sender, &sender.post(EVENTS, order).await.expect("an answer")).await;
        assert_eq!(told["records"][0]["outcome"], "new", "{}: {told}", order["orderId"]);
    }
    let wrong = [
        (with("y1900", "callTime", "1900-01-01 00:00:00".into()), "callTime", "1900"),
        (with("y9999", "callTime", "9999-12-31 23:59:59".into()), "callTime", "9999"),
        (with("month", "callTime", "2026-13-41 25:61:61".into()), "callTime", "2026-13-41"),
        (with("list", "callTime", json!(["2026"])), "callTime", ""),
        (with("nothing", "orderId", Value::Null), "orderId", ""),
        (with("far", "addressPoints", "-999.5,29.9".into()), "addressPoints", ""),
    ];
    for (order, field, value) in &wrong {
        let told = settled(&sender, &sender.post(EVENTS, order).await.expect("an answer")).await;
        let record = &told["records"][0];
        let problems = record["problems"].as_array().cloned().unwrap_or_default();
        let named = problems.iter().any(|p| {
            p["source_field"].as_str().is_some_and(|f| f.contains(field))
                && p["expected"].as_str().is_some_and(|e| !e.is_empty())
                && (value.is_empty() || p.to_string().contains(value))
        });
        assert!(named, "{field} = {value}: {record}");
    }
    is_unhurt(&world, "33020500202603010202").await;
}

/// A year mistyped once, or a clock that ran ahead for an hour, makes the case deaf to nothing its source says later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_from_the_future_outranks_no_later_record() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let tell = async |year: i16, text: &str| {
        let mut order = noise("future");
        (order["updateTime"], order["majorContent"]) = (format!("{year}-03-02 09:00:00").into(), text.into());
        settled(&sender, &sender.post(EVENTS, &order).await.expect("an answer")).await["records"][0].clone()
    };
    let this_year = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    let first = tell(this_year + 2, "示范路工地夜里十一点后仍在施工。").await;
    assert_eq!(first["outcome"], "new", "{first}");
    let second = tell(this_year - 1, "昨夜又施工到两点。").await;
    assert_eq!(second["outcome"], "supplement", "{second}");
    let problem = first["problems"].as_array().and_then(|all| all.iter().find(|p| p["field"] == "version"));
    assert!(problem.is_some_and(|p| p["source_field"] == "updateTime" && p["blocking"] == false), "{first}");
    let heard = async || {
        let entries = world.take("jb-ecology").await;
        entries.iter().any(|entry| entry["entry"]["kind"] == "supplement").then_some(())
    };
    eventually("the department to learn of it", PATIENCE, heard).await.expect("an entry");
}

/// Chinese systems say GB2312 and send GB18030, or say nothing, or say UTF-8 and lie.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charset_is_read_as_it_is_whatever_was_declared() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let kinds = [
        ("declared", "application/json; charset=gb18030"),
        ("smaller", "application/json; charset=gb2312"),
        ("silent", "application/json"),
        ("lying", "application/json; charset=utf-8"),
        ("nonsense", "application/json; charset=klingon"),
    ];
    for (name, kind) in kinds {
        let text = with(name, "title", "堃镕㐂路施工噪音".into()).to_string();
        let (bytes, _, unmappable) = encoding_rs::GB18030.encode(&text);
        assert!(!unmappable && std::str::from_utf8(&bytes).is_err(), "it is no UTF-8");
        let told = settled(&sender, &push(&sender, kind, bytes.into_owned(), &[]).await).await;
        assert_eq!(told["records"][0]["outcome"], "new", "{name}: {told}");
        world.case(name).await;
    }
    let utf16 = format!("\u{feff}{}", with("utf16", "title", "堃镕㐂路施工噪音".into()));
    let bytes: Vec<u8> = utf16.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let told = settled(&sender, &push(&sender, JSON, bytes, &[]).await).await;
    assert_eq!(told["records"][0]["outcome"], "new", "{told}");
}

/// One of 500 is broken: 499 go through and the answer names the one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_broken_record_takes_no_other_with_it() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let mut orders: Vec<Value> = (0..500).map(|n| order(&format!("batch-{n}"))).collect();
    orders[321]["orderId"] = Value::Null;
    orders[322]["callTime"] = "前天".into();
    let told = settled(&sender, &sender.post(EVENTS, &json!({ "orders": orders })).await.expect("an answer")).await;
    let records = told["records"].as_array().expect("records");
    assert_eq!(records.len(), 500);
    let broken: Vec<&Value> = records.iter().filter(|r| r["outcome"] != "new").collect();
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert_eq!((&broken[0]["index"], &broken[0]["outcome"]), (&json!(321), &json!("quarantined")));
    assert!(broken[0]["problems"][0].to_string().contains("orderId"), "{}", broken[0]);
    assert!(
        records[322]["problems"][0].to_string().contains("callTime"),
        "taken, and its date named: {}",
        records[322]
    );

    // One of 500 is nested too deep.
    let deep = format!("{{\"orderId\":\"deep\",\"title\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let mut texts: Vec<String> = (0..499).map(|n| order(&format!("shallow-{n}")).to_string()).collect();
    texts.insert(77, deep);
    let told = settled(&sender, &push(&sender, JSON, format!("[{}]", texts.join(",")).into_bytes(), &[]).await).await;
    let records = told["records"].as_array().expect("records");
    assert_eq!(records.iter().filter(|r| r["outcome"] == "new").count(), 499);
    assert!(
        records[77]["reason"].as_str().is_some_and(|why| why.contains("nested deeper than 48 levels")),
        "{}",
        records[77]
    );
}

/// Nothing that was sent is dropped in silence: every list of a body is read, and a key that stands twice is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_twice_hides_nothing() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let told = async |body: String| settled(&sender, &push(&sender, JSON, body.into_bytes(), &[]).await).await;
    let (a, b, c) = (order("list-1"), order("list-2"), order("list-3"));
    let lists = told(format!("{{\"orders\":[{a}],\"rows\":[{b}],\"orders\":[{c}]}}")).await;
    let outcomes: Vec<&Value> = lists["records"].as_array().expect("records").iter().map(|r| &r["outcome"]).collect();
    assert_eq!(outcomes, ["new", "new", "new"], "{lists}");

    let own = order("twice").to_string().replacen('{', "{\"orderId\":\"first\",", 1);
    let told_own = told(own).await["records"][0].clone();
    assert_eq!(told_own["outcome"], "quarantined", "{told_own}");
    assert!(told_own["problems"].to_string().contains("each key once"), "{told_own}");
    let other = order("other").to_string().replacen('{', "{\"callerName\":\"另一个人\",", 1);
    let told_other = told(other).await["records"][0].clone();
    assert_eq!(told_other["outcome"], "new", "{told_other}");
    let named = |p: &Value| p["source_field"] == "callerName" && p["blocking"] == false;
    assert!(told_other["problems"].as_array().is_some_and(|all| all.iter().any(named)), "{told_other}");
    assert!(!told_other.to_string().contains("另一个人"), "{told_other}");
}

/// The same number with another person's matter is not the same case, and nobody is shown the other's words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_used_again_for_somebody_else_is_refused() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let told = settled(&sender, &sender.post(EVENTS, &order("reused")).await.expect("an answer")).await;
    let case = told["records"][0]["case_id"].clone();
    let mut other = order("reused");
    other["callTime"] = "2026-03-05 10:00:00".into();
    other["callerName"] = "另一个人".into();
    other["callerPhone"] = "19955556666".into();
    other["majorContent"] = "完全不同的另一件事".into();
    let told = settled(&sender, &sender.post(EVENTS, &other).await.expect("an answer")).await;
    assert_eq!(told["records"][0]["outcome"], "quarantined", "{told}");
    assert!(told["records"][0]["reason"].as_str().is_some_and(|r| r.contains("identity_conflict")), "{told}");
    assert_ne!(told["records"][0]["case_id"], case);
    let history = world.case("reused").await;
    assert!(!history.to_string().contains("另一"), "{history}");
}

/// A printed number given anew: an order with a number of its own is somebody else's matter, and is answered, not buried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_printed_number_that_is_given_to_somebody_else_begins_a_case_of_its_own() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let of_year = |id: &str, year: &str, name: &str, phone: &str| {
        let mut order = with(id, "orderNum", "热线-000777".into());
        order["callTime"] = format!("{year}-03-01 09:00:00").into();
        (order["callerName"], order["callerPhone"]) = (name.into(), phone.into());
        order
    };
    let first = of_year("year-1", "2025", "王示例", "13900001234");
    let told = settled(&sender, &sender.post(EVENTS, &first).await.expect("an answer")).await;
    let case = told["records"][0]["case_id"].clone();
    // Two of them and more of the second at once: both begin a case, and what follows finds its own.
    let other = of_year("year-2", "2026", "李示例", "19955556666");
    let third = of_year("year-3", "2024", "赵示例", "19911112222");
    let mut more = other.clone();
    more["updateTime"] = "2026-03-02 10:00:00".into();
    more["majorContent"] = "又响了一夜。".into();
    let batch = json!({ "orders": [other, third, more] });
    let pushed = sender.post(EVENTS, &batch).await.expect("an answer");
    assert_eq!(pushed.body["records"][0]["outcome"], "new", "foreseen: {}", pushed.body);
    let told = settled(&sender, &pushed).await;
    let outcome = |n: usize| (told["records"][n]["outcome"].as_str(), &told["records"][n]["case_id"]);
    assert_eq!((outcome(0).0, outcome(1).0), (Some("new"), Some("new")), "{told}");
    assert_eq!(outcome(2), (Some("supplement"), outcome(0).1), "{told}");
    assert_eq!(pushed.body["records"][0]["case_id"], *outcome(0).1);
    assert_ne!(outcome(0).1, &case);
    assert_ne!(outcome(0).1, outcome(1).1);
    for own in [outcome(0).1, outcome(1).1] {
        let links = |c: &Value, other: &Value| {
            c["marks"]["links"].as_array().is_some_and(|all| all.contains(&json!([other, "related"])))
        };
        world.case_when(own.as_str().expect("an id"), |c| links(c, &case)).await;
        world.case_when(case.as_str().expect("an id"), |c| links(c, own)).await;
    }
    let dead = world.hub.caller("desk").get("/v1/dead").await.expect("an answer");
    assert_eq!(dead.body["letters"], json!([]), "{}", dead.body);
    // Its own number is known by now: another person under it is refused.
    let again = of_year("year-2", "2026", "钱示例", "19933334444");
    let told = settled(&sender, &sender.post(EVENTS, &again).await.expect("an answer")).await;
    assert_eq!(told["records"][0]["outcome"], "quarantined", "{told}");
}

/// Who names the number of an order that is still to come does not take it from whose it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_named_by_a_slip_stays_with_the_order_whose_own_it_is() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let slip = with("slip-1", "orderNum", "slip-2".into());
    let told = settled(&sender, &sender.post(EVENTS, &slip).await.expect("an answer")).await;
    let first = told["records"][0]["case_id"].clone();
    let mut owner = order("slip-2");
    owner["callTime"] = "2026-03-05 10:00:00".into();
    (owner["callerName"], owner["callerPhone"]) = ("李示例".into(), "19955556666".into());
    let pushed = sender.post(EVENTS, &owner).await.expect("an answer");
    assert_eq!(pushed.body["records"][0]["outcome"], "new", "foreseen: {}", pushed.body);
    let told = settled(&sender, &pushed).await;
    let second = told["records"][0]["case_id"].clone();
    assert_eq!((&told["records"][0]["outcome"], &pushed.body["records"][0]["case_id"]), (&json!("new"), &second));
    assert_ne!(second, first);
    for (case, other) in [(&first, &second), (&second, &first)] {
        let links =
            |c: &Value| c["marks"]["links"].as_array().is_some_and(|all| all.contains(&json!([other, "related"])));
        world.case_when(case.as_str().expect("an id"), links).await;
    }
    // What follows finds its own, and who asks for the number is shown whose it is.
    owner["updateTime"] = "2026-03-06 10:00:00".into();
    owner["majorContent"] = "又响了一夜。".into();
    let told = settled(&sender, &sender.post(EVENTS, &owner).await.expect("an answer")).await;
    assert_eq!((&told["records"][0]["outcome"], &told["records"][0]["case_id"]), (&json!("supplement"), &second));
    assert_eq!(world.case("slip-2").await["case"]["id"], second);
    let dead = world.hub.caller("desk").get("/v1/dead").await.expect("an answer");
    assert_eq!(dead.body["letters"], json!([]), "{}", dead.body);
}

fn signed(secret: &str, id: &str, at: Timestamp, body: &str) -> Vec<(String, String)> {
    let signature = Secret::parse(secret).expect("a secret").sign(id, at.as_second(), body.as_bytes());
    [("webhook-id", id.to_owned()), ("webhook-timestamp", at.as_second().to_string()), ("webhook-signature", signature)]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
}

async fn push_signed(sender: &Caller, body: &str, headers: &[(String, String)]) -> Answer {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    push(sender, JSON, body.as_bytes().to_vec(), &headers).await
}

/// A signature that is forged, old or for other bytes opens nothing; one that is sent twice changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_signatures_open_nothing_and_replayed_ones_change_nothing() {
    let world = World::new(Way::Push).await;
    let nobody = world.hub.caller("nobody");
    let body = order("signed").to_string();
    let now = Timestamp::now();
    let good = signed(WEBHOOK_SECRET, "msg-1", now, &body);
    let first = push_signed(&nobody, &body, &good).await;
    assert_eq!((first.status, &first.body["records"][0]["outcome"]), (202, &json!("new")), "{}", first.body);
    let again = push_signed(&nobody, &body, &good).await;
    let again = settled(&world.hub.caller(HOTLINE), &again).await;
    assert_eq!(again["records"][0]["outcome"], "repeat", "{again}");

    let without = |name: &str| good.iter().filter(|(n, _)| n != name).cloned().collect::<Vec<_>>();
    let instead = |name: &str, value: &str| {
        without(name).into_iter().chain([(name.to_owned(), value.to_owned())]).collect::<Vec<_>>()
    };
    let wrong = "whsec_YW5vdGhlci1zZWNyZXQtb2YtMzItYnl0ZXMtbG9uZyE=";
    let old = now - SignedDuration::from_mins(30);
    let other = order("other").to_string();
    for (name, body, headers) in [
        ("other bytes", &other, good.clone()),
        ("no id", &body, without("webhook-id")),
        ("another id", &body, instead("webhook-id", "msg-2")),
        ("no signature", &body, without("webhook-signature")),
        ("an empty one", &body, instead("webhook-signature", "v1,")),
        ("another secret", &other, signed(wrong, "msg-3", now, &other)),
        ("half an hour old", &other, signed(WEBHOOK_SECRET, "msg-4", old, &other)),
    ] {
        let refused = push_signed(&nobody, body, &headers).await;
        assert_eq!(refused.status, 401, "{name}: {}", refused.body);
        assert!(refused.body["detail"].as_str().is_some_and(|d| !d.is_empty()), "{name}: {}", refused.body);
    }
    let (stored, _) = world.hub.inspector().await.expect("an inspector").state("INTAKE").await.expect("a stream");
    assert_eq!(stored, 2, "what was not proven was stored");
}

/// What nobody has proven is told to wait, and takes nothing from what the source may send.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgeries_do_not_use_up_what_the_source_may_send() {
    let channel = ChannelPlan::new(HOTLINE).pushed(WEBHOOK_SECRET).limited(1);
    let hub = TestHub::start(Plan::built().expect("a plan").channel(channel)).await.expect("a hub");
    let nobody = hub.caller("nobody");
    let wrong = "whsec_YW5vdGhlci1zZWNyZXQtb2YtMzItYnl0ZXMtbG9uZyE=";
    let body = order("limit").to_string();
    let forged = signed(wrong, "msg-1", Timestamp::now(), &body);
    let flood = join_all((0..30).map(|_| push_signed(&nobody, &body, &forged))).await;
    assert_eq!(flood.iter().filter(|refused| !matches!(refused.status, 401 | 429)).count(), 0);
    let told_to_wait = flood.iter().find(|refused| refused.status == 429).expect("a flood is told to wait");
    assert!(told_to_wait.header("retry-after").is_some() && told_to_wait.header("ratelimit").is_none());
    let strange = [("authorization", "Bearer nobody-knows-it")];
    assert_eq!(push(&nobody, JSON, body.clone().into_bytes(), &strange).await.status, 401);

    let by_signature = push_signed(&nobody, &body, &signed(WEBHOOK_SECRET, "msg-2", Timestamp::now(), &body)).await;
    assert_eq!(by_signature.status, 202, "{}", by_signature.body);
    let by_key = push(&hub.caller(HOTLINE), JSON, body.into_bytes(), &[]).await;
    assert_eq!(by_key.status, 202, "{}", by_key.body);
    assert!(by_key.header("ratelimit").is_some_and(|left| left.contains("r=0")), "{:?}", by_key.headers);
}
