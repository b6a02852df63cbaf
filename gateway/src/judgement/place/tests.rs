//! Places by addresses, fields, codes, grids and points; the addresses of `tests/judgement` are measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judgement")
}

fn divisions(code: &str) -> String {
    let file = match code {
        "330205" => Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/directory/330205/divisions.csv"),
        _ => root().join(format!("divisions/{code}.csv")),
    };
    std::fs::read_to_string(file).expect("readable")
}

/// A county of which nothing but its divisions is known.
pub(super) fn county(code: &str) -> Directory {
    of_files(&[("divisions.csv", divisions(code))])
}

pub(super) fn of_files(files: &[(&str, String)]) -> Directory {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    Directory::of_places(&files).expect("parses")
}

/// Jiangbei with one more file.
fn with(file: &str, text: &str) -> Directory {
    of_files(&[("divisions.csv", divisions("330205")), (file, text.to_owned())])
}

fn at(address: &str) -> Clues<'_> {
    Clues { address, ..Clues::default() }
}

/// `330205006 Code`, `Unsure`, …
fn told(clues: &Clues<'_>, directory: &Directory) -> String {
    match judge(clues, directory).place {
        Where::Known(code, by) => format!("{code} {by:?}"),
        other => format!("{other:?}"),
    }
}

/// One address of the set: what is expected and what was said, as a township's code, `outside` or `unsure`.
struct Measured {
    address: String,
    expected: String,
    said: String,
    said_whole: String,
    expected_whole: String,
}

fn measured() -> Vec<Measured> {
    let text = match std::env::var("HUILIU_ADDRESSES") {
        Ok(file) => std::fs::read_to_string(file),
        Err(_) => std::fs::read_to_string(root().join("addresses.csv")),
    };
    let mut counties: BTreeMap<String, Directory> = BTreeMap::new();
    let read = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.expect("well-formed");
        let directory = counties.entry(record[0].to_owned()).or_insert_with(|| county(&record[0]));
        let said_whole = match judge(&at(&record[1]), directory).place {
            Where::Known(code, _) => code.to_string(),
            Where::Outside => "outside".into(),
            Where::Unsure | Where::Nothing => "unsure".into(),
        };
        Measured {
            address: record[1].to_owned(),
            expected: township(&record[2]),
            said: township(&said_whole),
            expected_whole: record[2].to_owned(),
            said_whole,
        }
    };
    csv::Reader::from_reader(text.expect("readable").as_bytes()).into_records().map(read).collect()
}

/// The township of what was said; a county's code names none.
fn township(said: &str) -> String {
    match (said.bytes().all(|b| b.is_ascii_digit()), said.get(..9)) {
        (true, Some(township)) => township.to_owned(),
        (true, None) => "unsure".to_owned(),
        (false, _) => said.to_owned(),
    }
}

#[test]
fn no_address_is_taken_to_a_wrong_township_and_most_are_taken_to_the_right_one() {
    let all = measured();
    let wrong: Vec<_> = all.iter().filter(|m| m.said != "unsure" && m.said != m.expected).collect();
    let open: Vec<_> = all.iter().filter(|m| m.said == "unsure" && m.said != m.expected).collect();
    let resolvable = all.iter().filter(|m| m.expected != "unsure").count();
    let finer = all.iter().filter(|m| m.expected_whole.len() == 12);
    let villages = finer.clone().filter(|m| m.said_whole == m.expected_whole).count();
    println!(
        "{} addresses: {} wrong, {} honestly unsure; of {resolvable} that can be resolved {} are; {villages} of {} to the village",
        all.len(),
        wrong.len(),
        open.len(),
        resolvable - open.len() - wrong.iter().filter(|m| m.expected != "unsure").count(),
        finer.clone().count(),
    );
    let astray: Vec<_> = finer.filter(|m| m.said_whole.len() == 12 && m.said_whole != m.expected_whole).collect();
    for m in wrong.iter().chain(&open).chain(&astray) {
        println!("{}: {}, expected {}", m.address, m.said_whole, m.expected_whole);
    }
    assert!(wrong.is_empty() && astray.is_empty());
    assert!(open.len() * 20 <= resolvable, "{} of {resolvable} left open", open.len());
}

