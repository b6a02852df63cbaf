//! How every channel stands: what it is, which way it comes, how its last poll went, and which of its codes nobody has
//! translated.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use huiliu_schemas::{Channel, Namespace};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::caller::Centre;
use super::push::channel_named;
use crate::channels::{ChannelRuntime, PollState};
use crate::problem::{Kind, Problem};
use crate::readmodel::UnknownCode;
use crate::rest::conditional::fresh;
use crate::rest::input::Named;
use crate::rest::{CENTRE, Endpoints, Operation, Tag, example};

/// Codes told of one channel.
const MOST_CODES: usize = 500;

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let list_says = Operation::get("/v1/channels", "listChannels", Tag::Centre, "渠道概况", "How every channel stands")
        .more("设置中启用的全部渠道，一次给全。 All that the settings switch on, in one answer.")
        .by(CENTRE)
        .answers::<Listed>(200, "全部渠道 · Every channel", example!("channels"))
        .tagged();
    let unknown_says = Operation::get(
        "/v1/channels/{channel}/unknown",
        "listUnknownCodes",
        Tag::Centre,
        "未翻译的代码",
        "Codes that no table of the pack translated",
    )
    .more("按出现次数排列，最多 500 个。 The most frequent first, at most 500.")
    .by(CENTRE)
    .answers::<Unknown>(200, "代码 · The codes", example!("unknown-codes"))
    .fails(&[Kind::NotFound, Kind::Unavailable]);
    Endpoints::new().on(list_says, list).on(unknown_says, unknown)
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

async fn list(State(api): State<Arc<Api>>, Centre(_): Centre, headers: HeaderMap) -> Response {
    fresh(&headers, &Listed { channels: api.channels.values().map(|channel| row(channel)).collect() })
}

/// Codes of a channel that were carried through as they came.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnknownCodes")]
struct Unknown {
    /// The channel.
    channel: Channel,
    /// The most frequent first; a table of the pack wants a line for each.
    codes: Vec<Untranslated>,
}

/// One of them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UntranslatedCode")]
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
    Named(channel): Named<String>,
) -> Result<Json<Unknown>, Problem> {
    let channel = channel_named(&api, &channel)?;
    let name = channel.name.clone();
    let met = api.reads.aside(move |reads| reads.unknown_codes(&name, MOST_CODES)).await?;
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
