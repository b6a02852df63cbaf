//! Requests as they go out, and answers as they come back, over the built-in packs.

use std::collections::BTreeMap;
use std::time::Duration;

use huiliu_schemas::vocabulary::{AnswerKind, Solved};

use jiff::Timestamp;

use super::{Judgement, Outgoing};
use crate::map::Map;
use crate::pack::Pack;

fn outgoing(kind: AnswerKind) -> Outgoing {
    Outgoing {
        kind,
        source_id: "2026/1".to_owned(),
        event_id: "e-1".to_owned(),
        at: "2026-03-01T01:30:00Z".parse().expect("a time"),
        department_name: Some("江北区住建局".to_owned()),
        reply: Some("已维修。".into()),
        reason: Some("非本单位职责".into()),
        solved: Some(Solved::Yes),
        contacted: Some(true),
    }
}

fn rendered(pack: &str, kind: AnswerKind) -> String {
    let pack = Pack::embedded(pack).expect("loads");
    let parts = pack.writeback().render(&outgoing(kind)).expect("is told");
    assert!(!format!("{parts:?}").contains("已维修"), "a request must not print its body");
    format!("{} {} {}", parts.method, parts.path, String::from_utf8(parts.body).expect("text"))
}

#[test]
fn the_hotline_is_told_in_its_own_words() {
    insta::assert_snapshot!(rendered("hotline-12345", AnswerKind::Resolved), @r#"POST /api/orders/2026%2F1/replies {"action":"result","content":"已维修。","handleDeptName":"江北区住建局","isContacted":"1","isSolved":"解决","orderId":"2026/1","replyTime":"2026-03-01 09:30:00","requestId":"e-1"}"#);
    insta::assert_snapshot!(rendered("hotline-12345", AnswerKind::Declined), @r#"POST /api/orders/2026%2F1/replies {"action":"decline","backReason":"非本单位职责","content":"已维修。","handleDeptName":"江北区住建局","orderId":"2026/1","replyTime":"2026-03-01 09:30:00","requestId":"e-1"}"#);
}

#[test]
fn the_portal_is_told_by_a_handling_step() {
    insta::assert_snapshot!(rendered("petition-portal", AnswerKind::Resolved), @r#"POST /xfj/2026%2F1/blfs {"blfs":"直接回复","blfsid":"e-1","bljg":"江北区住建局","blsj":"2026/03/01 09:30:00","hfgznr":"已维修。","sfjj":"1","xfjbh":"2026/1"}"#);
}

#[test]
fn a_record_of_another_series_is_told_where_it_is_known() {
    let pack = Pack::embedded("grid-worker").expect("loads");
    let path = |kind, id: &str| {
        let outgoing = Outgoing { source_id: id.to_owned(), ..outgoing(kind) };
        pack.writeback().render(&outgoing).expect("is told").path
    };
    for kind in AnswerKind::ALL.iter().copied() {
        assert_eq!(path(kind, "1001"), "/api/v1/grid/events/1001/feedback");
        assert_eq!(path(kind, "dispute-1001"), "/api/v1/grid/disputes/1001/feedback");
    }
    let map = |paths: &str| {
        let id = "\"source.id\" = { from = [\"id\", \"d\"], prefix = { d = \"d-\" } }";
        let text = format!(
            "[fields]\n{id}\n[answers]\n[writeback.accepted]\nmethod = \"POST\"\npath = \"/e\"\nencoding = \"json\"\n{paths}\n\
             fields.id = {{ from = \"source_id\" }}\nfields.key = {{ from = \"event_id\" }}\n"
        );
        Map::compile(&text, &BTreeMap::new())
    };
    let both = map("paths = { d = \"/d\" }").expect("compiles");
    let outgoing = Outgoing { source_id: "d-7".to_owned(), ..outgoing(AnswerKind::Accepted) };
    let parts = both.writeback().render(&outgoing).expect("is told");
    assert_eq!((parts.path.as_str(), parts.body.as_slice()), ("/d", &br#"{"id":"7","key":"e-1"}"#[..]));
    for paths in ["", "paths = { x = \"/d\" }", "paths = { d = \"d\" }"] {
        assert!(map(paths).is_err(), "{paths}");
    }
}

#[test]
fn what_a_source_is_not_told_is_not_rendered() {
    let map = |untold: &str| {
        let text = format!("{untold}\n[fields]\n\"source.id\" = {{ from = [\"id\"] }}\n");
        Map::compile(&text, &BTreeMap::new()).expect("compiles")
    };
    let silent = map("untold = [\"accepted\", \"declined\", \"progress\", \"resolved\"]");
    assert!(!silent.writeback().tells(AnswerKind::Accepted) && silent.writeback().is_decided());
    assert_eq!(silent.writeback().render(&outgoing(AnswerKind::Accepted)), None);
    assert!(!map("").writeback().is_decided(), "its pack has nothing to say about it");
}

/// By them the source's record is known for an echo of our answer.
#[test]
fn the_words_are_those_the_source_will_show() {
    let words = |kind, reply: Option<&str>| {
        let portal = Pack::embedded("petition-portal").expect("loads");
        let outgoing = Outgoing { reply: reply.map(Into::into), ..outgoing(kind) };
        portal.writeback().words(&outgoing).map(|words| words.expose().to_owned())
    };
    assert_eq!(words(AnswerKind::Resolved, Some("已维修。")).as_deref(), Some("已维修。"));
    let cut = words(AnswerKind::Resolved, Some(&"长".repeat(5000))).expect("told");
    assert!(cut.chars().count() == 4000 && cut.ends_with("……"), "{}", cut.chars().count());
    assert_eq!(words(AnswerKind::Declined, None).as_deref(), Some("非本单位职责"));
    assert_eq!(words(AnswerKind::Resolved, None), None);
}

/// 2026-03-10.
const NOW: Timestamp = Timestamp::constant(1_773_100_800, 0);

#[derive(Debug, PartialEq)]
enum Kind {
    Delivered(Option<i64>),
    Retry(Option<u64>),
    Unlisted(u64),
    Refused,
}

fn judged(pack: &str, status: u16, retry_after: Option<u64>, body: &str) -> Kind {
    let pack = Pack::embedded(pack).expect("loads");
    match pack.writeback().judge(status, retry_after, body.as_bytes(), NOW) {
        Judgement::Delivered { version } => Kind::Delivered(version),
        Judgement::Retry { after, .. } => Kind::Retry(after.map(|after: Duration| after.as_secs())),
        Judgement::Unlisted { after, .. } => Kind::Unlisted(after.as_secs()),
        Judgement::Refused { .. } => Kind::Refused,
    }
}

#[test]
fn answers_are_understood() {
    let ok = r#"{"code":0,"msg":"ok","data":{"updateTime":"2026-03-01 08:00:00"}}"#;
    let ahead = r#"{"code":0,"data":{"updateTime":"2027-03-01 08:00:00"}}"#;
    let cases = [
        ("hotline-12345", 200, None, ok, Kind::Delivered(Some(1_772_323_200_000))),
        ("hotline-12345", 200, None, r#"{"code":0}"#, Kind::Delivered(None)),
        ("hotline-12345", 200, None, ahead, Kind::Delivered(None)),
        ("hotline-12345", 200, None, "<html>", Kind::Retry(None)),
        ("hotline-12345", 200, None, "", Kind::Retry(None)),
        ("hotline-12345", 200, None, r#"{"code":404,"msg":"工单不存在"}"#, Kind::Refused),
        ("hotline-12345", 200, None, r#"{"code":"-1"}"#, Kind::Retry(None)),
        ("hotline-12345", 200, None, r#"{"code":7301}"#, Kind::Unlisted(300)),
        ("hotline-12345", 400, None, r#"{"code":7301}"#, Kind::Unlisted(300)),
        ("hotline-12345", 503, None, r#"{"code":7301}"#, Kind::Retry(None)),
        // Some say so in a 200.
        ("hotline-12345", 200, None, r#"{"code":401,"msg":"令牌失效"}"#, Kind::Retry(Some(300))),
        ("hotline-12345", 200, None, r#"{"code":"403"}"#, Kind::Unlisted(300)),
        // Whatever stands before the source: a login page, a service that is being put up, a wrong prefix.
        ("hotline-12345", 302, None, "", Kind::Retry(None)),
        ("hotline-12345", 404, None, "", Kind::Retry(None)),
        ("hotline-12345", 404, None, "<html>", Kind::Retry(None)),
        ("hotline-12345", 404, None, r#"{"status":404,"error":"Not Found"}"#, Kind::Retry(None)),
        ("hotline-12345", 405, None, "", Kind::Retry(None)),
        ("hotline-12345", 501, None, "", Kind::Retry(None)),
        ("hotline-12345", 404, None, r#"{"code":404,"msg":"工单不存在"}"#, Kind::Refused),
        ("hotline-12345", 400, None, r#"{"code":400,"msg":"content: 必填"}"#, Kind::Refused),
        ("hotline-12345", 401, None, "", Kind::Retry(Some(300))),
        ("hotline-12345", 429, Some(7), "", Kind::Retry(Some(7))),
        ("hotline-12345", 429, Some(u64::MAX), "", Kind::Retry(Some(3600))),
        ("hotline-12345", 502, None, "<html>", Kind::Retry(None)),
        ("petition-portal", 200, None, r#"{"code":"0001"}"#, Kind::Delivered(None)),
        ("petition-portal", 200, None, r#"{"code":"-2"}"#, Kind::Retry(None)),
        ("petition-portal", 200, None, r#"{"code":"0202","msg":"x"}"#, Kind::Refused),
        ("petition-portal", 200, None, r#"{"code":"0301","msg":"x"}"#, Kind::Unlisted(300)),
        ("petition-portal", 200, Some(7), r#"{"code":"0304","msg":"x"}"#, Kind::Unlisted(7)),
    ];
    for (pack, status, retry_after, body, expected) in cases {
        assert_eq!(judged(pack, status, retry_after, body), expected, "{status} {body}");
    }
}

/// As they write their records, some write their answers.
#[test]
fn an_answer_is_understood_in_whatever_charset_it_comes() {
    let judge = |name: &str, body: &[u8]| {
        let pack = Pack::embedded(name).expect("loads");
        pack.writeback().judge(200, None, body, NOW)
    };
    let (gb, ..) = encoding_rs::GB18030.encode(r#"{"code":"0001","msg":"接收成功"}"#);
    assert_eq!(judge("petition-portal", &gb), Judgement::Delivered { version: None });
    assert_eq!(judge("hotline-12345", "\u{feff}{\"code\":0}".as_bytes()), Judgement::Delivered { version: None });
    let cut = "{\"code\":\"0001\",\"msg\":\"接收成功\"}".replace('功', "?").into_bytes();
    let cut: Vec<u8> = cut.into_iter().map(|byte| if byte == b'?' { 0xe5 } else { byte }).collect();
    assert_eq!(judge("petition-portal", &cut), Judgement::Delivered { version: None }, "half a character at the end");
}

/// Reasons go to the log and to dead letters, in clear.
#[test]
fn no_word_of_a_source_is_in_a_reason() {
    let judge = |body: &str| {
        let pack = Pack::embedded("petition-portal").expect("loads");
        pack.writeback().judge(200, None, body.as_bytes(), NOW)
    };
    let said = "信访人王示例(13900001234)的件已办结";
    let body = |code: &str| format!(r#"{{"code":"{code}","msg":"{said}"}}"#);
    let Judgement::Refused { reason, words } = judge(&body("0202")) else { panic!("refused") };
    assert_eq!((reason.as_str(), words.expect("kept").expose()), ("answer 200, code 0202", said));
    let Judgement::Unlisted { reason, words, .. } = judge(&body("0301")) else { panic!("unlisted") };
    assert_eq!((reason.as_str(), words.expect("kept").expose()), ("answer 200, code 0301", said));
    let Judgement::Retry { reason, .. } = judge(&body("-2")) else { panic!("later") };
    assert_eq!(reason, "answer 200, code -2");
}
