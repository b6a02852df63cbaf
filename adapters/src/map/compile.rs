//! From `map.toml` as written to what runs, checked against the schema: every issue is found, not only the first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use huiliu_schemas::content::PersonRole;
use huiliu_schemas::places::{Datum, DivisionCode, MatterCode};
use huiliu_schemas::submission::Intent;
use huiliu_schemas::vocabulary::UpstreamState;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::field::{BLANK, Field};
use super::issue::Issue;
use super::path::Path;
use super::shape::Shape;
use super::spec::{FieldSpec, IntentSpec, LinkSpec, MapSpec, Need, PersonsSpec, Pick};
use super::table::Table;
use super::target::{self, PersonTarget, Target};
use super::time::{TimeReader, zone};
use super::writeback::compile::compile as compile_writeback;
use super::{IntentRule, Link, Map, PersonTargetOf, Persons, TargetOf};

/// Name of the file, for messages.
pub(super) const FILE: &str = "map.toml";

impl Map {
    /// Compiles a map. `tables` are the contents of `tables/*.csv` by name without the ending.
    pub fn compile(text: &str, tables: &BTreeMap<String, String>) -> Result<Self, Vec<Issue>> {
        let spec: MapSpec = toml::from_str(text).map_err(|error| vec![Issue::toml(FILE, "a map", text, &error)])?;
        let mut builder = Builder::new(&spec, tables);
        let map = builder.map(&spec);
        match map {
            Some(map) if builder.issues.is_empty() => Ok(map),
            _ => Err(builder.issues),
        }
    }
}

/// What compiling needs at every step.
pub(super) struct Builder {
    pub(super) issues: Vec<Issue>,
    tables: HashMap<String, Arc<Table>>,
    pub(super) zone: TimeZone,
}

impl Builder {
    fn new(spec: &MapSpec, texts: &BTreeMap<String, String>) -> Self {
        let mut issues = Vec::new();
        let read = |(name, text): (&String, &String)| {
            (name.clone(), Arc::new(Table::read(&format!("tables/{name}.csv"), text, &mut issues)))
        };
        let tables = texts.iter().map(read).collect();
        let zone = zone(&spec.zone).unwrap_or_else(|| {
            issues.push(Issue::new(FILE, "zone", &spec.zone, "a time zone such as `Asia/Shanghai`"));
            TimeZone::UTC
        });
        Self { issues, tables, zone }
    }

    pub(super) fn issue(&mut self, place: &str, value: &str, expected: &str) {
        self.issues.push(Issue::new(FILE, place, value, expected));
    }

    fn map(&mut self, spec: &MapSpec) -> Option<Map> {
        let mut fields = Vec::new();
        let mut id = None;
        for (name, field) in &spec.fields {
            match target::named(name) {
                None => self.issue(&format!("fields.\"{name}\""), name, &format!("one of {}", target::names())),
                Some(Target::SourceId) => id = Some(self.id(field)),
                Some(target) => {
                    let compiled = self.field(name, &format!("fields.\"{name}\""), field, is_personal(target));
                    self.check_target(name, target, field, &compiled);
                    fields.push((TargetOf(target), compiled));
                }
            }
        }
        if id.is_none() {
            self.issue("fields", "", "the field `source.id`: without it nothing is a case");
        }
        let persons = spec.persons.iter().enumerate().map(|(i, p)| self.persons(i, p)).collect();
        let own = id.as_ref().map_or_else(Vec::new, |id| id.prefix.clone());
        let aliases = self.links("aliases", &spec.aliases, &own);
        let related = self.links("related", &spec.related, &own);
        let intents = spec.intent.iter().enumerate().map(|(i, rule)| self.intent(i, rule, &own)).collect();
        let ignored = self.paths("ignore", &spec.ignore);
        let writeback = Arc::new(compile_writeback(self, spec));
        Some(Map { id: id?, fields, persons, aliases, related, intents, ignored, writeback })
    }

