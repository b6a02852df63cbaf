//! Who is accused, and who therefore may not have the case (Petition Regulation 2022 art. 30): the unit, everything
//! under it, and whoever took its powers. Looks wider rather than narrower: a unit excluded without need costs a
//! look at the triage desk, one not excluded costs the citizen's trust.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::Excluded;
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::vocabulary::Appeal;

use super::facts::RoutingFacts;
use super::words::{
    ADDRESSED, CONDUCT, MISDEED, OFFICIAL, OFFICIAL_FIELD, PREMISES, TOWNSHIP_OFFICE, Tone, has_any, tone_of,
};
use crate::directory::{Department, Directory, Kind};

/// How surely the case is an accusation of a unit or official.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// Nothing says so.
    None,
    /// The text speaks of a named unit's conduct: the unit may not get it, but it need not be an accusation.
    Conduct,
    /// The text speaks of an official's misdeeds: a person must look.
    Misdeed,
    /// The accused field names a unit of ours.
    Named,
    /// The source says 检举控告, or the matter is one of discipline.
    Declared,
}

/// What is known of the accused.
#[derive(Debug, Clone)]
pub(super) struct Accused {
    pub certainty: Certainty,
    /// The units accused, without those under them.
    pub units: BTreeSet<DepartmentId>,
    /// Everyone who may not have the case, and why.
    pub barred: BTreeMap<DepartmentId, String>,
    /// Someone official is accused, but no unit of ours could be made out.
    pub unnamed_official: bool,
    /// A village (no department of ours) is accused.
    pub village: bool,
}

impl Accused {
    pub fn bars(&self, id: &DepartmentId) -> bool {
        self.barred.contains_key(id)
    }

    pub fn excluded(&self) -> Vec<Excluded> {
        let one = |(d, b): (&DepartmentId, &String)| Excluded { department: d.clone(), because: b.clone() };
        self.barred.iter().map(one).collect()
    }
}

pub(super) fn find(
    facts: &RoutingFacts,
    matter: Option<&MatterCode>,
    place: Option<&DivisionCode>,
    directory: &Directory,
) -> Accused {
    let mut search = Search { directory, place, units: BTreeSet::new(), village: false };
    let appeal = facts.circumstances.appeal;
    if appeal == Some(Appeal::Praise) {
        return search.settle(Certainty::None, false);
    }
    let field: Vec<&str> = facts.accused.iter().map(|a| a.expose()).collect();
    let texts: Vec<&str> = facts.texts.iter().map(|t| t.expose()).collect();
    field.iter().for_each(|text| search.in_field(text));
    let named = !search.units.is_empty();
    let unnamed_official = !named && field.iter().any(|text| has_any(text, OFFICIAL_FIELD));
    let certainty = grade(appeal, matter, named, &texts);
    match certainty {
        Certainty::None => {}
        Certainty::Named | Certainty::Conduct => texts.iter().for_each(|t| search.in_text(t, true)),
        Certainty::Misdeed | Certainty::Declared => texts.iter().for_each(|t| search.in_text(t, false)),
    }
    if matter.is_some_and(|m| m.as_str().starts_with("1306")) && certainty == Certainty::Declared {
        search.everyone_of(Kind::Police);
    }
    search.settle(certainty, unnamed_official)
}

fn grade(appeal: Option<Appeal>, matter: Option<&MatterCode>, named: bool, texts: &[&str]) -> Certainty {
    let asks_only = matches!(appeal, Some(Appeal::Consultation | Appeal::Suggestion));
    let discipline = matter.is_some_and(|m| m.as_str().starts_with("05") || m.as_str().starts_with("1306"));
    if appeal == Some(Appeal::Accusation) || (discipline && !asks_only) {
        Certainty::Declared
    } else if named {
        Certainty::Named
    } else {
        match texts.iter().filter_map(|t| tone_of(t)).max() {
            Some(Tone::Misdeed) if !asks_only => Certainty::Misdeed,
            Some(_) => Certainty::Conduct,
            None => Certainty::None,
        }
    }
}

struct Search<'a> {
    directory: &'a Directory,
    place: Option<&'a DivisionCode>,
    units: BTreeSet<DepartmentId>,
    village: bool,
}