/// Every division of four counties, written in every way that its name makes possible: a whole name is never taken
/// for another township's unless that other bears it.
#[test]
fn no_division_is_taken_for_another() {
    for code in ["330205", "320281", "361123", "511725"] {
        let directory = county(code);
        let names: Vec<_> = directory.divisions.iter().filter(|d| d.code.as_str().len() > 6).collect();
        for d in &names {
            let town = d.code.township().expect("a township");
            let town_name = directory.division_name(&town).expect("named");
            let stem: String = d.name.chars().take(2).collect();
            let ways = [
                d.name.clone(),
                format!("{town_name}{}", d.name),
                format!("{town_name}{stem}大酒店"),
                format!("{town_name}{stem}路1号"),
                format!("白{}", d.name),
                format!("{stem}路1号"),
                format!("{stem}大酒店"),
            ];
            for address in ways {
                let judged = judge(&at(&address), &directory);
                let Some(said) = judged.place.code().filter(|c| c.as_str().len() > 6) else { continue };
                let bears = |n: &&&crate::directory::divisions::Division| {
                    said.contains(&n.code) && address.contains(n.name.as_str())
                };
                let its_own = town.contains(said) || names.iter().any(|n| bears(&n));
                assert!(its_own, "{address}: {said}, not {town}");
            }
        }
    }
}

#[test]
fn fields_are_understood_as_names() {
    let directory = county("330205");
    let named = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        told(&Clues { names: &names, ..Clues::default() }, &directory)
    };
    for (names, expected) in [
        (&["江北区"][..], "330205 Names"),
        (&["宁波市江北区"], "330205 Names"),
        (&["庄桥街道"], "330205006 Names"),
        (&["庄桥"], "330205006 Names"),
        (&["庄桥街道办事处"], "330205006 Names"),
        (&["慈城"], "330205103 Names"),
        (&["天合社区"], "330205006007 Names"),
        (&["天合"], "330205006007 Names"),
        (&["葛家村"], "330205006201 Names"),
        (&["葛家村村委会"], "330205006201 Names"),
        (&["河东社区"], "330205006001 Names"),
        (&["河东村"], "330205005204 Names"),
        (&["河东"], "Unsure"),
        (&["洪塘"], "330205007 Names"),
        (&["海曙区"], "Outside"),
        (&["海曙"], "Outside"),
        (&["宁波市", "海曙区"], "Outside"),
        (&["江北区", "甬江街道", "河东"], "330205005204 Names"),
        (&["江北区庄桥街道", "天合社区"], "330205006007 Names"),
        (&["慈城镇", "天合社区"], "Unsure"),
        (&["宁波市", "育才社区"], "Unsure"),
        (&["浙江省宁波市", "文教街道", "育才社区"], "330205004001 Names"),
        (&["宁波市", "江北区", "育才社区"], "330205004001 Names"),
        (&["无"], "Nothing"),
    ] {
        assert_eq!(named(names), expected, "{names:?}");
    }
}

