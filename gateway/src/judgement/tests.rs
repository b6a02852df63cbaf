//! The judgements on texts of our own, through the whole of routing on the shipped directory; and what must hold for
//! every text and every list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use huiliu_schemas::decision::{Decision, Verdict};
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::Flags;
use huiliu_schemas::vocabulary::{Appeal, Warning};
use proptest::prelude::*;
use proptest::sample::select;

use super::accusation::{self, Accused};
use super::learning::{self, pieces::Piece};
use super::severity::{self, Evidence};
use crate::directory::conditions::Circumstances;
use crate::directory::tests::{shipped, shipped_files};
use crate::directory::{Directory, check};
use crate::routing::{RoutingFacts, decide};

static DIRECTORY: LazyLock<Directory> = LazyLock::new(shipped);

const SEVERITY: &str = include_str!("../../tests/judgement/severity.csv");
/// How words are written and stand; teaches nothing.
const READINGS: &str = include_str!("../../tests/judgement/readings.csv");

/// A text made to be slow is judged as fast as any of its length, and what is said at its end is heard.
#[test]
fn no_text_holds_a_lane_up() {
    let (done, finished) = std::sync::mpsc::channel();
    let texts = ["1".repeat(300_000), "跳楼".repeat(100_000), "几".repeat(300_000), "街道不作为".repeat(50_000)];
    std::thread::spawn(move || {
        for text in texts {
            let text = format!("{text}，今晚就跳楼");
            let judged = severity::judge(&Evidence { texts: &[&text], told: 1, ..Evidence::default() }, &DIRECTORY);
            accusation::judge(&[&text], None, &DIRECTORY);
            // The receiver is gone only where the test has failed.
            let _ = done.send(judged.colour);
        }
    });
    for _ in 0..4 {
        let colour = finished.recv_timeout(std::time::Duration::from_secs(60)).expect("judged within a minute");
        assert_eq!(colour, Some(Warning::Red));
    }
}

/// A text with what is expected of it.
struct Sample {
    part: String,
    accuses: bool,
    facts: RoutingFacts,
    accused: Vec<String>,
    text: String,
}

/// Read when asked for, so that what is learned from them can be learned anew without building twice.
fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file of this crate")
}

fn samples() -> Vec<Sample> {
    samples_in(&file("tests/judgement/accusations.csv"))
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

/// Whether an accusing text goes to whom it accuses.
fn leaks(sample: &Sample, directory: &Directory) -> bool {
    let got = assignees(&decide(&sample.facts, directory));
    got.iter().any(|d| sample.accused.iter().any(|a| is_or_under(d, a)))
}

/// Whether a text that accuses nobody keeps a case from who would lead.
fn is_held(sample: &Sample, directory: &Directory) -> bool {
    let without = RoutingFacts { texts: Vec::new(), ..sample.facts.clone() };
    decide(&without, directory).lead() != decide(&sample.facts, directory).lead()
}

/// An accusing text with calm sentences before it, of an innocent text about the same matter.
fn buried(sample: &Sample, samples: &[Sample]) -> Option<Sample> {
    let matter = sample.facts.matter.as_ref()?.as_str();
    let alike = |other: &Sample| {
        let theirs = other.facts.matter.as_ref().map_or("", |m| m.as_str());
        theirs.bytes().zip(matter.bytes()).take_while(|(a, b)| a == b).count() / 2
    };
    let innocent = samples.iter().filter(|s| !s.accuses && s.part != sample.part);
    let long = |text: &str| text.chars().count().min(120);
    let calm = innocent.filter(|s| alike(s) > 0).max_by_key(|s| (alike(s), long(&s.text)))?;
    let sentences: String = calm.text.split_inclusive(['。', '！', '？', '\n']).take(3).collect();
    let text = format!("{}。{}", sentences.trim_end_matches(['。', '，']), sample.text);
    let facts = RoutingFacts { texts: vec![Private::new(text.as_str())], ..sample.facts.clone() };
    Some(Sample { part: sample.part.clone(), accuses: true, facts, accused: sample.accused.clone(), text })
}

/// What is known of the texts does not help here: the sentences before them thin it out.
#[test]
fn few_accusations_among_calm_sentences_reach_the_accused() {
    let samples = samples();
    let buried: Vec<Sample> = samples.iter().filter(|s| s.accuses).filter_map(|s| buried(s, &samples)).collect();
    let leaked = buried.iter().filter(|s| leaks(s, &DIRECTORY)).count();
    println!("{leaked} of {} accusing texts behind calm sentences reach the accused", buried.len());
    assert!(buried.len() > 1_000 && leaked * 100 <= buried.len() * 25, "{leaked} of {} leaked", buried.len());
}

#[test]
fn no_accusation_is_dispatched_to_the_accused() {
    let samples = samples();
    let accusing: Vec<&Sample> = samples.iter().filter(|s| s.accuses).collect();
    let leaked: Vec<&str> = accusing.iter().filter(|s| leaks(s, &DIRECTORY)).map(|s| s.text.as_str()).collect();
    println!("{} of {} accusing texts reach the accused", leaked.len(), accusing.len());
    assert!(leaked.len() * 200 <= accusing.len(), "{} leaked:\n{}", leaked.len(), leaked.join("\n"));
}

#[test]
fn few_mere_complaints_are_held_back() {
    let samples = samples();
    let complaining: Vec<&Sample> = samples.iter().filter(|s| !s.accuses).collect();
    let held: Vec<&str> = complaining.iter().filter(|s| is_held(s, &DIRECTORY)).map(|s| s.text.as_str()).collect();
    println!("{} of {} mere complaints are held back", held.len(), complaining.len());
    assert!(held.len() * 100 <= complaining.len() * 5, "{} held back:\n{}", held.len(), held.join("\n"));
}

/// Every text that is learned from: phrases, and the sets, but for one where it is to be unseen.
fn examples<'a>(phrases: &'a [(bool, String)], samples: &'a [Sample], unseen: &str) -> Vec<(bool, &'a str)> {
    let phrases = phrases.iter().map(|(accuses, text)| (*accuses, text.as_str()));
    let seen = samples.iter().filter(|s| s.part != unseen);
    phrases.chain(seen.map(|s| (s.accuses, s.text.as_str()))).collect()
}

