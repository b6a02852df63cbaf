//! Danger that no word of the list names: how much a text reads as life or safety at stake, learned from texts of our own as
//! pieces and weights that anyone can read. It calls a person (orange); red is for the words of the list.

use std::sync::{Arc, LazyLock};

use huiliu_schemas::decision::{SeverityReason, WordRef};
use huiliu_schemas::vocabulary::Warning;

use super::super::learning::pieces::{PieceModel, Pieces};
use super::super::vocabulary::ends_sentence;

/// The pieces that ship with the binary, made of our texts by `make pieces`.
pub(crate) const FILE: &str = include_str!("pieces.csv");

/// The model that ships with the binary.
static DANGER: LazyLock<Arc<Danger>> = LazyLock::new(|| Arc::new(Danger { model: PieceModel::read(FILE) }));

/// How much a text must read as danger, or one sentence of it.
const WHOLE: f32 = -0.2;
const SENTENCE: f32 = 0.1;
/// How much more where the list knows what is spoken of, and that it is denied, over or told of others.
const SET_ASIDE: f32 = 0.4;
/// With fewer known pieces nobody can tell.
const LEAST: usize = 12;

/// The model.
#[derive(Debug, Default)]
pub(crate) struct Danger {
    model: PieceModel,
}

impl Danger {
    /// The one that ships.
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&DANGER)
    }

    #[cfg(test)]
    pub fn of(pieces: Vec<super::super::learning::pieces::Piece>) -> Self {
        Self { model: PieceModel::of(pieces.into_iter()) }
    }

    /// Why a person must look, if it reads like that; `set_aside`: words of danger were met and did not count.
    pub(super) fn judge(&self, texts: &[&str], set_aside: bool) -> Option<SeverityReason> {
        let more = if set_aside { SET_ASIDE } else { 0.0 };
        let (how, score) = texts.iter().find_map(|text| self.read(text, more))?;
        let word = WordRef { file: "内置 severity/pieces.csv".to_owned(), line: 0, word: format!("{score:+.2}") };
        Some(SeverityReason {
            word, kind: "读来危急".to_owned(), colour: Some(Warning::Orange), how: how.to_owned()
        })
    }

    fn read(&self, text: &str, more: f32) -> Option<(&'static str, f32)> {
        let of = |text: &str, limit: f32| {
            let pieces = Pieces::plain(text);
            let (score, known) = self.model.score(&pieces);
            let score = score - pieces.drift();
            (known >= LEAST && score >= limit + more).then_some(score)
        };
        let sentences = || text.split(ends_sentence).filter(|sentence| sentence.len() < text.len());
        let whole = of(text, WHOLE).map(|score| ("整段读来像有人身或公共安全危险，请人工查看", score));
        let sentence = || sentences().find_map(|sentence| of(sentence, SENTENCE));
        whole.or_else(|| Some(("其中一句读来像有人身或公共安全危险，请人工查看", sentence()?)))
    }
}