    fn id(&mut self, spec: &FieldSpec) -> Field {
        let place = "fields.\"source.id\"";
        if spec.constant.is_some() {
            self.issue(place, "constant", "paths only: an id is never made up");
        }
        self.series(place, &spec.prefix, &spec.from);
        if spec.prefix.values().any(String::is_empty) {
            self.issue(place, "prefix", "something put before the number");
        }
        Field { need: Need::Required, ..self.field("source.id", place, spec, false) }
    }

    /// The prefixes of these paths, each of which must be one that numbers are read from.
    fn series(&mut self, place: &str, prefix: &BTreeMap<String, String>, from: &[String]) -> Vec<(String, String)> {
        for path in prefix.keys().filter(|path| !from.contains(path)) {
            self.issue(place, path, "one of the paths the number is read from");
        }
        prefix.clone().into_iter().collect()
    }

    fn field(&mut self, name: &str, place: &str, spec: &FieldSpec, personal: bool) -> Field {
        if spec.from.is_empty() && spec.constant.is_none() && spec.implied.is_empty() && spec.also.is_empty() {
            self.issue(place, "", "`from` or `constant`");
        }
        let tables: Vec<Arc<Table>> = spec.tables.iter().filter_map(|table| self.table(place, table)).collect();
        let usual = || BLANK.iter().map(|word| (*word).to_owned()).collect();
        let mut blank: Vec<String> = spec.blank.clone().unwrap_or_else(usual);
        // `0` means something where a table says what.
        blank.retain(|word| tables.iter().all(|table| table.word(word).is_none()));
        Field {
            name: name.to_owned(),
            from: self.paths(place, &spec.from),
            pick: spec.pick,
            implied: spec.implied.iter().filter_map(|(at, w)| Some((self.path(place, at)?, w.clone()))).collect(),
            constant: spec.constant.clone(),
            need: spec.need,
            blank,
            tables,
            time: TimeReader {
                format: spec.time.unwrap_or_default(),
                day: spec.day.unwrap_or_default(),
                zone: self.zone.clone(),
            },
            datum: spec.datum.unwrap_or(Datum::Wgs84),
            datum_from: self.paths(place, &spec.datum_from),
            latitude: self.paths(place, &spec.latitude),
            yes: spec.yes.clone(),
            no: spec.no.clone(),
            also: spec.also.iter().filter_map(|(at, w)| Some((self.path(place, at)?, w.clone()))).collect(),
            unit: spec.unit.clone(),
            prefix: spec.prefix.clone().into_iter().collect(),
            personal,
            of_person: false,
            of_order: name == "version",
            protects: matches!(name, "facts.flags.confidential" | "facts.flags.anonymous"),
        }
    }

    /// Options that say nothing about a target are mistakes, and words must be ours.
    fn check_target(&mut self, name: &str, target: Target, spec: &FieldSpec, field: &Field) {
        let place = format!("fields.\"{name}\"");
        let takes = Takes::of(target);
        let misplaced = [
            ("tables", !spec.tables.is_empty() && takes.words.is_none()),
            ("time", spec.time.is_some() && !takes.time),
            ("day", spec.day.is_some() && !takes.time),
            ("pick", spec.pick == Pick::Latest && !takes.time),
            ("pick", spec.pick == Pick::All && !is_personal(target)),
            ("datum", spec.datum.is_some() && !takes.point),
            ("datum_from", !spec.datum_from.is_empty() && !takes.point),
            ("latitude", !spec.latitude.is_empty() && !takes.point),
            ("yes", !spec.yes.is_empty() && !takes.flag),
            ("no", !spec.no.is_empty() && !takes.flag),
            ("also", !spec.also.is_empty() && !takes.flag),
            ("unit", spec.unit.is_some() && !takes.count),
            ("need", spec.need == Need::Either && !is_personal(target)),
            ("prefix", !spec.prefix.is_empty()),
            ("implied", !spec.implied.is_empty() && (takes.flag || takes.point || takes.lists || takes.coded)),
            ("constant", spec.constant.is_some() && (takes.flag || takes.point || takes.lists)),
        ];
        for (option, wrong) in misplaced {
            if wrong {
                self.issue(&place, option, &format!("no `{option}` for this kind of field"));
            }
        }
        let Some((good, expected)) = takes.words else { return };
        for table in &field.tables {
            table.check(&good, expected, &mut self.issues);
        }
        for word in spec.constant.iter().chain(spec.implied.values()).filter(|word| !good(word)) {
            self.issue(&place, word, expected);
        }
    }

