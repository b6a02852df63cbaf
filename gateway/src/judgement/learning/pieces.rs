//! A linear judge of texts as a table of pieces and weights that anyone can read: whether a text is of one kind, from its
//! pieces of one to three characters. Learned from texts of our own (`teach`), read back from the file that ships.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::grams::{Features, Field, counted, hash_of, spans};
use super::linear::Linear;
use super::normal::{plain, without_numbers};

/// No text is read further than this, in characters.
const MOST: usize = 1_500;

/// A piece as the file has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// `plain`, `marked`, or `bias`.
    pub view: String,
    pub piece: String,
    /// How rare it is in the examples.
    pub rarity: f32,
    /// Above zero it speaks for the kind.
    pub weight: f32,
}

/// A text as a model reads it: as it stands, and, where the model asks for that, with everyone named replaced by what kind of
/// party it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pieces {
    pub plain: Vec<char>,
    pub marked: Vec<char>,
}

/// The views by name.
const VIEWS: [(Field, &str); 2] = [(Field::Plain, "plain"), (Field::Marked, "marked")];

impl Pieces {
    /// A text as it stands.
    pub fn plain(text: &str) -> Self {
        Self { plain: read(text), marked: Vec::new() }
    }

    /// More of the text, in both views.
    pub fn extend(&mut self, text: &str, marked: &str) {
        self.plain.extend(read(text));
        self.marked.extend(read(marked));
    }

    /// By how much a text reads more as of a kind for nothing but its length: whoever tells much tells of everything.
    pub fn drift(&self) -> f32 {
        const SHORT: f32 = 60.0;
        const LONG: f32 = 200.0;
        const MOST_DRIFT: f32 = 0.5;
        MOST_DRIFT * ((self.plain.len() as f32 - SHORT) / (LONG - SHORT)).clamp(0.0, 1.0)
    }

    pub fn features(&self) -> Features {
        let grams = [counted(Field::Plain, &self.plain), counted(Field::Marked, &self.marked)];
        Features { grams, lengths: [1.0, 1.0], words: Vec::new() }
    }

    /// Every piece by its hash, with the view it is of.
    pub fn named(&self) -> BTreeMap<u64, (&'static str, String)> {
        let of = |field, view, chars| {
            spans(chars).map(move |s: &[char]| (hash_of(field, s), (view, s.iter().collect::<String>())))
        };
        let plain = of(Field::Plain, VIEWS[0].1, &self.plain[..]);
        plain.chain(of(Field::Marked, VIEWS[1].1, &self.marked[..])).collect()
    }
}

fn read(text: &str) -> Vec<char> {
    without_numbers(&plain(text), MOST)
}

/// The model.
#[derive(Debug, Default)]
pub(crate) struct PieceModel {
    linear: Linear,
}

impl PieceModel {
    /// Reads the file; it ships with the binary, so that a test holds it to be right.
    pub fn read(file: &str) -> Self {
        let pieces = csv::Reader::from_reader(file.as_bytes()).into_deserialize().filter_map(Result::ok);
        Self::of(pieces)
    }

    pub fn of(pieces: impl Iterator<Item = Piece>) -> Self {
        let mut bias = 0.0;
        let mut known: BTreeMap<u64, (f32, f32)> = BTreeMap::new();
        for piece in pieces {
            match VIEWS.iter().find(|(_, view)| *view == piece.view) {
                Some((field, _)) => {
                    let chars: Vec<char> = piece.piece.chars().collect();
                    known.insert(hash_of(*field, &chars), (piece.rarity, piece.weight));
                }
                None => bias = piece.weight,
            }
        }
        let hashes = known.keys().copied().collect();
        let rarity = known.values().map(|v| v.0).collect();
        let weights = known.values().map(|v| v.1).chain([bias]).collect();
        Self { linear: Linear::quantised(hashes, rarity, &[weights]) }
    }

    /// How much a text reads as of the kind, above zero more than not; and how many of its pieces the model knows.
    pub fn score(&self, text: &Pieces) -> (f32, usize) {
        let known = self.linear.known_in([(Field::Plain, &text.plain), (Field::Marked, &text.marked)]);
        (self.linear.scores_of(&known).first().copied().unwrap_or_default(), known.len())
    }

    /// The pieces of a text that speak, strongest first.
    pub fn spoken(&self, text: &Pieces) -> Vec<(String, f32)> {
        let named = text.named();
        let spoken = self.linear.spoken(&text.features(), 0);
        let mut all: Vec<(String, f32)> =
            spoken.iter().filter_map(|(hash, value)| Some((named.get(hash)?.1.clone(), *value))).collect();
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_scores_what_its_pieces_speak() {
        let piece = |view: &str, piece: &str, weight| Piece {
            view: view.to_owned(),
            piece: piece.to_owned(),
            rarity: 2.0,
            weight,
        };
        let model = PieceModel::of(
            [
                piece("plain", "漏", 0.5),
                piece("plain", "漏水", -0.2),
                piece("marked", "甲", 0.7),
                piece("bias", "", 0.1),
            ]
            .into_iter(),
        );
        let mut text = Pieces::default();
        text.extend("漏水漏水又漏", "甲漏");
        let (score, known) = model.score(&text);
        let spoken = model.spoken(&text);
        let sum: f32 = spoken.iter().map(|(_, value)| value).sum();
        assert!((score - sum - 0.1).abs() < 1e-4, "{score} {spoken:?}");
        assert_eq!((known, spoken.len()), (3, 3));
    }
}
