//! What was not certain about a place and why, in Chinese. Names only what stands in the directory, so that it may be
//! recorded: never the citizen's own words.

use huiliu_schemas::places::DivisionCode;

use crate::directory::divisions::Divisions;

/// One thing that was not certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Why.
    pub why: Why,
    /// The divisions it could be, in order of code.
    pub candidates: Vec<DivisionCode>,
}

/// Why something was not certain. The names in it are spelled as the directory spells or derives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Several places bear the name.
    SharedName(String),
    /// Several townships are named.
    SeveralTownships,
    /// Several villages of one township are named.
    SeveralVillages,
    /// The village named lies in another township than the one named.
    VillageElsewhere(String),
    /// A township is named that the directory does not know.
    UnknownTownship,
    /// A name that may be part of a street's or firm's.
    PartOfName(String),
    /// Only places where someone lives, or that something is near, are named.
    OnlyAside,
    /// Of what lies over the place only a city or province is named, and other counties may have one of that name.
    NoCounty(String),
    /// Another county is named as well.
    AlsoElsewhere,
    /// Two clues contradict each other; which of them was followed, if either.
    Contradiction(Clue, Clue),
    /// The code of a division that no longer exists became several.
    DividedCode(String),
    /// Areas on the map overlap at the point.
    OverlappingAreas,
    /// The grid is not in the table.
    UnknownGrid,
}

/// Where a clue came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clue {
    /// The source's code.
    Code,
    /// A grid.
    Grid,
    /// The source's names.
    Names,
    /// The address.
    Address,
    /// The point on the map.
    Point,
    /// Title and text.
    Text,
}

impl Clue {
    /// In Chinese.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Code => "属地代码",
            Self::Grid => "网格",
            Self::Names => "来源地名",
            Self::Address => "地址",
            Self::Point => "坐标",
            Self::Text => "正文",
        }
    }
}

impl Doubt {
    pub(super) fn new(why: Why, candidates: impl IntoIterator<Item = DivisionCode>) -> Self {
        let mut candidates: Vec<_> = candidates.into_iter().collect();
        candidates.sort();
        candidates.dedup();
        Self { why, candidates }
    }

    /// In Chinese, with the names of the candidates.
    pub fn chinese(&self, divisions: &Divisions) -> String {
        let candidates = self.candidates.iter().map(|code| path_of(code, divisions)).collect::<Vec<_>>().join("、");
        let because = match &self.why {
            Why::SharedName(name) => format!("地名“{name}”不止一处"),
            Why::SeveralTownships => "同时写到几个街道（镇）".into(),
            Why::SeveralVillages => "同时写到几个村（社区）".into(),
            Why::VillageElsewhere(name) => format!("“{name}”不在所写的街道（镇）内"),
            Why::UnknownTownship => "所写的街道（镇、乡）不在名录中".into(),
            Why::PartOfName(name) => format!("“{name}”可能只是路名、单位名或小区名的一部分"),
            Why::OnlyAside => "只写到居住地或邻近的地方".into(),
            Why::NoCounty(name) => format!("“{name}”前只写到省（市），没有写区县"),
            Why::AlsoElsewhere => "同时写到其他区县".into(),
            Why::Contradiction(one, other) => format!("{}与{}不一致", one.chinese(), other.chinese()),
            Why::DividedCode(code) => format!("原代码 {code} 已拆分"),
            Why::OverlappingAreas => "坐标所在的几个片区重叠".into(),
            Why::UnknownGrid => "网格编号不在网格表中".into(),
        };
        if candidates.is_empty() { because } else { format!("{because}：{candidates}") }
    }
}

/// A division with its township: 慈城镇新华村委会.
fn path_of(code: &DivisionCode, divisions: &Divisions) -> String {
    let township = code.township().filter(|t| t != code);
    let name = |c: &DivisionCode| divisions.get(c).map_or_else(|| c.to_string(), |d| d.name.clone());
    format!("{}{}", township.map_or_else(String::new, |t| name(&t)), name(code))
}
