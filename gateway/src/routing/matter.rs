//! What a matter is: the code given, else the source's class name where it means exactly one class, else what title
//! and text leave no doubt about. Where the source speaks and a very sure judge of the text contradicts it, the source
//! is kept and the contradiction is told.

use huiliu_schemas::places::MatterCode;

use super::facts::RoutingFacts;
use crate::directory::Directory;
use crate::judgement::matter::{By, Explained, Opinion};

/// What is known of the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// By code.
    Coded(MatterCode),
    /// By the source's class name.
    Named(MatterCode),
    /// By title and text; the opinion says how sure.
    Classified(MatterCode),
    /// Not known; it could be any of these.
    Unknown { possible: Vec<MatterCode>, untranslated: bool },
}

impl What {
    pub fn code(&self) -> Option<&MatterCode> {
        match self {
            Self::Coded(code) | Self::Named(code) | Self::Classified(code) => Some(code),
            Self::Unknown { .. } => None,
        }
    }
}

/// What the matter is, and what the judge of the text thinks, where it was asked.
pub(super) fn resolve(facts: &RoutingFacts, directory: &Directory) -> (What, Option<Opinion>) {
    let given = facts.matter.as_ref();
    if let Some(code) = given.filter(|c| directory.matters.get(c).is_some()) {
        return (What::Coded(code.clone()), None);
    }
    let class = facts.source_class.as_ref();
    let possible = class.and_then(|c| c.name.as_deref()).map_or_else(Vec::new, |name| directory.matters.find(name));
    let opinion = judge(facts, directory);
    let what = match possible.as_slice() {
        [one] => What::Named(one.clone()),
        _ => by_text(opinion.as_ref(), possible).unwrap_or_else(|possible| What::Unknown {
            possible,
            untranslated: given.is_some() || class.is_some_and(|c| c.code.is_some()),
        }),
    };
    (what, opinion)
}

fn judge(facts: &RoutingFacts, directory: &Directory) -> Option<Opinion> {
    let (title, text) = title_and_text(facts);
    let judged = !title.trim().is_empty() || !text.trim().is_empty();
    judged.then(|| directory.matter.judge(title, &text)).filter(|o| o.class.is_some())
}

/// What in the text spoke for and against the class that an office's own model sees in it; none without a model.
pub(super) fn explained(facts: &RoutingFacts, directory: &Directory) -> Option<Explained> {
    let (title, text) = title_and_text(facts);
    directory.matter.explain(title, &text).into_iter().next()
}

fn title_and_text(facts: &RoutingFacts) -> (&str, String) {
    let title = facts.title.as_ref().map_or("", |t| t.expose());
    let rest = facts.texts.iter().map(|t| t.expose()).filter(|t| *t != title);
    (title, rest.collect::<Vec<_>>().join("\n"))
}

/// What the text leaves no doubt about; where the source's name leaves a choice, only a class among that choice. Else
/// what it could be.
fn by_text(opinion: Option<&Opinion>, possible: Vec<MatterCode>) -> Result<What, Vec<MatterCode>> {
    let Some(opinion) = opinion else { return Err(possible) };
    let Some((class, code)) = opinion.class.as_ref().zip(opinion.code.as_ref()).filter(|_| opinion.certain) else {
        return Err(if possible.is_empty() { opinion.possible.clone() } else { possible });
    };
    let fits: Vec<&MatterCode> = possible.iter().filter(|p| class.contains(p)).collect();
    match (possible.is_empty(), fits.as_slice()) {
        (true, _) => Ok(What::Classified(code.clone())),
        (false, [one]) => Ok(What::Classified((*one).clone())),
        _ => Err(possible),
    }
}

/// How the judge came to its opinion: words of the lists and figures, nothing of the text.
pub(super) fn because(opinion: &Opinion, directory: &Directory) -> String {
    let words = opinion.words.join("、");
    let words = if words.is_empty() { "词库无命中".to_owned() } else { format!("词库命中：{words}") };
    let model = directory.matter.model.as_ref().filter(|_| opinion.by == By::Model);
    let model = model.map(|m| format!("；模型 {}", m.version())).unwrap_or_default();
    format!("{words}{model}；把握 {}%", percent(opinion))
}

/// The confidence of an opinion, in whole per cent, never rounded up.
pub(super) fn percent(opinion: &Opinion) -> u8 {
    (opinion.confidence * 100.0) as u8
}

/// Whether the text contradicts what the source says.
pub(super) fn contradicts(what: &What, opinion: &Opinion) -> bool {
    let class = opinion.class.as_ref().filter(|_| opinion.certain);
    matches!((what, class), (What::Named(code), Some(class)) if !class.contains(code))
}
