//! What the routes answer. Codes come with their Chinese; digests and other inner matters of the log do not come at all.

use std::sync::Arc;

use huiliu_schemas::case::{Assignment, Case, Marks};
use huiliu_schemas::clock::{Clock, Deadline};
use huiliu_schemas::decision::{Decision, RuleRef, TriageReason, Verdict};
use huiliu_schemas::event::{Actor, EntryRef, EventBody};
use huiliu_schemas::ids::{CaseId, CaseNumber, Channel, DepartmentId, SourceId};
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::submission::Facts;
use huiliu_schemas::vocabulary::{Appeal, EntryKind, Role, Stage, Warning};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::readmodel::{CasePage, CaseRow, EntryRow, HappeningRow, HistoryRow, ReadHandle, ReadModelError, WholeCase};

/// Answer of `GET /v1/cases`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CasePage")]
pub struct CasePageView {
    /// True as of this sequence of the case log.
    pub as_of: u64,
    /// Newest first.
    pub cases: Vec<CaseItem>,
    /// The next page's `cursor`; none at the end.
    pub next: Option<String>,
}

/// A word and its Chinese.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Word {
    /// As in schema and API.
    pub code: &'static str,
    /// As people say it.
    pub zh: &'static str,
}

/// A case in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "each field is the one of the same name in `CaseRow`")]
pub struct CaseItem {
    pub id: CaseId,
    pub number: CaseNumber,
    pub stage: Stage,
    pub stage_zh: &'static str,
    pub channel: Channel,
    pub lead: Option<DepartmentId>,
    pub matter: Option<MatterCode>,
    pub division: Option<DivisionCode>,
    pub appeal: Option<Appeal>,
    pub appeal_zh: Option<&'static str>,
    pub warning: Option<Warning>,
    pub registered_at: Timestamp,
    pub updated_at: Timestamp,
    pub next_deadline: Option<Timestamp>,
    pub returned: u32,
    pub return_pending: bool,
    pub rule_file: Option<String>,
    pub rule_line: Option<u32>,
    pub reasons: Vec<Word>,
    pub sequence: u64,
}

/// Why something went where it went.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Why {
    /// The line of the directory that spoke.
    pub rule: Option<RuleRef>,
    /// Why no rule decided.
    pub reasons: Vec<Word>,
    /// How sure the rule was, 0 to 100.
    pub confidence: Option<u8>,
    /// Anything else that was said, in Chinese: the reason of a hand-back, the article of a refusal.
    pub words: Option<String>,
}

/// An event, anywhere.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventItem {
    /// Its place in the log.
    pub sequence: u64,
    /// Identity.
    pub id: Uuid,
    /// Its case.
    pub case_id: CaseId,
    /// The case's number.
    pub number: CaseNumber,
    /// Its type.
    #[serde(rename = "type")]
    pub name: String,
    /// The type as people say it.
    pub type_zh: String,
    /// When it was decided.
    pub at: Timestamp,
    /// Who did it: `{kind, channel | department | name}`.
    pub actor: Actor,
    /// What made it happen.
    pub cause: String,
    /// Departments it concerns: its doer, or those it was sent to.
    pub departments: Vec<DepartmentId>,
    /// The queue entries it made.
    pub entries: Vec<EntryRef>,
    /// Why, where there is more to say than that it happened.
    pub why: Option<Why>,
    /// The rest of it as in the log, without digests; only in one case's history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Answer of `GET /v1/events`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventPage")]
pub struct EventsView {
    /// True as of this sequence of the case log.
    pub as_of: u64,
    /// Oldest first.
    pub events: Vec<EventItem>,
    /// What to give as `cursor` to be told what happened after these, now or later.
    pub next: String,
    /// There is more already.
    pub more: bool,
}

/// A queue entry.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "each field is the one of the same name in `EntryRow`")]
pub struct EntryItem {
    pub n: u32,
    pub department: DepartmentId,
    pub kind: EntryKind,
    pub kind_zh: &'static str,
    pub role: Role,
    pub role_zh: &'static str,
    pub created_at: Timestamp,
    /// It still tells its department something it must act on.
    pub live: bool,
    /// Its own message is in the log.
    pub in_log: bool,
}

/// A clock that runs.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "each field is the one of the same name in `Deadline`")]
pub struct DeadlineItem {
    pub clock: Clock,
    pub clock_zh: &'static str,
    pub at: Timestamp,
    pub provisional: bool,
    pub source: String,
}

/// An answer owed to a source, and how far it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AnswerItem {
    /// The event that was or is to be told.
    pub event: Uuid,
    /// Its type.
    pub what: String,
    /// Which numbering.
    pub source: SourceId,
    /// `told`, `waiting`, `refused`, or `no_way` where no channel can tell it. Where none of its numbering has an address
    /// nobody tells it, and it stays `waiting`.
    pub state: &'static str,
    /// The version the source gave its record for it.
    pub version: Option<i64>,
}

