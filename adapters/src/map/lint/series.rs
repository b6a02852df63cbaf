//! Numbers of other cases of the same source, where it has several series of them.

use huiliu_schemas::finding::Finding;

use super::{FILE, Lines};
use crate::map::Map;
use crate::map::path::Path;

/// A number that may be of either series is another case's half of the time.
pub(super) fn unsaid(map: &Map, lines: &Lines<'_>, found: &mut Vec<Finding>) {
    if map.id.prefix.is_empty() {
        return;
    }
    let mut look = |place: String, prefix: &[(String, String)], path: &Path| {
        let is_said = prefix.iter().any(|(of, _)| of == path.text()) || map.id.from.contains(path);
        if !is_said {
            let path = path.text();
            let zh = format!(
                "`{path}` 是哪一类记录的编号没有写明，会并到另一类的同号件上：写 prefix = {{ {path} = \"…\" }}，不带前缀的那类写空"
            );
            let en = format!(
                "nothing says which series the number at `{path}` is of, and the other has the same numbers: say prefix = {{ {path} = \"…\" }}, an empty one for the series without"
            );
            found.push(Finding::warning(FILE, lines.find(&place), zh, en));
        }
    };
    for (what, links) in [("aliases", &map.aliases), ("related", &map.related)] {
        for (at, link) in links.iter().enumerate().filter(|(_, link)| link.namespace.is_none()) {
            link.from.iter().for_each(|path| look(format!("{what}[{at}]"), &link.prefix, path));
        }
    }
    for (at, rule) in map.intents.iter().enumerate() {
        rule.source.iter().for_each(|path| look(format!("intent[{at}]"), &rule.prefix, path));
    }
}