#[test]
fn codes_and_addresses_make_each_other_finer_or_unsure() {
    let directory = county("330205");
    let both = |code: &str, address: &str| {
        let code = code.parse().expect("code");
        told(&Clues { division: Some(&code), ..at(address) }, &directory)
    };
    for (code, address, expected) in [
        ("330205006", "", "330205006 Code"),
        ("330205006000", "", "330205006 Code"),
        ("330205006999", "", "330205006 Code"),
        ("330205000000", "", "330205 Code"),
        ("330205", "庄桥街道天合社区", "330205006007 Address"),
        ("330205006", "天合社区3幢", "330205006007 Address"),
        ("330205006", "庄桥街道河东社区", "330205006001 Address"),
        // The code tells which of two.
        ("330205006", "河东", "330205006001 ShortName"),
        ("330205005", "河东", "330205005204 ShortName"),
        ("330205006", "庄桥街道与洪塘街道", "330205006 Code"),
        // A short name is no match for a code.
        ("330205006", "慈城大酒店", "330205006 Code"),
        ("330205006", "慈城", "330205006 Code"),
        // Two villages of one township.
        ("330205006007", "河东社区", "330205006 Code"),
        // A whole name is.
        ("330205006", "慈城镇民权路", "Unsure"),
        ("330205006", "裘市村", "Unsure"),
        ("330205006", "鄞州区首南街道", "Unsure"),
        // A county's code is what the form fills in.
        ("330205", "鄞州区首南街道", "Outside"),
        ("330205", "慈城镇与庄桥街道", "330205 Code"),
        ("330203001", "", "Outside"),
        ("330203001", "庄桥街道", "Unsure"),
        ("3302", "庄桥街道", "330205006 Address"),
        ("330206", "庄桥", "Outside"),
    ] {
        assert_eq!(both(code, address), expected, "{code} {address}");
    }
}

/// What only a city is named over may be another county's, unless anything at all tells that it is ours.
#[test]
fn a_common_name_under_a_city_is_ours_where_anything_says_so() {
    let directory = county("330205");
    let clues = at("宁波市育才社区12号");
    assert_eq!(told(&clues, &directory), "Unsure");
    let doubts = judge(&clues, &directory).doubts;
    assert_eq!(doubts[0].chinese(&directory.divisions), "“育才社区”前只写到省（市），没有写区县：文教街道育才社区");
    let ours: DivisionCode = "330205".parse().expect("code");
    assert_eq!(told(&Clues { division: Some(&ours), ..clues }, &directory), "330205004001 Address");
    for names in ["江北区", "文教街道"] {
        let names = [names.to_owned()];
        assert_eq!(told(&Clues { names: &names, ..clues }, &directory), "330205004001 Address");
    }
    for (text, expected) in [("江北区育才社区停车难", "330205004001 Address"), ("我爸爸在江北区上班", "Unsure")]
    {
        assert_eq!(told(&Clues { texts: &[text], ..clues }, &directory), expected, "{text}");
    }
    let alone = Clues { texts: &["宁波市育才社区停车难"], ..Clues::default() };
    assert_eq!(told(&alone, &directory), "Unsure");
}

#[test]
fn a_doubt_says_why_and_names_only_the_directory() {
    let directory = county("330205");
    let said = |address: &str| {
        let doubts = judge(&at(address), &directory).doubts;
        doubts.iter().map(|d| d.chinese(&directory.divisions)).collect::<Vec<_>>().join("；")
    };
    let part = "“河东”可能只是路名、单位名或小区名的一部分：甬江街道河东村委会、庄桥街道河东社区";
    assert_eq!(said("河东，张三家"), part);
    assert_eq!(said("庄桥街道与洪塘街道交界处"), "只写到居住地或邻近的地方：庄桥街道、洪塘街道");
    assert_eq!(said("骆驼街道河东社区"), "所写的街道（镇、乡）不在名录中");
    assert_eq!(said("庄桥街道与洪塘街道张三"), "同时写到几个街道（镇）：庄桥街道、洪塘街道");
    assert_eq!(said("慈城镇天合社区"), "“天合社区”不在所写的街道（镇）内：庄桥街道天合社区、慈城镇");
    assert_eq!(said("庄桥街道天合社区、天水社区"), "同时写到几个村（社区）：庄桥街道天水社区、庄桥街道天合社区");
    let shared = county("320281");
    let doubts = judge(&at("街西村"), &shared).doubts;
    assert_eq!(doubts[0].chinese(&shared.divisions), "地名“街西村”不止一处：青阳镇街西村村委会、青阳园区街西村村委会");
}

