//! The judge as a whole, on the shipped directory and on texts written for this purpose. What is measured on real
//! appeals needs `HUILIU_MEASURE_DATA`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;

use super::examples::{Example, Fields};
use super::train::{Settings, train};
use super::*;
use crate::directory::Directory;
use crate::directory::tests::{shipped, shipped_files};

static DIRECTORY: LazyLock<Directory> = LazyLock::new(shipped);
static TAUGHT: LazyLock<Model> = LazyLock::new(|| {
    train(&made_up().iter().collect::<Vec<_>>(), &DIRECTORY.matter.lexicon, Settings::default()).expect("enough")
});

fn fields(text: &str, label: &str) -> Fields {
    Fields { title: "title".into(), text: text.into(), label: label.into() }
}

/// 128 texts as citizens might write them, of the eight classes the real appeals have no examples of. The even ones
/// were looked at while the lexicon was weighed, the odd ones never.
fn untaught() -> Vec<Example> {
    examples::read("untaught.jsonl", include_str!("untaught.jsonl"), &fields("text", "matter"), &DIRECTORY.matters)
        .expect("reads")
}

/// Plain sentences around words of the list, for seven classes: enough to teach, not to be measured by.
fn made_up() -> Vec<Example> {
    let frames = [
        "反映{}的问题，请尽快处理",
        "您好，关于{}已经多次投诉没有结果",
        "咨询一下{}怎么办理",
        "{}太让人失望了，希望领导过问",
    ];
    let mut all = Vec::new();
    for class in ["01", "04", "06", "11", "12", "14", "15"] {
        let class: MatterCode = class.parse().expect("code");
        let words = DIRECTORY.matter.lexicon.words_of(&class);
        for (at, word) in words.iter().filter(|w| w.chars().count() >= 3).enumerate().filter(|(at, _)| at % 12 == 0) {
            let text = frames[at / 12 % frames.len()].replace("{}", word);
            all.push(Example { title: (*word).to_owned(), text, matter: class.clone() });
        }
    }
    all
}

fn with_words(list: &str) -> Lexicon {
    let mut files = shipped_files();
    files.retain(|(name, _)| name != lexicon::FILE);
    files.push((lexicon::FILE.into(), list.to_owned()));
    Directory::parse(&files).expect("parses").matter.lexicon
}

#[test]
fn the_shipped_words_decide_what_is_plain_and_leave_the_rest() {
    let check = |title: &str, text: &str, expected: &str| {
        let opinion = DIRECTORY.matter.judge(title, text);
        let said =
            if opinion.certain { opinion.class.map(|class| class.to_string()).unwrap_or_default() } else { "?".into() };
        assert_eq!(said, expected, "{title}: {:?} {}", opinion.words, opinion.confidence);
    };
    check("楼下烧烤店油烟污染严重", "每天晚上油烟排放直接进屋，刺鼻难闻，向环保部门投诉过", "04");
    check("幼儿园学费上涨是否合规", "孩子的学校这学期学费涨了一倍，老师说是教育局批的", "14");
    check("请问退休金怎么算", "我今年退休，养老保险缴费年限三十年，社保局说退休待遇下个月到账", "15");
    check("咨询", "请问今天上班吗", "?");
    let likeliest = |text: &str| DIRECTORY.matter.judge("", text).class.map(|class| class.to_string());
    assert_eq!(likeliest("宠物医院治死猫").as_deref(), Some("10"));
    assert_eq!(likeliest("兄弟为拆迁安置房分家析产吵架").as_deref(), Some("13"));
    check("", "", "?");
    check("关于公园门口出租车乱停影响学校放学", "公园、学校、出租车、医院都在这条路上", "?");
}

#[test]
fn what_was_never_taught_goes_to_a_person_or_to_the_right_class() {
    let texts = untaught();
    let all: Vec<&Example> = texts.iter().collect();
    assert!(all.len() >= 8 * 15);
    let words = Judge { lexicon: DIRECTORY.matter.lexicon.clone(), model: None };
    let figures = evaluate::figures(&evaluate::judge_all(&words, &all));
    assert!(figures.right_or_asked >= 0.95 && figures.automatic >= 0.3, "{figures:?}");
    let classes: BTreeSet<usize> = all.iter().map(|e| e.class()).collect();
    let mut results = Vec::new();
    for stranger in classes {
        let (unseen, seen): (Vec<_>, Vec<_>) = all.iter().partition(|e| e.class() == stranger);
        results.extend(evaluate::held_out(&seen, &unseen, &words.lexicon, Settings::default()).expect("enough"));
    }
    let figures = evaluate::figures(&results);
    assert!(figures.right_or_asked >= 0.85 && figures.automatic > 0.0, "{figures:?}");
}