    fn table(&mut self, place: &str, name: &str) -> Option<Arc<Table>> {
        let table = self.tables.get(name).cloned();
        if table.is_none() {
            self.issue(place, name, &format!("a table of the pack: there is no tables/{name}.csv"));
        }
        table
    }

    /// A table whose words go out, whatever they are.
    pub(super) fn out_table(&mut self, place: &str, name: &str) -> Option<Arc<Table>> {
        self.table(place, name)
    }

    pub(super) fn path(&mut self, place: &str, text: &str) -> Option<Path> {
        let path = Path::parse(text);
        if path.is_none() {
            self.issue(place, text, "a path such as `a.b`, `a[0].b`, `a[-1].b` or `a[].b`");
        }
        path
    }

    fn paths(&mut self, place: &str, texts: &[String]) -> Vec<Path> {
        let twice = texts.iter().enumerate().find(|(i, text)| texts[..*i].contains(text));
        if let Some((_, text)) = twice {
            self.issue(place, text, "each path once");
        }
        texts.iter().filter_map(|text| self.path(place, text)).collect()
    }

    fn optional(&mut self, place: &str, text: Option<&String>) -> Option<Path> {
        text.and_then(|text| self.path(place, text))
    }

    fn persons(&mut self, index: usize, spec: &PersonsSpec) -> Persons {
        let place = format!("persons[{index}]");
        if spec.each.is_none() && (spec.principal.is_some() || spec.others.is_some()) {
            self.issue(&place, "principal, others", "`each` beside them: a single person has no others");
        }
        let mut fields = Vec::new();
        for (name, field) in &spec.fields {
            let place = format!("{place}.fields.{name}");
            let Some(target) = target::person_named(name) else {
                self.issue(&place, name, &format!("one of {}", target::person_names()));
                continue;
            };
            let of_person = matches!(target, PersonTarget::Private(_));
            let compiled = Field { of_person, ..self.field(&format!("content.persons.{name}"), &place, field, true) };
            if matches!(target, PersonTarget::Sex) {
                compiled.tables.iter().for_each(|t| t.check(&target::is_sex, "`male` or `female`", &mut self.issues));
            }
            fields.push((PersonTargetOf(target), compiled));
        }
        Persons {
            role: spec.role,
            each: self.optional(&place, spec.each.as_ref()),
            principal: self.optional(&place, spec.principal.as_ref()),
            others: spec.others.unwrap_or(PersonRole::Joint),
            fields,
        }
    }

    fn links(&mut self, what: &str, specs: &[LinkSpec], own: &[(String, String)]) -> Vec<Link> {
        specs.iter().enumerate().map(|(i, spec)| self.link(&format!("{what}[{i}]"), spec, own)).collect()
    }

