//! How sure the judge is. Nine things are known of a scored text: how far the best class is on its side, how far the
//! second, their distance, what share of the lexicon's evidence is for the best, for the strongest other class that
//! was taught, for the strongest that was **not**, whether the best is the lexicon's best too, how much evidence
//! there is at all, and how far the n-grams alone prefer the best to any other. Two logistic regressions over them are fitted on texts the model had not seen: whether the best class
//! is right; and whether the text's class was taught at all, for which all texts of each class in turn are judged by a
//! model that was never taught that class, so that it learns what "never taught" looks like.

use super::lexicon::{CLASSES, Evidence};
use crate::judgement::learning::solve::{Outcome, logistic, sigmoid};

/// Where the words alone are sure enough. Measured on real appeals: see `docs/decisions/0019`.
pub(super) const WORDS_THRESHOLD: f32 = 0.90;
/// What weights cost: few texts must not make it sure.
const PENALTY: f64 = 1.0;
/// What is known of a scored text.
pub(super) const KNOWN: usize = 9;

/// The classes that compete for a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rivals {
    /// The best class, as a first-level class.
    pub best: usize,
    /// What is known, as the head of this module says.
    pub known: [f64; KNOWN],
}

impl Rivals {
    /// From the scores of the classes taught, first by the judge and then by its echo, and the words.
    pub fn of(scores: &[f32], taught: &[usize], evidence: &Evidence<'_>) -> Self {
        let (scores, echoes) = scores.split_at(taught.len());
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        let best = order.first().map_or(CLASSES, |at| taught[*at]);
        let score = |place: usize| order.get(place).map_or(-1.0, |at| f64::from(scores[*at]));
        let total = f64::from(evidence.total()) + 3.0;
        let strongest = |is_taught: bool| {
            let others = evidence.classes.iter().filter(|(c, _)| *c != best && taught.contains(c) == is_taught);
            others.map(|(_, e)| f64::from(*e) / total).fold(0.0, f64::max)
        };
        let (mine, other, untaught) = (f64::from(evidence.of(best)) / total, strongest(true), strongest(false));
        let agreed = f64::from(u8::from(mine >= other.max(untaught)));
        let (top, second) = (score(0), score(1));
        let others = order.iter().skip(1).map(|at| f64::from(echoes[*at])).fold(f64::NEG_INFINITY, f64::max);
        let echo = order.first().map_or(0.0, |at| f64::from(echoes[*at]) - others);
        Self { best, known: [top, second, top - second, mine, other, untaught, agreed, total.ln(), echo] }
    }
}

/// Two regressions: is the best class right, and was the text's class taught at all.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Certainty {
    middle: [f64; KNOWN],
    spread: [f64; KNOWN],
    /// Whether the best class is right, of texts of classes that were taught: a probability, so calibrated.
    right: [f64; KNOWN + 1],
    /// Whether the class was taught.
    taught: [f64; KNOWN + 1],
    /// What nine of ten texts of classes never taught do not reach in that: below it nothing is decided.
    floor: f64,
}

/// How many numbers a certainty is.
pub(super) const NUMBERS: usize = 2 * KNOWN + 2 * (KNOWN + 1) + 1;
/// Of texts of classes never taught, at most this share may lie above the floor.
const STRANGERS_ABOVE: f64 = 0.1;

/// A text the model had not seen: what was known of it, and whether the best class was right.
pub(super) type Trial = ([f64; KNOWN], bool);

impl Certainty {
    /// Learns from texts of classes that were taught and from texts of classes that were not.
    pub fn fit(trials: &[Trial], strangers: &[[f64; KNOWN]]) -> Self {
        let (middle, spread) = moments(trials);
        let outcome =
            |known: &[f64; KNOWN], so| Outcome { known: scaled(known, &middle, &spread).to_vec(), so, weight: 1.0 };
        let right: Vec<_> = trials.iter().map(|(known, so)| outcome(known, *so)).collect();
        let mut taught: Vec<_> = trials.iter().map(|(known, _)| outcome(known, true)).collect();
        taught.extend(strangers.iter().map(|known| outcome(known, false)));
        let fit =
            |outcomes: Vec<Outcome>| logistic(&with_doubt(outcomes), PENALTY).try_into().unwrap_or([0.0; KNOWN + 1]);
        let mut fitted = Self { middle, spread, right: fit(right), taught: fit(taught), floor: f64::MIN };
        let mut scores: Vec<f64> = strangers.iter().map(|known| fitted.score(&fitted.taught, known)).collect();
        scores.sort_by(f64::total_cmp);
        let at = (scores.len() as f64 * (1.0 - STRANGERS_ABOVE)) as usize;
        fitted.floor = scores.get(at).copied().unwrap_or(f64::MIN);
        fitted
    }

