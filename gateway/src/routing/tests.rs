//! The rules of routing, one by one, on the shipped directory.

use huiliu_schemas::decision::{Decision, Verdict};
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::{Flags, SourceClass};
use huiliu_schemas::vocabulary::{Appeal, Role};

use super::*;
use crate::directory::conditions::Circumstances;
use crate::directory::tests::{changed, shipped, with_line};

/// `appeal matter division`, `-` for unknown.
pub(super) fn facts(line: &str) -> RoutingFacts {
    let words: Vec<&str> = line.split(' ').collect();
    let known = |at: usize| words.get(at).filter(|w| **w != "-");
    RoutingFacts {
        circumstances: Circumstances { appeal: known(0).and_then(|w| Appeal::read(w)), ..Circumstances::default() },
        matter: known(1).map(|w| w.parse().expect("matter")),
        division: known(2).map(|w| w.parse().expect("division")),
        ..RoutingFacts::default()
    }
}

fn with_text(line: &str, text: &str) -> RoutingFacts {
    RoutingFacts { texts: vec![Private::new(text)], ..facts(line) }
}

fn against(line: &str, accused: &str) -> RoutingFacts {
    RoutingFacts { accused: vec![Private::new(accused)], ..facts(line) }
}

/// `lead+participant+…`, or `?reason,reason:candidate,candidate`.
pub(super) fn told(decision: &Decision) -> String {
    match &decision.verdict {
        Verdict::Dispatch { assignees } => {
            let names: Vec<_> = assignees.iter().map(|a| a.department.as_str().trim_start_matches("jb-")).collect();
            names.join("+")
        }
        Verdict::Triage { reasons, candidates } => {
            let reasons: Vec<_> = reasons.iter().map(|r| r.as_str()).collect();
            let names: Vec<_> = candidates.iter().map(|c| c.as_str().trim_start_matches("jb-")).collect();
            format!("?{}:{}", reasons.join(","), names.join(","))
        }
    }
}

fn check(facts: &RoutingFacts, expected: &str) {
    assert_eq!(told(&decide(facts, &shipped())), expected, "{:?} {:?}", facts.matter, facts.circumstances);
}

#[test]
fn the_most_specific_line_wins() {
    check(&facts("complaint 150305 330205006"), "labour");
    check(&facts("dispute 150305 330205006"), "labour+mc-labour");
    check(&facts("complaint 010903 330205006007"), "housing+zhuangqiao");
    check(&facts("dispute 010903 330205006007"), "zhuangqiao+housing+mc-property");
    check(&facts("complaint 010302 330205103"), "enforcement+natural-resources+cicheng");
    check(&facts("complaint 010213 330205103200"), "cicheng+enforcement");
    check(&facts("complaint 010213 330205006"), "enforcement+zhuangqiao");
    check(&facts("complaint 130501 330205"), "traffic-police");
    check(&facts("dispute 120403 330205"), "mc-medical+health");
    check(&facts("complaint 0105 330205"), "housing");
    check(&facts("dispute 131102 330205006"), "zhuangqiao-centre+justice");
    let crowd = RoutingFacts {
        circumstances: Circumstances { persons: Some(6), ..facts("dispute").circumstances },
        ..facts("dispute 010903 330205006")
    };
    check(&crowd, "housing+mc-property+zhuangqiao");
}

#[test]
fn all_first_level_classes_have_an_owner() {
    let directory = shipped();
    for matter in directory.matters.iter() {
        let decision = decide(&facts(&format!("complaint {} 330205103200", matter.code)), &directory);
        assert!(decision.lead().is_some(), "{} {}: {}", matter.code, matter.name, told(&decision));
    }
}

#[test]
fn a_place_is_needed_only_where_it_decides() {
    check(&facts("complaint 150305 -"), "labour");
    check(&facts("complaint 010203 -"), "?no_place:");
    check(&facts("complaint 010203 330205"), "?no_place:");
    check(&facts("complaint 010213 -"), "?no_place:enforcement");
    check(&facts("complaint 140901 -"), "?no_place:culture-tourism");
    // A participant that depends on the place is left out where the place is not known.
    check(&facts("complaint 010903 -"), "housing");
}

