//! The homes of persons in a text: the name above the door and the numbers of the door, however building, unit and room are
//! set off. 3幢301室 is 3栋301, 3-301 and 三幢301室.

use std::ops::Range;

use super::fold::half_width;
use super::hide::{Glyph, glyphs, is_joined, is_part, is_written};

/// An address begins anew behind each of these: who writes it down may leave out what is above.
const ADMINISTRATIVE: [char; 9] = ['省', '市', '区', '县', '镇', '乡', '道', '村', '州'];
/// What stands behind the numbers of a door.
const UNITS: [char; 18] =
    ['号', '楼', '幢', '栋', '座', '单', '元', '弄', '巷', '组', '队', '院', '门', '层', '室', '房', '户', '#'];
/// Whoever writes down a number may choose among these.
const ALIKE: [&str; 8] = ["号楼", "幢", "栋", "座", "#", "号", "室", "房"];
/// A name behind a number with one of these is that of the home; behind 幢 it is that of a part of the building.
const OUTSIDE: [char; 3] = ['号', '弄', '组'];
/// With none but these before it, a door alone does not stand behind another's name.
const LEADS: [char; 8] = ['住', '在', '家', '是', '于', '为', '到', '址'];
const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
/// Fewer characters of an address are no home.
const SHORTEST_HOME: usize = 5;
/// Fewer characters above the door are the rest of a name that was cut: 路 of 杭州路.
const SHORTEST_NAME: usize = 2;
/// What a number counts that stands before it, where it is none of the units of a door.
const COUNTED: [char; 16] =
    ['月', '年', '日', '时', '点', '个', '人', '路', '次', '米', '间', '天', '万', '名', '位', '岁'];
/// A home is at the end of its address or of a part of it, and who wrote a longer one, or more parts, meant something else.
const MOST_GLYPHS: usize = 120;
const MOST_PARTS: usize = 8;

/// Where somebody lives, as it is compared.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Home {
    /// The estate, village or road.
    name: Vec<char>,
    /// So many characters of the name stand above any number, but for one it begins with.
    place: usize,
    /// Of building, unit and room, or of the house.
    door: Vec<Vec<char>>,
    /// What stands behind the last of them.
    unit: String,
}

/// A home in a text.
pub(super) struct Found {
    pub(super) all: Range<usize>,
    pub(super) door: Range<usize>,
}

impl Home {
    /// What an address says with and without what it remarks in brackets or behind a comma.
    pub(super) fn all_in(address: &str) -> Vec<Self> {
        let plain = without_remarks(address);
        let remarks = (plain != address).then_some(address);
        let parts = plain.rsplit(['，', ',', '；', ';', '。']).take(MOST_PARTS);
        let read = |address| {
            let glyphs = glyphs(address);
            Self::read(&counted(&glyphs[glyphs.len().saturating_sub(MOST_GLYPHS)..]))
        };
        [Some(plain.as_str()), remarks].into_iter().flatten().chain(parts).flat_map(read).collect()
    }

    /// The last door is that of the home, or of what is near: then the home's says both building and room.
    fn read(address: &[Glyph]) -> Vec<Self> {
        let mut homes: Vec<Self> = Vec::new();
        let mut above = address;
        while let Some(door) = last_door(above) {
            let home = Self::at(&address[..door.end], door.start);
            homes.extend(home.filter(|home| homes.is_empty() || home.door.len() > 1));
            above = &address[..door.start];
        }
        homes
    }

    /// The shortest end of an address that is a home with a name above the door: whatever is written above it ends with it.
    fn at(address: &[Glyph], door: usize) -> Option<Self> {
        let long_enough = |at: &usize| door - at >= SHORTEST_NAME && address.len() - at >= SHORTEST_HOME;
        let mut begins = (1..door).rev().filter(|at| begins_anew(address, *at));
        let name = begins.find(long_enough).unwrap_or(0);
        (address.len() - name >= SHORTEST_HOME).then(|| Self::between(&address[name..door], &address[door..]))
    }

    fn between(name: &[Glyph], door: &[Glyph]) -> Self {
        let units = door.iter().rev().take_while(|glyph| is_unit(glyph)).count();
        let (numbers, unit) = door.split_at(door.len() - units);
        let is_one = |a: &Glyph, b: &Glyph| !is_unit(a) && !is_unit(b) && a.end == b.start;
        let numbers = numbers.chunk_by(is_one).filter(|number| !is_unit(&number[0]));
        let is_number = |at: &usize| name[*at].folded.is_ascii_digit();
        let place = (SHORTEST_NAME..name.len()).find(is_number).unwrap_or(name.len());
        Self {
            name: folded(name),
            place,
            door: numbers.map(folded).collect(),
            unit: unit.iter().map(|glyph| glyph.folded).collect(),
        }
    }