fn phrases() -> Vec<(bool, String)> {
    let mut reader = csv::Reader::from_reader(std::io::Cursor::new(file("src/judgement/accusation/examples.csv")));
    reader.records().map(|row| row.expect("a row")).map(|row| (&row[0] == "yes", row[1].to_owned())).collect()
}

/// `make pieces` writes the file anew.
fn ships(pieces: &[Piece], shipped: &str, name: &str) {
    let taught = learning::teach::written(pieces);
    if std::env::var_os("HUILIU_WRITE_PIECES").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/judgement").join(name);
        return std::fs::write(path, taught).expect("written");
    }
    assert!(taught == shipped, "{name} is stale: run `make pieces`");
}

#[test]
fn the_pieces_that_ship_are_what_our_texts_teach() {
    let (phrases, samples) = (phrases(), samples());
    let pieces = accusation::teach::teach(&examples(&phrases, &samples, ""), &DIRECTORY);
    ships(&pieces, accusation::blame::FILE, "accusation/pieces.csv");
    let texts = texts_of_danger();
    ships(&severity::teach::teach(&dangers(&texts, "")), severity::danger::FILE, "severity/pieces.csv");
}

/// A text with its colour.
struct Coloured {
    part: String,
    colour: Option<Warning>,
    text: String,
}

impl Coloured {
    fn is_danger(&self) -> bool {
        self.colour >= Some(Warning::Orange)
    }
}

/// The set of texts that are about something else than danger.
const ORDINARY: &str = "complaints";

/// Those each of which must get just its colour, those that only must or must not call a person, and what is ordinary in
/// complaints: those of the other judgement in which the list finds nothing.
fn texts_of_danger() -> Vec<Coloured> {
    let listed = csv::Reader::from_reader(SEVERITY.as_bytes()).into_records().map(Result::unwrap);
    let listed = listed.map(|row| ["listed".to_owned(), row[0].to_owned(), row[1].to_owned()]);
    let other = file("tests/judgement/danger.csv");
    let other = csv::Reader::from_reader(other.as_bytes()).into_records().map(Result::unwrap).collect::<Vec<_>>();
    let other = other.into_iter().map(|row| [0, 1, 2].map(|at| row[at].to_owned()));
    let read = |[part, colour, text]: [String; 3]| Coloured { part, colour: Warning::read(&colour), text };
    let without = with_danger(Vec::new());
    // Every third one: more of what is ordinary drowns what is not (of 360 red texts unseen 297 are noticed with every second
    // one, 312 so; of 640 that are harmless 114 and 122 call a person).
    let ordinary = samples().into_iter().step_by(3).filter(|s| colour_of(&s.text, &without).is_none());
    let ordinary = ordinary.map(|s| Coloured { part: ORDINARY.to_owned(), colour: None, text: s.text });
    listed.chain(other).map(read).chain(ordinary).collect()
}

/// What is learned from, but for one set where it is to be unseen.
fn dangers<'a>(texts: &'a [Coloured], unseen: &str) -> Vec<(bool, &'a str)> {
    texts.iter().filter(|t| t.part != unseen).map(|t| (t.is_danger(), t.text.as_str())).collect()
}

