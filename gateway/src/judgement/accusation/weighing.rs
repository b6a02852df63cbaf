//! Whom each fault found in a text is laid to, and whether that makes an accusation. A fault is laid to whoever the
//! clause names as doing it, else to whoever the clauses before spoke of; faults of private parties are none of ours.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::DepartmentId;
use huiliu_schemas::places::DivisionCode;

use super::lexicon::Meaning;
use super::reading::{Reading, Role};
use super::words::Kind;
use super::{Accusation, Accused, Because, Gravity};
use crate::directory::Directory;
use crate::directory::departments::Kind as UnitKind;

/// How much must be said of someone for it to be an accusation.
const ENOUGH: u32 = 2;
/// What only discipline can settle.
const GRAVE: u8 = 3;

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

/// What the clauses so far spoke of.
#[derive(Debug, Clone, Default)]
struct Memory {
    /// Who did something last, or was told last.
    topic: Option<Topic>,
    /// The clause asks someone to act.
    asked: bool,
    /// The last unit named other than as a place or as asked.
    unit: Option<BTreeSet<Accused>>,
    /// The last unit named at all.
    named: Option<BTreeSet<Accused>>,
}

/// Whom the text speaks of.
#[derive(Debug, Clone)]
struct Topic {
    party: Party,
    /// It was told, and need not have done anything.
    told: bool,
    sentence: usize,
}

struct Weigher<'d> {
    directory: &'d Directory,
    township: Option<DepartmentId>,
    memory: Memory,
    sums: BTreeMap<Accused, (u32, u8)>,
    /// Who sent the citizen on to someone else.
    passing: BTreeSet<Accused>,
    /// Units named in some part that could be that of an accused.
    named: BTreeSet<DepartmentId>,
    /// Units named in any part, but for a township's bare name.
    anywhere: BTreeSet<DepartmentId>,
    names_village: bool,
    /// The case wants something of someone, or asks something.
    wishes: bool,
    because: Vec<Because>,
}

pub(super) fn weigh(texts: &[&str], place: Option<&DivisionCode>, directory: &Directory) -> Accusation {
    let township = place.and_then(|p| directory.departments.of_township(p, UnitKind::Township)).map(|d| d.id.clone());
    let mut weigher = Weigher {
        directory,
        township,
        memory: Memory::default(),
        sums: BTreeMap::new(),
        passing: BTreeSet::new(),
        named: BTreeSet::new(),
        anywhere: BTreeSet::new(),
        names_village: false,
        wishes: false,
        because: Vec::new(),
    };
    let readings: Vec<Reading<'_, '_>> = texts.iter().map(|text| Reading::of(text, &directory.accusing)).collect();
    weigher.wishes = readings.iter().any(Reading::wishes);
    readings.iter().for_each(|reading| weigher.read(reading));
    weigher.tells_only(&readings);
    weigher.settle()
}

