//! Learning from an office's own history. Pure and deterministic: the same examples in the same order with the same
//! seed and lexicon give the same bytes.

use std::collections::{BTreeMap, HashMap};

use super::certainty::{Certainty, KNOWN, Rivals, Trial};
use super::examples::Example;
use super::features::features;
use super::lexicon::{Evidence, Lexicon};
use super::model::{About, Model};
use crate::judgement::learning::fit::{hyperplane, hyperplane_by_ratios, vocabulary};
use crate::judgement::learning::grams::Features;
use crate::judgement::learning::linear::Linear;
use crate::judgement::learning::solve::{Row, Shuffle};

/// How to learn.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Of what is decided without a person, this share is to be right.
    pub precision: f32,
    /// For shuffles.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { precision: 0.97, seed: 1 }
    }
}

/// What an error costs: higher follows the examples more closely.
const COST: f32 = 1.0;
/// Inner folds from which certainty is learned, and the most texts they are made of.
const FOLDS: usize = 5;
const MOST_TRIALS: usize = 6_000;
/// A class with fewer examples is not taught at all.
pub const LEAST_EXAMPLES: usize = 8;

/// Why nothing could be learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooLittle {
    /// Fewer than two classes.
    #[error("{0} first-level class(es) with at least {LEAST_EXAMPLES} examples: at least two are needed")]
    Classes(usize),
}

struct Text<'a> {
    class: usize,
    features: Features,
    evidence: Evidence<'a>,
}

/// Learns a model.
pub fn train(examples: &[&Example], lexicon: &Lexicon, settings: Settings) -> Result<Model, TooLittle> {
    let taught = enough(examples);
    if taught.len() < 2 {
        return Err(TooLittle::Classes(taught.len()));
    }
    let texts: Vec<Text<'_>> =
        examples.iter().filter(|e| taught.contains(&e.class())).map(|e| read(e, lexicon)).collect();
    let some = sample(&texts, settings.seed);
    let trials = trials(&some, &taught, settings.seed);
    let strangers = strangers(&some, &taught, settings.seed);
    let certainty = Certainty::fit(&trials, &strangers);
    let threshold = threshold(&trials, &certainty, settings.precision);
    let all: Vec<&Text<'_>> = texts.iter().collect();
    let about = About {
        texts: texts.len(),
        precision: settings.precision,
        seed: settings.seed,
        accuracy: share(trials.iter().map(|(_, right)| *right)),
        automatic: share(trials.iter().map(|(known, _)| is_decided(known, &certainty, threshold))),
    };
    Ok(Model::new(taught.clone(), linear(&all, &taught, settings.seed), certainty, threshold, about))
}

fn enough(examples: &[&Example]) -> Vec<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    examples.iter().for_each(|e| *counts.entry(e.class()).or_default() += 1);
    counts.into_iter().filter(|(_, n)| *n >= LEAST_EXAMPLES).map(|(class, _)| class).collect()
}

fn read<'a>(example: &Example, lexicon: &'a Lexicon) -> Text<'a> {
    let evidence = lexicon.read(&example.title, &example.text);
    let features = features(&example.title, &example.text, &evidence);
    Text { class: example.class(), features, evidence }
}

fn sample<'a, 'l>(texts: &'a [Text<'l>], seed: u64) -> Vec<&'a Text<'l>> {
    let mut all: Vec<&Text<'_>> = texts.iter().collect();
    Shuffle::new(seed).shuffle(&mut all);
    all.truncate(MOST_TRIALS);
    all
}

