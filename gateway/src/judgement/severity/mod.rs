//! How bad: one of four colours, or none, from words and circumstances. Pure. Says which lines of which list spoke,
//! and which words were set aside because they were denied, told of others or only feared; never the citizen's words.
//! What no word names may read as danger all the same (`danger`).

use std::collections::BTreeSet;

use huiliu_schemas::decision::{Severity, SeverityReason, WordRef};
use huiliu_schemas::places::DivisionCode;
use huiliu_schemas::submission::Flags;
use huiliu_schemas::vocabulary::Warning;
use jiff::civil::Date;

use super::spelling::{plainly, without_marks};
use super::vocabulary::read_of;
use crate::directory::Directory;

mod context;
pub(crate) mod danger;
mod people;
mod quoted;
pub(crate) mod rules;
#[cfg(test)]
pub(super) mod teach;

use rules::{Condition, FILE, Kind};

/// What the colour is judged from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// Title, text, demand.
    pub texts: &'a [&'a str],
    /// Persons who came.
    pub persons: Option<u32>,
    /// Persons affected.
    pub affected: Option<u32>,
    /// How often it was told: the first time, and every time since.
    pub told: u32,
    /// Flags of the source.
    pub flags: Flags,
    /// The source's own urgency.
    pub urgency: Option<Warning>,
    /// Where it is.
    pub place: Option<&'a DivisionCode>,
    /// The day it was registered.
    pub day: Option<Date>,
}

/// Judges the colour.
pub fn judge(evidence: &Evidence<'_>, directory: &Directory) -> Severity {
    let rules = &directory.severity;
    let plain: Vec<_> = evidence.texts.iter().flat_map(|text| read_of(text)).map(plainly).collect();
    let unmarked: Vec<String> = plain.iter().filter_map(|text| without_marks(text)).collect();
    let texts: Vec<&str> = plain.iter().map(AsRef::as_ref).chain(unmarked.iter().map(String::as_str)).collect();
    let (mut because, mut set_aside, mut kinds) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut struck = evidence.affected;
    for text in &texts {
        context::read(text, rules, |kind, reason, counts, around| {
            if counts {
                kinds.insert((kind, reason.colour));
                because.insert(reason);
            } else if reason.colour.is_some() {
                set_aside.insert(reason);
            }
            if counts && kind == Kind::Lack {
                struck = struck.max(people::said(around));
            }
        });
    }
    let list = |reasons: BTreeSet<SeverityReason>| reasons.into_iter().collect();
    let mut severity = Severity { because: list(because), set_aside: list(set_aside), ..Severity::default() };
    let held = Held { struck: struck.unwrap_or(0), ..Held::new(evidence, &texts, kinds, directory) };
    for line in rules.combined.iter().filter(|l| l.says.when.iter().all(|c| held.holds(*c))) {
        severity.because.push(SeverityReason {
            word: WordRef { word: line.says.text.clone(), ..line.cite(FILE) },
            kind: line.says.kind.chinese().to_owned(),
            colour: line.says.colour,
            how: "所设条件全部成立".to_owned(),
        });
    }
    severity.because.extend(evidence.urgency.map(of_source));
    if severity.because.iter().filter_map(|r| r.colour).max() < Some(Warning::Orange) {
        severity.because.extend(rules.danger.judge(&texts, !severity.set_aside.is_empty()));
    }
    settle(severity)
}

fn of_source(urgency: Warning) -> SeverityReason {
    SeverityReason {
        word: WordRef { file: "来源".to_owned(), line: 0, word: urgency.as_str().to_owned() },
        kind: Kind::Source.chinese().to_owned(),
        colour: Some(urgency),
        how: "来源给出的紧急程度".to_owned(),
    }
}

/// Gravest first, each line once; only so many that a person reads them.
fn settle(mut severity: Severity) -> Severity {
    severity.because.retain(|r| r.colour.is_some());
    for list in [&mut severity.because, &mut severity.set_aside] {
        list.sort_by(|a, b| b.colour.cmp(&a.colour).then_with(|| a.cmp(b)));
        list.dedup();
        list.truncate(MOST_REASONS);
    }
    severity.colour = severity.because.iter().filter_map(|r| r.colour).max();
    severity
}

const MOST_REASONS: usize = 8;

/// What conditions are held against.
struct Held<'a> {
    evidence: &'a Evidence<'a>,
    /// What the texts speak of, and how gravely.
    kinds: BTreeSet<(Kind, Option<Warning>)>,
    affected: u32,
    /// How many the source says are affected, or the text, to lack something.
    struck: u32,
    on_sensitive_date: bool,
    at_sensitive_place: bool,
}

impl<'a> Held<'a> {
    fn new(
        evidence: &'a Evidence<'a>,
        texts: &[&str],
        kinds: BTreeSet<(Kind, Option<Warning>)>,
        directory: &Directory,
    ) -> Self {
        let rules = &directory.severity;
        let said = texts.iter().filter_map(|t| people::said(t)).max();
        Self {
            evidence,
            kinds,
            struck: 0,
            affected: evidence.persons.max(evidence.affected).max(said).unwrap_or(1),
            on_sensitive_date: evidence.day.is_some_and(|d| rules.is_sensitive_date(d)),
            at_sensitive_place: rules.is_sensitive_place(texts, evidence.place),
        }
    }

    fn holds(&self, condition: Condition) -> bool {
        let flags = &self.evidence.flags;
        match condition {
            Condition::Persons(n) => self.evidence.persons.unwrap_or(1) >= n,
            Condition::Affected(n) => self.affected >= n,
            Condition::Struck(n) => self.struck >= n,
            Condition::Told(n) => self.evidence.told >= n,
            Condition::With(kind, least) => self.kinds.iter().any(|(k, colour)| *k == kind && *colour >= least),
            Condition::Threatening => flags.threat,
            Condition::Grave => flags.grave,
            Condition::Repeated => flags.repeated,
            Condition::Joint => flags.joint,
            Condition::OnSensitiveDate => self.on_sensitive_date,
            Condition::AtSensitivePlace => self.at_sensitive_place,
        }
    }
}