impl Weigher<'_> {
    fn read(&mut self, reading: &Reading<'_, '_>) {
        let mut roles: Vec<Option<Role>> = Vec::with_capacity(reading.tokens.len());
        let mut parties: Vec<Option<Party>> = Vec::with_capacity(reading.tokens.len());
        // What the clauses before spoke of, as it was at each fault.
        let mut faults: Vec<(usize, Memory)> = Vec::new();
        // The same at the beginning of each clause.
        let mut begun: Vec<Option<Topic>> = Vec::new();
        let mut clause = usize::MAX;
        for i in 0..reading.tokens.len() {
            if reading.tokens[i].clause != clause {
                clause = reading.tokens[i].clause;
                self.memory.asked = false;
                begun.resize(clause, None);
                begun.push(self.memory.topic.clone());
            }
            let (role, party) = self.meet(reading, i, &roles, &parties);
            roles.push(role);
            parties.push(party);
            match reading.tokens[i].meaning.kind() {
                Kind::Ask => self.memory.asked = true,
                kind if kind.is_fault() => faults.push((i, self.memory.clone())),
                _ => {}
            }
        }
        let spoken = Spoken { reading, roles: &roles, parties: &parties, wishes: self.wishes };
        faults.iter().for_each(|(i, memory)| self.lay(&spoken, *i, memory));
        let tokens = &reading.tokens;
        let enough = |i: &usize| u32::from(tokens[*i].meaning.listed.says.weight) >= ENOUGH;
        let laid: BTreeSet<usize> = faults.iter().map(|(i, _)| *i).filter(enough).map(|i| tokens[i].clause).collect();
        for clause in (0..begun.len()).filter(|c| !laid.contains(c)) {
            self.suspect(&spoken, clause, begun[clause].as_ref());
        }
        for i in 0..reading.tokens.len() {
            self.hold_to_account(&spoken, i);
            self.pass_on(&spoken, i);
            self.belong(&spoken, i);
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
            if !reading.tokens[i].meaning.bare_township {
                self.anywhere.extend(who.iter().filter_map(unit_of));
            }
            if !matches!(role, Role::Place | Role::Asked) {
                self.memory.unit = Some(who.clone());
            }
            if matches!(role, Role::Subject | Role::Agent | Role::Object) {
                self.named.extend(who.iter().filter_map(unit_of));
                self.names_village |= who.contains(&Accused::Village);
            }
            if role == Role::Asked && reading.has_official_behind(i) {
                self.named.extend(who.iter().filter_map(unit_of));
            }
        }
        match (role, &party) {
            (Role::Subject | Role::Agent | Role::Told, Some(party)) => {
                let (told, sentence) = (role == Role::Told, reading.sentence(i));
                self.memory.topic = Some(Topic { party: party.clone(), told, sentence });
            }
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
        here.or_else(|| self.memory.topic.clone().map(|t| t.party))
            .or_else(|| self.memory.named.clone().map(Party::Public))
    }

    /// Lays a fault to whoever did it.
    fn lay(&mut self, spoken: &Spoken<'_, '_, '_>, i: usize, memory: &Memory) {
        let meaning = spoken.reading.tokens[i].meaning;
        let (kind, weight) = (meaning.kind(), meaning.listed.says.weight);
        let aside = spoken.set_aside(i, memory.asked);
        let against = match doer(spoken, i, meaning, memory) {
            Some(Party::Public(who)) => who,
            Some(Party::Private) | None => return,
        };
        let counts = aside.is_none();
        self.because.push(Because {
            word: meaning.cite(),
            kind: kind.chinese(),
            against: against.clone(),
            set_aside: aside,
        });
        if counts {
            if meaning.listed.says.means.iter().any(|m| m == "@pass") {
                self.passing.extend(against.iter().cloned());
            }
            self.count(against, weight);
        }
    }

    fn count(&mut self, against: BTreeSet<Accused>, weight: u8) {
        for accused in against {
            let (sum, gravest) = self.sums.entry(accused).or_default();
            *sum += u32::from(weight);
            *gravest = weight.max(*gravest);
        }
    }

    /// 举报 and 查处 with a unit or an official behind them.
    fn hold_to_account(&mut self, spoken: &Spoken<'_, '_, '_>, i: usize) {
        let Some(Party::Public(who)) = &spoken.parties[i] else { return };
        let Some(word) = spoken.held_to_account(i) else { return };
        let meaning = spoken.reading.tokens[word].meaning;
        let (who, weight) = (who.clone(), meaning.listed.says.weight);
        let because =
            Because { word: meaning.cite(), kind: meaning.kind().chinese(), against: who.clone(), set_aside: None };
        self.because.push(because);
        self.count(who, weight);
    }

    /// What a clause says of a unit without a word of fault is blame all the same, unless it is known not to be.
    fn suspect(&mut self, spoken: &Spoken<'_, '_, '_>, clause: usize, topic: Option<&Topic>) {
        let Some((who, cue)) = spoken.blamed(clause, topic) else { return };
        if let Some(i) = cue {
            let word = spoken.reading.tokens[i].meaning.cite();
            self.because.push(Because { word, kind: Kind::Cue.chinese(), against: who.clone(), set_aside: None });
        }
        self.count(who, 2);
    }

    /// Someone private who belongs to someone in office: 科长的爱人, 局长开的公司, 主任以前的司机.
    fn belong(&mut self, spoken: &Spoken<'_, '_, '_>, i: usize) {
        let Some(owner) = spoken.owner(i) else { return };
        if let Some(Party::Public(who)) = &spoken.parties[owner] {
            self.count(who.clone(), 2);
        }
    }

    /// 城管推街道.
    fn pass_on(&mut self, spoken: &Spoken<'_, '_, '_>, i: usize) {
        let before = spoken.reading.leftwards(i).find(|j| spoken.parties[*j].is_some());
        let Some(j) =
            before.filter(|j| matches!(spoken.reading.between(*j, i), "推" | "推给" | "推到" | "又推" | "又推给"))
        else {
            return;
        };
        if let Some(Party::Public(who)) = &spoken.parties[j] {
            self.passing.extend(who.iter().cloned());
            self.count(who.clone(), 1);
        }
    }

    /// Whoever names a unit, wants nothing of anybody and thanks nobody tells it as a grievance, unless the text is about
    /// someone private and of a unit only says that it did its work.
    fn tells_only(&mut self, readings: &[Reading<'_, '_>]) {
        if self.wishes || readings.iter().any(Reading::is_question) {
            return;
        }
        let about_others = readings.iter().any(Reading::names_someone_private);
        if about_others && readings.iter().any(Reading::tells_of_work) {
            return;
        }
        let mut who = self.named.clone();
        if !about_others {
            who.extend(self.anywhere.iter().cloned());
        }
        self.count(who.into_iter().map(Accused::Unit).collect(), 2);
    }

    fn settle(mut self) -> Accusation {
        // Each sends the citizen on to the other.
        let passed_on = self.passing.len() >= 2;
        let enough = |accused: &Accused, sum: u32| sum >= ENOUGH || passed_on && self.passing.contains(accused);
        let gravity = |gravest: u8| if gravest >= GRAVE { Gravity::Misdeed } else { Gravity::Conduct };
        let accused = self.sums.iter().filter(|(a, (sum, _))| enough(a, *sum));
        let accused = accused.map(|(a, (_, gravest))| (a.clone(), gravity(*gravest))).collect();
        self.because.sort();
        self.because.dedup();
        Accusation { accused, named: self.named, names_village: self.names_village, because: self.because }
    }
}

