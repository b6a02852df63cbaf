//! `POST /v1/backup`: everything a restore needs, copied in the order that makes it fit together, as one stream of frames
//! (see `backup::frames`). Personal content in it is sealed, and its keys are wrapped; the master key is not in it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream::unfold;

use super::Api;
use super::caller::Centre;
use crate::problem::{Kind, Problem};

/// The routes.
pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new().route("/v1/backup", post(backup))
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