#[test]
fn a_model_is_the_same_bytes_and_reads_back() {
    let examples = made_up();
    let some: Vec<&Example> = examples.iter().filter(|e| ["04", "06", "15"].contains(&e.matter.as_str())).collect();
    let again = || train(&some, &DIRECTORY.matter.lexicon, Settings::default()).expect("enough");
    let model = again();
    let bytes = model.bytes();
    assert!(bytes == again().bytes());
    let read = Model::read(&bytes).expect("reads");
    assert_eq!((read.version(), read.bytes() == bytes), (model.version(), true));
    let judge = |model: &Model| Judge { lexicon: DIRECTORY.matter.lexicon.clone(), model: Some(model.clone()) };
    assert_eq!(judge(&read).judge("油烟扰民", "烧烤油烟"), judge(&model).judge("油烟扰民", "烧烤油烟"));
    for at in [0, 9, 40, bytes.len() / 2, bytes.len() - 1] {
        let mut broken = bytes.clone();
        broken[at] ^= 1;
        assert!(Model::read(&broken).is_err(), "byte {at}");
    }
    assert!(Model::read(&bytes[..bytes.len() - 7]).is_err());
    assert!(Model::read(b"matter,weight").expect_err("no model").to_string().contains("begins with HLMATTER"));
}

#[test]
fn a_broken_model_keeps_the_directory_from_loading() {
    let problems = Directory::parse_with_model(&shipped_files(), Some(b"HLMATTER")).expect_err("refused");
    let said = problems.to_string();
    assert!(said.contains("matter.model: met `8 bytes`, expected a model: met too few bytes"), "{said}");
    let with = Directory::parse_with_model(&shipped_files(), Some(&TAUGHT.bytes())).expect("loads");
    assert_ne!(with.version(), Directory::parse(&shipped_files()).expect("loads").version());
}

#[test]
fn what_is_wrong_with_a_list_names_line_and_value() {
    let check = |line: &str, expected: &str| {
        let mut files = shipped_files();
        files.retain(|(name, _)| name != lexicon::FILE);
        files.push((lexicon::FILE.into(), format!("matter,weight,words\n04,2,油烟\n{line}\n")));
        let said = Directory::parse(&files).expect_err("refused").to_string();
        assert!(said.contains(expected), "{expected} not in {said}");
    };
    check("77,2,油烟", "matter-words.csv:3 column `matter`: met `77`, expected a code of matters.csv");
    check("04,9,油烟", "matter-words.csv:3 column `weight`: met `9`, expected 1 (a hint)");
    check("04,1,油烟;毒", "matter-words.csv:3 column `words`: met `油烟;毒`, expected words of two characters");
    check("04,1,", "column `words`: met ``, expected words");
}

#[test]
fn what_is_wrong_with_an_example_names_line_field_and_value() {
    let check = |text: &str, expected: &str| {
        let wrong = examples::read("h", text, &fields("body", "class"), &DIRECTORY.matters).expect_err("refused");
        assert_eq!(wrong[0].to_string(), expected);
    };
    check(
        "title,body,class\nx,y,环境保护\nx,y,环保类\n",
        "h:3 field `class`: met `环保类`, expected a code or a name of matters.csv",
    );
    check(
        "{\"body\":\"y\",\"class\":\"04\"}\n{\"class\":\"04\"}",
        "h:2 field `body`: met `class`, expected a field of this name (another can be named with --title-field, --text-field, --label-field)",
    );
    check(
        "{\"body\":\"y\",\"class\":\"安全生产\"}",
        "h:1 field `class`: met `安全生产`, expected a name that stands in one first-level class only: give the code, or the path with `>`",
    );
    let read = examples::read(
        "h",
        "title,body,class\n,\"两\n行\",环境保护\nx,,0402\n",
        &fields("body", "class"),
        &DIRECTORY.matters,
    )
    .expect("reads");
    assert_eq!(read.iter().map(|e| e.matter.as_str()).collect::<Vec<_>>(), ["04", "0402"]);
    let several = fields("body,text", "class, level");
    let read = examples::read("h", "{\"text\":\"y\",\"level\":\"04\"}", &several, &DIRECTORY.matters).expect("reads");
    assert_eq!(read[0].text, "y");
}

#[test]
fn too_few_examples_teach_nothing() {
    let examples = made_up();
    let some: Vec<&Example> = examples.iter().filter(|e| e.matter.as_str() == "04").collect();
    assert_eq!(train(&some, &DIRECTORY.matter.lexicon, Settings::default()).err(), Some(train::TooLittle::Classes(1)));
}

