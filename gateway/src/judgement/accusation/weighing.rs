//! Whether a text accuses, and whom. The text reads as blame or not; whoever it names in a part that could be that of
//! the accused is one, and needs less to be one than somebody nobody names. A word of the lists is enough by itself.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::DepartmentId;
use huiliu_schemas::places::DivisionCode;

use super::super::vocabulary::read_of;
use super::blame::Pieces;
use super::reading::{Reading, Role};
use super::words::Kind;
use super::{Accusation, Accused, Because, Gravity};
use crate::directory::Directory;
use crate::directory::departments::Kind as UnitKind;

/// How much a text must read as blame for a unit it says something of to be barred.
const BARS: f32 = -0.5;
/// How much for an accusation, which a person must look at.
pub(super) const ACCUSES: f32 = -0.1;
/// What a word of the lists counts for: enough.
const WORD: f32 = 1.0;
/// What a word of conduct counts for.
const HINT: f32 = 0.5;

/// Someone a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Party {
    Public(BTreeSet<Accused>),
    Private,
}

impl Party {
    fn unknown() -> Self {
        Self::Public(BTreeSet::from([Accused::Unknown]))
    }
}

/// Whom the texts have spoken of so far.
#[derive(Debug, Clone, Default)]
struct Memory {
    /// Who did something last, or was told last.
    topic: Option<Party>,
    /// The last unit named other than as a place or as asked.
    unit: Option<BTreeSet<Accused>>,
    /// The last unit named at all.
    named: Option<BTreeSet<Accused>>,
}

struct Weigher<'d> {
    directory: &'d Directory,
    township: Option<DepartmentId>,
    memory: Memory,
    /// Those who do something, or to or for whom something is done.
    acting: BTreeSet<Accused>,
    /// Those who were told.
    told: BTreeSet<Accused>,
    because: BTreeSet<Because>,
}

pub(super) fn weigh(texts: &[&str], place: Option<&DivisionCode>, directory: &Directory) -> Accusation {
    let township = place.and_then(|p| directory.departments.of_township(p, UnitKind::Township)).map(|d| d.id.clone());
    let mut weigher = Weigher {
        directory,
        township,
        memory: Memory::default(),
        acting: BTreeSet::new(),
        told: BTreeSet::new(),
        because: BTreeSet::new(),
    };
    let readings = readings(texts, directory);
    readings.iter().for_each(|reading| weigher.read(reading));
    let text = Pieces::of(&readings);
    if text.is_empty() { Accusation::default() } else { weigher.settle(directory.accusing.blame.score(&text)) }
}

/// The pieces that speak, strongest first.
pub(super) fn spoken(texts: &[&str], directory: &Directory) -> Vec<(String, f32)> {
    directory.accusing.blame.spoken(&Pieces::of(&readings(texts, directory)))
}

