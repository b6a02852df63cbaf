//! The elements of the lists in JSON that is broken somewhere: those that are whole by themselves are kept. A body is read to its
//! end, or not at all: nothing of it is dropped in silence. Pure.

use std::ops::Range;

use serde_json::Value;

use crate::json;
use crate::map::RecordPath;

/// The elements of a batch, as `read` reads each; none where it reads none of them.
pub(crate) fn elements<E>(
    text: &str,
    batch_at: &[RecordPath],
    read: impl Fn(&str) -> Result<Value, E>,
) -> Option<Vec<Result<Value, E>>> {
    let elements: Vec<_> = cut(text, batch_at)?.elements.into_iter().map(read).collect();
    elements.iter().any(Result::is_ok).then_some(elements)
}

/// A document, cut at its lists.
pub(crate) struct Cut<'t> {
    text: &'t str,
    /// In the order of their elements.
    lists: Vec<Range<usize>>,
    pub(crate) elements: Vec<&'t str>,
}

impl Cut<'_> {
    /// The document with no element in its lists.
    pub(crate) fn around(&self) -> Result<Value, serde_json::Error> {
        let mut lists: Vec<_> = self.lists.iter().collect();
        lists.sort_by_key(|list| list.start);
        let (mut around, mut at) = (String::new(), 0);
        for list in lists {
            around.extend([&self.text[at..list.start], "[]"]);
            at = list.end;
        }
        around.push_str(&self.text[at..]);
        json::parse(&around)
    }

    /// The lists as they stand there.
    pub(crate) fn lists(&self) -> impl Iterator<Item = &str> {
        self.lists.iter().map(|list| &self.text[list.clone()])
    }
}

/// Cuts a document at its lists, which are the text or lie at any of the paths, and those at their own commas; none if the end of
/// one is not found, or anything stands behind the document's: a body is read whole, or told.
pub(crate) fn cut<'t>(text: &'t str, batch_at: &[RecordPath]) -> Option<Cut<'t>> {
    let text = text.trim();
    let is_list = |at: &usize| text[*at..].starts_with('[');
    let places: Vec<usize> = match is_list(&0) {
        true => vec![0],
        false => batch_at.iter().flat_map(|path| values_at(text, path.text())).filter(is_list).collect(),
    };
    let mut cut = Cut { text, lists: Vec::new(), elements: Vec::new() };
    for from in places {
        let (elements, length) = split(&text[from..])?;
        cut.lists.push(from..from + length);
        cut.elements.extend(elements);
    }
    (!cut.lists.is_empty() && is_whole(text)).then_some(cut)
}

/// Where the values at a path begin: a key may stand twice.
fn values_at(text: &str, path: &str) -> Vec<usize> {
    path.split('.').fold(vec![0], |places, key| places.into_iter().flat_map(|at| behind_key(text, at, key)).collect())
}

/// Where the values of a key begin, in the object that begins at `from`.
fn behind_key(text: &str, from: usize, key: &str) -> Vec<usize> {
    let (mut scan, mut found, key) = (Depth::default(), Vec::new(), format!("\"{key}\""));
    if !text[from..].starts_with('{') {
        return found;
    }
    for (at, byte) in text.bytes().enumerate().skip(from) {
        let is_key = byte == b'"' && scan.depth == 1 && !scan.in_text;
        let value = || text[at..].strip_prefix(&key)?.trim_start().strip_prefix(':');
        found.extend(is_key.then(value).flatten().map(|value| text.len() - value.trim_start().len()));
        scan.see(byte);
        if scan.depth == 0 {
            break;
        }
    }
    found
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

/// Whether a list or an object is closed at the very end of the text.
fn is_whole(text: &str) -> bool {
    let mut scan = Depth::default();
    let closes = text.bytes().position(|byte| {
        scan.see(byte);
        scan.depth == 0
    });
    closes.is_some_and(|at| at + 1 == text.len())
}

/// Whether a text is nested deeper than `most` levels.
pub(crate) fn is_deeper(text: &str, most: usize) -> bool {
    let mut scan = Depth::default();
    text.bytes().any(|byte| {
        scan.see(byte);
        scan.depth > most
    })
}

/// How deep in lists and objects a scan of JSON is, texts apart.
#[derive(Default)]
struct Depth {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Depth {
    fn see(&mut self, byte: u8) {
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
