//! The directory as a whole: the shipped one, what is refused and how, and what `check` finds.

use std::path::{Path, PathBuf};

use huiliu_schemas::finding::Severity;

use super::*;

pub(crate) fn shipped_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/directory/330205")
}

pub(crate) fn shipped() -> Directory {
    Directory::load(&shipped_path()).expect("the shipped directory loads")
}

/// The shipped files as text.
pub(crate) fn shipped_files() -> Vec<(String, String)> {
    let names = [
        "divisions",
        "departments",
        "matters",
        "matter-words",
        "responsibilities",
        "territorial",
        "deadlines",
        "places",
        "calendar/cn",
    ];
    let read = |name: &str| {
        let file = format!("{name}.csv");
        let text = std::fs::read_to_string(shipped_path().join(&file)).expect("readable");
        (file, text)
    };
    names.iter().map(|n| read(n)).collect()
}

/// The shipped files with one of them changed.
pub(crate) fn changed(file: &str, change: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let mut files = shipped_files();
    files.iter_mut().filter(|(name, _)| name == file).for_each(|(_, text)| *text = change(text));
    files
}

pub(crate) fn with_line(file: &str, line: &str) -> Vec<(String, String)> {
    changed(file, |text| format!("{text}{line}\n"))
}

#[test]
fn the_shipped_directory_has_nothing_to_mend() {
    let directory = shipped();
    let findings = check(&directory);
    assert!(findings.is_empty(), "{findings:#?}");
    let count = |kind| directory.departments.iter().filter(|d| d.kind == kind && d.active).count();
    assert_eq!((count(Kind::Township), count(Kind::TownshipCentre)), (8, 8));
    assert_eq!(count(Kind::MediationCommittee), 9);
    assert!(count(Kind::Bureau) >= 25, "{}", count(Kind::Bureau));
    let villages = directory.divisions.iter().filter(|d| d.code.as_str().len() == 12).count();
    assert_eq!(villages, 152);
}

/// The built-in words go by the numbers of the classes.
#[test]
fn classes_numbered_otherwise_are_told() {
    let turned = |text: &str| {
        let text = text.replace("01,城乡建设,\n", "01,政法,\n");
        text.replace("13,政法,\n", "13,城乡建设,\n")
    };
    let directory = Directory::parse(&changed("matters.csv", turned)).expect("parses");
    let findings = check(&directory);
    let told: Vec<_> = findings.iter().map(|f| (f.file.as_str(), f.line, f.severity)).collect();
    assert_eq!(told, [("matters.csv", 2, Severity::Warning), ("matters.csv", 474, Severity::Warning)], "{findings:#?}");
    assert!(findings[0].zh.contains("城乡建设") && findings[0].zh.contains("政法"), "{}", findings[0].zh);
}

#[test]
fn the_version_is_that_of_the_content() {
    let version = |files: &[(String, String)]| Directory::parse(files).expect("parses").version().to_owned();
    let plain = version(&shipped_files());
    assert_eq!(plain.len(), 16);
    assert_eq!(version(&changed("departments.csv", |t| format!("\u{feff}{}", t.replace('\n', "\r\n")))), plain);
    let mut turned = shipped_files();
    turned.reverse();
    assert_eq!(version(&turned), plain);
    assert_ne!(version(&changed("departments.csv", |t| t.replace("web,,yes", "http,,yes"))), plain);
}

#[test]
fn a_problem_names_file_line_column_value_and_what_was_expected() {
    let check = |file: &str, line: &str, expected: &str| {
        let problems = Directory::parse(&with_line(file, line)).expect_err("refused");
        let said: Vec<_> = problems.0.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|s| s.contains(expected)), "{expected} not in {said:#?}");
    };
    check(
        "departments.csv",
        "JB,某局,,bureau,,,web,,yes,",
        "departments.csv:81 column `code`: met `JB`, expected 1 to 64",
    );
    check("departments.csv", "jb-x,某局,,office,,,web,,yes,", "column `kind`: met `office`, expected one of party,");
    check("departments.csv", "jb-x,某局,,bureau,,,fax,,yes,", "column `reach`: met `fax`, expected nats, http");
    check(
        "departments.csv",
        "jb-police,某局,,bureau,,,web,,yes,",
        "column `code`: met `jb-police`, expected a code used once",
    );
    check("divisions.csv", "3302,宁波市;,x", "column `parent`: met `x`, expected a division code");
    check("matters.csv", "1,x,", "column `code`: met `1`, expected a matter code");
    check(
        "responsibilities.csv",
        "01,,persons>5,jb-police,,,,",
        "column `conditions`: met `persons>5`, expected clauses",
    );
    check("responsibilities.csv", "01,,,@village,,,,", "column `lead`: met `@village`, expected a department code");
    check("responsibilities.csv", "01,,,jb-police,,4,,", "column `level`: met `4`, expected 1, 2, 3");
    check("responsibilities.csv", "01,,,jb-police,,,,,,,x", "expected at most 8 cells");
    check("deadlines.csv", "x,registered,,0,days,,,", "column `length`: met `0`, expected a whole number");
    check("calendar/cn.csv", "2026-02-30,holiday,", "column `date`: met `2026-02-30`, expected a date");
    let none = Directory::parse(&[]).expect_err("refused").to_string();
    assert!(none.contains("departments.csv: met `no such file`"), "{none}");
}

