//! The page behind all that a window is said to have.

use std::time::Duration;

use super::backoff::Retry;
use super::cursor::Cursor;
use super::cursor_test::{agreed, hour, next, page};
use super::error::{Missing, PullError};
use super::window::{MOST_WALKS, Reading};

fn status(status: u16) -> PullError {
    PullError::Status { status, message: String::new(), retry_after: None }
}

/// The first page of so many that each list a hundred, as many as are named, that is not answered well.
fn behind(named: u32, reading: &mut Reading) -> Cursor {
    let pages = 0..named / 100;
    pages.fold(hour(), |cursor, n| next(&cursor, &page(n * 100..n * 100 + 100, u64::from(named)), reading))
}

/// Whatever is wrong with the page behind all that is named: it need not be there. Where nobody answers, nobody says so.
#[test]
fn an_answer_to_the_page_behind_all_that_is_named_stops_no_channel() {
    let seconds = Duration::from_secs;
    let present = agreed("2026-03-01T01:00:00Z");
    for error in [
        status(204),
        status(302),
        status(403),
        status(502),
        PullError::Code { code: "403".to_owned(), message: String::new(), busy: false },
        PullError::Timeout(seconds(30)),
        PullError::Broken(String::new()),
        PullError::TooLarge(1),
        PullError::NotJson { line: 1, column: 1 },
    ] {
        let mut reading = Reading::default();
        let second = behind(200, &mut reading);
        for _ in 1..MOST_WALKS {
            assert_eq!(second.beyond(&error, present, &mut reading), None, "{error}: it is asked again");
        }
        let (end, missing) = second.beyond(&error, present, &mut reading).expect("but not for ever");
        assert!(end.is_between_rounds());
        // What only fails may have failed for another reason: then somebody must know.
        let told = Missing { named: 200, listed: 200, walks: 1, refused: Some(3) };
        assert_eq!(missing, Some(told).filter(|_| error.retry() == Retry::Backoff), "{error}");
    }
    let mut reading = Reading::default();
    let second = behind(200, &mut reading);
    for _ in 0..3 * MOST_WALKS {
        assert_eq!(second.beyond(&PullError::Connect(String::new()), present, &mut reading), None);
    }
}

/// Some count no further than to a round number, and refuse what is behind it.
#[test]
fn a_refusal_behind_a_round_number_is_told() {
    let mut reading = Reading::default();
    let mut refused = |named| {
        let last = behind(named, &mut reading);
        last.beyond(&status(400), agreed("2026-03-01T01:00:00Z"), &mut reading).expect("over").1
    };
    assert_eq!(refused(200), None, "it names what it has");
    let told = refused(10_000).expect("told");
    assert_eq!(told, Missing { named: 10_000, listed: 10_000, walks: 1, refused: Some(101) });
    assert!(told.to_string().contains("if there are more, make `window_s` smaller"), "{told}");
}

/// A source that was heard to name fewer than it has: what is behind them is no needless page.
#[test]
fn a_failure_behind_a_number_that_was_too_small_is_waited_out() {
    let mut reading = Reading::default();
    let third = next(&behind(100, &mut reading), &page(100..200, 100), &mut reading);
    let present = agreed("2026-03-01T01:00:00Z");
    for _ in 0..3 * MOST_WALKS {
        assert_eq!(third.beyond(&status(502), present, &mut reading), None, "in the window");
    }
    let (_, told) = third.beyond(&status(404), present, &mut reading).expect("refused");
    assert_eq!(told, Some(Missing { named: 100, listed: 200, walks: 1, refused: Some(3) }));
    let third = next(&behind(100, &mut reading), &page(100..200, 100), &mut reading);
    let (end, missing) = third.after(&page(200..250, 50), &mut reading).expect("over");
    assert!(end.is_between_rounds() && missing.is_some());
}

/// One that was registered between the counting and the listing does not say that there are others.
#[test]
fn a_record_too_many_on_a_page_is_no_number_that_is_too_small() {
    let mut reading = Reading::default();
    let first = next(&hour(), &page(0..100, 199), &mut reading);
    let third = next(&first, &page(100..200, 199), &mut reading);
    let present = agreed("2026-03-01T01:00:00Z");
    let ends = (0..MOST_WALKS).find_map(|_| third.beyond(&status(502), present, &mut reading));
    assert!(ends.expect("over").0.is_between_rounds());
}
