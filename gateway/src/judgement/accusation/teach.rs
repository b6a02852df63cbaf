//! What teaches the judge of blame: our own texts, and the sentences of those that blame nobody.

use super::super::learning::pieces::{Piece, Pieces};
use super::super::learning::teach;
use super::blame::pieces_of;
use super::reading::Reading;
use crate::directory::Directory;

/// Pieces kept. With 8,000 half as many accusations again go unnoticed; with all, few less.
const KEPT: usize = 20_000;
/// A sentence shorter than its text by no more than this is the text.
const A_FEW_BYTES: usize = 9;

/// Learns which pieces speak for blame; `examples` say of each text whether it finds fault with someone in office. Of a
/// text that does not, no sentence does.
pub(in crate::judgement) fn teach(examples: &[(bool, &str)], directory: &Directory) -> Vec<Piece> {
    let innocent = examples.iter().filter(|(accuses, _)| !accuses);
    let sentences = innocent.flat_map(|(_, text)| sentences_of_office(text, directory));
    let read = |text: &str| pieces_of(&[Reading::of(text, &directory.accusing)]);
    let examples = examples.iter().copied().chain(sentences.map(|s| (false, s)));
    let examples: Vec<(bool, Pieces)> = examples.map(|(accuses, text)| (accuses, read(text))).collect();
    teach::teach(&examples, KEPT)
}

/// The sentences of a text of several that speak of someone in office.
fn sentences_of_office<'t>(text: &'t str, directory: &Directory) -> Vec<&'t str> {
    let sentences = Reading::of(text, &directory.accusing).of_office().collect::<Vec<_>>();
    sentences.into_iter().filter(|sentence| sentence.len() + A_FEW_BYTES < text.len()).collect()
}