#[test]
fn places_come_from_codes_names_and_addresses() {
    let place = |facts: &RoutingFacts| decide(facts, &shipped()).division.map(|division| division.to_string());
    let named = |names: &[&str], address: &str| RoutingFacts {
        place_names: names.iter().map(|n| (*n).to_owned()).collect(),
        address: Some(Private::new(address)),
        ..facts("complaint 010203 -")
    };
    assert_eq!(place(&named(&["江北区", "庄桥街道"], "")).as_deref(), Some("330205006"));
    assert_eq!(place(&named(&["江北区"], "庄桥街道天合社区3幢")).as_deref(), Some("330205006007"));
    assert_eq!(place(&named(&[], "浙江省宁波市江北区慈城镇某路1号")).as_deref(), Some("330205103"));
    assert_eq!(place(&named(&["无"], "某路1号")), None);
    // A village newer than the file lies in its township.
    assert_eq!(place(&facts("complaint 010203 330205006999")).as_deref(), Some("330205006"));
    // The county's code says less than a name.
    let finer = RoutingFacts { division: Some("330205".parse().expect("code")), ..named(&["庄桥街道"], "") };
    assert_eq!(place(&finer).as_deref(), Some("330205006"));
}

#[test]
fn what_was_not_certain_of_the_place_is_told_and_its_townships_are_candidates() {
    let directory = shipped();
    let placed =
        |address: &str| RoutingFacts { address: Some(Private::new(address)), ..facts("complaint 010203 330205") };
    let decision = decide(&placed("庄桥街道与洪塘街道某路99号"), &directory);
    assert_eq!(told(&decision), "?no_place:hongtang,zhuangqiao");
    assert_eq!(decision.division.as_ref().map(|d| d.as_str()), Some("330205"));
    let said = explain(&decision, &directory);
    assert!(said.contains("属地存疑：\n  - 同时写到几个街道（镇）：庄桥街道、洪塘街道"), "{said}");
    assert!(!serde_json::to_string(&decision).expect("json").contains("某路99号"));
    // What is certain all the same goes its way, and still tells what was not.
    let coded = RoutingFacts { division: Some("330205006".parse().expect("code")), ..placed("慈城大酒店") };
    let decision = decide(&coded, &directory);
    assert_eq!(told(&decision), told(&decide(&facts("complaint 010203 330205006"), &directory)));
    let old = RoutingFacts { address: Some(Private::new("白沙街道某路1号")), ..facts("complaint 010203 -") };
    let said = explain(&decide(&old, &directory), &directory);
    assert!(said.contains("division = 330205001（由地址中的别名识别（places.csv）：外滩街道）"), "{said}");
}

#[test]
fn a_point_may_tell_the_place_and_is_never_recorded() {
    let mut files = crate::directory::tests::shipped_files();
    files.push(("points.csv".into(), "longitude,latitude,division\n121.532,29.935,330205006\n".into()));
    let directory = Directory::parse(&files).expect("parses");
    let pointed = RoutingFacts { point: Some((121.5321, 29.9351)), ..facts("complaint 010203 330205") };
    let decision = decide(&pointed, &directory);
    assert_eq!(decision.division.as_ref().map(|d| d.as_str()), Some("330205006"));
    assert!(decision.matched.iter().any(|m| m.because == "由坐标识别：庄桥街道"), "{decision:?}");
    let written = serde_json::to_string(&decision).expect("json");
    assert!(!written.contains("121.53") && !written.contains("29.93"), "{written}");
}