impl Search<'_> {
    /// Whoever the accused field names is accused.
    fn in_field(&mut self, text: &str) {
        let mentions = self.directory.departments.names().scan(text);
        for mention in &mentions {
            let possible = mention.values.iter().filter_map(|id| self.directory.department(id));
            let accused = possible.filter(|d| !(d.kind == Kind::Township && is_premises(mention.after)));
            self.units.extend(accused.map(|d| d.id.clone()));
        }
        if mentions.is_empty() && has_any(text, TOWNSHIP_OFFICE) {
            self.township_of_place();
        }
        self.village |= !self.directory.divisions.villages_in(text).is_empty();
    }

    /// Whoever an accusing text names is taken for accused, unless it is only asked to act. Where the text is only
    /// about conduct, enterprises and committees named in it are not (a citizen may well name them in passing).
    fn in_text(&mut self, text: &str, officials_only: bool) {
        let had = self.units.clone();
        let mut found = false;
        for mention in self.directory.departments.names().scan(text) {
            found = true;
            let possible = mention.values.iter().filter_map(|id| self.directory.department(id));
            let accused = possible.filter(|d| {
                !(is_addressed(d, mention.before, mention.after) || officials_only && is_not_official(d.kind))
            });
            self.units.extend(accused.map(|d| d.id.clone()));
        }
        if !found && had.is_empty() && has_any(text, TOWNSHIP_OFFICE) {
            self.township_of_place();
        }
        let villages = self.directory.divisions.villages_in(text);
        self.village |= villages.iter().any(|after| begins_with_official(after));
    }

    fn township_of_place(&mut self) {
        let township = self.place.and_then(|p| self.directory.departments.of_township(p, Kind::Township));
        self.units.extend(township.map(|d| d.id.clone()));
    }

    fn everyone_of(&mut self, kind: Kind) {
        self.units.extend(self.directory.departments.iter().filter(|d| d.kind == kind).map(|d| d.id.clone()));
    }

    fn settle(self, certainty: Certainty, unnamed_official: bool) -> Accused {
        let barred = self.barred();
        Accused { certainty, units: self.units, barred, unnamed_official, village: self.village }
    }

    fn barred(&self) -> BTreeMap<DepartmentId, String> {
        let departments = &self.directory.departments;
        let mut barred = BTreeMap::new();
        for unit in &self.units {
            let because = "被反映单位，不得接收对其的检举控告（《信访工作条例》第三十条）";
            barred.insert(unit.clone(), because.to_owned());
        }
        let heirs: BTreeSet<_> = self.units.iter().filter_map(|id| departments.in_office(id)).map(|d| &d.id).collect();
        for heir in &heirs {
            barred.entry((*heir).clone()).or_insert_with(|| "被反映单位已撤并，由其承接职责".to_owned());
        }
        for above in self.units.iter().chain(heirs) {
            for under in departments.under(above) {
                let because = || format!("被反映单位“{}”的下属单位", self.directory.department_name(above));
                barred.entry(under.clone()).or_insert_with(because);
            }
        }
        barred
    }
}

fn is_not_official(kind: Kind) -> bool {
    matches!(kind, Kind::Enterprise | Kind::MediationCommittee | Kind::MassOrganisation)
}

/// A township's name that only says where a shop or a person is.
fn is_premises(after: &str) -> bool {
    has_any(after, PREMISES) && !has_any(after, OFFICIAL)
}

/// 请区纪委查处 asks the discipline commission; 请区纪委干部张某退赃 and 区纪委包庇 accuse it.
fn is_addressed(department: &Department, before: &str, after: &str) -> bool {
    matches!(department.kind, Kind::Discipline | Kind::Petition)
        && ADDRESSED.iter().any(|word| before.ends_with(word))
        && !begins_with_official(after)
        && !begins_with_any(after, MISDEED)
        && !begins_with_any(after, CONDUCT)
}

fn begins_with_official(text: &str) -> bool {
    begins_with_any(text, OFFICIAL)
}

/// Whether one of the words stands within the first eight characters.
fn begins_with_any(text: &str, words: &[&str]) -> bool {
    let end = text.char_indices().nth(8).map_or(text.len(), |(at, _)| at);
    has_any(&text[..end], words)
}
