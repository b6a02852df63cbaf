//! What keeps a pack from loading, said like every other finding.

use huiliu_schemas::finding::Finding;

use crate::map::Issue;
use crate::map::lines::Lines;
use crate::map::target;

/// An issue as a finding; `text` is the file it is in.
pub(crate) fn from_issue(issue: &Issue, text: &str) -> Finding {
    let line = Lines::of(text).find(&issue.place);
    let (value, expected) = (&issue.value, &issue.expected);
    let met = if value.is_empty() { String::new() } else { format!("“{value}”不可用，") };
    let zh = chinese(expected).map_or_else(|| format!("{met}应为：{expected}"), |zh| format!("{met}{zh}"));
    let like = like(&issue.place, value);
    let (like_zh, like_en) = like
        .map_or_else(Default::default, |name| (format!("；是否想写 `{name}`？"), format!("; did you mean `{name}`?")));
    Finding::error(&issue.file, line, format!("{}：{zh}{like_zh}", issue.place), format!("{issue}{like_en}"))
}

/// What a map's author is told in Chinese, by the beginning of what was expected.
const CHINESE: &[(&str, &str)] = &[
    ("one of source.id", "目标字段不存在：只能写目标清单里的字段"),
    ("one of name, sex", "人员没有这个字段：可用 name sex phone id_type id_number address workplace"),
    ("one of accepted", "没有这种回写：可用 accepted declined progress resolved"),
    ("the field `source.id`", "缺少必需的 \"source.id\"：没有来源自己的编号就无法成件"),
    ("paths only", "编号只能取自来源字段，不能写常量"),
    ("one of the paths the number", "prefix 里的路径须是取该编号的路径"),
    ("something put before", "prefix 不能为空：写明加在编号前的字样"),
    ("`from` or `constant`", "须写 from（取自哪些字段）或 constant（固定值）"),
    ("a table of the pack", "tables/ 中没有这张对照表"),
    ("a path such as", "字段路径写法有误：如 a.b、a[0].b、a[-1].b、a[].b"),
    ("each path once", "同一来源字段写了两次"),
    ("a word of this field's list", "对照表或常量的译词不在本字段的词表里"),
    ("`open`, `returned`", "状态译词只能是 open returned closed cancelled"),
    ("a matter code", "事项译词须是 2、4 或 6 位事项代码"),
    ("a division code", "区划译词须是 6、9 或 12 位区划代码"),
    ("`male` or `female`", "性别译词只能是 male 或 female"),
    ("no `", "这个选项不适用于本字段：请删去"),
    ("each code once", "同一代码写了两行"),
    ("the columns `code` and `word`", "对照表首行须有 code 和 word 两列"),
    ("a code and a word", "这一行须有代码和译词"),
    ("a readable CSV", "不是可读的 CSV 文件"),
    ("a time zone", "时区名有误：如 Asia/Shanghai"),
    ("a condition", "须有条件：present、absent、when 加 any_of，或 state"),
    ("what a record is for, unless", "须写 then：记录用于什么（写了 from 与 tables 的可不写）"),
    ("`when` and `any_of`", "when 与 any_of 须同时写"),
    ("a namespace", "编号空间名有误"),
    ("`each` beside them", "principal 与 others 须与 each 同用"),
    ("a number's shape", "编号样式有误：# 代表一位数字，至少四位"),
    ("POST, PUT or PATCH", "method 只能是 POST、PUT 或 PATCH"),
    ("a path from `/` in which", "回写地址须以 / 开头，其中只能有 {source_id}"),
    ("a path from `/`", "地址须以 / 开头"),
    ("a path with a `prefix`", "paths 里只能写 source.id 的 prefix 里有的路径"),
    ("where the records of this series", "须写这一类编号的记录回写到哪个地址"),
    ("a field from `event_id`", "须有一个字段取自 event_id，否则重发会被当作两次"),
    ("either `constant`", "回写字段须写 constant，或 from 加可用的名称"),
    ("`unix`, `unix-ms`", "时间格式有误：unix、unix-ms、iso，或 yyyy MM dd HH mm ss"),
    ("`ok`: the codes", "须写 ok：哪些代码表示成功"),
    ("the codes of a good answer", "须写 ok：哪些代码表示成功"),
    ("more than nothing", "须大于 0"),
    ("paths such as", "路径写法有误：如 data.rows"),
    ("the names `from`, `to`", "params 须写 from、to、page 各叫什么"),
    ("the names `since`", "params 须写 since、cursor 各叫什么，并写 next：下一页的游标在何处"),
    ("the name of a header", "请求头的名称有误"),
    ("the section [answers]", "须有 [answers]：否则不知道来源收下了没有"),
    ("at least one of [push]", "须有 [push] 或 [pull]"),
    ("a map: ", "文件读不懂（TOML 语法或未知的键），详见英文"),
    ("a pack: ", "文件读不懂（TOML 语法或未知的键），详见英文"),
];

fn chinese(expected: &str) -> Option<&'static str> {
    CHINESE.iter().find(|(start, _)| expected.starts_with(start)).map(|(_, zh)| *zh)
}

/// The target a mistyped one was probably meant to be.
fn like(place: &str, value: &str) -> Option<&'static str> {
    if !place.starts_with("fields.") || target::named(value).is_some() {
        return None;
    }
    let all = target::every();
    let near = all.min_by_key(|name| distance(name, value))?;
    (distance(near, value) <= 1 + value.len() / 4).then_some(near)
}

/// How many letters lie between two words.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_has_a_line_a_language_and_a_way_out() {
        let text = "[fields]\n\"source.id\" = { from = [\"id\"] }\n\"facts.apeal\" = { from = [\"t\"] }\n";
        let issue = crate::map::Map::compile(text, &Default::default()).expect_err("wrong").remove(0);
        let finding = from_issue(&issue, text);
        assert_eq!((finding.file.as_str(), finding.line), ("map.toml", 3));
        assert!(
            finding.zh.contains("目标字段不存在") && finding.zh.ends_with("是否想写 `facts.appeal`？"),
            "{}",
            finding.zh
        );
        assert!(finding.en.contains("did you mean `facts.appeal`?"), "{}", finding.en);
    }

    #[test]
    fn what_is_no_toml_is_found_by_its_line() {
        let text = "[fields]\n\"source.id\" = { form = [\"id\"] }\n";
        let issue = crate::map::Map::compile(text, &Default::default()).expect_err("wrong").remove(0);
        let finding = from_issue(&issue, text);
        assert_eq!(finding.line, 2);
        assert!(finding.en.contains("unknown field `form`"), "{}", finding.en);
    }
}
