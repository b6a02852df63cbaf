//! The directory: who exists, who answers for what and where, and how long they have, read from CSV files that
//! officials edit in a spreadsheet. Parsing is pure; only [`Directory::load`] touches the disk. A directory that
//! has a problem is not made; whether a well-formed one also makes sense is what [`check()`] tells.

use std::path::Path;
use std::sync::Arc;

use huiliu_schemas::DepartmentId;
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::vocabulary::{Appeal, Complexity};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub mod calendar;
pub mod check;
pub mod conditions;
pub mod deadlines;
pub mod departments;
pub mod divisions;
pub mod encoding;
mod load;
pub mod matters;
pub(crate) mod names;
pub mod places;
pub mod problem;
pub mod responsibilities;
pub(crate) mod table;

pub use calendar::Calendar;
pub use check::check;
pub use deadlines::{Due, NamedDue, due};
pub use departments::{Department, Kind, Reach};
pub use load::Found;
pub use problem::{LoadError, Problem, Problems};

use deadlines::Clocks;
use departments::Departments;
use divisions::Divisions;
use matters::Matters;
use places::Places;
use responsibilities::{Responsibilities, Territorial};

use crate::judgement::accusation;
use crate::judgement::accusation::lexicon::Lexicon as AccusingLexicon;
use crate::judgement::matter::{self, Judge, Lexicon, Model};
use crate::judgement::place::{self, Gazetteer};
use crate::judgement::severity::danger;
use crate::judgement::severity::rules::{self, Rules};

/// A directory that was read whole.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Places.
    pub divisions: Divisions,
    /// Departments.
    pub departments: Departments,
    /// The content classification.
    pub matters: Matters,
    /// 责任清单.
    pub responsibilities: Responsibilities,
    /// 属地清单.
    pub territorial: Territorial,
    /// The clocks.
    pub clocks: Clocks,
    /// Working days.
    pub calendar: Calendar,
    /// What is known of places beyond the divisions.
    pub places: Places,
    gazetteer: Arc<Gazetteer>,
    /// The words by which accusations are recognised, with the units' names.
    pub(crate) accusing: AccusingLexicon,
    /// The words and circumstances by which a case's colour is judged.
    pub(crate) severity: Rules,
    /// What a matter is, from its words.
    pub matter: Judge,
    version: String,
}

impl Directory {
    /// Reads a directory from its files, given as name (relative, `calendar/` with its folder) and text.
    pub fn parse(files: &[(String, String)]) -> Result<Self, Problems> {
        Self::parse_with_model(files, None)
    }

    /// The same with the bytes of `matter.model`, where there is one.
    pub fn parse_with_model(files: &[(String, String)], model: Option<&[u8]>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let calendar = read_calendars(files, &mut problems);
        let divisions = Divisions::read(text_of(files, divisions::FILE, &mut problems), &mut problems);
        let places = Places::read(|name| optional_text_of(files, name), &mut problems);
        let departments = Departments::read(text_of(files, departments::FILE, &mut problems), &mut problems);
        let accusing = accusation::words::read(optional_text_of(files, accusation::words::FILE), &mut problems);
        let mut directory = Self {
            gazetteer: Arc::new(Gazetteer::of(&divisions, &places.aliases)),
            severity: Rules::read(
                optional_text_of(files, rules::FILE),
                optional_text_of(files, rules::DATES_FILE),
                optional_text_of(files, rules::PLACES_FILE),
                &mut problems,
            ),
            accusing: AccusingLexicon::new(accusing, &departments, &divisions),
            divisions,
            places,
            departments,
            matters: Matters::read(text_of(files, matters::FILE, &mut problems), &mut problems),
            responsibilities: Responsibilities::read(
                text_of(files, responsibilities::FILE, &mut problems),
                &mut problems,
            ),
            territorial: Territorial::read(
                text_of(files, responsibilities::TERRITORIAL_FILE, &mut problems),
                &mut problems,
            ),
            clocks: Clocks::read(text_of(files, deadlines::FILE, &mut problems), &mut problems),
            calendar,
            matter: Judge::default(),
            version: version_of(files, model),
        };
        directory.matter = read_judge(files, model, &directory.matters, &mut problems);
        if problems.is_empty() { Ok(directory) } else { Err(Problems(problems)) }
    }

