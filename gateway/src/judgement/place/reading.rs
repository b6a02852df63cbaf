//! What one text (an address, the source's names, a running text) says of the place. Reads the names a [`Scene`]
//! holds from the surest to the least: townships by their whole names, villages by theirs, short names that stand for
//! a township. A weaker name never overrules a surer one; two sure ones that contradict each other are unsure.

use std::collections::BTreeSet;

use huiliu_schemas::places::DivisionCode;

use super::doubt::{Doubt, Why};
use super::forms::Form;
use super::gazetteer::{Gazetteer, Rank, Sense, is_wider};
use super::scene::{Left, Means, Role, Scene, Short, Spot};
use super::text::Text;

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// An address: goes from wide to narrow.
    Address,
    /// Fields, each one name: a bare name that fills one is meant.
    Fields,
    /// Free text: only whole names count, and only when they agree.
    Running,
}

/// How sure a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Surety {
    /// By a short name or one with a sibling suffix.
    Short,
    /// By an alias that officials keep.
    Alias,
    /// By a whole name.
    Whole,
}

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    At(DivisionCode, Surety),
    Unsure,
    Outside,
    Nothing,
}

/// What a text says, and what was not certain in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub said: Said,
    pub doubts: Vec<Doubt>,
}

impl Reading {
    fn of(said: Said) -> Self {
        Self { said, doubts: Vec::new() }
    }

    fn unsure(why: Why, candidates: impl IntoIterator<Item = DivisionCode>) -> Self {
        Self { said: Said::Unsure, doubts: vec![Doubt::new(why, candidates)] }
    }

    /// Whether it would be certain if the county were known.
    pub fn lacks_county(&self) -> bool {
        self.doubts.iter().any(|doubt| matches!(doubt.why, Why::NoCounty(_)))
    }
}

type Codes = BTreeSet<DivisionCode>;

/// Reads a text. `scope` is the township or village that surer clues have told; it narrows, and never contradicts
/// here: what the text says against it is for the caller to weigh. `ours`: other clues have told the county.
pub(super) fn read(
    written: &str,
    manner: Manner,
    scope: Option<&DivisionCode>,
    ours: bool,
    gazetteer: &Gazetteer,
) -> Reading {
    let text = Text::of(written);
    if text.is_empty() {
        return Reading::of(Said::Nothing);
    }
    let scene = Scene::of(text, gazetteer);
    let reader = Reader::new(&scene, gazetteer, manner);
    let reader = Reader { ours: ours || reader.names_ours(), ..reader };
    reader.elsewhere().unwrap_or_else(|| reader.inside(scope))
}

/// Whether a text names the county, or a township of it, by its whole name.
pub(super) fn names_ours(written: &str, manner: Manner, gazetteer: &Gazetteer) -> bool {
    let scene = Scene::of(Text::of(written), gazetteer);
    Reader::new(&scene, gazetteer, manner).names_ours()
}

/// A name's claim on where the place is.
#[derive(Debug, Clone)]
struct Claim<'s> {
    spot: &'s Spot<'s>,
    /// What it may be: townships or villages.
    codes: Codes,
    surety: Surety,
}

impl Claim<'_> {
    fn townships(&self) -> Codes {
        self.codes.iter().filter_map(DivisionCode::township).collect()
    }
}

struct Reader<'s> {
    scene: &'s Scene<'s>,
    gazetteer: &'s Gazetteer,
    manner: Manner,
    /// The spots that speak of the matter's place.
    live: Vec<&'s Spot<'s>>,
    /// Whether some were set aside as another's.
    aside: bool,
    /// Whether it is known which county is spoken of.
    ours: bool,
}

