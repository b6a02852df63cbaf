//! `POST /v1/channels/{channel}/try`: the test bench of an upstream engineer. Proven like a push, counted against the
//! channel's limit like a push, and not stored.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use huiliu_adapters::verify::RawBody;

use super::Api;
use super::push::{admit, channel_named, prove, read};
use crate::intake::rehearsal::Rehearsal;
use crate::problem::Problem;

pub(super) async fn endpoint(
    State(api): State<Arc<Api>>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Rehearsal>, Problem> {
    let channel = channel_named(&api, &channel)?;
    admit(channel)?;
    let raw = RawBody::new(read(body).await?, &headers);
    let verified = prove(&api, channel, &headers, raw)?;
    Ok(Json(api.receipts.rehearse(channel, verified).await?))
}
