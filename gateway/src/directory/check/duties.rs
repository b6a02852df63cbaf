//! The responsibility list and the territorial list against everything else and against themselves.

use crate::directory::Directory;
use crate::directory::departments::Kind;
use crate::directory::responsibilities::{Entry, FILE, Listed, TERRITORIAL_FILE, Who};
use huiliu_schemas::finding::Finding;
use huiliu_schemas::places::{DivisionCode, MatterCode};

/// Codes that nothing in the directory knows.
pub(super) fn entries(directory: &Directory, found: &mut Vec<Finding>) {
    for e in directory.responsibilities.iter() {
        if directory.matters.get(&e.matter).is_none() {
            say(found, e, format!("事项 `{}` 不存在", e.matter), format!("unknown matter `{}`", e.matter));
        }
        if let Some(d) = e.division.as_ref().filter(|d| directory.divisions.get(d).is_none()) {
            say(found, e, format!("属地 `{d}` 不存在"), format!("unknown division `{d}`"));
        }
        for who in std::iter::once(&e.lead).chain(&e.participants) {
            unit(directory, e, who, found);
        }
        if e.participants.contains(&e.lead) {
            say(found, e, format!("{} 既主办又协办", e.lead), format!("{} both leads and takes part", e.lead));
        }
    }
}

fn unit(directory: &Directory, e: &Entry, who: &Who, found: &mut Vec<Finding>) {
    let Who::Department(id) = who else { return };
    match directory.department(id) {
        None => say(found, e, format!("单位 `{id}` 不存在"), format!("unknown department `{id}`")),
        Some(d) if directory.departments.in_office(id).is_none() => {
            let zh = format!("单位 {}（{id}）已撤销且无承接单位", d.name);
            say(found, e, zh, format!("department `{id}` is dissolved without successor"));
        }
        Some(d) if d.kind.is_township() => {
            let listed = d.division.as_ref().is_some_and(|c| directory.territorial.allows(c, &e.matter).is_some());
            if !listed {
                let zh = format!("{}（{id}）被列入，但事项 {} 不在其属地清单内", d.name, e.matter);
                say(found, e, zh, format!("township `{id}` is named but matter {} is not on its list", e.matter));
            }
        }
        Some(_) => {}
    }
}

/// Entries of equal standing that can both match one case.
pub(super) fn ties(directory: &Directory, found: &mut Vec<Finding>) {
    let all: Vec<&Entry> = directory.responsibilities.iter().collect();
    for (at, a) in all.iter().enumerate() {
        for b in all[at + 1..].iter().filter(|b| same_ground(a, b)) {
            let equal = a.conditions.count() == b.conditions.count();
            if equal && !a.conditions.both(&b.conditions).are_impossible() {
                let zh = format!("与第 {} 行并列：同一事项、同一属地，条件可同时成立", a.line);
                say(
                    found,
                    b,
                    zh,
                    format!("ties with line {}: both can match one case and neither is narrower", a.line),
                );
            }
        }
    }
}

fn same_ground(a: &Entry, b: &Entry) -> bool {
    a.matter == b.matter && a.division == b.division
}

/// Entries that can never speak.
pub(super) fn unreachable(directory: &Directory, found: &mut Vec<Finding>) {
    let all: Vec<&Entry> = directory.responsibilities.iter().collect();
    for e in &all {
        if e.conditions.are_impossible() {
            say(found, e, "条件自相矛盾，永不成立".into(), "its conditions can never hold".into());
        }
        let narrower = |f: &&&Entry| same_ground(e, f) && f.conditions.count() > e.conditions.count();
        if let Some(f) = all.iter().filter(narrower).find(|f| e.conditions.imply(&f.conditions)) {
            say(found, e, format!("总被第 {} 行取代", f.line), format!("line {} always wins over it", f.line));
        }
        let takes_part = e.participants.iter().any(Who::needs_place);
        if takes_part && !any_township_has_some_of(directory, e) {
            let zh = format!("由街道（镇）协办，但事项 {} 不在任何属地清单内，永不参与", e.matter);
            let en = format!("townships take part, but matter {} is on no territorial list", e.matter);
            found.push(Finding::warning(FILE, e.line, zh, en));
        }
        if e.lead.needs_place() && !townships(directory, e).any(|(_, listed)| listed) {
            let zh = format!("由街道（镇）主办，但事项 {} 不在任何属地清单内，永不生效", e.matter);
            say(found, e, zh, format!("led by townships, but matter {} is on no territorial list", e.matter));
        }
    }
}

/// The townships an entry would give its matter to, and whether they may have it.
fn townships<'a>(directory: &'a Directory, e: &'a Entry) -> impl Iterator<Item = (&'a str, bool)> {
    let all = directory.divisions.iter().filter(|d| d.code.as_str().len() == 9);
    let here = all.filter(|d| e.division.as_ref().is_none_or(|at| at.contains(&d.code) || d.code.contains(at)));
    here.map(|d| (d.name.as_str(), directory.territorial.allows(&d.code, &e.matter).is_some()))
}

