//! What happens to a record, from top to bottom.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::slice;

use huiliu_schemas::content::{Content, Person, PersonRole};
use huiliu_schemas::places::{DivisionCode, MatterCode, Point};
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::{Facts, FieldProblem, Flags, Intent, Submission, Upstream};
use huiliu_schemas::vocabulary::UpstreamState;
use huiliu_schemas::{Namespace, SourceId};
use jiff::Timestamp;
use serde_json::Value;

use super::clear::Known;
use super::compile::intent;
use super::field::{BLANK, Field, as_text, is_present, shortened};
use super::links::add_links;
use super::order::order;
use super::path::Path;
use super::spec::{Need, Pick};
use super::spoilt::{is_twice, spoilt};
use super::target::{PersonTarget, Target, Word, is_sex};
use super::{IntentRule, Map, Persons, Unmapped, count, datum, time};
use crate::charset::REPLACED;
use crate::json::twice;
use crate::looks::{holds_personal_number, is_door, is_placeholder, is_rounded};

/// Longest id of a source, in bytes.
const LONGEST_ID: usize = 128;
/// Longest name of a class with those above it, or of a unit, in characters.
const LONGEST_NAME: usize = 100;
/// Most persons of one record: a joint petition keeps every name, a flood does not.
const MOST_PERSONS: usize = 2000;
/// Most values of a field that keeps all of them.
const MOST_LINES: usize = 64;

pub(super) fn map(
    map: &Map,
    record: &Value,
    namespace: &Namespace,
    received: Timestamp,
) -> Result<Submission, Unmapped> {
    let mut problems = spoilt(map, record);
    let Some(source) = number(map, record, namespace, &mut problems) else {
        known_of(map, record, namespace).mask_problems(&mut problems);
        return Err(Unmapped { problems });
    };
    let mut submission = Submission::of(source);
    submission.problems = problems;
    for (target, field) in &map.fields {
        fill(&mut submission, target.0, field, record);
    }
    submission.registered_on = registered_on(map, record);
    submission.version = order(map, record, received, &mut submission.problems);
    for persons in &map.persons {
        add_persons(&mut submission, persons, record);
    }
    let known = Known::of(&submission.content.persons);
    add_links(&mut submission, map, record);
    decide_intent(&mut submission, &map.intents, record);
    settle_session(&mut submission);
    submission.lacks = lacks(&mut submission, map);
    known.mask(&mut submission);
    if submission.is_blocked() { Err(Unmapped { problems: submission.problems }) } else { Ok(submission) }
}

/// The persons of a record that has no number.
fn known_of(map: &Map, record: &Value, namespace: &Namespace) -> Known {
    let mut nobody = Submission::of(SourceId { namespace: namespace.clone(), id: String::new() });
    map.persons.iter().for_each(|persons| add_persons(&mut nobody, persons, record));
    Known::of(&nobody.content.persons)
}

/// The record's own number.
pub(super) fn number(
    map: &Map,
    record: &Value,
    namespace: &Namespace,
    problems: &mut Vec<FieldProblem>,
) -> Option<SourceId> {
    let id = map.id.read(record, ID_EXPECTED, problems, read_id)?;
    Some(SourceId { namespace: namespace.clone(), id: own_number(&map.id, record, &id) })
}

const ID_EXPECTED: &str = "the source's own number, as text of at most 128 bytes or a whole number below 2^53; 2.02603E+15 is \
                           what a spreadsheet leaves of one: format its column as text";

fn read_id(text: &str) -> Option<String> {
    (is_number(text) && !is_rounded(text)).then(|| text.to_owned())
}

pub(super) fn is_number(text: &str) -> bool {
    let is_odd = |c: char| c.is_control() || c == REPLACED;
    text.len() <= LONGEST_ID && !text.chars().any(is_odd) && !is_placeholder(text)
}

/// The record's own number, by the first path it stands at.
fn own_number(field: &Field, record: &Value, id: &str) -> String {
    let stands = |path: &&Path| path.get(record).and_then(as_text).is_some_and(|text| *text == *id);
    field.from.iter().find(stands).map_or_else(|| id.to_owned(), |path| of_its_series(&field.prefix, path, id))
}

