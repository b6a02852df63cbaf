//! The book by itself: the same seed, the same book; write-backs once; nothing lost in paging.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::sim::{FollowUp, Outcome, grid, video};

const ALL: [System; 4] = [System::Hotline, System::Petition, System::Grid, System::Video];
const NOW: i64 = 1_772_328_600;

fn filled(system: System, seed: u64, quirks: Quirks, count: i64) -> Book {
    let mut book = Book::new(system, seed, quirks, true);
    (0..count).for_each(|n| book.arrive(NOW + n, NOW + n));
    book
}

fn stored(book: &Book) -> String {
    serde_json::to_string(book).expect("a book is JSON")
}

#[test]
fn all_quirks_follow_from_the_seed() {
    for system in ALL {
        let book = |seed| {
            let mut book = filled(system, seed, Quirks::harsh(), 200);
            book.settle(NOW + 100_000);
            (stored(&book), book.page_by_time(0, i64::MAX, 1, 500).rows)
        };
        assert_eq!(book(7), book(7));
        assert_ne!(book(7), book(8));
    }
}

#[test]
fn quirks_show_and_can_be_switched_off() {
    let shows = |quirks: Quirks| {
        let book = filled(System::Hotline, 3, quirks, 300);
        let rows = book.page_by_time(0, i64::MAX, 1, 10_000).rows;
        let odd_date = |row: &&Value| row["callTime"].as_str().is_none_or(|t| !t.contains('-'));
        let odd_absent = |row: &&Value| row["oldOrderNum"] != json!("");
        let half = book.items().iter().filter(|item| item.withheld).count();
        let late = book.items().iter().any(|item| item.body["updateTime"] != item.body["dispatchTime"]);
        [
            rows.iter().any(|row| odd_date(&row)),
            rows.iter().any(|row| odd_absent(&row)),
            half > 0,
            late,
            rows.len() > book.items().len(),
            book.items().iter().any(|item| !item.body["urgeOrderNum"].is_null()),
        ]
    };
    assert_eq!(shows(Quirks::harsh()), [true; 6]);
    assert_eq!(shows(Quirks::none()), [false; 6]);
}

#[test]
fn a_half_filled_record_comes_again_with_its_details() {
    let quirks = Quirks { half_filled_rate: 1.0, late_by_s: 10, ..Quirks::none() };
    let mut book = filled(System::Hotline, 1, quirks, 1);
    let before = book.page_by_time(0, i64::MAX, 1, 10).rows;
    assert_eq!(before[0]["majorContent"], "");
    book.settle(NOW + 11);
    let after = book.page_by_time(NOW + 11, i64::MAX, 1, 10).rows;
    assert_eq!(after[0]["orderId"], before[0]["orderId"]);
    assert!(after[0]["majorContent"].as_str().is_some_and(|text| text.len() > 20));
}

#[test]
fn both_listings_show_every_record_once() {
    for system in ALL {
        let book = filled(system, 1, Quirks::none(), 123);
        let mut by_time = Vec::new();
        for page in 1.. {
            let found = book.page_by_time(NOW, NOW + 122, page, 10);
            assert_eq!(found.total, 123);
            if found.rows.is_empty() {
                break;
            }
            by_time.extend(found.rows);
        }
        let (mut by_cursor, mut cursor) = (Vec::new(), Some(0));
        while let Some(after) = cursor {
            let page = book.page_after(after, i64::MIN, 10);
            by_cursor.extend(page.rows);
            cursor = page.next;
        }
        assert_eq!(by_time, by_cursor);
        let ids: BTreeSet<_> = by_time.iter().filter_map(|row| system.id_of(row)).collect();
        assert_eq!((ids.len(), by_time.len()), (123, 123));
    }
}

#[test]
fn the_window_holds_its_bounds() {
    let book = filled(System::Hotline, 1, Quirks::none(), 10);
    assert_eq!(book.page_by_time(NOW + 3, NOW + 5, 1, 50).total, 3);
    assert_eq!(book.page_by_time(NOW + 5, NOW + 3, 1, 50).total, 0);
    assert_eq!(book.page_after(0, NOW + 7, 50).rows.len(), 3);
}

