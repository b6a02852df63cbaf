//! `POST /v1/backup`: everything a restore needs, copied in the order that makes it fit together, as one stream of frames
//! (see `backup::frames`). Personal content in it is sealed, and its keys are wrapped; the master key is not in it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde_json::json;

use super::Api;
use super::caller::Centre;
use crate::problem::{Kind, Problem};
use crate::rest::{CENTRE, Endpoints, Operation, Shape, Tag};

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let backup_says = Operation::post("/v1/backup", "backUp", Tag::Centre, "备份", "Everything a restore needs")
        .more(
            "一串数据帧，供 `huiliu backup` 读取：内容密封、密钥包裹，不含主密钥；留痕；同时只能有一次。 One stream of frames, as `huiliu backup` reads it: sealed content and wrapped keys, and not the master key. \
             It is written down in the audit log. One at a time.",
        )
        .by(CENTRE)
        .answers_as(200, "数据帧 · The frames", "application/octet-stream", Shape::Is(json!({})), "")
        .fails(&[Kind::Refused]);
    Endpoints::new().on(backup_says, backup)
}

async fn backup(State(api): State<Arc<Api>>, Centre(who): Centre) -> Result<Response, Problem> {
    let frames = api.backups.begin();
    let frames = frames.ok_or_else(|| Problem::new(Kind::Refused, "a backup is being made already").retry_after(60))?;
    tracing::info!(target: "huiliu::audit", who = who.subject(), "a backup is made for {}", who.subject());
    let body = Body::from_stream(unfold(frames, async |mut frames| {
        let frame = frames.recv().await?;
        Some((Ok::<_, Infallible>(frame), frames))
    }));
    Ok(([(CONTENT_TYPE, "application/octet-stream")], body).into_response())
}
