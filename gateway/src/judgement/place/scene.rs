//! The places a text names, and how each stands in it: whether its name is whole, what stands before and after it,
//! whether it is where someone lives or what something is near. Sees only; `reading` decides what follows.

use std::cmp::Reverse;

use huiliu_schemas::places::DivisionCode;

use super::super::spelling::is_han;
use super::china::{self, Known};
use super::forms::Form;
use super::gazetteer::{Gazetteer, Rank, Sense, is_own};
use super::text::{Text, is_mark};
use super::words::{
    AFTER_BARE, BORDER, BUSY, BUT_AFTER_SITE, DWELLING, FIRM, FORMER, HERE, NO_TOWNSHIP, NOT_AFTER_COUNTY,
    NOT_AFTER_SITE, NOT_AFTER_TOWNSHIP, OF_TOWNSHIP, OFFICE, OPENING, OPENING_FIRST, ORIGIN, PUBLIC, RELATIVE_AFTER,
    RELATIVE_BEFORE, RESIDENCE, SITE, STREET,
};

/// A name met in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'g> {
    pub start: usize,
    pub end: usize,
    pub means: Means<'g>,
    pub left: Left,
    /// The spots that follow each other without a break share a number.
    chain: usize,
}

impl Spot<'_> {
    fn is_bare(&self) -> bool {
        match self.means {
            Means::Ours(senses) => senses.iter().all(|s| s.form == Form::Bare),
            Means::China(known) => known.iter().all(|k| !k.full),
        }
    }
}

/// What it may stand for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Means<'g> {
    /// Places of the directory.
    Ours(&'g [Sense]),
    /// A province, city or county.
    China(&'static [Known]),
}

/// What stands before a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing that could belong to it.
    Clean,
    /// A place of ours, whole.
    Bound,
    /// One character that could make it another name: 白|云新村.
    Lone,
    /// More such.
    Murky,
}

/// What a chain of names is to the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Said to be where it is.
    Site,
    /// Nothing said.
    Plain,
    /// Where someone lives or is from.
    Residence,
    /// What something is near, or is not in.
    Relative,
    /// Where it was before.
    Former,
}

/// How a township's short name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Short {
    /// For the township.
    Stands,
    /// As a part of another name.
    Part,
}

/// A text and the places in it.
pub(super) struct Scene<'g> {
    pub text: Text,
    pub spots: Vec<Spot<'g>>,
    roles: Vec<Role>,
    gazetteer: &'g Gazetteer,
}

impl<'g> Scene<'g> {
    pub fn of(text: Text, gazetteer: &'g Gazetteer) -> Self {
        let mut scene = Self { spots: find(&text, gazetteer), text, roles: Vec::new(), gazetteer };
        scene.look_left();
        scene.chain();
        scene
    }

    pub fn role(&self, spot: &Spot<'_>) -> Role {
        self.roles[spot.chain]
    }

    pub fn name(&self, spot: &Spot<'_>) -> String {
        self.text.slice(spot.start, spot.end)
    }

    /// Whether a spot fills what stands between two marks.
    pub fn fills_field(&self, spot: &Spot<'_>) -> bool {
        self.text.opens(spot.start) && self.text.closes(spot.end)
    }

    fn look_left(&mut self) {
        for at in 0..self.spots.len() {
            let before = at.checked_sub(1).map(|b| self.spots[b]);
            self.spots[at].left = self.left_of(self.spots[at].start, before);
        }
    }

    fn left_of(&self, start: usize, before: Option<Spot<'g>>) -> Left {
        if self.text.opens(start) {
            return Left::Clean;
        }
        let floor = before.map_or(0, |b| b.end);
        if let Some(before) = before.filter(|b| b.end == start) {
            return if self.bounds(&before) { Left::Bound } else { Left::Murky };
        }
        if self.opens_word(start, floor) {
            return Left::Clean;
        }
        let lone = start - 1 == floor || self.text.opens(start - 1);
        if lone { Left::Lone } else { Left::Murky }
    }

