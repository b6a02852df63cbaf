//! The lexicon: words and the classes they speak for, from `matter-words.csv` (officials edit it; a directory without
//! it uses the list that ships with the binary), and the names of the classification. Common names of departments stand
//! in the list by hand: were they taken from the responsibility list, a line there would change how texts are judged
//! that it does not cover. The order of lines never matters.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::places::MatterCode;

use crate::directory::matters::Matters;
use crate::directory::names::NameIndex;
use crate::directory::problem::Problem;
use crate::directory::table::{Column, Row, may, must, rows};
use crate::judgement::learning::normal::plain;

/// The file.
pub const FILE: &str = "matter-words.csv";
/// The list that ships with the binary.
pub(crate) const BUILT_IN: &str = include_str!("../../../../deploy/directory/330205/matter-words.csv");
const COLUMNS: &[Column] =
    &[must("matter", "事项"), must("weight", "强度"), must("words", "词语"), may("note", "备注")];

/// How many first-level codes there can be: 01 to 99 are read, those of the classification count.
pub(super) const CLASSES: usize = 99;
/// A word in the title weighs as much as five in the text.
const TITLE: f32 = 5.0;
/// The longest part of a text that is read for words, in bytes.
const MOST_READ: usize = 6_000;
/// What a name of the classification weighs.
const NAME_WEIGHT: u8 = 2;
const MOST_WORDS_TOLD: usize = 5;

/// The words.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    index: NameIndex<u32>,
    words: Vec<Word>,
}

/// A word and what it speaks for.
#[derive(Debug, Clone)]
struct Word {
    text: String,
    /// Weight by class, as the list has them.
    codes: BTreeMap<MatterCode, u8>,
    /// Weight by first-level class, shared where there are several.
    classes: Vec<(usize, f32)>,
}

impl Lexicon {
    /// Reads the list (the shipped one where `text` is none) and adds names.
    pub(crate) fn read_file(text: Option<&str>, matters: &Matters, problems: &mut Vec<Problem>) -> Self {
        let mut words = Words::default();
        let shipped = text.is_none();
        for row in rows(FILE, text.unwrap_or(BUILT_IN), COLUMNS, problems) {
            read_row(&row, matters, shipped, &mut words, problems);
        }
        words.add_names(matters);
        words.build()
    }

    /// The words that speak for a first-level class or one under it, in order.
    #[cfg(test)]
    pub fn words_of(&self, class: &MatterCode) -> Vec<&str> {
        let speaks = |word: &&Word| word.codes.keys().any(|code| class.contains(code));
        self.words.iter().filter(speaks).map(|word| word.text.as_str()).collect()
    }

    /// What the words of a text speak for.
    pub(super) fn read(&self, title: &str, text: &str) -> Evidence<'_> {
        let (title, text) = (plain(title), plain(clip(text)));
        let mut evidence =
            Evidence { lexicon: self, title: self.count(&title), text: self.count(&text), classes: Vec::new() };
        evidence.classes = evidence.weigh_classes();
        evidence
    }

    fn count(&self, text: &str) -> BTreeMap<u32, u16> {
        let mut counts = BTreeMap::new();
        for mention in self.index.scan(text) {
            let count: &mut u16 = counts.entry(mention.values[0]).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }
}

