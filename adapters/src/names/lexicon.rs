//! `names.csv` as it is looked up, with the pinyin of its Chinese words.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::ToPinyin;

/// What stands before a meaning whose names are told by how they end.
const ENDING: &str = "ending.";

/// The words, and how they are found.
pub(super) struct Lexicon {
    /// Name → its meanings, in the file's order.
    pub(super) names: HashMap<String, Vec<&'static str>>,
    /// The initials of Chinese names that are not names themselves.
    pub(super) initials: HashMap<String, Vec<&'static str>>,
    pub(super) reporter: Vec<String>,
    pub(super) respondent: Vec<String>,
    /// Those who handle the case; what is said of them is nobody's of ours.
    pub(super) other: Vec<String>,
    /// What stands before the number of another case.
    pub(super) elsewhere: Vec<String>,
    pub(super) before: Vec<String>,
    pub(super) after: Vec<&'static str>,
    /// Abbreviations and other words for the same → the word that the names are made of.
    pub(super) same: HashMap<&'static str, &'static str>,
    /// How names of a field end, where nobody knows the whole name.
    pub(super) endings: Vec<(&'static str, &'static str)>,
}

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| read(include_str!("../names.csv")));

fn read(text: &'static str) -> Lexicon {
    let lines = || text.lines().skip(1).filter_map(|line| line.split_once(','));
    let listed = |what: &str| {
        let mut list: Vec<&str> =
            lines().filter(|(name, _)| *name == what).flat_map(|(_, names)| names.split_whitespace()).collect();
        list.sort_by_key(|name| std::cmp::Reverse(name.len()));
        list
    };
    let is_meaning = |what: &str| {
        !["role.", "word.", ENDING].iter().any(|start| what.starts_with(start))
            && !matches!(what, "before" | "after" | "elsewhere")
    };
    let each = || {
        lines()
            .filter(|(what, _)| is_meaning(what))
            .flat_map(|(what, list)| list.split_whitespace().map(move |name| (what, name)))
    };
    let mut names: HashMap<String, Vec<&str>> = HashMap::new();
    each().for_each(|(what, name)| names.entry(name.to_owned()).or_default().push(what));
    let mut initials: HashMap<String, Vec<&str>> = HashMap::new();
    for (what, (whole, first)) in
        each().flat_map(|(what, name)| pinyin_of(name).into_iter().map(move |read| (what, read)))
    {
        for (map, name) in [(&mut names, whole), (&mut initials, first)] {
            let meanings = map.entry(name).or_default();
            if !meanings.contains(&what) {
                meanings.push(what);
            }
        }
    }
    initials.retain(|name, _| name.len() >= LEAST_INITIALS && !names.contains_key(name));
    let endings = lines().filter_map(|(what, list)| Some((what.strip_prefix(ENDING)?, list)));
    Lexicon {
        names,
        initials,
        reporter: with_pinyin(&listed("role.reporter")),
        respondent: with_pinyin(&listed("role.respondent")),
        other: with_pinyin(&listed("role.other")),
        elsewhere: with_pinyin(&listed("elsewhere")),
        before: with_pinyin(&listed("before")),
        after: listed("after"),
        same: lines()
            .filter_map(|(what, list)| Some((what.strip_prefix("word.")?, list)))
            .flat_map(|(word, list)| list.split_whitespace().map(move |other| (other, word)))
            .collect(),
        endings: endings.flat_map(|(what, list)| list.split_whitespace().map(move |end| (end, what))).collect(),
    }
}

/// Fewer initials than this are too much like anything else.
const LEAST_INITIALS: usize = 3;

/// A Chinese name in pinyin, in full and by its initials; twice where a character of it has two readings (调解 and 调查).
fn pinyin_of(name: &str) -> Vec<(String, String)> {
    const SECOND: [(char, &str); 2] = [('调', "tiao"), ('重', "chong")];
    let second = |c: char| SECOND.iter().find(|(known, _)| *known == c).map(|(_, reading)| *reading);
    let read = |with: &dyn Fn(char) -> Option<&'static str>| -> Option<(String, String)> {
        let syllables: Vec<&str> =
            name.chars().map(|c| with(c).or_else(|| Some(c.to_pinyin()?.plain()))).collect::<Option<_>>()?;
        Some((syllables.concat(), syllables.iter().filter_map(|syllable| syllable.chars().next()).collect()))
    };
    let both = name.chars().any(|c| second(c).is_some());
    read(&|_| None).into_iter().chain(both.then(|| read(&second)).flatten()).collect()
}

/// Those listed, and in full pinyin those with a Chinese name; the longest first.
fn with_pinyin(listed: &[&str]) -> Vec<String> {
    let written = listed.iter().map(|name| (*name).to_owned());
    let mut all: Vec<String> =
        written.chain(listed.iter().flat_map(|name| pinyin_of(name)).map(|(whole, _)| whole)).collect();
    all.sort_by_key(|name| std::cmp::Reverse(name.len()));
    all
}