    fn link(&mut self, place: &str, spec: &LinkSpec, own: &[(String, String)]) -> Link {
        let namespace = spec.namespace.as_deref().and_then(|name| {
            name.parse().map_err(|error| self.issue(place, name, &format!("a namespace: {error}"))).ok()
        });
        let mut prefix = self.series(place, &spec.prefix, &spec.from);
        prefix.extend_from_slice(if spec.namespace.is_none() { own } else { &[] });
        Link {
            namespace,
            from: self.paths(place, &spec.from),
            shape: spec.shape.as_deref().and_then(|text| {
                let shape = Shape::parse(text);
                if shape.is_none() {
                    self.issue(
                        place,
                        text,
                        "a number's shape in which `#` stands for a digit and `@` for a day of eight, such as `热线-######-######`",
                    );
                }
                shape
            }),
            after: spec.after.clone(),
            is_wanted: spec.need != Need::Optional,
            prefix,
            only: self.only(place, spec.when.as_ref(), &spec.any_of),
        }
    }

    fn only(&mut self, place: &str, when: Option<&String>, any_of: &[String]) -> Option<(Path, Vec<String>)> {
        if when.is_some() == any_of.is_empty() {
            self.issue(place, "", "`when` and `any_of` together");
        }
        Some((self.path(place, when?)?, any_of.to_vec()))
    }

    /// Where and how a source says what a record is for.
    fn said(&mut self, place: &str, spec: &IntentSpec) -> Option<Field> {
        if spec.from.is_empty() != spec.tables.is_empty() {
            self.issue(place, "", "`from` and `tables` together");
        }
        let field = FieldSpec { from: spec.from.clone(), tables: spec.tables.clone(), ..FieldSpec::default() };
        let field = (!spec.from.is_empty()).then(|| self.field("intent", place, &field, false))?;
        let expected = "what a record is for: `matter`, `urge`, `withdraw`, `assess`, `session` or `notice`";
        field.tables.iter().for_each(|table| table.check(&is_intent, expected, &mut self.issues));
        Some(field)
    }

    fn intent(&mut self, index: usize, spec: &IntentSpec, own: &[(String, String)]) -> IntentRule {
        let place = format!("intent[{index}]");
        let mut prefix = self.series(&place, &spec.prefix, spec.source.as_slice());
        prefix.extend_from_slice(own);
        let has_condition = spec.present.is_some() || spec.absent.is_some() || spec.when.is_some();
        if !has_condition && spec.state.is_empty() && spec.from.is_empty() {
            self.issue(&place, "", "a condition: `present`, `absent`, `when` with `any_of`, `state`, or `from`");
        }
        if spec.then.is_none() && spec.from.is_empty() {
            self.issue(&place, "then", "what a record is for, unless `from` says it");
        }
        IntentRule {
            present: self.optional(&place, spec.present.as_ref()),
            absent: self.optional(&place, spec.absent.as_ref()),
            only: self.only(&place, spec.when.as_ref(), &spec.any_of),
            states: spec.state.clone(),
            said: self.said(&place, spec),
            then: spec.then,
            source: self.optional(&place, spec.source.as_ref()),
            prefix,
            note: self.paths(&place, &spec.note),
        }
    }
}

fn is_intent(word: &str) -> bool {
    intent(word).is_some()
}

/// What a record is for, by our word.
pub(super) fn intent(word: &str) -> Option<Intent> {
    serde_json::from_value(Value::String(word.to_owned())).ok()
}

fn is_matter(word: &str) -> bool {
    word.parse::<MatterCode>().is_ok()
}

fn is_personal(target: Target) -> bool {
    matches!(target, Target::Private(_))
}

