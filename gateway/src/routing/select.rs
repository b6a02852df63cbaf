//! Which line of the responsibility list speaks: the most specific one that matches and may be used. What it beat
//! and what could not be used is kept, so that the decision can explain itself.

use std::cmp::Reverse;

use huiliu_schemas::decision::{Beaten, Excluded};
use huiliu_schemas::places::{DivisionCode, MatterCode};

use super::words_of;
use crate::directory::conditions::Circumstances;
use crate::directory::responsibilities::{Entry, Who};
use crate::directory::{Department, Directory, Kind};

/// What the list says.
pub(super) enum Choice<'a> {
    /// One entry, and the department in office that leads by it.
    One(&'a Entry, &'a Department),
    /// Its lead is gone and nobody took its powers.
    Gone(&'a Entry),
    /// Several of the same standing.
    Tie(Vec<&'a Entry>),
    /// It would depend on a place that is not known.
    NeedsPlace(Vec<&'a Entry>),
    /// Nothing matches.
    Nothing,
}

/// The choice and what it left aside.
pub(super) struct Selection<'a> {
    pub choice: Choice<'a>,
    pub beaten: Vec<Beaten>,
    pub excluded: Vec<Excluded>,
}

const MOST_BEATEN: usize = 5;

pub(super) fn select<'a>(
    matter: &MatterCode,
    place: Option<&DivisionCode>,
    facts: &Circumstances,
    directory: &'a Directory,
) -> Selection<'a> {
    let matching: Vec<&Entry> =
        directory.responsibilities.covering(matter).filter(|e| e.conditions.hold(facts)).collect();
    let mut selection = Selection { choice: Choice::Nothing, beaten: Vec::new(), excluded: Vec::new() };
    let mut fitting: Vec<&Entry> = matching.into_iter().filter(|e| may_lie_in(e, place, directory)).collect();
    fitting.sort_by_key(|e| Reverse(e.specificity()));
    while let Some((first, rest)) = fitting.split_first() {
        if place_decides(first, place, directory) {
            let of_matter = fitting.iter().filter(|e| e.matter == first.matter);
            selection.choice = Choice::NeedsPlace(of_matter.copied().collect());
            return selection;
        }
        let peers = rest.iter().take_while(|e| e.specificity() == first.specificity()).count();
        if peers > 0 {
            selection.choice = Choice::Tie(fitting[..=peers].to_vec());
            return selection;
        }
        match lead_of(first, matter, place, directory) {
            Lead::Of(department) => {
                selection.choice = Choice::One(first, department);
                selection.beaten.extend(rest.iter().map(|e| beaten_by(e, first, directory)));
                selection.beaten.truncate(MOST_BEATEN);
                return selection;
            }
            Lead::Gone => {
                selection.choice = Choice::Gone(first);
                return selection;
            }
            Lead::NotListed(township) => selection.pass_over(first, township, directory),
        }
        fitting = rest.to_vec();
    }
    selection
}

impl Selection<'_> {
    fn pass_over(&mut self, entry: &Entry, township: Option<&Department>, directory: &Directory) {
        self.beaten.push(Beaten {
            rule: entry.rule(words_of(entry, directory)),
            because: "该事项不在属地清单内，不得交由街道（镇）办理".into(),
        });
        self.excluded.extend(
            township
                .map(|t| Excluded { department: t.id.clone(), because: "该事项不在其属地清单内".into() }),
        );
    }
}

/// Whether the entry's place holds, or could hold where the place is not known well enough.
fn may_lie_in(entry: &Entry, place: Option<&DivisionCode>, directory: &Directory) -> bool {
    match (&entry.division, place) {
        (None, _) => true,
        (Some(there), Some(here)) => there.contains(here) || here.contains(there),
        (Some(there), None) => directory.divisions.get(there).is_some(),
    }
}

/// Whether this entry cannot be judged without knowing the place better.
fn place_decides(entry: &Entry, place: Option<&DivisionCode>, directory: &Directory) -> bool {
    let narrow = entry.division.as_ref().is_some_and(|there| match place {
        Some(here) => !there.contains(here),
        None => !directory.divisions.counties().all(|c| there.contains(&c.code)),
    });
    narrow || (entry.lead.needs_place() && place.and_then(DivisionCode::township).is_none())
}

enum Lead<'a> {
    Of(&'a Department),
    NotListed(Option<&'a Department>),
    Gone,
}

fn lead_of<'a>(entry: &Entry, matter: &MatterCode, place: Option<&DivisionCode>, directory: &'a Directory) -> Lead<'a> {
    match department_of(&entry.lead, place, directory) {
        Some(department) if !may_have(department, matter, directory) => Lead::NotListed(Some(department)),
        Some(department) => Lead::Of(department),
        None => Lead::Gone,
    }
}

/// The department in office that an entry names, at this place.
pub(super) fn department_of<'a>(
    who: &Who,
    place: Option<&DivisionCode>,
    directory: &'a Directory,
) -> Option<&'a Department> {
    let departments = &directory.departments;
    let named = match who {
        Who::Department(id) => id,
        Who::Township => &departments.of_township(place?, Kind::Township)?.id,
        Who::TownshipCentre => &departments.of_township(place?, Kind::TownshipCentre)?.id,
    };
    departments.in_office(named)
}

/// A township gets only what is on its territorial list (Weifang hotline regulation art. 24).
pub(super) fn may_have(department: &Department, matter: &MatterCode, directory: &Directory) -> bool {
    let listed = |division| directory.territorial.allows(division, matter).is_some();
    !department.kind.is_township() || department.division.as_ref().is_some_and(listed)
}

fn beaten_by(loser: &Entry, winner: &Entry, directory: &Directory) -> Beaten {
    let (lost, won) = (loser.specificity(), winner.specificity());
    let because = if lost.0 < won.0 {
        "事项类别较粗"
    } else if lost.1 < won.1 {
        "属地范围较大"
    } else {
        "所设条件较少"
    };
    Beaten { rule: loser.rule(words_of(loser, directory)), because: because.into() }
}
