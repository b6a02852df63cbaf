//! Names found in running text wherever one begins, longest first. Unlike `directory::names` it tells of names that
//! overlap, since which of them is meant is judged later.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Names of two characters or more and what they stand for.
#[derive(Debug, Clone)]
pub(crate) struct Lexicon<T> {
    by_two: HashMap<u64, Vec<Word<T>>, FixedState>,
}

#[derive(Debug, Clone)]
struct Word<T> {
    name: Box<[char]>,
    senses: Vec<T>,
}

impl<T> Default for Lexicon<T> {
    fn default() -> Self {
        Self { by_two: HashMap::default() }
    }
}

impl<T: Ord> Lexicon<T> {
    /// Adds one sense of a name. A name of one character is none: it would be found everywhere.
    pub fn insert(&mut self, name: &str, sense: T) {
        let name: Box<[char]> = name.chars().collect();
        let Some(two) = beginning(&name, 0) else { return };
        let words = self.by_two.entry(two).or_default();
        let order = |word: &Word<T>| (std::cmp::Reverse(word.name.len()), word.name.clone());
        let wanted = (std::cmp::Reverse(name.len()), name.clone());
        let at = match words.binary_search_by_key(&wanted, order) {
            Ok(at) => at,
            Err(at) => {
                words.insert(at, Word { name, senses: Vec::new() });
                at
            }
        };
        let senses = &mut words[at].senses;
        if let Err(place) = senses.binary_search(&sense) {
            senses.insert(place, sense);
        }
    }

    /// The names that begin at `at`, longest first: their lengths and senses.
    pub fn at<'a>(&'a self, text: &[char], at: usize) -> impl Iterator<Item = (usize, &'a [T])> {
        let words = beginning(text, at).and_then(|two| self.by_two.get(&two));
        let here = move |w: &&Word<T>| text[at..].starts_with(&w.name);
        words.into_iter().flatten().filter(here).map(|w| (w.name.len(), w.senses.as_slice()))
    }

    /// What exactly this name stands for.
    pub fn get(&self, name: &[char]) -> &[T] {
        let words = beginning(name, 0).and_then(|two| self.by_two.get(&two));
        words.and_then(|w| w.iter().find(|w| *w.name == *name)).map_or(&[], |w| w.senses.as_slice())
    }
}

fn beginning(text: &[char], at: usize) -> Option<u64> {
    let (first, second) = (*text.get(at)?, *text.get(at + 1)?);
    Some(u64::from(u32::from(first)) << 32 | u64::from(u32::from(second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_at_a_place_are_found_longest_first() {
        let names = ["新华", "新华村", "新桥镇", "华"];
        let mut lexicon = Lexicon::default();
        names.iter().for_each(|name| lexicon.insert(name, *name));
        let text: Vec<char> = "到新华村口".chars().collect();
        let at = |at: usize| lexicon.at(&text, at).collect::<Vec<_>>();
        assert_eq!(at(1), [(3, ["新华村"].as_slice()), (2, ["新华"].as_slice())]);
        assert!(at(2).is_empty());
        assert_eq!(lexicon.get(&['新', '华']), ["新华"]);
        assert!(lexicon.get(&['华']).is_empty());
    }
}
