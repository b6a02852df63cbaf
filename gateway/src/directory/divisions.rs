//! `divisions.csv`: the county, its townships and villages, by code and by the names people give them.
//! A name that could be two places is never resolved to one of them.

use std::collections::BTreeMap;

use huiliu_schemas::places::DivisionCode;

use super::names::NameIndex;
use super::problem::Problem;
use super::table::{Column, Row, may, must, rows};

/// The file.
pub const FILE: &str = "divisions.csv";
const COLUMNS: &[Column] = &[must("code", "代码"), must("name", "名称"), may("parent", "上级"), may("note", "备注")];

/// A county, township or village.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Its code.
    pub code: DivisionCode,
    /// Its name as the State writes it.
    pub name: String,
    /// The division it lies in.
    pub parent: Option<DivisionCode>,
    /// Line in the file.
    pub line: u32,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// One division.
    Found(DivisionCode),
    /// Several, or names that contradict each other.
    Unsure,
    /// None of ours.
    Unknown,
}

/// Every division.
#[derive(Debug, Clone, Default)]
pub struct Divisions {
    by_code: BTreeMap<DivisionCode, Division>,
    full: NameIndex<DivisionCode>,
    bare: NameIndex<DivisionCode>,
}

impl Divisions {
    pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut all = Self::default();
        for row in rows(FILE, text, COLUMNS, problems) {
            let Some(division) = read_division(&row, problems) else { continue };
            match all.by_code.get(&division.code) {
                Some(first) => {
                    problems.push(row.problem("code", format!("a code used once (see line {})", first.line)));
                }
                None => all.add(division),
            }
        }
        all
    }

    fn add(&mut self, division: Division) {
        let (full, bare) = spoken_forms(&division.name, &division.code);
        full.iter().for_each(|name| self.full.insert(name, division.code.clone()));
        bare.iter().for_each(|name| self.bare.insert(name, division.code.clone()));
        self.by_code.insert(division.code.clone(), division);
    }

    /// Every division, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Division> {
        self.by_code.values()
    }

    /// The division of a code.
    pub fn get(&self, code: &DivisionCode) -> Option<&Division> {
        self.by_code.get(code)
    }

    /// The counties the directory is for: divisions that lie in no other.
    pub fn counties(&self) -> impl Iterator<Item = &Division> {
        self.iter().filter(|d| d.parent.as_ref().is_none_or(|p| !self.by_code.contains_key(p)))
    }

    /// The division of a code, or the smallest one known that it lies in (a village newer than the file).
    pub fn nearest(&self, code: &DivisionCode) -> Option<&Division> {
        [12, 9, 6].into_iter().find_map(|len| self.by_code.get(&code.as_str().get(..len)?.parse().ok()?))
    }

    /// What one name stands for, with or without 街道, 镇, 社区, 村.
    pub fn find(&self, name: &str) -> Place {
        self.narrow(&[self.meanings(name)])
    }

    /// What a list of names, most general first, stands for together.
    pub fn find_path(&self, names: &[String]) -> Place {
        let meanings: Vec<_> = names.iter().map(|n| n.trim()).flat_map(|n| self.meanings_of_compound(n)).collect();
        self.narrow(&meanings)
    }

    /// What the names in a text (an address) stand for together; only names with their suffix count.
    pub fn find_in_text(&self, text: &str) -> Place {
        let meanings: Vec<_> = self.full.scan(text).into_iter().map(|m| m.values).collect();
        self.narrow(&meanings)
    }

    /// Villages and townships named in a text, with what stands after each name.
    pub(crate) fn mentions<'a>(&'a self, text: &'a str) -> Vec<(&'a [DivisionCode], &'a str)> {
        self.full.scan(text).into_iter().map(|m| (m.values, m.after)).collect()
    }

    /// What exactly this name may stand for: its full form, else its bare one.
    fn meanings(&self, name: &str) -> &[DivisionCode] {
        let full = self.full.get(name);
        if full.is_empty() { self.bare.get(name) } else { full }
    }

    fn meanings_of_compound<'a>(&'a self, name: &'a str) -> Vec<&'a [DivisionCode]> {
        let whole = self.meanings(name);
        if whole.is_empty() { self.full.scan(name).into_iter().map(|m| m.values).collect() } else { vec![whole] }
    }

    fn narrow(&self, meanings: &[&[DivisionCode]]) -> Place {
        let mut here: Option<DivisionCode> = None;
        for possible in meanings.iter().filter(|m| !m.is_empty()) {
            if here.as_ref().is_some_and(|h| possible.iter().any(|p| p.contains(h))) {
                continue;
            }
            let fitting: Vec<_> = possible.iter().filter(|p| here.as_ref().is_none_or(|h| h.contains(p))).collect();
            match widest(&fitting) {
                Some(one) => here = Some(one.clone()),
                None => return Place::Unsure,
            }
        }
        here.map_or(Place::Unknown, Place::Found)
    }
}

