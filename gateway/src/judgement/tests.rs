//! The judgements on texts of our own, through the whole of routing on the shipped directory; and what must hold for
//! every text and every list.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use huiliu_schemas::decision::{Decision, Verdict};
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::Flags;
use huiliu_schemas::vocabulary::{Appeal, Warning};
use proptest::prelude::*;
use proptest::sample::select;

use super::accusation::{self, Accused};
use super::severity::{self, Evidence};
use crate::directory::conditions::Circumstances;
use crate::directory::tests::{shipped, shipped_files};
use crate::directory::{Directory, check};
use crate::routing::{RoutingFacts, decide};

static DIRECTORY: LazyLock<Directory> = LazyLock::new(shipped);

const ACCUSATIONS: &str = include_str!("../../tests/judgement/accusations.csv");
const SEVERITY: &str = include_str!("../../tests/judgement/severity.csv");

/// A text with what is expected of it.
struct Sample {
    part: String,
    accuses: bool,
    facts: RoutingFacts,
    accused: Vec<String>,
    text: String,
}

fn samples() -> Vec<Sample> {
    samples_in(ACCUSATIONS)
}

fn samples_in(table: &str) -> Vec<Sample> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let cell = |row: &csv::StringRecord, at: usize| row.get(at).unwrap_or_default().to_owned();
    let sample = |row: csv::StringRecord| Sample {
        part: cell(&row, 0),
        accuses: cell(&row, 1) == "yes",
        facts: RoutingFacts {
            circumstances: Circumstances { appeal: Some(Appeal::Complaint), ..Circumstances::default() },
            matter: cell(&row, 2).parse().ok(),
            division: cell(&row, 3).parse().ok(),
            texts: vec![Private::new(cell(&row, 5))],
            ..RoutingFacts::default()
        },
        accused: cell(&row, 4).split(';').filter(|a| a.starts_with("jb-")).map(str::to_owned).collect(),
        text: cell(&row, 5),
    };
    reader.records().map(|row| sample(row.expect("a row"))).collect()
}

fn assignees(decision: &Decision) -> Vec<String> {
    match &decision.verdict {
        Verdict::Dispatch { assignees } => assignees.iter().map(|a| a.department.to_string()).collect(),
        Verdict::Triage { .. } => Vec::new(),
    }
}

/// Whether a department is the accused, or stands under it.
fn is_or_under(department: &str, accused: &str) -> bool {
    let mut at = Some(department.to_owned());
    while let Some(id) = at {
        if id == accused {
            return true;
        }
        at = DIRECTORY.department(&id.parse().expect("code")).and_then(|d| d.superior.as_ref()).map(|s| s.to_string());
    }
    false
}

/// Accusations that still reach the accused, by their first words, and why.
const STILL_LEAKING: [(&str, &str); 5] = [
    ("锅炉检验收了两次钱", "names nobody and asks nothing"),
    ("帮扶礼包照片拍完就收走了", "names nobody; only what is done shows who did it"),
    ("塔吊从我家屋顶转来转去", "who answered the telephone is called 对方, as in any quarrel"),
    ("工伤认定科收了公司的材料", "a company stands between the unit and what it did not do"),
    ("消防验收三次不通过", "消防验收 is the name of a procedure"),
];

#[test]
fn no_accusation_is_dispatched_to_the_accused() {
    let (mut all, mut leaked) = (0, Vec::new());
    for sample in samples().iter().filter(|s| s.accuses) {
        all += 1;
        let got = assignees(&decide(&sample.facts, &DIRECTORY));
        if got.iter().any(|d| sample.accused.iter().any(|a| is_or_under(d, a))) {
            leaked.push(format!("{} {got:?} {}", sample.part, sample.text));
        }
    }
    println!("{} of {all} accusing texts reach the accused", leaked.len());
    leaked.retain(|l| !STILL_LEAKING.iter().any(|(text, _)| l.contains(text)));
    assert!(leaked.is_empty(), "{} leaked:\n{}", leaked.len(), leaked.join("\n"));
    assert!(STILL_LEAKING.len() * 50 <= all, "at most one in fifty of {all}");
}

#[test]
fn few_mere_complaints_are_held_back() {
    let (mut all, mut held) = (0, Vec::new());
    for sample in samples().iter().filter(|s| !s.accuses) {
        let without = RoutingFacts { texts: Vec::new(), ..sample.facts.clone() };
        let (plain, told) = (decide(&without, &DIRECTORY), decide(&sample.facts, &DIRECTORY));
        all += 1;
        if plain.lead() != told.lead() {
            held.push(format!("{} {}", sample.part, sample.text));
        }
    }
    println!("{} of {all} mere complaints are held back", held.len());
    assert!(held.len() * 100 <= all * 7, "{} of {all} held back:\n{}", held.len(), held.join("\n"));
}