    fn score(&self, weights: &[f64; KNOWN + 1], known: &[f64; KNOWN]) -> f64 {
        let scaled = scaled(known, &self.middle, &self.spread);
        scaled.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() + weights[KNOWN]
    }

    /// The probability that the best class is right.
    pub fn confidence(&self, rivals: &Rivals) -> f32 {
        sigmoid(self.score(&self.right, &rivals.known)) as f32
    }

    /// Whether a text looks like one of a class that was taught.
    pub fn is_familiar(&self, rivals: &Rivals) -> bool {
        self.score(&self.taught, &rivals.known) >= self.floor
    }

    /// All numbers, in the order of the fields.
    pub fn numbers(&self) -> Vec<f64> {
        let Self { middle, spread, right, taught, floor } = self;
        middle.iter().chain(spread).chain(right).chain(taught).chain([floor]).copied().collect()
    }

    /// From the numbers; none where they could not have been written.
    pub fn from_numbers(numbers: &[f64]) -> Option<Self> {
        let (middle, rest) = numbers.split_first_chunk::<KNOWN>()?;
        let (spread, rest) = rest.split_first_chunk::<KNOWN>()?;
        let (right, rest) = rest.split_first_chunk::<{ KNOWN + 1 }>()?;
        let (taught, rest) = rest.split_first_chunk::<{ KNOWN + 1 }>()?;
        let &[floor] = rest else { return None };
        let sound = numbers.iter().all(|v| v.is_finite()) && spread.iter().all(|s| *s > 0.0);
        sound.then_some(Self { middle: *middle, spread: *spread, right: *right, taught: *taught, floor })
    }

    /// The probability that the class with most words is right, where nothing was learned.
    pub fn of_words_alone(evidence: &Evidence<'_>, best: usize) -> f32 {
        let total = f64::from(evidence.total()) + 3.0;
        let mine = f64::from(evidence.of(best)) / total;
        let other =
            evidence.classes.iter().filter(|(c, _)| *c != best).map(|(_, e)| f64::from(*e) / total).fold(0.0, f64::max);
        let [for_mine, for_other, for_total, bias] = WORDS_ALONE;
        sigmoid(for_mine * mine + for_other * other + for_total * total.ln() + bias) as f32
    }
}

/// Share of the best, share of the next, log of all evidence, bias: four figures, rounded, from the real appeals.
const WORDS_ALONE: [f64; 4] = [5.2, -4.7, 0.65, -2.85];

/// One right and one wrong answer more, spread over all scores: whoever made no error yet may still make one.
fn with_doubt(mut scored: Vec<Outcome>) -> Vec<Outcome> {
    let share = 1.0 / scored.len().max(1) as f64;
    let doubts: Vec<Outcome> = scored
        .iter()
        .flat_map(|o| [true, false].map(|so| Outcome { known: o.known.clone(), so, weight: share }))
        .collect();
    scored.extend(doubts);
    scored
}

fn moments(trials: &[Trial]) -> ([f64; KNOWN], [f64; KNOWN]) {
    let count = trials.len().max(1) as f64;
    let (mut middle, mut spread) = ([0.0; KNOWN], [0.0; KNOWN]);
    for at in 0..KNOWN {
        middle[at] = trials.iter().map(|(k, _)| k[at]).sum::<f64>() / count;
        let square = trials.iter().map(|(k, _)| (k[at] - middle[at]).powi(2)).sum::<f64>() / count;
        spread[at] = square.sqrt().max(1e-6);
    }
    (middle, spread)
}

/// By how many spreads it lies off the middle; never more than three, so that nothing is concluded from what was never met.
fn scaled(known: &[f64; KNOWN], middle: &[f64; KNOWN], spread: &[f64; KNOWN]) -> [f64; KNOWN] {
    std::array::from_fn(|at| ((known[at] - middle[at]) / spread[at]).clamp(-3.0, 3.0))
}
