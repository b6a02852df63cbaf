//! How much a text reads as finding fault with someone in office: a linear model over pieces of one to three characters,
//! of the text as it stands and of the text with everyone named replaced by what kind of party it is. Learned from texts
//! of our own, written to the file as pieces and weights that anyone can read.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

#[cfg(test)]
use super::super::learning::pieces::Piece;
use super::super::learning::pieces::{PieceModel, Pieces};
use super::reading::Reading;
use super::weighing::BARS;

/// The pieces that ship with the binary, made of the examples by `make pieces`.
pub(crate) const FILE: &str = include_str!("pieces.csv");

/// The model that ships with the binary.
pub(super) static BLAME: LazyLock<Arc<Blame>> = LazyLock::new(|| Arc::new(Blame { model: PieceModel::read(FILE) }));

/// With fewer known pieces, or fewer characters besides a name, nobody can tell what a text says: it accuses nobody, and
/// bars whoever does something in it.
const LEAST: usize = 12;
const LEAST_SAID: usize = 4;
/// A name and no more.
const SAYS_NOTHING: f32 = -1.0;

/// The model.
#[derive(Debug, Default)]
pub(crate) struct Blame {
    model: PieceModel,
}

/// The texts of one case as the model reads them.
pub(super) fn pieces_of(readings: &[Reading<'_, '_>]) -> Pieces {
    let mut all = Pieces::default();
    readings.iter().for_each(|reading| all.extend(reading.text, &reading.marked(0..reading.text.len())));
    all
}

/// One stretch of a text by itself.
pub(super) fn pieces_of_stretch(reading: &Reading<'_, '_>, stretch: Range<usize>) -> Pieces {
    let mut one = Pieces::default();
    one.extend(&reading.text[stretch.clone()], &reading.marked(stretch));
    one
}

/// How much is said besides a name, in characters.
fn said(text: &Pieces) -> usize {
    text.marked.len().saturating_sub(1)
}

impl Blame {
    #[cfg(test)]
    pub fn of(pieces: Vec<Piece>) -> Self {
        Self { model: PieceModel::of(pieces.into_iter()) }
    }

    /// How much a case reads as blame: above zero more than not.
    pub(super) fn score(&self, text: &Pieces) -> f32 {
        if said(text) == 0 {
            return SAYS_NOTHING;
        }
        match self.model.score(text) {
            (_, known) if said(text) < LEAST_SAID || known < LEAST => BARS,
            (score, _) => score - text.drift(),
        }
    }

    /// The same of one sentence, however short.
    pub(super) fn score_sentence(&self, sentence: &Pieces) -> f32 {
        if said(sentence) == 0 { SAYS_NOTHING } else { self.model.score(sentence).0 - sentence.drift() }
    }

    /// The pieces of a case that speak, strongest first.
    pub(super) fn spoken(&self, text: &Pieces) -> Vec<(String, f32)> {
        self.model.spoken(text)
    }
}