/// The number that stands at a path, as it is told from those of another series.
pub(super) fn of_its_series(prefix: &[(String, String)], path: &Path, id: &str) -> String {
    let known = prefix.iter().find(|(of, _)| of == path.text()).map_or("", |(_, prefix)| prefix);
    format!("{known}{id}")
}

fn fill(s: &mut Submission, target: Target, field: &Field, record: &Value) {
    let mut problems = std::mem::take(&mut s.problems);
    let p = &mut problems;
    match target {
        // Its number and its order are read apart.
        Target::SourceId | Target::Version => {}
        Target::Text(slot) => {
            set(
                s,
                slot,
                field.read(record, CLEAR_EXPECTED, p, |t| (is_clear(t) && !is_story(t)).then(|| t.to_owned())),
            );
        }
        Target::Private(slot) if field.pick == Pick::All => set(s, slot, all(field, record, p)),
        Target::Private(slot) => set(s, slot, field.read(record, "text", p, |t| Some(Private::new(t)))),
        Target::Time(slot) => set(s, slot, read_time(field, record, p)),
        Target::Count(slot) => set(s, slot, read_count(field, record, p)),
        Target::Flag(slot) => {
            if read_flag(field, record, p) {
                *slot(s) = true;
            }
        }
        Target::Word(word) => read_word(s, word, field, record, p),
        Target::Session(put) => {
            if let Some(text) = field.read(record, "text", p, |t| Some(t.to_owned())) {
                put(s, &text);
            }
        }
        Target::State => s.upstream = read_state(&mut s.facts, field, record, p),
        Target::Matter => s.facts.matter = read_matter(&mut s.facts.unknown_codes, field, record, p),
        Target::Division => read_division(&mut s.facts, field, record, p),
        Target::Point => s.facts.point = read_point(field, record, p),
        Target::PlaceNames => read_clear(field, record, &mut s.facts.place_names, p),
        Target::Evidence => read_clear(field, record, &mut s.facts.evidence, p),
    }
    s.problems = problems;
}

const CLEAR_EXPECTED: &str = "what may be shown to everybody: no number of a person, no address exact to the door";

/// What facts hold is not sealed: whatever the field is called, a person's number is not let in, nor a door among the places.
fn is_clear(text: &str) -> bool {
    !holds_personal_number(text) && !is_door(text)
}

fn read_clear(field: &Field, record: &Value, list: &mut Vec<String>, problems: &mut Vec<FieldProblem>) {
    let mut all = Vec::new();
    collect(field, record, &mut all, problems);
    for text in all {
        if is_clear(&text) {
            add_once(list, &text);
        } else {
            problems.push(field.problem(&field.sources(), Some(&text), CLEAR_EXPECTED, false));
        }
    }
}

/// Sets a slot only when there is a value, so that a slot behind an `Option` is not made for nothing.
fn set<T>(s: &mut Submission, slot: fn(&mut Submission) -> &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot(s) = value;
    }
}

fn all(field: &Field, record: &Value, problems: &mut Vec<FieldProblem>) -> Option<Private> {
    let mut lines = Vec::new();
    collect(field, record, &mut lines, problems);
    (!lines.is_empty()).then(|| Private::new(lines.join("\n")))
}

fn read_time(field: &Field, record: &Value, problems: &mut Vec<FieldProblem>) -> Option<Timestamp> {
    if field.pick != Pick::Latest {
        return field.read(record, time::EXPECTED, problems, |t| field.time.read(t));
    }
    let mut latest = None;
    field.texts(record, &mut |path, text| {
        match field.time.read(&text) {
            Some(at) => latest = latest.max(Some(at)),
            None => problems.push(field.problem(path.text(), Some(&text), time::EXPECTED, false)),
        }
        true
    });
    latest
}