#[test]
fn aliases_speak_for_places_officials_know() {
    let directory = with(
        "places.csv",
        "名称,属地,类型,备注\n白沙街道,330205001,撤并,\n330205002,330205001,merged,\n江东区,330212,old_name,\n\
         天合家园,330205006007,estate,\n康庄南路,330205006,road,\n康庄南路,330205007,road,\n330205009,330205006,merged,\n\
         330205009,330205008,merged,\n江北高新园,330205005,zone,\n",
    );
    for (address, expected) in [
        ("白沙街道某路1号", "330205001 Alias"),
        ("白沙街道白沙社区", "330205001010 Address"),
        ("江东区百丈路", "Outside"),
        ("宁波市江东区百丈路", "Outside"),
        ("天合家园3幢", "330205006007 Alias"),
        ("庄桥街道天合家园3幢", "330205006007 Alias"),
        ("康庄南路1号", "Unsure"),
        ("洪塘街道康庄南路1号", "330205007 Alias"),
        ("江北高新园某公司", "330205005 Address"),
        ("江北高新园庄桥街道", "330205006 Address"),
    ] {
        assert_eq!(told(&at(address), &directory), expected, "{address}");
    }
    let coded = |code: &str, address: &str| {
        told(&Clues { division: Some(&code.parse().expect("code")), ..at(address) }, &directory)
    };
    assert_eq!(coded("330205002", ""), "330205001 Code");
    assert_eq!(coded("330205002003", ""), "330205001 Code");
    // A code that was divided: the address tells which.
    assert_eq!(coded("330205009", ""), "Unsure");
    assert_eq!(coded("330205009", "裘市村"), "330205008205 Address");
    assert_eq!(coded("330205009", "慈城镇"), "Unsure");
    // Names that are none of what it was divided into do not make room for a third place.
    let between = |name: &str, address: &str| {
        let division = "330205009".parse().expect("code");
        told(&Clues { division: Some(&division), names: &[name.to_owned()], ..at(address) }, &directory)
    };
    assert_eq!(between("康庄南路", "洪塘街道"), "Unsure");
}

#[test]
fn grids_are_known_by_number_and_by_range() {
    let directory = with("grids.csv", "grid,division\nJB-06-01,330205006007\nJB-06-*,330205006\n");
    let named = |grid: &str, address: &str| told(&Clues { names: &[grid.to_owned()], ..at(address) }, &directory);
    assert_eq!(named("jb-06-01", ""), "330205006007 Grid");
    assert_eq!(named("JB-06-99", ""), "330205006 Grid");
    assert_eq!(named("JB-06-99", "天合社区"), "330205006007 Address");
    assert_eq!(named("JB-07-01", ""), "Nothing");
    assert_eq!(named("330205006007003", ""), "330205006007 Grid");
    assert_eq!(named("330205006999003", ""), "330205006 Grid");
    assert_eq!(named("999999999999003", ""), "Unsure");
    assert_eq!(named("JB-06-01", "慈城镇"), "Unsure");
}

const SQUARES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"division":"330205006"},"geometry":{"type":"Polygon","coordinates":[
  [[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[2,1],[2,2],[1,2],[1,1]]]}},
{"type":"Feature","properties":{"division":"330205006007"},"geometry":{"type":"Polygon","coordinates":[[[3,3],[4,3],[4,4],[3,4],[3,3]]]}},
{"type":"Feature","properties":{"代码":330205103},"geometry":{"type":"MultiPolygon","coordinates":[
  [[[5,0],[6,0],[6,1],[5,1],[5,0]]],[[[3.5,0],[5,0],[5,1],[3.5,1],[3.5,0]]]]}}]}"#;