    /// Whether the text before `start` ends with a word after which a name begins.
    fn opens_word(&self, start: usize, floor: usize) -> bool {
        let fits = |word: &&&str| self.text.ends_with(start, word) && start - word.chars().count() >= floor;
        let first = |word: &&str| {
            let at = start - word.chars().count();
            at == floor || self.text.opens(at)
        };
        OPENING.iter().any(|w| fits(&w)) || OPENING_FIRST.iter().filter(fits).any(first)
    }

    /// Whether what follows a name directly begins a new one.
    fn bounds(&self, spot: &Spot<'_>) -> bool {
        match spot.means {
            Means::China(known) => is_own(known, self.gazetteer),
            Means::Ours(senses) => senses.iter().any(|s| s.form == Form::Full || s.rank != Rank::Site),
        }
    }

    fn chain(&mut self) {
        for at in 0..self.spots.len() {
            let follows = at > 0 && self.follows(at - 1, at);
            if !follows {
                self.roles.push(Role::Plain);
            }
            self.spots[at].chain = self.roles.len() - 1;
        }
        for chain in 0..self.roles.len() {
            self.roles[chain] = self.role_of(chain);
            if self.roles[chain] == Role::Relative && chain > 0 && self.borders(chain) {
                self.roles[chain - 1] = Role::Relative;
            }
        }
    }

    /// 庄桥街道与洪塘街道交界处 is in neither for certain.
    fn borders(&self, chain: usize) -> bool {
        let last = |c: usize| self.spots.iter().rfind(|s| s.chain == c).map_or(0, |s| s.end);
        let start = self.spots.iter().find(|s| s.chain == chain).map_or(0, |s| s.start);
        let joined = ["与", "和", "跟", "同", "及", "、"];
        start == last(chain - 1) + 1
            && self.text.ends_with_any(start, &joined)
            && self.text.starts_with_any(last(chain), BORDER)
    }

    /// Whether two spots stand together, but for signs that join: 宁波市-江北区.
    fn follows(&self, one: usize, next: usize) -> bool {
        let between = &self.text.chars[self.spots[one].end..self.spots[next].start];
        between.iter().all(|c| joins(*c))
    }

    fn role_of(&self, chain: usize) -> Role {
        let mut of_chain = self.spots.iter().filter(|s| s.chain == chain);
        let Some(first) = of_chain.next() else { return Role::Plain };
        let last = of_chain.next_back().unwrap_or(first);
        let mut start = first.start;
        while start > 0 && matches!(self.text.chars[start - 1], ':' | '为' | '于' | '在') {
            start -= 1;
        }
        let before =
            |words: &[&str]| self.text.ends_with_any(first.start, words) || self.text.ends_with_any(start, words);
        if before(SITE) {
            Role::Site
        } else if before(RESIDENCE) || self.text.starts_with_any(last.end, ORIGIN) {
            Role::Residence
        } else if before(FORMER) {
            Role::Former
        } else if before(RELATIVE_BEFORE)
            || self.text.starts_with_any(last.end, RELATIVE_AFTER) && !is_site(last)
            || self.is_busy(last.end)
        {
            Role::Relative
        } else {
            Role::Plain
        }
    }

    /// 在慈城镇上班, 在庄桥街道办事处上班.
    fn is_busy(&self, end: usize) -> bool {
        let office = OF_TOWNSHIP.iter().find(|office| self.text.starts_with(end, office));
        self.text.starts_with_any(end + office.map_or(0, |office| office.chars().count()), BUSY)
    }

    /// Whether a township's bare name in running text is meant as the township: 是庄桥的.
    pub fn means_township(&self, spot: &Spot<'_>) -> bool {
        let clean = matches!(spot.left, Left::Clean | Left::Bound);
        clean && (self.short(spot) == Short::Stands || self.text.starts_with_any(spot.end, AFTER_BARE))
    }

    /// Whether the name of a village stands for it: not a longer name's part to the right.
    pub fn ends_site(&self, spot: &Spot<'_>) -> bool {
        !self.text.starts_with_any(spot.end, NOT_AFTER_SITE) || self.text.starts_with_any(spot.end, BUT_AFTER_SITE)
    }

