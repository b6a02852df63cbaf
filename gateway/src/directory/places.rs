//! What officials know of places beyond the divisions table, all optional: other names (`places.csv`), grids
//! (`grids.csv`), points (`points.csv`) and areas on the map (`areas.geojson`). Reads only; what a case's place is
//! judged from them is `judgement::place`'s.

mod aliases;
mod areas;
mod grids;
mod points;

pub use aliases::{Alias, AliasKind, FILE as ALIASES};
pub use areas::{Area, FILE as AREAS};
pub use grids::{FILE as GRIDS, Grid};
pub use points::{FILE as POINTS, Landmark};

use super::problem::Problem;
use areas::Areas;
use grids::Grids;
use points::Points;

/// What is known of places.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Grids.
    pub grids: Grids,
    /// Points.
    pub points: Points,
    /// Areas on the map.
    pub areas: Areas,
}

impl Places {
    /// Reads the files; one that is not there says nothing.
    pub(crate) fn read<'a>(text_of: impl Fn(&str) -> Option<&'a str>, problems: &mut Vec<Problem>) -> Self {
        Self {
            aliases: text_of(ALIASES).map_or_else(Vec::new, |text| aliases::read(text, problems)),
            grids: text_of(GRIDS).map_or_else(Grids::default, |text| Grids::read(text, problems)),
            points: text_of(POINTS).map_or_else(Points::default, |text| Points::read(text, problems)),
            areas: text_of(AREAS).map_or_else(Areas::default, |text| Areas::read(text, problems)),
        }
    }
}
