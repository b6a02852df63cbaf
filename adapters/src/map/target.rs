//! The fields of our schema that a map may fill: one static list. A map that names anything else is refused.

use huiliu_schemas::content::Person;
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::{Assessment, Session, SourceClass, Submission};
use huiliu_schemas::vocabulary::{Appeal, Form, MediationOutcome, Satisfaction, Solved, UpstreamState, Warning};
use jiff::Timestamp;

/// How a field of a submission is filled.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// The source's own id for the case.
    SourceId,
    /// The order of a record's states: an integer, or a time in milliseconds.
    Version,
    Text(fn(&mut Submission) -> &mut Option<String>),
    Private(fn(&mut Submission) -> &mut Option<Private>),
    Time(fn(&mut Submission) -> &mut Option<Timestamp>),
    Count(fn(&mut Submission) -> &mut Option<u32>),
    Flag(fn(&mut Submission) -> &mut bool),
    Word(Word),
    /// A part of a session that is no more than its text; nothing else makes a session.
    Session(fn(&mut Submission, &str)),
    State,
    Matter,
    Division,
    Point,
    PlaceNames,
    Evidence,
}

/// A field that holds one word of a list of ours.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    /// Whether the list has it, in either language.
    pub(crate) knows: fn(&str) -> bool,
    /// Puts it into the submission.
    pub(crate) set: fn(&mut Submission, &str),
    /// Every word with what people say for it.
    pub(crate) all: fn() -> Vec<(&'static str, &'static str)>,
    /// It is somebody's view: where the first that was said is not understood, an earlier or another's is not it.
    pub(crate) is_view: bool,
}

macro_rules! word {
    ($list:ident, |$s:ident| $slot:expr) => {
        word!($list, |$s| $slot, is_view: false)
    };
    ($list:ident, |$s:ident| $slot:expr, is_view: $is_view:literal) => {
        Target::Word(Word {
            knows: |text| $list::read(text).is_some(),
            set: |$s, text| $slot = $list::read(text),
            all: || $list::ALL.iter().map(|word| (word.as_str(), word.chinese())).collect(),
            is_view: $is_view,
        })
    };
}

fn class(s: &mut Submission) -> &mut SourceClass {
    s.facts.source_class.get_or_insert_default()
}

fn assessment(s: &mut Submission) -> &mut Assessment {
    s.assessment.get_or_insert(Assessment { solved: None, satisfaction: None })
}

fn session(s: &mut Submission) -> &mut Session {
    let none = Session {
        id: String::new(),
        level: None,
        round: None,
        started_at: None,
        ended_at: None,
        outcome: None,
        digests: Vec::new(),
    };
    s.session.get_or_insert(none)
}

