//! How the tables of pieces are made of our own texts: `make pieces`. The same texts give the same table.

use std::collections::BTreeMap;

use super::fit::{hyperplane, vocabulary};
use super::grams::Features;
use super::linear::Linear;
use super::pieces::{Piece, Pieces};
use super::solve::Row;

/// What an error costs.
const COST: f32 = 0.5;
const SEED: u64 = 1;

/// Learns which pieces speak for a kind of text; `examples` say of each whether it is of that kind. Of all pieces as many are
/// `kept`: those that move most.
pub(crate) fn teach(examples: &[(bool, Pieces)], kept: usize) -> Vec<Piece> {
    let features: Vec<Features> = examples.iter().map(|(_, text)| text.features()).collect();
    let wanted: Vec<bool> = examples.iter().map(|(wanted, _)| *wanted).collect();
    let (hashes, rarity) = vocabulary(&features.iter().collect::<Vec<_>>());
    let first = fit(&hashes, &rarity, &features, &wanted);
    let mut moved = vec![0.0f32; hashes.len()];
    let linear = empty(&hashes, &rarity);
    for text in &features {
        linear.known(text).iter().for_each(|(at, v)| moved[*at as usize] += v * v);
    }
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order.sort_by(|a, b| {
        let by = |at: usize| first[at].abs() * moved[at].sqrt();
        by(*b).total_cmp(&by(*a)).then(hashes[*a].cmp(&hashes[*b]))
    });
    order.truncate(kept);
    order.sort_unstable();
    let hashes: Vec<u64> = order.iter().map(|at| hashes[*at]).collect();
    let rarity: Vec<f32> = order.iter().map(|at| rarity[*at]).collect();
    let weights = fit(&hashes, &rarity, &features, &wanted);
    let named: BTreeMap<_, _> = examples.iter().flat_map(|(_, text)| text.named()).collect();
    let piece = |(at, hash): (usize, &u64)| {
        let (view, piece) = named.get(hash).cloned().unwrap_or_default();
        Piece { view: view.to_owned(), piece, rarity: rounded(rarity[at]), weight: rounded(weights[at]) }
    };
    let mut pieces: Vec<Piece> = hashes.iter().enumerate().map(piece).collect();
    pieces.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| (&a.view, &a.piece).cmp(&(&b.view, &b.piece))));
    let bias =
        Piece { view: "bias".to_owned(), piece: String::new(), rarity: 1.0, weight: rounded(weights[hashes.len()]) };
    std::iter::once(bias).chain(pieces).collect()
}

fn empty(hashes: &[u64], rarity: &[f32]) -> Linear {
    Linear::new(hashes.to_vec(), rarity.to_vec(), Vec::new(), Vec::new(), Vec::new())
}

fn fit(hashes: &[u64], rarity: &[f32], features: &[Features], wanted: &[bool]) -> Vec<f32> {
    let linear = empty(hashes, rarity);
    let rows: Vec<Row> = features.iter().map(|f| linear.known(f)).collect();
    // As much is at stake on either side, however many texts there are of each.
    let half = wanted.len() as f32 / 2.0;
    let accusing = wanted.iter().filter(|w| **w).count() as f32;
    let cost: Vec<f32> =
        wanted.iter().map(|w| COST * half / if *w { accusing } else { 2.0 * half - accusing }).collect();
    hyperplane(&rows.iter().collect::<Vec<_>>(), wanted, &cost, hashes.len(), SEED)
}

fn rounded(value: f32) -> f32 {
    (value * 1_000.0).round() / 1_000.0
}

/// The pieces as a file.
pub(crate) fn written(pieces: &[Piece]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    pieces.iter().for_each(|piece| writer.serialize(piece).expect("a line"));
    String::from_utf8(writer.into_inner().expect("bytes")).expect("text")
}
