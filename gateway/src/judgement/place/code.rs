//! What codes and grid numbers stand for: divisions of the directory, those that took the place of merged ones, or
//! another county.

use std::collections::BTreeSet;

use huiliu_schemas::places::DivisionCode;

use crate::directory::Directory;

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This division.
    Division(DivisionCode),
    /// One of those that a division no longer there became.
    OneOf(String, BTreeSet<DivisionCode>),
    /// Another county.
    Outside,
    /// No more than that it is in the province or city.
    Nothing,
}

/// What the code of a source stands for. Padded codes are those of the wider division: 330205006000.
pub(super) fn meaning(code: &DivisionCode, directory: &Directory) -> Meaning {
    let code = DivisionCode::from_padded(code.as_str()).unwrap_or_else(|_| code.clone());
    let divisions = &directory.divisions;
    if divisions.get(&code).is_some() {
        return Meaning::Division(code);
    }
    let ends = [12, 9, 6].into_iter().filter_map(|end| code.as_str().get(..end));
    for known in ends {
        if let Some(heirs) = directory.gazetteer().heirs_of(known) {
            return of_heirs(known, heirs, directory);
        }
        let division = known.parse().ok().filter(|c| divisions.get(c).is_some());
        if let Some(division) = division {
            return Meaning::Division(division);
        }
    }
    if directory.gazetteer().is_ours(&code) { Meaning::Nothing } else { Meaning::Outside }
}

fn of_heirs(code: &str, heirs: &BTreeSet<DivisionCode>, directory: &Directory) -> Meaning {
    let ours: BTreeSet<_> = heirs.iter().filter(|h| directory.divisions.get(h).is_some()).cloned().collect();
    match (ours.len(), ours.first()) {
        (1, Some(heir)) if heirs.len() == 1 => Meaning::Division(heir.clone()),
        (0, _) if heirs.iter().all(|h| !directory.gazetteer().is_ours(h)) => Meaning::Outside,
        _ => Meaning::OneOf(code.to_owned(), ours),
    }
}

/// Tells grid numbers from names: each grid with its division, none where the directory does not know it.
pub(super) fn grids_and_names<'n>(
    names: &'n [String],
    directory: &Directory,
) -> (Vec<Option<DivisionCode>>, Vec<&'n str>) {
    let (mut grids, mut others) = (Vec::new(), Vec::new());
    for name in names.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
        let listed = directory.places.grids.find(name).map(|g| g.division.clone());
        let is_number = name.len() > 12 && name.bytes().all(|b| b.is_ascii_digit());
        match listed {
            Some(division) => grids.push(Some(division)),
            None if is_number => grids.push(numbered(name, directory)),
            None => others.push(name),
        }
    }
    (grids, others)
}

/// A grid's number begins with the code of its village or township.
fn numbered(grid: &str, directory: &Directory) -> Option<DivisionCode> {
    let code = |end: usize| grid.get(..end)?.parse().ok().filter(|c| directory.divisions.get(c).is_some());
    [12, 9].into_iter().find_map(code)
}
