//! `places.csv`: other names of places: old names, merged townships, zones, estates, roads, landmarks; and codes no
//! longer in use. A name on several lines may be any of them, and is then not resolved by itself.

use huiliu_schemas::places::DivisionCode;

use crate::directory::problem::Problem;
use crate::directory::table::{Column, Row, may, must, rows};

/// The file.
pub const FILE: &str = "places.csv";
const COLUMNS: &[Column] = &[must("name", "名称"), must("division", "属地"), must("kind", "类型"), may("note", "备注")];

/// What kind of name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AliasKind {
    /// A name or code the division had before.
    OldName,
    /// A division that went into this one.
    Merged,
    /// A development zone.
    Zone,
    /// A village or community.
    Community,
    /// A housing estate.
    Estate,
    /// A road.
    Road,
    /// Anything else people name a place by.
    Landmark,
}

impl AliasKind {
    const ALL: [(&'static str, &'static str, Self); 7] = [
        ("old_name", "旧名", Self::OldName),
        ("merged", "撤并", Self::Merged),
        ("zone", "功能区", Self::Zone),
        ("community", "村社", Self::Community),
        ("estate", "小区", Self::Estate),
        ("road", "道路", Self::Road),
        ("landmark", "地标", Self::Landmark),
    ];

    fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(word, chinese, _)| text == *word || text == *chinese).map(|(_, _, kind)| *kind)
    }
}

/// Another name of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The name, or a code of digits.
    pub name: String,
    /// The division it stands for; one of another county says that the name is elsewhere.
    pub division: DivisionCode,
    /// What kind of name it is.
    pub kind: AliasKind,
    /// Line in the file.
    pub line: u32,
}

impl Alias {
    /// Whether it is a code that is no longer in use.
    pub fn is_code(&self) -> bool {
        self.name.bytes().all(|b| b.is_ascii_digit())
    }
}

pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Vec<Alias> {
    let rows = rows(FILE, text, COLUMNS, problems);
    rows.iter().filter_map(|row| read_alias(row, problems)).collect()
}

fn read_alias(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Alias> {
    let name = row.read("name", "a name of two characters or more, or a code of 6, 9 or 12 digits", problems, |text| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let fits = if digits { matches!(text.len(), 6 | 9 | 12) } else { text.chars().count() >= 2 };
        fits.then(|| text.to_owned())
    });
    let division = row.parse("division", "a division code of 6, 9 or 12 digits", problems);
    let words =
        "one of old_name, merged, zone, community, estate, road, landmark (旧名, 撤并, 功能区, 村社, 小区, 道路, 地标)";
    let kind = row.read("kind", words, problems, AliasKind::read);
    Some(Alias { name: name?, division: division?, kind: kind?, line: row.line })
}
