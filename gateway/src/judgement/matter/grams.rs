//! A text as features: hashes of its character n-grams, title and text apart, and what the lexicon's words say. Only
//! hashes: neither a vector nor a model holds a piece of anybody's text.

use std::collections::BTreeMap;

use super::lexicon::Evidence;
use super::normal::{plain, without_numbers};

/// The longest n-gram, in characters.
const LONGEST: usize = 3;
/// How much of a title and of a text is read, in characters. What a matter is stands at the beginning.
const MOST_TITLE: usize = 120;
const MOST_TEXT: usize = 600;

/// The features of one text, in three blocks; in each sorted by hash, each hash once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Features {
    /// n-grams of the title and of the text: how often, damped.
    pub grams: [Vec<(u64, f32)>; 2],
    /// The words of the lexicon.
    pub words: Vec<(u64, f32)>,
}

/// Every feature of a text by its hash: a piece of the title in 《》, one of the text in “”, a word or class of the lexicon.
pub(super) fn named(title: &str, text: &str, evidence: &Evidence<'_>) -> BTreeMap<u64, String> {
    let title = without_numbers(&plain(title), MOST_TITLE);
    let text = without_numbers(&plain(clip(text)), MOST_TEXT);
    let in_title =
        spans(&title).map(|gram| (hash_of(Field::Title, gram), format!("《{}》", gram.iter().collect::<String>())));
    let in_text =
        spans(&text).map(|gram| (hash_of(Field::Text, gram), format!("“{}”", gram.iter().collect::<String>())));
    let in_list = evidence.features().into_iter().map(|(name, _)| (hash_of_name(&name), listed(&name)));
    in_title.chain(in_text).chain(in_list).collect()
}

fn listed(name: &str) -> String {
    let place = if name.starts_with('t') { "题" } else { "文" };
    match name.split_at(2) {
        (kind, word) if kind.ends_with('w') => format!("{place}:{word}"),
        (_, code) => format!("{place}:类{code}"),
    }
}

/// Reads the features of one text.
pub(super) fn features(title: &str, text: &str, evidence: &Evidence<'_>) -> Features {
    Features {
        grams: [
            counted(Field::Title, &without_numbers(&plain(title), MOST_TITLE)),
            counted(Field::Text, &without_numbers(&plain(clip(text)), MOST_TEXT)),
        ],
        words: words(evidence),
    }
}

/// No more than could be read in any case.
fn clip(text: &str) -> &str {
    text.char_indices().nth(4 * MOST_TEXT).map_or(text, |(end, _)| &text[..end])
}

fn words(evidence: &Evidence<'_>) -> Vec<(u64, f32)> {
    let mut all: Vec<_> = evidence.features().iter().map(|(name, value)| (hash_of_name(name), *value)).collect();
    all.sort_by_key(|(hash, _)| *hash);
    all
}

#[derive(Debug, Clone, Copy)]
enum Field {
    Title = 1,
    Text = 2,
    Words = 3,
}

impl Field {
    fn seed(self) -> u64 {
        0xcbf2_9ce4_8422_2325 ^ (self as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

fn mix(hash: u64, c: char) -> u64 {
    let mixed = (hash ^ u64::from(c)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 29)
}

fn hash_of_name(name: &str) -> u64 {
    name.chars().fold(Field::Words.seed(), mix)
}

fn hash_of(field: Field, gram: &[char]) -> u64 {
    gram.iter().copied().fold(field.seed(), mix)
}

fn spans(chars: &[char]) -> impl Iterator<Item = &[char]> {
    (1..=LONGEST).flat_map(|n| chars.windows(n))
}

fn counted(field: Field, chars: &[char]) -> Vec<(u64, f32)> {
    let mut hashes: Vec<u64> = Vec::with_capacity(chars.len() * LONGEST);
    for start in 0..chars.len() {
        let mut hash = field.seed();
        for c in chars[start..].iter().take(LONGEST) {
            hash = mix(hash, *c);
            hashes.push(hash);
        }
    }
    hashes.sort_unstable();
    hashes.chunk_by(|a, b| a == b).map(|same| (same[0], damped(same.len()))).collect()
}

fn damped(count: usize) -> f32 {
    1.0 + (count as f32).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_named_are_those_counted() {
        let text = without_numbers(&plain("小区物业小区"), MOST_TEXT);
        let counted = counted(Field::Text, &text);
        let spans: BTreeMap<u64, String> =
            spans(&text).map(|s| (hash_of(Field::Text, s), s.iter().collect())).collect();
        assert_eq!(counted.iter().map(|(h, _)| *h).collect::<Vec<_>>(), spans.keys().copied().collect::<Vec<_>>());
        let twice = counted.iter().find(|(h, _)| spans[h] == "小区").expect("met");
        assert!((twice.1 - damped(2)).abs() < 1e-6);
    }
}
