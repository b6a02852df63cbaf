//! What a matter is: the code given, else the source's class name where it means exactly one class. Never a guess
//! from the text: that is another module's task and comes in as a code.

use huiliu_schemas::places::MatterCode;

use super::facts::RoutingFacts;
use crate::directory::Directory;

/// What is known of the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// By code.
    Coded(MatterCode),
    /// By the source's class name.
    Named(MatterCode),
    /// Not known; the class name could be any of these.
    Unknown { possible: Vec<MatterCode>, untranslated: bool },
}

impl What {
    pub fn code(&self) -> Option<&MatterCode> {
        match self {
            Self::Coded(code) | Self::Named(code) => Some(code),
            Self::Unknown { .. } => None,
        }
    }
}

pub(super) fn resolve(facts: &RoutingFacts, directory: &Directory) -> What {
    let given = facts.matter.as_ref();
    if let Some(code) = given.filter(|c| directory.matters.get(c).is_some()) {
        return What::Coded(code.clone());
    }
    let class = facts.source_class.as_ref();
    let possible = class.and_then(|c| c.name.as_deref()).map_or_else(Vec::new, |name| directory.matters.find(name));
    match possible.as_slice() {
        [one] => What::Named(one.clone()),
        _ => What::Unknown { possible, untranslated: given.is_some() || class.is_some_and(|c| c.code.is_some()) },
    }
}
