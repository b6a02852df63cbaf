//! Everything personal that an event, a command, a submission or a queue entry can carry, in one place:
//! what is in [`Content`] is sealed at rest; what is outside it is not personal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::private::Private;
use crate::vocabulary::words;

words! {
    /// What a person is in the matter.
    PersonRole {
        Reporter = "reporter", "反映人";
        Representative = "representative", "代表人";
        Joint = "joint", "联名人";
        Respondent = "respondent", "被反映人";
    }
}

/// A person of the matter. Absent is `None`, never an empty text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// What the person is in the matter.
    pub role: PersonRole,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private>,
    /// `male` or `female`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Private>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Private>,
    /// Kind of the identity document, as the source says (`111` is the ID card).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_type: Option<Private>,
    /// Number of the identity document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<Private>,
    /// Where the person lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Private>,
    /// Where the person works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workplace: Option<Private>,
}

impl Person {
    /// A person of whom only the role is known.
    pub fn new(role: PersonRole) -> Self {
        Self {
            role,
            name: None,
            sex: None,
            phone: None,
            id_type: None,
            id_number: None,
            address: None,
            workplace: None,
        }
    }

    /// Whether nothing but the role is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::new(self.role)
    }
}

/// The personal part of anything: persons, and free text that may name them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Content {
    /// 标题.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Private>,
    /// 主要内容: what happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Private>,
    /// 诉求: what is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand: Option<Private>,
    /// 发生地址.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Private>,
    /// 被反映对象: the unit or person spoken against, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accused: Option<Private>,
    /// Everyone in the matter, the reporter first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<Person>,
    /// 答复: what the citizen is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Private>,
    /// Free text of a step: reason of a hand-back, note of progress, words of an urge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Private>,
}

impl Content {
    /// Whether there is nothing to seal.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The content after `newer` was said: what it leaves out stays.
    pub fn merged(&self, newer: &Self) -> Self {
        let pick = |new: &Option<Private>, old: &Option<Private>| new.clone().or_else(|| old.clone());
        Self {
            title: pick(&newer.title, &self.title),
            text: pick(&newer.text, &self.text),
            demand: pick(&newer.demand, &self.demand),
            address: pick(&newer.address, &self.address),
            accused: pick(&newer.accused, &self.accused),
            persons: if newer.persons.is_empty() { self.persons.clone() } else { newer.persons.clone() },
            reply: pick(&newer.reply, &self.reply),
            note: pick(&newer.note, &self.note),
        }
    }

    /// The content as it goes to a department that may not learn who spoke: persons are left out. Free text
    /// stays, since the department must act on it.
    pub fn without_reporters(&self) -> Self {
        let persons = self.persons.iter().filter(|p| p.role == PersonRole::Respondent).cloned().collect();
        Self { persons, ..self.clone() }
    }

    /// The one who spoke: the principal reporter.
    pub fn reporter(&self) -> Option<&Person> {
        self.persons.iter().find(|p| matches!(p.role, PersonRole::Reporter | PersonRole::Representative))
    }
}