/// Who is guilty of a fault, as far as the text says.
fn doer(spoken: &Spoken<'_, '_, '_>, i: usize, meaning: &Meaning, memory: &Memory) -> Option<Party> {
    let (kind, weight) = (meaning.kind(), meaning.listed.says.weight);
    let last_unit = || memory.unit.clone().map(Party::Public);
    match kind {
        Kind::Collusion => return spoken.all_public(i).map(Party::Public),
        Kind::Demand => return spoken.asked_before(i),
        _ => {}
    }
    let found = spoken.doer_in_clause(i, kind).or_else(|| carried(spoken.reading.sentence(i), kind, memory));
    let accuses_the_state = meaning.listed.says.means.iter().any(|m| m == "@state");
    match (found, kind) {
        (Some(Party::Private) | None, Kind::Leak) => last_unit().or_else(|| Some(Party::unknown())),
        (Some(Party::Private), Kind::Office) if memory.unit.is_none() && spoken.stands_behind_private(i) => None,
        (Some(Party::Private), Kind::Office) if weight >= GRAVE => last_unit().or_else(|| Some(Party::unknown())),
        (None, _) if accuses_the_state => {
            Some(Party::Public(memory.unit.iter().flatten().cloned().chain([Accused::Unknown]).collect()))
        }
        (None, Kind::Crime) if spoken.is_reported(i) => Some(Party::unknown()),
        (found, _) => found,
    }
}

