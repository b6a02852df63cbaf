//! What the fields beside a field say of it: the name beside a code, the part of the record it lies in, who the persons of a
//! list are. Pure.

use std::collections::BTreeSet;

use huiliu_schemas::content::PersonRole;

use super::columns::Column;
use super::guess::{Evidence, Guess, Sure, is_worded};
use super::plan::Taken;
use crate::names::{self, PERSON};

/// The part of a record that a field lies in.
fn part(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(part, _)| part)
}

/// The name of a field without what says that it is a code or its name: `JQDJDM` and `JQDJMC` are one thing.
fn thing(path: &str) -> String {
    const CODES: [&str; 7] = ["daima", "code", "value", "key", "cd", "dm", "id"];
    const NAMES: [&str; 9] = ["mingcheng", "name", "text", "label", "desc", "txt", "nm", "mc", "名称"];
    let last = path.rsplit('.').next().unwrap_or(path).to_lowercase().replace('_', "");
    let bare = CODES.iter().chain(&NAMES).find_map(|end| last.strip_suffix(end));
    bare.unwrap_or(&last).to_owned()
}

/// A thing and the part of the record it lies in.
fn place_of(path: &str) -> String {
    format!("{}.{}", part(path), thing(path))
}

/// A code means what the name beside it means.
pub(super) fn codes_beside_names<'c>(taken: &mut Vec<Taken<'c>>, columns: &'c [Column]) {
    let is_name = |t: &&Taken<'_>| {
        t.guess.sure > Sure::Low && (is_worded(t.guess.what) || t.guess.what == "class.name") && !t.column.is_listed()
    };
    let names: Vec<(&str, Guess)> =
        taken.iter().filter(is_name).map(|t| (t.column.path.as_str(), t.guess.clone())).collect();
    for column in columns.iter().filter(|column| column.is_enumerated() && !column.is_listed()) {
        let own = place_of(&column.path);
        let is_beside = |path: &str| path != column.path && place_of(path) == own;
        let Some((beside, name)) = names.iter().find(|(path, _)| is_beside(path)) else { continue };
        let place = taken.iter().position(|t| t.column.path == column.path);
        let is_class = |what: &str| what.starts_with("class.");
        // Any kind is called like a kind of the matter.
        let is_told = |guess: &Guess| guess.sure > Sure::Low && (!is_class(guess.what) || is_class(name.what));
        if place.is_some_and(|at| is_told(&taken[at].guess)) {
            continue;
        }
        let what = if name.what == "class.name" { "class.code" } else { name.what };
        let mut why = Evidence::default();
        why.add(format!("与 `{beside}` 成对"), format!("stands beside `{beside}`"));
        put(taken, column, Guess { what, role: name.role, sure: Sure::Middle, why });
    }
}

fn put<'c>(taken: &mut Vec<Taken<'c>>, column: &'c Column, guess: Guess) {
    match taken.iter_mut().find(|t| t.column.path == column.path) {
        Some(t) => t.guess = guess,
        None => taken.push(Taken { column, guess }),
    }
}

/// Fields of the matter that a person has too: a class at school, a grade, an address.
const KINDS: [&str; 9] = [
    "content.address",
    "class.name",
    "class.code",
    "content.title",
    "content.text",
    "facts.urgency",
    "facts.form",
    "facts.appeal",
    "upstream.state",
];
/// Fields of the case by which a part of the record is the case's own.
const OF_THE_CASE: [&str; 5] = ["source.id", "content.text", "registered", "updated", "upstream.state"];

/// Whose persons are is unknown in a list of both sides, and in a part of the record that is named after nobody and holds
/// nothing of the case. What else lies beside a person is the person's: a pupil's class is no class of the matter.
pub(super) fn strangers(taken: &mut [Taken<'_>], columns: &[Column]) {
    let is_case = |t: &&Taken<'_>| OF_THE_CASE.contains(&t.guess.what) && t.guess.sure > Sure::Low;
    let is_person = |t: &&Taken<'_>| t.guess.what.starts_with(PERSON) || t.guess.what == "ignore";
    let cases: BTreeSet<&str> = taken.iter().filter(is_case).map(|t| part(&t.column.path)).collect();
    let known: BTreeSet<&str> = taken.iter().map(|t| t.column.path.as_str()).collect();
    let unknown = columns.iter().map(|column| column.path.as_str()).filter(|path| !known.contains(path));
    let persons: BTreeSet<&str> = taken
        .iter()
        .filter(is_person)
        .map(|t| part(&t.column.path))
        .chain(unknown.filter(|path| names::is_strangers(path)).map(part))
        .collect();
    let mixed: BTreeSet<&str> =
        columns.iter().filter(|column| is_of_both_sides(column)).map(|column| part(&column.path)).collect();
    for t in taken.iter_mut() {
        let part = part(&t.column.path);
        let is_case = part.is_empty() || cases.contains(part);
        if t.guess.what.starts_with(PERSON) && mixed.contains(part) {
            t.doubt("双方同在一个列表", "both sides are in one list");
        } else if t.guess.what.starts_with(PERSON) && !is_case && !names::says_whose(&t.column.path) {
            t.doubt("所在部分没有案件内容，不知道是谁的", "in a part with nothing of the case: whose is not known");
        }
        if KINDS.contains(&t.guess.what) && !is_case && persons.contains(part) {
            t.doubt("在人员信息之中", "among what is said of a person");
        }
    }
}

/// Whether it says of the elements of a list on which side they are.
fn is_of_both_sides(column: &Column) -> bool {
    let is_another = |value: &str| !matches!(names::role_of(value), None | Some(Some(PersonRole::Reporter)));
    column.is_listed() && column.mostly(|value| names::role_of(value).is_some()) && column.count(is_another) > 0
}

/// What is named like the case's own number with a word for another before it, or in a list of its own, is another case's.
pub(super) fn numbers_of_others<'c>(taken: &mut Vec<Taken<'c>>, columns: &'c [Column]) {
    let own: Vec<String> =
        taken.iter().filter(|t| t.guess.what == "source.id").map(|t| t.column.path.clone()).collect();
    for column in columns {
        let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_lowercase().replace('_', "");
        let is_other = |own: &String| {
            let (name, own_name) = (last(&column.path), last(own));
            let is_after = name.strip_suffix(own_name.as_str()).is_some_and(names::is_elsewhere);
            *own != column.path && (is_after || column.is_listed() && name == own_name && own_name != "id")
        };
        if !own.iter().any(is_other) || column.values.is_empty() {
            continue;
        }
        let mut why = Evidence::default();
        why.add(
            "名称与本件编号相同，前有“原、上次”一类字样或在列表中",
            "named like the case's own number, as of another, or in a list",
        );
        put(taken, column, Guess { what: "related", role: None, sure: Sure::Middle, why });
    }
}
