//! The mapping engine: a table, compiled and checked when loaded, that makes a [`Submission`] of a record and
//! never loses one to a wrong optional field. Pure: no IO, no clock. Knows no field name of any upstream system.

mod clear;
mod compile;
mod count;
mod datum;
mod digits;
mod field;
mod issue;
mod lines;
mod links;
mod lint;
mod order;
mod path;
mod run;
#[cfg(test)]
mod run_test;
mod shape;
mod spec;
mod spoilt;
mod table;
mod target;
mod time;
mod unread;
mod writeback;

use std::sync::Arc;

use huiliu_schemas::content::PersonRole;
use huiliu_schemas::submission::{FieldProblem, Intent, Submission};
use huiliu_schemas::vocabulary::UpstreamState;
use huiliu_schemas::{Namespace, SourceId};
use jiff::Timestamp;

use field::Field;
use path::Path;
use shape::Shape;
use target::{PersonTarget, Target};

pub use issue::Issue;
pub use writeback::{HttpRequestParts, Judgement, Outgoing, Writeback};

pub(crate) use count::is_count;
pub(crate) use datum::{is_point as point_of, named as datum_named, pair as pair_of};
pub(crate) use field::as_text;
pub(crate) use lint::{Material, Sample, from_issue, lint};
pub(crate) use path::Path as RecordPath;
pub(crate) use run::truth;
pub(crate) use spec::MapSpec;
pub(crate) use target::order as target_order;
pub(crate) use time::{DayEdge, TimeFormat, TimeReader, is_format, write as write_time, zone};

/// A record of which no submission can be made: the fields that forbid it, and the others met on the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record cannot be mapped: {}", blocking(problems))]
pub struct Unmapped {
    /// What was wrong; at least one is blocking.
    pub problems: Vec<FieldProblem>,
}

impl Unmapped {
    /// Of a record at which mapping broke down.
    pub(crate) fn broke_down() -> Self {
        let problem = FieldProblem {
            field: "source.id".to_owned(),
            source_field: String::new(),
            value: None,
            expected: "a record that can be mapped: this one broke the mapping, by a fault of Huiliu; tell its makers"
                .to_owned(),
            blocking: true,
        };
        Self { problems: vec![problem] }
    }
}

fn blocking(problems: &[FieldProblem]) -> String {
    let said = problems.iter().filter(|p| p.blocking);
    said.map(|p| format!("{} (from {}): expected {}", p.field, p.source_field, p.expected))
        .collect::<Vec<_>>()
        .join("; ")
}

/// A compiled map.
#[derive(Debug)]
pub struct Map {
    id: Field,
    fields: Vec<(TargetOf, Field)>,
    persons: Vec<Persons>,
    aliases: Vec<Link>,
    related: Vec<Link>,
    intents: Vec<IntentRule>,
    ignored: Vec<Path>,
    writeback: Arc<Writeback>,
}

impl Map {
    /// What is told to the source, and how.
    pub fn writeback(&self) -> &Arc<Writeback> {
        &self.writeback
    }

    /// Makes a submission of a record; numbers without a namespace of their own are `namespace`'s. What the source dates
    /// after it was `received` gives the record no order; [`Timestamp::MAX`] where nobody knows when that was.
    pub fn map(
        &self,
        record: &serde_json::Value,
        namespace: &Namespace,
        received: Timestamp,
    ) -> Result<Submission, Unmapped> {
        run::map(self, record, namespace, received)
    }

    /// The number of a record, though nothing else of it be read.
    pub fn number(&self, record: &serde_json::Value, namespace: &Namespace) -> Option<SourceId> {
        run::number(self, record, namespace, &mut Vec::new())
    }

    /// Whether a table translates a code for one of our fields.
    pub fn translates(&self, field: &str, code: &str) -> bool {
        run::translates(self, field, code)
    }

    /// The paths of a record that no field reads and no one said to leave, for the author of a map.
    pub fn unread(&self, record: &serde_json::Value) -> Vec<String> {
        unread::unread(self, record)
    }
}

/// [`Target`] holds function pointers, which say nothing in a debug print.
struct TargetOf(Target);

impl std::fmt::Debug for TargetOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Target")
    }
}

struct PersonTargetOf(PersonTarget);

impl std::fmt::Debug for PersonTargetOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonTarget")
    }
}

#[derive(Debug)]
struct Persons {
    role: PersonRole,
    each: Option<Path>,
    principal: Option<Path>,
    others: PersonRole,
    fields: Vec<(PersonTargetOf, Field)>,
}

#[derive(Debug)]
struct Link {
    namespace: Option<Namespace>,
    from: Vec<Path>,
    shape: Option<Shape>,
    after: Vec<String>,
    is_wanted: bool,
    prefix: Vec<(String, String)>,
    only: Option<(Path, Vec<String>)>,
}

#[derive(Debug)]
struct IntentRule {
    present: Option<Path>,
    absent: Option<Path>,
    only: Option<(Path, Vec<String>)>,
    states: Vec<UpstreamState>,
    /// The source's own word for it.
    said: Option<Field>,
    then: Option<Intent>,
    source: Option<Path>,
    prefix: Vec<(String, String)>,
    note: Vec<Path>,
}
