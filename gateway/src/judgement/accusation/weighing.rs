//! Whether a text accuses, and whom. The text reads as blame or not; whoever it names in a part that could be that of
//! the accused is one, and needs less to be one than somebody nobody names. A word of the lists is enough by itself.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::DepartmentId;
use huiliu_schemas::places::DivisionCode;

use super::super::vocabulary::read_of;
use super::blame::{pieces_of, pieces_of_stretch};
use super::reading::{Reading, Role};
use super::words::Kind;
use super::{Accusation, Accused, Because, Gravity};
use crate::directory::Directory;
use crate::directory::departments::Kind as UnitKind;

/// How much a text must read as blame for a unit it says something of to be barred.
pub(super) const BARS: f32 = -0.5;
/// How much a sentence of a text that does not.
const SENTENCE_BARS: f32 = 0.0;
/// How much for an accusation, which a person must look at.
pub(super) const ACCUSES: f32 = -0.15;
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
    /// What each sentence says of whom, by text and sentence.
    sentences: BTreeMap<(usize, usize), Sentence>,
    because: BTreeSet<Because>,
}

/// What is known of a sentence.
#[derive(Debug, Clone, Default)]
struct Sentence {
    /// Those who do something, or to or for whom something is done.
    acting: BTreeSet<Accused>,
    /// Those who were told.
    told: BTreeSet<Accused>,
    /// What the words of the lists in it count for.
    word: f32,
}

impl Sentence {
    fn names_nobody(&self) -> bool {
        self.acting.is_empty() && self.told.is_empty()
    }
}

pub(super) fn weigh(texts: &[&str], place: Option<&DivisionCode>, directory: &Directory) -> Accusation {
    let township = place.and_then(|p| directory.departments.of_township(p, UnitKind::Township)).map(|d| d.id.clone());
    let mut weigher = Weigher {
        directory,
        township,
        memory: Memory::default(),
        sentences: BTreeMap::new(),
        because: BTreeSet::new(),
    };
    let readings = readings(texts, directory);
    readings.iter().enumerate().for_each(|(text, reading)| weigher.read(text, reading));
    let text = pieces_of(&readings);
    if text.plain.is_empty() {
        Accusation::default()
    } else {
        weigher.settle(&readings, directory.accusing.blame.score(&text))
    }
}

/// The pieces that speak, strongest first.
pub(super) fn spoken(texts: &[&str], directory: &Directory) -> Vec<(String, f32)> {
    directory.accusing.blame.spoken(&pieces_of(&readings(texts, directory)))
}