#[test]
fn two_problems_in_one_line_are_both_told() {
    let problems = Directory::parse(&with_line("departments.csv", "JB,,,office,,,web,,yes,")).expect_err("refused");
    assert_eq!(problems.0.iter().map(|p| p.column.as_str()).collect::<Vec<_>>(), ["code", "name", "kind"]);
}

#[test]
fn classes_are_found_by_name_only_where_it_means_one() {
    let directory = shipped();
    let found = |name: &str| directory.matters.find(name).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(found("物业服务"), ["010903"]);
    assert_eq!(found("安全生产"), ["0101", "0701"]);
    assert_eq!(found("经济管理->安全生产"), ["0701"]);
    assert_eq!(found("住房保障与房地产/其他"), ["010999"]);
    assert_eq!(found("文物管理"), ["1409"]);
    assert!(found("不存在的类别").is_empty());
}

/// What `check` finds when one line is added, as `severity file:line english`.
fn check_with(file: &str, line: &str) -> Vec<String> {
    let directory = Directory::parse(&with_line(file, line)).expect("parses");
    check(&directory).iter().map(|f| format!("{:?} {}:{} {}", f.severity, f.file, f.line, f.en)).collect()
}

#[test]
fn check_finds_what_one_bad_line_brings() {
    let finds = |file: &str, line: &str, expected: &str| {
        let found = check_with(file, line);
        assert!(found.iter().any(|f| f.contains(expected)), "`{line}`: {expected} not in {found:#?}");
    };
    let list = "responsibilities.csv";
    finds(list, "010903,330205,,jb-police,,,,", "Error responsibilities.csv:305 ties with line");
    finds(list, "010903,330205,flag=joint,jb-police,,,,", "ties with line");
    finds(list, "010903,330205,persons>=5;persons<3,jb-police,,,,", "can never hold");
    finds(list, "010904,330205,persons>=1,jb-police,,,,", "always wins over it");
    finds(list, "999999,330205,,jb-police,,,,", "unknown matter `999999`");
    finds(list, "010904,330299,,jb-police,,,,", "unknown division `330299`");
    finds(list, "010904,330205,flag=joint,jb-nobody,,,,", "unknown department `jb-nobody`");
    finds(list, "150305,330205,flag=joint;flag=grave,@township,,,,", "on no territorial list");
    finds(list, "150305,330205,flag=joint;flag=grave,jb-cicheng,,,,", "township `jb-cicheng` is named but");
    finds(
        list,
        "150305,330205,flag=joint;flag=grave,jb-labour,@township,,,",
        "Warning responsibilities.csv:305 townships take part, but matter 150305 is on no territorial list",
    );
    finds(
        list,
        "010304,330205,flag=joint,@township,,,,",
        "Warning responsibilities.csv:305 led by townships, but 7 of them",
    );
    finds(list, "010904,330205,flag=joint,jb-police,jb-police,,,", "both leads and takes part");
    let units = "departments.csv";
    finds(units, "jb-x,某局,,bureau,jb-government,,,,yes,", "cannot be reached");
    finds(units, "jb-x,某局,,bureau,jb-government,,web,,no,", "no department in office");
    finds(units, "jb-x,某局,,bureau,jb-nobody,,web,,yes,", "unknown department `jb-nobody`");
    finds(units, "jb-x,某局,,bureau,jb-x,,web,,yes,", "stands above itself");
    finds(units, "jb-x,某局,,bureau,jb-government,330299,web,,yes,", "unknown division");
    finds(units, "jb-x,某局,公安局,bureau,jb-government,,web,,yes,", "means both jb-police and jb-x");
    finds(
        units,
        "jb-x,某街道执法队,,township,jb-enforcement,330205006,web,,yes,",
        "jb-zhuangqiao and jb-x are of one kind",
    );
    finds(units, "jb-x,某纪检组,,discipline,jb-government,330205,web,,yes,", "both may receive accusations");
    finds("divisions.csv", "330205999,某街道,330205", "township 330205999 has no department");
    finds("divisions.csv", "330205999001,某村,", "has no parent that contains it");
    finds("places.csv", "白沙街道,330205004,merged,", "`白沙街道` means both 330205001 and 330205004");
    finds("places.csv", "白沙街道,330205001,merged,", "`白沙街道` stands twice");
    finds("places.csv", "某小区,330205999,estate,", "Error places.csv:6 unknown division `330205999`");
    finds("places.csv", "庄桥街道,330205007,old_name,", "is the name or code of 330205006 and points to 330205007");
    finds("matters.csv", "99,无主,", "Error responsibilities.csv:0 matter 99 has no owner");
    finds("territorial.csv", "330205,999999,", "unknown matter");
    finds("territorial.csv", "330299001,0109,", "unknown division");
    finds("territorial.csv", "330205103,110101,", "no entry gives matter 110101 to a township here");
    for line in [
        "jb-x,某镇纪委,,discipline,jb-cicheng,330205103,web,,yes,",
        "aa-x,某局纪检组,,discipline,jb-discipline,330205,web,,yes,",
    ] {
        let found = check_with(units, line);
        assert!(!found.iter().any(|f| f.contains("accusations")), "one stands above it: {found:#?}");
    }
    finds("deadlines.csv", "sign_for,dispatched,urgent=yes,9,minutes,,,", "is ruled twice");
    finds("deadlines.csv", "sing_for,dispatched,,9,minutes,,,", "is none that a case has");
}

