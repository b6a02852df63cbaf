//! `GET /v1/receipts/{receipt}`: what became of an envelope, now or as soon as it is settled.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use huiliu_schemas::receipt::{Receipt, parse_receipt_id};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use super::Api;
use super::caller::{Caller, count};
use crate::commands::PATIENCE;
use crate::doors::principal::Principal;
use crate::problem::{Kind, Problem};
use crate::rest::conditional::{Tag as EntityTag, fresh_as};
use crate::rest::input::{Asked, Named};
use crate::rest::limits::Limits;
use crate::rest::page::within;
use crate::rest::{Endpoints, Key, Operation, Tag, example};

const LONGEST_WAIT_S: u64 = 30;
/// Bytes of an envelope.
const WEIGHS_ONE: usize = 64 << 10;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wait {
    /// Seconds to wait for the outcome to be settled; 0 unless said.
    #[schemars(with = "Option<u64>", range(max = 30))]
    wait: Option<String>,
}

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let says = Operation::get("/v1/receipts/{receipt}", "getReceipt", Tag::Push, "查询回执", "What became of an envelope")
        .more(
            "此刻的结果，或一旦办定即答。未办定的回执是预测：若按日志现状处理，各记录会如何。 As of now, or as soon as it is settled. An unsettled receipt is a forecast: what the records would become if \
             they were decided on the log as it is.",
        )
        .by(&[Key::Channel, Key::Operator, Key::Machine])
        .limited()
        .asks::<Wait>()
        .answers::<Receipt>(200, "回执 · The receipt", example!("receipt-settled"))
        .tagged()
        .fails(&[Kind::NotFound, Kind::Unavailable]);
    Endpoints::new().on(says, endpoint)
}

async fn endpoint(
    State(api): State<Arc<Api>>,
    Caller(who): Caller,
    limits: Limits,
    Named(receipt): Named<String>,
    Asked(Wait { wait }): Asked<Wait>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wait = within("wait", wait.as_deref(), 0, 0, LONGEST_WAIT_S)?;
    let none = || Problem::new(Kind::NotFound, format!("no receipt `{receipt}`: expected `<channel>.<number>`"));
    let (channel, sequence) = parse_receipt_id(&receipt).ok_or_else(none)?;
    match &who {
        Principal::Channel(own) if *own == channel => {}
        Principal::Operator(_) | Principal::Machine(_) => {}
        _ => return Err(Problem::new(Kind::Forbidden, format!("this key does not belong to channel `{channel}`"))),
    }
    count(&api, &who, &limits)?;
    let late = |_| Problem::new(Kind::Unavailable, "too many receipts are asked for at once: ask again").retry_after(5);
    let reading = timeout(PATIENCE, api.shares.read(&who)?.come()).await.map_err(late)??;
    let envelope = api.receipts.stored(&channel, sequence).await?;
    // Read once, and kept while it is waited: a large one counts for several.
    let _held = api.shares.wait(&who, envelope.body.get().bytes.len().div_ceil(WEIGHS_ONE))?;
    let kept = api.receipts.read(envelope, sequence).await?;
    drop(reading);
    let until = Instant::now() + Duration::from_secs(wait);
    let mut pause = Duration::from_millis(10);
    loop {
        let receipt = api.receipts.again(&kept).await?;
        if receipt.settled || Instant::now() >= until || api.shutdown.is_cancelled() {
            // The log has moved on with every other case's event: that makes it no other receipt.
            let tag = EntityTag::weak(&Receipt { as_of: 0, ..receipt.clone() });
            return Ok(fresh_as(&headers, &tag, &receipt));
        }
        tokio::select! {
            () = api.shutdown.cancelled() => {}
            () = tokio::time::sleep_until(until.min(Instant::now() + pause)) => {}
        }
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}
