//! The whole at a glance. Read from counters, so it costs the same with ten cases and with ten million.

use std::collections::BTreeMap;

use huiliu_schemas::vocabulary::Stage;
use jiff::Timestamp;
use rusqlite::{Transaction, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::entries::{departments, oldest_live};
use crate::readmodel::tally::Counter;
use crate::readmodel::{ReadHandle, Result, schema};

/// The whole at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Overview {
    /// True as of this sequence of the case log.
    pub as_of: u64,
    /// When it was asked.
    pub at: Timestamp,
    /// Every case is in exactly one of four places.
    pub totals: Totals,
    /// By stage, in the order of a case's life; every stage is there.
    pub stages: Vec<StageCount>,
    /// By channel.
    pub channels: Vec<ChannelCount>,
    /// By department.
    pub departments: Vec<DepartmentCount>,
    /// Who decided where cases go.
    pub routing: Routing,
    /// Hand-backs.
    pub returns: Returns,
    /// Answers to the sources.
    pub answers: Answers,
    /// Messages of the log that could not be understood. Anything but 0 needs a person.
    pub unreadable: u64,
}

/// Every case is in exactly one of the four.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// All cases.
    pub cases: i64,
    /// Waiting for a department to sign (or for the rest of its registration).
    pub queued: i64,
    /// At the triage desk.
    pub triage: i64,
    /// With a department that signed.
    pub held: i64,
    /// Nothing more is owed unless someone reopens it.
    pub ended: i64,
}

/// Cases in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StageCount {
    /// The stage.
    pub stage: Stage,
    /// As people say it.
    pub chinese: &'static str,
    /// How many.
    pub count: i64,
}

/// Arrivals of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChannelCount {
    /// The channel.
    pub channel: String,
    /// Cases that first came in here, ever.
    pub total: i64,
    /// In the last 60 minutes.
    pub last_hour: i64,
    /// In the last 24 hours.
    pub last_day: i64,
    /// By the minute, the oldest of the last 60 first.
    pub minutes: Vec<i64>,
}

/// A department's work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DepartmentCount {
    /// The department.
    pub department: String,
    /// Cases offered and not signed for.
    pub queued: i64,
    /// Cases signed for and not ended.
    pub held: i64,
    /// Cases that ended with it in the lead.
    pub ended: i64,
    /// Live queue entries of every kind.
    pub live: i64,
    /// When the oldest live entry was made.
    pub oldest_at: Option<Timestamp>,
    /// Its age.
    pub oldest_age_seconds: Option<i64>,
    /// Dispatches ever.
    pub dispatched: i64,
    /// Hand-backs granted ever.
    pub returned: i64,
    /// Hand-backs waiting for the centre.
    pub return_pending: i64,
}

/// Who decided where cases go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "RoutingCounts")]
pub struct Routing {
    /// Cases a rule dispatched at first sight.
    pub by_rule: i64,
    /// Cases that first went to triage.
    pub to_triage: i64,
    /// Dispatches decided by a person.
    pub by_hand: i64,
    /// `by_rule` of both, 0 to 1; none before the first.
    pub rule_share: Option<f64>,
    /// `to_triage` of both, 0 to 1.
    pub triage_share: Option<f64>,
}

/// Hand-backs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ReturnCounts")]
pub struct Returns {
    /// Dispatches to departments.
    pub dispatched: i64,
    /// Asked for.
    pub requested: i64,
    /// Granted.
    pub granted: i64,
    /// Refused.
    pub refused: i64,
    /// Waiting for the centre now.
    pub pending: i64,
    /// Granted of dispatched, 0 to 1; none before the first dispatch.
    pub rate: Option<f64>,
}

/// How far the answers to the sources are, in cases that have one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "AnswerCounts")]
pub struct Answers {
    /// The source has it.
    pub told: i64,
    /// On its way.
    pub waiting: i64,
    /// The source refused it for good: a person must look.
    pub refused: i64,
}

type Counters = BTreeMap<(String, String), i64>;

impl ReadHandle {
    /// The whole at a glance; `now` is what ages are counted to.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn overview(&self, now: Timestamp) -> Result<Overview> {
        self.ask(|db| {
            let counters = counters(db)?;
            let stages = stages(&counters);
            Ok(Overview {
                as_of: schema::position(db)?,
                at: now,
                totals: totals(&stages),
                stages,
                channels: channels(db, &counters, now)?,
                departments: department_counts(db, &counters, now)?,
                routing: routing(&counters),
                returns: returns(&counters),
                answers: answers(&counters),
                unreadable: db
                    .query_row("SELECT count(*) FROM unreadable", [], |row| row.get::<_, i64>(0))?
                    .cast_unsigned(),
            })
        })
    }
}

