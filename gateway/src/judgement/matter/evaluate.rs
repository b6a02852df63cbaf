//! How well it does on texts it has not seen: accuracy, macro-F1, precision and recall by class, confusion,
//! calibration error in ten bins, and the share it decides without a person. The threshold is always chosen inside
//! training; the texts it is measured on have no say.

use std::collections::{BTreeMap, BTreeSet};

use super::examples::Example;
use super::lexicon::Lexicon;
use super::train::{self, Settings, TooLittle, train};
use super::{Judge, Model, Opinion, class_index};

/// What came of one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// What it is, from 0.
    pub truth: usize,
    /// What it was taken for; none where nothing spoke.
    pub taken: Option<usize>,
    /// How probable that was said to be.
    pub confidence: f32,
    /// Whether it was decided.
    pub decided: bool,
}

impl Judged {
    fn new(truth: usize, opinion: &Opinion) -> Self {
        let taken = opinion.class.as_ref().map(class_index);
        Self { truth, taken, confidence: opinion.confidence, decided: opinion.certain }
    }

    /// Whether it was taken for what it is.
    pub fn is_right(&self) -> bool {
        self.taken == Some(self.truth)
    }
}

/// Judges every example.
pub fn judge_all(judge: &Judge, examples: &[&Example]) -> Vec<Judged> {
    examples.iter().map(|e| Judged::new(e.class(), &judge.judge(&e.title, &e.text))).collect()
}

/// Cross-validation: each text judged by a model trained on the other folds.
pub fn cross(
    examples: &[Example],
    lexicon: &Lexicon,
    folds: usize,
    settings: Settings,
) -> Result<Vec<Judged>, TooLittle> {
    let fold_of = train::folds(examples.iter().map(Example::class), folds, settings.seed);
    let mut results = Vec::with_capacity(examples.len());
    for fold in 0..folds {
        let part =
            |held: bool| examples.iter().zip(&fold_of).filter(move |(_, f)| (**f == fold) == held).map(|(e, _)| e);
        results.extend(held_out(&part(false).collect::<Vec<_>>(), &part(true).collect::<Vec<_>>(), lexicon, settings)?);
    }
    Ok(results)
}

/// Trains on some, judges others.
pub fn held_out(
    seen: &[&Example],
    unseen: &[&Example],
    lexicon: &Lexicon,
    settings: Settings,
) -> Result<Vec<Judged>, TooLittle> {
    let model: Model = train(seen, lexicon, settings)?;
    Ok(judge_all(&Judge { lexicon: lexicon.clone(), model: Some(model) }, unseen))
}

/// The figures of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassFigures {
    /// The class, from 0.
    pub class: usize,
    /// Texts of it.
    pub texts: usize,
    /// Of those taken for it, the share that is.
    pub precision: f64,
    /// Of those that are, the share taken for it.
    pub recall: f64,
}

impl ClassFigures {
    /// Their harmonic mean.
    pub fn f1(&self) -> f64 {
        let sum = self.precision + self.recall;
        if sum == 0.0 { 0.0 } else { 2.0 * self.precision * self.recall / sum }
    }
}

/// The figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Texts.
    pub texts: usize,
    /// Share right.
    pub accuracy: f64,
    /// Mean F1 of the classes that have texts.
    pub macro_f1: f64,
    /// By class.
    pub classes: Vec<ClassFigures>,
    /// How often one class (first) was taken for another (second; none: for nothing).
    pub confusion: BTreeMap<(usize, Option<usize>), usize>,
    /// Mean gap between what was said and what was so, in ten bins.
    pub calibration_error: f64,
    /// By bin: texts, confidence said, share right.
    pub bins: Vec<(usize, f64, f64)>,
    /// Share decided without a person.
    pub automatic: f64,
    /// Of those, the share right.
    pub automatic_precision: f64,
    /// Share that is right or went to a person.
    pub right_or_asked: f64,
}

/// Counts.
pub fn figures(results: &[Judged]) -> Figures {
    let classes: Vec<ClassFigures> = results
        .iter()
        .map(|r| r.truth)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|c| class_figures(c, results))
        .collect();
    let decided: Vec<&Judged> = results.iter().filter(|r| r.decided).collect();
    let mut confusion = BTreeMap::new();
    results.iter().for_each(|r| *confusion.entry((r.truth, r.taken)).or_default() += 1);
    let bins = bins(results);
    let gap = |(n, said, so): &(usize, f64, f64)| *n as f64 * (said - so).abs();
    Figures {
        texts: results.len(),
        accuracy: share(results.iter(), Judged::is_right),
        macro_f1: classes.iter().map(ClassFigures::f1).sum::<f64>() / classes.len().max(1) as f64,
        calibration_error: bins.iter().map(gap).sum::<f64>() / results.len().max(1) as f64,
        automatic: share(results.iter(), |r| r.decided),
        automatic_precision: share(decided.into_iter(), Judged::is_right),
        right_or_asked: share(results.iter(), |r| !r.decided || r.is_right()),
        classes,
        confusion,
        bins,
    }
}

fn class_figures(class: usize, results: &[Judged]) -> ClassFigures {
    let precision = share(results.iter().filter(|r| r.taken == Some(class)), Judged::is_right);
    let recall = share(results.iter().filter(|r| r.truth == class), Judged::is_right);
    ClassFigures { class, texts: results.iter().filter(|r| r.truth == class).count(), precision, recall }
}

fn bins(results: &[Judged]) -> Vec<(usize, f64, f64)> {
    let bin_of = |r: &Judged| ((r.confidence * 10.0) as usize).min(9);
    (0..10)
        .map(|bin| {
            let inside: Vec<&Judged> = results.iter().filter(|r| bin_of(r) == bin).collect();
            let said = inside.iter().map(|r| f64::from(r.confidence)).sum::<f64>() / inside.len().max(1) as f64;
            (inside.len(), said, share(inside.into_iter(), Judged::is_right))
        })
        .collect()
}

fn share<'a>(results: impl Iterator<Item = &'a Judged>, is_so: impl Fn(&Judged) -> bool) -> f64 {
    let (mut all, mut so) = (0usize, 0usize);
    for result in results {
        all += 1;
        so += usize::from(is_so(result));
    }
    so as f64 / all.max(1) as f64
}