/// Whom the clauses before spoke of, as far as that carries: a crime no further than its sentence, and not to who was
/// only told.
fn carried(sentence: usize, kind: Kind, memory: &Memory) -> Option<Party> {
    let topic = memory.topic.as_ref().filter(|_| !memory.asked)?;
    let distance = sentence.saturating_sub(topic.sentence);
    let carries = match kind {
        Kind::Crime => distance == 0 && !topic.told,
        Kind::Conduct | Kind::Collusion => distance == 0,
        Kind::Office => distance == 0 || distance == 1 && !topic.told,
        _ => distance <= 1,
    };
    carries.then(|| topic.party.clone())
}

/// A text as far as it was read, with who plays which part.
struct Spoken<'r, 't, 'l> {
    reading: &'r Reading<'t, 'l>,
    roles: &'r [Option<Role>],
    parties: &'r [Option<Party>],
    /// The case wants something of someone, or asks something.
    wishes: bool,
}

impl Spoken<'_, '_, '_> {
    fn kind(&self, i: usize) -> Kind {
        self.reading.tokens[i].meaning.kind()
    }

    /// Why a fault does not count, in Chinese.
    fn set_aside(&self, i: usize, asked: bool) -> Option<&'static str> {
        if self.reading.denial(i).is_some() {
            return Some("被否定");
        }
        let grave_thing = self.kind(i) == Kind::Demand;
        if !grave_thing && self.reading.leftwards(i).any(|j| self.kind(j) == Kind::Guard) {
            return Some("属假设或预防");
        }
        (asked && !grave_thing && self.is_wished(i)).then_some("属请求内容")
    }

    /// Whether a fault stands in what is asked for, and is not itself what is to be looked into.
    fn is_wished(&self, i: usize) -> bool {
        for j in self.reading.leftwards(i) {
            match self.kind(j) {
                Kind::Ask => return !asks_why(self.reading.between(j, i)),
                Kind::Probe | Kind::Report => return false,
                _ if matches!(self.roles[j], Some(Role::Subject | Role::Agent)) => return false,
                _ => {}
            }
        }
        false
    }

    /// Of whom a clause speaks in a way that is not known to be free of blame, and by which word.
    fn blamed(&self, clause: usize, topic: Option<&Topic>) -> Option<(BTreeSet<Accused>, Option<usize>)> {
        let reading = self.reading;
        let first = reading.tokens.partition_point(|t| t.clause < clause);
        let here = first..reading.tokens.partition_point(|t| t.clause <= clause);
        let is = |kind| here.clone().find(|i| self.kind(*i) == kind);
        if is(Kind::Ask).is_some()
            || is(Kind::Guard).is_some()
            || asks(&reading.text[reading.clauses[clause].at.clone()])
        {
            return None;
        }
        let cue = is(Kind::Cue);
        if cue.is_none() && self.thanks(reading.clauses[clause].sentence) {
            return None;
        }
        let doers: Vec<usize> = here
            .clone()
            .filter(|i| matches!(self.roles[*i], Some(Role::Subject | Role::Agent)) || self.may_act(*i))
            .collect();
        // A cue speaks of whom it follows.
        let public = |i: &&usize| matches!(self.parties[**i], Some(Party::Public(_)));
        let cued = cue.and_then(|cue| doers.iter().rev().filter(|i| **i < cue).find(public));
        let (party, carried) = match cued.or(doers.first()) {
            Some(i) => (self.parties[*i].clone()?, false),
            None if is(Kind::Own).is_some_and(|i| i == here.start) => return None,
            None => {
                let topic = topic.filter(|t| t.sentence == reading.clauses[clause].sentence)?;
                (topic.party.clone(), true)
            }
        };
        let Party::Public(mut who) = party else { return None };
        let fellows = doers.windows(2).take_while(|w| reading.fellow(w[1]) == Some(w[0])).map(|w| w[1]);
        let last = fellows.clone().last().or(doers.first().copied());
        for fellow in fellows {
            if let Some(Party::Public(more)) = &self.parties[fellow] {
                who.extend(more.iter().cloned());
            }
        }
        let who: BTreeSet<Accused> = who
            .into_iter()
            .filter(|a| unit_of(a).is_some() || *a == Accused::Unknown && (cue.is_some() || !self.wishes))
            .collect();
        let says_something = last.map_or(!carried || cue.is_some(), |i| reading.after(i).chars().count() >= 2);
        let from = doers.first().copied().unwrap_or(here.start);
        // Who only tells and wants nothing does not tell it for its own sake.
        let least = if self.wishes { 1 } else { 2 };
        let says = |i: &usize| &reading.tokens[*i].meaning.listed.says;
        let plain =
            |i: &usize| says(i).kind == Kind::Innocent && says(i).weight >= least && !is_undone(reading.before(*i));
        let mut innocents = (from..here.end).filter(plain);
        let innocent = match innocents.next() {
            Some(i) if says(&i).is_speech() => innocents.next().is_some() || self.is_harmless_speech(i),
            first => first.is_some(),
        };
        let contradicted = self.contradicted(clause);
        let blames = cue.is_some() || contradicted || !innocent && !carried && says_something;
        (blames && !who.is_empty()).then_some((who, cue))
    }

    /// Whether what a unit is said to have said blames nobody: the clause ends with it, or nobody contradicts it.
    fn is_harmless_speech(&self, i: usize) -> bool {
        let said = self.reading.after(i);
        said.chars().count() < 2 || HARMLESS.iter().any(|h| said.contains(h))
    }

    /// What a unit said in this clause, if the next clause of the writer's contradicts it: 说已处理，可是垃圾还在.
    fn contradicted(&self, clause: usize) -> bool {
        let reading = self.reading;
        let Some(next) = reading.clauses.get(clause + 1) else { return false };
        let text = reading.text[next.at.clone()].trim_start();
        let first = reading.tokens.partition_point(|t| t.clause < clause);
        let mut spoken = first..reading.tokens.partition_point(|t| t.clause <= clause);
        let private = reading.tokens.iter().any(|t| t.clause == clause + 1 && t.meaning.kind() == Kind::Private);
        let speaks = spoken.any(|i| reading.tokens[i].meaning.listed.says.is_speech());
        speaks && !private && !text.contains('又') && CONTRAST.iter().any(|c| text.starts_with(c))
    }

    /// A township's name that could be only a place, where nothing says which and the case wants nothing.
    fn may_act(&self, i: usize) -> bool {
        let near: String = self.reading.after(i).chars().take(8).collect();
        let bare = self.reading.tokens[i].meaning.bare_township && self.roles[i] == Some(Role::Place);
        bare && !self.wishes && !PREMISES.iter().any(|p| near.contains(p))
    }

    fn thanks(&self, sentence: usize) -> bool {
        (0..self.reading.tokens.len()).any(|i| self.kind(i) == Kind::Thanks && self.reading.sentence(i) == sentence)
    }

    fn doer_in_clause(&self, i: usize, kind: Kind) -> Option<Party> {
        let mut told = None;
        let mut reported = false;
        for j in self.reading.leftwards(i) {
            reported |= self.kind(j) == Kind::Report;
            let Some(party) = &self.parties[j] else { continue };
            match self.roles[j] {
                Some(Role::Subject) if *party == Party::Private && self.is_acted_upon(j) => {}
                Some(Role::Subject | Role::Agent) => return Some(party.clone()),
                Some(Role::Told) if !reported && told.is_none() => told = Some(party.clone()),
                _ => {}
            }
        }
        self.doer_behind(i).or_else(|| told.filter(|_| kind != Kind::Crime)).or_else(|| self.place_near(i))
    }

    /// Whether a private party is what a unit named right before is busy with: 运管所查网约车.
    fn is_acted_upon(&self, i: usize) -> bool {
        let Some(j) = self.reading.leftwards(i).find(|j| self.parties[*j].is_some()) else { return false };
        let between = self.reading.between(j, i);
        let acts = (1..=8).contains(&between.chars().count()) && !between.starts_with(['的', '里', '、', '某']);
        let public = matches!(self.parties[j], Some(Party::Public(_))) && self.roles[j] == Some(Role::Subject);
        public && acts && !SAYS.iter().any(|s| between.contains(s))
    }

    /// A township named right before, which could have been only a place: 文教街道危房鉴定弄虚作假.
    fn place_near(&self, i: usize) -> Option<Party> {
        let j = self.reading.leftwards(i).find(|j| self.parties[*j].is_some())?;
        let near = self.reading.between(j, i).chars().count() <= 8 && self.reading.tokens[j].meaning.bare_township;
        (near && self.roles[j] == Some(Role::Place)).then(|| self.parties[j].clone()).flatten()
    }

    /// 不作为的城管局.
    fn doer_behind(&self, i: usize) -> Option<Party> {
        let after = self.reading.after(i);
        let j = self.reading.rightwards(i).find(|j| self.parties[*j].is_some())?;
        let between = self.reading.between(i, j);
        (after.starts_with('的') && between.chars().count() <= 6).then(|| self.parties[j].clone()).flatten()
    }

    /// Everyone in office whom the clause names, if anyone else is named or meant too.
    fn all_public(&self, i: usize) -> Option<BTreeSet<Accused>> {
        let others = self.reading.leftwards(i).chain(self.reading.rightwards(i));
        let taking_part = others.filter(|j| !matches!(self.roles[*j], Some(Role::Place | Role::Asked)));
        let mut all = BTreeSet::new();
        for j in taking_part {
            if let Some(Party::Public(who)) = &self.parties[j] {
                all.extend(who.iter().cloned());
            }
        }
        (!all.is_empty()).then_some(all)
    }

    /// Right behind someone private: 人事主管徇私.
    fn stands_behind_private(&self, i: usize) -> bool {
        let before = self.reading.leftwards(i).next();
        before.is_some_and(|j| self.kind(j) == Kind::Private && self.reading.between(j, i).is_empty())
    }

    /// Whose someone private is, where that is someone in office.
    fn owner(&self, i: usize) -> Option<usize> {
        let j = self.reading.leftwards(i).next().filter(|_| self.kind(i) == Kind::Private)?;
        let between = self.reading.between(j, i);
        let his =
            between == "的" || between.ends_with("开的") || between.ends_with("以前的") || between.ends_with("他");
        (matches!(self.kind(j), Kind::Official | Kind::Staff) && his && between.chars().count() <= 4).then_some(j)
    }

    fn asked_before(&self, i: usize) -> Option<Party> {
        let j = self.reading.leftwards(i).find(|j| self.parties[*j].is_some())?;
        (self.roles[j] == Some(Role::Asked)).then(|| self.parties[j].clone()).flatten()
    }

    fn is_reported(&self, i: usize) -> bool {
        self.reading.leftwards(i).any(|j| matches!(self.kind(j), Kind::Report | Kind::Probe))
    }

    /// The word by which someone named is held to account: 举报某局长, 对某局的控告.
    fn held_to_account(&self, i: usize) -> Option<usize> {
        let reading = self.reading;
        if matches!(self.roles[i], Some(Role::Place | Role::Asked | Role::Told | Role::Agent)) {
            return None;
        }
        let joined_first = reading.joined(i).is_some();
        let word = reading.leftwards(i).find(|j| matches!(self.kind(*j), Kind::Report | Kind::Probe));
        let word = word
            .filter(|j| !["多次", "几次", "再次", "反复", "打电话"].iter().any(|w| reading.before(*j).ends_with(w)));
        if let Some(j) = word.filter(|_| !joined_first) {
            let between = reading.between(j, i);
            let near = between.chars().count() <= 6
                && !reading.tokens[j + 1..i].iter().any(|t| t.meaning.kind() <= Kind::Private);
            let told = ["给", "到", "至", "了", "过", "后", "于", "的", "时"].iter().any(|w| between.starts_with(w));
            let went_on = GOES_ON.iter().any(|w| reading.after(i).starts_with(w));
            if near && !told && !went_on {
                return Some(j);
            }
        }
        let of = ["对", "针对", "关于"].iter().any(|w| reading.before(i).trim_end_matches("江北区").ends_with(w));
        let noun = |j: &usize| self.kind(*j) == Kind::Report && reading.between(i, *j).ends_with('的');
        reading.rightwards(i).find(noun).filter(|_| of)
    }
}