#[test]
fn a_write_back_takes_effect_once_per_key() {
    let mut book = filled(System::Hotline, 1, Quirks::none(), 1);
    let id = book.items()[0].id.clone();
    let result = json!({ "action": "result", "content": "已整改完毕。", "isSolved": 1 });
    let mut say = |key: &str, body: &Value, at| book.answer(&id, key, Action::Result, body.clone(), at);
    assert_eq!(say("r1", &result, NOW + 60), Applied::First(NOW + 60));
    assert_eq!(say("r1", &result, NOW + 70), Applied::Repeat(NOW + 60));
    assert_eq!(say("r1", &json!({ "content": "别的" }), NOW + 80), Applied::Conflict(NOW + 60));
    let summary = book.summary();
    assert_eq!((summary.resolved, summary.write_backs, summary.duplicate_results), (1, 1, 0));
    assert_eq!((summary.repeated_write_backs, summary.conflicting_write_backs), (2, 1));
    assert_eq!(book.answer(&id, "r2", Action::Result, result, NOW + 90), Applied::First(NOW + 90));
    assert_eq!(book.summary().duplicate_results, 1);
    assert_eq!(book.answer("none", "r3", Action::Accept, json!({}), NOW), Applied::Unknown);
}

#[test]
fn a_write_back_comes_round_again_in_the_next_listing() {
    let mut book = filled(System::Hotline, 1, Quirks::none(), 3);
    let id = book.items()[0].id.clone();
    let said = json!({ "content": "已整改完毕。", "isSolved": 1, "handleDeptName": "样例局" });
    book.answer(&id, "r1", Action::Result, said, NOW + 60);
    let echo = book.page_by_time(NOW + 60, NOW + 60, 1, 10).rows;
    assert_eq!(echo.len(), 1);
    assert_eq!(echo[0]["content"], "已整改完毕。");
    assert_eq!(echo[0]["orderState"], "已办结");
    assert_eq!(echo[0]["completeTime"], echo[0]["updateTime"]);
}

#[test]
fn a_dissatisfied_visit_reopens_and_allows_one_more_result() {
    for system in ALL {
        let quirks = Quirks { visit_rate: 1.0, dissatisfied_rate: 1.0, ..Quirks::none() };
        let mut book = filled(system, 1, quirks, 1);
        let id = book.items()[0].id.clone();
        book.answer(&id, "r1", Action::Result, json!({}), NOW + 10);
        book.settle(NOW + 100);
        let item = book.item(&id).expect("filed");
        assert_eq!(item.reopened, 1);
        match system {
            System::Hotline => assert_eq!(item.body["visitIsSatisfaction"], "不满意"),
            System::Petition => assert_eq!(item.body["pj"]["dzrdwpj"], "3"),
            System::Grid => assert_eq!(item.body["verifyResult"], "0"),
            System::Video => assert_eq!(item.body["satisfaction_score"], 1),
        }
        book.answer(&id, "r2", Action::Result, json!({}), NOW + 200);
        assert_eq!(book.summary().duplicate_results, 0);
    }
}

#[test]
fn follow_ups_name_the_earlier_matter() {
    let mut book = filled(System::Hotline, 1, Quirks::none(), 1);
    let (id, number) = (book.items()[0].id.clone(), book.items()[0].number.clone());
    let mut follow = |what| {
        let carrier = book.follow_by_hand(&id, what, NOW + 5).expect("filed");
        book.item(&carrier).expect("filed").clone()
    };
    assert_eq!(follow(FollowUp::Urge).body["urgeOrderNum"], number);
    let again = follow(FollowUp::RepeatFiling);
    assert_eq!(again.body["oldOrderNum"], number);
    assert_eq!(again.truth.follows.as_deref(), Some(id.as_str()));
    let more = follow(FollowUp::Supplement);
    assert_eq!(more.id, id);
    assert!(more.body["majorContent"].as_str().is_some_and(|text| text.contains("补充")));
    assert_eq!(follow(FollowUp::Withdraw).body["orderState"], "已撤单");
}

#[test]
fn a_petition_filed_again_names_the_first() {
    let mut book = filled(System::Petition, 1, Quirks::none(), 1);
    let id = book.items()[0].id.clone();
    let again = book.follow_by_hand(&id, FollowUp::RepeatFiling, NOW + 5).expect("filed");
    let body = &book.item(&again).expect("filed").body;
    assert_eq!(body["xfj"]["repeated_id"], id);
    assert_eq!(body["xfj"]["cfxfbz"], "1");
    assert!(again.len() <= 38);
}

#[test]
fn a_stored_book_goes_on_where_it_stopped() {
    let mut book = filled(System::Hotline, 5, Quirks::mild(), 40);
    book.next_delivery(3, NOW + 1_000).expect("something to push");
    let text = stored(&book);
    let read: Book = serde_json::from_str(&text).expect("a stored book");
    let mut read = read.reopen(Quirks::mild(), true);
    assert_eq!(read.pending_deliveries(), [0]);
    for book in [&mut book, &mut read] {
        (0..20).for_each(|n| book.arrive(NOW + 100 + n, NOW + 100 + n));
    }
    assert_eq!(stored(&book), stored(&read));
    let id = book.items()[0].id.clone();
    assert_eq!(read.item(&id), book.item(&id));
}

