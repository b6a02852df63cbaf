//! Lists of words as officials edit them: the ones that ship with the binary, and what a directory's own file adds,
//! changes or takes away. A word of the directory's file replaces every line of that word that ships with the binary.

use std::collections::BTreeSet;
use std::ops::Range;

use huiliu_schemas::decision::WordRef;
use memchr::memmem::Finder;

use crate::directory::problem::Problem;
use crate::directory::table::{Column, Row, rows};

/// A line of a list.
#[derive(Debug, Clone)]
pub(crate) struct Listed<T> {
    /// The word as the list has it.
    pub word: String,
    /// Where its parts may stand apart.
    pub gapped: Option<Gapped>,
    /// What the line says of it.
    pub says: T,
    /// Line in its file.
    pub line: u32,
    /// Whether it stands in the directory's own file.
    pub own: bool,
}

impl<T> Listed<T> {
    /// The line, as a decision cites it.
    pub fn cite(&self, file: &str) -> WordRef {
        let file = if self.own { file.to_owned() } else { format!("内置 {file}") };
        WordRef { file, line: self.line, word: self.word.clone() }
    }
}

/// Reads the built-in list and the directory's own, which wins word by word.
pub(crate) fn read<T: Clone>(
    file: &'static str,
    built_in: &str,
    own: Option<&str>,
    columns: &'static [Column],
    problems: &mut Vec<Problem>,
    read_row: impl Fn(&Row<'_>, &mut Vec<Problem>) -> Option<T>,
) -> Vec<Listed<T>> {
    let mut lines = |text: &str, own: bool| -> Vec<Listed<T>> {
        let found = rows(file, text, columns, problems);
        let listed = |row: &Row<'_>, problems: &mut Vec<Problem>| -> Vec<Listed<T>> {
            let Some(says) = read_row(row, problems) else { return Vec::new() };
            let listed = |word: &str| {
                let gapped = Gapped::read(word);
                Listed { word: word.to_owned(), gapped, says: says.clone(), line: row.line, own }
            };
            spellings(row.text("word")).into_iter().map(listed).collect()
        };
        found.iter().flat_map(|row| listed(row, problems)).collect()
    };
    let theirs = own.map(|text| lines(text, true)).unwrap_or_default();
    let replaced: BTreeSet<&str> = theirs.iter().map(|l| l.word.as_str()).filter(|w| !w.is_empty()).collect();
    let shipped =
        lines(built_in, false).into_iter().filter(|l| !replaced.contains(l.word.as_str())).collect::<Vec<_>>();
    shipped.into_iter().chain(theirs).collect()
}

/// A line's words: 溺水|落水 are two, each to be replaced by itself; a word with gaps is one in all its spellings.
fn spellings(word: &str) -> Vec<&str> {
    if is_gapped(word) { vec![word] } else { word.split(OR).collect() }
}

/// The mark in a listed word for a gap of some characters in the same sentence: 再不…堵.
const GAP: char = '…';
/// The mark for a gap of very few characters in the same clause: 拎+刀.
pub(crate) const NEAR: char = '+';
/// The mark between spellings of the same: 拿|拎|提+刀|斧头.
pub(crate) const OR: &str = "|";
/// How many characters a gap may be wide.
const GAP_WIDTH: usize = 16;
const NEAR_WIDTH: usize = 6;

/// Whether the parts of a listed word may stand apart.
fn is_gapped(word: &str) -> bool {
    word.contains([GAP, NEAR])
}

/// What a listed word begins with, in each of its spellings.
pub(crate) fn heads(word: &str) -> impl Iterator<Item = &str> {
    word.split([GAP, NEAR]).next().unwrap_or_default().split(OR)
}

/// A listed word whose parts may stand apart, ready to be looked for.
#[derive(Debug, Clone)]
pub(crate) struct Gapped {
    heads: Vec<String>,
    parts: Vec<Part>,
    /// Whether one of its gaps is of very few characters.
    pub near: bool,
}

/// A part behind a gap.
#[derive(Debug, Clone)]
struct Part {
    /// How wide the gap may be, in characters.
    width: usize,
    /// What ends where it is looked for.
    ends: fn(char) -> bool,
    spelled: Vec<Finder<'static>>,
    /// How many characters the longest of these has.
    longest: usize,
}

impl Gapped {
    fn read(word: &str) -> Option<Self> {
        let marks = word.matches([GAP, NEAR]).map(|mark| mark.starts_with(NEAR));
        let parts: Vec<Part> =
            marks.zip(word.split([GAP, NEAR]).skip(1)).map(|(near, part)| Part::new(near, part)).collect();
        let heads = heads(word).map(str::to_owned).collect();
        is_gapped(word).then_some(Self { heads, parts, near: word.contains(NEAR) })
    }

    /// Where the last part stands in `rest`, which begins with the first; none where the other parts do not follow.
    pub fn last_in(&self, rest: &str) -> Option<Range<usize>> {
        let head = self.heads.iter().filter(|head| rest.starts_with(head.as_str())).map(String::len).max()?;
        self.parts.iter().try_fold(0..head, |before, part| part.find(rest, before.end))
    }

    /// Where the word ends in `rest`, which begins with its first part.
    pub fn end_in(&self, rest: &str) -> Option<usize> {
        self.last_in(rest).map(|last| last.end)
    }
}