fn colour_of(text: &str, directory: &Directory) -> Option<Warning> {
    severity::judge(&Evidence { texts: &[text], told: 1, ..Evidence::default() }, directory).colour
}

/// As [`each_set_unseen`]: how much danger is noticed by the words of the list, and with what is learned.
#[test]
fn each_set_of_dangers_unseen() {
    if std::env::var_os("HUILIU_UNSEEN").is_none() {
        return eprintln!("skipped: HUILIU_UNSEEN is not set");
    }
    let texts = texts_of_danger();
    let without = with_danger(Vec::new());
    let parts: BTreeSet<&str> = texts.iter().map(|t| t.part.as_str()).collect();
    // Without the ordinary ones nothing would say what is ordinary.
    for part in parts.into_iter().filter(|part| is_asked(part) && *part != ORDINARY) {
        let with = with_danger(severity::teach::teach(&dangers(&texts, part)));
        for wanted in [Some(Warning::Red), Some(Warning::Orange), None] {
            let set: Vec<&Coloured> = texts.iter().filter(|t| t.part == part && t.colour == wanted).collect();
            let calls = |directory: &Directory, text: &str| colour_of(text, directory) >= Some(Warning::Orange);
            let by_words = set.iter().filter(|t| calls(&without, &t.text)).count();
            let called: Vec<&&Coloured> = set.iter().filter(|t| calls(&with, &t.text)).collect();
            let wrong = set.iter().filter(|t| calls(&with, &t.text) != t.is_danger());
            wrong.for_each(|t| println!("WRONG {:?} {}", t.colour, t.text));
            let (all, learned) = (set.len(), called.len());
            println!(
                "{part}: of {all} {wanted:?} {by_words} call a person by the words of the list, {learned} with what is learned"
            );
        }
    }
}

fn with_danger(pieces: Vec<Piece>) -> Directory {
    let mut directory = DIRECTORY.clone();
    directory.severity.danger = Arc::new(severity::danger::Danger::of(pieces));
    directory
}

/// What is learned from is no forecast; it holds the judge to what it has seen.
#[test]
fn danger_in_unusual_words_calls_a_person() {
    let texts = texts_of_danger();
    let wrong: Vec<&Coloured> =
        texts.iter().filter(|t| (colour_of(&t.text, &DIRECTORY) >= Some(Warning::Orange)) != t.is_danger()).collect();
    let all = texts.len();
    let said = || wrong.iter().map(|t| format!("{:?} {}", t.colour, t.text)).collect::<Vec<_>>().join("\n");
    assert!(all > 1_000 && wrong.len() * 33 <= all, "{} of {all}:\n{}", wrong.len(), said());
}

/// Of `HUILIU_UNSEEN`: `1`, or some sets by name with commas between.
fn is_asked(part: &str) -> bool {
    std::env::var("HUILIU_UNSEEN").is_ok_and(|asked| asked == "1" || asked.split(',').any(|one| one == part))
}

/// `HUILIU_UNSEEN=1 cargo test -p huiliu --lib each_set_unseen -- --nocapture`: each set judged by what all the others
/// teach.
#[test]
fn each_set_unseen() {
    if std::env::var_os("HUILIU_UNSEEN").is_none() {
        return eprintln!("skipped: HUILIU_UNSEEN is not set");
    }
    let (phrases, samples) = (phrases(), samples());
    let parts: BTreeSet<&str> = samples.iter().map(|s| s.part.as_str()).filter(|part| is_asked(part)).collect();
    let mut sums = [0; 6];
    for part in parts {
        let mut directory = DIRECTORY.clone();
        let pieces = accusation::teach::teach(&examples(&phrases, &samples, part), &DIRECTORY);
        directory.accusing.blame = Arc::new(accusation::blame::Blame::of(pieces));
        let set: Vec<&Sample> = samples.iter().filter(|s| s.part == part).collect();
        let leaked: Vec<&&Sample> = set.iter().filter(|s| s.accuses && leaks(s, &directory)).collect();
        let held: Vec<&&Sample> = set.iter().filter(|s| !s.accuses && is_held(s, &directory)).collect();
        let accusing = set.iter().filter(|s| s.accuses).count();
        let among_calm: Vec<Sample> = set.iter().filter(|s| s.accuses).filter_map(|s| buried(s, &samples)).collect();
        let leaked_there = among_calm.iter().filter(|s| leaks(s, &directory)).count();
        let innocent = set.len() - accusing;
        let counts = [accusing, leaked.len(), innocent, held.len(), among_calm.len(), leaked_there];
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        leaked.iter().for_each(|s| println!("LEAKED {}", s.text));
        held.iter().for_each(|s| println!("HELD {}", s.text));
        println!("{part}: {} of {} leak, {} of {} are held", counts[1], counts[0], counts[3], counts[2]);
    }
    println!("all: {} of {} leak, {} of {} are held", sums[1], sums[0], sums[3], sums[2]);
    println!("behind calm sentences about the same matter {} of {} leak", sums[5], sums[4]);
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
        let said = format!("{:.2} {:?} {}", judged.blame, judged.accused.keys(), sample.text);
        match (sample.accuses, judged.accused.is_empty()) {
            (true, true) => count("accusing: NOT NOTICED"),
            (false, false) => count("complaining: taken for accusing"),
            _ => {}
        }
        count(if sample.accuses { "accusing" } else { "complaining" });
        if sample.accuses && leaks(&sample, &DIRECTORY) {
            count("accusing: DISPATCHED TO THE ACCUSED");
            println!("LEAKED {said}");
        }
        if !sample.accuses && is_held(&sample, &DIRECTORY) {
            count("complaining: HELD BACK");
            println!("HELD {said}");
        }
        sample.facts.matter = None;
        if !assignees(&decide(&sample.facts, &DIRECTORY)).is_empty() {
            count("by the text alone: dispatched");
        }
        if sample.accuses && leaks(&sample, &DIRECTORY) {
            count("by the text alone: accusing DISPATCHED TO THE ACCUSED");
        }
    }
    counts.iter().for_each(|((part, what), count)| println!("{part}: {what}: {count}"));
}

