//! Every name by which a place of the directory may be written, indexed once when the directory is read: from
//! nothing but the divisions table and the aliases officials keep.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::places::DivisionCode;

use super::china;
use super::forms::{self, Form};
use super::lexicon::Lexicon;
use crate::directory::divisions::Divisions;
use crate::directory::places::{Alias, AliasKind};

/// What kind of place a name stands for, widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The county itself.
    County,
    /// A development zone: lies over townships, so that it never contradicts one.
    Zone,
    /// A township.
    Township,
    /// A village, community, estate, road or landmark.
    Site,
    /// An alias that officials gave for a place outside the county.
    Elsewhere,
}

/// One thing a name may stand for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sense {
    pub form: Form,
    pub rank: Rank,
    pub code: DivisionCode,
    pub alias: bool,
}

/// The names of a directory.
#[derive(Debug, Clone, Default)]
pub struct Gazetteer {
    names: Lexicon<Sense>,
    counties: BTreeSet<DivisionCode>,
    /// The zones; whether the table lists villages of theirs.
    zones: BTreeMap<DivisionCode, bool>,
    old_codes: BTreeMap<String, BTreeSet<DivisionCode>>,
}

impl Gazetteer {
    /// Indexes the names of the divisions and the aliases.
    pub fn of<'a>(divisions: &Divisions, aliases: impl IntoIterator<Item = &'a Alias>) -> Self {
        let mut all = Self { counties: divisions.counties().map(|c| c.code.clone()).collect(), ..Self::default() };
        for division in divisions.iter() {
            all.add_division(&division.name, &division.code, divisions);
        }
        all.add_townships_called_villages(divisions);
        aliases.into_iter().for_each(|alias| all.add_alias(alias));
        all
    }

    fn add_division(&mut self, name: &str, code: &DivisionCode, divisions: &Divisions) {
        let (rank, forms) = match code.as_str().len() {
            0..=6 => (Rank::County, forms::of_county(name, code)),
            9 if forms::is_zone(name) => {
                self.zones.entry(code.clone()).or_default();
                (Rank::Zone, forms::of_township(name, code, &county_word(code, divisions)))
            }
            9 => (Rank::Township, forms::of_township(name, code, "")),
            _ => {
                self.note_village(name, code);
                (Rank::Site, forms::of_village(name))
            }
        };
        for (form_name, form) in forms {
            self.names.insert(&plain(&form_name), Sense { form, rank, code: code.clone(), alias: false });
        }
    }

    /// 文成社区 may be meant for 文成村, or for some community of 文成街道: where a village's sibling name is made of
    /// another township's stem it may be either.
    fn add_townships_called_villages(&mut self, divisions: &Divisions) {
        let townships = divisions.iter().filter(|d| d.code.as_str().len() == 9);
        let stems = townships.filter_map(|d| Some((forms::stem_of_township(&d.name)?, &d.code)));
        for (stem, code) in stems {
            for suffix in ["村", "社区", "居委会", "居民委员会"] {
                let name = plain(&format!("{stem}{suffix}"));
                let known = self.names.get(&name.chars().collect::<Vec<_>>());
                let only_kin = known.first().is_some_and(|s| s.form == Form::Kin && s.rank == Rank::Site);
                if only_kin {
                    let sense = Sense { form: Form::Kin, rank: Rank::Site, code: code.clone(), alias: false };
                    self.names.insert(&name, sense);
                }
            }
        }
    }

    /// The State's table gives a zone without villages a 虚拟社区 to count by.
    fn note_village(&mut self, name: &str, code: &DivisionCode) {
        let zone = code.township().and_then(|t| self.zones.get_mut(&t));
        if let Some(holds) = zone {
            *holds |= !name.contains("虚拟");
        }
    }

    fn add_alias(&mut self, alias: &Alias) {
        let code = alias.division.clone();
        if alias.is_code() {
            self.old_codes.entry(alias.name.clone()).or_default().insert(code);
            return;
        }
        let rank = match (alias.kind, code.as_str().len()) {
            _ if !self.counties.iter().any(|c| c.contains(&code)) => Rank::Elsewhere,
            (_, 0..=6) => Rank::County,
            (AliasKind::Zone, 9) => Rank::Zone,
            (AliasKind::OldName | AliasKind::Merged, 9) => Rank::Township,
            _ => Rank::Site,
        };
        self.names.insert(&plain(&alias.name), Sense { form: Form::Full, rank, code, alias: true });
    }

    /// The names of ours that begin at `at`, longest first.
    pub(super) fn at<'a>(&'a self, text: &[char], at: usize) -> impl Iterator<Item = (usize, &'a [Sense])> {
        self.names.at(text, at)
    }

    /// The codes that took the place of a code no longer in use.
    pub(super) fn heirs_of(&self, code: &str) -> Option<&BTreeSet<DivisionCode>> {
        self.old_codes.get(code)
    }

    pub(super) fn is_zone(&self, code: &DivisionCode) -> bool {
        code.township().is_some_and(|t| self.zones.contains_key(&t))
    }

    /// Whether a zone has villages of its own, so that another's contradict it.
    pub(super) fn holds_villages(&self, zone: &DivisionCode) -> bool {
        self.zones.get(zone).copied().unwrap_or(false)
    }

    /// Whether a division is, contains or lies in one of the counties.
    pub(super) fn is_ours(&self, code: &DivisionCode) -> bool {
        self.counties.iter().any(|c| c.contains(code) || code.contains(c))
    }
}

/// Whether what `known` names is a province or city in which the directory's counties are not the only ones.
pub(super) fn is_wider(known: &[china::Known], gazetteer: &Gazetteer) -> bool {
    let wider = |code: &DivisionCode| {
        gazetteer.counties.iter().any(|own| own != code && code.contains(own))
            && china::counties_of(code).any(|county| !gazetteer.counties.contains(county))
    };
    known.iter().any(|k| wider(&k.code))
}

/// The county's name as zones bear it: 江阴.
fn county_word(code: &DivisionCode, divisions: &Divisions) -> String {
    let county = code.county().and_then(|c| divisions.get(&c));
    let forms = county.map_or_else(Vec::new, |c| forms::of_county(&c.name, &c.code));
    let bare = forms.into_iter().rev().map(|(name, _)| name).find(|name| name.chars().count() >= 2);
    bare.unwrap_or_default()
}

/// A name as texts are searched: without spaces, in plain width.
fn plain(name: &str) -> String {
    super::text::Text::of(name).chars.into_iter().collect()
}

/// Whether what `known` names is, contains or lies in the directory's counties.
pub(super) fn is_own(known: &[china::Known], gazetteer: &Gazetteer) -> bool {
    known.iter().any(|k| gazetteer.is_ours(&k.code))
}