/// `HUILIU_ACCUSATIONS=FILE cargo test -p huiliu --lib another_set_of_acc -- --nocapture` measures another set of the
/// same form, once with the matter a clerk would give and once by the text alone.
#[test]
fn another_set_of_accusations_is_measured() {
    let Some(file) = std::env::var_os("HUILIU_ACCUSATIONS") else {
        return eprintln!("skipped: HUILIU_ACCUSATIONS names no file");
    };
    let table = std::fs::read_to_string(file).expect("a file");
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for mut sample in samples_in(&table) {
        let mut count = |what| *counts.entry((sample.part.clone(), what)).or_default() += 1;
        let judged = accusation::judge(&[&sample.text], sample.facts.division.as_ref(), &DIRECTORY);
        let noticed = judged.of_village() || judged.is_unsure() || judged.units().next().is_some();
        let because: Vec<_> = judged.because.iter().map(|b| b.chinese(&DIRECTORY) + &b.word.word).collect();
        let told = decide(&sample.facts, &DIRECTORY);
        let plain = decide(&RoutingFacts { texts: Vec::new(), ..sample.facts.clone() }, &DIRECTORY);
        let leaks = |got: &Decision| assignees(got).iter().any(|d| sample.accused.iter().any(|a| is_or_under(d, a)));
        if sample.accuses {
            count("accusing");
            count(if noticed { "accusing: noticed" } else { "accusing: not noticed" });
            if !noticed {
                println!("MISSED {}", sample.text);
            }
            if leaks(&plain) {
                count("accusing: without its text dispatched to the accused");
            }
            if leaks(&told) {
                count("accusing: DISPATCHED TO THE ACCUSED");
                println!("LEAKED {:?} {because:?} {}", assignees(&told), sample.text);
            }
        } else {
            count("complaining");
            if noticed {
                count("complaining: taken for accusing");
                println!("TAKEN {:?} {because:?} {}", judged.accused, sample.text);
            }
            if plain.lead() != told.lead() {
                count("complaining: HELD BACK");
                println!("HELD {:?} {}", told.lead(), sample.text);
            }
        }
        sample.facts.matter = None;
        let by_text = decide(&sample.facts, &DIRECTORY);
        if !assignees(&by_text).is_empty() {
            count("by the text alone: dispatched");
        }
        if sample.accuses && leaks(&by_text) {
            count("by the text alone: accusing DISPATCHED TO THE ACCUSED");
        }
    }
    counts.iter().for_each(|((part, what), count)| println!("{part}: {what}: {count}"));
}

#[test]
fn the_accused_is_recognised() {
    let (mut all, mut right) = (0, 0);
    for sample in samples().iter().filter(|s| s.accuses && !s.accused.is_empty()) {
        let judged = accusation::judge(&[&sample.text], sample.facts.division.as_ref(), &DIRECTORY);
        all += 1;
        let units: Vec<String> = judged.units().map(ToString::to_string).collect();
        right += usize::from(judged.is_unsure() || sample.accused.iter().all(|a| units.contains(a)));
    }
    println!("accused recognised in {right} of {all} accusing texts that name somebody");
    assert!(right * 10 >= all * 9, "{right} of {all}");
}

