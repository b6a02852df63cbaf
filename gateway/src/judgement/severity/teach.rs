//! What teaches the judge of danger: our own texts, and the sentences of those in which there is none.

use super::super::learning::pieces::{Piece, Pieces};
use super::super::learning::teach;
use super::super::vocabulary::ends_sentence;

/// Pieces kept.
const KEPT: usize = 20_000;
/// A shorter sentence says nothing by itself.
const LEAST_BYTES: usize = 18;

/// Learns which pieces speak for danger; `examples` say of each text whether a person must look at once. Where nobody must,
/// no sentence says so.
pub(in crate::judgement) fn teach(examples: &[(bool, &str)]) -> Vec<Piece> {
    let calm = examples.iter().filter(|(danger, _)| !danger);
    let sentences = calm.flat_map(|(_, text)| {
        let parts = text.split(ends_sentence);
        parts.filter(|sentence| sentence.len() >= LEAST_BYTES && sentence.len() + LEAST_BYTES < text.len())
    });
    let all = examples.iter().copied().chain(sentences.map(|sentence| (false, sentence)));
    let all: Vec<(bool, Pieces)> = all.map(|(danger, text)| (danger, Pieces::plain(text))).collect();
    teach::teach(&all, KEPT)
}
