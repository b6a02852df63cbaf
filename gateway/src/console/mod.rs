//! The status page and the questions it asks. Everything here is clear data from the read model: nothing personal can
//! be in it, because nothing personal is in the read model. It never changes anything.
//!
//! [`page`] serves the page itself and needs no key; [`routes`] serves the data and must stand behind authentication,
//! and only operators and machines may pass: it shows every department's cases. The page takes its key from the URL
//! fragment `#key=…` or asks for it, keeps it in `sessionStorage`, and sends it as `Authorization: Bearer …`. Its search
//! box asks `POST /v1/search`, which is not of here: it looks into content, and is audited (`api::search`).
//!
//! What is asked and answered is said beside each question in `questions`, and so in the OpenAPI document. Times are
//! RFC 3339 in UTC; words of the vocabulary come with their Chinese in a field of the same name and `_zh`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::channels::Channels;
use crate::directory::Directory;
use crate::problem::Problem;
use crate::readmodel::ReadHandle;
use crate::rest::conditional::{self, tagged};
use crate::rest::{Endpoints, Operation, Shape, Tag};

pub mod views;

mod parameters;
mod questions;
#[cfg(test)]
mod tests;

/// Names for the codes on the page; a code without a name is shown as it is.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
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

/// Where the case log ends, as its server says: a read model may be behind.
pub type LogEnd = Arc<dyn Fn() -> BoxFuture<'static, Result<u64, Problem>> + Send + Sync>;

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
pub fn page() -> Endpoints<()> {
    Endpoints::new()
        .file("/", "page", "text/html; charset=utf-8", include_str!("console.html"))
        .file("/console/console.css", "pageStyle", "text/css; charset=utf-8", include_str!("console.css"))
        .file("/console/console.js", "pageScript", "text/javascript; charset=utf-8", include_str!("console.js"))
}

/// The questions, as they are described.
pub fn endpoints() -> Endpoints<questions::Asked> {
    questions::endpoints()
}

/// The data. Authentication is wrapped around it by whoever mounts it.
pub fn routes(reader: ReadHandle, labels: Names, end: LogEnd) -> Router {
    endpoints().router().with_state(questions::Asked::new(reader, labels, end))
}

impl Endpoints<()> {
    /// A file of a page: it holds no data and needs no key.
    #[must_use]
    pub fn file(self, path: &'static str, id: &'static str, kind: &'static str, text: &'static str) -> Self {
        let media = kind.split(';').next().unwrap_or(kind);
        let says = Operation::get(path, id, Tag::Site, "页面文件", "A file of a page")
            .answers_as(200, "文件 · The file", media, Shape::Is(json!({ "type": "string" })), "")
            .tagged();
        self.on(says, async move |headers: HeaderMap| asset(&headers, kind, text))
    }
}

/// Only our own files may run, and nobody may frame the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn asset(headers: &HeaderMap, kind: &'static str, text: &'static str) -> Response {
    let mut answer = tagged(headers, &conditional::Tag::of_bytes(text.as_bytes()), kind, text.into());
    let told: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    answer.headers_mut().extend(told);
    answer
}