impl Part {
    fn new(near: bool, part: &str) -> Self {
        let (width, ends): (_, fn(char) -> bool) =
            if near { (NEAR_WIDTH, ends_clause) } else { (GAP_WIDTH, ends_sentence) };
        let longest = part.split(OR).map(|s| s.chars().count()).max().unwrap_or_default();
        Self { width, ends, spelled: part.split(OR).map(|s| Finder::new(s).into_owned()).collect(), longest }
    }

    /// Where the first and longest of its spellings stands behind `from`.
    fn find(&self, rest: &str, from: usize) -> Option<Range<usize>> {
        let tail = &rest[from..];
        let tail = tail.char_indices().nth(self.width + self.longest).map_or(tail, |(at, _)| &tail[..at]);
        let tail = tail.find(self.ends).map_or(tail, |stop| &tail[..stop]);
        let met = self.spelled.iter().filter_map(|s| Some((s.find(tail.as_bytes())?, s.needle().len())));
        let within = met.filter(|(at, _)| tail[..*at].chars().count() <= self.width);
        let (at, length) = within.min_by_key(|(at, length)| (*at, std::cmp::Reverse(*length)))?;
        Some(from + at..from + at + length)
    }
}

/// Whether a sentence ends with this character.
pub(crate) fn ends_sentence(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '!' | '?' | '；' | ';' | '\n' | '\r' | '~')
}

/// Whether a clause ends with this character.
pub(crate) fn ends_clause(c: char) -> bool {
    ends_sentence(c) || matches!(c, '，' | ',' | '：' | ':' | '（' | '）' | '(' | ')' | ' ' | '\u{3000}' | '\t' | '…')
}

/// A stretch between two marks of punctuation.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub at: Range<usize>,
    pub sentence: usize,
}

/// Whoever writes without punctuation is read in stretches of this many bytes.
const LONGEST_CLAUSE: usize = 360;

/// How much is read of either end of a text, in characters. Nobody writes so much about one matter; what is longer was
/// put together by a machine, and what counts in it stands where it begins or where it ends.
const MOST_OF_AN_END: usize = 20_000;

/// What is read of a text: all of it, or its two ends where it is longer than they are.
pub(crate) fn read_of(text: &str) -> impl Iterator<Item = &str> {
    let head = text.char_indices().nth(MOST_OF_AN_END).map_or(text.len(), |(at, _)| at);
    let (head, rest) = text.split_at(head);
    let tail = rest.char_indices().nth_back(MOST_OF_AN_END - 1).map_or(0, |(at, _)| at);
    [head, &rest[tail..]].into_iter().filter(|end| !end.is_empty())
}

/// A text as its clauses.
pub(crate) fn clauses(text: &str) -> Vec<Clause> {
    let mut all = Vec::new();
    let (mut start, mut sentence) = (0, 0);
    for (at, c) in text.char_indices() {
        if ends_clause(c) {
            all.push(Clause { at: start..at, sentence });
            start = at + c.len_utf8();
            sentence += usize::from(ends_sentence(c));
        } else if at - start > LONGEST_CLAUSE {
            all.push(Clause { at: start..at, sentence });
            start = at;
        }
    }
    all.push(Clause { at: start..text.len(), sentence });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_whole_or_from_both_ends() {
        let read = |text: &str| read_of(text).map(|end| end.chars().count()).collect::<Vec<_>>();
        assert_eq!(read("跳楼"), [2]);
        assert!(read("").is_empty());
        assert_eq!(read(&"楼".repeat(MOST_OF_AN_END + 5)), [MOST_OF_AN_END, 5]);
        let long = format!("甲{}乙", "楼".repeat(10 * MOST_OF_AN_END));
        assert_eq!(read(&long), [MOST_OF_AN_END; 2]);
        assert!(read_of(&long).next().is_some_and(|head| head.starts_with('甲')));
        assert!(read_of(&long).last().is_some_and(|tail| tail.ends_with('乙')));
    }

    fn end_of_gapped(word: &str, rest: &str) -> Option<usize> {
        Gapped::read(word).expect("it has gaps").end_in(rest)
    }

    #[test]
    fn gaps_stay_within_a_sentence_and_a_few_characters() {
        assert_eq!(end_of_gapped("回复…没有", "回复说没有"), Some("回复说没有".len()));
        assert_eq!(end_of_gapped("回复…没有", "回复了。没有"), None);
        assert_eq!(end_of_gapped("回复…没有", &format!("回复{}没有", "了".repeat(40))), None);
        assert_eq!(end_of_gapped("再不…就…", "再不管就"), Some("再不管就".len()));
        assert_eq!(end_of_gapped("拎+刀", "拎着一把菜刀"), Some("拎着一把菜刀".len()));
        assert_eq!(end_of_gapped("拎+刀", "拎着，刀"), None);
        assert_eq!(end_of_gapped("拎+刀", "拎着一大袋刚买来的刀"), None);
    }

    #[test]
    fn of_several_spellings_the_first_and_longest_is_met() {
        let gapped = Gapped::read("拿|拎着+刀|斧|斧头").expect("it has a gap");
        let met = |rest: &'static str| gapped.last_in(rest).map(|at| &rest[at]);
        assert_eq!(met("拎着斧头和刀"), Some("斧头"));
        assert_eq!(met("拿了把刀"), Some("刀"));
        assert_eq!(met("提着刀"), None);
        assert_eq!(heads("拿|拎着+刀").collect::<Vec<_>>(), ["拿", "拎着"]);
        assert_eq!(spellings("溺水|落水"), ["溺水", "落水"]);
    }
}
