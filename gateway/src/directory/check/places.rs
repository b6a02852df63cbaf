//! What is known of places beyond the divisions: names that mean several, names and codes for nothing, areas that
//! overlap.

use std::collections::BTreeMap;

use huiliu_schemas::finding::Finding;
use huiliu_schemas::places::DivisionCode;

use crate::directory::Directory;
use crate::directory::places::{ALIASES, AREAS, Alias, Area, GRIDS, POINTS};

pub(super) fn aliases(directory: &Directory, found: &mut Vec<Finding>) {
    let mut by_name: BTreeMap<&str, Vec<&Alias>> = BTreeMap::new();
    for alias in &directory.places.aliases {
        by_name.entry(&alias.name).or_default().push(alias);
        if is_ours(&alias.division, directory) && directory.divisions.get(&alias.division).is_none() {
            missing(ALIASES, alias.line, &alias.division, found);
        }
        shadows(alias, directory, found);
    }
    for (name, all) in by_name {
        let other = all.iter().skip(1).find(|a| a.division != all[0].division);
        if let Some(other) = other {
            let zh = format!("“{name}”同时指 {} 和 {}，单凭此名不能定属地", all[0].division, other.division);
            let en =
                format!("`{name}` means both {} and {} and decides nothing by itself", all[0].division, other.division);
            found.push(Finding::warning(ALIASES, other.line, zh, en));
        } else if let Some(again) = all.get(1) {
            let (zh, en) = (format!("“{name}”重复"), format!("`{name}` stands twice"));
            found.push(Finding::warning(ALIASES, again.line, zh, en));
        }
    }
}

/// An alias that is a division's own name or code.
fn shadows(alias: &Alias, directory: &Directory, found: &mut Vec<Finding>) {
    let same = |d: &&crate::directory::divisions::Division| d.name == alias.name || d.code.as_str() == alias.name;
    let Some(division) = directory.divisions.iter().find(same).filter(|d| d.code != alias.division) else { return };
    let zh = format!("“{}”是现有区划 {} 的名称或代码，却指向 {}", alias.name, division.code, alias.division);
    let en = format!("`{}` is the name or code of {} and points to {}", alias.name, division.code, alias.division);
    found.push(Finding::warning(ALIASES, alias.line, zh, en));
}

/// Grids, points and areas of divisions that do not exist.
pub(super) fn unknown(directory: &Directory, found: &mut Vec<Finding>) {
    let places = &directory.places;
    let grids = places.grids.iter().map(|g| (GRIDS, g.line, &g.division));
    let points = places.points.iter().map(|p| (POINTS, p.line, &p.division));
    let areas = places.areas.iter().map(|a| (AREAS, a.line, &a.division));
    for (file, line, division) in grids.chain(points).chain(areas) {
        if directory.divisions.get(division).is_none() {
            missing(file, line, division, found);
        }
    }
}

/// Areas of which neither division lies in the other, and yet a corner of one lies in the other.
pub(super) fn overlaps(directory: &Directory, found: &mut Vec<Finding>) {
    let areas: Vec<&Area> = directory.places.areas.iter().collect();
    for (at, one) in areas.iter().enumerate() {
        for other in &areas[at + 1..] {
            let nested = one.division.contains(&other.division) || other.division.contains(&one.division);
            if !nested && (reaches_into(one, other) || reaches_into(other, one)) {
                let zh = format!("{} 与 {} 的片区重叠", one.division, other.division);
                let en = format!("the areas of {} and {} overlap", one.division, other.division);
                found.push(Finding::warning(AREAS, other.line.max(one.line), zh, en));
            }
        }
    }
}

/// Neighbours share corners and edges: a corner must lie inside by more than a metre or so to count.
fn reaches_into(one: &Area, other: &Area) -> bool {
    const METRE: f64 = 0.000_01;
    let around = [(-METRE, 0.0), (METRE, 0.0), (0.0, -METRE), (0.0, METRE)];
    one.corners().any(|(east, north)| around.iter().all(|(x, y)| other.contains(east + x, north + y)))
}

fn is_ours(code: &DivisionCode, directory: &Directory) -> bool {
    directory.divisions.counties().any(|c| c.code.contains(code))
}

fn missing(file: &str, line: u32, division: &DivisionCode, found: &mut Vec<Finding>) {
    let (zh, en) = (format!("属地 `{division}` 不存在"), format!("unknown division `{division}`"));
    found.push(Finding::error(file, line, zh, en));
}
