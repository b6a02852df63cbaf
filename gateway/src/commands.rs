//! Commands as they come in over HTTP and NATS: one JSON object, with the sender's own id. Read, settled by the ledger, and
//! answered only when the outcome is in the log.

use std::time::Duration;

use huiliu_schemas::command::{Command, CommandKind};
use huiliu_schemas::content::Content;
use huiliu_schemas::event::Actor;
use huiliu_schemas::lifecycle::may_know_where;
use huiliu_schemas::message::{CommandOutcome, CommandResult, LONGEST_TEXT};
use huiliu_schemas::private::Private;
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::{CaseId, CaseNumber, Cause, CommandId, SourceId};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::desk::{Job, Work, command_digest};
use crate::doors::principal::Principal;
use crate::ledger::{JobResult, Ledger};
use crate::problem::{Kind, Problem};
use crate::rest::input::object;
use crate::traces::{Arrival, Key, SpanKind, Step};

/// How long a sender is kept waiting for an engine that is away.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A command read.
#[derive(Debug, Clone)]
pub struct CommandRequest {
    /// The sender's id for it.
    pub id: CommandId,
    /// The case, as the sender named it.
    pub case: CaseName,
    /// What is wanted.
    pub command: Command,
    /// Its words.
    pub content: Content,
    /// The sequence of the case's last event as the sender saw it, if it is to be done only on that.
    pub seen: Option<u64>,
}

/// How a sender names a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseName {
    /// By id.
    Id(CaseId),
    /// By number.
    Number(CaseNumber),
}

impl CaseName {
    /// Reads an id or a number in any spelling.
    pub fn read(text: &str) -> Option<Self> {
        let id = text.parse().ok().map(Self::Id);
        id.or_else(|| text.parse().ok().map(Self::Number))
    }

    /// The number, which follows from the id.
    fn number(&self) -> CaseNumber {
        match self {
            Self::Id(id) => CaseNumber::of(*id),
            Self::Number(number) => number.clone(),
        }
    }
}

impl CommandRequest {
    /// Reads a command of the named kind; `case` may come with the path instead of the body, and the sender's id as a
    /// key beside it.
    ///
    /// # Errors
    /// A problem that names field, value and what was expected.
    pub fn read(kind: &str, case: Option<&str>, key: Option<&str>, body: &[u8]) -> Result<Self, Problem> {
        let kind = CommandKind::read(kind).ok_or_else(|| {
            let known = CommandKind::ALL.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(", ");
            Problem::field("command", Some(kind), &format!("one of {known}"))
        })?;
        let mut fields = object(body)?;
        let id = match (text(&mut fields, "id")?, key) {
            (Some(id), Some(key)) if id != key => {
                return Err(Problem::field("id", Some(&id), "the same as `Idempotency-Key`"));
            }
            (id, key) => id.or_else(|| key.map(str::to_owned)),
        };
        let id = id.ok_or_else(|| Problem::field("id", None, "the sender's own id of the command"))?;
        let id = id.parse().map_err(|_| Problem::field("id", Some(&id), "1 to 64 of A-Z, a-z, 0-9, `-` and `_`"))?;
        let read = |named: &str| {
            CaseName::read(named).ok_or_else(|| Problem::field("case", Some(named), "a case id or number"))
        };
        let case = match (case, text(&mut fields, "case")?) {
            (Some(case), Some(named)) if read(case)?.number() != read(&named)?.number() => {
                return Err(Problem::field("case", Some(&named), "the same as in the path"));
            }
            (Some(case), _) => read(case)?,
            (None, Some(named)) => read(&named)?,
            (None, None) => return Err(Problem::field("case", None, "a case id or number")),
        };
        if let Some(other) = text(&mut fields, "command")?.filter(|other| *other != kind.as_str()) {
            return Err(Problem::field("command", Some(&other), &format!("`{kind}`, as it was sent to")));
        }
        let content = Content {
            note: said(&mut fields, "note")?,
            reply: said(&mut fields, "reply")?,
            text: said(&mut fields, "text")?,
            ..Content::default()
        };
        for name in words_needed(kind) {
            let given = if *name == "note" { &content.note } else { &content.reply };
            given.as_ref().ok_or_else(|| Problem::field(name, None, "a text"))?;
        }
        fields.insert("command".into(), kind.as_str().into());
        let command = parsed(kind, &Value::Object(fields))?;
        Ok(Self { id, case, command, content, seen: None })
    }
}