/// The day by the first of the fields alone, wherever a record has it (`xfj.djsj`, `djsj`). The others stand in for a time, but
/// another field's day is no other day.
pub(super) fn registered_on(map: &Map, record: &Value) -> Option<jiff::civil::Date> {
    let (_, field) = map.fields.iter().find(|(_, field)| field.name == "facts.registered_at")?;
    let same = |path: &&Path| path.leaf() == field.from.first().and_then(Path::leaf);
    let text = field.from.iter().filter(same).find_map(|path| path.get(record)).and_then(as_text)?;
    field.time.read(&text).map(|at| field.time.day_of(at))
}

/// What was no exact number of persons is told as it was written.
fn read_count(field: &Field, record: &Value, problems: &mut Vec<FieldProblem>) -> Option<u32> {
    let unit = field.unit.as_deref();
    let read = |t: &str| count::read(t, unit).map(|count| (count.number, (!count.exact).then(|| t.to_owned())));
    let (number, written) = field.read(record, count::EXPECTED, problems, read)?;
    if let Some(text) = written {
        let said = format!("an exact number of persons: {number} was taken");
        problems.push(field.problem(&field.sources(), Some(&text), &said, false));
    }
    Some(number)
}

const FLAG_EXPECTED: &str = "0 or 1, 否 or 是, false or true";

/// True if any of the field's sources says so, or if a flag that protects someone cannot be read.
fn read_flag(field: &Field, record: &Value, problems: &mut Vec<FieldProblem>) -> bool {
    let mut flag = false;
    field.texts(record, &mut |path, text| {
        match said(field, &text) {
            Some(value) => flag |= value,
            None => {
                problems.push(field.problem(path.text(), Some(&text), FLAG_EXPECTED, false));
                flag |= field.protects;
            }
        }
        !flag
    });
    let unreadable = field.unreadable(record).filter(|_| !flag);
    let untold = unreadable.filter(|path| !is_twice(path, record));
    problems.extend(untold.map(|path| field.problem(path.text(), None, FLAG_EXPECTED, false)));
    flag || (field.protects && unreadable.is_some()) || field.also.iter().any(|also| mentions(also, record))
}

/// What the map's own words say, else the usual ones.
fn said(field: &Field, text: &str) -> Option<bool> {
    let named = |words: &[String]| words.iter().any(|word| word == text);
    match (named(&field.yes), named(&field.no)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ if !field.yes.is_empty() && !field.protects => Some(false),
        _ => truth(text),
    }
}

fn mentions((path, words): &(Path, Vec<String>), record: &Value) -> bool {
    let mut found = false;
    path.visit(record, &mut |value| {
        let mut texts = twice(value).unwrap_or(slice::from_ref(value)).iter().filter_map(as_text);
        found = texts.any(|text| words.iter().any(|word| text.contains(word.as_str())));
        !found
    });
    found
}

pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "t" | "on" | "是" | "有" => Some(true),
        "0" | "false" | "no" | "n" | "f" | "off" | "否" | "无" | "没有" => Some(false),
        _ => None,
    }
}

const CODE_EXPECTED: &str = "a code";

/// A code a table knows, or a word of ours as it is; an unknown code is carried, not complained of.
fn read_word(s: &mut Submission, word: Word, field: &Field, record: &Value, problems: &mut Vec<FieldProblem>) {
    let stand_in = field.stand_in(record);
    let mut unknown = None;
    let mut found = false;
    field.texts(record, &mut |_, text| {
        match field.word(&text).or_else(|| (word.knows)(&text).then_some(&*text)) {
            Some(ours) => {
                (word.set)(s, ours);
                found = true;
            }
            None => unknown = unknown.take().or_else(|| Some(carried(&text))),
        }
        !found && !word.is_view
    });
    match (found, unknown, stand_in) {
        (true, ..) => {}
        (false, Some(code), _) => {
            s.facts.unknown_codes.insert(field.name.clone(), code);
        }
        (false, None, Some(constant)) => (word.set)(s, constant),
        (false, None, None) => {
            field.miss(record, false, CODE_EXPECTED, problems);
        }
    }
}