fn clip(text: &str) -> &str {
    let mut end = text.len().min(MOST_READ);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn read_row(row: &Row<'_>, matters: &Matters, shipped: bool, words: &mut Words, problems: &mut Vec<Problem>) {
    let code = row.parse::<MatterCode>("matter", "a matter code of 2, 4 or 6 digits", problems);
    let strength = |text: &str| text.parse().ok().filter(|w| (1..=3).contains(w));
    let weight = row.read("weight", "1 (a hint), 2 or 3 (speaks for itself)", problems, strength);
    let Some((code, weight)) = code.zip(weight) else { return };
    if matters.get(&code).is_none() {
        if !shipped {
            problems.push(row.problem("matter", "a code of matters.csv"));
        }
        return;
    }
    let list = row.list("words");
    if list.is_empty() {
        problems.push(row.problem("words", "words, joined by `;`"));
    }
    for word in list {
        if plain(word).chars().count() < 2 {
            problems
                .push(row.problem("words", format!("words of two characters or more (`{word}` is met everywhere)")));
        } else {
            words.add(word, &code, weight);
        }
    }
}

#[derive(Default)]
struct Words(BTreeMap<String, BTreeMap<MatterCode, u8>>);

impl Words {
    fn add(&mut self, word: &str, code: &MatterCode, weight: u8) {
        let weights = self.0.entry(plain(word)).or_default();
        let known = weights.entry(code.clone()).or_default();
        *known = weight.max(*known);
    }

    /// A name, where the list has not said what it speaks for.
    fn add_name(&mut self, name: &str, codes: &BTreeSet<MatterCode>, weight: u8) {
        let known = self.0.contains_key(&plain(name));
        if !known && (2..=12).contains(&name.chars().count()) {
            codes.iter().for_each(|code| self.add(name, code, weight));
        }
    }

    fn add_names(&mut self, matters: &Matters) {
        let mut names: BTreeMap<&str, BTreeSet<MatterCode>> = BTreeMap::new();
        for matter in matters.iter().filter(|m| m.name != "其他") {
            for name in matter.name.split(['、', '和', '与', '，']) {
                names.entry(name).or_default().insert(matter.code.clone());
            }
        }
        names.into_iter().for_each(|(name, codes)| self.add_name(name, &codes, NAME_WEIGHT));
    }

    fn build(self) -> Lexicon {
        let mut lexicon = Lexicon::default();
        for (text, codes) in self.0 {
            let place = u32::try_from(lexicon.words.len()).unwrap_or(u32::MAX);
            lexicon.index.insert(&text, place);
            lexicon.words.push(Word { classes: classes_of(&codes), text, codes });
        }
        lexicon
    }
}

fn classes_of(codes: &BTreeMap<MatterCode, u8>) -> Vec<(usize, f32)> {
    let mut classes: BTreeMap<usize, u8> = BTreeMap::new();
    for (code, weight) in codes {
        let known = classes.entry(super::class_index(code)).or_default();
        *known = (*weight).max(*known);
    }
    let shared = classes.len() as f32;
    classes.into_iter().map(|(class, weight)| (class, f32::from(weight) / shared)).collect()
}

/// The code of a first-level class.
pub(super) fn class_code(class: usize) -> Option<MatterCode> {
    format!("{:02}", class + 1).parse().ok()
}

/// What the words of one text say.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    lexicon: &'a Lexicon,
    title: BTreeMap<u32, u16>,
    text: BTreeMap<u32, u16>,
    /// First-level classes with their evidence, strongest first.
    pub classes: Vec<(usize, f32)>,
}

