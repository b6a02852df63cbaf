//! `grids.csv`: the grids of grid workers and the division each lies in. A grid ending in `*` stands for all whose
//! number begins so; the longest that fits counts.

use std::collections::BTreeMap;

use huiliu_schemas::places::DivisionCode;

use crate::directory::problem::Problem;
use crate::directory::table::{Column, may, must, rows};

/// The file.
pub const FILE: &str = "grids.csv";
const COLUMNS: &[Column] = &[must("grid", "网格"), must("division", "属地"), may("note", "备注")];

/// A grid or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The division it lies in.
    pub division: DivisionCode,
    /// Line in the file.
    pub line: u32,
}

/// The grids.
#[derive(Debug, Clone, Default)]
pub struct Grids {
    exact: BTreeMap<String, Grid>,
    ranges: BTreeMap<String, Grid>,
}

impl Grids {
    pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut all = Self::default();
        for row in rows(FILE, text, COLUMNS, problems) {
            let written = row.read("grid", "a grid's number, or the beginning of some with `*`", problems, |text| {
                let bare = text.strip_suffix('*').unwrap_or(text);
                (!bare.is_empty() && !bare.contains('*')).then(|| bare.to_uppercase())
            });
            let division = row.parse("division", "a division code of 9 or 12 digits", problems);
            let (Some(number), Some(division)) = (written, division) else { continue };
            let kind = if row.text("grid").ends_with('*') { &mut all.ranges } else { &mut all.exact };
            if let Some(first) = kind.insert(number, Grid { division, line: row.line }) {
                problems.push(row.problem("grid", format!("a grid written once (see line {})", first.line)));
            }
        }
        all
    }

    /// The division a grid lies in.
    pub fn find(&self, number: &str) -> Option<&Grid> {
        let number = number.trim().to_uppercase();
        let range = || (1..=number.len()).rev().filter_map(|end| self.ranges.get(number.get(..end)?)).next();
        self.exact.get(&number).or_else(range)
    }

    /// Every grid and range.
    pub fn iter(&self) -> impl Iterator<Item = &Grid> {
        self.exact.values().chain(self.ranges.values())
    }
}
