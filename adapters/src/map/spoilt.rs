//! Values that are not as they were written: a character of them could not be read here, or at the source; or their key stands
//! twice in the record, with another value each time.

use huiliu_schemas::submission::FieldProblem;
use serde_json::Value;

use super::field::{Field, as_text, shortened};
use super::path::Path;
use super::run::each_person;
use super::{Link, Map};
use crate::charset::REPLACED;
use crate::json::twice;

const REPLACED_EXPECTED: &str = "whole characters in UTF-8 or GB18030: what was none was replaced";
const TWICE_EXPECTED: &str = "each key once: this one stands twice with another value each time, and neither is taken";

/// A problem for each field with such a value.
pub(super) fn spoilt(map: &Map, record: &Value) -> Vec<FieldProblem> {
    let found = Spoilt::of(record);
    let mut problems = Vec::new();
    if found.replaced {
        each_field(map, record, &mut problems, replaced);
    }
    if found.twice {
        each_field(map, record, &mut problems, in_field);
        problems.extend(in_own_number(&map.id, record));
        for (name, links) in [("aliases", &map.aliases), ("related", &map.related)] {
            problems.extend(links.iter().filter_map(|link| in_link(name, link, record)));
        }
    }
    problems
}

/// Whether the value at a path cannot be told because a key on the way to it stands twice.
pub(super) fn is_twice(path: &Path, record: &Value) -> bool {
    path.on_the_way(record, |value| twice(value).is_some()).is_some()
}

#[derive(Default)]
struct Spoilt {
    replaced: bool,
    twice: bool,
}

impl Spoilt {
    fn of(record: &Value) -> Self {
        let mut found = Self::default();
        found.look(record);
        found
    }

    fn look(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.replaced |= text.contains(REPLACED),
            Value::Array(list) => list.iter().for_each(|inner| self.look(inner)),
            Value::Object(map) => {
                self.twice |= twice(value).is_some();
                map.values().for_each(|inner| self.look(inner));
            }
            _ => {}
        }
    }
}

fn each_field(
    map: &Map,
    record: &Value,
    problems: &mut Vec<FieldProblem>,
    look: impl Fn(&Field, &Value) -> Option<FieldProblem>,
) {
    problems.extend(map.fields.iter().filter_map(|(_, field)| look(field, record)));
    for persons in &map.persons {
        for (_, field) in &persons.fields {
            let mut first = None;
            each_person(persons, record, &mut |person| first = first.take().or_else(|| look(field, person)));
            problems.extend(first);
        }
    }
}

fn replaced(field: &Field, record: &Value) -> Option<FieldProblem> {
    let mut found = None;
    field.texts(record, &mut |path, text| {
        found = text.contains(REPLACED).then(|| field.problem(path.text(), Some(&text), REPLACED_EXPECTED, false));
        found.is_none()
    });
    found
}

fn in_field(field: &Field, record: &Value) -> Option<FieldProblem> {
    let mut paths = field.from.iter().chain(&field.latitude).chain(&field.datum_from);
    paths.find_map(|path| at(field, path, record))
}

fn at(field: &Field, path: &Path, record: &Value) -> Option<FieldProblem> {
    let values = twice(path.on_the_way(record, |value| twice(value).is_some())?)?;
    // Each for itself: masked as one, the last would stand there whole.
    let shown: Vec<_> = values.iter().filter_map(as_text).map(|value| field.shown(&value)).collect();
    let problem = field.problem(path.text(), None, TWICE_EXPECTED, false);
    Some(FieldProblem { value: Some(shown.join(" / ")), ..problem })
}

/// The number at a later path is not the one that is meant.
fn in_own_number(id: &Field, record: &Value) -> Option<FieldProblem> {
    let first = id.from.iter().find(|path| is_twice(path, record) || path.get(record).and_then(as_text).is_some())?;
    at(id, first, record).map(|problem| FieldProblem { blocking: true, ..problem })
}

fn in_link(name: &str, link: &Link, record: &Value) -> Option<FieldProblem> {
    let path = link.from.iter().find(|path| is_twice(path, record))?;
    Some(FieldProblem {
        field: name.to_owned(),
        source_field: shortened(path.text()),
        value: None,
        expected: TWICE_EXPECTED.to_owned(),
        blocking: false,
    })
}