impl Evidence<'_> {
    /// Words with how much they are met: once in the title counts as five times in the text.
    fn met(&self) -> impl Iterator<Item = (&Word, f32)> {
        let all: BTreeSet<u32> = self.title.keys().chain(self.text.keys()).copied().collect();
        all.into_iter().filter_map(|place| {
            let word = self.lexicon.words.get(usize::try_from(place).ok()?)?;
            let in_title = if self.title.contains_key(&place) { TITLE } else { 0.0 };
            Some((word, in_title + self.text.get(&place).map_or(0.0, |n| repeated(*n))))
        })
    }

    fn weigh_classes(&self) -> Vec<(usize, f32)> {
        let mut sums: BTreeMap<usize, f32> = BTreeMap::new();
        for (word, met) in self.met() {
            word.classes.iter().for_each(|(class, weight)| *sums.entry(*class).or_default() += met * weight);
        }
        let mut all: Vec<_> = sums.into_iter().collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all
    }

    /// Evidence for codes of `digits` digits under `above`, strongest first.
    fn under(&self, above: &MatterCode, digits: usize) -> Vec<(MatterCode, f32)> {
        let mut sums: BTreeMap<MatterCode, f32> = BTreeMap::new();
        for (word, met) in self.met() {
            let shared = word.codes.len() as f32;
            let below = word.codes.iter().filter(|(c, _)| above.contains(c) && c.as_str().len() >= digits);
            for (code, weight) in below {
                let Some(code) = code.as_str().get(..digits).and_then(|c| c.parse().ok()) else { continue };
                *sums.entry(code).or_default() += met * f32::from(*weight) / shared;
            }
        }
        let mut all: Vec<_> = sums.into_iter().collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    /// All evidence together.
    pub fn total(&self) -> f32 {
        self.classes.iter().map(|(_, e)| e).sum()
    }

    /// Evidence for one class.
    pub fn of(&self, class: usize) -> f32 {
        self.classes.iter().find(|(c, _)| *c == class).map_or(0.0, |(_, e)| *e)
    }

    /// The class with most evidence.
    pub fn best(&self) -> Option<usize> {
        self.classes.first().map(|(class, _)| *class)
    }

    /// Classes, strongest first.
    pub fn ranked(&self) -> Vec<MatterCode> {
        self.classes.iter().filter_map(|(class, _)| class_code(*class)).take(4).collect()
    }

    /// The deepest class under a first-level one for which the words leave no doubt.
    pub fn deepest(&self, class: &MatterCode) -> MatterCode {
        let mut at = class.clone();
        for digits in [4, 6] {
            let found = self.under(&at, digits);
            let total: f32 = found.iter().map(|(_, e)| e).sum();
            match found.first() {
                Some((code, evidence)) if *evidence >= 6.0 && *evidence >= 0.65 * total => at = code.clone(),
                _ => break,
            }
        }
        at
    }

    /// Every lower class with at least a quarter of the strongest's evidence.
    pub fn plausible(&self, class: &MatterCode) -> Vec<MatterCode> {
        let mut all = Vec::new();
        for digits in [4, 6] {
            let found = self.under(class, digits);
            let least = found.first().map_or(0.0, |(_, e)| e / 4.0);
            all.extend(found.into_iter().filter(|(_, e)| *e >= least).map(|(c, _)| c));
        }
        // A class stands for itself only where none below it does.
        let whole = all.clone();
        all.retain(|code| !whole.iter().any(|other| other != code && code.contains(other)));
        all.sort();
        all
    }

    /// The words that spoke for a class, strongest first.
    pub fn words_for(&self, class: &MatterCode) -> Vec<String> {
        let class = super::class_index(class);
        let mut all: Vec<(&str, f32)> = self
            .met()
            .filter_map(|(word, met)| {
                let (_, weight) = word.classes.iter().find(|(c, _)| *c == class)?;
                Some((word.text.as_str(), met * weight))
            })
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        all.into_iter().take(MOST_WORDS_TOLD).map(|(word, _)| word.to_owned()).collect()
    }

    /// What the linear model sees of the words: word by word, and class by class, title and text apart.
    pub fn features(&self) -> Vec<(String, f32)> {
        let mut all = Vec::new();
        for (field, counts) in [("t", &self.title), ("b", &self.text)] {
            let mut sums: BTreeMap<String, f32> = BTreeMap::new();
            for (place, count) in counts {
                let Some(word) = usize::try_from(*place).ok().and_then(|p| self.lexicon.words.get(p)) else { continue };
                let met = repeated(*count);
                all.push((format!("{field}w{}", word.text), 0.2 * met));
                for (class, weight) in &word.classes {
                    *sums.entry(format!("{field}c{:02}", class + 1)).or_default() += met * weight;
                }
                let shared = word.codes.len() as f32;
                for (code, weight) in &word.codes {
                    for digits in [4, 6] {
                        let Some(code) = code.as_str().get(..digits) else { continue };
                        *sums.entry(format!("{field}c{code}")).or_default() += met * f32::from(*weight) / shared;
                    }
                }
            }
            let length = sums.values().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            all.extend(sums.into_iter().map(|(name, value)| (name, 0.6 * value / length)));
        }
        all
    }
}

/// Repetition says less each time.
fn repeated(count: u16) -> f32 {
    1.0 + f32::from(count.max(1)).ln()
}
