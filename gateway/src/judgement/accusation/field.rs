//! The field in which a source names the accused: everyone in it is accused, whatever part a sentence would give them.
//! An official answers for the unit named in the same stretch (社保中心李主任); whose official one without a unit is,
//! nobody can tell.

use std::collections::BTreeSet;
use std::ops::Range;

use huiliu_schemas::DepartmentId;
use huiliu_schemas::places::DivisionCode;

use super::super::vocabulary::{ends_clause, read_of};
use super::reading::{Reading, Token};
use super::words::Kind;
use crate::directory::Directory;
use crate::directory::departments::Kind as UnitKind;

/// Whom a field names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Units of the directory.
    pub units: BTreeSet<DepartmentId>,
    /// Someone in office is named whose unit could not be made out.
    pub unnamed_official: bool,
}

/// Reads a field. `place` tells whose 街道 is meant.
pub fn read_field(text: &str, place: Option<&DivisionCode>, directory: &Directory) -> Field {
    let township = place.and_then(|p| directory.departments.of_township(p, UnitKind::Township)).map(|d| d.id.clone());
    let mut field = Field::default();
    for text in read_of(text) {
        let reading = Reading::of(text, &directory.accusing);
        for at in stretches(&reading) {
            Stretch::of(&reading, at, directory).tell(township.as_ref(), &mut field);
        }
    }
    field
}

/// What stands between two marks that part one name from the next, none of them within a name.
fn stretches(reading: &Reading<'_, '_>) -> Vec<Range<usize>> {
    let mut tokens = reading.tokens.iter().filter(|t| !t.meaning.is_gapped()).peekable();
    let (mut all, mut start, mut named) = (Vec::new(), 0, 0);
    for (at, c) in reading.text.char_indices() {
        while let Some(token) = tokens.next_if(|t| t.at.start <= at) {
            named = named.max(token.at.end);
        }
        if at >= named && (ends_clause(c) || AND.contains(&c)) {
            all.push(start..at);
            start = at + c.len_utf8();
        }
    }
    all.push(start..reading.text.len());
    all
}

struct Stretch<'r, 't, 'l> {
    text: &'t str,
    start: usize,
    tokens: &'r [Token<'l>],
    directory: &'r Directory,
}

impl<'r, 't, 'l> Stretch<'r, 't, 'l> {
    fn of(reading: &'r Reading<'t, 'l>, at: Range<usize>, directory: &'r Directory) -> Self {
        let first = reading.tokens.partition_point(|t| t.at.start < at.start);
        let end = reading.tokens.partition_point(|t| t.at.start < at.end);
        Self { text: &reading.text[at.clone()], start: at.start, tokens: &reading.tokens[first..end], directory }
    }

    fn tell(&self, township: Option<&DepartmentId>, field: &mut Field) {
        let mut units: BTreeSet<DepartmentId> = (0..self.tokens.len()).flat_map(|i| self.units(i)).collect();
        let of_township = self.tokens.iter().any(|t| t.meaning.kind() == Kind::Township && !is_premises(self.after(t)));
        if of_township && !units.iter().any(|id| self.is_township(id)) {
            units.extend(township.cloned());
        }
        field.unnamed_official |= units.is_empty() && (of_township || self.has_official());
        field.units.extend(units);
    }

    fn units(&self, i: usize) -> impl Iterator<Item = DepartmentId> + use<'_, 'r, 't, 'l> {
        let token = &self.tokens[i];
        let counts = token.meaning.is_name || !self.is_part_of_a_name(i);
        let premises = is_premises(self.after(token));
        let units = token.meaning.units.iter().filter(move |_| counts);
        units.filter(move |id| !(premises && self.is_township(id))).cloned()
    }

    /// Whether a word of the list stands in a name that is none of a unit: 绿源环保, 消防器材公司.
    fn is_part_of_a_name(&self, i: usize) -> bool {
        let token = &self.tokens[i];
        let word = token.meaning.listed.word.as_str();
        let before = self.text.get(..token.at.start - self.start).unwrap_or_default();
        let joined = self.tokens[..i].last().is_some_and(|t| t.at.end == token.at.start);
        let stands_alone = joined || before.is_empty() || before.ends_with(BEFORE_A_UNIT);
        let of_a_trade = word.chars().count() <= 2 && !stands_alone;
        !word.ends_with(PERSONS) && (of_a_trade || is_premises(self.after(token)))
    }

    fn has_official(&self) -> bool {
        let has = |kinds: &[Kind]| self.tokens.iter().any(|t| kinds.contains(&t.meaning.kind()));
        let of_list = has(&[Kind::Official, Kind::Staff, Kind::Authority]) && !has(&[Kind::Private]);
        of_list || has_any(self.text, OFFICIAL_FIELD)
    }

    fn is_township(&self, id: &DepartmentId) -> bool {
        self.directory.department(id).is_some_and(|d| d.kind == UnitKind::Township)
    }

    fn after(&self, token: &Token<'l>) -> &'t str {
        self.text.get(token.at.end - self.start..).unwrap_or_default()
    }
}

/// Words for persons in office, standing after a unit's or a village's name.
const OFFICIAL: &[&str] = &[
    "书记",
    "主任",
    "局长",
    "科长",
    "处长",
    "所长",
    "队长",
    "镇长",
    "区长",
    "村长",
    "干部",
    "领导",
    "工作人员",
    "支书",
    "会计",
    "民警",
    "法官",
    "检察官",
];

/// Words that make someone in the field an official whatever else is named beside them, if no unit is.
const OFFICIAL_FIELD: &[&str] = &[
    "书记",
    "局长",
    "科长",
    "处长",
    "镇长",
    "区长",
    "县长",
    "市长",
    "村长",
    "干部",
    "支书",
    "民警",
    "警察",
    "法官",
    "检察官",
    "公务员",
    "街道办",
    "镇政府",
    "政府",
    "派出所",
    "委员会主任",
    "执法人员",
    "执法队",
];

/// Words that show a township's name in the field to be only where someone is: 庄桥街道某饭店.
const PREMISES: &[&str] = &[
    "公司", "店", "厂", "小区", "社区", "村", "路", "馆", "物业", "超市", "市场", "工地", "号", "幢", "户", "企业",
    "学校",
];

/// Characters that join one name to the next.
const AND: &[char] = &['、', '和', '与', '及', '/'];

/// How what stands before a unit's short name ends: 江北区城管, 某环保.
const BEFORE_A_UNIT: [char; 7] = ['区', '市', '县', '镇', '某', '原', '的'];

/// How words for persons end, which are in no firm's name.
const PERSONS: [char; 3] = ['警', '官', '员'];

/// How far a name may be written on, in characters.
const LONGEST_NAME: usize = 30;

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Only what is written on from a name says what the name is of.
fn is_premises(after: &str) -> bool {
    let near = after.char_indices().nth(LONGEST_NAME).map_or(after, |(at, _)| &after[..at]);
    let on = near.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    has_any(on, PREMISES) && !has_any(on, OFFICIAL)
}
