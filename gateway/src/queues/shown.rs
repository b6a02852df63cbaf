//! What is shown of a case's words, and to whom. Everything shown goes through [`Shown`], so that who spoke is hidden alike
//! wherever the case hides it: from the centre too, from sources that were not told, and in the words as well as among the
//! persons.

use huiliu_schemas::case::Case;
use huiliu_schemas::content::{Content, Person, PersonRole};
use huiliu_schemas::event::{Actor, EntryRef, Event, EventBody};
use huiliu_schemas::vocabulary::EntryKind;
use huiliu_schemas::{DepartmentId, Namespace};

use crate::doors::principal::Principal;
use crate::ledger::OpenedCase;
use crate::words::Hidden;

/// Whether a department has a part in the case now, or an entry it has not dealt with. The notice that the case is no longer
/// theirs opens nothing: what was said since may be about them.
pub fn may_read(case: &Case, department: &DepartmentId) -> bool {
    let opens = |e: &EntryRef| e.department == *department && e.kind != EntryKind::Withdraw;
    case.active(department).is_some() || case.live_entries().iter().any(opens)
}

/// What was said in this step and is theirs to read, where the case is. What was weighed by nobody when it came may accuse
/// whoever has the case: a record that came too late, and the `text` that versions before took with any step of an office.
pub fn readable(who: &Principal, event: &Event) -> Content {
    match (who, &event.body) {
        (Principal::Operator(_) | Principal::Machine(_), _) => event.content.clone(),
        (Principal::Channel(_), _) | (Principal::Department(_), EventBody::Superseded { .. }) => Content::default(),
        (Principal::Department(_), _) if is_office_step(event) => Content { text: None, ..event.content.clone() },
        (Principal::Department(_), _) => event.content.clone(),
    }
}

/// Whether an office did it, by a command that takes no `text` any more.
fn is_office_step(event: &Event) -> bool {
    let is_judged =
        matches!(event.body, EventBody::Supplemented(_) | EventBody::Urged { .. } | EventBody::Assessed { .. });
    !is_judged && !matches!(event.actor, Actor::Source { .. } | Actor::Hub)
}

/// How the words of one case are shown.
pub struct Shown<'o> {
    opened: &'o OpenedCase,
    /// Nobody, where all may know who spoke.
    hidden: Option<Hidden>,
}

impl<'o> Shown<'o> {
    /// Of this case. Whoever any of its records named is hidden: one may put right what another got wrong.
    pub fn of(opened: &'o OpenedCase) -> Self {
        let hidden = opened.loaded.case.hides_reporter().then(|| who_spoke(&opened.events));
        Self { opened, hidden }
    }

    /// Of this case to the sources of one numbering: they know who spoke to them, and what they told us themselves.
    pub fn to_source(opened: &'o OpenedCase, numbering: &Namespace) -> Self {
        let case = &opened.loaded.case;
        let hidden = case.hides_reporter().then(|| {
            let (own, others): (Vec<&Event>, Vec<_>) =
                opened.events.iter().partition(|event| is_told_in(case, numbering, event));
            who_spoke(others).but_for(own.into_iter().map(|event| &event.content))
        });
        Self { opened, hidden }
    }

    /// What all the sources told, and the words that came with this entry.
    pub fn with_entry(&self, n: u32) -> Content {
        let events = &self.opened.events;
        let made = events.iter().find(|e| e.entries.iter().any(|x| x.n == n));
        let said = made.and_then(|made| match made.body {
            // What was said stands with the event by which the case came back: a view, a supplement, an urge.
            EventBody::Reopened { .. } => events.iter().find(|e| e.cause == made.cause),
            _ => Some(made),
        });
        let note = said.and_then(|e| e.content.note.clone());
        self.of_content(&Content { note, ..self.opened.told.clone() })
    }

    /// The words as they are shown.
    pub fn of_content(&self, content: &Content) -> Content {
        match &self.hidden {
            Some(hidden) => hidden.out_of(&content.without_reporters()),
            None => content.clone(),
        }
    }
}

fn who_spoke<'e>(events: impl IntoIterator<Item = &'e Event>) -> Hidden {
    let persons = events.into_iter().flat_map(|event| &event.content.persons);
    let (known, hidden): (Vec<&Person>, Vec<_>) = persons.partition(|p| p.role == PersonRole::Respondent);
    Hidden::of(hidden, &known)
}

/// Whether a source of this numbering said it.
fn is_told_in(case: &Case, numbering: &Namespace, event: &Event) -> bool {
    match (event.body.record(), &event.actor) {
        (Some(record), _) => record.namespace == *numbering,
        (None, Actor::Source { channel }) => case.speaks_for(channel, numbering.as_str()),
        (None, _) => false,
    }
}
