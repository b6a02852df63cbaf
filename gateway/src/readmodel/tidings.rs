//! What a person must hear of: counted where the log is folded, so that the totals neither miss nor repeat anything, whoever
//! wrote it and whatever died, and told in a line when the log brings it.

use huiliu_schemas::event::{Actor, Event, EventBody};
use huiliu_schemas::ids::CaseId;
use huiliu_schemas::vocabulary::{LinkKind, Warning};

/// Something of a case that a person must hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tiding {
    /// How grave it is, or has turned out to be.
    Warned(Warning),
    /// Words told later accuse someone new.
    AccusedLater,
    /// A record showed that it is one matter with another case.
    Linked(CaseId, LinkKind),
}

impl Tiding {
    /// What an event says of this kind. Of the two events of a linked pair it is the record's: the other case's is the hub's.
    pub fn of(event: &Event) -> Option<Self> {
        match &event.body {
            EventBody::Warned { colour, .. } => Some(Self::Warned(*colour)),
            EventBody::Linked { to, kind } if event.actor != Actor::Hub => Some(Self::Linked(*to, *kind)),
            body => (!body.accused_later().is_empty()).then_some(Self::AccusedLater),
        }
    }

    /// Tells operators.
    pub fn tell(self, case: CaseId) {
        match self {
            Self::Warned(colour) => tracing::info!(%case, %colour, "a case was warned of"),
            Self::AccusedLater => {
                tracing::warn!(%case, "what was told later accuses: a person looks who may have case {case}");
            }
            Self::Linked(to, kind) => {
                tracing::warn!(%case, %to, %kind, "a record names numbers of two cases: a person decides what becomes of them");
            }
        }
    }
}
