//! What must hold for every address, not only for those someone wrote down.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;

use super::tests::{county, of_files};
use super::*;
use crate::directory::divisions::Division;

static COUNTIES: LazyLock<Vec<Directory>> =
    LazyLock::new(|| ["330205", "320281", "361123", "511725"].map(county).into());

fn judged(address: &str, directory: &Directory) -> Judgement {
    judge(&Clues { address, ..Clues::default() }, directory)
}

/// Pieces of which people make addresses: names of the directory and what stands between them.
fn pieces() -> Vec<String> {
    let names = COUNTIES.iter().flat_map(|c| c.divisions.iter()).map(|d| d.name.clone());
    let stems = COUNTIES.iter().flat_map(|c| c.divisions.iter()).map(|d| d.name.chars().take(2).collect::<String>());
    let words = [
        "街道",
        "镇",
        "村",
        "社区",
        "路12号",
        "大酒店",
        "3幢",
        "，",
        " ",
        "家住",
        "反映",
        "附近",
        "与",
        "交界处",
        "鄞州区",
        "杭州",
        "北京路",
        "某公司",
        "新村",
        "花园",
        "Ａ１",
        "阳光",
        "白",
        "\u{200b}",
        "𠮷",
        "宁波市",
        "浙江省",
    ];
    names.chain(stems).chain(words.map(str::to_owned)).collect()
}

static PIECES: LazyLock<Vec<String>> = LazyLock::new(pieces);

fn addresses() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PIECES.clone()), 0..6).prop_map(|pieces| pieces.concat())
}

fn counties() -> impl Strategy<Value = usize> {
    0..COUNTIES.len()
}

fn divisions_of(directory: &Directory, reversed: bool) -> String {
    let mut lines: Vec<String> = directory
        .divisions
        .iter()
        .map(|d| format!("{},{},{}\n", d.code, d.name, d.parent.as_ref().map_or("", |p| p.as_str())))
        .collect();
    if reversed {
        lines.reverse();
    }
    format!("code,name,parent\n{}", lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_makes_it_panic(at in counties(), text in any::<String>(), address in addresses(), point in any::<Option<(f64, f64)>>()) {
        let names = [text.clone(), address.clone()];
        for (address, texts) in [(text.as_str(), [address.as_str()]), (address.as_str(), [text.as_str()]), ("", [address.as_str()])] {
            let clues = Clues { address, texts: &texts, point, names: &names, ..Clues::default() };
            judge(&clues, &COUNTIES[at]);
            judge(&Clues { names: &[], ..clues }, &COUNTIES[at]);
        }
    }

    #[test]
    fn what_is_known_is_ours(at in counties(), address in addresses()) {
        let directory = &COUNTIES[at];
        let judged = judged(&address, directory);
        prop_assert!(judged.place.code().is_none_or(|c| directory.divisions.get(c).is_some()));
        let candidates = judged.doubts.iter().flat_map(|d| &d.candidates);
        prop_assert!(candidates.clone().all(|c| directory.divisions.get(c).is_some()));
    }

    /// Province and city say nothing that the county's directory does not know: but that it may be another county of theirs,
    /// where no township is named.
    #[test]
    fn province_and_city_before_it_open_what_other_counties_may_have(at in counties(), address in addresses(), form in 0usize..4) {
        let above = [("浙江", "宁波"), ("江苏", "无锡"), ("江西", "上饶"), ("四川", "达州")][at];
        let prefix = match form {
            0 => format!("{}省{}市", above.0, above.1),
            1 => format!("{}{}", above.0, above.1),
            2 => format!("{}市", above.1),
            _ => format!("{}省 {}市 ", above.0, above.1),
        };
        // Before a suffix alone a prefix would make a name.
        if !["路", "街", "镇", "村", "社区", "大酒店"].iter().any(|word| address.starts_with(word)) {
            let (bare, long) = (judged(&address, &COUNTIES[at]), judged(&format!("{prefix}{address}"), &COUNTIES[at]));
            let no_county = long.doubts.iter().find(|doubt| matches!(doubt.why, Why::NoCounty(_)));
            match (no_county, bare.place.code()) {
                (Some(doubt), Some(code)) => {
                    prop_assert_eq!(&long.place, &Where::Unsure, "{}{}", prefix, address);
                    prop_assert!(doubt.candidates.contains(code), "{}{}", prefix, address);
                    let town = |d: &Division| d.code.as_str().len() <= 9 && !d.name.ends_with("开发区");
                    let named = COUNTIES[at].divisions.iter().filter(|d| town(d)).any(|d| address.starts_with(&d.name));
                    prop_assert!(!named, "{}{}", prefix, address);
                }
                _ => prop_assert_eq!(bare, long, "{}{}", prefix, address),
            }
        }
    }

    #[test]
    fn an_alias_changes_only_what_it_names(at in counties(), address in addresses(), pick in any::<prop::sample::Index>()) {
        let directory = &COUNTIES[at];
        let all: Vec<_> = directory.divisions.iter().filter(|d| d.code.as_str().len() > 6).collect();
        let target = &pick.get(&all).code;
        let places = format!("name,division,kind\n碧水蓝湾,{target},estate\n");
        let files = [("divisions.csv", divisions_of(directory, false)), ("places.csv", places)];
        let more = of_files(&files);
        prop_assert_eq!(judged(&address, directory), judged(&address, &more));
        let expected = Where::Known(target.clone(), By::Alias);
        prop_assert_eq!(judged("碧水蓝湾3幢", &more).place, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_order_of_lines_never_matters(at in counties(), some in prop::collection::vec(addresses(), 40)) {
        let places = "name,division,kind\n老地方,330205006,landmark\n老地方,330205103,landmark\n旧镇,330205006,merged\n";
        let turned = "name,division,kind\n旧镇,330205006,merged\n老地方,330205103,landmark\n老地方,330205006,landmark\n";
        let directory = &COUNTIES[at];
        let one = of_files(&[("divisions.csv", divisions_of(directory, false)), ("places.csv", places.into())]);
        let other = of_files(&[("divisions.csv", divisions_of(directory, true)), ("places.csv", turned.into())]);
        for address in some.iter().map(String::as_str).chain(["老地方1号", "旧镇老地方"]) {
            prop_assert_eq!(judged(address, &one), judged(address, &other), "{}", address);
        }
    }

    #[test]
    fn a_point_speaks_only_for_what_is_near_it(east in 0.0f64..0.05, north in 0.0f64..0.05, at_east in 0.0f64..0.05, at_north in 0.0f64..0.05) {
        let directory = &COUNTIES[0];
        let line = |e: f64, n: f64, code: &str| format!("{},{},{code},500\n", 121.5 + e, 29.9 + n);
        let head = "longitude,latitude,division,within_m\n";
        let few = format!("{head}{}", line(0.01, 0.01, "330205006"));
        let more = format!("{few}{}", line(east, north, "330205103"));
        let directory = |points: &str| of_files(&[("divisions.csv", divisions_of(directory, false)), ("points.csv", points.to_owned())]);
        let point = Some((121.5 + at_east, 29.9 + at_north));
        let place = |d: &Directory| judge(&Clues { point, ..Clues::default() }, d).place;
        let metres = ((at_east - east) * 29.9f64.to_radians().cos()).hypot(at_north - north) * 111_320.0;
        if metres > 510.0 {
            prop_assert_eq!(place(&directory(&few)), place(&directory(&more)));
        }
    }
}