/// Answer of `GET /v1/cases/{name}`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseView {
    /// As in lists.
    pub case: CaseItem,
    /// What the submission became: everything known that is not personal.
    pub facts: Facts,
    /// The decision it went by, whole.
    pub decision: Option<Arc<Decision>>,
    /// Why it lies in triage, with Chinese.
    pub reasons: Vec<Word>,
    /// Who has or had a part, oldest first.
    pub assignments: Vec<Assignment>,
    /// What stands beside the stage.
    pub marks: Marks,
    /// Clocks running.
    pub deadlines: Vec<DeadlineItem>,
    /// The sources' own numbers: the one it came with first, then the others.
    pub sources: Vec<SourceId>,
    /// Its queue entries.
    pub entries: Vec<EntryItem>,
    /// The write-back.
    pub answers: Vec<AnswerItem>,
    /// Everything that happened, oldest first.
    pub history: Vec<EventItem>,
}

impl CasePageView {
    /// A page as it is sent.
    pub fn of(page: &CasePage) -> Self {
        let cases = page.cases.iter().map(CaseItem::of).collect();
        Self { as_of: page.as_of, cases, next: page.next.map(|c| c.0.to_string()) }
    }
}

impl CaseItem {
    /// A case as it is sent.
    pub fn of(row: &CaseRow) -> Self {
        let (rule_file, rule_line) = row.rule.clone().unzip();
        Self {
            id: row.id,
            number: row.number.clone(),
            stage: row.stage,
            stage_zh: row.stage.chinese(),
            channel: row.channel.clone(),
            lead: row.lead.clone(),
            matter: row.matter.clone(),
            division: row.division.clone(),
            appeal: row.appeal,
            appeal_zh: row.appeal.map(Appeal::chinese),
            warning: row.warning,
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            next_deadline: row.next_deadline,
            returned: row.returned,
            return_pending: row.return_pending,
            rule_file,
            rule_line,
            reasons: words(&row.reasons),
            sequence: row.sequence,
        }
    }
}

impl EventsView {
    /// What happened after `since`, or lately.
    ///
    /// # Errors
    /// Where the read model cannot be read.
    pub fn read(reader: &ReadHandle, since: Option<u64>, limit: usize) -> Result<Self, ReadModelError> {
        let as_of = reader.position()?;
        let rows = match since {
            Some(since) => reader.happenings_since(since, limit)?,
            None => reader.latest_happenings(limit)?,
        };
        let next = rows.last().map_or(since.unwrap_or_default(), |row| row.event.sequence);
        let more = !reader.happenings_since(next, 1)?.is_empty();
        Ok(Self { as_of, events: rows.iter().map(EventItem::of).collect(), next: next.to_string(), more })
    }
}

impl EventItem {
    fn of(row: &HappeningRow) -> Self {
        let event = &row.event;
        Self {
            sequence: event.sequence,
            id: event.id,
            case_id: row.case_id,
            number: row.number.clone(),
            name: event.name.clone(),
            type_zh: event.body.as_ref().map_or_else(|| event.name.clone(), |b| b.chinese().to_owned()),
            at: event.at,
            actor: event.actor.clone(),
            cause: event.cause.clone(),
            departments: departments(event),
            entries: event.entries.clone(),
            why: event.body.as_ref().and_then(why),
            data: None,
        }
    }

    fn in_history(case: &CaseRow, event: HistoryRow) -> Self {
        let data = event.body.as_ref().and_then(data);
        let row = HappeningRow { case_id: case.id, number: case.number.clone(), event };
        Self { data, ..Self::of(&row) }
    }
}

impl CaseView {
    /// The case under any of its names.
    ///
    /// # Errors
    /// Where the read model cannot be read.
    pub fn find(reader: &ReadHandle, name: &str) -> Result<Option<Self>, ReadModelError> {
        let Some(id) = reader.find(name)? else { return Ok(None) };
        let Some(WholeCase { row, case, history, entries }) = reader.whole_case(id)? else { return Ok(None) };
        Ok(Some(Self {
            reasons: case.decision.as_deref().map(triage_reasons).unwrap_or_default(),
            sources: sources(&case),
            answers: answers(&case, &history),
            entries: entries.into_iter().map(EntryItem::of).collect(),
            history: history.into_iter().map(|event| EventItem::in_history(&row, event)).collect(),
            case: CaseItem::of(&row),
            facts: case.facts,
            decision: case.decision,
            assignments: case.assignments,
            marks: case.marks,
            deadlines: case.deadlines.into_iter().map(DeadlineItem::of).collect(),
        }))
    }
}

impl CaseView {
    /// Names what is told of the case: it changes with its last event, and with the entries of that as they come into the
    /// log after it.
    pub fn version(&self) -> String {
        format!("{}-{}", self.case.sequence, self.entries.iter().filter(|e| e.in_log).count())
    }
}

impl EntryItem {
    fn of(row: EntryRow) -> Self {
        Self {
            n: row.n,
            live: row.is_live(),
            in_log: row.message.is_some(),
            department: row.department,
            kind: row.kind,
            kind_zh: row.kind.chinese(),
            role: row.role,
            role_zh: row.role.chinese(),
            created_at: row.created_at,
        }
    }
}

