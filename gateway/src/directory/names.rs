//! Names looked up whole or found in running text, longest first. One name may stand for several things:
//! whoever asks must say what that means for them.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// Names and what they stand for.
#[derive(Debug, Clone)]
pub(crate) struct NameIndex<T> {
    firsts: FirstChars,
    by_first: HashMap<char, Vec<(String, Vec<T>)>, FixedState>,
}

impl<T> Default for NameIndex<T> {
    fn default() -> Self {
        Self { firsts: FirstChars::default(), by_first: HashMap::default() }
    }
}

/// Which characters names begin with, as bits: a text is passed over at about a nanosecond a character.
#[derive(Debug, Clone)]
struct FirstChars(Box<[u64]>);

impl Default for FirstChars {
    fn default() -> Self {
        Self(vec![0; 0x1_0000 / 64].into_boxed_slice())
    }
}

impl FirstChars {
    fn insert(&mut self, c: char) {
        if let Some(word) = self.0.get_mut(c as usize / 64) {
            *word |= 1 << (c as usize % 64);
        }
    }

    /// Characters beyond the basic plane are not kept: they may be held.
    fn may_hold(&self, c: char) -> bool {
        self.0.get(c as usize / 64).is_none_or(|word| word & (1 << (c as usize % 64)) != 0)
    }
}

/// A name met in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mention<'a, T> {
    /// The text before it.
    pub before: &'a str,
    /// The name.
    pub name: &'a str,
    /// The text after it.
    pub after: &'a str,
    /// What it may stand for.
    pub values: &'a [T],
}

impl<T: Clone + Ord> NameIndex<T> {
    /// Adds one meaning of a name.
    pub fn insert(&mut self, name: &str, value: T) {
        let Some(first) = name.chars().next() else { return };
        self.firsts.insert(first);
        let names = self.by_first.entry(first).or_default();
        let order = |n: &str| name.len().cmp(&n.len()).then_with(|| n.cmp(name));
        let at = names.binary_search_by(|(n, _)| order(n)).unwrap_or_else(|at| {
            names.insert(at, (name.to_owned(), Vec::new()));
            at
        });
        let values = &mut names[at].1;
        if let Err(place) = values.binary_search(&value) {
            values.insert(place, value);
        }
    }

    /// What exactly this name stands for.
    pub fn get(&self, name: &str) -> &[T] {
        let names = name.chars().next().and_then(|c| self.by_first.get(&c));
        names.and_then(|n| n.iter().find(|(n, _)| n == name)).map_or(&[], |(_, values)| values)
    }

    /// Names that stand for more than one thing.
    pub fn ambiguous(&self) -> impl Iterator<Item = (&str, &[T])> {
        self.by_first.values().flatten().filter(|(_, v)| v.len() > 1).map(|(n, v)| (n.as_str(), v.as_slice()))
    }

    /// The names with which a text begins, longest first, and what they stand for.
    pub fn all_at<'l, 't>(&'l self, text: &'t str) -> impl Iterator<Item = (&'l str, &'l [T])> + use<'l, 't, T> {
        let first = text.chars().next().filter(|c| self.firsts.may_hold(*c));
        let names = first.and_then(|c| self.by_first.get(&c)).into_iter().flatten();
        names.filter(move |(n, _)| text.starts_with(n.as_str())).map(|(n, values)| (n.as_str(), values.as_slice()))
    }

    /// The names in a text, longest at each place, not overlapping.
    pub fn scan<'a>(&'a self, text: &'a str) -> Vec<Mention<'a, T>> {
        let mut found = Vec::new();
        let mut from = 0;
        for (at, first) in text.char_indices() {
            if at < from || !self.firsts.may_hold(first) {
                continue;
            }
            let Some(names) = self.by_first.get(&first) else { continue };
            let rest = &text[at..];
            if let Some((name, values)) = names.iter().find(|(n, _)| rest.starts_with(n.as_str())) {
                from = at + name.len();
                found.push(Mention { before: &text[..at], name: &text[at..from], after: &text[from..], values });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_wins_and_nothing_is_found_inside_it() {
        let mut names = NameIndex::default();
        names.insert("庄桥街道", 1);
        names.insert("庄桥街道社会治理中心", 2);
        names.insert("街道", 3);
        let found: Vec<_> = names.scan("到庄桥街道社会治理中心，不是街道").iter().map(|m| m.values[0]).collect();
        assert_eq!(found, [2, 3]);
        assert_eq!(names.get("庄桥街道"), [1]);
        assert!(names.get("庄桥").is_empty());
    }
}