/// Each text judged by a model that had not seen it.
fn trials(texts: &[&Text<'_>], taught: &[usize], seed: u64) -> Vec<Trial> {
    let folds = folds(texts.iter().map(|t| t.class), FOLDS, seed);
    let mut trials = Vec::with_capacity(texts.len());
    for fold in 0..FOLDS {
        let (seen, unseen) = parted(texts, |at| folds[at] != fold);
        let linear = linear(&seen, taught, seed);
        trials.extend(unseen.iter().map(|text| {
            let rivals = Rivals::of(&linear.scores(&text.features), taught, &text.evidence);
            (rivals.known, rivals.best == text.class)
        }));
    }
    trials
}

/// The texts of each class judged by a model that was never taught that class.
fn strangers(texts: &[&Text<'_>], taught: &[usize], seed: u64) -> Vec<[f64; KNOWN]> {
    let mut known = Vec::new();
    for stranger in taught.iter().filter(|_| taught.len() > 2) {
        let rest: Vec<usize> = taught.iter().copied().filter(|c| c != stranger).collect();
        let (seen, unseen) = parted(texts, |at| texts[at].class != *stranger);
        let linear = linear(&seen, &rest, seed);
        known.extend(unseen.iter().map(|t| Rivals::of(&linear.scores(&t.features), &rest, &t.evidence).known));
    }
    known
}

fn parted<'a, 'l>(texts: &[&'a Text<'l>], is_seen: impl Fn(usize) -> bool) -> (Vec<&'a Text<'l>>, Vec<&'a Text<'l>>) {
    let (seen, unseen): (Vec<_>, Vec<_>) = (0..texts.len()).partition(|at| is_seen(*at));
    let those = |places: Vec<usize>| places.into_iter().map(|at| texts[at]).collect();
    (those(seen), those(unseen))
}

/// A fold for each example, classes spread evenly.
pub(super) fn folds(classes: impl Iterator<Item = usize>, count: usize, seed: u64) -> Vec<usize> {
    let classes: Vec<usize> = classes.collect();
    let mut order: Vec<usize> = (0..classes.len()).collect();
    Shuffle::new(seed).shuffle(&mut order);
    order.sort_by_key(|at| classes[*at]);
    let mut folds = vec![0; classes.len()];
    order.into_iter().enumerate().for_each(|(place, at)| folds[at] = place % count);
    folds
}

fn linear(texts: &[&Text<'_>], taught: &[usize], seed: u64) -> Linear {
    let (hashes, rarity) = vocabulary(&texts.iter().map(|t| &t.features).collect::<Vec<_>>());
    let empty = Linear::new(hashes, rarity, Vec::new(), Vec::new(), Vec::new());
    let rows: Vec<Parts> = texts.iter().map(|t| Parts::of(&empty, &t.features)).collect();
    let cost = costs(texts, texts.len() as f32 / taught.len() as f32);
    let of_class = |class: &usize| {
        let wanted: Vec<bool> = texts.iter().map(|t| t.class == *class).collect();
        hyperplanes(&rows, &wanted, &cost, empty.hashes.len(), seed)
    };
    let (mut exact, echoes): (Vec<_>, Vec<_>) = taught.iter().map(of_class).unzip();
    exact.extend(echoes);
    Linear::quantised(empty.hashes, empty.rarity, &exact)
}

/// A text's features: its n-grams, and these with its words.
struct Parts {
    grams: Row,
    all: Row,
}

impl Parts {
    fn of(linear: &Linear, features: &Features) -> Self {
        let all = linear.known(features);
        let only_grams = Features { words: Vec::new(), ..features.clone() };
        Self { grams: linear.known(&only_grams), all }
    }
}

/// What parts a class from the rest, and its echo, which has n-grams alone, by ratios: it judges worse, but errs elsewhere,
/// so that the two together know better when they may err.
fn hyperplanes(rows: &[Parts], wanted: &[bool], cost: &[f32], width: usize, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let all: Vec<&Row> = rows.iter().map(|r| &r.all).collect();
    let grams: Vec<&Row> = rows.iter().map(|r| &r.grams).collect();
    (hyperplane(&all, wanted, cost, width, seed), hyperplane_by_ratios(&grams, wanted, cost, width, seed))
}

/// Errors in rare classes cost more: within limits, every class as much in sum.
fn costs(texts: &[&Text<'_>], size: f32) -> Vec<f32> {
    let mut counts: HashMap<usize, f32> = HashMap::new();
    texts.iter().for_each(|t| *counts.entry(t.class).or_default() += 1.0);
    texts.iter().map(|t| COST * (size / counts[&t.class]).clamp(0.3, 4.0)).collect()
}

fn confidence(known: &[f64; KNOWN], certainty: &Certainty) -> f32 {
    certainty.confidence(&Rivals { best: 0, known: *known })
}

fn is_decided(known: &[f64; KNOWN], certainty: &Certainty, threshold: f32) -> bool {
    let rivals = Rivals { best: 0, known: *known };
    certainty.confidence(&rivals) >= threshold && certainty.is_familiar(&rivals)
}

/// The lowest confidence from which on the wanted share is right, most probably.
fn threshold(trials: &[Trial], certainty: &Certainty, precision: f32) -> f32 {
    let mut all: Vec<(f32, bool)> =
        trials.iter().map(|(known, right)| (confidence(known, certainty), *right)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut lowest) = (0.0f32, 1.0f32);
    for (place, (confidence, is_right)) in all.iter().enumerate() {
        right += f32::from(u8::from(*is_right));
        if at_least(right, place as f32 + 1.0) >= precision {
            lowest = *confidence;
        }
    }
    lowest
}

/// The share that is right in truth, three times out of four at least (Wilson 1927), where `right` of `all` were met.
fn at_least(right: f32, all: f32) -> f32 {
    const Z: f32 = 0.6745;
    let (share, square) = (right / all, Z * Z / all);
    let spread = (share * (1.0 - share) * square + square * square / 4.0).sqrt();
    (share + square / 2.0 - spread) / (1.0 + square)
}

fn share(all: impl ExactSizeIterator<Item = bool>) -> f32 {
    let count = all.len().max(1) as f32;
    all.map(|so| f32::from(u8::from(so))).sum::<f32>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_texts_prove_less_than_many() {
        assert!((at_least(97.0, 100.0) - 0.956_20).abs() < 1e-4, "{}", at_least(97.0, 100.0));
        assert!(at_least(10.0, 10.0) < 0.97 && at_least(30.0, 30.0) > 0.97);
        assert!(at_least(970.0, 1000.0) > at_least(97.0, 100.0));
    }
}
