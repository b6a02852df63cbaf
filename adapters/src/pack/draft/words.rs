//! The words other systems use for our lists: as the built-in packs translate them, and `words.csv`. Codes that are mere
//! numbers are left out: they mean something else in every system.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crate::map::MapSpec;
use crate::pack::embedded::PACKS;

/// Field → word of a source → word of ours.
static WORDS: LazyLock<HashMap<String, BTreeMap<&'static str, &'static str>>> = LazyLock::new(gather);

/// The field of ours whose table holds the sexes.
pub(super) const SEX: &str = "persons.sex";

fn gather() -> HashMap<String, BTreeMap<&'static str, &'static str>> {
    let mut all: HashMap<String, BTreeMap<&str, &str>> = HashMap::new();
    let further = include_str!("words.csv").lines().skip(1).filter_map(|line| line.split_once(','));
    for (field, (word, ours)) in further.filter_map(|(field, rest)| Some((field, rest.split_once(',')?))) {
        all.entry(field.to_owned()).or_default().insert(word, ours);
    }
    for pack in PACKS {
        let Ok(spec) = toml::from_str::<MapSpec>(pack.map) else { continue };
        let fields = spec.fields.iter().map(|(name, field)| (name.clone(), field));
        let sexes = spec.persons.iter().flat_map(|p| p.fields.get("sex")).map(|field| (SEX.to_owned(), field));
        for (name, field) in fields.chain(sexes) {
            let texts = field.tables.iter().filter_map(|table| pack.tables.iter().find(|(known, _)| known == table));
            let rows = texts.flat_map(|(_, text)| text.lines().skip(1)).filter_map(row);
            all.entry(name).or_default().extend(rows.filter(|(code, _)| !code.bytes().all(|b| b.is_ascii_digit())));
        }
    }
    all
}

/// The first two cells of a line; built-in tables quote nothing.
fn row(line: &'static str) -> Option<(&'static str, &'static str)> {
    let mut cells = line.split(',');
    Some((cells.next()?.trim(), cells.next()?.trim()))
}

/// Our word for a source's word in a field, as far as built-in packs know it.
pub(super) fn known(field: &str, word: &str) -> Option<&'static str> {
    WORDS.get(field)?.get(word).copied()
}

/// Our class for a class of a source: of a path of names, the most specific part that is known.
pub(super) fn class(name: &str) -> Option<&'static str> {
    let parts = || name.split(['>', '/', '|', '→']).map(|part| part.trim().trim_end_matches('-'));
    known("facts.matter", name).or_else(|| parts().rev().find_map(|part| known("facts.matter", part)))
}