/// On real appeals, which are not part of the project.
#[test]
fn real_appeals_are_judged_as_well_as_was_measured() {
    let Some(folder) = std::env::var_os("HUILIU_MEASURE_DATA") else {
        eprintln!("SKIPPED: HUILIU_MEASURE_DATA names no folder with appeals/labelled.jsonl; nothing was measured");
        return;
    };
    let file = std::path::Path::new(&folder).join("appeals/labelled.jsonl");
    let text = std::fs::read_to_string(&file).expect("HUILIU_MEASURE_DATA holds appeals/labelled.jsonl");
    let examples =
        examples::read("labelled.jsonl", &text, &fields("body", "level1"), &DIRECTORY.matters).expect("reads");
    let all: Vec<&Example> = examples.iter().collect();
    let (lexicon, cut) = (&DIRECTORY.matter.lexicon, all.len() * 7 / 10);
    let words = evaluate::figures(&evaluate::judge_all(&Judge { lexicon: lexicon.clone(), model: None }, &all));
    assert!(words.automatic_precision >= 0.9 && words.automatic >= 0.3, "{words:?}");
    let later =
        evaluate::figures(&evaluate::held_out(&all[..cut], &all[cut..], lexicon, Settings::default()).expect("enough"));
    assert!(
        later.accuracy >= 0.88 && later.calibration_error <= 0.06 && later.automatic_precision >= 0.94,
        "{later:?}"
    );
}

fn texts() -> impl Strategy<Value = (String, String)> {
    let listed =
        ["物业", "油烟", "医院", "退休", "学校", "低保", "信号", "征地", "受贿", "银行", "水库", "户口", "公交"]
            .map(str::to_owned);
    let plain = ["的", "，", "我们", "A3区", "请", "2019年", "没有", "领导"].map(str::to_owned);
    let piece = prop_oneof![select(listed.to_vec()), select(plain.to_vec())];
    let text = prop::collection::vec(piece, 0..14).prop_map(|p| p.concat());
    (text.clone(), text)
}

fn judges() -> [Judge; 2] {
    let words = Judge { lexicon: DIRECTORY.matter.lexicon.clone(), model: None };
    [Judge { model: Some(TAUGHT.clone()), ..words.clone() }, words]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_lines_never_matters(seed in any::<u64>(), some in prop::collection::vec(texts(), 10)) {
        let (head, body) = lexicon::BUILT_IN.split_once('\n').expect("a header");
        let mut lines: Vec<&str> = body.lines().collect();
        crate::judgement::learning::solve::Shuffle::new(seed).shuffle(&mut lines);
        let turned = with_words(&format!("{head}\n{}\n", lines.join("\n")));
        for judge in judges() {
            let turned = Judge { lexicon: turned.clone(), ..judge.clone() };
            for (title, text) in &some {
                prop_assert_eq!(turned.judge(title, text), judge.judge(title, text));
            }
        }
    }

    #[test]
    fn a_word_more_changes_only_texts_that_hold_it(
        word in "[丌丏丐亓]{2,3}", code in select(vec!["04", "0907", "13", "150305"]), some in prop::collection::vec(texts(), 10),
    ) {
        let more = with_words(&format!("{}{code},3,{word},\n", lexicon::BUILT_IN));
        for judge in judges() {
            let more = Judge { lexicon: more.clone(), ..judge.clone() };
            for (title, text) in &some {
                prop_assert_eq!(more.judge(title, text), judge.judge(title, text));
            }
            prop_assert_ne!(more.lexicon.read(&word, "").total(), judge.lexicon.read(&word, "").total());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_opinion_holds_together((title, text) in texts()) {
        for judge in judges() {
            let opinion = judge.judge(&title, &text);
            prop_assert_eq!(&opinion, &judge.judge(&title, &text));
            prop_assert!((0.0..=1.0).contains(&opinion.confidence));
            prop_assert!(!opinion.certain || opinion.possible.is_empty());
            let class = opinion.class.clone();
            prop_assert!(opinion.code.iter().chain(&opinion.plausible).all(|c| class.as_ref().is_some_and(|k| k.contains(c))));
            prop_assert!(opinion.words.iter().all(|w| title.contains(w.as_str()) || text.contains(w.as_str())));
        }
    }

    #[test]
    fn any_text_is_read_without_fear(title in any::<String>(), text in any::<String>()) {
        judges().iter().for_each(|judge| { judge.judge(&title, &text); judge.explain(&title, &text); });
    }
}
