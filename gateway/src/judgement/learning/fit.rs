//! Which features a linear model has, and what parts one class of texts from the rest by them. Pure and deterministic.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::grams::Features;
use super::solve::{Row, separate};

/// n-grams kept: those met in most texts. Keeps a model of 15 classes under 15 MB.
const MOST_FEATURES: usize = 200_000;

/// What parts those wanted from the rest: the mean of two machines, one of them with every feature scaled by how much more
/// often it is met among those wanted (Wang and Manning 2012). The bias comes last.
pub(in crate::judgement) fn hyperplane(
    rows: &[&Row],
    wanted: &[bool],
    cost: &[f32],
    width: usize,
    seed: u64,
) -> Vec<f32> {
    let plainly = separate(rows, wanted, cost, width, seed);
    let by_ratios = hyperplane_by_ratios(rows, wanted, cost, width, seed);
    plainly.iter().zip(&by_ratios).map(|(a, b)| 0.5 * (a + b)).collect()
}

/// The machine whose features are scaled by itself: judges worse than the mean, and errs elsewhere.
pub(in crate::judgement) fn hyperplane_by_ratios(
    rows: &[&Row],
    wanted: &[bool],
    cost: &[f32],
    width: usize,
    seed: u64,
) -> Vec<f32> {
    let ratios = ratios(rows, wanted, width);
    let scale = |row: &&Row| row.iter().map(|(at, v)| (*at, v * ratios[*at as usize])).collect();
    let scaled: Vec<Row> = rows.iter().map(scale).collect();
    let mut weights = separate(&scaled.iter().collect::<Vec<_>>(), wanted, cost, width, seed);
    weights.iter_mut().zip(&ratios).for_each(|(weight, ratio)| *weight *= ratio);
    weights
}

/// The logarithm of how much more a feature is met in the class than outside.
fn ratios(rows: &[&Row], wanted: &[bool], width: usize) -> Vec<f32> {
    const SMOOTH: f32 = 0.1;
    let mut sums = [vec![SMOOTH; width], vec![SMOOTH; width]];
    for (row, wanted) in rows.iter().zip(wanted) {
        let sums = &mut sums[usize::from(*wanted)];
        row.iter().for_each(|(at, v)| sums[*at as usize] += v);
    }
    let [outside, inside] = sums;
    let shift = (outside.iter().sum::<f32>() / inside.iter().sum::<f32>()).ln();
    inside.iter().zip(&outside).map(|(i, o)| (i / o).ln() + shift).collect()
}

/// n-grams met in two texts or more, and every word.
pub(in crate::judgement) fn vocabulary(texts: &[&Features]) -> (Vec<u64>, Vec<f32>) {
    let mut met: HashMap<u64, u32> = HashMap::new();
    let grams = texts.iter().flat_map(|t| t.grams.iter().flatten());
    grams.for_each(|(hash, _)| *met.entry(*hash).or_default() += 1);
    let mut common: Vec<(u64, u32)> = met.into_iter().filter(|(_, n)| *n >= 2).collect();
    common.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    common.truncate(MOST_FEATURES);
    let count = texts.len() as f32;
    let mut all: BTreeMap<u64, f32> =
        common.into_iter().map(|(hash, n)| (hash, ((1.0 + count) / (1.0 + n as f32)).ln() + 1.0)).collect();
    let words: BTreeSet<u64> = texts.iter().flat_map(|t| t.words.iter().map(|(h, _)| *h)).collect();
    all.extend(words.into_iter().map(|hash| (hash, 1.0)));
    all.into_iter().unzip()
}