    /// Where it stands in a text.
    pub(super) fn find(&self, text: &[Glyph]) -> Vec<Found> {
        (0..text.len()).filter_map(|at| self.stands(text, at).or_else(|| self.stands_alone(text, at))).collect()
    }

    fn stands(&self, text: &[Glyph], at: usize) -> Option<Found> {
        let door = at + self.name.len();
        if !is_there(text, at, &self.name) {
            return None;
        }
        let end = self.end(text, door, self.door.len() > 1)?;
        let bytes = |from: usize| text[from].start..text[end - 1].end;
        Some(Found { all: bytes(at), door: bytes(at + self.place) })
    }

    /// The door alone is another's as well, unless it says both building and room.
    fn stands_alone(&self, text: &[Glyph], at: usize) -> Option<Found> {
        let lead = at.checked_sub(1).map(|before| text[before].folded);
        if self.door.len() < 2 || lead.is_some_and(|c| c.is_alphanumeric() && !LEADS.contains(&c)) {
            return None;
        }
        let end = self.end(text, at, false).filter(|end| text[at..*end].iter().any(is_unit))?;
        let bytes = text[at].start..text[end - 1].end;
        Some(Found { all: bytes.clone(), door: bytes })
    }

    /// Where the door ends that begins here. What goes on behind it may count something else, as 5组 and 118路 do.
    fn end(&self, text: &[Glyph], at: usize, is_sure: bool) -> Option<usize> {
        let end = end_of_door(text, at, &self.door)?;
        let unit = self.unit_before(&text[end..]);
        (is_sure || unit > 0 || !counts(&text[end..])).then_some(end + unit)
    }

    /// How long the unit is that stands here, as the home has it or another may write it.
    fn unit_before(&self, text: &[Glyph]) -> usize {
        let units: String = text.iter().take_while(|glyph| is_unit(glyph)).map(|glyph| glyph.folded).collect();
        let own = Some(self.unit.as_str()).filter(|unit| !unit.is_empty());
        let is_alike = own.is_none_or(|own| ALIKE.iter().any(|unit| own.starts_with(unit)));
        let alike = ALIKE.into_iter().filter(|_| is_alike);
        // 3号 is short for 3号楼, and 3号门 is a gate.
        let is_whole = |unit: &str| unit != "号" || own.is_none_or(|own| own == unit) || units == unit;
        let told = own.into_iter().chain(alike).find(|unit| units.starts_with(unit) && is_whole(unit));
        told.map_or(0, |unit| unit.chars().count())
    }
}

/// Numbers, and what stands between and behind them.
fn last_door(address: &[Glyph]) -> Option<Range<usize>> {
    let last = address.iter().rposition(|glyph| glyph.folded.is_ascii_digit())?;
    let end = last + 1 + address[last + 1..].iter().take_while(|glyph| is_of_door(glyph)).count();
    let run = end - address[..end].iter().rev().take_while(|glyph| is_of_door(glyph)).count();
    let begin = address[run..end].iter().position(|glyph| glyph.folded.is_ascii_digit())?;
    Some(run + begin..end)
}

/// Whoever writes down a door may leave out the number between building and room, or be the only one to give it.
fn end_of_door(text: &[Glyph], at: usize, door: &[Vec<char>]) -> Option<usize> {
    let (number, rest) = door.split_first()?;
    let end = at + number.len();
    if !is_there(text, at, number) {
        return None;
    }
    if rest.is_empty() {
        return Some(end);
    }
    let next = beyond_units(text, end);
    let left_out = || rest.get(1..).filter(|room| room.len() == 1).and_then(|room| end_of_door(text, next, room));
    let told_more = || (rest.len() == 1).then(|| end_of_door(text, beyond_number(text, next), rest)).flatten();
    end_of_door(text, next, rest).or_else(left_out).or_else(told_more)
}

fn beyond_units(text: &[Glyph], at: usize) -> usize {
    at + text[at..].iter().take_while(|glyph| is_unit(glyph)).count()
}