/// What one says or has done of another: the other then acts for itself.
const SAYS: [&str; 14] =
    ["说", "称", "表示", "告知", "回复", "答复", "让", "要求", "督促", "责令", "通知", "认定", "认为", "请"];

/// After 投诉城管 when 城管 was only told.
const GOES_ON: [&str; 12] = ["多次", "无果", "没用", "没", "都", "也", "后", "了", "过", "好几", "几次", "两次"];

/// What a unit says without blame to itself: what it did, will do, or wants to see.
const HARMLESS: [&str; 42] = [
    "会",
    "已",
    "正在",
    "需",
    "要提供",
    "要求",
    "可以",
    "材料",
    "登记",
    "核实",
    "处理",
    "派人",
    "安排",
    "尽快",
    "等",
    "先",
    "准备",
    "过来",
    "去办",
    "去做",
    "去开",
    "去医院",
    "提供",
    "保留",
    "寄",
    "补",
    "未定",
    "今天",
    "明天",
    "下周",
    "下个月",
    "师傅",
    "原因",
    "因为",
    "由于",
    "水表",
    "计划",
    "报批",
    "打12345",
    "打市",
    "联系",
    "没问题",
];

/// How the writer goes on to contradict.
const CONTRAST: [&str; 14] =
    ["可我", "可是", "但", "然而", "结果", "实际", "其实", "事实上", "明明", "却", "偏偏", "可现", "可那", "可他"];

