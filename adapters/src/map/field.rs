//! One field as it runs: finding its value in a record and reading it. A value that cannot be read becomes a
//! problem, never an end.

use std::borrow::Cow;
use std::sync::Arc;

use huiliu_schemas::places::Datum;
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::FieldProblem;
use serde_json::Value;

use super::order::says_no_order;
use super::path::Path;
use super::spec::{Need, Pick};
use super::spoilt::is_twice;
use super::table::Table;
use super::time::TimeReader;
use crate::looks::{holds_personal_number, is_door, is_placeholder};

/// A field, compiled.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) from: Vec<Path>,
    pub(crate) pick: Pick,
    pub(crate) implied: Vec<(Path, String)>,
    pub(crate) constant: Option<String>,
    pub(crate) need: Need,
    pub(crate) blank: Vec<String>,
    pub(crate) tables: Vec<Arc<Table>>,
    pub(crate) time: TimeReader,
    pub(crate) datum: Datum,
    pub(crate) datum_from: Vec<Path>,
    pub(crate) latitude: Vec<Path>,
    pub(crate) yes: Vec<String>,
    pub(crate) no: Vec<String>,
    pub(crate) also: Vec<(Path, Vec<String>)>,
    pub(crate) unit: Option<String>,
    /// By path, what is put before the source's number.
    pub(crate) prefix: Vec<(String, String)>,
    pub(crate) personal: bool,
    /// Of a person: a word for "unknown" is as good as absent, so that the next path is asked.
    pub(crate) of_person: bool,
    /// Of a record's order: so is what is written where nothing has happened yet.
    pub(crate) of_order: bool,
    /// A flag that protects someone: what cannot be read counts as yes.
    pub(crate) protects: bool,
}

/// Longest value shown in a problem.
const SHOWN: usize = 40;
/// What usually means "absent".
pub(crate) const BLANK: [&str; 4] = ["", "无", "null", "0"];

impl Field {
    /// Every value that is there, in order of preference, as text.
    pub(crate) fn texts<'v>(&self, record: &'v Value, visit: &mut dyn FnMut(&Path, Cow<'v, str>) -> bool) {
        for path in &self.from {
            let mut more = true;
            path.visit(record, &mut |value| {
                // What a flag says is never "absent": where codes are read, `false` is one of them.
                let is_code = value.is_boolean() && !self.tables.is_empty();
                if let Some(text) = as_text(value).filter(|text| is_code || !self.is_blank(text)) {
                    more = visit(path, text);
                }
                more
            });
            if !more {
                return;
            }
        }
    }

    /// The first value that `read` accepts; the others become problems. A constant stands in for none.
    pub(crate) fn read<T>(
        &self,
        record: &Value,
        expected: &str,
        problems: &mut Vec<FieldProblem>,
        mut read: impl FnMut(&str) -> Option<T>,
    ) -> Option<T> {
        let (mut found, mut met) = (None, false);
        self.texts(record, &mut |path, text| {
            met = true;
            match read(&text) {
                None => problems.push(self.problem(path.text(), Some(&text), expected, false)),
                value => found = value,
            }
            found.is_none() || self.pick == Pick::Last
        });
        let found = found.or_else(|| self.stand_in(record).and_then(read));
        if found.is_none() {
            self.miss(record, met, expected, problems);
        }
        found
    }

    /// What it is when none of its own paths has a value: what another path's presence implies, else the constant.
    pub(crate) fn stand_in(&self, record: &Value) -> Option<&str> {
        let implied = self.implied.iter().find(|(path, _)| is_present(path, record)).map(|(_, word)| word);
        implied.or(self.constant.as_ref()).map(String::as_str)
    }

