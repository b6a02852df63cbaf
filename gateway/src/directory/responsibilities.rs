//! `responsibilities.csv` (责任清单) and `territorial.csv` (属地清单): who answers for what, where, and which matters
//! townships may be given at all. Here they are only read and indexed; choosing between entries is routing's part.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::RuleRef;
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::vocabulary::Complexity;

use super::conditions::{self, Conditions};
use super::problem::Problem;
use super::table::{Column, Row, may, must, rows};

/// The responsibility list.
pub const FILE: &str = "responsibilities.csv";
/// The territorial list.
pub const TERRITORIAL_FILE: &str = "territorial.csv";

const COLUMNS: &[Column] = &[
    must("matter", "事项"),
    may("division", "属地"),
    may("conditions", "条件"),
    must("lead", "主办"),
    may("participants", "协办"),
    may("level", "层级"),
    may("complexity", "复杂程度"),
    may("note", "备注"),
];
const TERRITORIAL_COLUMNS: &[Column] = &[must("division", "属地"), must("matter", "事项"), may("note", "备注")];

/// Who an entry names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A department by its code.
    Department(DepartmentId),
    /// `@township`: the township of the place.
    Township,
    /// `@township-centre`: the centre of that township.
    TownshipCentre,
}

impl Who {
    fn read(text: &str) -> Option<Self> {
        match text {
            "@township" => Some(Self::Township),
            "@township-centre" => Some(Self::TownshipCentre),
            code => code.parse().ok().map(Self::Department),
        }
    }

    /// Whether it depends on where the matter is.
    pub fn needs_place(&self) -> bool {
        !matches!(self, Self::Department(_))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Department(id) => id.fmt(f),
            Self::Township => f.write_str("@township"),
            Self::TownshipCentre => f.write_str("@township-centre"),
        }
    }
}

/// One line of the responsibility list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The matter, at any level.
    pub matter: MatterCode,
    /// Where; everywhere if none.
    pub division: Option<DivisionCode>,
    /// Under which conditions.
    pub conditions: Conditions,
    /// Who leads.
    pub lead: Who,
    /// Who takes part.
    pub participants: Vec<Who>,
    /// 1 village, 2 township, 3 county.
    pub level: Option<u8>,
    /// How complex such matters are.
    pub complexity: Option<Complexity>,
    /// Why, or what to mind.
    pub note: String,
    /// Line in the file.
    pub line: u32,
}

impl Entry {
    /// What decides between entries that match: longer matter, then longer division, then more conditions.
    pub fn specificity(&self) -> (usize, usize, usize) {
        let division = self.division.as_ref().map_or(0, |d| d.as_str().len());
        (self.matter.as_str().len(), division, self.conditions.count())
    }

    /// A sort key that does not depend on where the line stands in the file.
    pub(crate) fn rank(&self) -> impl Ord + use<'_> {
        (Reverse(self.specificity()), &self.matter, &self.division, self.conditions.text(), &self.lead)
    }

    /// The line as a reference, with `words`.
    pub(crate) fn rule(&self, words: String) -> RuleRef {
        RuleRef { file: FILE.into(), line: self.line, words }
    }
}

/// The responsibility list, found by matter.
#[derive(Debug, Clone, Default)]
pub struct Responsibilities {
    by_matter: HashMap<MatterCode, Vec<Entry>>,
}

impl Responsibilities {
    pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut by_matter: HashMap<MatterCode, Vec<Entry>> = HashMap::new();
        for row in rows(FILE, text, COLUMNS, problems) {
            if let Some(entry) = read_entry(&row, problems) {
                by_matter.entry(entry.matter.clone()).or_default().push(entry);
            }
        }
        by_matter.values_mut().for_each(|entries| entries.sort_by(|a, b| a.rank().cmp(&b.rank())));
        Self { by_matter }
    }

    /// Every entry, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        let mut all: Vec<&Entry> = self.by_matter.values().flatten().collect();
        all.sort_by_key(|e| e.line);
        all.into_iter()
    }

    /// The entries of a matter and of the classes above it, most specific first, whatever their place and conditions.
    pub fn covering(&self, matter: &MatterCode) -> impl Iterator<Item = &Entry> {
        let codes = [6, 4, 2].into_iter().filter_map(|len| matter.as_str().get(..len)?.parse::<MatterCode>().ok());
        codes.filter_map(|code| self.by_matter.get(&code)).flatten()
    }
}

/// One line of the territorial list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The township, or the county for all its townships.
    pub division: DivisionCode,
    /// The matter, at any level.
    pub matter: MatterCode,
    /// Line in the file.
    pub line: u32,
}

/// The territorial list.
#[derive(Debug, Clone, Default)]
pub struct Territorial {
    by_matter: HashMap<MatterCode, Vec<Listed>>,
}

impl Territorial {
    pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut by_matter: HashMap<MatterCode, Vec<Listed>> = HashMap::new();
        for row in rows(TERRITORIAL_FILE, text, TERRITORIAL_COLUMNS, problems) {
            let division = row.parse("division", "the code of a township, or of the county for all", problems);
            let matter: Option<MatterCode> = row.parse("matter", "a matter code of 2, 4 or 6 digits", problems);
            let (Some(division), Some(matter)) = (division, matter) else { continue };
            by_matter.entry(matter.clone()).or_default().push(Listed { division, matter, line: row.line });
        }
        by_matter.values_mut().for_each(|l| l.sort_by(|a, b| a.division.cmp(&b.division).then(a.line.cmp(&b.line))));
        Self { by_matter }
    }

    /// Every line, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        let mut all: Vec<&Listed> = self.by_matter.values().flatten().collect();
        all.sort_by_key(|l| l.line);
        all.into_iter()
    }

    /// The line by which the township of `division` may be given `matter`.
    pub fn allows(&self, division: &DivisionCode, matter: &MatterCode) -> Option<&Listed> {
        let codes = [6, 4, 2].into_iter().filter_map(|len| matter.as_str().get(..len)?.parse::<MatterCode>().ok());
        codes.filter_map(|code| self.by_matter.get(&code)).flatten().find(|l| l.division.contains(division))
    }
}

fn read_entry(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Entry> {
    let who = "a department code, `@township` or `@township-centre`";
    let matter = row.parse("matter", "a matter code of 2, 4 or 6 digits", problems);
    let division = row.optional("division", "a division code, or nothing", problems);
    let conditions = row.read("conditions", conditions::EXPECTED, problems, Conditions::read);
    let lead = row.read("lead", who, problems, Who::read);
    let participants = row.read("participants", &format!("{who}, several with `;`"), problems, |_| {
        row.list("participants").into_iter().map(Who::read).collect::<Option<Vec<_>>>()
    });
    let level = row.read("level", "1, 2, 3 or nothing", problems, read_level);
    let complexity = row.read("complexity", "simple, ordinary, complex, difficult or nothing", problems, |text| {
        if text.is_empty() { Some(None) } else { Complexity::read(text).map(Some) }
    });
    Some(Entry {
        matter: matter?,
        division: division?,
        conditions: conditions?,
        lead: lead?,
        participants: participants?,
        level: level?,
        complexity: complexity?,
        note: row.text("note").to_owned(),
        line: row.line,
    })
}

fn read_level(text: &str) -> Option<Option<u8>> {
    match text {
        "" => Some(None),
        "1" => Some(Some(1)),
        "2" => Some(Some(2)),
        "3" => Some(Some(3)),
        _ => None,
    }
}
