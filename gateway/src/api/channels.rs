//! How every channel stands: what it is, which way it comes, and how its last poll went.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use huiliu_schemas::{Channel, Namespace};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::caller::Centre;
use crate::channels::{ChannelRuntime, PollState};
use crate::rest::conditional::fresh;
use crate::rest::{CENTRE, Endpoints, Operation, Tag, example};

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let list_says = Operation::get("/v1/channels", "listChannels", Tag::Centre, "渠道概况", "How every channel stands")
        .more("设置中启用的全部渠道，一次给全。 All that the settings switch on, in one answer.")
        .by(CENTRE)
        .answers::<Listed>(200, "全部渠道 · Every channel", example!("channels"))
        .tagged();
    Endpoints::new().on(list_says, list)
}

/// Every channel.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Channels")]
struct Listed {
    channels: Vec<Row>,
}

/// One channel: what it is, which way it comes, and how its last poll went.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChannelStanding")]
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

async fn list(State(api): State<Arc<Api>>, Centre(_): Centre, headers: HeaderMap) -> Response {
    fresh(&headers, &Listed { channels: api.channels.values().map(|channel| row(channel)).collect() })
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
