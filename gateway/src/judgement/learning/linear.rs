//! The linear model: one row of weights per feature, one column per class. Weights are kept as 16-bit integers with a
//! scale per class: small, and far finer than what an office's history can tell.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::grams::{Features, Field, all_of, hashes, how_often};

/// The model's features and weights.
#[derive(Debug, Clone, Default)]
pub(in crate::judgement) struct Linear {
    places: HashMap<u64, u32, FixedState>,
    /// Hashes in order, so that the same model has the same bytes.
    pub hashes: Vec<u64>,
    /// How rare an n-gram is; 1 for words of the lexicon.
    pub rarity: Vec<f32>,
    /// `hashes.len() × classes`, row by row.
    pub weights: Vec<i16>,
    /// What a weight is worth, by class.
    pub scales: Vec<f32>,
    /// By class.
    pub biases: Vec<f32>,
}

impl Linear {
    pub fn new(hashes: Vec<u64>, rarity: Vec<f32>, weights: Vec<i16>, scales: Vec<f32>, biases: Vec<f32>) -> Self {
        let places = hashes.iter().copied().zip(0..).collect();
        Self { places, hashes, rarity, weights, scales, biases }
    }

    /// From exact weights, a vector per class with the bias last.
    pub fn quantised(hashes: Vec<u64>, rarity: Vec<f32>, exact: &[Vec<f32>]) -> Self {
        let width = hashes.len();
        let largest = |w: &Vec<f32>| w[..width].iter().fold(1e-6f32, |m, v| m.max(v.abs()));
        let scales: Vec<f32> = exact.iter().map(|w| largest(w) / f32::from(i16::MAX)).collect();
        let mut weights = Vec::with_capacity(width * exact.len());
        for at in 0..width {
            weights.extend(exact.iter().zip(&scales).map(|(w, scale)| (w[at] / scale).round() as i16));
        }
        let biases = exact.iter().map(|w| w[width]).collect();
        Self::new(hashes, rarity, weights, scales, biases)
    }

    /// The features known, as places and values: n-grams by rarity with the length their field has, words as they are.
    pub fn known(&self, features: &Features) -> Vec<(u32, f32)> {
        let mut all = Vec::with_capacity(features.grams[1].len() / 2 + 64);
        for (block, wanted) in features.grams.iter().zip(features.lengths) {
            self.weigh(&mut all, block.iter().filter_map(|(hash, n)| Some((*self.places.get(hash)?, *n))), wanted);
        }
        all.extend(features.words.iter().filter_map(|(hash, v)| Some((*self.places.get(hash)?, *v))));
        all
    }

    /// The same of the n-grams of these fields and nothing else, each field of length 1.
    pub fn known_in(&self, fields: [(Field, &[char]); 2]) -> Vec<(u32, f32)> {
        let mut all = Vec::new();
        for (field, chars) in fields {
            let places = hashes(field, chars).filter_map(|hash| self.places.get(&hash).copied());
            self.weigh(&mut all, how_often(all_of(chars, places)).into_iter(), 1.0);
        }
        all
    }

    /// Adds the n-grams of one field, by rarity, brought to the length wanted.
    fn weigh(&self, all: &mut Vec<(u32, f32)>, met: impl Iterator<Item = (u32, f32)>, wanted: f32) {
        let from = all.len();
        all.extend(met.map(|(place, n)| (place, n * self.rarity[place as usize])));
        let length = all[from..].iter().map(|(_, v)| v * v).sum::<f32>().sqrt().max(1e-9);
        all[from..].iter_mut().for_each(|(_, v)| *v *= wanted / length);
    }

    /// How far on the right side of each class's hyperplane a text lies.
    pub fn scores(&self, features: &Features) -> Vec<f32> {
        self.scores_of(&self.known(features))
    }

    /// The same of the features it knows.
    pub fn scores_of(&self, known: &[(u32, f32)]) -> Vec<f32> {
        let classes = self.scales.len();
        let mut sums = vec![0.0f32; classes];
        for (place, value) in known {
            let from = *place as usize * classes;
            let row = &self.weights[from..from + classes];
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * f32::from(*weight));
        }
        sums.iter().zip(&self.scales).zip(&self.biases).map(|((sum, scale), bias)| sum * scale + bias).collect()
    }

    /// What each feature a text has speaks for a class.
    pub fn spoken(&self, features: &Features, class: usize) -> Vec<(u64, f32)> {
        let classes = self.scales.len();
        let weight = |place: u32| f32::from(self.weights[place as usize * classes + class]) * self.scales[class];
        self.known(features).into_iter().map(|(place, v)| (self.hashes[place as usize], v * weight(place))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_counts_for_its_length_however_many_pieces_it_has() {
        let linear = Linear::new(vec![1, 2, 3, 4], vec![1.0, 3.0, 2.0, 1.0], Vec::new(), Vec::new(), Vec::new());
        let grams = [vec![(1, 1.0), (2, 2.0)], vec![(3, 1.0), (9, 5.0)]];
        let known = linear.known(&Features { grams, lengths: [1.5, 1.0], words: vec![(4, 0.2)] });
        let length = |places: [u32; 2]| {
            let values = known.iter().filter(|(at, _)| places.contains(at)).map(|(_, v)| v * v);
            values.sum::<f32>().sqrt()
        };
        assert!((length([0, 1]) - 1.5).abs() < 1e-6 && (length([2, 2]) - 1.0).abs() < 1e-6, "{known:?}");
        assert_eq!(known.last(), Some(&(3, 0.2)), "words are as they are, what is not known is left out");
    }
}