#[test]
fn who_says_next_to_nothing_accuses_nobody() {
    for text in ["", "无", "咨询", "。。。", "see attachment", "12345"] {
        assert_eq!(accusation::judge(&[text], None, &DIRECTORY).accused.len(), 0, "{text}");
    }
}

#[test]
fn the_accused_is_recognised() {
    let (mut all, mut right) = (0, 0);
    for sample in samples().iter().filter(|s| s.accuses && !s.accused.is_empty()) {
        let judged = accusation::judge(&[&sample.text], sample.facts.division.as_ref(), &DIRECTORY);
        all += 1;
        let units: Vec<String> = judged.units().map(ToString::to_string).collect();
        right += usize::from(judged.is_accusation() || sample.accused.iter().all(|a| units.contains(a)));
    }
    println!("accused recognised in {right} of {all} accusing texts that name somebody");
    assert!(right * 10 >= all * 9, "{right} of {all}");
}

#[test]
fn colours_are_as_expected_by_the_words_of_the_list() {
    let (mut wrong, by_words) = (Vec::new(), with_danger(Vec::new()));
    let listed = [SEVERITY, READINGS].map(|set| csv::Reader::from_reader(set.as_bytes()).into_records());
    for row in listed.into_iter().flatten() {
        let row = row.expect("a row");
        let got = colour_of(&row[1], &by_words).map_or("none", Warning::as_str);
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
    let affected = |count| colour(Evidence { affected: Some(count), ..Evidence::default() });
    assert_eq!(
        [99, 100, 499, 500].map(affected),
        [None, Some(Warning::Yellow), Some(Warning::Yellow), Some(Warning::Orange)]
    );
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
    let own = with_file("accusations.csv", "word,kind,means\n穿玻璃鞋,grave,\n民警,none,\n");
    let after = accusation::judge(&[text], None, &own);
    let word = after.because.iter().find(|b| b.word.word == "穿玻璃鞋").expect("the new word speaks");
    assert_eq!((word.word.file.as_str(), word.word.line), ("accusations.csv", 2));
    assert!(!before.because.iter().any(|b| b.word.word == "穿玻璃鞋"));
    let gapped = with_file("accusations.csv", "word,kind,means\n给人|让人+玻璃鞋,grave,\n");
    let after = accusation::judge(&["派出所吃了闭门羹之后让人穿玻璃鞋"], None, &gapped);
    assert!(after.because.iter().any(|b| b.word.word == "给人|让人+玻璃鞋"));
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
    let found =
        says("accusations.csv", "word,kind,means\n巡街员,unit,没有这个局\n坏,fault,\n懒散,fault,\n懒散,fault,\n");
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
    let mut words: Vec<_> = accusation.because.iter().map(|b| (&b.word.word, b.kind, b.set_aside)).collect();
    words.sort();
    let severity = severity::judge(&Evidence { texts: &[text], ..Evidence::default() }, directory);
    format!("{:?} {} {words:?} {:?}", accusation.accused, accusation.blame, severity.colour)
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
        let added = with_file("accusations.csv", "word,kind,means\n穿玻璃鞋,grave,\n");
        for text in some.iter().filter(|t| !t.contains("穿玻璃鞋")) {
            prop_assert_eq!(substance(text, &added), substance(text, &DIRECTORY));
        }
    }
}