    /// Notes that a needed field has no value, and for every field that what stands there is none.
    pub(crate) fn miss(&self, record: &Value, met: bool, expected: &str, problems: &mut Vec<FieldProblem>) {
        if let Some(path) = self.unreadable(record).filter(|_| !met) {
            if self.need != Need::Required && is_twice(path, record) {
                return;
            }
            problems.push(self.problem(path.text(), None, expected, self.need == Need::Required));
            return;
        }
        match (self.need, met) {
            (Need::Required, true) => {
                problems.iter_mut().filter(|p| p.field == self.name).for_each(|p| p.blocking = true);
            }
            (Need::Required, false) => problems.push(self.problem(&self.sources(), None, expected, true)),
            (Need::Wanted | Need::Either, false) => problems.push(self.problem(&self.sources(), None, expected, false)),
            _ => {}
        }
    }

    /// The path at which a list, an object or a number that has lost digits stands instead of a value.
    pub(crate) fn unreadable(&self, record: &Value) -> Option<&Path> {
        let stands = |value: &Value| as_text(value).is_none() && !says_nothing(value);
        self.from.iter().find(|path| path.get(record).is_some_and(stands))
    }

    /// A problem with a value of this field.
    pub(crate) fn problem(&self, source: &str, value: Option<&str>, expected: &str, blocking: bool) -> FieldProblem {
        FieldProblem {
            field: self.name.clone(),
            source_field: source.to_owned(),
            value: value.map(|value| self.shown(value)),
            expected: expected.to_owned(),
            blocking,
        }
    }

    /// A value as a message shows it. What is long is somebody's words: in a row whose cells are shifted, wherever they stand.
    pub(crate) fn shown(&self, value: &str) -> String {
        let long = value.chars().count() > SHOWN;
        let hidden = self.personal || long || holds_personal_number(value) || is_door(value);
        if hidden { Private::new(value).masked() } else { shortened(value) }
    }

    /// Where it comes from, for messages.
    pub(crate) fn sources(&self) -> String {
        self.from.iter().map(Path::text).collect::<Vec<_>>().join(" | ")
    }

    /// The word of the first table that knows a code.
    pub(crate) fn word(&self, code: &str) -> Option<&str> {
        self.tables.iter().find_map(|table| table.word(code))
    }

    fn is_blank(&self, text: &str) -> bool {
        text.is_empty()
            || self.blank.iter().any(|b| b == text)
            || (self.of_person && is_placeholder(text))
            || (self.of_order && says_no_order(text, &self.time))
    }
}

/// A scalar as trimmed text, also as MongoDB exports it (`{"$date": …}`) and alone in a list; nothing for null, other lists,
/// objects, and numbers that have lost digits.
pub(crate) fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Array(list) => match list.as_slice() {
            [one] if !one.is_array() => as_text(one),
            _ => None,
        },
        Value::String(text) => Some(Cow::Borrowed(text.trim())),
        Value::Number(number) if is_exact(number) => Some(Cow::Owned(written(number))),
        Value::Bool(true) => Some(Cow::Borrowed("1")),
        Value::Bool(false) => Some(Cow::Borrowed("0")),
        Value::Object(object) => as_text(wrapped(object)?),
        _ => None,
    }
}

/// What stands in an object that says no more than of which type it is.
fn wrapped(object: &serde_json::Map<String, Value>) -> Option<&Value> {
    let (key, value) = object.iter().next().filter(|_| object.len() == 1)?;
    key.starts_with('$').then_some(value)
}

/// Whether a value, or all that it holds, is what systems write for "none".
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().all(says_nothing),
        Value::Object(map) => map.values().all(says_nothing),
        scalar => as_text(scalar).is_some_and(|text| BLANK.contains(&&*text)),
    }
}

/// Whether anything but a word for "absent" stands there.
pub(crate) fn is_present(path: &Path, record: &Value) -> bool {
    path.get(record).is_some_and(|value| match value {
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        scalar => as_text(scalar).is_some_and(|text| !BLANK.contains(&&*text)),
    })
}

/// Above 2^53 a JSON number without a fraction may be another than the one sent.
fn is_exact(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.abs() < 9_007_199_254_740_992.0)
}

/// `5.0` is the code `5`: some systems know no whole numbers.
fn written(number: &serde_json::Number) -> String {
    let text = number.to_string();
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A value short enough for a message.
pub(crate) fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN).chain(['…']).collect() }
}
