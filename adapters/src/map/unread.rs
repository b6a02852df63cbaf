//! Which values of a record no field of the map reads, and nobody said to leave: what the author of a map may have
//! forgotten.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Map;
use super::path::Path;
use super::target::Target;

/// Paths of scalar values that no path of the map reaches, with list elements as `[]`.
pub(super) fn unread(map: &Map, record: &Value) -> Vec<String> {
    // One element sent without its list is read as the list is, and a list that is not there is as good as read; a value in
    // an object that only says its type (`{"$date": …}`) is read with it.
    let bare = |path: &str| normalised(path.split(".$").next().unwrap_or(path)).replace("[]", "");
    let read: BTreeSet<String> = read_paths(map).iter().map(|path| bare(path)).collect();
    let mut found = BTreeSet::new();
    leaves(record, String::new(), &mut found);
    found.into_iter().filter(|leaf| !read.contains(&bare(leaf))).collect()
}

fn read_paths(map: &Map) -> Vec<String> {
    let mut paths = Vec::new();
    let mut add = |list: &[Path]| paths.extend(list.iter().map(|p| p.text().to_owned()));
    for field in map.fields.iter().map(|(_, field)| field).chain([&map.id]) {
        add(&field.from);
        add(&field.latitude);
        add(&field.datum_from);
        field.implied.iter().for_each(|(path, _)| add(std::slice::from_ref(path)));
        field.also.iter().for_each(|(path, _)| add(std::slice::from_ref(path)));
    }
    for link in map.aliases.iter().chain(&map.related) {
        add(&link.from);
        link.only.iter().for_each(|(path, _)| add(std::slice::from_ref(path)));
    }
    for rule in &map.intents {
        [&rule.present, &rule.absent, &rule.source].into_iter().flatten().for_each(|p| add(std::slice::from_ref(p)));
        add(&rule.note);
        rule.said.iter().for_each(|field| add(&field.from));
        rule.only.iter().for_each(|(path, _)| add(std::slice::from_ref(path)));
    }
    add(&map.ignored);
    // A point is read with the object it stands in.
    let points =
        map.fields.iter().filter(|(target, _)| matches!(target.0, Target::Point)).flat_map(|(_, field)| &field.from);
    paths.extend(points.flat_map(|path| ["coordinates", "type"].map(|part| format!("{}.{part}", path.text()))));
    for persons in &map.persons {
        let prefix = persons.each.as_ref().map_or(String::new(), |path| format!("{}[].", path.text()));
        let inner = persons.fields.iter().flat_map(|(_, field)| &field.from).chain(&persons.principal);
        paths.extend(inner.map(|path| format!("{prefix}{}", path.text())));
    }
    paths
}

/// `[0]` and `[-1]` read the list as `[]` does.
fn normalised(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once(']').map_or(part, |(_, after)| after));
    rest.fold(first, |whole, after| format!("{whole}[]{after}"))
}

fn leaves(value: &Value, at: String, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                leaves(inner, if at.is_empty() { key.clone() } else { format!("{at}.{key}") }, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| leaves(inner, format!("{at}[]"), found)),
        _ => {
            found.insert(at);
        }
    }
}
