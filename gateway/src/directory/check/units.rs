//! Divisions, matters and departments, each by itself.

use huiliu_schemas::finding::Finding;

use crate::directory::departments::{self, Department, Kind};
use crate::directory::{Directory, divisions, matters};

pub(super) fn divisions(directory: &Directory, found: &mut Vec<Finding>) {
    let all = &directory.divisions;
    for d in all.iter() {
        let parent = d.parent.as_ref();
        let lost = parent.is_none_or(|p| all.get(p).is_none() || !p.contains(&d.code));
        if d.code.as_str().len() > 6 && lost {
            let zh = format!("{}（{}）没有上级，或上级代码与其代码不符", d.name, d.code);
            let en = format!("division {} has no parent that contains it", d.code);
            found.push(Finding::error(divisions::FILE, d.line, zh, en));
        }
        let no_township = d.code.as_str().len() == 9
            && [Kind::Township, Kind::TownshipCentre]
                .iter()
                .all(|k| directory.departments.of_township(&d.code, *k).is_none());
        if no_township {
            let zh = format!("{}（{}）没有对应的街道（镇）单位", d.name, d.code);
            let en = format!("township {} has no department", d.code);
            found.push(Finding::error(divisions::FILE, d.line, zh, en));
        }
    }
    if all.counties().next().is_none() {
        found.push(Finding::error(divisions::FILE, 0, "没有区县".into(), "no county".into()));
    }
}

pub(super) fn matters(directory: &Directory, found: &mut Vec<Finding>) {
    for m in directory.matters.iter().filter(|m| m.code.as_str().len() > 2) {
        let lost = m.parent.as_ref().is_none_or(|p| directory.matters.get(p).is_none() || !p.contains(&m.code));
        if lost {
            let zh = format!("事项 {} {} 没有上级，或上级代码与其代码不符", m.code, m.name);
            let en = format!("matter {} has no parent that contains it", m.code);
            found.push(Finding::error(matters::FILE, m.line, zh, en));
        }
    }
}

pub(super) fn departments(directory: &Directory, found: &mut Vec<Finding>) {
    let all = &directory.departments;
    for d in all.iter() {
        references(directory, d, found);
        if d.active && d.reach.is_empty() {
            say(found, d, "没有接入方式，无法收到案件", "cannot be reached in any way");
        }
        if !d.active && all.in_office(&d.id).is_none() {
            say(found, d, "已撤销，但没有在用的承接单位", "is dissolved and no department in office took its powers");
        }
        if all.is_circular(&d.id) {
            say(found, d, "的上级（承接）关系成环", "stands above itself");
        }
        if d.kind.is_township() && d.division.as_ref().is_none_or(|c| c.as_str().len() != 9) {
            say(found, d, "是街道（镇）单位，但属地不是 9 位代码", "is a township's but has no township's code");
        }
        let first = d.division.as_ref().filter(|_| d.active && d.kind.is_township());
        let first = first.and_then(|code| all.of_township(code, d.kind)).filter(|first| first.id != d.id);
        if let Some(first) = first {
            let zh = format!("与 {} 是同一属地的同类街道（镇）单位，案件只会派给后者", first.id);
            say(found, d, &zh, &format!("and {} are of one kind and place: only the latter gets cases", first.id));
        }
    }
    match all.discipline().as_slice() {
        [] => {
            let zh = "没有可接收检举控告的纪检监察机关".into();
            found.push(Finding::error(departments::FILE, 0, zh, "no discipline organ to receive accusations".into()));
        }
        [_] => {}
        [first, second, ..] => {
            let zh = format!("与 {} 都可接收检举控告，无从选定：请写明上级单位", first.id);
            let en = format!("and {} both may receive accusations: say which is the superior", first.id);
            say(found, second, &zh, &en);
        }
    }
    ambiguous_names(directory, found);
}

fn references(directory: &Directory, d: &Department, found: &mut Vec<Finding>) {
    for (what, id) in [("上级单位 superior", &d.superior), ("承接单位 successor", &d.successor)] {
        if let Some(id) = id.as_ref().filter(|id| directory.department(id).is_none()) {
            say(found, d, &format!("的{what} `{id}` 不存在"), &format!("names an unknown department `{id}`"));
        }
    }
    if let Some(code) = d.division.as_ref().filter(|c| directory.divisions.get(c).is_none()) {
        say(found, d, &format!("的属地 `{code}` 不存在"), &format!("names an unknown division `{code}`"));
    }
}

fn ambiguous_names(directory: &Directory, found: &mut Vec<Finding>) {
    for (name, ids) in directory.departments.names().ambiguous() {
        let active: Vec<_> = ids.iter().filter_map(|id| directory.department(id)).filter(|d| d.active).collect();
        if let [first, second, ..] = active.as_slice() {
            let zh = format!("名称“{name}”同时指 {} 和 {}", first.id, second.id);
            let en = format!("the name `{name}` means both {} and {}", first.id, second.id);
            found.push(Finding::warning(departments::FILE, second.line, zh, en));
        }
    }
}

fn say(found: &mut Vec<Finding>, d: &Department, zh: &str, en: &str) {
    let (zh, en) = (format!("{}（{}）{zh}", d.name, d.id), format!("department {} {en}", d.id));
    found.push(Finding::error(departments::FILE, d.line, zh, en));
}
