//! Weighs clues against each other. A township's code, a grid, whole names and an area on the map are strong; short
//! names and the nearest point are weak; a county's code says little (a clerk's form fills it in). Strong clues that
//! contradict each other make the township unsure; a weak one that contradicts a strong one is only told.

use std::collections::BTreeSet;

use huiliu_schemas::places::DivisionCode;

use super::code::Meaning;
use super::doubt::{Clue, Doubt, Why};
use super::gazetteer::Gazetteer;
use super::reading::{Reading, Said, Surety};
use super::{By, Judgement, Where};
use crate::directory::Directory;

/// A township, zone or village that a clue tells.
#[derive(Debug, Clone)]
struct Told {
    code: DivisionCode,
    by: By,
    clue: Clue,
    strong: bool,
}

pub(super) struct Weighing<'g> {
    gazetteer: &'g Gazetteer,
    told: Option<Told>,
    county: Option<(DivisionCode, By)>,
    /// A clue that could be any of several townships, none if no candidate is known.
    open: Option<BTreeSet<DivisionCode>>,
    /// Strong clues contradict each other.
    torn: bool,
    outside: Option<Clue>,
    doubts: Vec<Doubt>,
}

impl<'g> Weighing<'g> {
    pub fn new(gazetteer: &'g Gazetteer) -> Self {
        Self { gazetteer, told: None, county: None, open: None, torn: false, outside: None, doubts: Vec::new() }
    }

    /// The township or village that strong clues have told.
    pub fn scope(&self) -> Option<&DivisionCode> {
        let told = self.told.as_ref().filter(|t| t.strong && !self.gazetteer.is_zone(&t.code));
        told.filter(|_| !self.torn).map(|t| &t.code)
    }

    pub fn knows_nothing(&self) -> bool {
        self.told.is_none() && self.open.is_none() && self.outside.is_none()
    }

    /// Whether a clue has told the county, or a place in it.
    pub fn knows_county(&self) -> bool {
        self.told.is_some() || self.county.is_some()
    }