/// A code that nobody translates is carried in the clear; a person's number that came in its place is not.
fn carried(text: &str) -> String {
    if is_clear(text) && !is_story(text) { shortened(text) } else { Private::new(text).masked() }
}

/// No name of a class or a unit is as long: in a row whose cells are shifted, somebody's words may stand anywhere.
fn is_story(text: &str) -> bool {
    text.chars().count() > LONGEST_NAME
}

/// Whether a table of the field translates a code.
pub(super) fn translates(map: &Map, name: &str, code: &str) -> bool {
    let field = map.fields.iter().find(|(_, field)| field.name == name);
    field.is_some_and(|(target, field)| match target.0 {
        Target::Matter => matter_of(field, code).is_some(),
        _ => field.word(code).is_some(),
    })
}

/// An unknown code is no state: the last one that is known stands. Never done, never failed, and never open again.
fn read_state(facts: &mut Facts, field: &Field, record: &Value, problems: &mut Vec<FieldProblem>) -> Option<Upstream> {
    let mut first = None;
    field.texts(record, &mut |_, text| {
        first = Some(text.into_owned());
        false
    });
    let Some(code) = first.or_else(|| field.stand_in(record).map(str::to_owned)) else {
        field.miss(record, false, CODE_EXPECTED, problems);
        return None;
    };
    let Some(state) = UpstreamState::read(field.word(&code).unwrap_or(&code)) else {
        facts.unknown_codes.insert(field.name.clone(), carried(&code));
        return None;
    };
    Some(Upstream { state, code: Some(code) })
}

/// Translates a class by code or by name; a path of names (`一级->二级->三级`) by its most specific known part.
fn read_matter(
    unknown: &mut BTreeMap<String, String>,
    field: &Field,
    record: &Value,
    problems: &mut Vec<FieldProblem>,
) -> Option<MatterCode> {
    let (mut found, mut first) = (None, None);
    field.texts(record, &mut |_, text| {
        found = matter_of(field, &text);
        first = first.take().or_else(|| Some(carried(&text)));
        found.is_none()
    });
    match (&found, first) {
        (None, Some(code)) => drop(unknown.insert(field.name.clone(), code)),
        (None, None) => field.miss(record, false, CODE_EXPECTED, problems),
        (Some(_), _) => {}
    }
    found
}

fn matter_of(field: &Field, text: &str) -> Option<MatterCode> {
    let known = |code: &str| field.word(code).and_then(|word| word.parse().ok());
    if let Some(whole) = known(text) {
        return Some(whole);
    }
    let parts: Vec<&str> =
        text.split(['>', '/', '\\', '|', '→', '－', '—']).map(|p| p.trim().trim_end_matches('-')).collect();
    if parts.len() < 2 {
        return None;
    }
    let below = |n: usize| (0..n).find_map(|from| known(&parts[from..n].join("->")));
    (1..=parts.len()).rev().find_map(below)
}

const DIVISION_EXPECTED: &str = "6, 9 or 12 digits, or a place name";

/// A division by code; what is no code is a place name.
fn read_division(facts: &mut Facts, field: &Field, record: &Value, problems: &mut Vec<FieldProblem>) {
    let mut met = false;
    field.texts(record, &mut |path, text| {
        met = true;
        if let Some(code) = field.word(&text).and_then(|word| word.parse().ok()) {
            facts.division = Some(code);
        } else if text.bytes().all(|b| b.is_ascii_digit()) {
            facts.division = DivisionCode::from_padded(&text).ok();
            if facts.division.is_none() && text.len() > 12 && is_clear(&text) {
                // A grid's number: what it lies in, the directory tells.
                add_once(&mut facts.place_names, &text);
            } else if facts.division.is_none() {
                problems.push(field.problem(path.text(), Some(&text), DIVISION_EXPECTED, false));
            }
        } else if is_clear(&text) {
            add_once(&mut facts.place_names, &text);
        } else {
            problems.push(field.problem(path.text(), Some(&text), CLEAR_EXPECTED, false));
        }
        facts.division.is_none()
    });
    if !met {
        field.miss(record, false, DIVISION_EXPECTED, problems);
    }
}