#[test]
fn points_lie_in_areas_or_near_other_points() {
    let directory = of_files(&[
        ("divisions.csv", divisions("330205")),
        ("areas.geojson", SQUARES.to_owned()),
        (
            "points.csv",
            "经度,纬度,属地,范围米\n10,0,330205007,500\n10.002,0,330205008,500\n10.02,0,330205008,\n".to_owned(),
        ),
    ]);
    let point =
        |east: f64, north: f64, address: &str| told(&Clues { point: Some((east, north)), ..at(address) }, &directory);
    assert_eq!(point(0.5, 0.5, ""), "330205006 Point");
    assert_eq!(point(3.5, 3.5, ""), "330205006007 Point");
    assert_eq!(point(5.5, 0.5, ""), "330205103 Point");
    assert_eq!(point(1.5, 1.5, ""), "Nothing", "a hole");
    assert_eq!(point(3.7, 0.5, ""), "Unsure", "two areas overlap");
    assert_eq!(point(9.0, 9.0, ""), "Nothing");
    assert_eq!(point(f64::NAN, 0.5, ""), "Nothing");
    assert_eq!(point(10.0, 0.0, ""), "330205007 Point");
    assert_eq!(point(10.001, 0.0, ""), "Nothing", "as near to the other");
    assert_eq!(point(10.021, 0.0, ""), "330205008 Point");
    assert_eq!(point(10.03, 0.0, ""), "Nothing", "too far");
    // With an address.
    assert_eq!(point(3.5, 3.5, "庄桥街道"), "330205006007 Point");
    assert_eq!(point(0.5, 0.5, "慈城镇"), "Unsure");
    assert_eq!(point(0.5, 0.5, "慈城"), "330205006 Point");
    assert_eq!(point(10.0, 0.0, "慈城镇"), "330205103 Address");
    // Of two that a name could be, the point tells which.
    assert_eq!(point(0.5, 0.5, "河东"), "330205006 Point");
    assert_eq!(point(5.5, 0.5, "河东"), "Unsure");
    let findings = crate::directory::check(&directory);
    let overlaps = findings.iter().filter(|f| f.zh.contains("片区重叠")).count();
    assert_eq!(overlaps, 1, "{findings:#?}");
}

#[test]
fn a_text_is_asked_only_where_nothing_else_says_anything() {
    let directory = county("330205");
    let text = |text: &str, address: &str| told(&Clues { texts: &[text], ..at(address) }, &directory);
    assert_eq!(text("庄桥街道某小区夜间施工扰民", ""), "330205006 Text");
    assert_eq!(text("反映江北区庄桥街道天合社区停车难", ""), "330205006007 Text");
    assert_eq!(text("庄桥街道某小区夜间施工扰民", "某路1号"), "Nothing");
    assert_eq!(text("庄桥街道某小区夜间施工扰民", "慈城镇"), "330205103 Address");
    assert_eq!(text("慈城的小区停车难", ""), "Unsure");
    assert_eq!(text("庄桥街道和洪塘街道都有", ""), "Unsure");
    assert_eq!(text("家住洪塘街道，反映庄桥街道某工地噪音", ""), "330205006 Text");
    assert_eq!(text("我家住洪塘街道，孩子上学难", ""), "Unsure");
    assert_eq!(text("我是安徽省阜阳市人，在庄桥街道打工被欠薪", ""), "330205006 Text");
}

/// Whoever sends no address often says where they live or work, and what others do elsewhere.
#[test]
fn a_township_named_by_the_way_is_not_the_place() {
    let directory = county("330205");
    for text in [
        "我在慈城镇上班，家住孔浦，小区业委会吵了两年",
        "物业公司注册在庄桥街道，小区在洪塘宁沁",
        "听说庄桥街道的小区都换了物业，我们这里怎么还不换",
        "参照洪塘街道的做法，我们小区也想成立业委会",
        "我妈妈在庄桥街道办事处上班，我们小区业委会吵了两年",
        "洪塘街道说我们小区不归他们管，是庄桥的",
        "我家住洪塘街道，庄桥街道的人来过小区",
    ] {
        assert_eq!(told(&Clues { texts: &[text], ..Clues::default() }, &directory), "Unsure", "{text}");
    }
}

