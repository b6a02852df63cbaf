//! `POST /v1/channels/{channel}/try`: the test bench of an upstream engineer. Proven like a push, counted against the
//! channel's limit like a push, and not stored.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

use super::Api;
use super::admit::{Admitted, admit};
use super::push::{channel_named, takes_records};
use crate::intake::rehearsal::Rehearsal;
use crate::problem::{Kind, Problem};
use crate::rest::input::Named;
use crate::rest::limits::Limits;
use crate::rest::{CHANNEL, Endpoints, Operation, Tag, example};

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let says = Operation::post("/v1/channels/{channel}/try", "tryRecords", Tag::Push, "试报", "Try a push, storing nothing")
        .more(
            "与推送同样的请求体，同样验证、同样计数，但不存储。逐条说明回执会怎么说、适配包读出什么、哪些字段无人读取、规则会派给谁及为什么。 The same body as for a push, proven and counted like one, and not stored. Tells for each record what its receipt \
             would say, what the pack makes of it, which fields nobody reads, and where the rules would send it and why.",
        )
        .by(CHANNEL)
        .limited()
        .answers::<Rehearsal>(200, "会如何处理 · What would become of it", example!("rehearsal"))
        .fails(&[Kind::NotFound, Kind::Unavailable]);
    Endpoints::new().on(takes_records(says), endpoint)
}

async fn endpoint(
    State(api): State<Arc<Api>>,
    Named(channel): Named<String>,
    limits: Limits,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Rehearsal>, Problem> {
    let channel = channel_named(&api, &channel)?;
    let Admitted { body, room: _held } = admit(&api, channel, &headers, body, &limits).await?;
    Ok(Json(api.receipts.rehearse(channel.clone(), body).await?))
}
