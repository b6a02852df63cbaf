//! What a matter is, judged from title and text: a lexicon of words officials may edit, and, where an office trained
//! one from its own history, a linear model over character n-grams. Says "unsure" rather than guess, above all of
//! classes it was never taught. Nothing of the text enters what is recorded but words of the lists.

use std::collections::BTreeMap;

use huiliu_schemas::places::MatterCode;

mod certainty;
pub mod evaluate;
pub mod examples;
mod features;
pub mod lexicon;
pub mod model;
pub mod train;

pub use lexicon::Lexicon;
pub use model::Model;

use certainty::{Certainty, Rivals};
use lexicon::{CLASSES, Evidence};

/// The judge: a lexicon, and a model where there is one.
#[derive(Debug, Clone, Default)]
pub struct Judge {
    /// The words.
    pub lexicon: Lexicon,
    /// What was learned from an office's own history.
    pub model: Option<Model>,
}

/// What the judge thinks of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// First-level class it most probably is; none where nothing spoke at all.
    pub class: Option<MatterCode>,
    /// The deepest class that is clear, at or under `class`.
    pub code: Option<MatterCode>,
    /// How probable `class` is, 0 to 1.
    pub confidence: f32,
    /// Whether that is enough to go by.
    pub certain: bool,
    /// Who decided: the lexicon or the model.
    pub by: By,
    /// Classes it could be, likeliest first, at most three, where it is not certain.
    pub possible: Vec<MatterCode>,
    /// Lower classes the text also gives evidence for, `code` among them: a department must answer for all of them.
    pub plausible: Vec<MatterCode>,
    /// Words of the lexicon that spoke for the class, strongest first, at most five.
    pub words: Vec<String>,
}

/// What an opinion rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The words of the lists alone.
    Lexicon,
    /// The trained model, with the words among its features.
    Model,
}

impl Judge {
    /// Judges one text.
    pub fn judge(&self, title: &str, text: &str) -> Opinion {
        let evidence = self.lexicon.read(title, text);
        match &self.model {
            Some(model) => model_opinion(model, title, text, &evidence),
            None => lexicon_opinion(&evidence),
        }
    }
}

/// What spoke for and against a class: pieces of the text it was given, for the eyes of who gave it. Never recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The class.
    pub class: MatterCode,
    /// Strongest first.
    pub speaks_for: Vec<(String, f32)>,
    /// Strongest first.
    pub speaks_against: Vec<(String, f32)>,
}

impl Judge {
    /// What spoke for and against each class the model was taught, best class first; nothing where there is no model.
    pub fn explain(&self, title: &str, text: &str) -> Vec<Explained> {
        let Some(model) = &self.model else { return Vec::new() };
        let evidence = self.lexicon.read(title, text);
        let features = features::features(title, text, &evidence);
        let named = features::named(title, text, &evidence);
        let scores = model.linear.scores(&features);
        let mut order: Vec<usize> = (0..model.classes.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let explained = |column: usize| {
            Some(explained(
                lexicon::class_code(*model.classes.get(column)?)?,
                &model.linear.spoken(&features, column),
                &named,
            ))
        };
        order.into_iter().filter_map(explained).collect()
    }
}

fn explained(class: MatterCode, spoken: &[(u64, f32)], named: &BTreeMap<u64, String>) -> Explained {
    const MOST: usize = 8;
    let mut all: Vec<(String, f32)> =
        spoken.iter().filter_map(|(hash, value)| Some((named.get(hash)?.clone(), *value))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let speaks_for = all.iter().filter(|(_, v)| *v > 0.0).take(MOST).cloned().collect();
    let speaks_against = all.iter().rev().filter(|(_, v)| *v < 0.0).take(MOST).cloned().collect();
    Explained { class, speaks_for, speaks_against }
}

fn model_opinion(model: &Model, title: &str, text: &str, evidence: &Evidence<'_>) -> Opinion {
    let scores = model.linear.scores(&features::features(title, text, evidence));
    let rivals = Rivals::of(&scores, &model.classes, evidence);
    let confidence = model.certainty.confidence(&rivals);
    let familiar = model.certainty.is_familiar(&rivals);
    let certain = familiar && confidence >= model.threshold;
    if !familiar {
        let by_words = lexicon_opinion(evidence);
        let untaught = by_words.class.as_ref().is_some_and(|c| !model.classes.contains(&class_index(c)));
        if by_words.certain && untaught {
            return by_words;
        }
    }
    opinion(evidence, rivals.best, confidence, certain, By::Model)
}

fn lexicon_opinion(evidence: &Evidence<'_>) -> Opinion {
    let Some(best) = evidence.best() else {
        return opinion(evidence, CLASSES, 0.0, false, By::Lexicon);
    };
    let confidence = Certainty::of_words_alone(evidence, best);
    opinion(evidence, best, confidence, confidence >= certainty::WORDS_THRESHOLD, By::Lexicon)
}

fn opinion(evidence: &Evidence<'_>, class: usize, confidence: f32, certain: bool, by: By) -> Opinion {
    let code = (class < CLASSES).then(|| lexicon::class_code(class)).flatten();
    let deepest = code.as_ref().map(|c| evidence.deepest(c));
    let mut possible = evidence.ranked();
    possible.retain(|c| Some(c) != code.as_ref());
    possible.splice(0..0, code.clone());
    possible.truncate(3);
    Opinion {
        plausible: code.as_ref().map_or_else(Vec::new, |c| evidence.plausible(c)),
        words: code.as_ref().map_or_else(Vec::new, |c| evidence.words_for(c)),
        code: deepest,
        class: code,
        confidence,
        certain,
        by,
        possible: if certain { Vec::new() } else { possible },
    }
}

fn class_index(code: &MatterCode) -> usize {
    code.as_str().get(..2).and_then(|c| c.parse::<usize>().ok()).map_or(CLASSES, |c| c.wrapping_sub(1))
}

#[cfg(test)]
mod tests;
