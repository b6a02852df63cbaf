//! Looks a pack over for its author. Prints nothing; it hands back findings.

use std::path::Path;

use huiliu_schemas::finding::Finding;

use super::files::Files;
use super::{Pack, PackError, bench, embedded, spec};
use crate::charset;
use crate::map::{self, Issue, Material, Sample};

/// Looks over the pack in a directory; one that does not load has its issues told.
///
/// # Errors
/// When a file cannot be read.
pub fn lint(dir: &Path) -> Result<Vec<Finding>, PackError> {
    Ok(look(&Files::read(dir)?, bench::fixtures(dir)?))
}

/// The same for a pack that is built in.
///
/// # Errors
/// When there is none of that name.
pub fn lint_built_in(name: &str) -> Result<Vec<Finding>, PackError> {
    let pack = embedded::named(name)?;
    let fixtures = pack.fixtures.iter().map(|(name, sample, _)| (format!("{name}.json"), sample.as_bytes().to_vec()));
    Ok(look(&Files::embedded(pack), fixtures.collect()))
}

fn look(files: &Files, fixtures: Vec<(String, Vec<u8>)>) -> Vec<Finding> {
    let mut found = match Pack::from_files(files) {
        Ok(pack) => {
            let mut undecoded = Vec::new();
            let samples: Vec<Sample> =
                fixtures.into_iter().filter_map(|(name, bytes)| sample(&pack, &name, bytes, &mut undecoded)).collect();
            let material = Material { map: &files.map, samples: &samples };
            let mut found = map::lint(&pack.map, &material);
            found.append(&mut undecoded);
            found
        }
        Err(PackError::Invalid { issues, .. }) => {
            issues.iter().map(|issue| map::from_issue(issue, file(files, issue))).collect()
        }
        Err(other) => vec![Finding::error(spec::FILE, 0, format!("渠道包不可用：{other}"), other.to_string())],
    };
    found.sort();
    found.dedup();
    found
}

/// The text an issue speaks of.
fn file<'f>(files: &'f Files, issue: &Issue) -> &'f str {
    if issue.file == spec::FILE { &files.pack } else { &files.map }
}

