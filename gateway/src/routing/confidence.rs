//! How sure a dispatch is, 0 to 100. It starts at 100 and loses what each inference may be wrong by; there is no
//! threshold, since whatever the rules are not sure of never gets here.
//!
//! | what | loses |
//! |---|---|
//! | matter by the source's class name | 10 |
//! | matter by title and text | what its calibrated probability lacks of 100 |
//! | matter known to the second level only / to the first | 5 / 15 |
//! | each level by which the entry is coarser than the matter | 5 |
//! | place by the source's names / by the point / by whole names or an alias in the address | 5 / 10 / 15 |
//! | place by a short name in the address / by names in the text / unknown | 20 / 25 / 5 |
//! | the text speaks of a unit's conduct | 15 |

use super::accused::Certainty;
use super::case::Case;
use super::matter::{What, percent};
use crate::judgement::place::{By, Where};

pub(super) fn confidence(case: &Case<'_>, entry_matter_len: Option<usize>) -> u8 {
    let matter_len = case.matter.code().map_or(0, |m| m.as_str().len());
    let coarse_matter = match matter_len {
        6 => 0,
        4 => 5,
        _ => 15,
    };
    let coarse_entry = entry_matter_len.map_or(0, |len| matter_len.saturating_sub(len) / 2 * 5);
    let place = match &case.place.place {
        Where::Known(_, by) => place_may_be_wrong_by(*by),
        Where::Unsure | Where::Outside | Where::Nothing => 5,
    };
    let named = match (&case.matter, &case.opinion) {
        (What::Named(_), _) => 10,
        (What::Classified(_), Some(opinion)) => 100 - usize::from(percent(opinion)),
        _ => 0,
    };
    let conduct = if case.accused.certainty == Certainty::Conduct { 15 } else { 0 };
    let lost = coarse_matter + coarse_entry + place + named + conduct;
    u8::try_from(100usize.saturating_sub(lost)).unwrap_or(0)
}

fn place_may_be_wrong_by(by: By) -> usize {
    match by {
        By::Code | By::Grid => 0,
        By::Names => 5,
        By::Point => 10,
        By::Address | By::Alias => 15,
        By::ShortName => 20,
        By::Text => 25,
    }
}