/// Words without which a command is refused whatever the case, of `note` and `reply`.
pub fn words_needed(kind: CommandKind) -> &'static [&'static str] {
    match kind {
        CommandKind::RequestReturn | CommandKind::RefuseReturn | CommandKind::Redispatch | CommandKind::Reopen => {
            &["note"]
        }
        CommandKind::Resolve => &["reply"],
        _ => &[],
    }
}

/// The command the fields are. Serde would take a list for an object, its fields in their order: nobody means that.
fn parsed(kind: CommandKind, fields: &Value) -> Result<Command, Problem> {
    let wrong = |what: &dyn std::fmt::Display| Problem::new(Kind::InvalidField, format!("command `{kind}`: {what}"));
    let command = Command::deserialize(fields).map_err(|e| wrong(&e))?;
    let meant = serde_json::to_value(&command).unwrap_or_default();
    if takes_list_for_object(fields, &meant) {
        return Err(wrong(&"a list stands where an object is expected"));
    }
    Ok(command)
}

fn takes_list_for_object(given: &Value, meant: &Value) -> bool {
    match (given, meant) {
        (Value::Array(_), Value::Object(_)) => true,
        (Value::Array(given), Value::Array(meant)) => given.iter().zip(meant).any(|(g, m)| takes_list_for_object(g, m)),
        (Value::Object(given), Value::Object(meant)) => {
            given.iter().any(|(name, g)| meant.get(name).is_some_and(|m| takes_list_for_object(g, m)))
        }
        _ => false,
    }
}

/// A text field that is not empty; an absent or blank one is none.
fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Problem> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|t| !t.trim().is_empty())),
        Some(other) => Err(Problem::field(name, Some(&other.to_string()), "a text")),
    }
}

/// What somebody said. It is kept for ever, so it has an end.
fn said(fields: &mut Map<String, Value>, name: &str) -> Result<Option<Private>, Problem> {
    let Some(text) = text(fields, name)? else { return Ok(None) };
    match text.chars().count() {
        ..=LONGEST_TEXT => Ok(Some(text.into())),
        length => {
            let found = format!("{length} characters");
            Err(Problem::field(name, Some(&found), &format!("a text of at most {LONGEST_TEXT} characters")))
        }
    }
}

/// Who a caller is in a case.
pub fn actor_of(principal: &Principal) -> Actor {
    match principal {
        Principal::Channel(channel) => Actor::Source { channel: channel.clone() },
        Principal::Department(department) => Actor::Department { department: department.clone() },
        Principal::Operator(name) => Actor::Operator { name: name.to_string() },
        Principal::Machine(name) => Actor::Machine { name: name.to_string() },
    }
}

/// Has a command decided and appended, as a trace.
///
/// # Errors
/// The refusal, or why the outcome is not known.
pub async fn execute(
    ledger: &Ledger,
    who: &Principal,
    request: CommandRequest,
    arrival: Arrival<'_>,
    way: &'static str,
) -> Result<CommandOutcome, Problem> {
    let mut step = arrival.begin("command");
    step.say(Key::Command, request.command.kind());
    step.say(Key::Way, way);
    step.say(Key::By, kind_of(who));
    if let Principal::Department(department) = who {
        step.say(Key::Department, department);
    }
    let outcome = carry_out(ledger, who, request, &step).await;
    match &outcome {
        Ok(done) => {
            step.say(Key::Case, done.case_id);
            step.outcome(done.result.as_str());
        }
        Err(problem) => step.failed(problem.kind().name()),
    }
    outcome
}

async fn carry_out(
    ledger: &Ledger,
    who: &Principal,
    request: CommandRequest,
    step: &Step,
) -> Result<CommandOutcome, Problem> {
    let CommandRequest { id, case: name, command, content, seen } = request;
    let kind = command.kind();
    let unanswered = |_| {
        let detail = "the engine does not answer; the command may still be done: send it again with the same id";
        Problem::new(Kind::UnknownOutcome, detail).retry_after(5)
    };
    let case = tokio::time::timeout(PATIENCE, find(ledger, &name)).await.map_err(unanswered)??;
    let cause = Cause::command(&format!("{}-{}", kind_of(who), who.subject()), &id);
    let digest = command_digest(ledger.keys().master(), &command, &content);
    let actor = actor_of(who);
    let job = Job { cause, actor: actor.clone(), work: Work::Command { case, command, content, digest, seen } };
    let appending = ledger.settle(job, step.child(SpanKind::Internal, "append"));
    let settled = tokio::time::timeout(PATIENCE, appending).await.map_err(unanswered)??;
    let now = settled.case.as_ref().map(|c| c.stage);
    let (result, events, stage) = match settled.result {
        JobResult::Appended(events) => {
            (CommandResult::Done, events.iter().map(|e| e.body.name().to_owned()).collect(), now)
        }
        JobResult::Known(answer) => (CommandResult::Known, answer.events, Some(answer.stage)),
        JobResult::Nothing(_) => (CommandResult::Known, Vec::new(), now),
        JobResult::Refused(refusal) => {
            count(kind, "refused");
            return Err(match refusal.code {
                RefusalCode::UnknownCase => unknown(&name),
                _ => Problem::refused(refusal),
            });
        }
    };
    count(kind, result.as_str());
    let number = settled.case.as_ref().map(|c| c.number.clone());
    // Who has just ended it knows that, though it has no part any more.
    let ends = matches!(kind, CommandKind::Resolve | CommandKind::Decline);
    let stage = stage.filter(|_| ends || settled.case.is_some_and(|c| may_know_where(&c, &actor)));
    Ok(CommandOutcome { id, case_id: settled.case_id, number, result, stage, events, as_of: settled.as_of })
}