fn sample(pack: &Pack, name: &str, bytes: Vec<u8>, undecoded: &mut Vec<Finding>) -> Option<Sample> {
    let file = format!("fixtures/{name}");
    let text = charset::answer(&bytes).into_owned();
    match bench::decoded(pack, name, bytes) {
        Ok(records) => {
            let records = records.into_iter().filter_map(|record| record.value.ok()).collect();
            Some(Sample { file, text, records })
        }
        Err(error) => {
            undecoded.push(Finding::error(&file, 0, format!("样例解不开：{error}"), error.to_string()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn findings(map: &str, tables: &[(&str, &str)], sample: &str) -> Vec<String> {
        let table = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let files = Files {
            name: "x".into(),
            pack: "name = \"x\"\nnamespace = \"x\"\ntitle = { zh = \"甲\", en = \"x\" }\n[push]\nformat = \"json\"\nverification = []\n".into(),
            map: map.into(),
            tables: tables.iter().map(table).collect::<BTreeMap<_, _>>(),
        };
        let found = look(&files, vec![("a.json".into(), sample.as_bytes().to_vec())]);
        found.iter().map(|f| format!("{}:{} {:?} {} | {}", f.file, f.line, f.severity, f.zh, f.en)).collect()
    }

    const GOOD: &str = "untold = [\"accepted\", \"declined\", \"progress\", \"resolved\"]\nignore = [\"rest\"]\n[fields]\n\
        \"source.id\" = { from = [\"id\"] }\n\"version\" = { from = [\"t\"] }\n\"facts.registered_at\" = { from = [\"t\"] }\n\
        \"facts.appeal\" = { from = [\"kind\"], tables = [\"appeal\"] }\n\"content.text\" = { from = [\"nr\"] }\n\
        \"content.address\" = { from = [\"dz\"] }\n\"upstream.state\" = { from = [\"zt\"], constant = \"open\" }\n\
        [[persons]]\nrole = \"reporter\"\nfields.phone = { from = [\"dh\"] }\n";

    fn check(change: (&str, &str), sample: &str, expected: &[&str]) {
        let map = GOOD.replacen(change.0, change.1, 1);
        let found = findings(&map, &[("appeal", "code,word\n1,complaint\n2,\n")], sample);
        for expected in expected {
            assert!(found.iter().any(|found| found.contains(expected)), "{expected}\n{found:#?}");
        }
    }

    #[test]
    fn every_kind_of_finding_has_its_file_and_line() {
        let sample = "{\n \"id\": \"1\", \"kind\": \"1\",\n \"rest\": 1, \"dh\": \"13800000000\" }";
        let found = findings(GOOD, &[("appeal", "code,word\n1,complaint\n")], sample);
        assert_eq!(found, Vec::<String>::new());
        check(("", ""), sample, &["tables/appeal.csv:3 Warning 代码 `2`（facts.appeal）还没有译词"]);
        check(("ignore = [\"rest\"]", "ignore = []"), sample, &["fixtures/a.json:3 Warning 来源字段 `rest`"]);
        check(
            ("", ""),
            &sample.replace("\"1\",\n", "\"9\",\n"),
            &["fixtures/a.json:2 Warning facts.appeal 的代码 `9`"],
        );
        check(("\"content.text\"", "\"content.txt\""), sample, &["map.toml:8 Error", "是否想写 `content.text`？"]);
        check(("\"source.id\" = { from = [\"id\"] }\n", ""), sample, &["map.toml:3 Error", "缺少必需的"]);
        check(
            ("\"upstream.state\" = { from = [\"zt\"], constant = \"open\" }\n", ""),
            sample,
            &["map.toml:0 Warning 没有来源状态"],
        );
        check(("\"version\"", "\"at\""), sample, &["map.toml:0 Warning 没有更新时间或版本号"]);
        check(
            ("\"version\" = { from = [\"t\"]", "\"version\" = { from = [\"t\", \"v\"]"),
            sample,
            &["map.toml:5 Warning version 取自多个字段"],
        );
        let series = "\"source.id\" = { from = [\"id\", \"d\"], prefix = { d = \"d-\" } }";
        let urge =
            "[[related]]\nfrom = [\"up\"]\n[[intent]]\npresent = \"u\"\nthen = \"urge\"\nsource = \"u\"\n[[persons]]";
        let map = GOOD.replacen("\"source.id\" = { from = [\"id\"] }", series, 1).replacen("[[persons]]", urge, 1);
        let found = findings(&map, &[("appeal", "code,word\n1,complaint\n")], sample);
        for expected in ["map.toml:11 Warning `up` 是哪一类", "map.toml:13 Warning `u` 是哪一类"] {
            assert!(found.iter().any(|found| found.contains(expected)), "{expected}\n{found:#?}");
        }
        let said = map
            .replace("from = [\"up\"]", "from = [\"up\"]\nprefix = { up = \"\" }")
            .replace("source = \"u\"", "source = \"d\"");
        assert_eq!(findings(&said, &[("appeal", "code,word\n1,complaint\n")], sample), Vec::<String>::new());
        let public = "\"facts.source_class.name\" = { from = [\"dh\"] }\n[[persons]]";
        check(
            ("[[persons]]", public),
            sample,
            &["map.toml:11 Error `dh` 在样例中的值像电话号码，却映射到不加密的 facts.source_class.name"],
        );
        check(("[[persons]]", &public.replace("dh", "lxrxm")), sample, &["map.toml:11 Warning `lxrxm` 的名称像姓名"]);
        check(("[fields]", "#? 低 `zt`：……\n[fields]"), sample, &["map.toml:3 Warning 待确认：低 `zt`"]);
    }

    #[test]
    fn what_is_lost_on_the_way_back_is_told() {
        let back = |kind: &str, fields: &str| {
            format!(
                "[writeback.{kind}]\nmethod = \"POST\"\npath = \"/a\"\nencoding = \"json\"\nfields.key = {{ from = \"event_id\" }}\n{fields}\n"
            )
        };
        let map = GOOD.replacen(
            "untold = [\"accepted\", \"declined\", \"progress\", \"resolved\"]",
            "untold = [\"declined\"]",
            1,
        ) + "[answers]\ncode = \"code\"\nok = [\"0\"]\n"
            + &back("accepted", "fields.act = { constant = \"x\" }")
            + &back(
                "resolved",
                "fields.act = { constant = \"x\" }\nfields.ok = { from = \"solved\", table = \"out\" }",
            );
        let tables = [
            ("appeal", "code,word\n1,complaint\n"),
            ("out", "code,word,note\nyes,1,\npartly,0,\nno,0,\nexplained,0,no other\n"),
        ];
        let found = findings(&map, &tables, "{\"id\": \"1\"}");
        for expected in [
            "map.toml:0 Warning “办理进展”不回写给来源",
            "map.toml:14 Warning [answers] 没有 refused",
            "Warning accepted 与 resolved 回写给来源后没有区别",
            "Warning [writeback.resolved] 没有取自 reply 的字段",
            "tables/out.csv:4 Warning partly 与 no 回写成同一个值",
        ] {
            assert!(found.iter().any(|found| found.contains(expected)), "{expected}\n{found:#?}");
        }
        assert_eq!(found.len(), 5, "{found:#?}");
    }

    /// Packs that were copied from ours name what is told no more.
    #[test]
    fn what_was_once_told_is_passed_over_and_said() {
        let told = "[answers]\n[writeback.resolved]\nmethod = \"POST\"\npath = \"/a\"\nencoding = \"json\"\n\
            fields.key = { from = \"event_id\" }\nfields.reply = { from = \"reply\" }\nfields.ok = { from = \"solved\" }\n";
        let by = "fields.by = { from = \"deadline\", format = \"yyyy/MM/dd\" }\n";
        let extended = told.replace("[answers]\n", "").replace("resolved", "extended");
        let map = GOOD.replacen("\"resolved\"]", "\"returned\"]", 1) + told + by + &extended + by;
        let found = findings(&map, &[("appeal", "code,word\n1,complaint\n")], "{\"id\": \"1\"}");
        for expected in [
            "map.toml:1 Warning untold 不再",
            "map.toml:22 Warning writeback.resolved.fields.by",
            "map.toml:23 Warning writeback.extended",
        ] {
            assert!(found.iter().any(|found| found.contains(expected)), "{expected}\n{found:#?}");
        }
        assert_eq!(found.len(), 3, "{found:#?}");
    }

    /// What keeps it from loading is said in Chinese, too.
    #[test]
    fn every_issue_is_said_in_both_languages() {
        let head = "name = \"x\"\nnamespace = \"x\"\ntitle = { zh = \"甲\", en = \"x\" }\n";
        let pack = format!(
            "{head}[push]\nformat = \"json\"\nrecords = [\"a..b\"]\nverification = []\n\
             [token]\npath = \"t\"\nheader = \"a b\"\ntoken = [\"a..b\"]\n\
             [pull]\nkind = \"window\"\npath = \"p\"\npage_size = 0\nparams = {{}}\nrecords = \"a..b\"\ncode = \"c\"\n\
             time_format = \"x\"\nzone = \"x\"\nrequests_per_minute = 60\n"
        );
        let cursor = format!(
            "{head}[pull]\nkind = \"cursor\"\npath = \"/p\"\npage_size = 9\nparams = {{}}\nrecords = \"a\"\nrequests_per_minute = 60\n"
        );
        let request = "method = \"GET\"\npath = \"e\"\nencoding = \"json\"\nfields.a = { constant = \"x\" }";
        let map = format!(
            "untold = [\"nonsense\"]\n[fields]\n\"source.id\" = {{ from = [\"a\", \"b\"], prefix = {{ a = \"\", b = \"b-\" }} }}\n\
             [answers]\ncode = \"c\"\n[writeback.nonsense]\n{request}\n[writeback.resolved]\n{request}\npaths = {{ c = \"/c\" }}\n"
        );
        let good = "[fields]\n\"source.id\" = { from = [\"id\"] }\n";
        for (pack, map, least) in [(&pack[..], good, 9), (&cursor, good, 1), (head, &map, 9)] {
            let files = Files { name: "x".into(), pack: pack.into(), map: map.into(), tables: BTreeMap::new() };
            let found = look(&files, Vec::new());
            let in_english: Vec<&String> = found.iter().map(|f| &f.zh).filter(|zh| zh.contains("应为：")).collect();
            assert!(in_english.is_empty() && found.len() >= least, "{found:#?}");
        }
    }

    /// The built-in packs, with what their fixtures hold on purpose.
    #[test]
    fn the_built_in_packs_are_looked_over() {
        let mut all = String::new();
        for name in Pack::built_in() {
            for f in lint_built_in(name).expect("there") {
                all.push_str(&format!("{name}/{}:{} {:?} {}\n", f.file, f.line, f.severity, f.en));
            }
        }
        insta::assert_snapshot!(all);
    }
}