fn beyond_number(text: &[Glyph], at: usize) -> usize {
    let number = text[at..].chunk_by(is_joined).next();
    let digits = number.filter(|number| number[0].folded.is_ascii_digit());
    beyond_units(text, at + digits.map_or(0, <[Glyph]>::len))
}

fn is_there(text: &[Glyph], at: usize, written: &[char]) -> bool {
    is_written(written, text, at) && !is_part(text, at..at + written.len())
}

fn begins_anew(address: &[Glyph], at: usize) -> bool {
    let before = address[at - 1].folded;
    // 小区 is where people live.
    let is_below = ADMINISTRATIVE.contains(&before) && (at < 2 || address[at - 2].folded != '小');
    is_below || OUTSIDE.contains(&before) && at > 1 && address[at - 2].folded.is_ascii_digit()
}

/// An address without what it says in brackets, unless that is of the door: 3幢(301)室.
fn without_remarks(address: &str) -> String {
    let is_bracket = |c| matches!(half_width(c), '(' | ')' | '[' | ']' | '【' | '】');
    let is_of_door =
        |piece: &str| piece.chars().map(half_width).all(|c| c.is_ascii_alphanumeric() || UNITS.contains(&c));
    let pieces = address.split(is_bracket).enumerate().filter(|(n, piece)| n % 2 == 0 || is_of_door(piece));
    pieces.map(|(_, piece)| piece).collect::<Vec<_>>().join("-")
}

/// With the Chinese numerals of doors as digits.
pub(super) fn counted(glyphs: &[Glyph]) -> Vec<Glyph> {
    let mut counted: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    let mut rest = glyphs;
    while let Some(first) = rest.first() {
        let (numeral, behind) = rest.split_at(rest.iter().take_while(|glyph| is_numeral(glyph.folded)).count());
        let is_of_door = behind.first().is_some_and(is_unit) || ends_in_unit(&counted);
        match number(numeral).filter(|_| is_of_door) {
            Some(number) => {
                counted.extend(number.chars().map(|folded| Glyph { folded, start: first.start, end: first.start }));
                if let Some((digit, glyph)) = counted.last_mut().zip(numeral.last()) {
                    digit.end = glyph.end;
                }
                rest = behind;
            }
            None => {
                let plain = numeral.len().max(1);
                counted.extend_from_slice(&rest[..plain]);
                rest = &rest[plain..];
            }
        }
    }
    counted
}

/// Behind the unit of a number: 3幢三〇一, and not 住户五一.
fn ends_in_unit(counted: &[Glyph]) -> bool {
    let units = counted.iter().rev().take_while(|glyph| is_unit(glyph)).count();
    let number = counted[..counted.len() - units].last();
    units > 0 && number.is_some_and(|glyph| glyph.folded.is_ascii_alphanumeric())
}

/// 三〇一 by its places, 十二 by its value.
fn number(numeral: &[Glyph]) -> Option<String> {
    let digit = |c: char| DIGITS.iter().position(|digit| *digit == c).or((c == '〇').then_some(0));
    if numeral.iter().all(|glyph| digit(glyph.folded).is_some()) {
        return (!numeral.is_empty())
            .then(|| numeral.iter().filter_map(|g| digit(g.folded)).map(|d| d.to_string()).collect());
    }
    let (mut sum, mut ones) = (0, None);
    for glyph in numeral {
        match glyph.folded {
            '百' => sum += ones.take()? * 100,
            '十' => sum += ones.take().filter(|ones| *ones > 0).unwrap_or(1) * 10,
            c => ones = digit(c),
        }
    }
    Some((sum + ones.unwrap_or(0)).to_string())
}

fn is_numeral(c: char) -> bool {
    DIGITS.contains(&c) || matches!(c, '〇' | '十' | '百')
}

fn is_unit(glyph: &Glyph) -> bool {
    UNITS.contains(&glyph.folded)
}

/// Whether what stands behind a number makes it the number of something else; 门口 is before the door.
fn counts(behind: &[Glyph]) -> bool {
    let Some(first) = behind.first() else { return false };
    let is_doorstep = first.folded == '门' && behind.get(1).is_some_and(|next| next.folded == '口');
    !is_doorstep && (is_of_door(first) || COUNTED.contains(&first.folded))
}

fn is_of_door(glyph: &Glyph) -> bool {
    glyph.folded.is_ascii_alphanumeric() || is_unit(glyph)
}

fn folded(glyphs: &[Glyph]) -> Vec<char> {
    glyphs.iter().map(|glyph| glyph.folded).collect()
}
