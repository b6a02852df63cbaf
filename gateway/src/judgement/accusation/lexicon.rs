//! The words in force together with the names of the directory's units, ready to be looked for in a text.

use std::collections::BTreeSet;
use std::sync::Arc;

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::WordRef;

use super::super::vocabulary::{Gapped, Listed, heads};
use super::blame::{BLAME, Blame};
use super::words::{FILE, Kind, Says};
use crate::directory::departments::{Department, Departments, Kind as UnitKind};
use crate::directory::divisions::Divisions;
use crate::directory::names::NameIndex;

/// What a word may mean.
#[derive(Debug, Clone)]
pub(crate) struct Meaning {
    pub listed: Listed<Says>,
    /// The units it stands for.
    pub units: BTreeSet<DepartmentId>,
    /// A township's name without 办, 办事处 or 政府: it may only say where something is.
    pub bare_township: bool,
    /// It is a name of the directory, not a word of a list.
    pub is_name: bool,
}

impl Meaning {
    pub fn kind(&self) -> Kind {
        self.listed.says.kind
    }

    pub fn gapped(&self) -> Option<&Gapped> {
        self.listed.gapped.as_ref()
    }

    /// The line, as a decision cites it; names of units are not lines of the list.
    pub fn cite(&self) -> WordRef {
        self.listed.cite(FILE)
    }
}

/// Words that are only looked for right before or right after a name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Affixes {
    pub ask: Vec<String>,
    pub to: Vec<String>,
    pub by: Vec<String>,
    pub not: Vec<String>,
    pub beside: Vec<String>,
}

/// Everything that is looked for in a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lexicon {
    index: NameIndex<usize>,
    meanings: Vec<Meaning>,
    pub affixes: Affixes,
    /// The county and its city, in all forms: 宁波市江北区, 江北区, 江北, 宁波市, 宁波.
    pub counties: Vec<String>,
    /// What reads as blame.
    pub blame: Arc<Blame>,
}

impl Lexicon {
    /// Puts the words in force and the names of units together.
    pub fn new(mut words: Vec<Listed<Says>>, departments: &Departments, divisions: &Divisions) -> Self {
        // The order of lines must not matter.
        words.sort_by(|a, b| {
            (&a.word, a.says.kind, &a.says.means, a.line).cmp(&(&b.word, b.says.kind, &b.says.means, b.line))
        });
        let counties = counties(divisions);
        let mut lexicon = Self { blame: Arc::clone(&BLAME), counties, ..Self::default() };
        for listed in words {
            lexicon.add_word(listed, departments);
        }
        for department in departments.iter() {
            std::iter::once(&department.name).chain(&department.aliases).for_each(|n| lexicon.add_name(n, department));
        }
        lexicon.add_short_names(departments);
        lexicon.affixes.longest_first();
        lexicon
    }

    fn add_word(&mut self, listed: Listed<Says>, departments: &Departments) {
        let affixes = match listed.says.kind {
            Kind::Ask => Some(&mut self.affixes.ask),
            Kind::To => Some(&mut self.affixes.to),
            Kind::By => Some(&mut self.affixes.by),
            Kind::Not => Some(&mut self.affixes.not),
            Kind::Beside => Some(&mut self.affixes.beside),
            _ => None,
        };
        let in_text = affixes.is_none() || listed.says.kind == Kind::Ask && is_asking_alone(&listed.word);
        affixes.into_iter().for_each(|a| a.push(listed.word.clone()));
        if in_text {
            let units = units_of(&listed.says.means, departments);
            self.insert(Meaning { listed, units, bare_township: false, is_name: false });
        }
    }

    fn add_name(&mut self, name: &str, department: &Department) {
        let bare_township = department.kind == UnitKind::Township && !name.ends_with(['办', '处', '府']);
        let says = Says { kind: Kind::Unit, means: Vec::new() };
        let listed = Listed { word: name.to_owned(), gapped: None, says, line: department.line, own: true };
        self.insert(Meaning { listed, units: BTreeSet::from([department.id.clone()]), bare_township, is_name: true });
    }

    /// 征收中心 for 区征收中心, where no list has another meaning for it.
    fn add_short_names(&mut self, departments: &Departments) {
        let short = |name: &str| {
            let whole = self.counties.iter().find_map(|county| name.strip_prefix(county.as_str()));
            let short = whole.or_else(|| without_level(name))?;
            (short.chars().count() >= 3 && self.index.get(short).is_empty()).then(|| short.to_owned())
        };
        let of = |d: &'_ Department| d.aliases.iter().filter_map(|n| short(n)).collect::<Vec<_>>();
        let found: Vec<(Vec<String>, &Department)> = departments.iter().map(|d| (of(d), d)).collect();
        for (names, department) in found {
            names.iter().for_each(|name| self.add_name(name, department));
        }
    }

    fn insert(&mut self, meaning: Meaning) {
        // The name of a unit has no spellings.
        let word = meaning.listed.word.as_str();
        let heads = if meaning.is_name { vec![word] } else { heads(word).collect() };
        heads.into_iter().for_each(|head| self.index.insert(head, self.meanings.len()));
        self.meanings.push(meaning);
    }

