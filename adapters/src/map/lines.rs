//! Where in `map.toml` something stands: the line of a key, found by the words an issue names it with.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::issue::line_at;

/// The lines of a TOML file.
pub(crate) struct Lines<'t> {
    text: &'t str,
    root: Option<Spanned<DeTable<'t>>>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, root: DeTable::parse(text).ok() }
    }

    /// The line of `fields."facts.appeal"`, `persons[0].fields.name` or `line 7`; of the nearest key above it where it
    /// stands nowhere.
    pub(crate) fn find(&self, place: &str) -> u32 {
        if let Some(line) = place.strip_prefix("line ").and_then(|line| line.parse().ok()) {
            return line;
        }
        let Some(root) = &self.root else { return 0 };
        let mut found = 0;
        let mut table = Some(root.get_ref());
        let mut list: Option<&DeArray<'t>> = None;
        for step in steps(place) {
            let value = match (&step, table, list) {
                (Step::Key(key), Some(here), _) => {
                    let Some((at, value)) = here.iter().find(|(name, _)| name.get_ref() == key) else { return found };
                    found = line_at(self.text, at.span().start);
                    value
                }
                (Step::At(index), _, Some(here)) => {
                    let Some(value) = here.get(*index) else { return found };
                    found = line_at(self.text, value.span().start);
                    value
                }
                _ => return found,
            };
            (table, list) = match value.get_ref() {
                DeValue::Table(inner) => (Some(inner), None),
                DeValue::Array(inner) => (None, Some(inner)),
                _ => (None, None),
            };
        }
        found
    }
}

enum Step {
    Key(String),
    At(usize),
}

fn steps(place: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = place;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let (step, after) = match rest.as_bytes().first() {
            Some(b'"') => {
                let (key, after) = rest[1..].split_once('"').unwrap_or((&rest[1..], ""));
                (Step::Key(key.to_owned()), after)
            }
            Some(b'[') => {
                let (index, after) = rest[1..].split_once(']').unwrap_or((&rest[1..], ""));
                (Step::At(index.parse().unwrap_or(usize::MAX)), after)
            }
            _ => {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                (Step::Key(rest[..end].to_owned()), &rest[end..])
            }
        };
        steps.push(step);
        rest = after;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_words() {
        let text = "zone = \"UTC\"\n\n[fields]\n\"facts.appeal\" = { from = [\"a\"] }\n\n[[persons]]\nrole = \"reporter\"\n\
                    fields.name = { from = [\"n\"] }\n[writeback.accepted]\nmethod = \"POST\"\n";
        let lines = Lines::of(text);
        let cases = [
            ("zone", 1),
            ("fields.\"facts.appeal\"", 4),
            ("fields.\"facts.appeal\".from", 4),
            ("fields.\"facts.form\"", 3),
            ("persons[0].fields.name", 8),
            ("writeback.accepted.fields.x", 9),
            ("line 7", 7),
            ("nothing", 0),
        ];
        for (place, line) in cases {
            assert_eq!(lines.find(place), line, "{place}");
        }
        assert_eq!(Lines::of("no toml at all").find("fields"), 0);
    }
}