    pub fn code(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Division(code) => self.tell(code, By::Code, Clue::Code, true),
            Meaning::OneOf(old, heirs) => {
                self.doubts.push(Doubt::new(Why::DividedCode(old), heirs.clone()));
                self.open(heirs);
            }
            Meaning::Outside => self.outside = Some(Clue::Code),
            Meaning::Nothing => {}
        }
    }

    pub fn grid(&mut self, division: Option<DivisionCode>) {
        match division {
            Some(code) => self.tell(code, By::Grid, Clue::Grid, true),
            None => self.doubts.push(Doubt::new(Why::UnknownGrid, [])),
        }
    }

    pub fn reading(&mut self, clue: Clue, reading: Reading) {
        self.doubts.extend(reading.doubts.iter().cloned());
        match reading.said {
            Said::At(code, surety) => self.tell(code, by(clue, surety), clue, surety > Surety::Short),
            Said::Outside => self.elsewhere(clue),
            Said::Unsure if self.told.as_ref().is_some_and(|t| t.strong) => self.unsure_beside_strong(clue, &reading),
            Said::Unsure => self.open(candidates_of(&reading)),
            Said::Nothing => {}
        }
    }

    /// What the text said may be told only as that: it is asked last.
    pub fn text(&mut self, reading: Reading) {
        match &reading.said {
            Said::At(code, _) => self.tell(code.clone(), By::Text, Clue::Text, false),
            // Where the source has told our county, another one in a text is somebody's seat or a court.
            Said::Outside if self.county.is_none() => self.outside = Some(Clue::Text),
            Said::Outside | Said::Unsure | Said::Nothing => {}
        }
        self.doubts.extend(reading.doubts);
    }

    /// The areas that hold the point, else the known points near it.
    pub fn point(&mut self, (longitude, latitude): (f64, f64), directory: &Directory) {
        let places = &directory.places;
        let areas = places.areas.containing(longitude, latitude);
        let strong = !areas.is_empty();
        let found = if strong { areas } else { places.points.near(longitude, latitude) };
        match deepest_common(&found) {
            Some(code) if code.as_str().len() >= 9 => self.tell(code, By::Point, Clue::Point, strong),
            _ if strong => self.doubts.push(Doubt::new(Why::OverlappingAreas, found.into_iter().cloned())),
            _ => {}
        }
    }

    pub fn settle(self) -> Judgement {
        let county = self.county.clone().filter(|_| self.outside.is_none());
        let known = self.told.filter(|_| !self.torn && self.open.is_none() && self.outside.is_none());
        let place = match (known, self.outside) {
            (Some(told), _) => Where::Known(told.code, told.by),
            (None, Some(_)) if !self.torn => Where::Outside,
            (None, _) => match county {
                Some((county, by)) => Where::Known(county, by),
                None if self.torn || self.open.is_some() || !self.doubts.is_empty() => Where::Unsure,
                None => Where::Nothing,
            },
        };
        Judgement { place, doubts: self.doubts }
    }

    fn tell(&mut self, code: DivisionCode, by: By, clue: Clue, strong: bool) {
        if code.as_str().len() <= 6 {
            self.county.get_or_insert((code, by));
            return;
        }
        let new = Told { code, by, clue, strong };
        if self.outside.is_some() {
            return self.against_outside(new);
        }
        if self.open.is_some() {
            return self.close(new);
        }
        self.told = Some(match self.told.take() {
            None => new,
            Some(old) => self.both(old, new),
        });
    }

    /// Two clues that each tell a place.
    fn both(&mut self, old: Told, new: Told) -> Told {
        if old.code.contains(&new.code) {
            return if old.code == new.code { old } else { new };
        }
        if new.code.contains(&old.code) {
            return old;
        }
        let same = old.code.township().filter(|t| new.code.township().as_ref() == Some(t));
        let zones = (self.gazetteer.is_zone(&old.code), self.gazetteer.is_zone(&new.code));
        match (same, zones) {
            (Some(_), _) if !new.strong => old,
            (Some(town), _) => {
                self.contradict(&old, &new);
                Told { code: town, ..old }
            }
            // A zone lies over townships.
            (None, (true, false)) => new,
            (None, (false, true)) => old,
            (None, _) => {
                self.contradict(&old, &new);
                self.torn |= old.strong == new.strong;
                if new.strong && !old.strong { new } else { old }
            }
        }
    }

    fn contradict(&mut self, old: &Told, new: &Told) {
        let codes = [old.code.clone(), new.code.clone()];
        self.doubts.push(Doubt::new(Why::Contradiction(old.clue, new.clue), codes));
    }

    /// An earlier clue could be several places: this one decides if it is among them.
    fn close(&mut self, new: Told) {
        let Some(open) = &self.open else { return };
        let among = open.iter().any(|o| o.contains(&new.code) || new.code.contains(o));
        if among {
            self.open = None;
            self.told = Some(new);
        }
    }

    /// Another clue that could be several places leaves those that both could be: none if they contradict each other. A weak
    /// clue before it decides nothing.
    fn open(&mut self, candidates: BTreeSet<DivisionCode>) {
        self.told = None;
        self.open = Some(match self.open.take() {
            Some(before) => common(&before, &candidates),
            None => candidates,
        });
    }

    /// A text that is unsure by itself: the strong clue stands, unless it is none of what the text could mean.
    fn unsure_beside_strong(&mut self, clue: Clue, reading: &Reading) {
        let candidates = candidates_of(reading);
        let Some(told) = &self.told else { return };
        let fits = candidates.is_empty()
            || candidates
                .iter()
                .any(|c| c.contains(&told.code) || told.code.contains(c) || c.township() == told.code.township());
        let elsewhere = reading.doubts.iter().any(|d| d.why == Why::AlsoElsewhere);
        if !fits || elsewhere {
            let doubt =
                Doubt::new(Why::Contradiction(told.clue, clue), candidates.into_iter().chain([told.code.clone()]));
            self.doubts.push(doubt);
            self.torn = true;
        }
    }

    /// A text names another county.
    fn elsewhere(&mut self, clue: Clue) {
        match &self.told {
            Some(told) if told.strong => {
                self.doubts.push(Doubt::new(Why::Contradiction(told.clue, clue), [told.code.clone()]));
                self.torn = true;
            }
            _ => self.outside = Some(clue),
        }
    }

    /// A place of ours after another county: unsure, unless it is only a weak clue.
    fn against_outside(&mut self, new: Told) {
        let Some(clue) = self.outside.filter(|_| new.strong) else { return };
        self.doubts.push(Doubt::new(Why::Contradiction(clue, new.clue), [new.code]));
        self.outside = None;
        self.torn = true;
    }
}

fn by(clue: Clue, surety: Surety) -> By {
    match (clue, surety) {
        (Clue::Names, _) => By::Names,
        (_, Surety::Whole) => By::Address,
        (_, Surety::Alias) => By::Alias,
        (_, Surety::Short) => By::ShortName,
    }
}

fn candidates_of(reading: &Reading) -> BTreeSet<DivisionCode> {
    reading.doubts.iter().flat_map(|d| d.candidates.iter().cloned()).collect()
}

/// The places that are among both, each by its narrower name.
fn common(some: &BTreeSet<DivisionCode>, others: &BTreeSet<DivisionCode>) -> BTreeSet<DivisionCode> {
    let narrower = |a: &DivisionCode| {
        let within = others.iter().filter(|b| a.contains(b)).cloned();
        let around = others.iter().any(|b| b.contains(a)).then(|| a.clone());
        within.chain(around).collect::<Vec<_>>()
    };
    some.iter().flat_map(narrower).collect()
}

/// The deepest division that all agree on: 慈城镇 and its 新华村 make 新华村, two villages their township.
fn deepest_common(codes: &[&DivisionCode]) -> Option<DivisionCode> {
    let deepest = codes.iter().max_by_key(|c| c.as_str().len())?;
    if codes.iter().all(|c| c.contains(deepest)) {
        return Some((*deepest).clone());
    }
    let town = deepest.township()?;
    codes.iter().all(|c| c.township().as_ref() == Some(&town)).then_some(town)
}