fn read_point(field: &Field, record: &Value, problems: &mut Vec<FieldProblem>) -> Option<Point> {
    let said = field.datum_from.iter().find_map(|path| {
        let text = path.get(record).and_then(as_text)?;
        (!BLANK.contains(&&*text) && !is_placeholder(&text)).then_some((path.text(), text))
    });
    let is_there = || field.from.iter().any(|path| path.get(record).is_some_and(|value| !value.is_null()));
    let datum = match said {
        None => field.datum,
        Some((path, text)) => match datum::named(&text) {
            None if is_there() => {
                problems.push(field.problem(path, Some(&text), datum::NAMES, false));
                return None;
            }
            datum => datum.unwrap_or(field.datum),
        },
    };
    if field.latitude.is_empty() {
        let listed = field.from.iter().find_map(|path| datum::pair_in(path.get(record)?));
        if let Some((first, second)) = listed {
            let point = datum::point(first, second, datum);
            let shown = || format!("{first},{second}");
            problems.extend(
                point.is_none().then(|| field.problem(&field.sources(), Some(&shown()), datum::EXPECTED, false)),
            );
            return point;
        }
        return field.read(record, datum::EXPECTED, problems, |text| {
            let (first, second) = datum::pair(text)?;
            datum::point(first, second, datum)
        });
    }
    let latitude = field.latitude.iter().find_map(|path| path.get(record)).and_then(as_text);
    let latitude = latitude.filter(|text| !BLANK.contains(&&**text));
    field.read(record, datum::EXPECTED, problems, |text| {
        datum::point(text.parse().ok()?, latitude.as_deref()?.parse().ok()?, datum)
    })
}

/// What is beyond the most that is kept is not left out in silence.
fn collect(field: &Field, record: &Value, list: &mut Vec<String>, problems: &mut Vec<FieldProblem>) {
    let (mut met, mut beyond) = (false, 0);
    field.texts(record, &mut |_, text| {
        met = true;
        if list.len() < MOST_LINES {
            add_once(list, &text);
        } else {
            beyond += 1;
        }
        true
    });
    if beyond > 0 {
        problems.push(field.problem(&field.sources(), None, &at_most(MOST_LINES, beyond), false));
    }
    if !met {
        field.miss(record, false, "text", problems);
    }
}

fn at_most(kept: usize, beyond: usize) -> String {
    format!("at most {kept}: {beyond} more were left out")
}