/// Whether an entry gives a township what this line allows it.
fn uses(directory: &Directory, e: &Entry, listed: &Listed) -> bool {
    let there = |d: &DivisionCode| listed.division.contains(d) || d.contains(&listed.division);
    let of_township = |who: &Who| match who {
        Who::Department(id) => directory.department(id).is_some_and(|d| d.kind.is_township()),
        _ => who.needs_place(),
    };
    let of_it = e.matter.contains(&listed.matter) || listed.matter.contains(&e.matter);
    of_it && e.division.as_ref().is_none_or(there) && std::iter::once(&e.lead).chain(&e.participants).any(of_township)
}

/// Whether a township where the entry holds has its matter, or a class of it, on its list.
fn any_township_has_some_of(directory: &Directory, e: &Entry) -> bool {
    let here = |at: &DivisionCode| e.division.as_ref().is_none_or(|d| d.contains(at) || at.contains(d));
    let of_it = |matter: &MatterCode| matter.contains(&e.matter) || e.matter.contains(matter);
    directory.territorial.iter().any(|l| here(&l.division) && of_it(&l.matter))
}

/// Matters nobody owns, topmost only.
pub(super) fn gaps(directory: &Directory, found: &mut Vec<Finding>) {
    let mut open: Vec<&MatterCode> = Vec::new();
    for m in directory.matters.iter() {
        if open.iter().any(|above| above.contains(&m.code)) {
            continue;
        }
        match owner(directory, &m.code) {
            Owner::Always => {}
            Owner::Sometimes => {
                let zh = format!("事项 {} {} 只在部分条件、属地下有承办单位", m.code, m.name);
                let en = format!("matter {} has an owner only under conditions or in some places", m.code);
                found.push(Finding::warning(FILE, 0, zh, en));
            }
            Owner::Never if has_owned_below(directory, &m.code) => {
                let zh = format!("事项 {} {} 自身无承办单位（其下级有）", m.code, m.name);
                let en = format!("matter {} has no owner of its own, only classes below it have", m.code);
                found.push(Finding::warning(FILE, 0, zh, en));
            }
            Owner::Never => {
                let zh = format!("事项 {} {} 无承办单位", m.code, m.name);
                found.push(Finding::error(FILE, 0, zh, format!("matter {} has no owner", m.code)));
                open.push(&m.code);
            }
        }
    }
}

enum Owner {
    Always,
    Sometimes,
    Never,
}

fn owner(directory: &Directory, matter: &MatterCode) -> Owner {
    let mut sometimes = false;
    for e in directory.responsibilities.covering(matter) {
        let everywhere =
            e.division.as_ref().is_none_or(|d| directory.divisions.counties().all(|c| d.contains(&c.code)));
        let led = !e.lead.needs_place() || townships(directory, e).all(|(_, listed)| listed);
        if everywhere && led && e.conditions.count() == 0 {
            return Owner::Always;
        }
        sometimes = true;
    }
    if sometimes { Owner::Sometimes } else { Owner::Never }
}

fn has_owned_below(directory: &Directory, matter: &MatterCode) -> bool {
    directory.responsibilities.iter().any(|e| matter.contains(&e.matter))
}

/// The territorial list, and the townships left out of it.
pub(super) fn territorial(directory: &Directory, found: &mut Vec<Finding>) {
    for listed in directory.territorial.iter() {
        if directory.matters.get(&listed.matter).is_none() {
            let zh = format!("事项 `{}` 不存在", listed.matter);
            found.push(Finding::error(
                TERRITORIAL_FILE,
                listed.line,
                zh,
                format!("unknown matter `{}`", listed.matter),
            ));
        }
        if directory.divisions.get(&listed.division).is_none() {
            let (zh, en) =
                (format!("属地 `{}` 不存在", listed.division), format!("unknown division `{}`", listed.division));
            found.push(Finding::error(TERRITORIAL_FILE, listed.line, zh, en));
        }
        if !directory.responsibilities.iter().any(|e| uses(directory, e, listed)) {
            let zh = format!("责任清单没有哪一行把事项 {} 交给这里的街道（镇），此行永不起作用", listed.matter);
            let en = format!("no entry gives matter {} to a township here: the line does nothing", listed.matter);
            found.push(Finding::warning(TERRITORIAL_FILE, listed.line, zh, en));
        }
    }
    for e in directory.responsibilities.iter().filter(|e| e.lead.needs_place()) {
        let missing: Vec<&str> = townships(directory, e).filter(|(_, listed)| !listed).map(|(name, _)| name).collect();
        let some = townships(directory, e).any(|(_, listed)| listed);
        if some && !missing.is_empty() {
            let zh = format!("由街道（镇）主办，但 {} 的属地清单未列该事项", missing.join("、"));
            let en = format!("led by townships, but {} of them do not have matter {} listed", missing.len(), e.matter);
            found.push(Finding::warning(FILE, e.line, zh, en));
        }
        let kind = if e.lead == Who::Township { Kind::Township } else { Kind::TownshipCentre };
        let absent = directory.divisions.iter().filter(|d| d.code.as_str().len() == 9);
        for d in absent.filter(|d| directory.departments.of_township(&d.code, kind).is_none()) {
            let zh = format!("由{}主办，但 {} 没有这样的单位", kind.chinese(), d.name);
            say(found, e, zh, format!("led by a {}, but {} has none", kind.as_str(), d.code));
        }
    }
}

fn say(found: &mut Vec<Finding>, entry: &Entry, zh: String, en: String) {
    found.push(Finding::error(FILE, entry.line, zh, en));
}
