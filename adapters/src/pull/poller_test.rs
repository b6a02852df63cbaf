//! The poller against a system that answers as told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::DATE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::records::Whose;
use super::spec::PullSpec;
use super::window::{MOST_WALKS, Window};
use super::{Cursor, Missing, Page, Poller, PollerSettings, PullError};
use crate::decode::Limits;
use crate::pack::{Pack, Way};
use crate::token::{ClientCredentials, Tokens};

type Asked = std::collections::BTreeMap<String, String>;
type Answer = fn(&Asked) -> Response;

/// What the system's clock says, unless an answer says otherwise.
const THERE: HeaderValue = HeaderValue::from_static("Sun, 01 Mar 2026 10:00:00 GMT");

async fn serve(answer: Answer) -> String {
    async fn list(State(answer): State<Answer>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
        let mut response = match headers.get("x-app-key").is_some_and(|key| key == "k") {
            true => answer(&asked),
            false => (StatusCode::UNAUTHORIZED, r#"{"msg":"X-App-Key 无效"}"#).into_response(),
        };
        response.headers_mut().entry(DATE).or_insert(THERE);
        response
    }
    let app = Router::new().fallback(list).with_state(answer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/gw/")
}

fn settings(base_url: String) -> PollerSettings {
    let key = Some(("X-App-Key".to_owned(), "k".to_owned()));
    PollerSettings { key, page_size: Some(2), most_bytes: 4096, ..PollerSettings::new(base_url) }
}

fn poller(settings: &PollerSettings) -> Poller {
    poller_of("hotline-12345", settings)
}

fn poller_of(pack: &str, settings: &PollerSettings) -> Poller {
    let pack = Pack::embedded(pack).expect("loads");
    Poller::new(Arc::new(pack), settings).expect("a poller")
}

fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().expect("a time")
}

async fn first(settings: &PollerSettings) -> Result<Page, PullError> {
    let mut poller = poller(settings);
    let start = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
    poller.next_page(&start, now()).await
}

fn three_orders(asked: &Asked) -> Response {
    assert_eq!(
        (asked["updatedFrom"].as_str(), asked["updatedTo"].as_str()),
        ("2026-03-01 16:58:00", "2026-03-01 17:59:59")
    );
    let page: usize = asked["page"].parse().expect("a number");
    let size: usize = asked["pageSize"].parse().expect("a number");
    let all = [json!({"orderId": "1"}), json!({"orderId": "2"}), json!({"orderId": "3"})];
    let rows: Vec<_> = all.iter().skip((page - 1) * size).take(size).collect();
    json!({"code": 0, "msg": "ok", "data": {"total": 3, "page": page, "pageSize": size, "rows": rows}})
        .to_string()
        .into_response()
}

#[tokio::test]
async fn every_page_is_fetched_once() {
    let mut poller = poller(&settings(serve(three_orders).await));
    let pack = Pack::embedded("hotline-12345").expect("loads");
    let mut cursor = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
    let mut ids = Vec::new();
    loop {
        let page = poller.next_page(&cursor, now()).await.expect("a page");
        let records = pack.decode(Way::Pull, &page.body, Limits::default()).expect("decodes");
        assert_eq!(records.len() as u64, page.records);
        ids.extend(records.into_iter().map(|r| r.value.expect("an order")["orderId"].clone()));
        cursor = page.next;
        if cursor.is_between_rounds() {
            break;
        }
    }
    assert_eq!(ids, [json!("1"), json!("2"), json!("3")]);
    assert!(matches!(cursor, Cursor::Window(Window { from, .. }) if from < now()));
}

/// A number that counts what is never listed holds nothing up for ever, and is not passed over in silence.
#[tokio::test]
async fn what_is_named_and_never_listed_is_asked_for_often_and_then_passed_over() {
    let none: Answer = |_| json!({"code": 0, "data": {"total": 3, "rows": []}}).to_string().into_response();
    let mut poller = poller(&settings(serve(none).await));
    let start = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
    let missing = |walks| Missing { named: 3, listed: 0, walks, refused: None };
    for window in 0..2 {
        for walks in 1..MOST_WALKS {
            let error = poller.next_page(&start, now()).await.expect_err("it lists none");
            assert_eq!(error, PullError::Missing(missing(walks)), "window {window}");
        }
        let page = poller.next_page(&start, now()).await.expect("goes on");
        assert_eq!((page.records, page.missing), (0, Some(missing(MOST_WALKS))));
        assert!(page.next.is_between_rounds());
    }
}

/// A page as the hotline gives it: the orders of these numbers, out of so many.
fn listed(orders: impl IntoIterator<Item = usize>, total: usize) -> Response {
    // What is counted down while it is asked makes no other order of it.
    static MINUTES_LEFT: AtomicUsize = AtomicUsize::new(1_000_000);
    let row = |n: usize| json!({"orderId": format!("GD{n}"), "callTime": "2026-03-01 17:00:00", "minutesLeft": MINUTES_LEFT.fetch_sub(1, Relaxed)});
    let rows: Vec<_> = orders.into_iter().map(row).collect();
    json!({"code": 0, "data": {"total": total, "rows": rows}}).to_string().into_response()
}

fn page_of(asked: &Asked) -> usize {
    asked["page"].parse().expect("a number")
}

fn number(whose: &Whose) -> Option<usize> {
    match whose {
        Whose::Number(source) => source.id.strip_prefix("GD")?.parse().ok(),
        _ => None,
    }
}

/// Polls one window to its end, asking again for what is missing: the orders read, the requests it took, and what was passed
/// over.
async fn one_window(answer: Answer) -> (BTreeSet<usize>, usize, Option<Missing>) {
    let settings = PollerSettings { most_bytes: 1 << 20, ..settings(serve(answer).await) };
    let mut poller = poller(&settings);
    let mut cursor = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
    let (mut read, mut missing) = (BTreeSet::new(), None);
    for asked in 1..100 {
        let page = match poller.next_page(&cursor, now()).await {
            Ok(page) => page,
            Err(PullError::Missing(_) | PullError::Status { status: 502, .. }) => continue,
            Err(error) => panic!("{error}"),
        };
        read.extend(page.told_apart.iter().flat_map(|records| &records.0).filter_map(|(whose, _)| number(whose)));
        (cursor, missing) = (page.next, missing.or(page.missing));
        if cursor.is_between_rounds() {
            return (read, asked, missing);
        }
    }
    panic!("the window does not end: {cursor:?}");
}

/// Orders of one second, sorted by nothing but that: each request lists them in another order, so that a page repeats some of
/// the one before, and others are on neither.
#[tokio::test]
async fn orders_of_the_same_second_are_read_although_every_page_shuffles_them() {
    let shuffled: Answer = |asked| {
        static REQUESTS: AtomicUsize = AtomicUsize::new(1);
        let seed = REQUESTS.fetch_add(1, Relaxed);
        let mut orders: Vec<usize> = (0..150).collect();
        orders.sort_by_key(|n| (n * 7919 + seed * 104_729).wrapping_mul(2_654_435_761) % 65_521);
        listed(orders.into_iter().skip((page_of(asked) - 1) * 100).take(100), 150)
    };
    let (read, _, missing) = one_window(shuffled).await;
    assert_eq!((read, missing), ((0..150).collect(), None));
}

/// The same, but every request lists them alike: ten are on no page, however often it is asked.
#[tokio::test]
async fn orders_of_the_same_second_that_are_on_no_page_are_told() {
    let ties: [Answer; 2] = [
        |asked| match page_of(asked) {
            1 => listed(0..100, 150),
            2 => listed(90..140, 150),
            _ => listed([], 150),
        },
        // Nor does a page outweigh them that repeats the ones before twice.
        |asked| match page_of(asked) {
            1 => listed(0..100, 150),
            2 => listed((90..140).chain(90..100), 150),
            _ => listed([], 150),
        },
    ];
    let missing = Missing { named: 150, listed: 140, walks: MOST_WALKS, refused: None };
    for tie in ties {
        assert_eq!(one_window(tie).await, ((0..140).collect(), 3 * MOST_WALKS as usize, Some(missing)));
    }
}

/// Nor does a broken order outweigh one that is on no page, because it is on both.
#[tokio::test]
async fn a_broken_order_stands_for_no_other_one() {
    const BROKEN: &str = r#"{"orderId":"GD150","title":"\ud83d"}"#;
    fn page(rows: impl IntoIterator<Item = String>) -> Response {
        let rows = rows.into_iter().collect::<Vec<_>>().join(",");
        format!(r#"{{"code":0,"data":{{"total":150,"rows":[{rows}]}}}}"#).into_response()
    }
    fn row(n: usize) -> String {
        format!(r#"{{"orderId":"GD{n}"}}"#)
    }
    let tie: Answer = |asked| match page_of(asked) {
        1 => page((0..99).map(row).chain([BROKEN.to_owned()])),
        2 => page(std::iter::once(BROKEN.to_owned()).chain((99..148).map(row))),
        _ => page([]),
    };
    let (read, _, missing) = one_window(tie).await;
    assert_eq!(
        (read.len(), missing),
        (148, Some(Missing { named: 150, listed: 149, walks: MOST_WALKS, refused: None }))
    );
}

/// A row for each step of an order, sorted by the steps' time.
#[tokio::test]
async fn a_page_of_known_orders_hides_no_later_page() {
    fn steps(asked: &Asked) -> std::ops::Range<usize> {
        match page_of(asked) {
            1 | 2 => 0..100,
            3 => 100..200,
            _ => 0..0,
        }
    }
    let (read, asked, missing) = one_window(|asked| listed(steps(asked), 300)).await;
    assert_eq!((read, asked), ((0..200).collect(), 4 * MOST_WALKS as usize));
    assert_eq!(missing, Some(Missing { named: 300, listed: 200, walks: MOST_WALKS, refused: None }), "it counts rows");
    // A total of none beside rows is no total.
    assert_eq!(one_window(|asked| listed(steps(asked), 0)).await, ((0..200).collect(), 4, None));
}

#[tokio::test]
async fn a_list_that_begins_again_at_its_end_is_not_followed_for_ever() {
    let round: Answer = |asked| match page_of(asked) % 2 {
        1 => listed(0..2, 0),
        _ => listed(2..4, 0),
    };
    let (read, _, missing) = one_window(round).await;
    assert_eq!((read, missing), ((0..4).collect(), None));
}

/// A page that says when it was written is another text each time, and has no more records for that.
#[tokio::test]
async fn records_that_cannot_be_told_apart_are_counted_once() {
    fn texts(rows: &[&str]) -> Response {
        static WRITTEN: AtomicUsize = AtomicUsize::new(0);
        let written = WRITTEN.fetch_add(1, Relaxed);
        json!({"code": 0, "at": written, "data": {"total": 3, "rows": rows}}).to_string().into_response()
    }
    let ends: [Answer; 2] =
        [|asked| texts(if page_of(asked) == 1 { &["a", "b"] } else { &[] }), |_| texts(&["a", "b"])];
    for answer in ends {
        let mut poller = poller(&settings(serve(answer).await));
        let mut cursor = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
        for walks in 1..=MOST_WALKS {
            cursor = poller.next_page(&cursor, now()).await.expect("its first page").next;
            let missing = match poller.next_page(&cursor, now()).await {
                Ok(page) => page.missing,
                Err(PullError::Missing(missing)) => Some(missing),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(missing, Some(Missing { named: 3, listed: 2, walks, refused: None }));
        }
    }
}

#[tokio::test]
async fn a_page_that_lists_orders_twice_hides_no_later_page() {
    let twice: Answer = |asked| {
        let first = (page_of(asked) - 1) * 100;
        let page = (first..210).take(100);
        listed(page.flat_map(|n| vec![n; if n < 10 { 2 } else { 1 }]), 210)
    };
    assert_eq!(one_window(twice).await, ((0..210).collect(), 3, None));
}

#[tokio::test]
async fn a_short_page_in_the_middle_hides_no_later_page() {
    let short: Answer = |asked| match page_of(asked) {
        1 => listed(0..100, 250),
        2 => listed(100..160, 250),
        3 => listed(160..210, 250),
        4 => listed(210..250, 250),
        _ => listed([], 250),
    };
    assert_eq!(one_window(short).await, ((0..250).collect(), 4, None));
}

/// Some list their last page for every page beyond it.
#[tokio::test]
async fn a_list_that_repeats_its_last_page_ends_there() {
    let last_again: Answer = |asked| match page_of(asked) {
        1 => listed(0..2, 5),
        _ => listed(2..3, 5),
    };
    let (read, _, missing) = one_window(last_again).await;
    assert_eq!(read, (0..3).collect());
    assert!(missing.is_some(), "it is passed over in silence");
    let no_number: Answer = |asked| {
        let rows = match page_of(asked) {
            1 => json!([{"orderId": "GD1"}, {"orderId": "GD2"}]),
            _ => json!([{"orderId": "GD3"}]),
        };
        json!({"code": 0, "data": {"rows": rows}}).to_string().into_response()
    };
    assert_eq!(one_window(no_number).await, ((1..4).collect(), 3, None));
}

/// By another poller, after a gateway died: it knows nothing of what the pages before listed.
#[tokio::test]
async fn a_window_that_another_gateway_began_is_begun_again() {
    let settings = settings(serve(three_orders).await);
    let mut former = poller(&settings);
    let start = former.start("2026-03-01T09:00:00Z".parse().expect("a time"));
    let stored = serde_json::to_string(&former.next_page(&start, now()).await.expect("a page").next).expect("stored");
    let mut latter = poller(&settings);
    let (mut cursor, mut read) = (serde_json::from_str::<Cursor>(&stored).expect("read"), 0);
    while !cursor.is_between_rounds() {
        let page = latter.next_page(&cursor, now()).await.expect("a page");
        (cursor, read) = (page.next, read + page.records);
    }
    assert_eq!(read, 3);
}

/// Our clock and the one the system tells with every answer are a day apart: neither is believed beyond the other, and the
/// later one is asked up to.
#[tokio::test]
async fn a_wrong_clock_of_ours_or_theirs_passes_over_nothing() {
    let none: Answer = |_| json!({"code": 0, "data": {"total": 0, "rows": []}}).to_string().into_response();
    for hours in [24, -24] {
        let mut poller = poller(&settings(serve(none).await));
        let ours = now() + jiff::SignedDuration::from_hours(hours);
        let (earlier, mut furthest) = (now().min(ours), None);
        let mut cursor = poller.start(earlier - jiff::SignedDuration::from_mins(1));
        for _ in 0..6 {
            let page = poller.next_page(&cursor, ours).await.expect("a page");
            cursor = page.next;
            let Cursor::Window(Window { from, to: None, ahead, .. }) = cursor else { panic!("{cursor:?}") };
            assert!(from <= earlier, "{hours} h: {from} is in the future of one of the clocks");
            furthest = furthest.max(ahead);
        }
        let reached = furthest.expect("asked beyond the earlier clock");
        assert!(reached >= earlier + jiff::SignedDuration::from_secs(24 * 3600 - 2), "{hours} h: {reached}");
        let ahead = poller.clock_ahead(ours).expect("it has said what time it is");
        assert!((ahead.as_hours() + hours).abs() <= 1, "{ahead}");
    }
}

#[tokio::test]
async fn a_system_that_refuses_to_list_its_future_is_read_on() {
    let past: Answer = |asked| match asked["updatedTo"].as_str() {
        to if to < "2026-03-01 18:00:00" => listed(page_of(asked) - 1..1, 1),
        _ => (StatusCode::BAD_REQUEST, r#"{"msg":"updatedTo 不能晚于当前时间"}"#).into_response(),
    };
    let mut poller = poller(&settings(serve(past).await));
    let ours = now() + jiff::SignedDuration::from_mins(30);
    let mut cursor = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
    let mut read = 0;
    // The first answer tells its clock: what it was asked before, it refuses.
    assert!(poller.next_page(&cursor, ours).await.is_err());
    // The window that is past, a page that might follow, and the window beyond; all of it twice.
    for _ in 0..6 {
        let page = poller.next_page(&cursor, ours).await.expect("a page");
        (cursor, read) = (page.next, read + page.records);
    }
    assert!(read == 2 && cursor.is_between_rounds(), "{cursor:?}");
}

/// Some refuse a page beyond their last one. What they named is listed by then.
#[tokio::test]
async fn a_page_beyond_the_last_may_be_refused() {
    let refusals: [Answer; 3] = [
        |asked| if page_of(asked) == 1 { listed(0..2, 2) } else { StatusCode::BAD_REQUEST.into_response() },
        |asked| {
            if page_of(asked) == 1 { listed(0..2, 2) } else { r#"{"code":7,"msg":"页码超限"}"#.into_response() }
        },
        |asked| if page_of(asked) == 1 { listed(0..2, 2) } else { r#"{"code":0,"data":{}}"#.into_response() },
    ];
    for answer in refusals {
        let mut poller = poller(&settings(serve(answer).await));
        let start = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
        let first = poller.next_page(&start, now()).await.expect("a page");
        assert!(!first.next.is_between_rounds(), "it might have more than it names");
        let end = poller.next_page(&first.next, now()).await.expect("the end");
        assert!(end.records == 0 && end.next.is_between_rounds(), "{end:?}");
    }
    let failures: [Answer; 2] = [
        |asked| if page_of(asked) == 1 { listed(0..2, 2) } else { StatusCode::INTERNAL_SERVER_ERROR.into_response() },
        |asked| if page_of(asked) == 1 { listed(0..2, 2) } else { StatusCode::FOUND.into_response() },
    ];
    for answer in failures {
        let mut poller = poller(&settings(serve(answer).await));
        let start = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
        let second = poller.next_page(&start, now()).await.expect("a page").next;
        for _ in 1..MOST_WALKS {
            poller.next_page(&second, now()).await.expect_err("it is asked again");
        }
        assert!(poller.next_page(&second, now()).await.expect("but not for ever").next.is_between_rounds());
    }
}

/// It names the rows of the page at hand: that these are listed says nothing of the page that fails.
#[tokio::test]
async fn an_outage_behind_a_number_that_is_too_small_is_waited_out() {
    static OUTAGE: AtomicUsize = AtomicUsize::new(0);
    let answer: Answer = |asked| match page_of(asked) {
        3 if OUTAGE.fetch_add(1, Relaxed) < 2 * MOST_WALKS as usize => StatusCode::BAD_GATEWAY.into_response(),
        page => listed(((page - 1) * 100..250).take(100), if page == 3 { 50 } else { 100 }),
    };
    let told = Missing { named: 100, listed: 250, walks: 1, refused: None };
    assert_eq!(one_window(answer).await, ((0..250).collect(), 3 + 2 * MOST_WALKS as usize, Some(told)));
}

/// Some write null where they have nothing.
#[tokio::test]
async fn a_null_for_a_list_is_an_empty_one() {
    let nothing: [Answer; 3] = [
        |_| r#"{"code":0,"data":{"total":0,"rows":null}}"#.into_response(),
        |_| r#"{"code":0,"data":{"total":null,"rows":null}}"#.into_response(),
        |_| r#"{"code":0,"data":null}"#.into_response(),
    ];
    for answer in nothing {
        let page = first(&settings(serve(answer).await)).await.expect("a page");
        assert!(page.records == 0 && page.next.is_between_rounds(), "{page:?}");
    }
    let three: Answer = |_| r#"{"code":0,"data":{"total":3,"rows":null}}"#.into_response();
    let refused = first(&settings(serve(three).await)).await.expect_err("there are some");
    assert!(matches!(refused, PullError::Missing(_)), "{refused}");
}

/// Without a code nothing says that it is an answer at all.
#[tokio::test]
async fn a_null_of_which_nothing_says_that_it_is_well_is_no_list() {
    let asked = async |answer: Answer| {
        let mut pack = Pack::embedded("hotline-12345").expect("loads");
        pack.pull = pack.pull.map(|pull| PullSpec { code: None, ..pull });
        let mut poller = Poller::new(Arc::new(pack), &settings(serve(answer).await)).expect("a poller");
        let start = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
        poller.next_page(&start, now()).await
    };
    let failed = asked(|_| r#"{"success":false,"data":null}"#.into_response()).await;
    assert_eq!(failed, Err(PullError::NoList("data.rows".into())));
    let empty = asked(|_| r#"{"data":{"total":0,"rows":null}}"#.into_response()).await.expect("a page");
    assert!(empty.records == 0 && empty.next.is_between_rounds(), "{empty:?}");
}

/// In the middle of a round of everything since 17:00, by a token that the system gave long ago.
fn of_an_earlier_life() -> Cursor {
    let stored = r#"{"kind":"token","since":"2026-03-01T09:00:00Z","began":"2026-03-01T09:30:00Z","token":"old"}"#;
    serde_json::from_str(stored).expect("a cursor")
}

/// Two petitions, a page each, to who asks without a token; to any token of an earlier life, a refusal.
fn two_petitions(asked: &Asked, refusal: Response) -> Response {
    assert_eq!(asked["since"], "2026/03/01 16:50:00");
    match asked.get("cursor").map(String::as_str) {
        None => r#"{"code":"0001","list":[{"xfjbh":"1"}],"next":"new"}"#.into_response(),
        Some("new") => r#"{"code":"0001","list":[{"xfjbh":"2"}]}"#.into_response(),
        Some(_) => refusal,
    }
}

#[tokio::test]
async fn a_round_whose_token_ran_out_begins_again() {
    let refusals: [Answer; 4] = [
        |asked| two_petitions(asked, StatusCode::BAD_REQUEST.into_response()),
        |asked| two_petitions(asked, (StatusCode::GONE, r#"{"msg":"cursor 已失效"}"#).into_response()),
        |asked| two_petitions(asked, r#"{"code":"0007","msg":"cursor 已失效"}"#.into_response()),
        |asked| two_petitions(asked, r#"{"error":"bad cursor"}"#.into_response()),
    ];
    for answer in refusals {
        let mut poller = poller_of("petition-portal", &settings(serve(answer).await));
        let mut cursor = of_an_earlier_life();
        // A person is told of it once; nothing is passed over.
        assert_eq!(poller.next_page(&cursor, now()).await.expect_err("refused").retry(), super::Retry::Person);
        let mut read = 0;
        while !cursor.is_between_rounds() {
            let page = poller.next_page(&cursor, now()).await.expect("a page");
            (cursor, read) = (page.next, read + page.records);
        }
        assert_eq!(read, 2);
    }
}

/// Every other time it is told to a person, who is asked slowly.
#[tokio::test]
async fn a_system_that_takes_no_token_at_all_is_not_asked_in_a_hurry() {
    let none: Answer = |asked| match asked.get("cursor") {
        None => r#"{"code":"0001","list":[{"xfjbh":"1"}],"next":"new"}"#.into_response(),
        Some(_) => StatusCode::BAD_REQUEST.into_response(),
    };
    let mut poller = poller_of("petition-portal", &settings(serve(none).await));
    let mut cursor = of_an_earlier_life();
    for _ in 0..4 {
        assert_eq!(poller.next_page(&cursor, now()).await.expect_err("refused").retry(), super::Retry::Person);
        cursor = poller.next_page(&cursor, now()).await.expect("the first page").next;
        assert!(!cursor.is_between_rounds());
    }
}

/// What has nothing to do with the token costs no round.
#[tokio::test]
async fn a_token_is_kept_through_an_outage_and_a_wrong_key() {
    let refusals: [Answer; 4] = [
        |asked| two_petitions(asked, StatusCode::SERVICE_UNAVAILABLE.into_response()),
        |asked| two_petitions(asked, StatusCode::UNAUTHORIZED.into_response()),
        |asked| two_petitions(asked, StatusCode::FORBIDDEN.into_response()),
        |asked| two_petitions(asked, r#"{"code":"401","msg":"key 无效"}"#.into_response()),
    ];
    for answer in refusals {
        let mut poller = poller_of("petition-portal", &settings(serve(answer).await));
        for _ in 0..2 {
            poller.next_page(&of_an_earlier_life(), now()).await.expect_err("it asks with the token");
        }
    }
}

async fn refused(answer: Answer) -> PullError {
    first(&settings(serve(answer).await)).await.expect_err("refused")
}

async fn failure(answer: Answer) -> String {
    refused(answer).await.to_string()
}

#[tokio::test]
async fn what_is_wrong_upstream_is_said() {
    let busy: Answer =
        |_| (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "3")], r#"{"msg":"维护中"}"#).into_response();
    let away = refused(busy).await;
    assert_eq!((away.to_string().as_str(), away.words()), ("answer 503: expected 200", Some("维护中")));
    let no = refused(|_| r#"{"code":7,"msg":"张三13800001234的工单有误"}"#.into_response()).await;
    assert_eq!(no.to_string(), "the system says code 7", "whom it names is not logged");
    assert_eq!(no.words(), Some("张三13800001234的工单有误"));
    assert_eq!(failure(|_| r#"{"code":0,"data":{}}"#.into_response()).await, "the answer has no list at `data.rows`");
    assert_eq!(failure(|_| r#"{"data":{}}"#.into_response()).await, "the answer has no `code`");
    assert!(failure(|_| "<html>".into_response()).await.starts_with("the answer is not JSON"));
    assert_eq!(
        failure(|_| "x".repeat(5000).into_response()).await,
        "the answer is larger than 4096 bytes: ask for smaller pages"
    );
    let retry = first(&settings(serve(busy).await)).await.expect_err("refused").retry();
    assert_eq!(retry, super::Retry::After(Duration::from_secs(3)));
}

#[tokio::test]
async fn a_wrong_key_and_a_silent_address_are_told_apart() {
    let wrong = PollerSettings { key: None, ..settings(serve(three_orders).await) };
    assert!(matches!(first(&wrong).await, Err(PullError::Status { status: 401, .. })));
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = settings(format!("http://{}", closed.local_addr().expect("an address")));
    drop(closed);
    assert!(matches!(first(&nobody).await, Err(PullError::Connect(_))));
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let hurried = PollerSettings { timeout: Duration::from_millis(50), ..settings(address) };
    assert!(matches!(first(&hurried).await, Err(PullError::Timeout(_))));
}

/// Whoever is told in a 200 that a token is not known shows another one with the next attempt.
#[tokio::test]
async fn a_token_that_is_refused_in_the_body_is_not_shown_again() {
    async fn token(State(given): State<Arc<AtomicUsize>>) -> Response {
        let n = given.fetch_add(1, Relaxed) + 1;
        json!({"access_token": format!("t{n}"), "token_type": "Bearer", "expires_in": 7200}).to_string().into_response()
    }
    async fn list(headers: HeaderMap) -> Response {
        let known = headers.get("authorization").is_some_and(|shown| shown == "Bearer t2");
        let code = if known { "0" } else { "401" };
        json!({"code": code, "data": {"items": []}}).to_string().into_response()
    }
    let app = Router::new().route("/oauth2/token", axum::routing::post(token)).fallback(list);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app.with_state(Arc::default())).await });
    let pack = Pack::embedded("video-mediation").expect("loads");
    let client = ClientCredentials { id: "huiliu".into(), secret: "secret".into() };
    let tokens = Tokens::new(pack.token.clone().expect("a token"), &url, client).expect("an address");
    let settings = PollerSettings { tokens: Some(tokens), ..PollerSettings::new(url) };
    let mut poller = Poller::new(Arc::new(pack), &settings).expect("a poller");
    let start = poller.start("2026-03-01T09:00:00Z".parse().expect("a time"));
    let refused = poller.next_page(&start, now()).await;
    assert!(matches!(&refused, Err(PullError::Code { code, .. }) if code == "401"), "{refused:?}");
    poller.next_page(&start, now()).await.expect("taken");
}
