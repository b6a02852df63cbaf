//! Lines of the directory's own word lists that do nothing, or not what was meant. The built-in lists are not looked at
//! here: a test holds them.

use huiliu_schemas::finding::Finding;

use std::collections::BTreeSet;

use crate::directory::Directory;
use crate::judgement::accusation::words::{self, Kind};
use crate::judgement::severity::rules;

/// The first-level classes as the built-in words and the rules mean them by their codes (05 and 1306 are of discipline).
const CLASSES: [&str; 15] = [
    "城乡建设",
    "党务政务",
    "国土资源",
    "环境保护",
    "纪检监察",
    "交通运输",
    "经济管理",
    "科技与信息产业",
    "民政",
    "农村农业",
    "商贸旅游",
    "卫生计生",
    "政法",
    "教育文体",
    "劳动和社会保障",
];

/// A list of matters that numbers its classes otherwise would have everything judged by text go astray.
pub(super) fn classes(directory: &Directory, found: &mut Vec<Finding>) {
    for (at, meant) in CLASSES.iter().enumerate() {
        let code = format!("{:02}", at + 1);
        let Some(matter) = code.parse().ok().and_then(|code| directory.matters.get(&code)) else { continue };
        if matter.name == *meant {
            continue;
        }
        let zh =
            format!("代码 {code} 在内置词库和规则中是“{meant}”，此处却是“{}”：凭文本的判断会用错类别", matter.name);
        let en = format!("the built-in words and rules take class {code} for {meant}, here it is {}", matter.name);
        found.push(Finding::warning("matters.csv", matter.line, zh, en));
    }
}

pub(super) fn accusations(directory: &Directory, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for meaning in directory.accusing.own_lines() {
        let line = &meaning.listed;
        let mut say = |zh: String, en: String| found.push(Finding::warning(words::FILE, line.line, zh, en));
        if meaning.kind() == Kind::Unit && meaning.units.is_empty() {
            let zh = format!("“{}”所指的单位在目录中不存在，将按“单位不明”对待", line.word);
            say(zh, format!("`{}` means no department of the directory", line.word));
        }
        if meaning.kind().is_fault() && line.word.chars().count() < 2 {
            let zh = format!("“{}”只有一个字，会在许多无关的词中出现", line.word);
            say(zh, format!("`{}` is a single character and stands in many other words", line.word));
        }
        if !seen.insert((&line.word, meaning.kind())) {
            let zh = format!("“{}”在同一类中出现两次", line.word);
            say(zh, format!("`{}` stands twice in one kind", line.word));
        }
    }
}

pub(super) fn severity(directory: &Directory, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for line in directory.severity.own_words() {
        let mut say = |zh: String, en: String| found.push(Finding::warning(rules::FILE, line.line, zh, en));
        if line.says.kind.speaks() && line.says.kind != rules::Kind::Child && line.says.colour.is_none() {
            let zh = format!("“{}”没有颜色，单独出现时不起作用", line.word);
            say(zh, format!("`{}` has no colour and does nothing by itself", line.word));
        }
        if !line.says.when.is_empty() {
            let zh = format!("“{}”一行写有条件，但条件只对没有词的行起作用", line.word);
            say(zh, format!("the conditions of `{}` do nothing: only lines without a word have conditions", line.word));
        }
        if !seen.insert((&line.word, line.says.kind)) {
            let zh = format!("“{}”在同一类中出现两次", line.word);
            say(zh, format!("`{}` stands twice in one kind", line.word));
        }
    }
    for (line, kind) in directory.severity.unreachable() {
        let zh = format!("条件要求的类“{}”没有任何词，此行永不起作用", kind.chinese());
        let en = format!("no word is of the kind `{}` that the line asks for", kind.chinese());
        found.push(Finding::warning(rules::FILE, line, zh, en));
    }
}