#[test]
fn what_is_elsewhere_goes_to_triage() {
    let named = |names: &[&str], address: &str| RoutingFacts {
        place_names: names.iter().map(|n| (*n).to_owned()).collect(),
        address: Some(Private::new(address)),
        ..facts("complaint 150305 -")
    };
    check(&facts("complaint 150305 330203"), "?outside_county:");
    check(&facts("complaint 150305 330203001"), "?outside_county:");
    check(&named(&["海曙区"], ""), "?outside_county:");
    check(&named(&["宁波市", "海曙区"], ""), "?outside_county:");
    check(&named(&["杭州市"], ""), "?outside_county:");
    check(&named(&[], "宁波市海曙区某路1号"), "?outside_county:");
    for inside in
        [&["宁波市"][..], &["浙江省宁波市江北区"], &["江北区", "阳光小区"], &["宁波市江北区"], &["某工业园区"]]
    {
        check(&named(inside, "宁波市江北区某路1号超市"), "labour");
    }
}

#[test]
fn matters_come_from_codes_or_from_names_that_mean_one() {
    let classed = |code: Option<&str>, name: &str| RoutingFacts {
        source_class: Some(SourceClass { code: code.map(str::to_owned), name: Some(name.to_owned()) }),
        ..facts("complaint - 330205006")
    };
    check(&classed(None, "物业服务"), "housing+zhuangqiao");
    check(&classed(None, "城乡建设->住房保障与房地产->物业服务"), "housing+zhuangqiao");
    check(&classed(None, "安全生产"), "?no_matter:emergency");
    check(&classed(Some("990000"), "其他问题"), "?no_matter,unknown_code:");
    check(&facts("complaint 999999 330205006"), "?no_matter,unknown_code:");
    check(&facts("complaint - 330205006"), "?no_matter:");
}

#[test]
fn a_township_gets_only_what_is_on_its_list() {
    let to_township = with_line("responsibilities.csv", "150305,330205006,,@township,,2,,");
    let directory = Directory::parse(&to_township).expect("parses");
    let decision = decide(&facts("complaint 150305 330205006"), &directory);
    assert_eq!(told(&decision), "labour");
    assert!(decision.excluded.iter().any(|e| e.department.as_str() == "jb-zhuangqiao"), "{decision:?}");
    assert!(decision.beaten[0].because.contains("属地清单"));

    let mut files = to_township;
    let listed = |(_, text): &mut (String, String)| text.push_str("330205006,1503,\n");
    files.iter_mut().filter(|(name, _)| name == "territorial.csv").for_each(listed);
    let directory = Directory::parse(&files).expect("parses");
    let decision = decide(&facts("complaint 150305 330205006"), &directory);
    assert_eq!(told(&decision), "zhuangqiao");
    assert!(decision.matched.iter().any(|m| m.what == "territorial"));

    let by_name = Directory::parse(&with_line("responsibilities.csv", "150305,330205006,,jb-labour,jb-zhuangqiao,,,"));
    assert_eq!(told(&decide(&facts("complaint 150305 330205006"), &by_name.expect("parses"))), "labour");
}

