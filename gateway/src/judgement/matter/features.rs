//! A text as features: hashes of its character n-grams, title and text apart, and what the lexicon's words say.

use std::collections::BTreeMap;

use super::lexicon::Evidence;
use crate::judgement::learning::grams::{Features, Field, counted, hash_of, hash_of_name, spans};
use crate::judgement::learning::normal::{plain, without_numbers};

/// How much of a title and of a text is read, in characters. What a matter is stands at the beginning.
const MOST_TITLE: usize = 120;
const MOST_TEXT: usize = 600;
/// What the pieces of the title count for, where those of the text count for 1: who files a case says there what it is.
const TITLE_LENGTH: f32 = 1.5;

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
        lengths: [TITLE_LENGTH, 1.0],
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
