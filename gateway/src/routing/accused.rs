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
use crate::judgement::accusation::{self, Accusation, Because, Gravity};

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
    /// Someone official is accused in the field for it, but no unit of ours could be made out.
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
}

pub(super) fn find(
    facts: &RoutingFacts,
    matter: Option<&MatterCode>,
    place: Option<&DivisionCode>,
    directory: &Directory,
) -> Accused {
    let mut search =
        Search { directory, place, units: BTreeSet::new(), village: false, blame: 0.0, because: Vec::new() };
    let appeal = facts.circumstances.appeal;
    if appeal == Some(Appeal::Praise) {
        return search.settle(Certainty::None, false);
    }
    let field: Vec<&str> = facts.accused.iter().map(|a| a.expose()).collect();
    let texts: Vec<&str> = facts.texts.iter().map(|t| t.expose()).collect();
    field.iter().for_each(|text| search.in_field(text));
    let named = !search.units.is_empty();
    let unnamed_official = !named && field.iter().any(|text| has_any(text, OFFICIAL_FIELD));
    let judged = accusation::judge(&texts, place, directory);
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

    fn township_of_place(&mut self) {
        let township = self.place.and_then(|p| self.directory.departments.of_township(p, Kind::Township));
        self.units.extend(township.map(|d| d.id.clone()));
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

/// Words for persons in office, standing after a unit's or a village's name.
const OFFICIAL: &[&str] = &[
    "书记",
    "主任",
    "局长",
    "科长",
    "处长",
    "所长",
    "队长",
    "镇长",
    "区长",
    "村长",
    "干部",
    "领导",
    "工作人员",
    "支书",
    "会计",
    "民警",
    "法官",
    "检察官",
];

/// Words that make someone in the accused field an official even if no unit is named.
const OFFICIAL_FIELD: &[&str] = &[
    "书记",
    "局长",
    "科长",
    "处长",
    "镇长",
    "区长",
    "县长",
    "市长",
    "村长",
    "干部",
    "支书",
    "民警",
    "警察",
    "法官",
    "检察官",
    "公务员",
    "街道办",
    "镇政府",
    "政府",
    "派出所",
    "委员会主任",
    "执法人员",
    "执法队",
];

/// Words that show a township's name in the accused field to be only where someone is: 庄桥街道某饭店.
const PREMISES: &[&str] = &[
    "公司", "店", "厂", "小区", "社区", "村", "路", "馆", "物业", "超市", "市场", "工地", "号", "幢", "户", "企业",
    "学校",
];

/// Words that join one name to the next.
const AND: &[char] = &['和', '与', '及'];

/// The township, unnamed.
const TOWNSHIP_OFFICE: &[&str] = &["街道办", "镇政府", "街道干部", "镇干部", "街道领导", "镇领导", "街道工作人员"];

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Only what is written on from the name says what the name is of: 庄桥街道某饭店, but not 庄桥街道、某公司.
fn is_premises(after: &str) -> bool {
    let on = after.split(|c: char| !c.is_alphanumeric() || AND.contains(&c)).next().unwrap_or_default();
    has_any(on, PREMISES) && !has_any(on, OFFICIAL)
}