    /// A directory of places only, for judging where something is: the divisions and what is known of places.
    #[cfg(test)]
    pub(crate) fn of_places(files: &[(String, String)]) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let divisions = Divisions::read(text_of(files, divisions::FILE, &mut problems), &mut problems);
        let places = Places::read(|name| optional_text_of(files, name), &mut problems);
        let directory = Self {
            gazetteer: Arc::new(Gazetteer::of(&divisions, &places.aliases)),
            accusing: AccusingLexicon::new(
                accusation::words::read(None, &mut problems),
                &Departments::default(),
                &divisions,
            ),
            divisions,
            places,
            severity: Rules::read(None, None, None, &mut problems),
            departments: Departments::default(),
            matters: Matters::default(),
            responsibilities: Responsibilities::default(),
            territorial: Territorial::default(),
            clocks: Clocks::default(),
            calendar: Calendar::default(),
            matter: Judge::default(),
            version: version_of(files, None),
        };
        if problems.is_empty() { Ok(directory) } else { Err(Problems(problems)) }
    }

    /// Loads a directory from the folder `root`.
    pub fn load(root: &Path) -> Result<Self, LoadError> {
        Found::read(root)?.parse()
    }

    /// The content address of what was read, 16 hex digits. The order of lines counts, since decisions name lines;
    /// encoding, BOM and line ends do not.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The department of a code.
    pub fn department(&self, id: &DepartmentId) -> Option<&Department> {
        self.departments.get(id)
    }

    /// A department's name, or its code where the directory does not know it.
    pub fn department_name<'a>(&'a self, id: &'a DepartmentId) -> &'a str {
        self.departments.get(id).map_or(id.as_str(), |d| d.name.as_str())
    }

    /// A place's name.
    pub fn division_name(&self, code: &DivisionCode) -> Option<&str> {
        self.divisions.get(code).map(|d| d.name.as_str())
    }

    /// Every name by which a place may be written.
    pub fn gazetteer(&self) -> &Gazetteer {
        &self.gazetteer
    }

    /// A matter's name with the classes above it.
    pub fn matter_path(&self, code: &MatterCode) -> String {
        self.matters.path(code)
    }

    /// When each clock that `start_event` starts runs out.
    pub fn due_dates(
        &self,
        start_event: &str,
        at: Timestamp,
        urgent: bool,
        complexity: Option<Complexity>,
        appeal: Option<Appeal>,
    ) -> Vec<NamedDue> {
        let covers = |scope: &deadlines::Scope| scope.covers(urgent, complexity, appeal);
        self.clocks.starting(start_event, at, &self.calendar, covers).into_iter().map(named_due).collect()
    }
}

fn named_due((rule, Due { at, provisional }): (&deadlines::ClockRule, Due)) -> NamedDue {
    NamedDue {
        clock: rule.clock.clone(),
        at,
        provisional,
        kind: rule.kind,
        urgent: rule.scope.urgent == Some(true),
        source: rule.source.clone(),
        line: rule.line,
    }
}

fn text_of<'a>(files: &'a [(String, String)], name: &str, problems: &mut Vec<Problem>) -> &'a str {
    optional_text_of(files, name).unwrap_or_else(|| {
        problems.push(Problem::of_file(name, "no such file", "a file of this name in the directory"));
        ""
    })
}

/// A file the directory may lack.
fn optional_text_of<'a>(files: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, text) = files.iter().find(|(n, _)| n == name)?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The lexicon speaks in the codes and names of the classification, so it is read after it.
fn read_judge(
    files: &[(String, String)],
    model: Option<&[u8]>,
    matters: &Matters,
    problems: &mut Vec<Problem>,
) -> Judge {
    let lexicon = Lexicon::read_file(optional_text_of(files, matter::lexicon::FILE), matters, problems);
    let model = model.and_then(|bytes| match Model::read(bytes) {
        Ok(model) => Some(model),
        Err(broken) => {
            let value = format!("{} bytes", bytes.len());
            problems.push(Problem::of_file(matter::model::FILE, &value, &format!("a model: {broken}")));
            None
        }
    });
    Judge { lexicon, model }
}

fn read_calendars(files: &[(String, String)], problems: &mut Vec<Problem>) -> Calendar {
    let mut calendar = Calendar::default();
    for (name, text) in files.iter().filter(|(n, _)| n.starts_with("calendar/")) {
        calendar.read(name, text.strip_prefix('\u{feff}').unwrap_or(text), problems);
    }
    calendar
}

fn version_of(files: &[(String, String)], model: Option<&[u8]>) -> String {
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort();
    let mut hash = Sha256::new();
    // What ships with the binary decides too: another release is another version.
    for shipped in [
        accusation::words::BUILT_IN,
        accusation::blame::FILE,
        rules::BUILT_IN,
        danger::FILE,
        matter::lexicon::BUILT_IN,
        place::CHINA,
    ] {
        hash.update(Sha256::digest(shipped));
    }
    for (name, text) in sorted {
        let plain = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let plain = plain.trim_end();
        // Lengths first, so that no two directories run together to the same bytes.
        hash.update(format!("{} {} {}\n", name.len(), plain.len(), name));
        hash.update(plain);
    }
    if let Some(model) = model {
        hash.update(format!("{} {}\n", matter::model::FILE, model.len()));
        hash.update(model);
    }
    base16ct::lower::encode_string(&hash.finalize()[..8])
}

#[cfg(test)]
pub(crate) mod tests;