impl<'s> Reader<'s> {
    fn new(scene: &'s Scene<'s>, gazetteer: &'s Gazetteer, manner: Manner) -> Self {
        let ours = || scene.spots.iter().filter(|s| matches!(s.means, Means::Ours(_)));
        let said_site = ours().any(|s| scene.role(s) == Role::Site);
        let alone = ours().all(|s| scene.role(s) == Role::Residence);
        let township = |s: &Sense| s.rank == Rank::Township && s.form == Form::Full;
        let now = ours().any(|s| scene.role(s) != Role::Former && senses(s).iter().any(township));
        let keep = |s: &&Spot<'_>| match scene.role(s) {
            Role::Residence if manner == Manner::Running => false,
            Role::Residence => alone || !said_site,
            Role::Relative => false,
            Role::Former => !now,
            Role::Site | Role::Plain => true,
        };
        let live: Vec<_> = ours().filter(keep).collect();
        Self { scene, gazetteer, manner, aside: live.len() < ours().count(), live, ours: false }
    }

    fn names_ours(&self) -> bool {
        let whole = |s: &Sense| s.form == Form::Full && matches!(s.rank, Rank::County | Rank::Township);
        self.live.iter().any(|spot| spot.left != Left::Lone && senses(spot).iter().any(whole))
    }

    /// Another county is named.
    fn elsewhere(&self) -> Option<Reading> {
        let all = &self.scene.spots;
        let named = |at: usize| self.scene.is_elsewhere(at, self.manner == Manner::Fields);
        let outside = all.iter().enumerate().filter(|(at, _)| named(*at)).map(|(_, s)| s);
        let outside: Vec<_> = outside.collect();
        outside.first()?;
        let own = |s: &&Spot<'_>| {
            let whole = senses(s).iter().any(|s| s.form == Form::Full && s.rank <= Rank::Township);
            // What something is near is no answer, but enough to doubt another county.
            let told = self.scene.role(s) == Role::Relative || self.live.iter().any(|l| l.start == s.start);
            whole && told && s.left != Left::Lone && !outside.iter().any(|o| self.scene.in_path_of(s, o))
        };
        let ours: Vec<_> = all.iter().filter(own).collect();
        match (ours.is_empty(), self.manner) {
            (true, Manner::Running) if !outside.iter().any(|o| self.scene.is_placed(o)) => {
                Some(Reading::of(Said::Nothing))
            }
            (true, _) => Some(Reading::of(Said::Outside)),
            (false, _) => {
                let named = ours.iter().flat_map(|s| senses(s)).map(|s| s.code.clone());
                Some(Reading::unsure(Why::AlsoElsewhere, named))
            }
        }
    }

    fn inside(&self, scope: Option<&DivisionCode>) -> Reading {
        let towns = self.towns();
        let unknown = self.scene.names_unknown_township(!towns.is_empty());
        if unknown && (scope.is_none() || !towns.is_empty()) {
            let candidates = towns.iter().flat_map(|c| c.codes.clone());
            return Reading::unsure(Why::UnknownTownship, candidates);
        }
        let scoped = scope.and_then(DivisionCode::township);
        match agreed(&towns) {
            Agreement::None => self.without_township(scoped.as_ref(), unknown),
            Agreement::On(possible) if self.names_another(&possible, Form::Kin) => {
                Reading::unsure(Why::SeveralTownships, self.townships_named(Form::Kin))
            }
            Agreement::On(possible) if self.hints_at_another(&possible) => {
                Reading::unsure(Why::SeveralTownships, possible.union(&self.hinted()).cloned())
            }
            Agreement::On(possible) => {
                let possible = narrowed(possible, scoped.as_ref());
                self.within(&possible, surety_of(&towns), &towns)
            }
            Agreement::Torn(all) => match scoped.filter(|s| all.contains(s)) {
                Some(town) => {
                    let mut reading = self.within(&Codes::from([town]), Surety::Whole, &towns);
                    reading.doubts.push(Doubt::new(Why::SeveralTownships, all));
                    reading
                }
                None => Reading::unsure(Why::SeveralTownships, all),
            },
        }
    }

    /// No township is named in full.
    fn without_township(&self, scope: Option<&DivisionCode>, unknown: bool) -> Reading {
        let mut doubts = Vec::new();
        if unknown {
            doubts.push(Doubt::new(Why::UnknownTownship, []));
        }
        if let Some(town) = scope {
            let mut reading = self.scoped(town);
            reading.doubts.splice(0..0, doubts);
            return reading;
        }
        self.by_villages()
            .or_else(|| self.by_shorts())
            .or_else(|| self.by_kin())
            .or_else(|| self.by_zone())
            .unwrap_or_else(|| self.weakly())
    }

    /// Surer clues have told the township: the text can only make it finer, or speak against it.
    fn scoped(&self, town: &DivisionCode) -> Reading {
        let inside = Codes::from([town.clone()]);
        let sites = self.sites();
        let sure = sites.iter().filter(|c| c.surety > Surety::Short);
        let against = sure.clone().any(|c| !c.townships().contains(town));
        if against && self.manner != Manner::Running {
            return self.by_villages().unwrap_or_else(|| Reading::of(Said::Nothing));
        }
        let reading = self.within(&inside, Surety::Short, &[]);
        match reading.said {
            Said::At(code, surety) if code == *town => {
                self.shorts_against(town, Reading { said: Said::At(code, surety), ..reading })
            }
            _ => reading,
        }
    }

    /// Nothing finer was found: a short name of another township is still something to tell.
    fn shorts_against(&self, town: &DivisionCode, reading: Reading) -> Reading {
        match agreed(&self.shorts()) {
            Agreement::On(towns) if !towns.contains(town) => match towns.into_iter().next() {
                Some(other) => Reading::of(Said::At(other, Surety::Short)),
                None => reading,
            },
            _ => reading,
        }
    }

    /// The townships possible are known: the village, if it is certain.
    fn within(&self, possible: &Codes, surety: Surety, towns: &[Claim<'_>]) -> Reading {
        let sites = self.sites_beside(towns);
        let is_inside = |c: &DivisionCode| possible.iter().any(|p| p.contains(c));
        let mut towns_left = possible.clone();
        let mut villages: Vec<Codes> = Vec::new();
        let mut surety = surety;
        for claim in &sites {
            let inside: Codes = claim.codes.iter().filter(|c| is_inside(c)).cloned().collect();
            if inside.is_empty() {
                if claim.surety > Surety::Short {
                    let name = self.scene.name(claim.spot);
                    return Reading::unsure(
                        Why::VillageElsewhere(name),
                        possible.iter().cloned().chain(claim.codes.clone()),
                    );
                }
                continue;
            }
            if claim.surety > Surety::Short {
                let named: Codes = inside.iter().filter_map(DivisionCode::township).collect();
                towns_left = towns_left.intersection(&named).cloned().collect();
                surety = claim.surety;
            }
            villages.push(inside);
        }
        let Some(town) = one(&towns_left) else {
            return Reading::unsure(Why::SeveralTownships, possible.iter().cloned());
        };
        let in_town = villages.iter().map(|v| v.iter().filter(|c| town.contains(c)).cloned().collect::<Codes>());
        let in_town: Vec<Codes> = in_town.filter(|v| !v.is_empty()).collect();
        finest(town, &in_town, surety)
    }

    /// Villages and communities by whole names, narrowed by short names and zones beside them.
    fn by_villages(&self) -> Option<Reading> {
        let sure: Vec<_> = self.sites().into_iter().filter(|c| c.surety > Surety::Short).collect();
        if sure.is_empty() {
            return None;
        }
        let Agreement::On(mut possible) = agreed(&sure) else {
            return Some(Reading::unsure(Why::SeveralTownships, sure.iter().flat_map(Claim::townships)));
        };
        let shorts = self.shorts();
        if let Agreement::On(short) = agreed(&shorts) {
            let both: Codes = possible.intersection(&short).cloned().collect();
            if both.is_empty() {
                let name = self.scene.name(sure[0].spot);
                return Some(Reading::unsure(Why::VillageElsewhere(name), possible.union(&short).cloned()));
            }
            possible = both;
        } else if !shorts.is_empty() {
            return Some(Reading::unsure(Why::SeveralTownships, possible));
        }
        let zones = self.zone_codes();
        possible = narrowed_by(possible, &zones);
        if zones.iter().any(|z| self.gazetteer.holds_villages(z)) && possible.is_disjoint(&zones) {
            let name = self.scene.name(sure[0].spot);
            return Some(Reading::unsure(Why::VillageElsewhere(name), possible.union(&zones).cloned()));
        }
        if one(&possible).is_none() {
            let shared = sure.iter().min_by_key(|c| c.codes.len()).map(|c| (self.scene.name(c.spot), c.codes.clone()));
            let (name, codes) = shared.unwrap_or_default();
            return Some(Reading::unsure(
                Why::SharedName(name),
                codes.into_iter().filter(|c| possible.iter().any(|p| p.contains(c))),
            ));
        }
        let surety = sure.iter().map(|c| c.surety).min().unwrap_or(Surety::Whole);
        let reading = self.within(&possible, surety, &[]);
        Some(if shorts.is_empty() { self.unless_anywhere(reading, sure.iter().map(|c| c.spot)) } else { reading })
    }

    /// A township's short name alone.
    fn by_shorts(&self) -> Option<Reading> {
        let shorts = self.shorts();
        match agreed(&shorts) {
            Agreement::None => None,
            Agreement::Torn(all) => Some(Reading::unsure(Why::SeveralTownships, all)),
            Agreement::On(possible) if self.names_another(&possible, Form::Bare) => {
                Some(Reading::unsure(Why::SeveralTownships, self.townships_named(Form::Bare)))
            }
            Agreement::On(possible) if one(&possible).is_some() => {
                Some(self.within(&possible, surety_of(&shorts), &shorts))
            }
            Agreement::On(_) => {
                let name = self.scene.name(shorts[0].spot);
                Some(Reading::unsure(Why::SharedName(name), shorts[0].codes.clone()))
            }
        }
    }

    /// 天合村 where the directory has a 天合社区 and no such village: the township, not more.
    fn by_kin(&self) -> Option<Reading> {
        let kin: Vec<_> = self.sites().into_iter().filter(|c| senses(c.spot)[0].form == Form::Kin).collect();
        match agreed(&kin) {
            Agreement::None => None,
            Agreement::Torn(all) => Some(Reading::unsure(Why::SeveralTownships, all)),
            Agreement::On(towns) => Some(match one(&towns) {
                Some(town) => {
                    let reading = Reading::of(Said::At(town.clone(), Surety::Short));
                    self.unless_anywhere(reading, kin.iter().map(|c| c.spot))
                }
                None => Reading::unsure(Why::SharedName(self.scene.name(kin[0].spot)), kin[0].codes.clone()),
            }),
        }
    }

    fn by_zone(&self) -> Option<Reading> {
        let zones = self.zone_codes();
        match (one(&zones), zones.is_empty()) {
            (_, true) => None,
            (Some(zone), _) => {
                let reading = Reading::of(Said::At(zone.clone(), Surety::Whole));
                Some(self.unless_anywhere(reading, self.zones()))
            }
            (None, _) => Some(Reading::unsure(Why::SeveralTownships, zones)),
        }
    }

    /// A city has many a 五星村 and 高新区: where nothing between the city and the name says which county it is, nor anything
    /// else, it may be another's.
    fn unless_anywhere(&self, reading: Reading, mut spots: impl Iterator<Item = &'s Spot<'s>> + Clone) -> Reading {
        let Said::At(code, _) = &reading.said else { return reading };
        if self.ours || !spots.clone().all(|spot| self.is_anywhere(spot)) {
            return reading;
        }
        let name = spots.next().map(|spot| self.scene.name(spot)).unwrap_or_default();
        let candidates = reading.doubts.into_iter().flat_map(|doubt| doubt.candidates).chain([code.clone()]);
        Reading::unsure(Why::NoCounty(name), candidates)
    }

    /// Whether a city or province with other counties is all that is named over a village or a zone of a common name. What
    /// officials gave as an alias is theirs.
    fn is_anywhere(&self, spot: &'s Spot<'s>) -> bool {
        let common = |s: &Spot<'_>| {
            let common = |s: &Sense| s.rank == Rank::Site || s.rank == Rank::Zone && s.form == Form::Bare;
            senses(s).iter().all(|sense| !sense.alias && common(sense))
        };
        let path = std::iter::successors(Some(spot), |below| self.scene.above(below));
        let named = path.into_iter().find(|s| !matches!(s.means, Means::Ours(_)) || !common(s));
        named.is_some_and(|s| matches!(s.means, Means::China(known) if is_wider(known, self.gazetteer)))
    }

    /// Nothing certain below the county: tells what might have been meant.
    fn weakly(&self) -> Reading {
        let county =
            self.live.iter().flat_map(|s| senses(s)).filter(|s| s.rank == Rank::County && s.form == Form::Full);
        let counties: Codes = county.map(|s| s.code.clone()).collect();
        let weak =
            self.live.iter().find(|s| senses(s).iter().any(|s| s.rank > Rank::County && s.rank != Rank::Elsewhere));
        let mut doubts: Vec<Doubt> = weak
            .map(|spot| {
                let codes = senses(spot).iter().filter(|s| s.rank > Rank::County).map(|s| s.code.clone());
                Doubt::new(Why::PartOfName(self.scene.name(spot)), codes)
            })
            .into_iter()
            .collect();
        if self.aside {
            doubts.push(Doubt::new(Why::OnlyAside, self.named_aside()));
        }
        let said = match one(&counties) {
            Some(county) => Said::At(county.clone(), Surety::Whole),
            None if doubts.is_empty() => Said::Nothing,
            None => Said::Unsure,
        };
        Reading { said, doubts }
    }

    /// What was named whole, but only as where someone lives or what something is near.
    fn named_aside(&self) -> Codes {
        let aside = |s: &&Spot<'_>| !self.live.iter().any(|l| l.start == s.start);
        let named = self.scene.spots.iter().filter(aside).flat_map(|s| senses(s));
        let whole = named.filter(|s| s.form == Form::Full && matches!(s.rank, Rank::Township | Rank::Site));
        whole.map(|s| s.code.clone()).collect()
    }

    /// Townships by their whole names, or by any name that fills a field.
    fn towns(&self) -> Vec<Claim<'s>> {
        let claim = |spot: &&'s Spot<'s>| {
            let rank = |s: &&Sense| s.rank == Rank::Township;
            let whole: Vec<_> = senses(spot).iter().filter(rank).filter(|s| s.form == Form::Full).collect();
            if !whole.is_empty() && spot.left != Left::Lone {
                return Some(claim_of(spot, whole));
            }
            let fills = self.manner == Manner::Fields && self.scene.fills_field(spot);
            let town = senses(spot).iter().any(|s| s.rank == Rank::Township);
            let below: Vec<_> = senses(spot).iter().filter(|s| s.rank >= Rank::Township).collect();
            (fills && town).then(|| Claim { surety: Surety::Whole, ..claim_of(spot, below) })
        };
        self.live.iter().filter_map(claim).collect()
    }

    /// Short names that stand for a township.
    fn shorts(&self) -> Vec<Claim<'s>> {
        if self.manner == Manner::Running {
            return Vec::new();
        }
        let claim = |spot: &&'s Spot<'s>| {
            let best = senses(spot).iter().filter(|s| s.rank == Rank::Township).map(|s| s.form).min()?;
            let clean = matches!(spot.left, Left::Clean | Left::Bound);
            let stands = match best {
                Form::Full => false,
                Form::Kin => clean,
                Form::Bare => self.scene.short(spot) == Short::Stands,
            };
            // Before a village's name it is the township; alone it may be a village of the same name.
            let alone = !self.scene.beside_site(spot);
            let fits = |s: &&Sense| s.rank == Rank::Township || alone && s.rank == Rank::Site;
            let below = senses(spot).iter().filter(|s| s.form >= best).filter(fits).collect();
            stands.then(|| Claim { surety: Surety::Short, ..claim_of(spot, below) })
        };
        self.live.iter().filter_map(claim).collect()
    }

    fn sites(&self) -> Vec<Claim<'s>> {
        self.sites_beside(&[])
    }

    /// Villages and communities, but for names that have already spoken as townships.
    fn sites_beside(&self, towns: &[Claim<'_>]) -> Vec<Claim<'s>> {
        let free = |s: &&&'s Spot<'s>| !towns.iter().any(|t| t.spot.start == s.start);
        self.live.iter().filter(free).filter_map(|spot| self.site(spot)).collect()
    }

    fn site(&self, spot: &'s Spot<'s>) -> Option<Claim<'s>> {
        let best = senses(spot).iter().filter(|s| s.rank == Rank::Site).map(|s| s.form).min()?;
        let fills = self.manner == Manner::Fields && self.scene.fills_field(spot);
        let clean = matches!(spot.left, Left::Clean | Left::Bound);
        let whole = clean && self.scene.ends_site(spot);
        let stands = match best {
            Form::Full | Form::Kin => whole,
            Form::Bare => fills || clean && self.scene.ends_bare(spot),
        };
        let enough = self.manner != Manner::Running || best == Form::Full;
        let named = senses(spot).iter().filter(|s| s.rank == Rank::Site);
        let claim = claim_of(spot, named.filter(|s| s.form == best).collect());
        let surety = match best {
            Form::Full => claim.surety,
            _ if fills => Surety::Whole,
            Form::Kin | Form::Bare => Surety::Short,
        };
        (stands && enough).then_some(Claim { surety, ..claim })
    }

    /// Whether a township is named, in this form or a fuller one, that is none of those possible.
    fn names_another(&self, possible: &Codes, form: Form) -> bool {
        let named = |s: &&Spot<'_>| s.left != Left::Lone || form == Form::Bare;
        let townships = |s: &Spot<'_>| {
            let of_form = senses(s).iter().filter(|s| s.rank == Rank::Township && s.form <= form);
            of_form.map(|s| s.code.clone()).collect::<Codes>()
        };
        let mut spots = self.live.iter().copied().filter(named).map(townships);
        spots.any(|codes| !codes.is_empty() && codes.is_disjoint(possible))
    }

    /// Whether a running text speaks of another township besides, be it by a bare name or as where someone lives.
    fn hints_at_another(&self, possible: &Codes) -> bool {
        self.manner == Manner::Running && self.hinted().iter().any(|code| !possible.contains(code))
    }

    /// The townships a running text may speak of; not where someone lives, if it says where the matter is.
    fn hinted(&self) -> Codes {
        let site = self.live.iter().any(|s| self.scene.role(s) == Role::Site);
        let speaks = |s: &&Spot<'_>| match self.scene.role(s) {
            Role::Site | Role::Plain => true,
            Role::Residence => !site,
            Role::Relative | Role::Former => false,
        };
        let meant = |s: &Spot<'_>| {
            let bare = self.scene.means_township(s);
            let township = move |t: &&Sense| t.rank == Rank::Township && (t.form == Form::Full || bare);
            senses(s).iter().filter(township).map(|t| t.code.clone()).collect::<Vec<_>>()
        };
        self.scene.spots.iter().filter(speaks).flat_map(meant).collect()
    }

    fn townships_named(&self, form: Form) -> Codes {
        let all = self.live.iter().flat_map(|s| senses(s));
        all.filter(|s| s.rank == Rank::Township && s.form <= form).map(|s| s.code.clone()).collect()
    }

    fn zones(&self) -> impl Iterator<Item = &'s Spot<'s>> + Clone {
        let clean = |s: &&Spot<'_>| matches!(s.left, Left::Clean | Left::Bound);
        let zone = |s: &&Spot<'_>| senses(s).iter().any(|s| s.rank == Rank::Zone);
        self.live.iter().copied().filter(clean).filter(zone)
    }

    fn zone_codes(&self) -> Codes {
        let zone = |s: &&Sense| s.rank == Rank::Zone;
        self.zones().flat_map(senses).filter(zone).map(|s| s.code.clone()).collect()
    }
}

