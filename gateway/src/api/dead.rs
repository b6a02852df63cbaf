//! Dead letters: `GET /v1/dead`, `GET /v1/dead/{sequence}` with the record itself, `POST /v1/dead/replay`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::Api;
use super::caller::{Centre, Counted};
use crate::intake::dead::{self, BuriedPage};
use crate::intake::replay::{Exhumed, ReplayError, Replayed, Which};
use crate::problem::{Kind, Problem};
use crate::rest::input::{Asked, Named, Said};
use crate::rest::page::Paging;
use crate::rest::{CENTRE, Endpoints, Operation, Tag, example};

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
    Endpoints::new().on(list_says, list).on(show_says, show).on(replay_says, replay)
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
    let sequence: u64 =
        sequence.parse().map_err(|_| Problem::field("sequence", Some(&sequence), "the sequence of a dead letter"))?;
    let none = || Problem::new(Kind::NotFound, format!("there is no dead letter {sequence}"));
    let shown = api.replay.show(sequence).await?.ok_or_else(none)?;
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
    _held: Counted,
    Said(which): Said<Which>,
) -> Result<Json<Replayed>, Problem> {
    if which.is_empty() {
        let expected = "at least one of `letters`, `from`, `to`, `channel`, `stage`, `reason`";
        return Err(Problem::new(Kind::BadRequest, format!("nothing was chosen: expected {expected}")));
    }
    let done = api.replay.run(&which).await?;
    tracing::info!(
        target: "huiliu::audit", who = who.subject(), replayed = done.replayed.len(), left = done.left.len(),
        "{} dead letters taken up again by {}", done.replayed.len(), who.subject()
    );
    Ok(Json(done))
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Store(error) => error.into(),
            error => Self::new(Kind::Unavailable, error.to_string()).retry_after(2),
        }
    }
}
