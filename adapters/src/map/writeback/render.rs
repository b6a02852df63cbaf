//! From an outgoing fact to the parts of a request.

use std::fmt;

use serde_json::{Map, Value};

use super::{Fact, OutField, Outgoing, Request};
use crate::map::spec::Encoding;
use crate::map::time::write;

/// A request, ready but for the address of the system and its credential. The body may hold personal text.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequestParts {
    /// `POST`, `PUT` or `PATCH`.
    pub method: String,
    /// Path from the root of the system's address, encoded.
    pub path: String,
    /// Content type, and the idempotency key for those who look for it in a header.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpRequestParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequestParts({} {}, {} bytes)", self.method, self.path, self.body.len())
    }
}

pub(super) fn render(request: &Request, outgoing: &Outgoing) -> HttpRequestParts {
    let values: Vec<(&OutField, String)> =
        request.fields.iter().filter_map(|field| value(request, field, outgoing).map(|v| (field, v))).collect();
    let (kind, body) = match request.encoding {
        Encoding::Json => ("application/json; charset=utf-8", json_body(&values)),
        Encoding::Form => ("application/x-www-form-urlencoded", form_body(&values)),
    };
    let (path, id) = request.address(&outgoing.source_id);
    HttpRequestParts {
        method: request.method.clone(),
        path: path.replace("{source_id}", &encoded(id)),
        headers: vec![
            ("content-type".to_owned(), kind.to_owned()),
            ("idempotency-key".to_owned(), outgoing.event_id.clone()),
        ],
        body,
    }
}

impl Request {
    /// Where a record is told, and its number as the source knows it: without what tells its series from the others here.
    fn address<'a>(&'a self, id: &'a str) -> (&'a str, &'a str) {
        let series =
            self.paths.iter().filter_map(|(prefix, path)| Some((path.as_str(), id.strip_prefix(prefix.as_str())?)));
        series.min_by_key(|(_, own)| own.len()).unwrap_or((&self.path, id))
    }
}

/// The reply as it is told; the reason where there is none.
pub(super) fn words(request: &Request, outgoing: &Outgoing) -> Option<String> {
    let told = |fact| request.fields.iter().filter(move |f| f.fact == fact).find_map(|f| value(request, f, outgoing));
    told(Fact::Reply).or_else(|| told(Fact::Reason))
}

fn value(request: &Request, field: &OutField, out: &Outgoing) -> Option<String> {
    let private = |text: &Option<huiliu_schemas::private::Private>| text.as_ref().map(|t| t.expose().to_owned());
    let raw = match &field.fact {
        Fact::Constant(text) => Some(text.clone()),
        Fact::SourceId => Some(request.address(&out.source_id).1.to_owned()),
        Fact::EventId => Some(out.event_id.clone()),
        Fact::At => Some(write(out.at, &field.format, &request.zone)),
        Fact::DepartmentName => out.department_name.clone(),
        Fact::Reply => private(&out.reply),
        Fact::Reason => private(&out.reason),
        Fact::Solved => out.solved.map(|solved| solved.as_str().to_owned()),
        Fact::Contacted => out.contacted.map(|yes| if yes { "1" } else { "0" }.to_owned()),
    }?;
    let told = field.table.as_ref().and_then(|table| table.word(&raw)).unwrap_or(&raw);
    Some(fitted(told, field.longest))
}

/// No longer than the source takes; what is cut ends in a mark, so that nobody takes it for the whole.
fn fitted(text: &str, longest: usize) -> String {
    const CUT: &str = "……";
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let room = longest.saturating_sub(CUT.chars().count());
    text.chars().take(room).chain(CUT.chars().take(longest)).collect()
}

fn json_body(values: &[(&OutField, String)]) -> Vec<u8> {
    let mut root = Map::new();
    for (field, value) in values {
        put(&mut root, &field.keys, value);
    }
    Value::Object(root).to_string().into_bytes()
}

fn put(map: &mut Map<String, Value>, keys: &[String], value: &str) {
    match keys {
        [] => {}
        [key] => drop(map.insert(key.clone(), Value::String(value.to_owned()))),
        [key, rest @ ..] => {
            if let Value::Object(inner) = map.entry(key.clone()).or_insert_with(|| Value::Object(Map::new())) {
                put(inner, rest, value);
            }
        }
    }
}

fn form_body(values: &[(&OutField, String)]) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (field, value) in values {
        form.append_pair(&field.keys.join("."), value);
    }
    form.finish().into_bytes()
}

/// One path segment: everything but letters, digits and `-_.~` is escaped, so no id can leave its place.
fn encoded(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            b'.' if !matches!(segment, "." | "..") => out.push('.'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{encoded, fitted};

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(fitted("已修复路灯", 5), "已修复路灯");
        assert_eq!(fitted("已修复路灯", 4), "已修……");
        assert_eq!(fitted("已修复路灯", 1), "…");
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(encoded("热线-1"), "%E7%83%AD%E7%BA%BF-1");
        assert_eq!(encoded("../a?b"), "..%2Fa%3Fb");
        assert_eq!(encoded(".."), "%2E%2E");
    }
}
