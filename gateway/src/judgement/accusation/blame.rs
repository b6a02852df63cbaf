//! How much a text reads as finding fault with someone in office: a linear model over pieces of one to three characters,
//! of the text as it stands and of the text with everyone named replaced by what kind of party it is. Learned from texts
//! of our own, written to the file as pieces and weights that anyone can read.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::super::learning::grams::{Features, Field, counted, hash_of, spans};
use super::super::learning::linear::Linear;
use super::super::learning::normal::{plain, without_numbers};
use super::reading::Reading;
use super::weighing::BARS;

/// The pieces that ship with the binary, made of the examples by `make accusations`.
pub(crate) const FILE: &str = include_str!("pieces.csv");

/// The model that ships with the binary.
pub(super) static BLAME: LazyLock<Arc<Blame>> = LazyLock::new(|| Arc::new(Blame::read(FILE)));

/// No text is read further than this, in characters.
const MOST: usize = 1_500;

/// With fewer known pieces, or fewer characters besides a name, nobody can tell what a text says: it accuses nobody, and
/// bars whoever does something in it.
const LEAST: usize = 12;
const LEAST_SAID: usize = 4;
/// A name and no more.
const SAYS_NOTHING: f32 = -1.0;

/// A piece as the file has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// `plain`, `marked`, or `bias`.
    pub view: String,
    pub piece: String,
    /// How rare it is in the examples.
    pub rarity: f32,
    /// Above zero it speaks for blame.
    pub weight: f32,
}

/// The model.
#[derive(Debug, Default)]
pub(crate) struct Blame {
    linear: Linear,
}

/// The texts of one case as the model reads them.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    plain: Vec<char>,
    marked: Vec<char>,
}

impl Pieces {
    pub fn of(readings: &[Reading<'_, '_>]) -> Self {
        let mut all = Self::default();
        readings.iter().for_each(|reading| all.read(reading, 0..reading.text.len()));
        all
    }

    /// One stretch of a text by itself.
    pub fn of_stretch(reading: &Reading<'_, '_>, stretch: Range<usize>) -> Self {
        let mut one = Self::default();
        one.read(reading, stretch);
        one
    }

    fn read(&mut self, reading: &Reading<'_, '_>, stretch: Range<usize>) {
        self.plain.extend(without_numbers(&plain(&reading.text[stretch.clone()]), MOST));
        self.marked.extend(without_numbers(&plain(&reading.marked(stretch)), MOST));
    }

    pub fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// How much is said besides a name, in characters.
    fn said(&self) -> usize {
        self.marked.len().saturating_sub(1)
    }

    /// By how much a text reads more as blame for nothing but its length: whoever tells much tells of offices too.
    fn drift(&self) -> f32 {
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

/// The views by name.
const VIEWS: [(Field, &str); 2] = [(Field::Plain, "plain"), (Field::Marked, "marked")];

impl Blame {
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

    /// How much a case reads as blame: above zero more than not.
    pub(super) fn score(&self, text: &Pieces) -> f32 {
        let features = text.features();
        match text.said() {
            0 => SAYS_NOTHING,
            said if said < LEAST_SAID || self.linear.known(&features).len() < LEAST => BARS,
            _ => self.speaks(&features) - text.drift(),
        }
    }

    /// The same of one sentence, however short.
    pub(super) fn score_sentence(&self, sentence: &Pieces) -> f32 {
        if sentence.said() == 0 { SAYS_NOTHING } else { self.speaks(&sentence.features()) - sentence.drift() }
    }

    fn speaks(&self, features: &Features) -> f32 {
        self.linear.scores(features).first().copied().unwrap_or_default()
    }

    /// The pieces of a case that speak, strongest first.
    pub(super) fn spoken(&self, text: &Pieces) -> Vec<(String, f32)> {
        let named = text.named();
        let spoken = self.linear.spoken(&text.features(), 0);
        let mut all: Vec<(String, f32)> =
            spoken.iter().filter_map(|(hash, value)| Some((named.get(hash)?.1.clone(), *value))).collect();
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
        all
    }
}
