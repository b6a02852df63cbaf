//! The elements of a list in JSON that is broken somewhere: those that are whole by themselves are kept. A body is read to its end,
//! or not at all: nothing of it is dropped in silence. Pure.

use serde_json::Value;

use crate::map::RecordPath;

/// The elements of the list of a batch, which is the text or lies at the first of the paths; none where none of them reads.
pub(crate) fn elements(text: &str, batch_at: &[RecordPath]) -> Option<Vec<Result<Value, serde_json::Error>>> {
    let text = text.trim();
    let at = |path: &RecordPath| {
        let list = value_at(text, path.text()).filter(|value| value.starts_with('['))?;
        Some((list, path.text().split('.').count()))
    };
    let (list, depth) = if text.starts_with('[') { (text, 0) } else { batch_at.iter().find_map(at)? };
    let elements: Vec<_> = cut(list, depth)?.into_iter().map(serde_json::from_str::<Value>).collect();
    elements.iter().any(Result::is_ok).then_some(elements)
}

/// The text from the value at a path on.
fn value_at<'t>(text: &'t str, path: &str) -> Option<&'t str> {
    path.split('.').try_fold(text, behind_key)
}

/// The text behind a key of the object it begins with.
fn behind_key<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let (mut scan, key) = (Depth::default(), format!("\"{key}\""));
    text.starts_with('{').then_some(())?;
    for (at, byte) in text.bytes().enumerate() {
        let is_key = byte == b'"' && scan.depth == 1 && !scan.in_text;
        let value = || text[at..].strip_prefix(&key)?.trim_start().strip_prefix(':');
        if let Some(value) = is_key.then(value).flatten() {
            return Some(value.trim_start());
        }
        scan.see(byte);
    }
    None
}

/// Cuts `[a, b, …]`, `depth` levels down in its document, at its own commas; none if its end is not found, or anything stands
/// behind the document's: a body is read whole, or told.
fn cut(list: &str, depth: usize) -> Option<Vec<&str>> {
    let mut scan = Depth::default();
    let (mut from, mut found) = (1, Vec::new());
    for (at, byte) in list.bytes().enumerate() {
        let before = scan.depth;
        scan.see(byte);
        let is_end = before == 1 && scan.depth == 0;
        if is_end || (byte == b',' && scan.depth == 1 && !scan.in_text) {
            found.push(list[from..at].trim());
            from = at + 1;
        }
        if is_end {
            found.retain(|element| !element.is_empty());
            return (byte == b']' && ends(&list[from..], depth)).then_some(found);
        }
    }
    None
}

/// Whether a document that is open `depth` levels deep is closed by this text, at its very end.
fn ends(text: &str, depth: usize) -> bool {
    let mut scan = Depth { depth, ..Depth::default() };
    let is_closed = |byte| {
        scan.see(byte);
        scan.depth == 0
    };
    let rest = if depth == 0 { Some(text) } else { text.bytes().position(is_closed).map(|at| &text[at + 1..]) };
    rest.is_some_and(|rest| rest.trim().is_empty())
}

/// How deep in lists and objects a scan of JSON is, texts apart.
#[derive(Default)]
pub(crate) struct Depth {
    pub(crate) depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Depth {
    pub(crate) fn see(&mut self, byte: u8) {
        match (self.in_text, self.escaped, byte) {
            (true, true, _) => self.escaped = false,
            (true, false, b'\\') => self.escaped = true,
            (_, _, b'"') => self.in_text = !self.in_text,
            (false, _, b'[' | b'{') => self.depth += 1,
            (false, _, b']' | b'}') => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}
