//! `matters.csv`: the content classification, by code and by name. A name under two parents is not resolved
//! without its parent.

use std::collections::{BTreeMap, HashMap};

use huiliu_schemas::places::MatterCode;

use super::problem::Problem;
use super::table::{Column, Row, may, must, rows};

/// The file.
pub const FILE: &str = "matters.csv";
const COLUMNS: &[Column] = &[must("code", "代码"), must("name", "名称"), may("parent", "上级"), may("note", "备注")];

/// One class of the classification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// Its code.
    pub code: MatterCode,
    /// Its name.
    pub name: String,
    /// The class above it.
    pub parent: Option<MatterCode>,
    /// Line in the file.
    pub line: u32,
}

/// The classification.
#[derive(Debug, Clone, Default)]
pub struct Matters {
    by_code: BTreeMap<MatterCode, Matter>,
    by_name: HashMap<String, Vec<MatterCode>>,
}

impl Matters {
    pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut all = Self::default();
        for row in rows(FILE, text, COLUMNS, problems) {
            let Some(matter) = read_matter(&row, problems) else { continue };
            match all.by_code.get(&matter.code) {
                Some(first) => {
                    problems.push(row.problem("code", format!("a code used once (see line {})", first.line)));
                }
                None => all.add(matter),
            }
        }
        all.by_name.values_mut().for_each(|codes| codes.sort());
        all
    }

    fn add(&mut self, matter: Matter) {
        self.by_name.entry(matter.name.clone()).or_default().push(matter.code.clone());
        self.by_code.insert(matter.code.clone(), matter);
    }

    /// Every class, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Matter> {
        self.by_code.values()
    }

    /// The class of a code.
    pub fn get(&self, code: &MatterCode) -> Option<&Matter> {
        self.by_code.get(code)
    }

    /// The class's name with those above it: 城乡建设 > 住房保障与房地产 > 物业服务.
    pub fn path(&self, code: &MatterCode) -> String {
        let names = [2, 4, 6].into_iter().filter_map(|len| code.as_str().get(..len)?.parse().ok());
        let names: Vec<&str> = names.filter_map(|c: MatterCode| self.get(&c)).map(|m| m.name.as_str()).collect();
        names.join(" > ")
    }

    /// The classes a source's class name may mean: the whole text, or a path with `->`, `>`, `/` or `、` in it
    /// whose last word is the name and whose other words stand above it.
    pub fn find(&self, name: &str) -> Vec<MatterCode> {
        let whole = self.by_name.get(name.trim()).cloned().unwrap_or_default();
        let found = if whole.is_empty() { self.find_path(name) } else { whole };
        match found.iter().min_by_key(|c| c.as_str().len()) {
            Some(widest) if found.iter().all(|c| widest.contains(c)) => vec![widest.clone()],
            _ => found,
        }
    }

    fn find_path(&self, path: &str) -> Vec<MatterCode> {
        let words: Vec<&str> =
            path.split(['>', '/', '、', '→', '-']).map(str::trim).filter(|w| !w.is_empty()).collect();
        let Some((last, above)) = words.split_last() else { return Vec::new() };
        let named = self.by_name.get(*last).into_iter().flatten();
        named.filter(|code| above.iter().all(|word| self.stands_under(code, word))).cloned().collect()
    }

    fn stands_under(&self, code: &MatterCode, word: &str) -> bool {
        let above = self.by_name.get(word).into_iter().flatten();
        above.into_iter().any(|a| a != code && a.contains(code))
    }
}

fn read_matter(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Matter> {
    let code = row.parse("code", "a matter code of 2, 4 or 6 digits", problems);
    let name = row.filled("name", problems);
    let parent = row.optional("parent", "a matter code, or nothing", problems);
    Some(Matter { code: code?, name: name?, parent: parent?, line: row.line })
}