/// Which words are good, and how to say so.
type Words = (fn(&str) -> bool, &'static str);

/// Which options mean something for a target.
#[derive(Default)]
struct Takes {
    words: Option<Words>,
    time: bool,
    point: bool,
    flag: bool,
    count: bool,
    lists: bool,
    /// A code of a place or a matter: only a table or the code itself makes one.
    coded: bool,
}

impl Takes {
    fn of(target: Target) -> Self {
        let none = Self::default();
        match target {
            Target::Time(_) | Target::Version => Self { time: true, ..none },
            Target::Point => Self { point: true, ..none },
            Target::Flag(_) => Self { flag: true, ..none },
            Target::Count(_) => Self { count: true, ..none },
            Target::PlaceNames | Target::Evidence => Self { lists: true, ..none },
            Target::Word(word) => Self { words: Some((word.knows, "a word of this field's list")), ..none },
            Target::State => Self {
                words: Some((|w| UpstreamState::read(w).is_some(), "`open`, `returned`, `closed` or `cancelled`")),
                ..none
            },
            Target::Matter => {
                let words = Some((is_matter as fn(&str) -> bool, "a matter code of 2, 4 or 6 digits"));
                Self { words, coded: true, ..none }
            }
            Target::Division => Self {
                words: Some((|w| w.parse::<DivisionCode>().is_ok(), "a division code of 6, 9 or 12 digits")),
                coded: true,
                ..none
            },
            Target::SourceId | Target::Text(_) | Target::Private(_) | Target::Session(_) => none,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issues(map: &str) -> Vec<String> {
        let tables = BTreeMap::from([("t".to_owned(), "code,word\n1,complaint\n2,nonsense\n".to_owned())]);
        let issues = Map::compile(map, &tables).err().unwrap_or_default();
        issues.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_map_has_no_issue() {
        assert_eq!(issues("[fields]\n\"source.id\" = { from = [\"id\"] }\n"), Vec::<String>::new());
    }

    #[test]
    fn every_mistake_is_named() {
        let cases = [
            ("[fields]\n", "map.toml: fields: expected the field `source.id`"),
            (
                "[fields]\n\"facts.apeal\" = { from = [\"a\"] }",
                "map.toml: fields.\"facts.apeal\": `facts.apeal` is not valid",
            ),
            ("[fields]\n\"facts.appeal\" = { from = [\"a\"], tables = [\"x\"] }", "there is no tables/x.csv"),
            ("[fields]\n\"facts.appeal\" = { from = [\"a\"], tables = [\"t\"] }", "tables/t.csv: line 3: `nonsense`"),
            ("[fields]\n\"facts.appeal\" = { constant = \"nonsense\" }", "`nonsense` is not valid: expected a word"),
            (
                "[fields]\n\"content.title\" = { from = [\"a\"], datum = \"gcj02\" }",
                "no `datum` for this kind of field",
            ),
            ("[fields]\n\"content.title\" = { from = [\"a..b\"] }", "`a..b` is not valid: expected a path"),
            ("[fields]\n\"content.title\" = { from = [\"a\", \"a\"] }", "`a` is not valid: expected each path once"),
            ("[fields]\n\"content.title\" = { }", "expected `from` or `constant`"),
            ("[fields]\n\"content.title\" = { form = [\"a\"] }", "unknown field `form`"),
            (
                "[fields]\n[[aliases]]\nfrom = [\"a\"]\nprefix = { b = \"x\" }",
                "aliases[0]: `b` is not valid: expected one of the paths",
            ),
            ("zone = \"Mars\"\n[fields]\n", "map.toml: zone: `Mars`"),
            ("[fields]\n[[intent]]\nthen = \"urge\"", "intent[0]: expected a condition"),
            ("[fields]\n[[aliases]]\nnamespace = \"A B\"\nfrom = [\"a\"]", "aliases[0]: `A B`"),
            (
                "[fields]\n[[persons]]\nrole = \"reporter\"\nfields = { nme = { from = [\"a\"] } }",
                "persons[0].fields.nme",
            ),
            ("[fields]\n\"at\" = { from = [\"a\"] }\n\"at\" = { from = [\"b\"] }", "duplicate key"),
            (
                "[fields]\n[writeback.acepted]\nmethod = \"POST\"\npath = \"/\"\nencoding = \"json\"\nfields = {}",
                "writeback.acepted",
            ),
        ];
        for (map, expected) in cases {
            let issues = issues(map);
            assert!(issues.iter().any(|issue| issue.contains(expected)), "{map}\n{issues:#?}");
        }
    }
}