#[test]
fn an_accusation_goes_to_discipline_and_never_to_the_accused() {
    check(&against("accusation 010302 330205006", "庄桥街道办事处"), "discipline");
    check(&against("accusation - -", "江北区住建局局长张某"), "discipline");
    check(&with_text("accusation 150305 330205006", "举报区人社局工作人员收受好处"), "discipline");
    check(&against("accusation 010302 330205006", "葛家村村书记"), "discipline");
    check(&facts("complaint 1306 330205006"), "discipline");
    check(&facts("complaint 0505 330205006"), "discipline");
    // Discipline itself is accused: its superior.
    check(&against("accusation 0505 330205006", "区纪委监委干部王某"), "party");
    // Its superior too: a person.
    check(&against("accusation 0505 330205006", "江北区委"), "?accused_only:");
    // Nobody of ours could be made out: a person.
    check(&facts("accusation 010302 330205006"), "?accused_unknown:discipline");
    check(&against("accusation 010302 330205006", "张某"), "?accused_unknown:discipline");
    // A township's own organ, and one inside a bureau, are not asked before the county's, whatever their codes.
    for line in [
        "aa-x,慈城镇纪委,,discipline,jb-cicheng,330205103,web,,yes,",
        "aa-x,驻局纪检组,,discipline,jb-discipline,330205,web,,yes,",
    ] {
        let directory = Directory::parse(&with_line("departments.csv", line)).expect("parses");
        assert_eq!(
            told(&decide(&against("accusation - -", "江北区住建局局长张某"), &directory)),
            "discipline",
            "{line}"
        );
    }
    // Nor when the county's own is accused: what stands below it does not look into it, and what is above is its superior.
    let lines = "aa-x,慈城镇纪委,,discipline,jb-cicheng,330205103,web,,yes,\naa-y,宁波市纪委,,discipline,,,web,,yes,";
    let directory = Directory::parse(&with_line("departments.csv", lines)).expect("parses");
    assert_eq!(told(&decide(&against("accusation 0505 330205006", "区纪委监委干部王某"), &directory)), "party");
    assert_eq!(told(&decide(&against("accusation - -", "江北区住建局局长张某"), &directory)), "discipline");
    // Of two alike nobody chooses but a person.
    let two =
        Directory::parse(&with_line("departments.csv", "aa-x,区派驻组,,discipline,,330205,web,,yes,")).expect("parses");
    assert_eq!(
        told(&decide(&against("accusation - -", "江北区住建局局长张某"), &two)),
        "?tie,no_matter:aa-x,discipline"
    );
    // Discipline is asked, not accused.
    check(&with_text("accusation - 330205006", "庄桥街道干部受贿，请区纪委查处"), "discipline");
    check(&with_text("accusation - 330205006", "请区纪委干部张某退赃，其受贿"), "party");
}

#[test]
fn a_complaint_of_the_responsible_unit_goes_to_its_superior() {
    let decision = decide(&against("complaint 010903 330205006", "江北区住房和城乡建设局"), &shipped());
    assert_eq!(told(&decision), "government");
    assert!(decision.accusation);
    // Of another unit: the responsible one, without the accused and those under it.
    check(&against("complaint 010903 330205006", "庄桥街道办事处"), "housing");
    // A township's name may only say where a shop is.
    check(&against("complaint 110303 330205006", "庄桥街道某饭店"), "market");
    // Only what is written on from the name, not who is named beside it.
    check(&facts("complaint 010203 330205006"), "zhuangqiao+housing");
    for beside in ["庄桥街道、天合物业公司", "庄桥街道和天合物业公司", "天合物业公司；庄桥街道，某小区"]
    {
        let decision = decide(&against("complaint 010203 330205006", beside), &shipped());
        assert!(!told(&decision).contains("zhuangqiao"), "{beside}");
        assert!(decision.excluded.iter().any(|e| e.department.as_str() == "jb-zhuangqiao"), "{beside}");
    }
    // An enterprise does not handle what is said against it.
    check(&against("complaint 010214 330205006", "供电公司"), "development");
    check(&against("consultation 010214 330205006", "供电公司"), "development");
    // Praise goes to the praised.
    check(&against("praise 150305 330205006", "区人社局"), "labour");
    // What a source calls praise may accuse all the same.
    check(&with_text("praise 010302 330205006", "城管执法局张队长索贿受贿，请保密"), "?accused_unknown:discipline");
    let sarcastic = RoutingFacts {
        accused: vec![Private::new("区人社局")],
        ..with_text("praise 150305 330205006", "王科长索贿五千元")
    };
    check(&sarcastic, "?accused_unknown:discipline");
    // An official of an unnamed unit.
    check(&against("complaint 150305 330205006", "某科长"), "?accused_unknown:discipline");
}

