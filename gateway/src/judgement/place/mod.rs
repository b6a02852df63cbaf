//! Where a matter is: from codes, grids, names, an address, a point on the map, to the lowest division that is
//! certain, with what was not and why. Pure; knows no county, only what the directory holds. What is decided from may
//! be personal, what comes out never is.

mod china;
mod code;
mod doubt;
pub(crate) mod forms;
mod gazetteer;
mod lexicon;
mod reading;
mod scene;
mod text;
mod weighing;
mod words;

pub(crate) use china::TABLE as CHINA;
pub use doubt::{Clue, Doubt, Why};
pub use gazetteer::Gazetteer;

use huiliu_schemas::places::DivisionCode;

use crate::directory::Directory;
use reading::{Manner, names_ours, read};
use weighing::Weighing;

/// What is known of the place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clues<'a> {
    /// The source's code.
    pub division: Option<&'a DivisionCode>,
    /// The source's names or grid numbers, most general first.
    pub names: &'a [String],
    /// The address as written.
    pub address: &'a str,
    /// Longitude and latitude, WGS-84.
    pub point: Option<(f64, f64)>,
    /// Title and text, asked only where nothing else says anything.
    pub texts: &'a [&'a str],
}

/// How the place is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The source's code.
    Code,
    /// A grid.
    Grid,
    /// The source's names.
    Names,
    /// Whole names in the address.
    Address,
    /// Names that officials keep as other names.
    Alias,
    /// A short name in the address.
    ShortName,
    /// The point on the map.
    Point,
    /// Whole names in the text.
    Text,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// The lowest division that is certain; the county if no more is.
    Known(DivisionCode, By),
    /// Something is said, but nothing is certain.
    Unsure,
    /// In another county.
    Outside,
    /// Nothing is said.
    Nothing,
}

/// Where it is, and what was not certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Where.
    pub place: Where,
    /// What was not certain.
    pub doubts: Vec<Doubt>,
}

/// Judges where a matter is. Surer clues come first; each later one may only make it finer or contradict.
pub fn judge(clues: &Clues<'_>, directory: &Directory) -> Judgement {
    let gazetteer = directory.gazetteer();
    let mut weighing = Weighing::new(gazetteer);
    if let Some(code) = clues.division {
        weighing.code(code::meaning(code, directory));
    }
    let (grids, names) = code::grids_and_names(clues.names, directory);
    grids.into_iter().for_each(|grid| weighing.grid(grid));
    let (fields, text) = (names.join("|"), clues.texts.join("。"));
    let written = [(fields.as_str(), Manner::Fields), (clues.address, Manner::Address), (&text, Manner::Running)];
    let read = |written_here: &str, manner, weighing: &Weighing<'_>| {
        let reading = |ours| read(written_here, manner, weighing.scope(), ours, gazetteer);
        let named = || written.iter().any(|(text, manner)| names_ours(text, *manner, gazetteer));
        let first = reading(weighing.knows_county());
        if first.lacks_county() && named() { reading(true) } else { first }
    };
    weighing.reading(Clue::Names, read(&fields, Manner::Fields, &weighing));
    weighing.reading(Clue::Address, read(clues.address, Manner::Address, &weighing));
    if let Some(point) = clues.point {
        weighing.point(point, directory);
    }
    if weighing.knows_nothing() && clues.address.trim().is_empty() {
        weighing.text(read(&text, Manner::Running, &weighing));
    }
    weighing.settle()
}

impl Where {
    /// The division, if one is certain.
    pub fn code(&self) -> Option<&DivisionCode> {
        match self {
            Self::Known(code, _) => Some(code),
            Self::Unsure | Self::Outside | Self::Nothing => None,
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
