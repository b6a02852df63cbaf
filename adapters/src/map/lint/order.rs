//! An order of more than one field.

use huiliu_schemas::finding::Finding;

use super::{FILE, Lines};
use crate::map::Map;
use crate::map::spec::Pick;
use crate::map::target::Target;

/// A time and a counter, or two times that are set by different hands, put no two states in order.
pub(super) fn of_several(map: &Map, lines: &Lines<'_>, found: &mut Vec<Finding>) {
    let version = map.fields.iter().find(|(target, _)| matches!(target.0, Target::Version));
    let Some((_, field)) = version.filter(|(_, field)| field.from.len() > 1 && field.pick != Pick::Latest) else {
        return;
    };
    let zh = "version 取自多个字段：有的记录按这个排、有的按那个排，先后会颠倒；只留一个，几个都是时间的写 pick = \"latest\"";
    let en = format!(
        "version is of several fields, {}: states ordered by the one and by the other have no order; keep one, or say pick = \"latest\" where all are times",
        field.sources()
    );
    found.push(Finding::warning(FILE, lines.find("fields.\"version\""), zh.to_owned(), en));
}
