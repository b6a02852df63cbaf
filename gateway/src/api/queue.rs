//! `GET /v1/queue` hands out a department's entries; `POST /v1/queue/ack` says they were received.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::caller::{Counted, Department, identify};
use crate::problem::{Kind, Problem};
use crate::queues::Handed;
use crate::rest::input::{Asked, Said};
use crate::rest::page::within;
use crate::rest::{DEPARTMENT, Endpoints, Operation, Tag, example};

const LONGEST_WAIT_S: u64 = 30;
const MOST: usize = 100;
/// How long entries that came just then may be opened while the hub stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// Seconds to wait for the first entry; 0 unless said.
    #[schemars(with = "Option<u64>", range(max = 30))]
    wait: Option<String>,
    /// How many at most; 1 unless said.
    #[schemars(with = "Option<usize>", range(min = 1, max = 100))]
    max: Option<String>,
}

/// Entries handed out.
#[derive(Serialize, JsonSchema)]
struct Taken {
    /// In the order of the queue.
    entries: Vec<Handed>,
}

/// Entries received.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledge {
    /// Their `ack`.
    ack: Tokens,
}

/// One token, or those of all entries that were taken together.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`ack`: expected the `ack` of an entry, or a list of them")]
enum Tokens {
    One(String),
    Several(Vec<String>),
}

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let take_says = Operation::get("/v1/queue", "takeEntries", Tag::Queue, "取件", "Take entries with their words")
        .more("60 秒内未确认的会再次给出。每次出示均留痕。 What is not acknowledged within 60 seconds comes again. Every showing is written down in the audit log.")
        .by(DEPARTMENT)
        .asks::<Ask>()
        .answers::<Taken>(200, "有什么给什么；等候期间没有则为空 · What was there; nothing, if nothing came while it waited", example!("taken"))
        .fails(&[Kind::Unavailable]);
    let acknowledge_says =
        Operation::post("/v1/queue/ack", "acknowledgeEntries", Tag::Queue, "确认收到", "Say that entries were received")
            .more("不再重复给出，案件不因此变化；签收须另发命令。一次确认多条而其中有不认得的，其余照样生效，404 说明是第几条。 It stops their coming again and changes nothing in the case; signing for it is a command. Of a list with tokens that are not known the others count, and 404 says which they are.")
            .by(DEPARTMENT)
            .limited()
            .takes::<Acknowledge>(example!("acknowledge"))
            .answers_nothing(204, "不再重复给出 · They do not come again")
            .fails(&[Kind::NotFound, Kind::Unavailable]);
    Endpoints::new().on(take_says, take).on(acknowledge_says, acknowledge)
}

async fn take(
    State(api): State<Arc<Api>>,
    Department(department): Department,
    headers: HeaderMap,
    Asked(Ask { wait, max }): Asked<Ask>,
) -> Result<Json<Taken>, Problem> {
    let wait = Duration::from_secs(within("wait", wait.as_deref(), 0, 0, LONGEST_WAIT_S)?);
    let max = within("max", max.as_deref(), 1, 1, MOST)?;
    let mut taking = pin!(api.queues.take(&department, max, wait));
    let taken = tokio::select! {
        taken = &mut taking => taken,
        refused = revoked(&api, &headers) => return Err(refused),
        () = api.shutdown.cancelled() => tokio::time::timeout(LAST_WORDS, taking).await.unwrap_or(Ok(Vec::new())),
    };
    let entries = taken?;
    Ok(Json(Taken { entries }))
}

/// Resolves when the caller's key is no longer good: what comes while it waits is not for its holder.
async fn revoked(api: &Api, headers: &HeaderMap) -> Problem {
    let mut credentials = api.credentials.clone();
    loop {
        if let Err(refused) = identify(api, headers) {
            return refused;
        }
        if credentials.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn acknowledge(
    State(api): State<Arc<Api>>,
    Department(department): Department,
    _held: Counted,
    Said(Acknowledge { ack }): Said<Acknowledge>,
) -> Result<StatusCode, Problem> {
    let tokens = match &ack {
        Tokens::One(token) => std::slice::from_ref(token),
        Tokens::Several(tokens) => tokens,
    };
    api.queues.acknowledge(&department, tokens).await?;
    Ok(StatusCode::NO_CONTENT)
}