#[test]
fn every_change_is_pushed_and_remembered_with_its_receipt() {
    let quirks = Quirks { visit_rate: 0.0, ..Quirks::harsh() };
    let mut book = filled(System::Hotline, 2, quirks, 50);
    let mut pushed = BTreeSet::new();
    while let Some(place) = book.next_delivery(4, NOW + 100_000) {
        pushed.extend(book.delivery(place).ids);
        book.attempted(place, 202, json!({ "receipt": place }), DeliveryState::Acknowledged);
    }
    let ids: BTreeSet<_> = book.items().iter().map(|item| item.id.clone()).collect();
    assert_eq!(pushed, ids);
    assert!(book.items().iter().all(|item| !item.acknowledged.is_empty()));
    assert_eq!(book.summary().pushes_waiting, 0);
    assert_eq!(book.deliveries()[1].receipt, json!({ "receipt": 1 }));
}

#[test]
fn a_tests_own_record_keeps_its_fields() {
    let mut book = filled(System::Hotline, 1, Quirks::none(), 2);
    let own = json!({ "orderId": "T-1", "orderNum": "热线-T-1", "title": "测试标题" });
    assert_eq!(book.put(&own, NOW), "T-1");
    assert_eq!(book.put(&json!({ "orderId": "T-1", "title": "改过的标题" }), NOW + 1), "T-1");
    let item = book.item("热线-T-1").expect("filed");
    assert_eq!((item.body["title"].as_str(), item.revision), (Some("改过的标题"), 2));
    assert_eq!(book.items().len(), 3);
}

#[test]
fn nobody_withdraws_what_is_settled() {
    let quirks = Quirks { withdraw_rate: 1.0, ..Quirks::none() };
    let mut book = filled(System::Petition, 1, Quirks::none(), 5);
    let ids: Vec<_> = book.items().iter().map(|item| item.id.clone()).collect();
    for id in &ids {
        book.answer(id, &format!("r-{id}"), Action::Result, json!({}), NOW);
    }
    book.quirks = quirks;
    (0..30).for_each(|n| book.arrive(NOW + n, NOW + n));
    assert!(ids.iter().all(|id| book.item(id).is_some_and(|item| !item.withdrawn)));
    assert!(book.items().iter().any(|item| item.withdrawn && item.body["xfj"]["xfjzt"] == "07"));
}

#[test]
fn one_seed_gives_each_system_its_own_matters() {
    let titles = |system| -> Vec<String> {
        let book = filled(system, 1, Quirks::none(), 5);
        book.items().iter().map(|item| item.truth.question.clone()).collect()
    };
    assert_ne!(titles(System::Hotline), titles(System::Petition));
}

#[test]
fn grid_workers_and_mediators_hear_of_their_own_kinds_of_matter() {
    for (system, kinds) in [(System::Grid, grid::record::APPEALS), (System::Video, video::record::APPEALS)] {
        let book = filled(system, 1, Quirks::none(), 60);
        let met = book.items().iter().map(|item| item.truth.appeal.as_str());
        assert!(met.clone().all(|appeal| kinds.contains(&appeal)), "{:?}", met.collect::<Vec<_>>());
    }
}

#[test]
fn a_session_is_told_from_first_to_last_and_its_outcome_stands_in_the_case() {
    let mut book = filled(System::Video, 1, Quirks::none(), 1);
    let id = book.items()[0].id.clone();
    assert!(book.next_delivery(10, NOW).is_none(), "the platform pushes no cases");
    let room = book.hold_session_by_hand(&id, Outcome::Partly, NOW + 5).expect("known");
    let place = book.next_delivery(10, NOW + 5).expect("its events");
    let events = book.delivery(place).records;
    let kinds: Vec<&str> = events.iter().filter_map(|e| e["event_type"].as_str()).collect();
    assert_eq!(kinds, ["room.started", "participant.joined", "room.ended"]);
    assert_eq!((&events[2]["room"]["room_id"], &events[2]["room"]["mediation_result"]), (&json!(room), &json!(3)));
    let item = book.item(&id).expect("filed");
    assert_eq!((&item.body["mediation_result"], item.changed_at), (&json!(3), NOW + 5));
}