fn readings<'t, 'd>(texts: &[&'t str], directory: &'d Directory) -> Vec<Reading<'t, 'd>> {
    texts.iter().flat_map(|text| read_of(text)).map(|text| Reading::of(text, &directory.accusing)).collect()
}

impl Weigher<'_> {
    fn read(&mut self, text: usize, reading: &Reading<'_, '_>) {
        let mut roles: Vec<Option<Role>> = Vec::with_capacity(reading.tokens.len());
        let mut parties: Vec<Option<Party>> = Vec::with_capacity(reading.tokens.len());
        for i in 0..reading.tokens.len() {
            let (role, party) = self.meet(reading, i, &roles, &parties);
            let sentence = (text, reading.clauses[reading.tokens[i].clause].sentence);
            self.take_part(sentence, role, &party, reading.has_official_behind(i));
            roles.push(role);
            parties.push(party);
            self.weigh_word(sentence, reading, i, &roles, &parties);
        }
    }

    /// A fault of the lists.
    fn weigh_word(
        &mut self,
        sentence: (usize, usize),
        reading: &Reading<'_, '_>,
        i: usize,
        roles: &[Option<Role>],
        parties: &[Option<Party>],
    ) {
        let meaning = reading.tokens[i].meaning;
        let doer = reading.leftwards(i).find(|j| matches!(roles[*j], Some(Role::Subject | Role::Agent)));
        let in_office = doer.is_some_and(|j| matches!(parties[j], Some(Party::Public(_))));
        if meaning.kind().is_fault() && (in_office || meaning.kind() != Kind::Conduct) {
            let set_aside = reading.set_aside(i);
            if set_aside.is_none() {
                let word = if meaning.kind() == Kind::Conduct { HINT } else { WORD };
                let of = self.sentences.entry(sentence).or_default();
                of.word = of.word.max(word);
            }
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
        }
        match (role, &party) {
            (Role::Subject | Role::Agent | Role::Told, Some(_)) => self.memory.topic.clone_from(&party),
            (Role::Asked, Some(_)) => self.memory.topic = None,
            _ => {}
        }
        (Some(role), party)
    }

    /// Lays what a sentence says to those who have a part in it.
    fn take_part(&mut self, at: (usize, usize), role: Option<Role>, party: &Option<Party>, official: bool) {
        let Some(Party::Public(who)) = party else { return };
        let acting = match role {
            Some(Role::Subject | Role::Agent | Role::Object) => true,
            // 请区纪委干部张某退赃: nobody asks an official as one asks a unit.
            Some(Role::Asked) => official,
            _ => false,
        };
        if acting {
            self.sentences.entry(at).or_default().acting.extend(who.iter().cloned());
        } else if role == Some(Role::Told) {
            self.sentences.entry(at).or_default().told.extend(who.iter().cloned());
        }
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
            Kind::Official => self.official(&meaning.units, joined),
            Kind::Staff => joined.or_else(|| self.staff(reading, i, roles, parties)).or_else(|| Some(Party::unknown())),
            Kind::You => public(self.memory.named.clone()),
            _ => None,
        }
    }

    /// Someone in office is of the unit named right before, else of the one spoken of; a team (执法队) may be of the unit
    /// that the list has for it as well, unless another's name stands right before it.
    fn official(&self, usual: &BTreeSet<DepartmentId>, joined: Option<Party>) -> Option<Party> {
        let is_township = |a: &Accused| self.kind_of(a).is_some_and(UnitKind::is_township);
        let of_a_bureau = !matches!(&joined, Some(Party::Public(who)) if who.iter().all(is_township));
        if joined.is_some() && (of_a_bureau || usual.is_empty()) {
            return joined;
        }
        let spoken_of = || self.memory.unit.clone().or_else(|| self.memory.named.clone()).map(Party::Public);
        match self.with_parent(usual, joined.or_else(spoken_of)) {
            nobody if nobody.is_empty() => Some(Party::unknown()),
            who => Some(Party::Public(who)),
        }
    }

    fn kind_of(&self, accused: &Accused) -> Option<UnitKind> {
        unit_of(accused).and_then(|id| self.directory.department(&id)).map(|d| d.kind)
    }

    /// A branch answers to both: 庄桥街道城管, 教育局信访办. The police answer to no township.
    fn with_parent(&self, units: &BTreeSet<DepartmentId>, joined: Option<Party>) -> BTreeSet<Accused> {
        let mut who: BTreeSet<Accused> = units.iter().cloned().map(Accused::Unit).collect();
        let police = who.iter().any(|a| self.kind_of(a) == Some(UnitKind::Police));
        if let Some(Party::Public(parent)) = joined {
            who.extend(parent.into_iter().filter(|a| !(police && self.kind_of(a) == Some(UnitKind::Township))));
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

    fn settle(self, readings: &[Reading<'_, '_>], read: f32) -> Accusation {
        let blame = read + self.sentences.values().map(|s| s.word).fold(0.0, f32::max);
        let mut accused = self.barred(readings, blame);
        if blame >= ACCUSES {
            accused.extend(self.sentences.values().flat_map(|said| &said.told).cloned());
            if accused.is_empty() {
                accused.insert(Accused::Unknown);
            }
        }
        let mut counted = self.because.iter().filter(|b| b.set_aside.is_none());
        let gravity = if counted.any(|b| b.kind == Kind::Grave) { Gravity::Misdeed } else { Gravity::Conduct };
        let acting = || self.sentences.values().flat_map(|s| &s.acting);
        Accusation {
            blame,
            named: acting().filter_map(unit_of).collect(),
            names_village: acting().any(|a| *a == Accused::Village),
            accused: accused.into_iter().map(|a| (a, gravity)).collect::<BTreeMap<_, _>>(),
            because: self.because.into_iter().collect(),
        }
    }

    /// Whom the text may blame: all of whom it says something; where the whole does not read as blame, those in a sentence
    /// that does by itself, for a calm letter hides one such sentence.
    fn barred(&self, readings: &[Reading<'_, '_>], blame: f32) -> BTreeSet<Accused> {
        let blames = |(text, sentence): (usize, usize), said: &Sentence| {
            self.reads(&readings[text], sentence) + said.word >= SENTENCE_BARS
        };
        let mut barred = BTreeSet::new();
        for (at, said) in &self.sentences {
            if blame >= BARS {
                barred.extend(said.acting.iter().cloned());
            } else if !said.names_nobody() && blames(*at, said) {
                barred.extend(said.acting.iter().chain(&said.told).cloned());
            }
        }
        barred.remove(&Accused::Unknown);
        barred
    }

    /// How much one sentence by itself reads as blame.
    fn reads(&self, reading: &Reading<'_, '_>, sentence: usize) -> f32 {
        self.directory.accusing.blame.score_sentence(&pieces_of_stretch(reading, reading.sentence(sentence)))
    }
}

fn unit_of(accused: &Accused) -> Option<DepartmentId> {
    match accused {
        Accused::Unit(id) => Some(id.clone()),
        _ => None,
    }
}