#[test]
fn accusing_words_make_a_person_look() {
    check(&with_text("complaint 010302 330205006", "城管队员收受好处，不拆违建"), "?accused_only:discipline");
    check(&with_text("complaint 150305 330205006", "人社局不作为，推诿"), "?accused_only:discipline");
    check(&with_text("complaint 150305 330205006", "老板欠薪，社区不作为"), "?accused_unknown:discipline,labour");
    check(&with_text("complaint 010903 330205006", "物业不作为，庄桥街道推诿"), "?accused_unknown:discipline,housing");
    check(&with_text("complaint 010903 330205006", "物业收费不合理，庄桥街道一直没有答复"), "housing");
    check(&with_text("complaint 150305 330205006", "老板欠薪，请人社局处理"), "labour");
}

/// Whom the field names need not be all whom the text accuses.
#[test]
fn a_unit_in_the_field_does_not_hide_whom_the_text_accuses() {
    let field = |line: &str, accused: &str, text: &str| RoutingFacts {
        accused: vec![Private::new(accused)],
        ..with_text(line, text)
    };
    let text = "燃气公司乱收费，主管科长受贿不管";
    let decision = decide(&field("complaint 010212 330205006", "燃气公司", text), &shipped());
    assert!(told(&decision).starts_with("?accused_unknown:"), "{}", told(&decision));
    assert!(decision.excluded.iter().any(|e| e.department.as_str() == "jb-gas"));
    check(&field("complaint 010903 330205006", "住建局", "小区绿化枯死，请安排补种"), "government");
}

#[test]
fn who_asks_accuses_too() {
    let text = "请问老板欠薪，科长受贿不管，该找哪里";
    for appeal in ["consultation", "suggestion", "complaint"] {
        let case = with_text(&format!("{appeal} 150305 330205006"), text);
        assert!(told(&decide(&case, &shipped())).starts_with("?accused_unknown:discipline"), "{appeal}");
    }
    let someone = "建议整顿作风，经办人态度恶劣，推诿扯皮，跑了五趟都不给办";
    let decision = decide(&with_text("suggestion 150305 330205006", someone), &shipped());
    assert!(told(&decision).starts_with("?accused_unknown:"), "{}", told(&decision));
    check(&with_text("consultation 150305 330205006", "请问老板欠薪找哪个部门"), "labour");
}

/// The field is read with the words a text is read with, and everyone in it counts.
#[test]
fn everyone_the_field_names_is_barred_or_held_for_a_person() {
    check(&against("complaint 150804 330205006", "社保中心李主任"), "government");
    for field in ["社保局", "劳动仲裁院", "仲裁员", "社保中心工作人员", "江北区社保中心"] {
        check(&against("complaint 150804 330205006", field), "government");
    }
    let both = decide(&against("dispute 010903 330205006", "派出所民警张某、街道办副主任李某"), &shipped());
    let excluded: Vec<_> = both.excluded.iter().map(|e| e.department.as_str()).collect();
    assert!(excluded.contains(&"jb-police") && excluded.contains(&"jb-zhuangqiao"), "{excluded:?}");
    assert_eq!(told(&both), "government");
    // An official beside a unit of which it is not.
    check(&against("complaint 150804 330205006", "城管局、李科长"), "?accused_unknown:discipline");
    for official in ["李主任", "王所长", "张队长", "加油的刘站长", "某工作人员", "街道、赵科长"]
    {
        let decision = decide(&against("complaint 150804 330205006", official), &shipped());
        assert_eq!(told(&decision), "?accused_unknown:discipline", "{official}");
    }
    check(&against("complaint 150804 -", "街道办"), "?accused_unknown:discipline");
    // A firm is not the office whose trade it is in, nor are its people officials.
    for firm in ["绿源环保", "江北消防器材公司", "物业公司王主任", "天合物业工作人员", "张三", "环保设备厂"]
    {
        let decision = decide(&against("complaint 150804 330205006", firm), &shipped());
        assert_eq!((told(&decision).as_str(), decision.excluded.len()), ("labour", 0), "{firm}");
    }
}

#[test]
fn the_accused_township_takes_its_centre_with_it() {
    let decision = decide(&against("accusation 131102 330205006", "庄桥街道"), &shipped());
    let excluded: Vec<_> = decision.excluded.iter().map(|e| e.department.as_str()).collect();
    assert_eq!(excluded, ["jb-zhuangqiao", "jb-zhuangqiao-centre"]);
    check(&against("dispute 131102 330205006", "庄桥街道办事处"), "government");
}