fn readings<'t, 'd>(texts: &[&'t str], directory: &'d Directory) -> Vec<Reading<'t, 'd>> {
    texts.iter().flat_map(|text| read_of(text)).map(|text| Reading::of(text, &directory.accusing)).collect()
}

impl Weigher<'_> {
    fn read(&mut self, reading: &Reading<'_, '_>) {
        let mut roles: Vec<Option<Role>> = Vec::with_capacity(reading.tokens.len());
        let mut parties: Vec<Option<Party>> = Vec::with_capacity(reading.tokens.len());
        for i in 0..reading.tokens.len() {
            let (role, party) = self.meet(reading, i, &roles, &parties);
            roles.push(role);
            parties.push(party);
            self.weigh_word(reading, i, &roles, &parties);
        }
    }

    /// A fault of the lists.
    fn weigh_word(&mut self, reading: &Reading<'_, '_>, i: usize, roles: &[Option<Role>], parties: &[Option<Party>]) {
        let meaning = reading.tokens[i].meaning;
        let doer = reading.leftwards(i).find(|j| matches!(roles[*j], Some(Role::Subject | Role::Agent)));
        let in_office = doer.is_some_and(|j| matches!(parties[j], Some(Party::Public(_))));
        if meaning.kind().is_fault() && (in_office || meaning.kind() != Kind::Conduct) {
            let set_aside = reading.set_aside(i);
            self.because.insert(Because { word: meaning.cite(), kind: meaning.kind(), set_aside });
        }
    }

    /// Takes note of someone named.
    fn meet(
        &mut self,
        reading: &Reading<'_, '_>,
        i: usize,
        roles: &[Option<Role>],
        parties: &[Option<Party>],
    ) -> (Option<Role>, Option<Party>) {
        if !reading.is_party(i) {
            return (None, None);
        }
        let role = reading.role(i, roles);
        let party = self.who(reading, i, roles, parties);
        if let Some(Party::Public(who)) = &party {
            self.memory.named = Some(who.clone());
            if !matches!(role, Role::Place | Role::Asked) {
                self.memory.unit = Some(who.clone());
            }
            match role {
                Role::Subject | Role::Agent | Role::Object => self.acting.extend(who.iter().cloned()),
                Role::Told => self.told.extend(who.iter().cloned()),
                // 请区纪委干部张某退赃: nobody asks an official as one asks a unit.
                Role::Asked if reading.has_official_behind(i) => self.acting.extend(who.iter().cloned()),
                Role::Place | Role::Asked => {}
            }
        }
        match (role, &party) {
            (Role::Subject | Role::Agent | Role::Told, Some(_)) => self.memory.topic.clone_from(&party),
            (Role::Asked, Some(_)) => self.memory.topic = None,
            _ => {}
        }
        (Some(role), party)
    }

    /// Who is meant by a name.
    fn who(
        &self,
        reading: &Reading<'_, '_>,
        i: usize,
        roles: &[Option<Role>],
        parties: &[Option<Party>],
    ) -> Option<Party> {
        let meaning = reading.tokens[i].meaning;
        let joined = reading.joined(i).and_then(|j| parties[j].clone());
        let public = |who: Option<BTreeSet<Accused>>| who.map(Party::Public).or_else(|| Some(Party::unknown()));
        match meaning.kind() {
            Kind::Private => Some(Party::Private),
            Kind::Village => Some(Party::Public(BTreeSet::from([Accused::Village]))),
            Kind::Authority => Some(Party::unknown()),
            Kind::Township => public(self.nearest_township().map(|id| BTreeSet::from([Accused::Unit(id)]))),
            Kind::Unit if meaning.units.is_empty() => Some(Party::unknown()),
            Kind::Unit => Some(Party::Public(self.with_parent(&meaning.units, joined))),
            Kind::Official => joined.or_else(|| public(self.memory.unit.clone().or_else(|| self.memory.named.clone()))),
            Kind::Staff => joined.or_else(|| self.staff(reading, i, roles, parties)).or_else(|| Some(Party::unknown())),
            Kind::You => public(self.memory.named.clone()),
            _ => None,
        }
    }

    /// A branch answers to both: 庄桥街道城管, 教育局信访办. The police answer to no township.
    fn with_parent(&self, units: &BTreeSet<DepartmentId>, joined: Option<Party>) -> BTreeSet<Accused> {
        let mut who: BTreeSet<Accused> = units.iter().cloned().map(Accused::Unit).collect();
        let kind = |a: &Accused| unit_of(a).and_then(|id| self.directory.department(&id)).map(|d| d.kind);
        let police = who.iter().any(|a| kind(a) == Some(UnitKind::Police));
        if let Some(Party::Public(parent)) = joined {
            who.extend(parent.into_iter().filter(|a| !(police && kind(a) == Some(UnitKind::Township))));
        }
        who
    }

    /// The township of the place, else the one named last.
    fn nearest_township(&self) -> Option<DepartmentId> {
        self.township.clone().or_else(|| {
            let named = self.memory.named.iter().flatten().filter_map(unit_of);
            named.into_iter().find(|id| self.directory.department(id).is_some_and(|d| d.kind == UnitKind::Township))
        })
    }

    /// Someone at a counter belongs to whoever was spoken of last, a private party too.
    fn staff(
        &self,
        reading: &Reading<'_, '_>,
        i: usize,
        roles: &[Option<Role>],
        parties: &[Option<Party>],
    ) -> Option<Party> {
        let here = reading.leftwards(i).find(|j| parties[*j].is_some() && roles[*j] != Some(Role::Object));
        let here = here.and_then(|j| parties[j].clone());
        here.or_else(|| self.memory.topic.clone()).or_else(|| self.memory.named.clone().map(Party::Public))
    }

    fn settle(self, read: f32) -> Accusation {
        let counted = |b: &&Because| b.set_aside.is_none();
        let grave = self.because.iter().filter(counted).any(|b| b.kind == Kind::Grave);
        let word = |b: &Because| if b.kind == Kind::Conduct { HINT } else { WORD };
        let blame = read + self.because.iter().filter(counted).map(word).fold(0.0, f32::max);
        let gravity = if grave { Gravity::Misdeed } else { Gravity::Conduct };
        let mut accused: BTreeSet<Accused> = BTreeSet::new();
        if blame >= BARS {
            accused.extend(self.acting.iter().filter(|a| **a != Accused::Unknown).cloned());
        }
        if blame >= ACCUSES {
            accused.extend(self.told.iter().cloned());
            if accused.is_empty() {
                accused.insert(Accused::Unknown);
            }
        }
        let units = |who: &BTreeSet<Accused>| who.iter().filter_map(unit_of).collect();
        Accusation {
            blame,
            named: units(&self.acting),
            names_village: self.acting.contains(&Accused::Village),
            accused: accused.into_iter().map(|a| (a, gravity)).collect::<BTreeMap<_, _>>(),
            because: self.because.into_iter().collect(),
        }
    }
}

fn unit_of(accused: &Accused) -> Option<DepartmentId> {
    match accused {
        Accused::Unit(id) => Some(id.clone()),
        _ => None,
    }
}
