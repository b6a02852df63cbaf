//! Whether a directory that could be read also makes sense: gaps, contradictions, entries that can never speak,
//! departments nobody can reach. Only tells; refusing to run on errors is the caller's decision.

mod clocks;
mod duties;
mod judgements;
mod places;
mod units;

use super::Directory;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Cases would go wrong or to triage: mend before use.
    Error,
    /// Probably not what was meant.
    Warning,
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// File, relative to the directory.
    pub file: String,
    /// Line in it; 0 when the whole file is meant.
    pub line: u32,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Finding {
    fn error(file: &str, line: u32, zh: String, en: String) -> Self {
        Self { severity: Severity::Error, file: file.into(), line, zh, en }
    }

    fn warning(file: &str, line: u32, zh: String, en: String) -> Self {
        Self { severity: Severity::Warning, file: file.into(), line, zh, en }
    }
}

/// Everything to mend, errors first, then by file and line.
pub fn check(directory: &Directory) -> Vec<Finding> {
    let mut found = Vec::new();
    units::divisions(directory, &mut found);
    places::aliases(directory, &mut found);
    places::unknown(directory, &mut found);
    places::overlaps(directory, &mut found);
    units::matters(directory, &mut found);
    units::departments(directory, &mut found);
    duties::entries(directory, &mut found);
    duties::ties(directory, &mut found);
    duties::unreachable(directory, &mut found);
    duties::gaps(directory, &mut found);
    duties::territorial(directory, &mut found);
    clocks::clocks(directory, &mut found);
    judgements::accusations(directory, &mut found);
    judgements::severity(directory, &mut found);
    found.sort();
    found.dedup();
    found
}