#[test]
fn who_took_the_powers_of_a_dissolved_unit_gets_its_cases_and_its_accusations() {
    let old =
        changed("responsibilities.csv", |t| t.replace("0304,330205,,jb-natural-resources", "0304,330205,,jb-land-old"));
    let directory = Directory::parse(&old).expect("parses");
    assert_eq!(told(&decide(&facts("complaint 0304 330205006"), &directory)), "natural-resources");
    let accused = against("complaint 0304 330205006", "国土资源局");
    assert_eq!(told(&decide(&accused, &directory)), "government");

    let gone = changed("departments.csv", |t| t.replace(",,jb-natural-resources,no,", ",,,no,"));
    let mut files = gone;
    let replace = |(_, text): &mut (String, String)| {
        *text = text.replace("0304,330205,,jb-natural-resources", "0304,330205,,jb-land-old");
    };
    files.iter_mut().filter(|(name, _)| name == "responsibilities.csv").for_each(replace);
    let directory = Directory::parse(&files).expect("parses");
    assert_eq!(told(&decide(&facts("complaint 0304 330205006"), &directory)), "?department_gone:");
}

#[test]
fn a_full_tie_goes_to_triage_with_both() {
    let directory =
        Directory::parse(&with_line("responsibilities.csv", "150305,330205,,jb-union,,,,")).expect("parses");
    let decision = decide(&facts("complaint 150305 330205006"), &directory);
    assert_eq!(told(&decision), "?tie:labour,union");
    assert_eq!(decision.beaten.len(), 2);
}

#[test]
fn hints_do_not_decide() {
    let hinted = RoutingFacts { suggested_unit: Some("区人社局".into()), ..facts("complaint - 330205006") };
    check(&hinted, "?no_matter:labour");
    assert_eq!(decide(&facts("complaint 150305 330205006"), &shipped()).confidence, 100);
}

#[test]
fn a_decision_says_nothing_personal() {
    let mut case = against("accusation 150305 330205006", "区人社局科长赵六");
    case.texts = vec![Private::new("电话19900001234，赵六索贿")];
    case.address = Some(Private::new("某路99号"));
    let written = serde_json::to_string(&decide(&case, &shipped())).expect("json");
    for personal in ["赵六", "19900001234", "某路99号"] {
        assert!(!written.contains(personal), "{personal} in {written}");
    }
}

#[test]
fn a_decision_explains_itself_in_chinese() {
    let directory = shipped();
    let case = RoutingFacts {
        circumstances: Circumstances {
            flags: Flags { joint: true, ..Flags::default() },
            ..facts("dispute").circumstances
        },
        ..facts("dispute 010903 330205006007")
    };
    // Which version it was, and in which line of the list that ships, that list decides; the words are what counts here.
    let said = |case: &RoutingFacts| {
        let said = explain(&decide(case, &directory), &directory).replace(directory.version(), "0123456789abcdef");
        let of_the_list = "内置 severity.csv 第 ";
        match said.split_once(of_the_list) {
            Some((head, tail)) => {
                format!("{head}{of_the_list}…{}", tail.trim_start_matches(|c: char| c.is_ascii_digit()))
            }
            None => said,
        }
    };
    insta::assert_snapshot!(said(&case));
    let accusation = against("complaint 010903 330205006", "江北区住建局");
    insta::assert_snapshot!(said(&accusation));
    let unknown = RoutingFacts { suggested_unit: Some("区人社局".into()), ..facts("complaint - 330205006") };
    insta::assert_snapshot!(said(&unknown));
}

#[test]
fn the_lead_is_one_and_first() {
    let decision = decide(&facts("complaint 010302 330205103"), &shipped());
    let Verdict::Dispatch { assignees } = &decision.verdict else { panic!("dispatched") };
    assert_eq!(assignees[0].role, Role::Lead);
    assert!(assignees[1..].iter().all(|a| a.role == Role::Participant));
}

