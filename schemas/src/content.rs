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

    /// The person with what is masked put back, if one of those known before, and one alone, may be the same.
    fn unmasked_by(&self, known: &[Self]) -> Self {
        let mut same = known.iter().filter(|person| self.may_be(person));
        let (Some(before), None) = (same.next(), same.next()) else { return self.clone() };
        let of = |part: fn(&Self) -> &Option<Private>| unmasked(part(self), part(before)).clone();
        Self {
            role: self.role,
            name: of(|p| &p.name),
            sex: of(|p| &p.sex),
            phone: of(|p| &p.phone),
            id_type: of(|p| &p.id_type),
            id_number: of(|p| &p.id_number),
            address: of(|p| &p.address),
            workplace: of(|p| &p.workplace),
        }
    }

    /// Whether neither name nor identity number says that it is somebody else.
    fn may_be(&self, other: &Self) -> bool {
        let agree = |a: &Option<Private>, b: &Option<Private>| match (a, b) {
            (Some(a), Some(b)) => a == b || a.is_masked_from(b) || b.is_masked_from(a),
            _ => true,
        };
        self.role == other.role && agree(&self.name, &other.name) && agree(&self.id_number, &other.id_number)
    }

    fn texts(&self) -> [&Option<Private>; 7] {
        let Self { role: _, name, sex, phone, id_type, id_number, address, workplace } = self;
        [name, sex, phone, id_type, id_number, address, workplace]
    }

    /// Whether nothing but the role is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::new(self.role)
    }
}

fn pick(new: &Option<Private>, old: &Option<Private>) -> Option<Private> {
    new.clone().or_else(|| old.clone())
}

/// What is said anew, unless it is what was known with part of it masked.
fn unmasked<'p>(new: &'p Option<Private>, old: &'p Option<Private>) -> &'p Option<Private> {
    match (new, old) {
        (Some(masked), Some(whole)) if masked.is_masked_from(whole) => old,
        _ => new,
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

    /// The content after `newer` was said: what it leaves out stays, and so does what it only masks.
    pub fn merged(&self, newer: &Self) -> Self {
        Self {
            title: pick(&newer.title, &self.title),
            text: pick(&newer.text, &self.text),
            demand: pick(&newer.demand, &self.demand),
            address: pick(unmasked(&newer.address, &self.address), &self.address),
            accused: pick(unmasked(&newer.accused, &self.accused), &self.accused),
            persons: match newer.persons.as_slice() {
                [] => self.persons.clone(),
                persons => persons.iter().map(|person| person.unmasked_by(&self.persons)).collect(),
            },
            reply: pick(&newer.reply, &self.reply),
            note: pick(&newer.note, &self.note),
        }
    }

    /// Everything that was said, of persons too.
    pub fn texts(&self) -> impl Iterator<Item = &Private> {
        let own = [&self.title, &self.text, &self.demand, &self.address, &self.accused, &self.reply, &self.note];
        own.into_iter().chain(self.persons.iter().flat_map(Person::texts)).flatten()
    }

    /// Without those who may not be known to have spoken. Free text stays, since a department must act on it: what in it
    /// names them, whoever shows it takes out.
    pub fn without_reporters(&self) -> Self {
        let persons = self.persons.iter().filter(|p| p.role == PersonRole::Respondent).cloned().collect();
        Self { persons, ..self.clone() }
    }

    /// The one who spoke: the principal reporter.
    pub fn reporter(&self) -> Option<&Person> {
        self.persons.iter().find(|p| matches!(p.role, PersonRole::Reporter | PersonRole::Representative))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(role: PersonRole, name: &str, phone: &str, id_number: &str) -> Person {
        let said = |text: &str| (!text.is_empty()).then(|| Private::new(text));
        Person { name: said(name), phone: said(phone), id_number: said(id_number), ..Person::new(role) }
    }

    #[test]
    fn what_is_masked_takes_no_place_of_what_was_known() {
        use PersonRole::{Joint, Reporter};
        let of = |persons: Vec<Person>, address: &str| Content {
            persons,
            address: Some(address.into()),
            ..Content::default()
        };
        let whole = of(vec![person(Reporter, "张三", "13812341234", "33020519491231002X")], "示范路1号");
        let masked = of(vec![person(Reporter, "张**", "138****1234", "3302**********002X")], "示范路*号");
        assert_eq!(whole.merged(&masked), whole);
        assert_eq!(masked.merged(&whole), whole);

        let new_phone = of(vec![person(Reporter, "张**", "139****0000", "")], "示范路2号");
        let told = of(vec![person(Reporter, "张三", "139****0000", "")], "示范路2号");
        assert_eq!(whole.merged(&new_phone), told);
        let other = of(vec![person(Reporter, "李**", "138****1234", "")], "示范路1号");
        assert_eq!(whole.merged(&other), other, "somebody else");

        let two = of(vec![person(Joint, "张三丰", "", ""), person(Joint, "张三立", "", "")], "示范路1号");
        let either = of(vec![person(Joint, "张**", "", "")], "示范路1号");
        assert_eq!(two.merged(&either), either, "which of them is not known");
    }
}
