//! How `pieces.csv` is made of our own texts: `make accusations`. The same texts give the same file.

use std::collections::BTreeMap;

use super::super::learning::fit::{hyperplane, vocabulary};
use super::super::learning::grams::Features;
use super::super::learning::linear::Linear;
use super::super::learning::solve::Row;
use super::blame::{Blame, Piece, Pieces};
use super::reading::Reading;
use crate::directory::Directory;

/// Pieces kept: those that move most. With 8,000 half as many accusations again go unnoticed; with all, few less.
const KEPT: usize = 20_000;
/// What an error costs.
const COST: f32 = 0.5;
const SEED: u64 = 1;
/// A sentence shorter than its text by no more than this is the text.
const A_FEW_BYTES: usize = 9;

/// Learns which pieces speak for blame; `examples` say of each text whether it finds fault with someone in office. Of a
/// text that does not, no sentence does.
pub(crate) fn teach(examples: &[(bool, &str)], directory: &Directory) -> Vec<Piece> {
    let read = |text: &str| Pieces::of(&[Reading::of(text, &directory.accusing)]);
    let innocent = examples.iter().filter(|(accuses, _)| !accuses);
    let sentences = innocent.flat_map(|(_, text)| sentences_of_office(text, directory));
    let examples: Vec<(bool, &str)> = examples.iter().copied().chain(sentences.map(|s| (false, s))).collect();
    let texts: Vec<Pieces> = examples.iter().map(|(_, text)| read(text)).collect();
    let features: Vec<Features> = texts.iter().map(Pieces::features).collect();
    let wanted: Vec<bool> = examples.iter().map(|(accuses, _)| *accuses).collect();
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
    order.truncate(KEPT);
    order.sort_unstable();
    let hashes: Vec<u64> = order.iter().map(|at| hashes[*at]).collect();
    let rarity: Vec<f32> = order.iter().map(|at| rarity[*at]).collect();
    let weights = fit(&hashes, &rarity, &features, &wanted);
    let named: BTreeMap<_, _> = texts.iter().flat_map(Pieces::named).collect();
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

/// The sentences of a text of several that speak of someone in office.
fn sentences_of_office<'t>(text: &'t str, directory: &Directory) -> Vec<&'t str> {
    let sentences = Reading::of(text, &directory.accusing).of_office().collect::<Vec<_>>();
    sentences.into_iter().filter(|sentence| sentence.len() + A_FEW_BYTES < text.len()).collect()
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

/// The model these pieces are.
pub(crate) fn model(pieces: Vec<Piece>) -> Blame {
    Blame::of(pieces.into_iter())
}
