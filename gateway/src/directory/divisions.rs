//! `divisions.csv`: the county, its townships and villages by code. What a name written by people stands for is
//! judged by `judgement::place`.

use std::collections::BTreeMap;

use huiliu_schemas::places::DivisionCode;

use super::names::NameIndex;
use super::problem::Problem;
use super::table::{Column, Row, may, must, rows};
use crate::judgement::place::forms::{self, Form};

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

/// Every division.
#[derive(Debug, Clone, Default)]
pub struct Divisions {
    by_code: BTreeMap<DivisionCode, Division>,
    villages: NameIndex<DivisionCode>,
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
        if division.code.as_str().len() == 12 {
            let whole = forms::of_village(&division.name).into_iter().filter(|(_, form)| *form == Form::Full);
            whole.for_each(|(name, _)| self.villages.insert(&name, division.code.clone()));
        }
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

    /// Villages and communities named in a text by their whole names, with what stands after each name.
    pub(crate) fn villages_in<'a>(&'a self, text: &'a str) -> Vec<&'a str> {
        self.villages.scan(text).into_iter().map(|m| m.after).collect()
    }
}

fn read_division(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Division> {
    let code = row.parse("code", "a division code of 6, 9 or 12 digits", problems);
    let name = row.filled("name", problems);
    let parent = row.optional("parent", "a division code, or nothing", problems);
    Some(Division { code: code?, name: name?, parent: parent?, line: row.line })
}