    /// Whether a village's bare name stands for it: 葛家3组, 葛家; not 天合家园.
    pub fn ends_bare(&self, spot: &Spot<'_>) -> bool {
        if matches!(self.text.chars[spot.end - 1], '路' | '街' | '道' | '巷' | '弄') {
            return self.text.len() == spot.end && spot.start == 0;
        }
        let next = self.text.chars.get(spot.end);
        self.text.closes(spot.end)
            || next.is_some_and(char::is_ascii_digit)
            || ["组", "一组", "二组", "三组", "四组", "五组", "六组", "七组", "八组", "九组", "十组"]
                .iter()
                .any(|word| self.text.starts_with(spot.end, word))
    }

    /// The spot that begins where this one ends.
    pub fn next_to(&self, spot: &Spot<'_>) -> Option<&Spot<'g>> {
        self.spots.iter().find(|s| s.start == spot.end)
    }

    /// The spot under which this one is named: 无锡市 of 无锡市国家级高新区, the field before of 无锡市|高新区.
    pub fn above(&self, spot: &Spot<'_>) -> Option<&Spot<'g>> {
        let mut end = spot.start;
        loop {
            // Spots do not overlap, so that they stand in the order of their ends too.
            if let Ok(above) = self.spots.binary_search_by_key(&end, |s| s.end) {
                return self.spots.get(above);
            }
            let joint =
                end.checked_sub(1).is_some_and(|at| joins(self.text.chars[at]) || is_comma(self.text.chars[at]));
            let grade = GRADES.iter().find(|grade| self.text.ends_with(end, grade));
            end -= if joint { 1 } else { grade?.chars().count() };
        }
    }

    /// How the short name of a township is used: for it, or as a part of another name (慈城大酒店, 洪塘中路).
    pub fn short(&self, spot: &Spot<'_>) -> Short {
        if !matches!(spot.left, Left::Clean | Left::Bound) {
            return Short::Part;
        }
        let stands = self.beside_own_site(spot)
            || self.text.closes(spot.end) && !self.names_nature(spot)
            || self.text.starts_with_any(spot.end, HERE)
            || self.names_public(spot)
            || self.goes_on_as_address(spot);
        if stands { Short::Stands } else { Short::Part }
    }

    /// A village or community follows by a name with a suffix.
    pub fn beside_site(&self, spot: &Spot<'_>) -> bool {
        let named = |s: &Sense| s.rank == Rank::Site && s.form != Form::Bare;
        self.next_to(spot).is_some_and(|n| matches!(n.means, Means::Ours(senses) if senses.iter().any(named)))
    }

    /// A village or community follows; if it is another township's, that is a contradiction and not a longer name.
    fn beside_own_site(&self, spot: &Spot<'_>) -> bool {
        let Some(next) = self.next_to(spot) else { return false };
        let Means::Ours(senses) = next.means else { return false };
        senses.iter().any(|s| s.rank == Rank::Site && (s.form != Form::Bare || shares_township(spot, &s.code)))
    }

    /// 渠江 is the river sooner than the township; 南山 is some mountain unless the county stands before it.
    fn names_nature(&self, spot: &Spot<'_>) -> bool {
        let county = |s: &Spot<'_>| s.end == spot.start && is_county(s);
        match self.text.chars[spot.end - 1] {
            '江' | '河' => true,
            '山' | '湖' | '海' | '溪' | '岛' => !self.spots.iter().any(county),
            _ => false,
        }
    }

    /// 慈城中心小学. A township named for a river shares its name with what lies along the river.
    fn names_public(&self, spot: &Spot<'_>) -> bool {
        let river = matches!(self.text.chars[spot.end - 1], '江' | '河' | '湖' | '海' | '溪');
        self.text.starts_with_any(spot.end, OFFICE) || !river && self.text.starts_with_any(spot.end, PUBLIC)
    }

    /// What follows has a name of its own of two characters or more and ends as an address does.
    fn goes_on_as_address(&self, spot: &Spot<'_>) -> bool {
        let like_a_street = matches!(self.text.chars[spot.end - 1], '街' | '路' | '口' | '站');
        for own in 0..12 {
            let at = spot.end + own;
            if self.text.closes(at) || self.text.starts_with_any(at, FIRM) {
                return false;
            }
            if self.text.starts_with_any(at, STREET) || self.text.starts_with_any(at, DWELLING) {
                let named = self.text.chars[spot.end..at].iter().filter(|c| is_han(**c)).count();
                return named >= 2 && !like_a_street;
            }
        }
        false
    }

    /// Whether the text names a township that the directory does not know. Beside one that is known, what is said to
    /// have been before does not count.
    pub fn names_unknown_township(&self, beside_known: bool) -> bool {
        let counts = |start: usize| !(beside_known && self.text.ends_with_any(start, FORMER));
        (0..self.text.len())
            .filter_map(|at| self.unknown_township(at))
            .any(|start| counts(start) && !self.is_aside(start))
    }

    /// One that goes on from a place set aside is set aside with it: 靠近余姚市三七市镇.
    fn is_aside(&self, start: usize) -> bool {
        let aside = |s: &Spot<'_>| matches!(self.role(s), Role::Residence | Role::Relative);
        self.spots.iter().any(|s| s.end == start && aside(s))
    }

    /// Where the name of a township not known begins, if one ends with the suffix at `at`.
    fn unknown_township(&self, at: usize) -> Option<usize> {
        let (ending, most) = match self.text.chars.get(at)? {
            '街' if self.text.starts_with(at, "街道") => (2, usize::MAX),
            '镇' | '乡' => (1, 3),
            _ => return None,
        };
        let explained = self.spots.iter().any(|s| s.start <= at && at < s.end);
        let goes_on = ending == 1 && self.text.starts_with_any(at + 1, NOT_AFTER_TOWNSHIP);
        if explained || goes_on || self.text.ends_with_any(at + ending, NO_TOWNSHIP) {
            return None;
        }
        if let Some(bare) = self.spots.iter().find(|s| s.end == at && at > 0) {
            // 璜塘镇, of which only the village 璜塘 is known; 江阴市街道 names none.
            return bare.is_bare().then_some(bare.start);
        }
        let start = self.word_start(at);
        (2..=most).contains(&(at - start)).then_some(start)
    }

    /// Where the run of unexplained Han characters before `end` begins.
    fn word_start(&self, end: usize) -> usize {
        let floor = self.spots.iter().filter(|s| s.end <= end).map(|s| s.end).max().unwrap_or(0);
        let mut start = end;
        while start > floor && !self.text.opens(start) && !self.opens_word(start, floor) {
            start -= 1;
        }
        start
    }

    /// Whether a name of a county or city outside stands at this spot as a place; in fields a short one is enough.
    pub fn is_elsewhere(&self, at: usize, fields: bool) -> bool {
        let spot = &self.spots[at];
        if matches!(self.role(spot), Role::Residence | Role::Relative) || spot.left == Left::Lone {
            return false;
        }
        match spot.means {
            Means::Ours(senses) => senses.iter().all(|s| s.rank == Rank::Elsewhere),
            Means::China(known) if is_own(known, self.gazetteer) => false,
            Means::China(known) => {
                let ends = !self.text.starts_with_any(spot.end, NOT_AFTER_COUNTY);
                let whole = known.iter().any(|k| k.full) && spot.left != Left::Murky;
                ends && (whole || fields && self.fills_field(spot) || self.is_in_a_path(at, known))
            }
        }
    }

    /// Whether a running text says of a name that the matter is there: 鄞州区路灯坏了, 在镇海区; not 老板是鄞州区的.
    pub fn is_placed(&self, spot: &Spot<'_>) -> bool {
        let start = self.spots.iter().find(|s| s.chain == spot.chain).map_or(spot.start, |s| s.start);
        self.role(spot) == Role::Site || self.text.opens(start) || self.text.ends_with(start, "在")
    }

    /// 杭州余杭, 宁波海曙, 鄞州下应街道: a short name that those beside it make a county's.
    fn is_in_a_path(&self, at: usize, known: &[Known]) -> bool {
        let spot = &self.spots[at];
        let contains =
            |upper: &[Known], lower: &DivisionCode| upper.iter().any(|u| u.code != *lower && u.code.contains(lower));
        let china_at = |s: &Spot<'g>| match s.means {
            Means::China(known) => known,
            Means::Ours(_) => china::named(&self.text.chars[s.start..s.end]),
        };
        let before = at.checked_sub(1).map(|b| &self.spots[b]).filter(|b| b.end == spot.start);
        let under_before = before.is_some_and(|b| known.iter().any(|k| contains(china_at(b), &k.code)));
        let over_next = self.next_to(spot).is_some_and(|n| china_at(n).iter().any(|k| contains(known, &k.code)));
        let opens = spot.left != Left::Murky;
        under_before || opens && (over_next || self.township_follows(spot))
    }

    fn township_follows(&self, spot: &Spot<'g>) -> bool {
        let named = |s: &Spot<'_>| matches!(s.means, Means::Ours(senses) if senses.iter().any(|s| s.rank == Rank::Township && s.form != Form::Bare));
        self.next_to(spot).is_some_and(named)
            || (spot.end + 2..spot.end + 5).any(|at| self.unknown_township(at) == Some(spot.end))
    }

    /// Whether the spot stands in one path with the one outside before it: 昆山市周庄镇, 重庆市江北区; not 台州市江北区,
    /// which is nowhere.
    pub fn in_path_of(&self, spot: &Spot<'_>, outside: &Spot<'_>) -> bool {
        let under = |upper: &[Known]| {
            let named = china::named(&self.text.chars[spot.start..spot.end]);
            named.iter().any(|n| upper.iter().any(|u| u.code.contains(&n.code)))
        };
        let nests = match outside.means {
            Means::China(upper) if is_county(spot) => under(upper),
            Means::China(_) | Means::Ours(_) => true,
        };
        spot.chain == outside.chain && spot.start >= outside.end && nests
    }
}

/// Between a city and what is named under it: 无锡国家级高新区.
const GRADES: [&str; 6] = ["国家级", "国家", "省级", "市级", "级", "的"];

/// Whether a sign joins the names of one path.
fn joins(c: char) -> bool {
    matches!(c, '-' | '/' | '·' | '>' | '—' | '_')
}

fn is_comma(c: char) -> bool {
    matches!(c, '|' | ',' | '，' | '、')
}

fn is_county(spot: &Spot<'_>) -> bool {
    matches!(spot.means, Means::Ours(senses) if senses[0].rank == Rank::County)
}

fn is_site(spot: &Spot<'_>) -> bool {
    matches!(spot.means, Means::Ours(senses) if senses[0].rank == Rank::Site)
}

fn shares_township(spot: &Spot<'_>, code: &DivisionCode) -> bool {
    matches!(spot.means, Means::Ours(senses) if senses.iter().any(|s| s.rank == Rank::Township && s.code.contains(code)))
}

/// The names in a text that do not overlap: whole names before short ones, longer before shorter.
fn find<'g>(text: &Text, gazetteer: &'g Gazetteer) -> Vec<Spot<'g>> {
    let mut met = Vec::new();
    for at in 0..text.len() {
        if !is_han(text.chars[at]) && is_mark(text.chars[at]) {
            continue;
        }
        // 王村畈 is none of 王村 though only the latter is a whole name: longest first, a shorter one is no surer.
        let mut least = Form::Full;
        for (len, senses) in gazetteer.at(&text.chars, at) {
            let site = senses[0].rank == Rank::Site;
            least = if site { least.max(senses[0].form) } else { senses[0].form };
            met.push((2 * least as u8, len, at, Means::Ours(senses)));
        }
        for (len, known) in china::at(&text.chars, at) {
            let weight = if known.iter().any(|k| k.full) { 1 } else { 5 };
            met.push((weight, len, at, Means::China(known)));
        }
    }
    met.sort_by_key(|(weight, len, at, _)| (*weight / 2, Reverse(*len), *at, *weight));
    let mut taken = vec![false; text.len()];
    let mut spots = Vec::new();
    for (_, len, start, means) in met {
        let end = start + len;
        if !taken[start..end].contains(&true) {
            taken[start..end].fill(true);
            spots.push(Spot { start, end, means, left: Left::Clean, chain: 0 });
        }
    }
    spots.sort_by_key(|s| s.start);
    spots
}
