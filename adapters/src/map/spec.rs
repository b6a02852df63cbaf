//! `map.toml` as written; [`super::compile`] makes of it what runs.

use std::collections::BTreeMap;

use huiliu_schemas::content::PersonRole;
use huiliu_schemas::places::Datum;
use huiliu_schemas::submission::Intent;
use huiliu_schemas::vocabulary::UpstreamState;
use serde::Deserialize;

use super::time::{DayEdge, TimeFormat};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapSpec {
    /// Zone of times that carry none.
    #[serde(default = "shanghai")]
    pub(crate) zone: String,
    /// Our field → where it comes from.
    pub(crate) fields: BTreeMap<String, FieldSpec>,
    #[serde(default)]
    pub(crate) persons: Vec<PersonsSpec>,
    #[serde(default)]
    pub(crate) aliases: Vec<LinkSpec>,
    #[serde(default)]
    pub(crate) related: Vec<LinkSpec>,
    #[serde(default)]
    pub(crate) intent: Vec<IntentSpec>,
    /// Paths that are left unread on purpose.
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    /// Kinds of answer the source is not told on purpose.
    #[serde(default)]
    pub(crate) untold: Vec<String>,
    /// How the source answers what is written back to it.
    #[serde(default)]
    pub(crate) answers: Option<AnswersSpec>,
    #[serde(default)]
    pub(crate) writeback: BTreeMap<String, WritebackSpec>,
}

fn shanghai() -> String {
    "Asia/Shanghai".to_owned()
}

/// How much a field is needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Need {
    /// Its absence is nothing to speak of.
    #[default]
    Optional,
    /// Its absence is told to the sender.
    Wanted,
    /// So is its; and a matter that lacks all fields that say so, and tells of no step and no view either, begins no case.
    Either,
    /// No case can be made without it.
    Required,
}

/// Which of several values counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pick {
    /// The first that is there and can be read.
    #[default]
    First,
    /// The last that is there: of a list of steps, the newest.
    Last,
    /// Of times, the latest.
    Latest,
    /// Of texts, every one, a line each.
    All,
}

/// One field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FieldSpec {
    /// Paths in order of preference.
    pub(crate) from: Vec<String>,
    pub(crate) pick: Pick,
    /// What it is when no path has a value and another path is there: path → word.
    pub(crate) implied: BTreeMap<String, String>,
    /// What it is when no path has a value.
    pub(crate) constant: Option<String>,
    pub(crate) need: Need,
    /// Words that mean "absent", instead of the usual ones.
    pub(crate) blank: Option<Vec<String>>,
    /// Code tables, asked in order.
    pub(crate) tables: Vec<String>,
    pub(crate) time: Option<TimeFormat>,
    pub(crate) day: Option<DayEdge>,
    pub(crate) datum: Option<Datum>,
    /// Where a record names the reference system of its own point.
    pub(crate) datum_from: Vec<String>,
    /// For a point in two fields: `from` is the longitude, this the latitude.
    pub(crate) latitude: Vec<String>,
    /// For flags: what means yes. Everything else is then no, but for a flag that protects someone: there it means yes
    /// beside the usual words, and what nobody can read counts as yes too.
    pub(crate) yes: Vec<String>,
    /// For flags: what means no beside the usual words.
    pub(crate) no: Vec<String>,
    /// For flags: paths of another kind, with words that say yes wherever they stand in it. Nothing else there says anything.
    pub(crate) also: BTreeMap<String, Vec<String>>,
    /// For counts: what may stand after the number.
    pub(crate) unit: Option<String>,
    /// For the source's number, where its paths hold numbers of several series: path → what is put before those of its own, so
    /// that none is taken for one of another.
    pub(crate) prefix: BTreeMap<String, String>,
}

/// Persons of one place in the record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonsSpec {
    pub(crate) role: PersonRole,
    /// The list they stand in; without it the record itself.
    #[serde(default)]
    pub(crate) each: Option<String>,
    /// In a list: the flag of the one who has `role`.
    #[serde(default)]
    pub(crate) principal: Option<String>,
    /// In a list: the role of the others.
    #[serde(default)]
    pub(crate) others: Option<PersonRole>,
    pub(crate) fields: BTreeMap<String, FieldSpec>,
}

