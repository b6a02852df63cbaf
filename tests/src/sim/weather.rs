//! Errors, slow answers and "too busy" on the upstream-facing endpoints.
//!
//! A seeded throw per request. Must never touch the source's own view under `/sim`.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rand::RngExt;
use serde_json::{Value, json};

use super::book::Book;
use super::dice::{chance, dice};
use super::source::Source;
use super::system::System;

/// What one request meets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Weather {
    slow_ms: u64,
    trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    Error,
    Busy,
    /// The exchange's own way: 200 with -1 or -2.
    BusyCode(&'static str),
    LostAnswer,
    Hang,
    Reset,
    Truncated,
    Page,
    Unauthorised,
    Login,
}

/// The weather of request number `n`.
pub(crate) fn throw(book: &Book, n: u64) -> Weather {
    let quirks = &book.quirks;
    let mut rng = dice(book.seed, "weather", n);
    let slow_ms = if chance(&mut rng, quirks.slow_rate) { quirks.slow_ms } else { 0 };
    let trouble = if chance(&mut rng, quirks.error_rate) {
        Some(Trouble::Error)
    } else if chance(&mut rng, quirks.busy_rate) {
        Some(busy(book.system, rng.random_range(0..3)))
    } else {
        let rest = [
            (quirks.lost_answer_rate, Trouble::LostAnswer),
            (quirks.hang_rate, Trouble::Hang),
            (quirks.reset_rate, Trouble::Reset),
            (quirks.truncated_rate, Trouble::Truncated),
            (quirks.page_rate, Trouble::Page),
            (quirks.unauthorised_rate, Trouble::Unauthorised),
            (quirks.login_rate, Trouble::Login),
        ];
        rest.into_iter().find_map(|(rate, trouble)| chance(&mut rng, rate).then_some(trouble))
    };
    Weather { slow_ms, trouble }
}

fn busy(system: System, way: u8) -> Trouble {
    match (system, way) {
        (System::Petition, 0) => Trouble::BusyCode("-1"),
        (System::Petition, 1) => Trouble::BusyCode("-2"),
        _ => Trouble::Busy,
    }
}

/// Middleware: lets the weather have its way with a request.
pub(crate) async fn pass(State(source): State<Source>, request: Request, next: Next) -> Response {
    let weather = source.write(|book, _| {
        book.requests += 1;
        throw(book, book.requests)
    });
    if weather.slow_ms > 0 {
        tokio::time::sleep(Duration::from_millis(weather.slow_ms)).await;
    }
    match weather.trouble {
        None => next.run(request).await,
        Some(Trouble::Error) => fault(source.system()),
        Some(Trouble::Busy) => {
            let body = axum::Json(refusal(source.system(), 429, "-2", "请求过于频繁"));
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], body).into_response()
        }
        Some(Trouble::BusyCode(code)) => axum::Json(refusal(source.system(), 0, code, "系统繁忙")).into_response(),
        Some(Trouble::LostAnswer) => {
            let reads = request.method() == Method::GET;
            let done = next.run(request).await;
            if reads { done } else { fault(source.system()) }
        }
        Some(Trouble::Hang) => std::future::pending().await,
        Some(Trouble::Reset) => half_of(next.run(request).await, true).await,
        Some(Trouble::Truncated) => half_of(next.run(request).await, false).await,
        Some(Trouble::Page) => axum::response::Html("<html><body>系统维护中</body></html>").into_response(),
        Some(Trouble::Unauthorised) => {
            let body = axum::Json(refusal(source.system(), 401, "0304", "X-App-Key 无效"));
            (StatusCode::UNAUTHORIZED, body).into_response()
        }
        Some(Trouble::Login) => (StatusCode::FOUND, [(header::LOCATION, "/login")]).into_response(),
    }
}

/// The first half of an answer: as if it were all, or with the connection broken after it.
async fn half_of(answer: Response, breaks: bool) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    if !breaks {
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, half.into());
    }
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let body = futures_util::stream::iter([Ok(half), Err(broken)]);
    Response::from_parts(parts, axum::body::Body::from_stream(body))
}

fn fault(system: System) -> Response {
    let body = axum::Json(refusal(system, 500, "04", "系统异常"));
    (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
}

/// A refusal in the system's own form.
pub(crate) fn refusal(system: System, number: u16, code: &str, message: &str) -> Value {
    match system {
        System::Hotline => json!({ "code": number, "msg": message, "data": null }),
        System::Grid | System::Video => json!({ "code": number, "message": message, "data": null }),
        System::Petition => json!({
            "code": code, "msg": message, "next": "", "list": [],
            "successStr": "", "conflictStr": "", "failSituationList": [],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Quirks;

    fn week(seed: u64, quirks: Quirks) -> Vec<Weather> {
        let book = Book::new(System::Petition, seed, quirks, false);
        (0..500).map(|n| throw(&book, n)).collect()
    }

    #[test]
    fn weather_follows_from_the_seed() {
        assert_eq!(week(1, Quirks::harsh()), week(1, Quirks::harsh()));
        assert_ne!(week(1, Quirks::harsh()), week(2, Quirks::harsh()));
    }

    #[test]
    fn without_quirks_the_sun_shines_and_with_all_it_never_does() {
        assert!(week(1, Quirks::none()).iter().all(|w| *w == Weather::default()));
        let storm = Quirks { error_rate: 1.0, ..Quirks::none() };
        assert!(week(1, storm).iter().all(|w| w.trouble == Some(Trouble::Error)));
    }
}