/// What shows a township's name to be only where something is.
const PREMISES: [&str; 36] = [
    "路", "村", "社区", "小区", "号", "幢", "公寓", "花园", "广场", "店", "厂", "公司", "校", "桥", "河", "江", "园",
    "苑", "府", "城", "市场", "菜场", "工地", "附近", "门口", "一带", "辖区", "境内", "街", "巷", "弄", "里弄", "大道",
    "居民", "业主", "住户",
];

/// Whether what follows was not done: 没有处理.
fn is_undone(before: &str) -> bool {
    ["没", "没有", "未", "不", "从不", "没人", "没去", "不给", "不肯"].iter().any(|w| before.ends_with(w))
}

/// Whether a clause only asks.
fn asks(text: &str) -> bool {
    ["请问", "是否", "能不能", "能否", "可否", "什么时候", "多久", "吗", "咨询", "想问", "怎么办", "有没有", "多少"]
        .iter()
        .any(|w| text.contains(w))
}

fn asks_why(text: &str) -> bool {
    ["为什么", "为何", "怎么", "凭什么", "不要再", "别再", "停止"].iter().any(|w| text.contains(w))
}

fn unit_of(accused: &Accused) -> Option<DepartmentId> {
    match accused {
        Accused::Unit(id) => Some(id.clone()),
        _ => None,
    }
}