/// Other numbers found in a record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkSpec {
    /// Whose numbering; without it the pack's own.
    #[serde(default)]
    pub(crate) namespace: Option<String>,
    pub(crate) from: Vec<String>,
    /// What such a number looks like, `#` for a digit, `@` for a day of eight: with a letter of its own it is then found in the midst of text, in the first that
    /// names just one; without, it is the whole of a field. Nothing else is taken.
    /// Without it, one of another numbering is taken only if it can hardly be anything else.
    #[serde(default)]
    pub(crate) shape: Option<String>,
    /// Words behind one of which it is found in the midst of text, if it can hardly be anything else.
    #[serde(default)]
    pub(crate) after: Vec<String>,
    /// `wanted`: where a record is one of those `when` means and names no number of this numbering at all, that is told.
    #[serde(default)]
    pub(crate) need: Need,
    /// Where that numbering has several series: path → what is put before its numbers, nothing for the series that has none.
    /// A path of the source's own number has what it has there.
    #[serde(default)]
    pub(crate) prefix: BTreeMap<String, String>,
    /// Only when this path …
    #[serde(default)]
    pub(crate) when: Option<String>,
    /// … has one of these values.
    #[serde(default)]
    pub(crate) any_of: Vec<String>,
}

/// A rule for what a record is for; all its conditions must hold, the first rule that holds decides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntentSpec {
    #[serde(default)]
    pub(crate) present: Option<String>,
    #[serde(default)]
    pub(crate) absent: Option<String>,
    #[serde(default)]
    pub(crate) when: Option<String>,
    #[serde(default)]
    pub(crate) any_of: Vec<String>,
    #[serde(default)]
    pub(crate) state: Vec<UpstreamState>,
    /// Paths at the first of which the source says in a word of its own what the record is …
    #[serde(default)]
    pub(crate) from: Vec<String>,
    /// … and the tables that know the word. Of one that none of them knows, `then` decides, or without it the
    /// next rule; and it is carried as a code that nobody translates.
    #[serde(default)]
    pub(crate) tables: Vec<String>,
    #[serde(default)]
    pub(crate) then: Option<Intent>,
    /// The record speaks of this other number, not of a case of its own.
    #[serde(default)]
    pub(crate) source: Option<String>,
    /// Which series that number is of, as in a link.
    #[serde(default)]
    pub(crate) prefix: BTreeMap<String, String>,
    /// What it says of it.
    #[serde(default)]
    pub(crate) note: Vec<String>,
}

/// How an upstream system answers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AnswersSpec {
    /// Where the code stands; without it any 2xx is good.
    pub(crate) code: Option<String>,
    pub(crate) ok: Vec<String>,
    /// It was there already: as good as done.
    pub(crate) already: Vec<String>,
    /// Come again soon.
    pub(crate) busy: Vec<String>,
    /// It will never take it. With any code that is in no list it is told again, slowly, but for a step that a later answer
    /// waits behind.
    pub(crate) refused: Vec<String>,
    /// Where the words for people stand.
    pub(crate) message: Option<String>,
    /// Where the record's new version stands, an integer or a time.
    pub(crate) version: Option<String>,
}

/// How one kind of outgoing fact is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WritebackSpec {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Where the source's numbers have a `prefix`: path of the number → where records of that series are told instead.
    #[serde(default)]
    pub(crate) paths: BTreeMap<String, String>,
    pub(crate) encoding: Encoding,
    pub(crate) fields: BTreeMap<String, OutSpec>,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Encoding {
    Json,
    Form,
}

/// One field of what is told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OutSpec {
    pub(crate) from: Option<String>,
    pub(crate) constant: Option<String>,
    pub(crate) table: Option<String>,
    pub(crate) format: Option<String>,
    /// Longest text in characters that the source takes.
    pub(crate) longest: Option<usize>,
}