fn add_once(list: &mut Vec<String>, text: &str) {
    if !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

fn add_persons(s: &mut Submission, persons: &Persons, record: &Value) {
    let Some(each) = &persons.each else {
        let person = read_person(persons, persons.role, record, &mut s.problems);
        s.content.persons.extend(person);
        return;
    };
    let mut elements = Vec::new();
    each.visit(record, &mut |value| {
        match value {
            Value::Array(list) => elements.extend(list.iter()),
            one => elements.push(one),
        }
        true
    });
    if let Some(beyond) = elements.len().checked_sub(MOST_PERSONS).filter(|beyond| *beyond > 0) {
        s.problems.push(FieldProblem {
            field: "persons".to_owned(),
            source_field: each.text().to_owned(),
            value: None,
            expected: at_most(MOST_PERSONS, beyond),
            blocking: false,
        });
        elements.truncate(MOST_PERSONS);
    }
    let is_principal = |value: &Value| {
        let flag = persons.principal.as_ref().and_then(|path| path.get(value)).and_then(as_text);
        flag.and_then(|text| truth(&text)) == Some(true)
    };
    let principal = elements.iter().position(|value| is_principal(value)).unwrap_or(0);
    let mut read = Vec::new();
    for (index, value) in elements.into_iter().enumerate() {
        let role = if index == principal { persons.role } else { persons.others };
        let person = read_person(persons, role, value, &mut s.problems);
        let place = if index == principal { 0 } else { read.len() };
        person.into_iter().for_each(|person| read.insert(place, person));
    }
    s.content.persons.append(&mut read);
}

fn read_person(
    persons: &Persons,
    role: PersonRole,
    record: &Value,
    problems: &mut Vec<FieldProblem>,
) -> Option<Person> {
    let mut person = Person::new(role);
    for (target, field) in &persons.fields {
        match target.0 {
            PersonTarget::Private(slot) => {
                *slot(&mut person) = field.read(record, "text", problems, |t| Some(Private::new(t)));
            }
            PersonTarget::Sex => person.sex = read_sex(field, record),
        }
    }
    (!person.is_empty()).then_some(person)
}

/// Codes that say neither (`9`, 未说明) are as good as absent.
fn read_sex(field: &Field, record: &Value) -> Option<Private> {
    let mut sex = None;
    field.texts(record, &mut |_, text| {
        sex = field.word(&text).or_else(|| is_sex(&text).then_some(&*text)).map(Private::from);
        sex.is_none()
    });
    sex
}

/// Codes of a record that no table translates, by field: what [`fill`] would carry through as unknown, and sexes.
pub(super) fn untranslated(map: &Map, record: &Value, source: &SourceId) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (target, field) in map.fields.iter().filter(|(_, field)| !field.tables.is_empty()) {
        let mut submission = Submission::of(source.clone());
        fill(&mut submission, target.0, field, record);
        found.extend(submission.facts.unknown_codes);
    }
    for persons in &map.persons {
        let sexes = persons.fields.iter().filter(|(target, _)| matches!(target.0, PersonTarget::Sex));
        for (_, field) in sexes {
            each_person(persons, record, &mut |person| {
                field.texts(person, &mut |_, text| {
                    if field.word(&text).is_none() && !is_sex(&text) {
                        found.push((field.name.clone(), shortened(&text)));
                    }
                    true
                });
            });
        }
    }
    found
}

/// The places of a record where persons of one kind stand.
pub(super) fn each_person<'v>(persons: &Persons, record: &'v Value, visit: &mut dyn FnMut(&'v Value)) {
    let Some(each) = &persons.each else { return visit(record) };
    each.visit(record, &mut |value| {
        match value {
            Value::Array(list) => list.iter().for_each(&mut *visit),
            one => visit(one),
        }
        true
    });
}

pub(super) fn holds((path, any_of): &(Path, Vec<String>), record: &Value) -> bool {
    path.get(record).and_then(as_text).is_some_and(|text| any_of.iter().any(|word| *word == *text))
}

fn decide_intent(s: &mut Submission, rules: &[IntentRule], record: &Value) {
    let state = s.upstream.as_ref().map(|u| u.state);
    let applies = |rule: &&IntentRule| {
        rule.present.as_ref().is_none_or(|path| is_present(path, record))
            && rule.absent.as_ref().is_none_or(|path| !is_present(path, record))
            && rule.only.as_ref().is_none_or(|only| holds(only, record))
            && rule.said.as_ref().is_none_or(|field| said_word(field, record).is_some())
            && (rule.states.is_empty() || state.is_some_and(|state| rule.states.contains(&state)))
            && (rule.source.is_none() || spoken_of(rule, record).is_some())
    };
    let mut unknown = None;
    let decides = |rule: &IntentRule| {
        let said = rule.said.as_ref().and_then(|field| Some((field, said_word(field, record)?)));
        let known = said.as_ref().and_then(|(field, word)| field.word(word).and_then(intent));
        if known.is_none() {
            unknown = unknown.take().or_else(|| said.map(|(field, word)| (field.name.clone(), carried(&word))));
        }
        known.or(rule.then)
    };
    decide_by(s, rules.iter().filter(applies), decides, record);
    s.facts.unknown_codes.extend(unknown);
}

