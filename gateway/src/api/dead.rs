//! Dead letters: `GET /v1/dead`, `GET /v1/dead/{sequence}` with the record itself, `POST /v1/dead/replay`, and
//! `POST /v1/dead/{sequence}/drop` for what a person has dealt with otherwise.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Api;
use super::caller::{Centre, Counted, Operator};
use crate::intake::dead::{self, Buried, BuriedPage};
use crate::intake::replay::{Exhumed, ReplayError, Replayed, Which};
use crate::problem::{Kind, Problem};
use crate::rest::input::{Asked, Named, Said};
use crate::rest::page::Paging;
use crate::rest::{CENTRE, Endpoints, Key, Operation, Tag, example};

/// What may be written down of a reason.
const REASON_CHARACTERS: usize = 200;

/// Something on one line, as JSON Schema says it.
const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// A letter that needs nothing any more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Drop {
    /// Why: 1 to 200 characters on one line, nothing personal. It is written down in the audit log.
    #[schemars(length(min = 1, max = 200), regex(pattern = ONE_LINE))]
    because: String,
}

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let list_says = Operation::get("/v1/dead", "listDeadLetters", Tag::Centre, "死信清单", "Dead letters, newest first")
        .more("无法处理的记录：停在哪个环节、为什么。不含个人信息。 What could not be worked on: where it stopped and why. Nothing personal.")
        .by(CENTRE)
        .asks::<Paging>()
        .answers::<BuriedPage>(200, "其中一页 · Some of them", example!("dead-page"))
        .fails(&[Kind::Unavailable]);
    let show_says = Operation::get("/v1/dead/{sequence}", "getDeadLetter", Tag::Centre, "查看死信", "One, with its record")
        .more("来源原样发来的记录。每次出示均留痕。 The record as the source sent it. Every showing is written down in the audit log.")
        .by(CENTRE)
        .answers::<Exhumed>(200, "死信及其记录 · The letter and its record", example!("dead-letter"))
        .fails(&[Kind::InvalidField, Kind::NotFound, Kind::Unavailable]);
    let replay_says =
        Operation::post("/v1/dead/replay", "replayDeadLetters", Tag::Centre, "重新处理死信", "Take letters up again")
            .more(
                "其记录重新进入处理流程，例如修好适配包之后；所给条件须全部符合，且至少给一项。每次至多 1,000 条，`next` 说明从哪里继续。 Their records go into the pipeline once more, after a pack was mended, say; everything given must fit, and \
                 something must be given. At most 1,000 at a time: `next` says from where to go on.",
            )
            .by(CENTRE)
            .takes::<Which>(example!("replay"))
            .answers::<Replayed>(200, "各自的回执，未处理的说明原因 · A receipt for each, and why others were left", example!("replayed"))
            .fails(&[Kind::Unavailable, Kind::UnknownOutcome]);
    let drop_says =
        Operation::post("/v1/dead/{sequence}/drop", "dropDeadLetter", Tag::Centre, "注销死信", "Drop a letter")
            .more(
                "已另行处理、无需重新处理的死信：须说明原因，留痕；原始报文仍在 INTAKE 中保留至期满。 For what was dealt with otherwise, an answer its source refused for good, say. The reason is \
                 written down in the audit log; the raw envelope stays in INTAKE for its time.",
            )
            .by(&[Key::Operator])
            .takes::<Drop>(example!("dead-drop"))
            .answers::<Buried>(200, "已注销的死信 · The letter that is gone", example!("dead-dropped"))
            .fails(&[Kind::InvalidField, Kind::NotFound, Kind::Unavailable]);
    Endpoints::new().on(list_says, list).on(show_says, show).on(replay_says, replay).on(drop_says, drop_one)
}

async fn list(
    State(api): State<Arc<Api>>,
    _centre: Centre,
    Asked(paging): Asked<Paging>,
) -> Result<Json<BuriedPage>, Problem> {
    let (limit, cursor) = paging.read()?;
    let listed = dead::list(&api.jetstream, cursor, limit).await;
    listed.map(Json).map_err(|e| Problem::new(Kind::Unavailable, e.to_string()).retry_after(2))
}

async fn show(
    State(api): State<Arc<Api>>,
    Centre(who): Centre,
    Named(sequence): Named<String>,
) -> Result<Json<Exhumed>, Problem> {
    let sequence = numbered(&sequence)?;
    let shown = api.replay.show(sequence).await?.ok_or_else(|| none(sequence))?;
    if shown.record.is_some() {
        tracing::info!(
            target: "huiliu::audit", who = who.subject(), sequence,
            "the record of dead letter {sequence} shown to {}", who.subject()
        );
    }
    Ok(Json(shown))
}

async fn replay(
    State(api): State<Arc<Api>>,
    Centre(who): Centre,
    held: Counted,
    Said(which): Said<Which>,
) -> Result<Json<Replayed>, Problem> {
    if which.is_empty() {
        let expected = "at least one of `letters`, `from`, `to`, `channel`, `stage`, `reason`";
        return Err(Problem::new(Kind::BadRequest, format!("nothing was chosen: expected {expected}")));
    }
    let alone = api.replay.alone()?;
    // What was asked is written down before anything is done, and what came of it also where nobody waits for it.
    let asked = serde_json::to_string(&which).unwrap_or_default();
    tracing::info!(
        target: "huiliu::audit", who = who.subject(), which = asked,
        "dead letters are taken up again by {}: {asked}", who.subject()
    );
    let replaying = tokio::spawn(async move {
        let _held = held;
        let done = api.replay.run(&which, alone).await?;
        tracing::info!(
            target: "huiliu::audit", who = who.subject(), replayed = done.replayed.len(), left = done.left.len(),
            "{} dead letters taken up again by {}", done.replayed.len(), who.subject()
        );
        Ok(Json(done))
    });
    replaying.await.unwrap_or_else(|error| Err(Problem::new(Kind::UnknownOutcome, error.to_string()).retry_after(2)))
}

async fn drop_one(
    State(api): State<Arc<Api>>,
    Operator(who): Operator,
    _held: Counted,
    Named(sequence): Named<String>,
    Said(Drop { because }): Said<Drop>,
) -> Result<Json<Buried>, Problem> {
    let (sequence, because) = (numbered(&sequence)?, because.trim());
    if because.is_empty() || because.chars().count() > REASON_CHARACTERS || because.contains(char::is_control) {
        return Err(Problem::field("because", None, "a reason, 1 to 200 characters on one line"));
    }
    let alone = api.replay.alone()?;
    let letter = api.replay.letter(sequence).await?.ok_or_else(|| none(sequence))?;
    // First: of what is done and not answered, or asked again and no longer there, nothing would be known.
    tracing::info!(
        target: "huiliu::audit", who = who.subject(), sequence, receipt = letter.receipt, because,
        "dead letter {sequence} is dropped by {}", who.subject()
    );
    api.replay.dismiss(sequence, alone).await?;
    Ok(Json(letter))
}

fn numbered(sequence: &str) -> Result<u64, Problem> {
    sequence.parse().map_err(|_| Problem::field("sequence", Some(sequence), "the sequence of a dead letter"))
}

fn none(sequence: u64) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no dead letter {sequence}"))
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Store(error) => error.into(),
            ReplayError::Already => Self::new(Kind::Unavailable, error.to_string()).retry_after(5),
            error => Self::new(Kind::Unavailable, error.to_string()).retry_after(2),
        }
    }
}
