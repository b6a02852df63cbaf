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
    let mut tokens = reading.tokens.iter().filter(|t| t.meaning.gapped().is_none()).peekable();
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
        let of = |teams: bool| (0..self.tokens.len()).filter(move |i| self.is_team(*i) == teams);
        let mut units: BTreeSet<DepartmentId> = of(false).flat_map(|i| self.units(i)).collect();
        let of_township = self.tokens.iter().any(|t| t.meaning.kind() == Kind::Township && !is_premises(self.after(t)));
        if of_township && !units.iter().any(|id| self.is_township(id)) {
            units.extend(township.cloned());
        }
        if units.iter().all(|id| self.is_township(id)) {
            units.extend(of(true).flat_map(|i| self.units(i)));
        }
        let unknown = units.is_empty() && (of_township || self.has_official());
        field.unnamed_official |= unknown || units.iter().all(|id| self.is_township(id)) && self.is_of_an_agency();
        field.units.extend(units);
    }

    /// A word that says whose it is only where no unit is named beside it: 执法队.
    fn is_team(&self, i: usize) -> bool {
        self.tokens[i].meaning.kind() == Kind::Official
    }

    /// Whether an agency nobody listed is named behind the township it works in: 庄桥街道食品安全监督站.
    fn is_of_an_agency(&self) -> bool {
        let behind = self.tokens.iter().rfind(|t| !t.meaning.units.is_empty()).map(|t| self.after(t));
        behind.is_some_and(|name| is_office(name) && AGENCY.iter().any(|end| name.ends_with(end)))
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
        let public = has(&[Kind::Official, Kind::Staff, Kind::Authority]) || is_office(self.text);
        public && !has(&[Kind::Private]) || has_any(self.text, OFFICIAL_FIELD)
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
    "政府",
    "委员会主任",
    "执法人员",
];

/// Words that show a township's name in the field to be only where someone is: 庄桥街道某饭店.
const PREMISES: &[&str] = &[
    "公司", "店", "厂", "小区", "社区", "村", "路", "馆", "物业", "超市", "市场", "工地", "号", "幢", "户", "企业",
    "学校",
];

/// How names of offices end, whatever stands inside: 物业管理办公室, 农贸市场管理所.
const OFFICE: &[&str] =
    &["办", "办公室", "科", "所", "站", "中心", "局", "处", "队", "室", "院", "法庭", "工作组", "指挥部", "专班"];

/// Those of them after which an official's name may stand: 物业管理办公室张某.
const BEFORE_A_NAME: &[&str] = &["办公室", "中心", "法庭", "管理所", "管理站", "管理科", "建设科", "监督所", "监督站"];

/// How names of agencies end that are no township's own, though they work in one.
const AGENCY: &[&str] = &["所", "站", "局", "处", "队", "院", "法庭"];

/// What ends like an office and is none, besides the private words of the list.
const NO_OFFICE: &[&str] = &[
    "事务所",
    "会所",
    "诊所",
    "厕所",
    "研究所",
    "招待所",
    "卫生所",
    "加油站",
    "充电站",
    "驿站",
    "车站",
    "地铁站",
    "购物中心",
    "培训中心",
    "商业中心",
    "营销中心",
    "客服中心",
    "健身中心",
    "体检中心",
    "月子中心",
    "洗浴中心",
    "售楼处",
    "施工队",
    "工程队",
    "装修队",
    "车队",
    "棋牌室",
    "卫生室",
    "医院",
    "学院",
    "书院",
    "影院",
    "剧院",
    "美容院",
    "养老院",
    "设计院",
    "研究院",
    "物业服务中心",
    "物业中心",
    "物业服务处",
    "物业服务站",
];

/// Characters that join one name to the next.
const AND: &[char] = &['、', '和', '与', '及', '/'];

/// How what stands before a unit's short name ends: 江北区城管, 某环保.
const BEFORE_A_UNIT: [char; 7] = ['区', '市', '县', '镇', '某', '原', '的'];

/// How words for persons end, which are in no firm's name.
const PERSONS: [char; 3] = ['警', '官', '员'];

/// How long the name of an official behind an office's may be, in characters.
const LONGEST_PERSON: usize = 3;

/// How far a name may be written on, in characters.
const LONGEST_NAME: usize = 30;

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Only what is written on from a name says what the name is of.
fn is_premises(after: &str) -> bool {
    let near = after.char_indices().nth(LONGEST_NAME).map_or(after, |(at, _)| &after[..at]);
    let on = near.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    has_any(on, PREMISES) && !has_any(on, OFFICIAL) && !is_office(on)
}

/// Whether a name is that of an office, by how it ends; of three characters it may be a person's (张登科).
fn is_office(name: &str) -> bool {
    let ends = |name: &str, ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let a_person = name.ends_with('科') && name.chars().count() == 3;
    let office = ends(name, OFFICE) && !a_person && !ends(name, NO_OFFICE);
    office
        || (1..=LONGEST_PERSON).any(|last| {
            let (office, person) = name.split_at(name.char_indices().nth_back(last - 1).map_or(0, |(at, _)| at));
            ends(office, BEFORE_A_NAME) && !ends(office, NO_OFFICE) && !has_any(person, PREMISES)
        })
}