fn titled(title: &str, text: &str) -> RoutingFacts {
    let texts = vec![Private::new(title), Private::new(text)];
    RoutingFacts { title: Some(Private::new(title)), texts, ..facts("complaint - 330205006") }
}

#[test]
fn what_the_text_leaves_no_doubt_about_is_dispatched_and_says_so() {
    let case =
        titled("烧烤店油烟污染扰民", "楼下王小二烧烤店每晚排放油烟，废气刺鼻，向环保部门投诉无果，电话19900001234");
    let decision = decide(&case, &shipped());
    assert_eq!(told(&decision), "ecology+enforcement");
    let matter = decision.matched.iter().find(|m| m.what == "matter").expect("matter");
    assert!(
        matter.value.starts_with("04") && matter.because.starts_with("由文本判定（词库命中：污染、油烟"),
        "{matter:?}"
    );
    assert!(matter.because.contains("把握 9") && decision.confidence < 100, "{matter:?}");
    let recorded = serde_json::to_string(&decision).expect("json");
    assert!(!recorded.contains("王小二") && !recorded.contains("19900001234"));
}

#[test]
fn where_lower_classes_part_the_text_only_suggests() {
    // 城市建设和市政管理 for sure, but 电力供应 and 自来水供应 have different departments.
    let decision = decide(&titled("小区停电又停水", "自来水停了三天，电停了两天，业主没有水也没有电"), &shipped());
    assert_eq!(told(&decision), "?no_matter:development,enforcement,housing");
    assert_eq!(decision.matter.as_ref().map(|m| m.as_str()), Some("0102"));
    let unsure = decide(&titled("请关注", "事情已经有一段时间了，希望早日解决"), &shipped());
    assert_eq!(told(&unsure), "?no_matter:");
}

/// What a known place would send to a person, an unknown one does not send to a department.
#[test]
fn an_open_class_of_the_text_is_not_passed_over() {
    let disputed = |line: &str| RoutingFacts {
        circumstances: facts("dispute").circumstances,
        ..RoutingFacts {
            division: facts(line).division, ..titled("业委会与物业公司物业费纠纷", "物业费纠纷")
        }
    };
    assert!(told(&decide(&disputed("dispute - 330205006"), &shipped())).starts_with("?no_matter:"));
    assert!(told(&decide(&disputed("dispute"), &shipped())).starts_with("?no_place:"));
}

#[test]
fn a_text_that_contradicts_the_source_is_told_and_does_not_override() {
    let class = SourceClass { code: None, name: Some("旅游管理".into()) };
    let case = RoutingFacts {
        source_class: Some(class), ..titled("烧烤店油烟污染扰民", "油烟废气刺鼻，望环保局查处")
    };
    let decision = decide(&case, &shipped());
    assert_eq!(told(&decision), "culture-tourism");
    let told = decision.matched.iter().find(|m| m.what == "matter_by_text").expect("told");
    assert!(told.value == "04" && told.because.contains("与来源类别不一致，仍以来源为准"), "{told:?}");
}

/// Who tries the README finds the order in the queue whose key the README mints.
#[test]
fn the_order_of_the_readme_goes_to_the_department_of_the_readme() {
    let pack = huiliu_adapters::pack::Pack::embedded("hotline-12345").expect("ships");
    for readme in [include_str!("../../../README.md"), include_str!("../../../README.zh-CN.md")] {
        let order = readme.split("order.json <<'EOT'\n").nth(1).and_then(|rest| rest.split("\nEOT").next());
        let record = serde_json::from_str(order.expect("an order")).expect("JSON");
        let read = pack.map(&record, &pack.namespace, jiff::Timestamp::MAX).expect("mapped");
        let decision = decide(&RoutingFacts::from_submission(&read), &shipped());
        assert_eq!(told(&decision), "enforcement");
        assert!(readme.contains("keys add department jb-enforcement"));
    }
}
