//! Dead letters: `GET /v1/dead`, `GET /v1/dead/{sequence}` with the record itself, `POST /v1/dead/replay`, and
//! `POST /v1/dead/{sequence}/drop` for what a person has dealt with otherwise.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use huiliu_schemas::Channel;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Api;
use super::caller::{Centre, Counted, Operator};
use crate::intake::dead::{self, Buried, BuriedPage, Which};
use crate::intake::replay::{Exhumed, ReplayError, Replayed};
use crate::problem::{Kind, Problem};
use crate::rest::input::{Asked, Named, Said, parsed};
use crate::rest::page;
use crate::rest::{CENTRE, Endpoints, Key, Operation, Tag, example};

/// What may be written down of a reason.
const REASON_CHARACTERS: usize = 200;

/// Something on one line, as JSON Schema says it.
const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// [`Which`] behind a question mark, and how many of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Chosen {
    /// These only, by their sequence, with commas.
    #[schemars(with = "Option<Vec<u64>>", length(min = 1))]
    letters: Option<String>,
    /// From this sequence on.
    #[schemars(with = "Option<u64>")]
    from: Option<String>,
    /// Up to this sequence.
    #[schemars(with = "Option<u64>")]
    to: Option<String>,
    /// Of this channel.
    #[schemars(with = "Option<Channel>")]
    channel: Option<String>,
    /// That stopped here.
    stage: Option<String>,
    /// Whose reason contains this.
    reason: Option<String>,
    /// How many at most; 50 unless said.
    #[schemars(with = "Option<usize>", range(min = 1, max = 200))]
    limit: Option<String>,
    /// `next` of the page before.
    #[schemars(regex(pattern = "^[0-9]{1,18}$"))]
    cursor: Option<String>,
}

impl Chosen {
    fn read(self) -> Result<(Which, Option<u64>, usize), Problem> {
        let sequence = "the sequence of a dead letter";
        let (limit, cursor) = (page::limit(self.limit.as_deref())?, page::cursor(self.cursor.as_deref())?);
        let named = |text: &str| text.parse().map_err(|_| Problem::field("letters", Some(text), sequence));
        let letters = self.letters.map(|letters| letters.split(',').map(named).collect()).transpose()?;
        let which = Which {
            letters,
            from: parsed("from", &self.from, sequence)?,
            to: parsed("to", &self.to, sequence)?,
            channel: parsed("channel", &self.channel, "a channel's id")?,
            stage: self.stage,
            reason: self.reason,
        };
        Ok((which, cursor, limit))
    }
}

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
        .more(
            "无法处理的记录：停在哪个环节、为什么。不含个人信息。条件与重新处理相同，须全部符合；符合者少时一页可能不满，`next` 说明从哪里继续。 What could not be worked on: where it stopped and why. Nothing personal. \
             Chosen as for a replay, so that one sees what it would take; where few of many fit a page may have fewer, and `next` goes on.",
        )
        .by(CENTRE)
        .limited()
        .asks::<Chosen>()
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
            .limited()
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
            .limited()
            .takes::<Drop>(example!("dead-drop"))
            .answers::<Buried>(200, "已注销的死信 · The letter that is gone", example!("dead-dropped"))
            .fails(&[Kind::InvalidField, Kind::NotFound, Kind::Unavailable, Kind::UnknownOutcome]);
    Endpoints::new().on(list_says, list).on(show_says, show).on(replay_says, replay).on(drop_says, drop_one)
}

async fn list(
    State(api): State<Arc<Api>>,
    _centre: Centre,
    _held: Counted,
    Asked(chosen): Asked<Chosen>,
) -> Result<Json<BuriedPage>, Problem> {
    let (which, cursor, limit) = chosen.read()?;
    let listed = dead::list(&api.jetstream, &which, cursor, limit).await;
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
    // What was asked is written down before anything is done, and what came of it also where nobody waits for it.
    let asked = serde_json::to_string(&which).unwrap_or_default();
    let replaying = tokio::spawn(async move {
        let _held = held;
        let replaying = async {
            tracing::info!(
                target: "huiliu::audit", who = who.subject(), which = asked,
                "dead letters are taken up again by {}: {asked}", who.subject()
            );
            let done = api.replay.run(&which).await?;
            tracing::info!(
                target: "huiliu::audit", who = who.subject(), replayed = done.replayed.len(), left = done.left.len(),
                "{} dead letters taken up again by {}", done.replayed.len(), who.subject()
            );
            Ok(Json(done))
        };
        Ok(api.replay.alone(replaying).await?)
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
    let dropping = async {
        let Some(letter) = api.replay.letter(sequence).await? else { return Ok(None) };
        // First: of what is done and not answered, or asked again and no longer there, nothing would be known.
        tracing::info!(
            target: "huiliu::audit", who = who.subject(), sequence, receipt = letter.receipt, because,
            "dead letter {sequence} is dropped by {}", who.subject()
        );
        api.replay.dismiss(sequence).await?;
        Ok(Some(letter))
    };
    api.replay.alone(dropping).await?.map(Json).ok_or_else(|| none(sequence))
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
            ReplayError::Lost => Self::new(Kind::UnknownOutcome, error.to_string()).retry_after(5),
            error => Self::new(Kind::Unavailable, error.to_string()).retry_after(2),
        }
    }
}