#[test]
fn colours_are_as_expected() {
    let mut wrong = Vec::new();
    for row in csv::Reader::from_reader(SEVERITY.as_bytes()).records() {
        let row = row.expect("a row");
        let judged = severity::judge(&Evidence { texts: &[&row[1]], told: 1, ..Evidence::default() }, &DIRECTORY);
        let got = judged.colour.map_or("none", Warning::as_str);
        if got != &row[0] {
            wrong.push(format!("{} expected, {got}: {}", &row[0], &row[1]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn circumstances_call_for_colours_too() {
    let colour = |evidence: Evidence<'_>| severity::judge(&evidence, &DIRECTORY).colour;
    assert_eq!(colour(Evidence::default()), None);
    assert_eq!(colour(Evidence { persons: Some(5), ..Evidence::default() }), Some(Warning::Yellow));
    assert_eq!(colour(Evidence { persons: Some(20), ..Evidence::default() }), Some(Warning::Orange));
    assert_eq!(colour(Evidence { told: 3, ..Evidence::default() }), Some(Warning::Yellow));
    assert_eq!(colour(Evidence { told: 6, ..Evidence::default() }), Some(Warning::Orange));
    assert_eq!(colour(Evidence { urgency: Some(Warning::Red), ..Evidence::default() }), Some(Warning::Red));
    let flags = Flags { threat: true, ..Flags::default() };
    assert_eq!(colour(Evidence { flags, ..Evidence::default() }), Some(Warning::Orange));
    let owed = ["老板拖欠工资"];
    assert_eq!(colour(Evidence { texts: &owed, ..Evidence::default() }), Some(Warning::Yellow));
    assert_eq!(colour(Evidence { texts: &owed, affected: Some(30), ..Evidence::default() }), Some(Warning::Red));
}

fn with_file(name: &str, text: &str) -> Directory {
    let mut files = shipped_files();
    files.push((name.to_owned(), text.to_owned()));
    Directory::parse(&files).expect("parses")
}

#[test]
fn sensitive_dates_and_places_raise_the_colour() {
    let mut files = shipped_files();
    files.push((
        "sensitive-dates.csv".to_owned(),
        "from,to,name\n12-20,01-05,岁末年初\n2026-03-04,2026-03-12,会议\n".to_owned(),
    ));
    files.push((
        "sensitive-places.csv".to_owned(),
        "name,division\n行政中心,\n,330205001\n".replace("\n,330205001", "\n外滩街道,330205001"),
    ));
    let directory = Directory::parse(&files).expect("parses");
    let on = |day: &str| {
        let evidence = Evidence { texts: &["我们准备聚集反映"], day: day.parse().ok(), ..Evidence::default() };
        severity::judge(&evidence, &directory).because.iter().any(|r| r.kind == "敏感日期")
    };
    assert!(on("2026-12-31") && on("2027-01-05") && on("2026-03-04"));
    assert!(!on("2026-12-19") && !on("2026-03-13") && !on("2027-03-04"));
    let evidence = Evidence { texts: &["大家要去行政中心门口聚集"], ..Evidence::default() };
    assert!(severity::judge(&evidence, &directory).because.iter().any(|r| r.kind == "敏感地点"));
    let bad = [("sensitive-dates.csv".to_owned(), "from,to,name\n13-01,,x\n02-01,2026-03-01,y\n".to_owned())];
    let problems = Directory::parse(&[&shipped_files()[..], &bad].concat()).expect_err("two problems");
    assert_eq!(problems.0.len(), 2, "{problems}");
}

#[test]
fn the_directory_adds_changes_and_takes_away_words() {
    let text = "派出所吃了闭门羹之后给人穿玻璃鞋";
    let before = accusation::judge(&[text], None, &DIRECTORY);
    let own = with_file("accusations.csv", "word,kind,weight,means\n穿玻璃鞋,office,3,\n民警,none,,\n");
    let after = accusation::judge(&[text], None, &own);
    let word = after.because.iter().find(|b| b.word.word == "穿玻璃鞋").expect("the new word speaks");
    assert_eq!((word.word.file.as_str(), word.word.line), ("accusations.csv", 2));
    assert!(!before.because.iter().any(|b| b.word.word == "穿玻璃鞋"));
    let officer = "民警收受贿赂";
    let police = Accused::Unit("jb-police".parse().expect("code"));
    assert!(accusation::judge(&[officer], None, &DIRECTORY).accused.contains_key(&police));
    assert!(!accusation::judge(&[officer], None, &own).accused.contains_key(&police));
    assert_ne!(own.version(), DIRECTORY.version());
}

#[test]
fn nonsense_in_own_lists_is_found() {
    let says = |name: &str, text: &str| -> Vec<String> {
        check(&with_file(name, text)).into_iter().filter(|f| f.file == name).map(|f| f.en).collect()
    };
    let found = says(
        "accusations.csv",
        "word,kind,weight,means\n巡街员,unit,,没有这个局\n坏,conduct,,\n懒散,conduct,,\n懒散,conduct,3,\n",
    );
    assert_eq!(found.len(), 3, "{found:?}");
    let found = says("severity.csv", "word,kind,colour,when\n火光,hazard,,\n冒烟,hazard,red,persons>=5\n");
    assert_eq!(found.len(), 2, "{found:?}");
    let mut files = shipped_files();
    files.push((
        "severity.csv".into(),
        "word,kind,colour,when\n,threat,red,\n冒烟,hasard,red,\n,group,red,with=nothing\n".into(),
    ));
    assert_eq!(Directory::parse(&files).expect_err("three problems").0.len(), 3);
}

#[test]
fn nothing_of_the_text_is_in_a_decision() {
    let mut facts = samples().remove(0).facts;
    facts.texts = vec![Private::new("民警王大锤，电话19900001234，收了李翠花的钱，再不解决我就去某路99号跳楼")];
    let decision = decide(&facts, &DIRECTORY);
    assert_eq!(decision.severity.colour, Some(Warning::Red));
    assert!(decision.accused.iter().any(|d| d.as_str() == "jb-police"));
    let written = serde_json::to_string(&decision).expect("json");
    for personal in ["王大锤", "19900001234", "李翠花", "某路99号"] {
        assert!(!written.contains(personal), "{personal} in {written}");
    }
}

fn words() -> Vec<String> {
    let of = |text: &str| -> Vec<String> {
        csv::Reader::from_reader(text.as_bytes()).records().filter_map(Result::ok).map(|r| r[0].to_owned()).collect()
    };
    let mut all = of(include_str!("accusation/accusations.csv"));
    all.extend(of(include_str!("severity/severity.csv")));
    all.extend(["，", "。", "的", "说", "我", "庄桥街道", "？"].map(str::to_owned));
    all
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(select(words()), 0..14).prop_map(|w| w.concat()),
        prop::collection::vec(select(samples().into_iter().map(|s| s.text).collect::<Vec<_>>()), 1..3)
            .prop_map(|w| w.concat()),
        any::<String>(),
    ]
}

fn judged(text: &str, directory: &Directory) -> String {
    let place = "330205006".parse().ok();
    let accusation = accusation::judge(&[text], place.as_ref(), directory);
    let severity = severity::judge(&Evidence { texts: &[text], ..Evidence::default() }, directory);
    format!("{accusation:?} {severity:?}")
}

/// Without the lines and the file's name, which the order of lines and the place of a word decide.
fn substance(text: &str, directory: &Directory) -> String {
    let place = "330205006".parse().ok();
    let accusation = accusation::judge(&[text], place.as_ref(), directory);
    let mut words: Vec<_> =
        accusation.because.iter().map(|b| (&b.word.word, b.kind, &b.against, b.set_aside)).collect();
    words.sort();
    let severity = severity::judge(&Evidence { texts: &[text], ..Evidence::default() }, directory);
    format!("{:?} {words:?} {:?}", accusation.accused, severity.colour)
}

fn turned(text: &str, seed: u64) -> String {
    let (head, body) = text.split_once('\n').expect("a header");
    let mut lines: Vec<&str> = body.lines().collect();
    lines.sort_by_key(|line| {
        line.bytes().fold(seed | 1, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)).rotate_left(17)
    });
    format!("{head}\n{}\n", lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_judged_and_always_the_same(text in texts()) {
        prop_assert_eq!(judged(&text, &DIRECTORY), judged(&text, &shipped()));
    }

    #[test]
    fn a_denied_danger_is_no_danger(word in select(vec!["受伤", "起火", "跳楼", "自杀", "爆炸", "伤亡"]), not in select(vec!["没有人", "没有", "未发生", "并非要"])) {
        let text = format!("情况说明：{not}{word}，请放心");
        let severity = severity::judge(&Evidence { texts: &[&text], ..Evidence::default() }, &DIRECTORY);
        prop_assert_eq!(severity.colour, None, "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_lines_never_matters(seed in any::<u64>(), some in prop::collection::vec(texts(), 30)) {
        let own = |seed| {
            let mut files = shipped_files();
            files.push(("accusations.csv".to_owned(), turned(include_str!("accusation/accusations.csv"), seed)));
            files.push(("severity.csv".to_owned(), turned(include_str!("severity/severity.csv"), seed)));
            Directory::parse(&files).expect("parses")
        };
        let (one, other) = (own(seed), own(seed.wrapping_mul(31).wrapping_add(7)));
        for text in some {
            prop_assert_eq!(substance(&text, &one), substance(&text, &other));
        }
    }

    #[test]
    fn a_new_word_changes_only_texts_that_hold_it(some in prop::collection::vec(texts(), 30)) {
        let added = with_file("accusations.csv", "word,kind,weight,means\n穿玻璃鞋,office,3,\n");
        for text in some.iter().filter(|t| !t.contains("穿玻璃鞋")) {
            prop_assert_eq!(substance(text, &added), substance(text, &DIRECTORY));
        }
    }
}