    /// The lines of the directory's own list.
    pub fn own_lines(&self) -> impl Iterator<Item = &Meaning> {
        self.meanings.iter().filter(|m| m.listed.own && !m.is_name)
    }

    /// The words at the beginning of `rest`, longest first, with how long each (or its first part) is.
    pub fn at<'l, 't>(&'l self, rest: &'t str) -> impl Iterator<Item = (usize, &'l Meaning)> + use<'l, 't> {
        let names = self.index.all_at(rest);
        names.flat_map(|(name, values)| values.iter().filter_map(|i| Some((name.len(), self.meanings.get(*i)?))))
    }
}

impl Affixes {
    fn longest_first(&mut self) {
        for list in [&mut self.ask, &mut self.to, &mut self.by, &mut self.not, &mut self.beside] {
            list.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            list.dedup();
        }
    }
}

/// 区征收中心, 县征收中心, 市征收中心; not 市场监管局.
fn without_level(name: &str) -> Option<&str> {
    // 市民 and 市政 are words, and so is what is left: 市民政局, 市政法委.
    const OFFICES: [&str; 7] = ["政府", "政法", "政务", "政协", "民政", "民族", "民宗"];
    let rest = name.strip_prefix(['区', '县', '市'])?;
    let of_city = rest.starts_with(['场', '容', '政', '民']) && !OFFICES.iter().any(|office| rest.starts_with(office));
    let is_word = rest.starts_with(['级', '域']) || name.starts_with('市') && of_city;
    (!is_word).then_some(rest)
}

/// Longest first, so that 江北区 is not read as 江北 with something behind it.
fn counties(divisions: &Divisions) -> Vec<String> {
    let parts = |name: &'_ str| -> Vec<String> {
        let city = name.char_indices().find(|(at, c)| *c == '市' && at + c.len_utf8() < name.len());
        let cut = city.map_or(0, |(at, c)| at + c.len_utf8());
        [name, &name[..cut], &name[cut..]].into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let mut forms: Vec<String> = divisions.counties().flat_map(|county| parts(&county.name)).collect();
    let bare = |form: &String| form.strip_suffix(['区', '县', '市']).map(str::to_owned);
    let bare: Vec<String> = forms.iter().filter_map(bare).filter(|bare| bare.chars().count() >= 2).collect();
    forms.extend(bare.into_iter().filter(|bare| !bare.contains(['市', '区', '县'])));
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms
}

/// A single character such as 由 or 转 asks only right before a name; 请 asks wherever it stands.
fn is_asking_alone(word: &str) -> bool {
    word == "请" || word.chars().count() > 1
}

/// The units of the first name the directory knows.
fn units_of(means: &[String], departments: &Departments) -> BTreeSet<DepartmentId> {
    let found = means.iter().map(|name| units_named(name, departments)).find(|units| !units.is_empty());
    found.unwrap_or_default()
}

fn units_named(name: &str, departments: &Departments) -> BTreeSet<DepartmentId> {
    match name.strip_prefix('@') {
        Some(kind) => of_kind(kind, departments),
        None if departments.get_text(name).is_some() => {
            departments.get_text(name).map(|d| d.id.clone()).into_iter().collect()
        }
        None => departments.names().get(name).iter().cloned().collect(),
    }
}

/// The units of a kind that stand under no other of the kind.
fn of_kind(kind: &str, departments: &Departments) -> BTreeSet<DepartmentId> {
    let of = |d: &&Department| d.kind.as_str() == kind;
    let above = |d: &Department| d.superior.as_ref().and_then(|s| departments.get(s)).is_some_and(|s| s.kind == d.kind);
    departments.iter().filter(of).filter(|d| !above(d)).map(|d| d.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use crate::directory::Directory;
    use crate::directory::tests::changed;

    /// No county is in the code: a directory's own is known by its divisions.
    #[test]
    fn a_county_is_left_out_of_a_name_wherever_it_lies() {
        for (county, alias) in [
            ("宁波市江北区", "江北区仁和中心"),
            ("宁波市余姚市", "余姚市仁和中心"),
            ("无锡市江阴市", "市仁和中心"),
            ("上饶市玉山县", "玉山仁和中心"),
            ("玉山县", "县仁和中心"),
        ] {
            let mut files = changed("divisions.csv", |text| text.replace("宁波市江北区", county));
            let unit = format!("x-unit,某单位,{alias};市场监管一局;县级仁和站,bureau,jb-government,,web,,yes,\n");
            files.iter_mut().filter(|(name, _)| name == "departments.csv").for_each(|(_, text)| text.push_str(&unit));
            let lexicon = Directory::parse(&files).map(|directory| directory.accusing).expect("parses");
            let meant =
                |text: &str| lexicon.at(text).any(|(_, m)| m.units.iter().any(|unit| unit.as_str() == "x-unit"));
            assert!(meant("仁和中心收钱") && meant(alias), "{county}");
            assert!(!meant("场监管一局") && !meant("级仁和站"), "the character is of another word");
        }
        let forms = Directory::parse(&changed("divisions.csv", |text| text.replace("宁波市江北区", "无锡市江阴市")));
        let forms = forms.map(|directory| directory.accusing.counties.clone()).expect("parses");
        assert_eq!(forms, ["无锡市江阴市", "无锡市", "江阴市", "无锡", "江阴"]);
    }
}
