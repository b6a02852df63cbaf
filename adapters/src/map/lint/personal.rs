//! Personal data on its way into the clear: a field whose name or values are a person's, mapped to what is not sealed.

use huiliu_schemas::finding::Finding;
use serde_json::Value;

use super::{FILE, Sample};
use crate::looks;
use crate::map::field::as_text;
use crate::map::lines::Lines;
use crate::map::path::Path;
use crate::map::{Link, Map};
use crate::names::{self, How, PERSON};

pub(super) fn in_the_clear(map: &Map, samples: &[Sample], lines: &Lines<'_>, found: &mut Vec<Finding>) {
    let mut look = |place: &str, target: &str, paths: &[Path], guarded: bool| {
        for path in paths {
            if let Some(finding) =
                judged(path, samples, guarded).map(|why| finding(lines.find(place), target, path.text(), why))
            {
                found.push(finding);
            }
        }
    };
    look("fields.\"source.id\"", "source.id", &map.id.from, false);
    for (_, field) in map.fields.iter().filter(|(target, _)| target.0.is_in_the_clear()) {
        look(&format!("fields.\"{}\"", field.name), &field.name, &field.from, false);
    }
    for (what, links) in [("aliases", &map.aliases), ("related", &map.related)] {
        // A number that must have a shape is cut out of its field: nothing else of it is taken.
        let open = |link: &&Link| link.shape.is_none();
        for (at, link) in links.iter().enumerate().filter(|(_, link)| open(link)) {
            look(&format!("{what}[{at}]"), what, &link.from, true);
        }
    }
}

/// How it is known.
#[derive(Clone, Copy)]
enum Why {
    /// A value in a fixture is one.
    Value(&'static str, &'static str),
    /// The name says so.
    Name(&'static str, &'static str),
}

/// Why what stands at a path is personal, if it seems to be. `guarded`: telephone numbers are never taken from there.
fn judged(path: &Path, samples: &[Sample], guarded: bool) -> Option<Why> {
    let mut why = None;
    for record in samples.iter().flat_map(|sample| &sample.records) {
        path.visit(record, &mut |value: &Value| {
            why = as_text(value).and_then(|text| value_of_a_person(&text, guarded));
            why.is_none()
        });
        if why.is_some() {
            break;
        }
    }
    let meaning =
        names::meaning(path.text()).filter(|m| m.how == How::Wholly && m.what.starts_with(PERSON) && !guarded);
    why.or_else(|| meaning.and_then(|m| name_of_a_person(m.what)))
}

fn value_of_a_person(text: &str, guarded: bool) -> Option<Why> {
    match text {
        _ if looks::is_id_shaped(text) => Some(Why::Value("身份证号", "an identity card's number")),
        _ if looks::is_surely_phone(text) && !guarded => Some(Why::Value("电话号码", "a telephone number")),
        _ if looks::is_email(text) => Some(Why::Value("电子邮箱", "an address of electronic mail")),
        _ if looks::is_door(text) => Some(Why::Value("详细到门牌的地址", "an address exact to the door")),
        _ => None,
    }
}

fn name_of_a_person(what: &str) -> Option<Why> {
    match what {
        "persons.name" => Some(Why::Name("姓名", "a person's name")),
        "persons.phone" => Some(Why::Name("电话", "a telephone number")),
        "persons.id_number" => Some(Why::Name("证件号码", "an identity document's number")),
        _ => None,
    }
}

fn finding(line: u32, target: &str, path: &str, why: Why) -> Finding {
    let seal_zh = "改映射到 content.* 或 [[persons]]（加密保存）";
    let seal_en = "map it to content.* or [[persons]], which are sealed";
    match why {
        Why::Value(zh, en) => Finding::error(
            FILE,
            line,
            format!("`{path}` 在样例中的值像{zh}，却映射到不加密的 {target}：{seal_zh}"),
            format!(
                "`{path}` holds what looks like {en} in a fixture and goes to {target}, which is not sealed: {seal_en}"
            ),
        ),
        Why::Name(zh, en) => Finding::warning(
            FILE,
            line,
            format!("`{path}` 的名称像{zh}，却映射到不加密的 {target}：{seal_zh}，或核实其中没有个人信息"),
            format!(
                "`{path}` is named like {en} and goes to {target}, which is not sealed: {seal_en}, or make sure that it is none"
            ),
        ),
    }
}