fn senses<'s>(spot: &Spot<'s>) -> &'s [Sense] {
    match spot.means {
        Means::Ours(senses) => senses,
        Means::China(_) => &[],
    }
}

fn claim_of<'s>(spot: &'s Spot<'s>, senses: Vec<&Sense>) -> Claim<'s> {
    let alias = senses.iter().all(|s| s.alias);
    let codes = senses.into_iter().map(|s| s.code.clone()).collect();
    Claim { spot, codes, surety: if alias { Surety::Alias } else { Surety::Whole } }
}

fn surety_of(claims: &[Claim<'_>]) -> Surety {
    claims.iter().map(|c| c.surety).min().unwrap_or(Surety::Whole)
}

/// What several claims say of the township together.
enum Agreement {
    /// There are none.
    None,
    /// These are possible.
    On(Codes),
    /// They contradict each other.
    Torn(Codes),
}

fn agreed(claims: &[Claim<'_>]) -> Agreement {
    let mut sets = claims.iter().map(Claim::townships);
    let Some(first) = sets.next() else { return Agreement::None };
    let both = sets.fold(first, |all, next| all.intersection(&next).cloned().collect());
    if both.is_empty() {
        Agreement::Torn(claims.iter().flat_map(Claim::townships).collect())
    } else {
        Agreement::On(both)
    }
}

fn narrowed(possible: Codes, scope: Option<&DivisionCode>) -> Codes {
    match scope.filter(|s| possible.contains(s)) {
        Some(town) => Codes::from([town.clone()]),
        None => possible,
    }
}

/// A zone narrows what is possible if some of it lies in the zone, and says nothing otherwise.
fn narrowed_by(possible: Codes, zones: &Codes) -> Codes {
    let inside: Codes = possible.intersection(zones).cloned().collect();
    if inside.is_empty() { possible } else { inside }
}

fn one(codes: &Codes) -> Option<&DivisionCode> {
    codes.iter().next().filter(|_| codes.len() == 1)
}

/// The one village that all names can mean, else the township.
fn finest(town: &DivisionCode, villages: &[Codes], surety: Surety) -> Reading {
    let Some((first, rest)) = villages.split_first() else { return Reading::of(Said::At(town.clone(), surety)) };
    let common = rest.iter().fold(first.clone(), |all, next| all.intersection(next).cloned().collect());
    match one(&common) {
        Some(village) => Reading::of(Said::At(village.clone(), surety)),
        None => {
            let all: Codes = villages.iter().flatten().cloned().collect();
            Reading { said: Said::At(town.clone(), surety), doubts: vec![Doubt::new(Why::SeveralVillages, all)] }
        }
    }
}
