//! What was met in the samples, field by field: by their values, a field is judged whatever it is called. Pure.

use serde_json::Value;

use crate::map::{as_text, point_of};

/// One field of the source.
pub(super) struct Column {
    /// Its path, with `[]` for the elements of a list.
    pub(super) path: String,
    /// In how many records it has a value.
    pub(super) filled: usize,
    /// Every value that says something, in order.
    pub(super) values: Vec<String>,
    last_record: Option<usize>,
}

/// With fewer values than these, one that comes again is enough for a list of codes.
const FEW: usize = 20;

/// What a value may be that says nothing.
const NOTHING: [&str; 6] = ["", "无", "null", "NULL", "-", "/"];

/// Every field of some records, in the order in which they were met; and keys no path can name.
pub(super) fn of(records: &[&Value]) -> (Vec<Column>, Vec<String>) {
    let (mut columns, mut unnamed) = (Vec::new(), Vec::new());
    for (at, record) in records.iter().enumerate() {
        walk(record, "", at, &mut columns, &mut unnamed);
    }
    unnamed.sort();
    unnamed.dedup();
    // An object that is missing here and there is no field of its own.
    let parts: Vec<String> = columns.iter().map(|column: &Column| column.path.clone()).collect();
    let is_object =
        |path: &str| parts.iter().any(|part| part.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '['])));
    columns.retain(|column| !column.values.is_empty() || !is_object(&column.path));
    (columns, unnamed)
}

fn walk(value: &Value, at: &str, record: usize, columns: &mut Vec<Column>, unnamed: &mut Vec<String>) {
    match value {
        // A value that says its type, and a point as GeoJSON has it, are read as one.
        Value::Object(_) if as_text(value).is_some() => add(columns, at, record, value),
        Value::Array(list) if is_point(list) => {
            let text = list.iter().map(Value::to_string).collect::<Vec<_>>().join(",");
            add(columns, at, record, &Value::String(text));
        }
        Value::Object(object) => {
            for (key, inner) in object {
                if !is_nameable(key) {
                    unnamed.push(key.clone());
                    continue;
                }
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                walk(inner, &path, record, columns, unnamed);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| walk(inner, &format!("{at}[]"), record, columns, unnamed)),
        scalar => add(columns, at, record, scalar),
    }
}

/// Whether a path can name a key.
pub(super) fn is_nameable(key: &str) -> bool {
    !key.is_empty() && !key.contains(['.', '[', ']', '"', '\\'])
}

/// A longitude and a latitude as GeoJSON has them, or two zeros in their place.
fn is_point(list: &[Value]) -> bool {
    let numbers: Option<Vec<f64>> = list.iter().map(Value::as_f64).collect();
    match numbers.as_deref() {
        Some([first, second] | [first, second, _]) => (*first, *second) == (0.0, 0.0) || point_of(*first, *second),
        _ => false,
    }
}

fn add(columns: &mut Vec<Column>, path: &str, record: usize, scalar: &Value) {
    let place = columns.iter().position(|column| column.path == path).unwrap_or_else(|| {
        columns.push(Column { path: path.to_owned(), filled: 0, values: Vec::new(), last_record: None });
        columns.len() - 1
    });
    let column = &mut columns[place];
    let Some(text) = as_text(scalar).filter(|text| !NOTHING.contains(&&**text)) else { return };
    if column.last_record != Some(record) {
        column.filled += 1;
        column.last_record = Some(record);
    }
    column.values.push(text.into_owned());
}

impl Column {
    /// How many of its values are so.
    pub(super) fn count(&self, is: impl Fn(&str) -> bool) -> usize {
        self.values.iter().filter(|value| is(value)).count()
    }

    /// Whether at least four of five values are so, and there is one.
    pub(super) fn mostly(&self, is: impl Fn(&str) -> bool) -> bool {
        !self.values.is_empty() && self.count(is) * 5 >= self.values.len() * 4
    }

    /// Its different values with how often each was met, the most frequent first.
    pub(super) fn met(&self) -> Vec<(&str, usize)> {
        let mut met: Vec<(&str, usize)> = Vec::new();
        for value in &self.values {
            match met.iter_mut().find(|(known, _)| known == value) {
                Some((_, times)) => *times += 1,
                None => met.push((value, 1)),
            }
        }
        met.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        met
    }

    /// Whether it may be a list of codes: few, short values that come again; among few records, short is enough.
    pub(super) fn is_enumerated(&self) -> bool {
        let met = self.met();
        let short = self.values.iter().all(|value| value.chars().count() <= 16);
        short
            && !met.is_empty()
            && met.len() <= 40
            && (met.len() * 2 <= self.values.len() || self.values.len() < FEW && met.len() < self.values.len().max(8))
    }

    /// Mean length in characters.
    pub(super) fn mean_length(&self) -> usize {
        let all: usize = self.values.iter().map(|value| value.chars().count()).sum();
        all / self.values.len().max(1)
    }

    /// Whether it lies in a list.
    pub(super) fn is_listed(&self) -> bool {
        self.path.contains("[]")
    }
}
