//! How a system is asked: the `[pull]` section of `pack.toml`, as written and checked.

use std::num::NonZeroU32;

use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::decode::BatchAt;
use crate::map::{Issue, RecordPath, is_format, zone};

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPullSpec {
    path: String,
    kind: Kind,
    params: RawParams,
    /// Parameters that are always the same.
    #[serde(default)]
    fixed: std::collections::BTreeMap<String, String>,
    #[serde(default = "default_format")]
    time_format: String,
    #[serde(default = "default_zone")]
    zone: String,
    page_size: u32,
    #[serde(default)]
    overlap_s: u32,
    /// Longest window asked for at once.
    #[serde(default = "default_window_s")]
    window_s: u32,
    records: String,
    #[serde(default)]
    total: Option<String>,
    /// No longer read; packs that were copied from a built-in one have it.
    #[serde(default, rename = "served_size")]
    _served_size: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    ok: Vec<String>,
    #[serde(default)]
    busy: Vec<String>,
    #[serde(default)]
    message: Option<String>,
    requests_per_minute: NonZeroU32,
}

fn default_format() -> String {
    "yyyy-MM-dd HH:mm:ss".to_owned()
}

fn default_zone() -> String {
    "Asia/Shanghai".to_owned()
}

fn default_window_s() -> u32 {
    86_400
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawParams {
    from: Option<String>,
    to: Option<String>,
    page: Option<String>,
    size: Option<String>,
    since: Option<String>,
    cursor: Option<String>,
}

/// How a list is walked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A window of update times, in numbered pages.
    Window,
    /// From a time on, by the cursor each answer names.
    Cursor,
}

/// A checked `[pull]` section.
#[derive(Debug, Clone)]
pub struct PullSpec {
    pub(crate) path: String,
    pub(crate) walk: Walk,
    pub(crate) fixed: Vec<(String, String)>,
    pub(crate) size_param: Option<String>,
    pub(crate) time_format: String,
    pub(crate) zone: TimeZone,
    pub(crate) page_size: u32,
    pub(crate) overlap_s: u32,
    pub(crate) window_s: u32,
    pub(crate) records: BatchAt,
    pub(crate) list: RecordPath,
    pub(crate) total: Option<RecordPath>,
    pub(crate) code: Option<RecordPath>,
    pub(crate) ok: Vec<String>,
    pub(crate) busy: Vec<String>,
    pub(crate) message: Option<RecordPath>,
    pub(crate) requests_per_minute: NonZeroU32,
}

/// The names of what a walk asks with.
#[derive(Debug, Clone)]
pub(crate) enum Walk {
    /// Parameters of a window.
    Window { from: String, to: String, page: String },
    /// Parameters of a cursor, and where the answer names the next one.
    Cursor { since: String, cursor: String, next: RecordPath },
}

impl RawPullSpec {
    pub(crate) fn check(self, file: &str, issues: &mut Vec<Issue>) -> Option<PullSpec> {
        let before = issues.len();
        let mut issue = |place: &str, value: &str, expected: &str| {
            issues.push(Issue::new(file, &format!("pull.{place}"), value, expected));
        };
        if !self.path.starts_with('/') {
            issue("path", &self.path, "a path from `/`");
        }
        if !is_format(&self.time_format) {
            issue("time_format", &self.time_format, "`unix`, `unix-ms`, `iso`, or yyyy MM dd HH mm ss with separators");
        }
        if self.code.is_some() && self.ok.is_empty() {
            issue("ok", "", "the codes of a good answer");
        }
        if self.page_size == 0 || self.window_s == 0 {
            issue("page_size, window_s", "0", "more than nothing");
        }
        let zone = zone(&self.zone);
        if zone.is_none() {
            issue("zone", &self.zone, "a time zone");
        }
        let mut path = |place: &str, text: Option<&String>| {
            let path = text.and_then(|text| RecordPath::parse(text));
            if text.is_some() && path.is_none() {
                issue(place, text.map_or("", |t| t), "a path such as `data.rows`");
            }
            path
        };
        let list = path("records", Some(&self.records));
        let total = path("total", self.total.as_ref());
        let code = path("code", self.code.as_ref());
        let message = path("message", self.message.as_ref());
        let next = path("next", self.next.as_ref());
        let walk = self.kind.walk(
            self.params.from,
            self.params.to,
            self.params.page,
            self.params.since,
            self.params.cursor,
            next,
        );
        if walk.is_none() {
            issue("params", "", self.kind.wants());
        }
        if issues.len() > before {
            return None;
        }
        Some(PullSpec {
            path: self.path,
            walk: walk?,
            fixed: self.fixed.into_iter().collect(),
            size_param: self.params.size,
            time_format: self.time_format,
            zone: zone?,
            page_size: self.page_size,
            overlap_s: self.overlap_s,
            window_s: self.window_s,
            records: BatchAt::parse(&[self.records])?,
            list: list?,
            total,
            code,
            ok: self.ok,
            busy: self.busy,
            message,
            requests_per_minute: self.requests_per_minute,
        })
    }
}

impl Kind {
    fn walk(
        self,
        from: Option<String>,
        to: Option<String>,
        page: Option<String>,
        since: Option<String>,
        cursor: Option<String>,
        next: Option<RecordPath>,
    ) -> Option<Walk> {
        Some(match self {
            Self::Window => Walk::Window { from: from?, to: to?, page: page? },
            Self::Cursor => Walk::Cursor { since: since?, cursor: cursor?, next: next? },
        })
    }

    fn wants(self) -> &'static str {
        match self {
            Self::Window => "the names `from`, `to` and `page`",
            Self::Cursor => "the names `since` and `cursor`, and the path `next`",
        }
    }
}
