//! Who is accused, and who therefore may not have the case (Petition Regulation 2022 art. 30): the unit, everything
//! under it, and whoever took its powers. What the text says is judged by `judgement::accusation`; here the source's
//! own word (type, matter, the accused field) is put beside it. Looks wider rather than narrower: a unit excluded
//! without need costs a look at the triage desk, one not excluded costs the citizen's trust.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::Excluded;
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::vocabulary::Appeal;

use super::facts::RoutingFacts;
use crate::directory::departments::Concern;
use crate::directory::{Directory, Kind};
use crate::judgement::accusation::{self, Accusation, Because, Gravity, read_field};

/// How surely the case is an accusation of a unit or official.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// Nothing says so.
    None,
    /// The text may find fault with a unit it names: the unit may not get it, but it need not be an accusation.
    Conduct,
    /// The text finds fault with someone in office. Whom a text names need not be all it accuses: a person must look.
    Unsure,
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
    /// Someone official is accused in the field for it, whose unit could not be made out.
    pub unnamed_official: bool,
    /// A village (no department of ours) is accused.
    pub village: bool,
    /// How much the text reads as blame of someone in office: above zero more than not.
    pub blame: f32,
    /// The words of the list that spoke, or were set aside.
    pub because: Vec<Because>,
}

impl Accused {
    pub fn bars(&self, id: &DepartmentId) -> bool {
        self.barred.contains_key(id)
    }

    pub fn excluded(&self) -> Vec<Excluded> {
        let one = |(d, b): (&DepartmentId, &String)| Excluded { department: d.clone(), because: b.clone() };
        self.barred.iter().map(one).collect()
    }

    /// By either of two readings.
    fn or(mut self, other: Self) -> Self {
        self.units.extend(other.units);
        other.barred.into_iter().for_each(|(id, why)| _ = self.barred.entry(id).or_insert(why));
        Self {
            certainty: self.certainty.max(other.certainty),
            unnamed_official: self.unnamed_official && other.unnamed_official,
            ..self
        }
    }
}

/// Who is accused, whichever place the text means by an unnamed 街道: the one it speaks of, or the one the case was routed by.
pub(super) fn find(
    facts: &RoutingFacts,
    matter: Option<&MatterCode>,
    place: Option<&DivisionCode>,
    directory: &Directory,
) -> Accused {
    let here = find_at(place, facts, matter, directory);
    let township = |place: &DivisionCode| place.township();
    match facts.routed.as_ref().filter(|routed| township(routed) != place.and_then(township)) {
        Some(routed) => here.or(find_at(Some(routed), facts, matter, directory)),
        None => here,
    }
}

fn find_at(
    place: Option<&DivisionCode>,
    facts: &RoutingFacts,
    matter: Option<&MatterCode>,
    directory: &Directory,
) -> Accused {
    let mut search =
        Search { directory, place, units: BTreeSet::new(), village: false, blame: 0.0, because: Vec::new() };
    let appeal = facts.circumstances.appeal;
    let texts: Vec<&str> = facts.texts.iter().map(|t| t.expose()).collect();
    let judged = accusation::judge(&texts, place, directory);
    // Whom a praise names is praised, unless its words say otherwise: a source's type alone opens no way to the accused.
    let accuses = judged.is_accusation() || judged.gravity() == Some(Gravity::Misdeed);
    if appeal == Some(Appeal::Praise) && !accuses {
        return search.settle(Certainty::None, false);
    }
    let mut unnamed_official = false;
    for text in &facts.accused {
        unnamed_official |= search.in_field(text.expose());
    }
    let named = !search.units.is_empty();
    let certainty = grade(appeal, matter, named, &judged);
    search.in_text(judged, certainty);
    if matter.is_some_and(|m| m.as_str().starts_with("1306")) && certainty == Certainty::Declared {
        search.everyone_of(Kind::Police);
    }
    search.settle(certainty, unnamed_official)
}

/// What a text says against someone comes before whom the field names: the field seldom names all whom a text accuses.
/// Who only asks or suggests may speak of a unit in passing, which is then kept from it; but whom no unit could be made
/// out for may be anyone.
fn grade(appeal: Option<Appeal>, matter: Option<&MatterCode>, named: bool, judged: &Accusation) -> Certainty {
    let asks_only = matches!(appeal, Some(Appeal::Consultation | Appeal::Suggestion));
    let discipline = matter.is_some_and(|m| m.as_str().starts_with("05") || m.as_str().starts_with("1306"));
    if appeal == Some(Appeal::Accusation) || (discipline && !asks_only) {
        return Certainty::Declared;
    }
    let in_passing = asks_only && judged.units().next().is_some();
    match judged.gravity() {
        Some(Gravity::Misdeed) => Certainty::Misdeed,
        Some(Gravity::Conduct) if judged.is_accusation() && !in_passing => Certainty::Unsure,
        _ if named => Certainty::Named,
        Some(_) => Certainty::Conduct,
        None => Certainty::None,
    }
}

struct Search<'a> {
    directory: &'a Directory,
    place: Option<&'a DivisionCode>,
    units: BTreeSet<DepartmentId>,
    village: bool,
    blame: f32,
    because: Vec<Because>,
}

impl Search<'_> {
    /// Whoever the accused field names is accused. Says whether it names an official whose unit is not known.
    fn in_field(&mut self, text: &str) -> bool {
        let field = read_field(text, self.place, self.directory);
        self.units.extend(field.units);
        self.village |= !self.directory.divisions.villages_in(text).is_empty();
        field.unnamed_official
    }

    /// Whoever the text accuses; where the source says that it is an accusation, whoever the text names as more than
    /// asked or told.
    fn in_text(&mut self, judged: Accusation, certainty: Certainty) {
        self.units.extend(judged.units().cloned());
        if certainty == Certainty::Declared {
            self.units.extend(judged.named.iter().cloned());
            self.village |= judged.names_village;
        }
        self.village |= judged.of_village();
        self.blame = judged.blame;
        self.because = judged.because;
    }

    fn everyone_of(&mut self, kind: Kind) {
        self.units.extend(self.directory.departments.iter().filter(|d| d.kind == kind).map(|d| d.id.clone()));
    }

    fn settle(self, certainty: Certainty, unnamed_official: bool) -> Accused {
        let barred = self.barred();
        let Self { units, village, blame, because, .. } = self;
        Accused { certainty, units, barred, unnamed_official, village, blame, because }
    }

    fn barred(&self) -> BTreeMap<DepartmentId, String> {
        let mut barred = BTreeMap::new();
        let concerned = self.units.iter().flat_map(|unit| self.directory.departments.concerned(unit));
        let (accused, others): (Vec<_>, Vec<_>) = concerned.partition(|(_, concern)| *concern == Concern::Itself);
        for (department, concern) in accused.into_iter().chain(others) {
            barred.entry(department.clone()).or_insert_with(|| match concern {
                Concern::Itself => "被反映单位，不得接收对其的检举控告（《信访工作条例》第三十条）".to_owned(),
                Concern::Heir => "被反映单位已撤并，由其承接职责".to_owned(),
                Concern::Under(above) => {
                    format!("被反映单位“{}”的下属单位", self.directory.department_name(&above))
                }
            });
        }
        barred
    }
}