/// The list: name in `map.toml`, and how it is filled.
const TARGETS: &[(&str, Target)] = &[
    ("source.id", Target::SourceId),
    ("at", Target::Time(|s| &mut s.at)),
    ("version", Target::Version),
    ("facts.appeal", word!(Appeal, |s| s.facts.appeal)),
    ("facts.form", word!(Form, |s| s.facts.form)),
    ("facts.registered_at", Target::Time(|s| &mut s.facts.registered_at)),
    ("facts.occurred_at", Target::Time(|s| &mut s.facts.occurred_at)),
    ("facts.source_deadline", Target::Time(|s| &mut s.facts.source_deadline)),
    ("facts.matter", Target::Matter),
    ("facts.source_class.code", Target::Text(|s| &mut class(s).code)),
    ("facts.source_class.name", Target::Text(|s| &mut class(s).name)),
    ("facts.division", Target::Division),
    ("facts.place_names", Target::PlaceNames),
    ("facts.point", Target::Point),
    ("facts.suggested_unit", Target::Text(|s| &mut s.facts.suggested_unit)),
    ("facts.urgency", word!(Warning, |s| s.facts.urgency)),
    ("facts.persons_count", Target::Count(|s| &mut s.facts.persons_count)),
    ("facts.affected_count", Target::Count(|s| &mut s.facts.affected_count)),
    ("facts.flags.anonymous", Target::Flag(|s| &mut s.facts.flags.anonymous)),
    ("facts.flags.confidential", Target::Flag(|s| &mut s.facts.flags.confidential)),
    ("facts.flags.public", Target::Flag(|s| &mut s.facts.flags.public)),
    ("facts.flags.joint", Target::Flag(|s| &mut s.facts.flags.joint)),
    ("facts.flags.threat", Target::Flag(|s| &mut s.facts.flags.threat)),
    ("facts.flags.grave", Target::Flag(|s| &mut s.facts.flags.grave)),
    ("facts.flags.repeated", Target::Flag(|s| &mut s.facts.flags.repeated)),
    ("facts.flags.backlog", Target::Flag(|s| &mut s.facts.flags.backlog)),
    ("facts.evidence", Target::Evidence),
    ("content.title", Target::Private(|s| &mut s.content.title)),
    ("content.text", Target::Private(|s| &mut s.content.text)),
    ("content.demand", Target::Private(|s| &mut s.content.demand)),
    ("content.address", Target::Private(|s| &mut s.content.address)),
    ("content.accused", Target::Private(|s| &mut s.content.accused)),
    ("content.reply", Target::Private(|s| &mut s.content.reply)),
    ("content.note", Target::Private(|s| &mut s.content.note)),
    ("upstream.state", Target::State),
    ("assessment.solved", word!(Solved, |s| assessment(s).solved, is_view: true)),
    ("assessment.satisfaction", word!(Satisfaction, |s| assessment(s).satisfaction, is_view: true)),
    ("session.id", Target::Session(|s, text| session(s).id = text.to_owned())),
    ("session.level", Target::Session(|s, text| session(s).level = text.parse().ok())),
    ("session.started_at", Target::Time(|s| &mut session(s).started_at)),
    ("session.ended_at", Target::Time(|s| &mut session(s).ended_at)),
    ("session.round", Target::Count(|s| &mut session(s).round)),
    ("session.outcome", word!(MediationOutcome, |s| session(s).outcome)),
];

/// The target of a name.
pub(crate) fn named(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

/// The place of a name in the list.
pub(crate) fn order(name: &str) -> usize {
    TARGETS.iter().position(|(known, _)| *known == name).unwrap_or(TARGETS.len())
}

impl Target {
    /// Whether what the source wrote may come to stand in the clear as it is: in facts, in a code nobody translated.
    pub(crate) fn is_in_the_clear(self) -> bool {
        match self {
            Self::Private(_) | Self::Time(_) | Self::Version | Self::Count(_) | Self::Flag(_) | Self::Point => false,
            Self::SourceId | Self::Text(_) | Self::Word(_) | Self::Session(_) | Self::State | Self::Matter => true,
            Self::Division | Self::PlaceNames | Self::Evidence => true,
        }
    }

    /// The words a table for this field may give, with what people say for them; none where they are not a list.
    pub(crate) fn words(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Word(word) => (word.all)(),
            Self::State => UpstreamState::ALL.iter().map(|word| (word.as_str(), word.chinese())).collect(),
            _ => Vec::new(),
        }
    }
}

/// Every name.
pub(crate) fn every() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|(name, _)| *name)
}

/// Every name, for messages.
pub(crate) fn names() -> String {
    every().collect::<Vec<_>>().join(", ")
}

/// A field of a person.
#[derive(Clone, Copy)]
pub(crate) enum PersonTarget {
    Private(fn(&mut Person) -> &mut Option<Private>),
    Sex,
}

const PERSON_TARGETS: &[(&str, PersonTarget)] = &[
    ("name", PersonTarget::Private(|p| &mut p.name)),
    ("sex", PersonTarget::Sex),
    ("phone", PersonTarget::Private(|p| &mut p.phone)),
    ("id_type", PersonTarget::Private(|p| &mut p.id_type)),
    ("id_number", PersonTarget::Private(|p| &mut p.id_number)),
    ("address", PersonTarget::Private(|p| &mut p.address)),
    ("workplace", PersonTarget::Private(|p| &mut p.workplace)),
];

/// The field of a person of that name.
pub(crate) fn person_named(name: &str) -> Option<PersonTarget> {
    PERSON_TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

/// Every field of a person, for messages.
pub(crate) fn person_names() -> String {
    PERSON_TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The words for a person's sex.
pub(crate) fn is_sex(word: &str) -> bool {
    matches!(word, "male" | "female")
}
