//! Whether a directory that could be read also makes sense: gaps, contradictions, entries that can never speak,
//! departments nobody can reach. Only tells; refusing to run on errors is the caller's decision.

mod clocks;
mod duties;
mod judgements;
mod places;
mod units;

use huiliu_schemas::finding::Finding;

use super::Directory;

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
    judgements::classes(directory, &mut found);
    judgements::accusations(directory, &mut found);
    judgements::severity(directory, &mut found);
    found.sort();
    found.dedup();
    found
}