impl DeadlineItem {
    fn of(deadline: Deadline) -> Self {
        let Deadline { clock, at, provisional, source } = deadline;
        Self { clock, clock_zh: clock.chinese(), at, provisional, source }
    }
}

fn words(reasons: &[TriageReason]) -> Vec<Word> {
    reasons.iter().map(|r| Word { code: r.as_str(), zh: r.chinese() }).collect()
}

fn triage_reasons(decision: &Decision) -> Vec<Word> {
    match &decision.verdict {
        Verdict::Triage { reasons, .. } => words(reasons),
        Verdict::Dispatch { .. } => Vec::new(),
    }
}

fn sources(case: &Case) -> Vec<SourceId> {
    let mut sources: Vec<SourceId> = case.sources.iter().map(|s| s.source.clone()).collect();
    for alias in &case.aliases {
        if !sources.contains(alias) {
            sources.push(alias.clone());
        }
    }
    sources
}

/// Whom an event concerns: those it was sent to, else its doer.
fn departments(event: &HistoryRow) -> Vec<DepartmentId> {
    let sent: Vec<DepartmentId> = event.entries.iter().map(|e| e.department.clone()).collect();
    match &event.actor {
        Actor::Department { department } if sent.is_empty() => vec![department.clone()],
        _ if sent.is_empty() => named(event.body.as_ref()).into_iter().collect(),
        _ => sent,
    }
}

fn named(body: Option<&EventBody>) -> Option<DepartmentId> {
    match body? {
        EventBody::ReturnGranted { department, .. } | EventBody::ReturnRefused { department, .. } => {
            Some(department.clone())
        }
        _ => None,
    }
}

fn why(body: &EventBody) -> Option<Why> {
    let said = |words: String| Some(Why { rule: None, reasons: Vec::new(), confidence: None, words: Some(words) });
    match body {
        EventBody::Dispatched { decision: Some(decision), .. } | EventBody::Triaged { decision, .. } => Some(Why {
            rule: decision.rule.clone(),
            reasons: triage_reasons(decision),
            confidence: Some(decision.confidence),
            words: None,
        }),
        EventBody::Dispatched { decision: None, not_accused, .. } if !not_accused.is_empty() => {
            let cleared: Vec<&str> = not_accused.iter().map(DepartmentId::as_str).collect();
            said(format!("人工派单；经核不属被检举控告：{}", cleared.join("、")))
        }
        EventBody::Dispatched { decision: None, .. } => said("人工派单".to_owned()),
        EventBody::Declined { article, .. } | EventBody::ClosedToRepetition { article } => said(article.clone()),
        EventBody::ReturnRequested { reason, .. } => said(reason.chinese().to_owned()),
        EventBody::Resolved { solved, .. } => said(solved.chinese().to_owned()),
        EventBody::Closed { at_source: true } => said("来源系统已办结".to_owned()),
        EventBody::Linked { kind, .. } => said(kind.chinese().to_owned()),
        EventBody::Warned { colour, .. } => said(colour.chinese().to_owned()),
        EventBody::UpstreamChanged { upstream, .. } => said(upstream.state.chinese().to_owned()),
        EventBody::AnswerDelivered(told) if told.refused => said(format!("{} 拒收", told.source)),
        EventBody::AnswerDelivered(told) if told.no_way => said(format!("{} 无回写通道", told.source)),
        EventBody::AnswerDelivered(told) => said(told.source.to_string()),
        _ => None,
    }
}

/// The body as in the log, without its digests and without the decision, which is told once for the whole case.
fn data(body: &EventBody) -> Option<Value> {
    let mut data = serde_json::to_value(body).ok()?.get_mut("data")?.take();
    let fields = data.as_object_mut()?;
    fields.remove("decision");
    fields.retain(|name, _| !name.ends_with("_digest"));
    if let Some(seen) = fields.get_mut("seen").and_then(Value::as_object_mut) {
        seen.retain(|name, _| !name.ends_with("_digest"));
    }
    (!fields.is_empty()).then_some(data)
}

/// What was told, and what is still to be told.
fn answers(case: &Case, history: &[HistoryRow]) -> Vec<AnswerItem> {
    let told = case.delivered.iter().map(|told| AnswerItem {
        event: told.event,
        what: told.what.to_string(),
        source: told.source.clone(),
        state: match told {
            told if told.refused => "refused",
            told if told.no_way => "no_way",
            _ => "told",
        },
        version: told.version,
    });
    let owed = history.iter().rev().find(|h| {
        matches!(
            h.body,
            Some(EventBody::Resolved { .. } | EventBody::Declined { .. } | EventBody::ClosedToRepetition { .. })
        )
    });
    // The last answer only: what was owed before it, nobody waits for.
    let waiting = case.owed.iter().filter(|waiting| owed.is_some_and(|owed| owed.id == waiting.event));
    let waiting = waiting.map(|waiting| AnswerItem {
        event: waiting.event,
        what: waiting.what.to_string(),
        source: waiting.source.clone(),
        state: "waiting",
        version: None,
    });
    told.chain(waiting).collect()
}