fn counters(db: &Transaction<'_>) -> Result<Counters> {
    let mut statement = db.prepare_cached("SELECT kind, name, value FROM counters")?;
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

fn value(counters: &Counters, counter: Counter, name: &str) -> i64 {
    counters.get(&(counter.as_str().to_owned(), name.to_owned())).copied().unwrap_or_default()
}

fn sum(counters: &Counters, counter: Counter) -> i64 {
    counters.iter().filter(|((kind, _), _)| kind == counter.as_str()).map(|(_, value)| value).sum()
}

fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn stages(counters: &Counters) -> Vec<StageCount> {
    let count = |stage: &Stage| StageCount {
        stage: *stage,
        chinese: stage.chinese(),
        count: value(counters, Counter::Stage, stage.as_str()),
    };
    Stage::ALL.iter().map(count).collect()
}

fn totals(stages: &[StageCount]) -> Totals {
    let mut totals = Totals::default();
    for StageCount { stage, count, .. } in stages {
        totals.cases += count;
        match stage {
            Stage::Triage => totals.triage += count,
            stage if stage.is_held() => totals.held += count,
            stage if stage.is_ended() => totals.ended += count,
            _ => totals.queued += count,
        }
    }
    totals
}

fn channels(db: &Transaction<'_>, counters: &Counters, now: Timestamp) -> Result<Vec<ChannelCount>> {
    let this_minute = now.as_second().div_euclid(60);
    let names = counters.keys().filter(|(kind, _)| kind == Counter::Channel.as_str()).map(|(_, name)| name);
    let mut found: BTreeMap<String, ChannelCount> = names
        .map(|name| {
            let total = value(counters, Counter::Channel, name);
            let count = ChannelCount { channel: name.clone(), total, last_hour: 0, last_day: 0, minutes: vec![0; 60] };
            (name.clone(), count)
        })
        .collect();
    let mut statement =
        db.prepare_cached("SELECT minute, channel, value FROM arrivals WHERE minute > ?1 AND minute <= ?2")?;
    let mut rows = statement.query(params![this_minute - 24 * 60, this_minute])?;
    while let Some(row) = rows.next()? {
        let (minute, name, value): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(channel) = found.get_mut(&name) else { continue };
        channel.last_day += value;
        let slot = usize::try_from(minute - this_minute + 59).ok();
        if let Some(slot) = slot.and_then(|at| channel.minutes.get_mut(at)) {
            *slot += value;
            channel.last_hour += value;
        }
    }
    Ok(found.into_values().collect())
}

fn department_counts(db: &Transaction<'_>, counters: &Counters, now: Timestamp) -> Result<Vec<DepartmentCount>> {
    departments(db)?
        .into_iter()
        .map(|department| {
            let count = |counter| value(counters, counter, &department);
            let oldest_at = oldest_live(db, &department)?.map(|(_, at)| at);
            Ok(DepartmentCount {
                queued: count(Counter::Queued),
                held: count(Counter::Held),
                ended: count(Counter::Ended),
                live: count(Counter::Live),
                oldest_at,
                oldest_age_seconds: oldest_at.map(|at| (now.as_second() - at.as_second()).max(0)),
                dispatched: count(Counter::Dispatched),
                returned: count(Counter::ReturnedBy),
                return_pending: count(Counter::ReturnPending),
                department,
            })
        })
        .collect()
}

fn routing(counters: &Counters) -> Routing {
    let by_rule = value(counters, Counter::Routed, "rule");
    let to_triage = value(counters, Counter::Routed, "triage");
    Routing {
        by_rule,
        to_triage,
        by_hand: value(counters, Counter::Routed, "by_hand"),
        rule_share: share(by_rule, by_rule + to_triage),
        triage_share: share(to_triage, by_rule + to_triage),
    }
}

fn returns(counters: &Counters) -> Returns {
    let dispatched = sum(counters, Counter::Dispatched);
    let granted = value(counters, Counter::Return, "granted");
    Returns {
        dispatched,
        requested: value(counters, Counter::Return, "requested"),
        granted,
        refused: value(counters, Counter::Return, "refused"),
        pending: sum(counters, Counter::ReturnPending),
        rate: share(granted, dispatched),
    }
}

fn answers(counters: &Counters) -> Answers {
    let count = |name| value(counters, Counter::Answer, name);
    Answers { told: count("told"), waiting: count("waiting"), refused: count("refused") }
}
