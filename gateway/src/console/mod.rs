//! The status page and the questions it asks. Everything here is clear data from the read model: nothing personal can
//! be in it, because nothing personal is in the read model. It never changes anything.
//!
//! [`page`] serves the page itself and needs no key; [`routes`] serves the data and must stand behind authentication,
//! and only operators and machines may pass: it shows every department's cases. The page takes its key from the URL
//! fragment `#key=…` or asks for it, keeps it in `sessionStorage`, and sends it as `Authorization: Bearer …`. Its search
//! box asks `POST /v1/search`, which is not of here: it looks into content, and is audited (`api::search`).
//!
//! | route | answer |
//! |---|---|
//! | `GET /`, `/console/console.css`, `/console/console.js` | the page |
//! | `GET /v1/overview` | [`Overview`](crate::readmodel::Overview) as it stands |
//! | `GET /v1/labels` | [`Labels`]: names for codes |
//! | `GET /v1/cases?…` | `{as_of, cases: [CaseItem], next}`, newest first; `next` is the next page's `cursor`, or null |
//! | `GET /v1/cases/{name}` | [`views::CaseView`]; `name` is an id, a number in any spelling, or `namespace:number` |
//! | `GET /v1/events?since=&limit=` | `{as_of, events: [EventItem], next, more}`, oldest first; without `since` the last ones |
//!
//! Parameters of `/v1/cases`: `stage` (several with commas), `department` (the lead), `channel`, `matter`, `division`
//! (each a prefix), `appeal`, `number` (any spelling, or its beginning), `from`, `to` (RFC 3339), `older_than_hours`,
//! `overdue=true`, `return_pending=true`, `cursor`, `limit` (1–200, default 50). Times are RFC 3339 in UTC; words of the
//! vocabulary come with their Chinese in a field of the same name and `_zh`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use crate::channels::Channels;
use crate::directory::Directory;
use crate::readmodel::ReadHandle;

pub mod views;

mod parameters;
mod questions;
#[cfg(test)]
mod tests;

/// Names for the codes on the page; a code without a name is shown as it is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Labels {
    /// Departments by id.
    pub departments: BTreeMap<String, String>,
    /// Matters by code.
    pub matters: BTreeMap<String, String>,
    /// Divisions by code.
    pub divisions: BTreeMap<String, String>,
    /// Channels by id.
    pub channels: BTreeMap<String, String>,
}

/// The names as they are now: the directory and the packs may change while the hub runs.
pub type Names = Arc<dyn Fn() -> Labels + Send + Sync>;

impl Labels {
    /// The names in a directory and in the packs of the channels.
    pub fn of(directory: &Directory, channels: &Channels) -> Self {
        Self {
            departments: directory.departments.iter().map(|d| (d.id.to_string(), d.name.clone())).collect(),
            matters: directory.matters.iter().map(|m| (m.code.to_string(), m.name.clone())).collect(),
            divisions: directory.divisions.iter().map(|d| (d.code.to_string(), d.name.clone())).collect(),
            channels: channels.values().map(|c| (c.name.to_string(), c.pack().title.zh.clone())).collect(),
        }
    }
}

/// The page itself: no data, no key needed.
pub fn page<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| asset("text/html; charset=utf-8", include_str!("console.html"))))
        .route("/console/console.css", get(|| asset("text/css; charset=utf-8", include_str!("console.css"))))
        .route("/console/console.js", get(|| asset("text/javascript; charset=utf-8", include_str!("console.js"))))
}

/// The data. Authentication is wrapped around it by whoever mounts it.
pub fn routes(reader: ReadHandle, labels: Names) -> Router {
    questions::routes(reader, labels)
}

/// Only our own files may run, and nobody may frame the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 5] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, text).into_response()
}
