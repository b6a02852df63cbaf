//! `GET /v1/receipts/{receipt}`: what became of an envelope, now or as soon as it is settled.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use huiliu_schemas::receipt::{Receipt, parse_receipt_id};
use serde::Deserialize;
use tokio::time::Instant;

use super::Api;
use super::caller::Caller;
use super::input::Asked;
use crate::doors::principal::Principal;
use crate::problem::{Kind, Problem};

const LONGEST_WAIT_S: u64 = 30;

#[derive(Deserialize)]
pub(super) struct Wait {
    /// Seconds to wait for the outcome.
    #[serde(default)]
    wait: u64,
}

pub(super) async fn endpoint(
    State(api): State<Arc<Api>>,
    Caller(who): Caller,
    Path(receipt): Path<String>,
    Asked(Wait { wait }): Asked<Wait>,
) -> Result<Json<Receipt>, Problem> {
    let none = || Problem::new(Kind::NotFound, format!("no receipt `{receipt}`: expected `<channel>.<number>`"));
    let (channel, sequence) = parse_receipt_id(&receipt).ok_or_else(none)?;
    match &who {
        Principal::Channel(own) if *own == channel => {}
        Principal::Operator(_) | Principal::Machine(_) => {}
        _ => return Err(Problem::new(Kind::Forbidden, format!("this key does not belong to channel `{channel}`"))),
    }
    let until = Instant::now() + Duration::from_secs(wait.min(LONGEST_WAIT_S));
    let mut pause = Duration::from_millis(10);
    loop {
        let receipt = api.receipts.again(&channel, sequence).await?;
        if receipt.settled || Instant::now() >= until {
            return Ok(Json(receipt));
        }
        tokio::time::sleep_until(until.min(Instant::now() + pause)).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}
