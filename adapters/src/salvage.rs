//! The elements of a list in JSON that is broken somewhere: those that are whole by themselves are kept. A body is read to its end,
//! or not at all: nothing of it is dropped in silence. Pure.

use serde_json::Value;

use crate::map::RecordPath;

/// The elements of the list of a batch, which is the text or lies at the first of the paths; none where none of them reads.
pub(crate) fn elements(text: &str, batch_at: &[RecordPath]) -> Option<Vec<Result<Value, serde_json::Error>>> {
    let cut = cut(text, batch_at)?;
    let elements: Vec<_> = cut.elements.into_iter().map(serde_json::from_str::<Value>).collect();
    elements.iter().any(Result::is_ok).then_some(elements)
}

/// A document, cut at its list.
pub(crate) struct Cut<'t> {
    before: &'t str,
    pub(crate) list: &'t str,
    pub(crate) elements: Vec<&'t str>,
    after: &'t str,
}

impl Cut<'_> {
    /// The document with no element in its list.
    pub(crate) fn around(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&format!("{}[]{}", self.before, self.after))
    }
}

/// Cuts a document at its list, which is the text or lies at the first of the paths, and that at its own commas; none if its end
/// is not found, or anything stands behind the document's: a body is read whole, or told.
pub(crate) fn cut<'t>(text: &'t str, batch_at: &[RecordPath]) -> Option<Cut<'t>> {
    let text = text.trim();
    let at = |path: &RecordPath| {
        let list = value_at(text, path.text()).filter(|value| value.starts_with('['))?;
        Some((list, path.text().split('.').count()))
    };
    let (from, depth) = if text.starts_with('[') { (text, 0) } else { batch_at.iter().find_map(at)? };
    let (elements, end) = split(from)?;
    let (before, (list, after)) = (&text[..text.len() - from.len()], from.split_at(end));
    ends(after, depth).then_some(Cut { before, list, elements, after })
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

/// The elements of `[a, b, …]`, and where it ends.
fn split(list: &str) -> Option<(Vec<&str>, usize)> {
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
            return (byte == b']').then_some((found, from));
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
