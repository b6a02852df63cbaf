//! Who is responsible, and why. [`decide`] is pure: the same facts and the same version of the directory give the
//! same bytes. It never gives an accusation to the accused, never gives a township what is not on its territorial
//! list, and never guesses: what it is not sure of goes to the triage desk with its reason.

use huiliu_schemas::decision::Decision;

mod accused;
mod case;
mod confidence;
mod explain;
mod facts;
mod judged;
mod matter;
mod outcome;
mod place;
mod select;

pub use explain::explain;
pub use facts::RoutingFacts;
pub use judged::{Judged, judge};

use crate::directory::Directory;
use crate::directory::responsibilities::{Entry, Who};

/// Decides who gets a case.
pub fn decide(facts: &RoutingFacts, directory: &Directory) -> Decision {
    case::Case::understand(facts, directory).decide()
}

/// An entry in words: 物业服务（江北区，appeal=dispute）→ 主办 …；协办 ….
pub(crate) fn words_of(entry: &Entry, directory: &Directory) -> String {
    let place = entry.division.as_ref().map(|d| directory.division_name(d).unwrap_or(d.as_str()).to_owned());
    let conditions = Some(entry.conditions.text()).filter(|c| !c.is_empty()).map(str::to_owned);
    let limits: Vec<String> = place.into_iter().chain(conditions).collect();
    let limits = if limits.is_empty() { String::new() } else { format!("（{}）", limits.join("，")) };
    let matter = directory.matters.get(&entry.matter).map_or(entry.matter.as_str(), |m| m.name.as_str());
    let with: Vec<String> = entry.participants.iter().map(|p| name_of(p, directory)).collect();
    let with = if with.is_empty() { String::new() } else { format!("；协办 {}", with.join("、")) };
    format!("{} {matter}{limits}→ 主办 {}{with}", entry.matter, name_of(&entry.lead, directory))
}

fn name_of(who: &Who, directory: &Directory) -> String {
    match who {
        Who::Department(id) => directory.department_name(id).to_owned(),
        Who::Township => "所在街道（镇）".into(),
        Who::TownshipCentre => "所在街道（镇）社会治理中心".into(),
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
