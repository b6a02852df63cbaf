//! The order of the rules, top to bottom: outside the county, accusations, then the responsibility list.

use std::collections::BTreeSet;

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::{Decision, RuleRef, Severity, TriageReason};
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::vocabulary::Appeal;

use super::accused::{self, Accused, Certainty};
use super::facts::RoutingFacts;
use super::matter::{self, What};
use super::outcome::Outcome;
use super::place;
use super::select::{Choice, Selection, department_of, may_have, select};
use super::words_of;
use crate::directory::responsibilities::Entry;
use crate::directory::{Department, Directory};
use crate::judgement::matter::Opinion;
use crate::judgement::place::{Judgement, Where};
use crate::judgement::severity::{self, Evidence};

/// A case as far as routing understands it.
pub(super) struct Case<'a> {
    pub facts: &'a RoutingFacts,
    pub directory: &'a Directory,
    pub place: Judgement,
    pub matter: What,
    pub opinion: Option<Opinion>,
    pub accused: Accused,
    pub severity: Severity,
}

impl<'a> Case<'a> {
    pub fn understand(facts: &'a RoutingFacts, directory: &'a Directory) -> Self {
        let place = place::resolve(facts, directory);
        let (matter, opinion) = matter::resolve(facts, directory);
        let accused = accused::find(facts, matter.code(), place.place.code(), directory);
        let severity = severity_of(facts, place.place.code(), directory);
        Self { facts, directory, place, matter, opinion, accused, severity }
    }

    pub fn decide(&self) -> Decision {
        if self.place.place == Where::Outside {
            return self.triage(TriageReason::OutsideCounty, []);
        }
        match self.accused.certainty {
            Certainty::Declared => self.accusation(),
            Certainty::Misdeed => self.triage(TriageReason::AccusedUnknown, self.discipline()),
            Certainty::Unsure => self.accusing_text(),
            _ if self.accused.unnamed_official => self.triage(TriageReason::AccusedUnknown, self.discipline()),
            Certainty::Named | Certainty::Conduct | Certainty::None => self.by_list(),
        }
    }

    /// 检举控告 goes to discipline, which has its own way of calling others in: nobody takes part.
    fn accusation(&self) -> Decision {
        let Accused { units, village, unnamed_official, .. } = &self.accused;
        // Whom the text names need not be whom the field means.
        let known = *village || !units.is_empty() && !unnamed_official;
        if !known && self.facts.circumstances.appeal == Some(Appeal::Accusation) {
            return self.triage(TriageReason::AccusedUnknown, self.discipline());
        }
        let organs = self.discipline();
        if organs.len() > 1 {
            return self.triage(TriageReason::Tie, organs);
        }
        let lead = organs.into_iter().next().or_else(|| self.superior_of_accused_discipline());
        match lead.and_then(|id| self.directory.department(&id)) {
            Some(lead) => {
                Outcome::of(self).under(law("检举控告类事项转送有权处理的纪检监察机关")).dispatch(lead, Vec::new())
            }
            None => self.triage(TriageReason::AccusedOnly, []),
        }
    }

    fn by_list(&self) -> Decision {
        let Some(matter) = self.matter.code() else { return self.no_matter() };
        let (leads, open) = self.leads_by_text();
        if let Some(reason) = if leads.len() > 1 { Some(TriageReason::NoMatter) } else { open } {
            return self.triage(reason, leads);
        }
        let selection = select(matter, self.division(), &self.facts.circumstances, self.directory);
        match &selection.choice {
            Choice::One(entry, lead) if self.accused.bars(&lead.id) => self.lead_is_accused(&selection, entry, lead),
            Choice::One(entry, lead) => self.dispatch(&selection, entry, lead),
            Choice::Gone(entry) => {
                Outcome::of(self).after(&selection).by(entry).triage(TriageReason::DepartmentGone, Vec::new())
            }
            Choice::Tie(entries) => self.undecided(&selection, TriageReason::Tie, entries),
            Choice::NeedsPlace(entries) => self.undecided(&selection, TriageReason::NoPlace, entries),
            Choice::Nothing => Outcome::of(self).after(&selection).triage(TriageReason::NoOwner, Vec::new()),
        }
    }

    /// Who would lead, were the matter any of those the text speaks for, and why it is open who would lead one of them:
    /// the class is judged from words, and words do not tell its lower classes apart well enough to choose a department
    /// by.
    fn leads_by_text(&self) -> (BTreeSet<DepartmentId>, Option<TriageReason>) {
        let (mut leads, mut open) = (BTreeSet::new(), None);
        for matter in self.matters_by_text() {
            match select(matter, self.division(), &self.facts.circumstances, self.directory).choice {
                Choice::One(_, lead) => _ = leads.insert(lead.id.clone()),
                Choice::NeedsPlace(_) => open = Some(TriageReason::NoPlace),
                Choice::Tie(_) | Choice::Gone(_) | Choice::Nothing => open = open.or(Some(TriageReason::NoMatter)),
            }
        }
        (leads, open)
    }

    fn matters_by_text(&self) -> Vec<&MatterCode> {
        let (What::Classified(code), Some(opinion)) = (&self.matter, &self.opinion) else { return Vec::new() };
        let mut possible: Vec<&MatterCode> = opinion.plausible.iter().filter(|p| code.contains(p)).collect();
        if possible.is_empty() {
            possible.extend(self.directory.matters.iter().map(|m| &m.code).filter(|c| code.contains(c)));
        }
        possible.push(code);
        possible
    }