/// What an address says of another county is not forgotten where it stands in the text instead.
#[test]
fn another_county_is_outside_in_text_as_in_an_address() {
    let directory = county("330205");
    for written in [
        "鄞州区中河街道的小区门口路灯坏了",
        "海曙区天一广场路灯坏了",
        "我在镇海区骆驼街道，门口的路灯坏了",
        "余姚市三七市镇路灯不亮",
        "鄞州区某公司欠薪",
    ] {
        assert_eq!(told(&Clues { texts: &[written], ..Clues::default() }, &directory), "Outside", "{written}");
        assert_eq!(told(&at(written), &directory), "Outside", "{written}");
    }
    let ours: DivisionCode = "330205".parse().expect("code");
    for named in [
        "老板是鄞州区的，拖欠我三个月工资",
        "已向海曙区法院起诉，老板仍不发工资",
        "施工单位是鄞州区某建筑公司",
        "我每天从鄞州区到这里上班",
    ] {
        let clues = Clues { texts: &[named], ..Clues::default() };
        assert_eq!(told(&clues, &directory), "Nothing", "{named}");
        assert_eq!(told(&Clues { division: Some(&ours), ..clues }, &directory), "330205 Code", "{named}");
    }
    let clues = Clues {
        texts: &["鄞州区中河街道的小区门口路灯坏了"], division: Some(&ours), ..Clues::default()
    };
    assert_eq!(told(&clues, &directory), "330205 Code");
    let from = "我是余姚市人，小区门口路灯坏了";
    assert_eq!(told(&Clues { texts: &[from], ..Clues::default() }, &directory), "Nothing");
}

#[test]
fn what_is_wrong_in_a_file_is_told_by_file_line_field_and_value() {
    let check = |file: &str, text: &str, expected: &str| {
        let files = [("divisions.csv".to_owned(), divisions("330205")), (file.to_owned(), text.to_owned())];
        let said = Directory::of_places(&files).expect_err("refused").to_string();
        assert!(said.contains(expected), "{expected} not in {said}");
    };
    check(
        "places.csv",
        "name,division,kind\n白,330205001,merged\n",
        "places.csv:2 column `name`: met `白`, expected a name of two",
    );
    check("places.csv", "name,division,kind\n白沙,3302050,merged\n", "places.csv:2 column `division`: met `3302050`");
    check(
        "places.csv",
        "name,division,kind\n白沙,330205001,town\n",
        "places.csv:2 column `kind`: met `town`, expected one of old_name",
    );
    check(
        "grids.csv",
        "grid,division\nA,330205006\nA,330205007\n",
        "grids.csv:3 column `grid`: met `A`, expected a grid written once",
    );
    check("grids.csv", "grid,division\n*,330205006\n", "grids.csv:2 column `grid`: met `*`");
    check(
        "points.csv",
        "longitude,latitude,division\n121.5,129,330205006\n",
        "points.csv:2 column `latitude`: met `129`",
    );
    check(
        "points.csv",
        "longitude,latitude,division,within_m\n121.5,29,330205006,0\n",
        "column `within_m`: met `0`, expected metres",
    );
    check("areas.geojson", "{\n\"features\": [}", "areas.geojson:2: met `");
    check(
        "areas.geojson",
        &SQUARES.replace("\"330205006007\"", "\"庄桥\""),
        "areas.geojson:4 column `properties.division`: met `庄桥`",
    );
    check(
        "areas.geojson",
        &SQUARES.replace("[3,4],[3,3]", "[3,4]"),
        "areas.geojson:4 column `geometry.coordinates`: met `4 positions`",
    );
    check(
        "areas.geojson",
        &SQUARES.replace("[[[3,3],", "[[[300,3],"),
        "column `geometry.coordinates`: met `4 positions`".trim_end_matches("4 positions`"),
    );
}