/// A quote that is not closed takes what follows for one cell: lines would be gone without a word.
#[test]
fn a_quote_that_is_open_is_refused() {
    let problems = |text: &str| {
        let refused = Directory::parse(&with_line("responsibilities.csv", text)).err();
        refused
            .expect("refused")
            .0
            .into_iter()
            .map(|p| format!("{} {} {}", p.line, p.column, p.expected))
            .collect::<Vec<_>>()
    };
    let line = |note: &str| format!("010904,330205,flag=joint,jb-police,,,,{note}");
    let open = problems(&format!("{}\n{}", line("\"见会议纪要"), line("二")));
    assert!(open[0].starts_with("305  every quote closed"), "{open:?}");
    let closed = problems(&format!("{}\n{}\n{}", line("\"见会议纪要"), line("二"), line("三\"")));
    assert!(closed[0].starts_with("305 note a cell of one line"), "{closed:?}");
    let name = Directory::parse(&with_line(
        "places.csv",
        "\"中街,330205001,merged\n白街,330205001,merged\n洪街\",330205002,merged",
    ));
    assert!(matches!(name, Err(refused) if refused.0[0].expected.contains("one line")));
    let short = problems(&format!("{}\n010202,330205\n{}", line("\"见会议纪要"), line("三\"")));
    assert!(short[0].contains("no other lines"), "{short:?}");
    for (file, two_lines) in [
        ("responsibilities.csv", line("\"第一行，\n第二行\"")),
        ("deadlines.csv", "call,dispatched,,4,hours,,\"条例\n第二十二条, 二款\",".to_owned()),
        ("territorial.csv", "330205103,010903,\"见纪要, 甲\n乙, 丙, 丁\"".to_owned()),
    ] {
        let parsed = Directory::parse(&with_line(file, &two_lines)).map_err(|refused| refused.0);
        assert_eq!(parsed.err(), None, "a cell may have lines");
    }
}

#[test]
fn check_finds_places_that_do_not_exist() {
    let finds = |file: &str, text: &str| {
        let mut files = shipped_files();
        files.push((file.to_owned(), text.to_owned()));
        let found = check(&Directory::parse(&files).expect("parses"));
        let said: Vec<_> = found.iter().map(|f| format!("{}:{} {}", f.file, f.line, f.zh)).collect();
        let expected = format!("{file}:2 属地 `330205999` 不存在");
        assert!(said.contains(&expected), "{expected} not in {said:#?}");
    };
    finds("grids.csv", "grid,division\nA-1,330205999\n");
    finds("points.csv", "longitude,latitude,division\n121.5,29.9,330205999\n");
    finds(
        "areas.geojson",
        "{\"features\":[\n{\"properties\":{\"code\":330205999},\"geometry\":{\"type\":\"Polygon\",\
         \"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}}]}",
    );
}

#[test]
fn check_finds_what_is_missing() {
    let finds = |file: &str, drop: &str, expected: &str| {
        let keep = |t: &str| t.lines().filter(|l| !l.starts_with(drop)).map(|l| format!("{l}\n")).collect::<String>();
        let directory = Directory::parse(&changed(file, keep)).expect("parses");
        let found: Vec<_> = check(&directory).into_iter().map(|f| f.en).collect();
        assert!(found.iter().any(|f| f.contains(expected)), "without `{drop}`: {expected} not in {found:#?}");
    };
    finds("deadlines.csv", "claim_resolve", "clock `claim_resolve`, started by `accepted`, has no rule");
    finds("responsibilities.csv", "12", "matter 12 has no owner");
    finds("departments.csv", "jb-discipline", "no discipline organ");
    finds("departments.csv", "jb-housing,", "unknown department `jb-housing`");
    finds("territorial.csv", "330205,010903", "on no territorial list");
}

#[test]
fn a_spreadsheet_may_save_any_file_in_gb18030() {
    let folder = std::env::temp_dir().join(format!("huiliu-directory-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("calendar")).expect("folder");
    for (name, text) in shipped_files() {
        let bytes = encoding_rs::GB18030.encode(&text.replace('\n', "\r\n")).0.into_owned();
        std::fs::write(folder.join(name), bytes).expect("written");
    }
    let loaded = Directory::load(&folder).expect("loads");
    std::fs::write(folder.join("matters.csv"), b"\xff\xff\xff").expect("written");
    let refused = Directory::load(&folder).expect_err("refused").to_string();
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(loaded.version(), shipped().version());
    assert!(refused.contains("matters.csv: met `bytes`, expected text in UTF-8 or GB18030"), "{refused}");
}
