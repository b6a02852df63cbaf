//! Who accuses whom: whether a text accuses a unit or an official, and which unit of the directory it is. Whether, a
//! linear model learned from texts of our own says (`blame`); whom, the names in the text and the part each plays
//! (`reading`). Pure. Where it is not known who, it says so, and whoever asks must treat the case as an accusation
//! (Petition Regulation 2022 art. 30).

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::WordRef;
use huiliu_schemas::places::DivisionCode;

use crate::directory::Directory;

pub(crate) mod blame;
mod field;
pub(crate) mod lexicon;
mod reading;
#[cfg(test)]
pub(super) mod teach;
#[cfg(test)]
mod tests;
mod weighing;
pub(crate) mod words;

pub use field::{Field, read_field};

/// How grave what is said is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// How a unit behaves or what it leaves undone.
    Conduct,
    /// What only discipline can settle.
    Misdeed,
}

/// Who is accused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Accused {
    /// A unit of the directory.
    Unit(DepartmentId),
    /// A village or community, which is no unit of the directory.
    Village,
    /// Someone in office; which unit is not said.
    Unknown,
}

/// A word of the lists that spoke.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Because {
    /// The line of the list.
    pub word: WordRef,
    /// What kind of word it is.
    pub(crate) kind: words::Kind,
    /// Why it did not count, in Chinese; none where it did.
    pub set_aside: Option<&'static str>,
}

/// What a text says of those in office.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accusation {
    /// How much the text reads as blame of someone in office: above zero more than not.
    pub blame: f32,
    /// Who is accused, and how gravely.
    pub accused: BTreeMap<Accused, Gravity>,
    /// Every unit named that is not only asked to act, told, or a place: whoever treats the case as an accusation for
    /// another reason must keep it from them.
    pub named: BTreeSet<DepartmentId>,
    /// A village or community is named in such a part.
    pub names_village: bool,
    /// The words.
    pub because: Vec<Because>,
}

impl Because {
    /// For the one who asks why: which line, of which kind, and why not where it did not count.
    pub fn chinese(&self) -> String {
        let line = format!("{} 第 {} 行（{}）", self.word.file, self.word.line, self.kind.chinese());
        match self.set_aside {
            None => line,
            Some(why) => format!("{line}：{why}，不计"),
        }
    }
}

impl Accusation {
    /// The units accused.
    pub fn units(&self) -> impl Iterator<Item = &DepartmentId> {
        self.accused.keys().filter_map(|a| match a {
            Accused::Unit(id) => Some(id),
            _ => None,
        })
    }

    /// The gravest that is said.
    pub fn gravity(&self) -> Option<Gravity> {
        self.accused.values().max().copied()
    }

    /// Someone in office is accused, named or not.
    pub fn is_accusation(&self) -> bool {
        self.blame >= weighing::ACCUSES && !self.accused.is_empty()
    }

    /// A village or community is accused.
    pub fn of_village(&self) -> bool {
        self.accused.contains_key(&Accused::Village)
    }
}

/// Reads texts of one case (title, text, demand) for accusations. `place` tells whose 街道 is meant.
pub fn judge(texts: &[&str], place: Option<&DivisionCode>, directory: &Directory) -> Accusation {
    weighing::weigh(texts, place, directory)
}

/// The pieces of the texts that speak for blame (above zero) or against it, strongest first: for the eyes of whoever gave
/// the texts. Never recorded.
pub fn spoken(texts: &[&str], directory: &Directory) -> Vec<(String, f32)> {
    weighing::spoken(texts, directory)
}
