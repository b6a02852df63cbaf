//! Text that is not as it was written: a character of it could not be read here, or at the source.

use huiliu_schemas::submission::FieldProblem;
use serde_json::Value;

use super::Map;
use super::field::Field;
use super::run::each_person;
use crate::charset::REPLACED;

const EXPECTED: &str = "whole characters in UTF-8 or GB18030: what was none was replaced";

/// A problem for each field with such text.
pub(super) fn replaced(map: &Map, record: &Value) -> Vec<FieldProblem> {
    if !is_replaced(record) {
        return Vec::new();
    }
    let mut found: Vec<_> = map.fields.iter().filter_map(|(_, field)| in_field(field, record)).collect();
    for persons in &map.persons {
        for (_, field) in &persons.fields {
            let mut first = None;
            each_person(persons, record, &mut |person| first = first.take().or_else(|| in_field(field, person)));
            found.extend(first);
        }
    }
    found
}

fn is_replaced(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(REPLACED),
        Value::Array(list) => list.iter().any(is_replaced),
        Value::Object(map) => map.values().any(is_replaced),
        _ => false,
    }
}

fn in_field(field: &Field, record: &Value) -> Option<FieldProblem> {
    let mut found = None;
    field.texts(record, &mut |path, text| {
        found = text.contains(REPLACED).then(|| field.problem(path.text(), Some(&text), EXPECTED, false));
        found.is_none()
    });
    found
}