/// By the first rule that knows what the record is for.
fn decide_by<'r>(
    s: &mut Submission,
    mut rules: impl Iterator<Item = &'r IntentRule>,
    mut decides: impl FnMut(&IntentRule) -> Option<Intent>,
    record: &Value,
) {
    let Some((rule, intent)) = rules.find_map(|rule| Some((rule, decides(rule)?))) else { return };
    s.intent = intent;
    if matches!(s.intent, Intent::Urge | Intent::Assess | Intent::Session | Intent::Notice) {
        // Such a record need not be a whole matter: what is merely absent is no problem of it.
        s.problems.retain(|problem| problem.value.is_some() || problem.blocking);
    }
    let first = |path: &Path| path.get(record).and_then(as_text).filter(|text| !BLANK.contains(&&**text));
    let note = rule.note.iter().find_map(first).map(|text| Private::new(text.into_owned()));
    match spoken_of(rule, record) {
        Some(id) => speak_of(s, id, note),
        None => s.content.note = note.or_else(|| s.content.note.take()),
    }
    if matches!(s.intent, Intent::Session | Intent::Notice) {
        speak_of_session(s);
    }
}

/// What a source calls a record.
fn said_word<'v>(field: &Field, record: &'v Value) -> Option<Cow<'v, str>> {
    let mut said = None;
    field.texts(record, &mut |_, text| {
        said = Some(text);
        false
    });
    said
}

/// The fields marked `either`, of a matter that has none of them. A step, a view and words begin a case without. Whether a case is
/// there that the record adds to is not known here.
fn lacks(s: &mut Submission, map: &Map) -> Vec<String> {
    let view = s.assessment.is_some_and(|view| view.solved.is_some() || view.satisfaction.is_some());
    let step = s.upstream.as_ref().is_some_and(|upstream| upstream.state != UpstreamState::Open);
    let content = &s.content;
    let words = content.reply.is_some() || content.note.is_some() || content.demand.is_some();
    if s.intent != Intent::Matter || view || step || words || s.session.is_some() {
        return Vec::new();
    }
    let mut is_there = |target: Target| !matches!(target, Target::Private(slot) if slot(s).is_none());
    let either = || map.fields.iter().filter(|(_, field)| field.need == Need::Either);
    match either().any(|(target, _)| is_there(target.0)) {
        true => Vec::new(),
        false => either().map(|(_, field)| field.name.clone()).collect(),
    }
}

/// The number of another case of the same source.
fn spoken_of(rule: &IntentRule, record: &Value) -> Option<String> {
    let path = rule.source.as_ref()?;
    let id = path.get(record).and_then(as_text).and_then(|text| read_id(&text))?;
    Some(of_its_series(&rule.prefix, path, &id))
}

/// What happens in a session says nothing of the matter: its times and states are the room's, not the record's.
fn speak_of_session(s: &mut Submission) {
    (s.at, s.version, s.registered_on) = (None, None, None);
    s.facts = secrecy(&s.facts);
    s.content = Content { note: s.content.note.take(), ..Content::default() };
    s.upstream = None;
    s.assessment = None;
}

/// A matter's record tells of a session only how it ended.
fn settle_session(s: &mut Submission) {
    let is_session = matches!(s.intent, Intent::Session | Intent::Notice);
    s.session = s.session.take().filter(|session| is_session || session.outcome.is_some());
}

/// The record has a number of its own and speaks of another one: its own facts (registration, place, state) are not that
/// case's. Its number is kept, so that the same urge sent twice is one urge; so is who speaks, and whether that is nobody's
/// business.
fn speak_of(s: &mut Submission, id: String, note: Option<Private>) {
    s.aliases = vec![SourceId { namespace: s.source.namespace.clone(), id }];
    s.related.clear();
    s.registered_on = None;
    s.facts = secrecy(&s.facts);
    s.content = Content { note, persons: std::mem::take(&mut s.content.persons), ..Content::default() };
    s.upstream = None;
    s.assessment = None;
}

/// What a record asks for whoever speaks in it, whatever else of it counts.
fn secrecy(facts: &Facts) -> Facts {
    let Flags { anonymous, confidential, .. } = facts.flags;
    Facts { flags: Flags { anonymous, confidential, ..Flags::default() }, ..Facts::default() }
}
