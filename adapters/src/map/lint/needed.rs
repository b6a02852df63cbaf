//! What a case is hardly worth having without.

use huiliu_schemas::finding::Finding;

use super::{FILE, Sample};
use crate::map::Map;

/// Any of these fields, and why.
const WANTED: &[(&[&str], &str, &str)] = &[
    (
        &["content.text", "content.title"],
        "没有标题也没有内容，无法研判事项",
        "no title and no text: nothing tells what it is about",
    ),
    (
        &["facts.registered_at", "facts.occurred_at"],
        "没有登记时间，时限只能从收到时起算",
        "no time of registration: clocks start on arrival",
    ),
    (
        &["version"],
        "没有更新时间或版本号，乱序到达的记录分不清先后",
        "no time of change or version: records out of order cannot be told apart",
    ),
    (
        &["facts.division", "facts.place_names", "facts.point", "content.address"],
        "没有任何地点字段，无法按属地分派",
        "no place of any kind: nothing can be sent by place",
    ),
    (&["facts.appeal"], "没有诉求类型（可写 constant）", "no kind of appeal (a constant will do)"),
    (
        &["upstream.state"],
        "没有来源状态，来源自行办结或撤销时不会知道",
        "no state at the source: what it closes or cancels goes unnoticed",
    ),
];

pub(super) fn missing(map: &Map, samples: &[Sample], found: &mut Vec<Finding>) {
    let mut warn = |file: &str, zh: String, en: String| found.push(Finding::warning(file, 0, zh, en));
    for (any, zh, en) in WANTED {
        if !map.fields.iter().any(|(_, field)| any.contains(&field.name.as_str())) {
            let names = any.join(" / ");
            warn(FILE, format!("{zh}：补上 {names}"), format!("{en}: add {names}"));
        }
    }
    if map.persons.is_empty() {
        let zh = "没有 [[persons]]：不知道反映人是谁、怎么联系；来源不给时可不理会";
        warn(FILE, zh.to_owned(), "no [[persons]]: nobody knows who spoke and how to reach them".to_owned());
    }
    if samples.is_empty() {
        let zh = "fixtures/ 中没有样例：未读字段与未译代码无从检查";
        warn(
            "fixtures",
            zh.to_owned(),
            "no fixtures: unread fields and untranslated codes cannot be looked for".to_owned(),
        );
    }
}