/// The one all others lie in (洪塘: the sub-district, its community and its village), if there is one.
fn widest<'a>(codes: &[&'a DivisionCode]) -> Option<&'a DivisionCode> {
    let shortest = codes.iter().min_by_key(|c| c.as_str().len())?;
    codes.iter().all(|c| shortest.contains(c)).then_some(*shortest)
}

fn read_division(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Division> {
    let code = row.parse("code", "a division code of 6, 9 or 12 digits", problems);
    let name = row.filled("name", problems);
    let parent = row.optional("parent", "a division code, or nothing", problems);
    Some(Division { code: code?, name: name?, parent: parent?, line: row.line })
}

const VILLAGE: [&str; 5] = ["村民委员会", "村委会", "村", "居民委员会", "居委会"];
const COMMUNITY: [&str; 3] = ["社区居民委员会", "社区居委会", "社区"];
const TOWNSHIP: [&str; 4] = ["街道办事处", "街道", "镇", "乡"];

/// The forms in which a name is spoken: with its suffix, and bare.
fn spoken_forms(name: &str, code: &DivisionCode) -> (Vec<String>, Vec<String>) {
    let strip = |suffixes: &[&str]| suffixes.iter().find_map(|s| name.strip_suffix(s)).filter(|s| !s.is_empty());
    let with = |stem: &str, suffixes: &[&str]| suffixes.iter().map(|s| format!("{stem}{s}")).collect::<Vec<_>>();
    let (mut full, bare) = match code.as_str().len() {
        6 => county_forms(name),
        9 => {
            let stem = strip(&TOWNSHIP).unwrap_or(name);
            (with(name, &["", "办事处", "政府", "人民政府"]), vec![stem.to_owned()])
        }
        _ => match strip(&COMMUNITY) {
            Some(stem) => (with(stem, &COMMUNITY), vec![stem.to_owned()]),
            None => village_forms(name, strip(&VILLAGE).unwrap_or(name)),
        },
    };
    full.push(name.to_owned());
    full.sort();
    full.dedup();
    (full, bare)
}

fn village_forms(name: &str, stem: &str) -> (Vec<String>, Vec<String>) {
    let suffixes: &[&str] = if name.ends_with("居委会") || name.ends_with("居民委员会") {
        &["居委会", "居民委员会", "社区", "社区居委会"]
    } else {
        &["村", "村委会", "村民委员会", "村村委会", "村村民委员会"]
    };
    (suffixes.iter().map(|s| format!("{stem}{s}")).collect(), vec![stem.to_owned()])
}

/// 宁波市江北区 is also 江北区.
fn county_forms(name: &str) -> (Vec<String>, Vec<String>) {
    let short = name.split_once('市').map_or(name, |(_, rest)| rest).to_owned();
    let short = if short.is_empty() { name.to_owned() } else { short };
    let bare = short.strip_suffix(['区', '县', '市']).unwrap_or(&short).to_owned();
    (vec![name.to_owned(), short], vec![bare])
}
