//! How every channel stands: what it is, which way it comes, and how its last poll went.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use huiliu_schemas::{Channel, Namespace};
use jiff::Timestamp;
use serde::Serialize;

use super::Api;
use super::caller::Centre;
use crate::channels::{ChannelRuntime, PollState};

pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new().route("/v1/channels", get(list))
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

fn row(channel: &ChannelRuntime) -> Row {
    Row {
        channel: channel.name.clone(),
        title: channel.pack.title.zh.clone(),
        pack: channel.pack.name.clone(),
        namespace: channel.namespace.clone(),
        pushed: channel.pack.push.is_some(),
        polled: channel.is_polled(),
        since: channel.since,
        poll: channel.poll.state(),
    }
}
