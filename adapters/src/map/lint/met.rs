//! What stands in the fixtures and is not read, or not translated.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::SourceId;
use huiliu_schemas::finding::Finding;

use super::{Material, Sample, open};
use crate::map::field::Field;
use crate::map::{Map, run};

/// Fields of the source that no line reads and `ignore` does not name.
pub(super) fn unread(map: &Map, material: &Material<'_>, found: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    for sample in material.samples {
        let paths = sample.records.iter().flat_map(|record| map.unread(record));
        for path in paths.filter(|path| !path.is_empty() && !open::speaks_of(material, path)) {
            if told.insert(path.clone()) {
                found.push(Finding::warning(
                    &sample.file,
                    sample.line_of_key(&path),
                    format!("来源字段 `{path}` 没有任何一行读取：在 map.toml 中写一行，或写进 ignore"),
                    format!("no line reads the source's field `{path}`: map it, or name it in `ignore`"),
                ));
            }
        }
    }
}

/// Codes without a word: those that wait in a table, and those met in a fixture that stand in none.
pub(super) fn untranslated(map: &Map, samples: &[Sample], found: &mut Vec<Finding>) {
    let fields = || map.fields.iter().map(|(target, field)| (field, target.0.words()));
    let sexes = map.persons.iter().flat_map(|p| &p.fields).map(|(_, field)| (field, Vec::new()));
    let fields: Vec<(&Field, Vec<_>)> = fields().chain(sexes).collect();
    let mut waiting = BTreeMap::new();
    for (field, words) in &fields {
        for table in &field.tables {
            let rows =
                table.waiting().iter().map(|(code, line)| ((table.file().to_owned(), *line), (code, words, field)));
            waiting.extend(rows);
        }
    }
    for ((file, line), (code, words, field)) in &waiting {
        let choice = choice(words);
        found.push(Finding::warning(
            file,
            u32::try_from(*line).unwrap_or(0),
            format!("代码 `{code}`（{}）还没有译词：填写 word 列{}", field.name, choice.0),
            format!("code `{code}` ({}) has no word yet{}", field.name, choice.1),
        ));
    }
    let is_waiting =
        |field: &Field, code: &str| field.tables.iter().flat_map(|t| t.waiting()).any(|(known, _)| known == code);
    let mut told = BTreeSet::new();
    for sample in samples {
        for (name, code) in sample.records.iter().flat_map(|record| run::untranslated(map, record, &nobody())) {
            let Some((field, words)) = fields.iter().find(|(field, _)| field.name == name) else { continue };
            if is_waiting(field, &code) || !told.insert((name.clone(), code.clone())) {
                continue;
            }
            let table = field.tables.last().map_or("", |table| table.file());
            let choice = choice(words);
            found.push(Finding::warning(
                &sample.file,
                sample.line_of(&code),
                format!("{name} 的代码 `{code}` 没有译词：在 {table} 加一行{}", choice.0),
                format!("{name}: no table translates `{code}`: add a line to {table}{}", choice.1),
            ));
        }
    }
}

/// The words to choose from, in both languages.
fn choice(words: &[(&str, &str)]) -> (String, String) {
    if words.is_empty() {
        return Default::default();
    }
    let zh: Vec<String> = words.iter().map(|(word, zh)| format!("{word}（{zh}）")).collect();
    let en: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    (format!("，可用 {}", zh.join(" ")), format!(": one of {}", en.join(", ")))
}

/// A source for records of which only the codes are looked at.
fn nobody() -> SourceId {
    SourceId { namespace: "lint".parse().unwrap_or_else(|_| unreachable!("a valid token")), id: String::new() }
}