/// The case a name stands for.
pub async fn find(ledger: &Ledger, name: &CaseName) -> Result<CaseId, Problem> {
    match name {
        CaseName::Id(id) => Ok(*id),
        CaseName::Number(number) => {
            let found = ledger.find(&[SourceId::of_number(number)]).await?;
            found.ok_or_else(|| unknown(name))
        }
    }
}

/// There is no such case, or none that the asker may know of: the same words for both.
pub fn unknown(name: &CaseName) -> Problem {
    let detail = match name {
        CaseName::Id(id) => format!("no case has the id {id}"),
        CaseName::Number(number) => format!("no case has the number {number}"),
    };
    Problem::new(Kind::NotFound, detail)
}

fn kind_of(who: &Principal) -> &'static str {
    match who {
        Principal::Channel(_) => "channel",
        Principal::Department(_) => "department",
        Principal::Operator(_) => "operator",
        Principal::Machine(_) => "machine",
    }
}

fn count(kind: CommandKind, result: &'static str) {
    metrics::counter!("huiliu_commands_total", "command" => kind.as_str(), "result" => result).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str) -> Result<CommandRequest, String> {
        CommandRequest::read(kind, Some("HL-P2MN-RWXY-D258"), None, body.as_bytes()).map_err(|p| p.detail().to_owned())
    }

    #[test]
    fn a_command_says_which_field_is_wrong() {
        for (kind, body, told) in [
            ("redispatch", r#"{"id": "1", "assignees": []}"#, "`note` is missing"),
            ("resolve", r#"{"id": "1", "solved": "yes", "reply": " "}"#, "`reply` is missing"),
            ("assess", r#"{"id": "1", "by": "citizen", "assessment": [null, null]}"#, "a list stands"),
            ("dispatch", r#"{"id": "1", "assignees": [["jb-housing", "lead"]]}"#, "a list stands"),
            ("close", r#"{"id": "1", "reason": "x"}"#, "unknown field `reason`"),
            ("close", r#"{"id": "1", "command": "withdraw"}"#, "`close`, as it was sent to"),
            ("close", r#"{"id": "1", "case": "00000000-0000-5000-8000-000000000001"}"#, "the same as in the path"),
            ("close", r#"{"id": "1", "case": "?"}"#, "a case id or number"),
        ] {
            let problem = read(kind, body).expect_err("refused");
            assert!(problem.contains(told), "{kind}: {problem}");
        }
        assert!(read("sign_for", r#"{"id": "1", "n": 1.0}"#).is_ok());
        assert!(read("sign_for", r#"{"id": "1", "command": "sign_for", "case": "hl p2mn rwxy d258"}"#).is_ok());
        let long = |length| read("progress", &format!(r#"{{"id": "1", "note": "{}"}}"#, "字".repeat(length)));
        assert!(long(LONGEST_TEXT).is_ok());
        let problem = long(LONGEST_TEXT + 1).expect_err("too long");
        assert_eq!(problem, "`note` is `20001 characters`: expected a text of at most 20000 characters");
    }

    /// Whether a command takes a `text` is decided where it is known whether it was sent before.
    #[test]
    fn a_text_is_read_with_every_command_and_a_blank_one_is_none() {
        let text = |told: &str| {
            let read = read("progress", &format!(r#"{{"id": "1", "text": {told}}}"#)).expect("reads");
            read.content.text
        };
        for nothing in ["null", "\"\"", "\" \""] {
            assert!(text(nothing).is_none(), "{nothing}");
        }
        assert!(text("\"局长收钱\"").is_some());
    }
}
