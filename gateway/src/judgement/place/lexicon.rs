//! Names found in running text wherever one begins, longest first. Unlike `directory::names` it tells of names that
//! overlap, since which of them is meant is judged later.

use std::collections::HashMap;

/// Names of two characters or more and what they stand for.
#[derive(Debug, Clone)]
pub(crate) struct Lexicon<T> {
    by_two: HashMap<[char; 2], Vec<Word<T>>>,
}

#[derive(Debug, Clone)]
struct Word<T> {
    name: Box<[char]>,
    senses: Vec<T>,
}

impl<T> Default for Lexicon<T> {
    fn default() -> Self {
        Self { by_two: HashMap::new() }
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

    /// The longest name that begins at `at`: its length and senses.
    pub fn at(&self, text: &[char], at: usize) -> Option<(usize, &[T])> {
        let words = self.by_two.get(&beginning(text, at)?)?;
        let rest = &text[at..];
        words.iter().find(|w| rest.starts_with(&w.name)).map(|w| (w.name.len(), w.senses.as_slice()))
    }

    /// What exactly this name stands for.
    pub fn get(&self, name: &[char]) -> &[T] {
        let words = beginning(name, 0).and_then(|two| self.by_two.get(&two));
        words.and_then(|w| w.iter().find(|w| *w.name == *name)).map_or(&[], |w| w.senses.as_slice())
    }
}

fn beginning(text: &[char], at: usize) -> Option<[char; 2]> {
    Some([*text.get(at)?, *text.get(at + 1)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_at_a_place_is_found_whatever_the_order() {
        let names = ["新华", "新华村", "新桥镇", "华"];
        let mut lexicon = Lexicon::default();
        names.iter().for_each(|name| lexicon.insert(name, *name));
        let text: Vec<char> = "到新华村口".chars().collect();
        assert_eq!(lexicon.at(&text, 1), Some((3, ["新华村"].as_slice())));
        assert_eq!(lexicon.at(&text, 2), None);
        assert_eq!(lexicon.get(&['新', '华']), ["新华"]);
        assert!(lexicon.get(&['华']).is_empty());
    }
}
