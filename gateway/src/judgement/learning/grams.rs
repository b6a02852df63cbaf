//! Character n-grams as hashes. Only hashes: neither a vector nor a trained model holds a piece of anybody's text.

/// The longest n-gram, in characters.
const LONGEST: usize = 3;

/// The features of one text, in three blocks; in each sorted by hash, each hash once.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::judgement) struct Features {
    /// n-grams of two fields: how often, damped.
    pub grams: [Vec<(u64, f32)>; 2],
    /// What each of the two counts for: the length its values are brought to.
    pub lengths: [f32; 2],
    /// What else is known, as it is.
    pub words: Vec<(u64, f32)>,
}

/// What an n-gram was met in: the same letters in another field are another feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::judgement) enum Field {
    /// The title of a case.
    Title = 1,
    /// Its text.
    Text = 2,
    /// Words of a lexicon.
    Words = 3,
    /// A stretch of any text.
    Plain = 4,
    /// The same with everyone named replaced by what kind of party it is.
    Marked = 5,
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

pub(in crate::judgement) fn hash_of_name(name: &str) -> u64 {
    name.chars().fold(Field::Words.seed(), mix)
}

pub(in crate::judgement) fn hash_of(field: Field, gram: &[char]) -> u64 {
    gram.iter().copied().fold(field.seed(), mix)
}

/// Every n-gram of a text.
pub(in crate::judgement) fn spans(chars: &[char]) -> impl Iterator<Item = &[char]> {
    (1..=LONGEST).flat_map(|n| chars.windows(n))
}

/// The hashes of all n-grams of a text.
pub(in crate::judgement) fn hashes(field: Field, chars: &[char]) -> impl Iterator<Item = u64> {
    let longer = |hash: &mut u64, c: &char| {
        *hash = mix(*hash, *c);
        Some(*hash)
    };
    (0..chars.len()).flat_map(move |start| chars[start..].iter().take(LONGEST).scan(field.seed(), longer))
}

/// The n-grams of a text with how often each is met, damped; sorted by hash.
pub(in crate::judgement) fn counted(field: Field, chars: &[char]) -> Vec<(u64, f32)> {
    how_often(all_of(chars, hashes(field, chars)))
}

/// What a text has, at most one for each of its n-grams, with room for all of it from the beginning.
pub(in crate::judgement) fn all_of<T>(chars: &[char], found: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::with_capacity(chars.len() * LONGEST);
    all.extend(found);
    all
}

/// How often each is met, damped; in order.
pub(in crate::judgement) fn how_often<T: Ord + Copy>(mut all: Vec<T>) -> Vec<(T, f32)> {
    all.sort_unstable();
    let mut met = Vec::with_capacity(all.len());
    met.extend(all.chunk_by(|a, b| a == b).map(|same| (same[0], damped(same.len()))));
    met
}

fn damped(count: usize) -> f32 {
    // Most are met once.
    if count == 1 { 1.0 } else { 1.0 + (count as f32).ln() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_pieces_named_are_those_counted() {
        let text: Vec<char> = "小区物业小区".chars().collect();
        let counted = counted(Field::Text, &text);
        let spans: BTreeMap<u64, String> =
            spans(&text).map(|s| (hash_of(Field::Text, s), s.iter().collect())).collect();
        assert_eq!(counted.iter().map(|(h, _)| *h).collect::<Vec<_>>(), spans.keys().copied().collect::<Vec<_>>());
        let twice = counted.iter().find(|(h, _)| spans[h] == "小区").expect("met");
        assert!((twice.1 - damped(2)).abs() < 1e-6);
    }
}
