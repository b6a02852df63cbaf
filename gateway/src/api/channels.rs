//! How every channel stands: what it is, which way it comes, how its last poll went, and which of its codes nobody has
//! translated.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use huiliu_schemas::{Channel, Namespace};
use jiff::Timestamp;
use serde::Serialize;

use super::Api;
use super::caller::Centre;
use super::push::channel_named;
use crate::channels::{ChannelRuntime, PollState};
use crate::problem::{Kind, Problem};
use crate::readmodel::UnknownCode;

/// Codes told of one channel.
const MOST_CODES: usize = 500;

pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new().route("/v1/channels", get(list)).route("/v1/channels/{channel}/unknown", get(unknown))
}

#[derive(Serialize)]
struct Listed {
    channels: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    channel: Channel,
    title: String,
    pack: String,
    /// The content address of the pack in use.
    pack_version: String,
    namespace: Namespace,
    /// Its pack can be pushed to.
    pushed: bool,
    /// It is polled from here; by which gateway, its lease decides.
    polled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// As this gateway saw it since it started.
    poll: PollState,
}

async fn list(State(api): State<Arc<Api>>, Centre(_): Centre) -> Json<Listed> {
    Json(Listed { channels: api.channels.values().map(|channel| row(channel)).collect() })
}

#[derive(Serialize)]
struct Unknown {
    channel: Channel,
    /// The most frequent first; a table of the pack wants a line for each.
    codes: Vec<Untranslated>,
}

#[derive(Serialize)]
struct Untranslated {
    #[serde(flatten)]
    met: UnknownCode,
    /// The pack in use translates it by now: what comes from now on is no longer unknown.
    translated: bool,
}

/// Codes that no table translated when they came.
async fn unknown(
    State(api): State<Arc<Api>>,
    Centre(_): Centre,
    Path(channel): Path<String>,
) -> Result<Json<Unknown>, Problem> {
    let channel = channel_named(&api, &channel)?;
    let (name, reads) = (channel.name.clone(), api.reads.clone());
    let looked = tokio::task::spawn_blocking(move || reads.unknown_codes(&name, MOST_CODES)).await;
    let met = looked.map_err(|e| e.to_string()).and_then(|found| found.map_err(|e| e.to_string()));
    let met = met.map_err(|error| Problem::new(Kind::Unavailable, error))?;
    let pack = channel.pack();
    let codes = met.into_iter().map(|met| Untranslated { translated: pack.translates(&met.field, &met.code), met });
    Ok(Json(Unknown { channel: channel.name.clone(), codes: codes.collect() }))
}

fn row(channel: &ChannelRuntime) -> Row {
    let pack = channel.pack();
    Row {
        channel: channel.name.clone(),
        title: pack.title.zh.clone(),
        pack: pack.name.clone(),
        pack_version: pack.version.clone(),
        namespace: channel.namespace.clone(),
        pushed: pack.push.is_some(),
        polled: channel.is_polled(),
        since: channel.since,
        poll: channel.poll.state(),
    }
}
