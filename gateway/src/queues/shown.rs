//! What is shown of a case's words, and to whom. Everything shown goes through [`Shown`], so that who spoke is hidden alike
//! wherever the case hides it: from the centre too, and in the words as well as among the persons.

use huiliu_schemas::DepartmentId;
use huiliu_schemas::case::Case;
use huiliu_schemas::content::{Content, Person, PersonRole};
use huiliu_schemas::event::{EntryRef, EventBody};
use huiliu_schemas::vocabulary::EntryKind;

use crate::ledger::OpenedCase;
use crate::words::Hidden;

/// Whether a department has a part in the case now, or an entry it has not dealt with. The notice that the case is no longer
/// theirs opens nothing: what was said since may be about them.
pub fn may_read(case: &Case, department: &DepartmentId) -> bool {
    let opens = |e: &EntryRef| e.department == *department && e.kind != EntryKind::Withdraw;
    case.active(department).is_some() || case.live_entries().iter().any(opens)
}

/// What a department may see: all the sources told, and the words that came with this entry.
pub fn disclosed(opened: &OpenedCase, n: u32) -> Content {
    let made = opened.events.iter().find(|e| e.entries.iter().any(|x| x.n == n));
    let said = made.and_then(|made| match made.body {
        // What was said stands with the event by which the case came back: a view, a supplement, an urge.
        EventBody::Reopened { .. } => opened.events.iter().find(|e| e.cause == made.cause),
        _ => Some(made),
    });
    let note = said.and_then(|e| e.content.note.clone());
    Shown::of(opened).of_content(Content { note, ..opened.told.clone() })
}

/// How the words of one case are shown.
pub struct Shown {
    /// Nobody, where all may know who spoke.
    hidden: Option<Hidden>,
}

impl Shown {
    /// Of this case. Whoever any of its records named is hidden: one may put right what another got wrong.
    pub fn of(opened: &OpenedCase) -> Self {
        let hidden = opened.loaded.case.hides_reporter().then(|| {
            let persons = opened.events.iter().flat_map(|e| &e.content.persons);
            let (known, hidden): (Vec<&Person>, Vec<_>) = persons.partition(|p| p.role == PersonRole::Respondent);
            Hidden::of(hidden, &known)
        });
        Self { hidden }
    }

    /// The words as they are shown.
    pub fn of_content(&self, content: Content) -> Content {
        match &self.hidden {
            Some(hidden) => hidden.out_of(&content.without_reporters()),
            None => content,
        }
    }
}