    fn lead_of(&self, matter: &MatterCode) -> Option<DepartmentId> {
        match select(matter, self.division(), &self.facts.circumstances, self.directory).choice {
            Choice::One(_, lead) => Some(lead.id.clone()),
            _ => None,
        }
    }

    fn dispatch(&self, selection: &Selection<'_>, entry: &Entry, lead: &Department) -> Decision {
        let mut outcome = Outcome::of(self).after(selection).by(entry);
        let matter = self.matter.code().unwrap_or(&entry.matter);
        let mut participants = Vec::new();
        for who in &entry.participants {
            let Some(department) = department_of(who, self.division(), self.directory) else { continue };
            if !may_have(department, matter, self.directory) {
                outcome.exclude(&department.id, "该事项不在其属地清单内");
            } else if !self.accused.bars(&department.id) {
                participants.push(department);
            }
        }
        outcome.dispatch(lead, participants)
    }

    /// The responsible one is the accused: its superior, if the accused field says so; a person, if only the text
    /// might.
    fn lead_is_accused(&self, selection: &Selection<'_>, entry: &Entry, lead: &Department) -> Decision {
        let outcome = Outcome::of(self).after(selection).by(entry).treated_as_accusation();
        let superior = if self.accused.certainty == Certainty::Named { self.superior(lead) } else { None };
        match superior {
            Some(superior) => {
                let words =
                    format!("主办单位即被反映单位，改由其上级办理；原条目：{}", words_of(entry, self.directory));
                outcome.under(entry.rule(words)).dispatch(superior, Vec::new())
            }
            None => outcome.triage(TriageReason::AccusedOnly, self.discipline()),
        }
    }

    /// The nearest superior that may have the case.
    fn superior(&self, of: &Department) -> Option<&'a Department> {
        let mut at = of.superior.clone();
        for _ in 0..8 {
            let up = self.directory.departments.in_office(&at?)?;
            let listed = self.matter.code().is_none_or(|m| may_have(up, m, self.directory));
            if !self.accused.bars(&up.id) && !up.reach.is_empty() && listed {
                return Some(up);
            }
            at = up.superior.clone();
        }
        None
    }

    fn superior_of_accused_discipline(&self) -> Option<DepartmentId> {
        let organs = self.directory.departments.discipline().into_iter();
        organs.filter_map(|d| self.superior(d)).map(|d| d.id.clone()).min()
    }

    /// What reads as an accusation: a person chooses between whoever leads, if not accused, and discipline.
    fn accusing_text(&self) -> Decision {
        let lead = self.matter.code().and_then(|matter| self.lead_of(matter));
        let (barred, free): (Vec<_>, Vec<_>) = lead.into_iter().partition(|lead| self.accused.bars(lead));
        let reason = if barred.is_empty() { TriageReason::AccusedUnknown } else { TriageReason::AccusedOnly };
        self.triage(reason, free.into_iter().chain(self.discipline()))
    }

    /// Discipline organs that may have the case.
    fn discipline(&self) -> Vec<DepartmentId> {
        let organs = self.directory.departments.discipline().into_iter();
        organs.filter(|d| !self.accused.bars(&d.id)).map(|d| d.id.clone()).collect()
    }

    fn no_matter(&self) -> Decision {
        let What::Unknown { possible, .. } = &self.matter else { return self.triage(TriageReason::NoMatter, []) };
        self.triage(TriageReason::NoMatter, possible.iter().filter_map(|matter| self.lead_of(matter)))
    }

    fn undecided(&self, selection: &Selection<'_>, reason: TriageReason, entries: &[&Entry]) -> Decision {
        let matter = self.matter.code();
        let possible = self.possible_places();
        let places = || std::iter::once(self.division()).chain(possible.iter().copied().map(Some));
        let lead_at =
            |e: &&Entry| places().filter_map(|p| department_of(&e.lead, p, self.directory)).collect::<Vec<_>>();
        let leads = entries.iter().flat_map(lead_at);
        let may = |d: &&Department| matter.is_none_or(|m| may_have(d, m, self.directory));
        let leads = leads.filter(may).map(|d| d.id.clone()).collect();
        let mut outcome = Outcome::of(self).after(selection);
        if reason == TriageReason::Tie {
            outcome.tied(entries);
        }
        outcome.triage(reason, leads)
    }

    /// The places it could be where none is certain.
    fn possible_places(&self) -> Vec<&DivisionCode> {
        let township = self.division().and_then(DivisionCode::township);
        let doubts = self.place.doubts.iter().filter(|_| township.is_none());
        doubts.flat_map(|d| &d.candidates).filter(|c| c.township().is_some()).collect()
    }

    fn triage(&self, reason: TriageReason, candidates: impl IntoIterator<Item = DepartmentId>) -> Decision {
        Outcome::of(self).triage(reason, candidates.into_iter().collect())
    }

    pub fn division(&self) -> Option<&DivisionCode> {
        self.place.place.code()
    }
}

fn severity_of(facts: &RoutingFacts, place: Option<&DivisionCode>, directory: &Directory) -> Severity {
    let texts: Vec<&str> = facts.texts.iter().chain(&facts.address).map(|t| t.expose()).collect();
    let evidence = Evidence {
        texts: &texts,
        persons: facts.circumstances.persons,
        affected: facts.circumstances.affected,
        told: facts.told,
        flags: facts.circumstances.flags,
        urgency: facts.urgency,
        place,
        day: facts.day,
    };
    severity::judge(&evidence, directory)
}

/// A rule of the law, which stands in no file.
fn law(words: &str) -> RuleRef {
    RuleRef { file: "《信访工作条例》第三十条".into(), line: 0, words: words.into() }
}
