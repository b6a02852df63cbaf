//! Push: an upstream system hands over bytes. Verified on the raw bytes, stored, and only then answered: with a receipt, or
//! with what the channel's own protocol wants.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use huiliu_adapters::answer::{ExchangeAnswer, Protocol, RecordOutcome as Told, RecordResult, Refusal};
use huiliu_adapters::pack::Way;
use huiliu_adapters::verify::{RawBody, Verified};
use huiliu_schemas::Channel;
use huiliu_schemas::receipt::{Receipt, ReceiptState, RecordOutcome, RecordReceipt};
use jiff::Timestamp;
use serde_json::json;

use super::Api;
use super::admit::{Admitted, admit};
use crate::channels::ChannelRuntime;
use crate::intake::envelope::RawEnvelope;
use crate::problem::{Kind, Problem};
use crate::rest::input::Named;
use crate::rest::limits::Limits;
use crate::rest::{CHANNEL, Endpoints, Operation, Shape, Tag, example};
use crate::traces::{Arrival, Key, SpanKind, of_http};

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let says = Operation::post("/v1/channels/{channel}/events", "pushRecords", Tag::Push, "推送来件", "Hand in records")
        .more(
            "一条或一批，按渠道自己的格式（JSON、逐行 JSON、表单或 CSV，见适配包的 README），UTF-8 或 GB18030，可用 gzip。存储之后才应答。看不懂的也存，回执说明错在哪里，改正后可重发。以签名证明的发送方得到其自身协议的应答：信访交换为 200 加 `code`。 One record or a batch, in the channel's own format (JSON, lines of JSON, a form or CSV: see the README of its pack), in UTF-8 or GB18030, gzip taken. \
             It is answered once it is stored. What cannot be understood is stored too, and the receipt says what was wrong \
             with it; it may be sent again when it is put right. A sender that is proven by a signature gets the answer its \
             channel's own protocol wants: the petition exchange's is 200 with `code`.",
        )
        .by(CHANNEL)
        .limited()
        .answers::<Receipt>(202, "已存储；未办定之前回执是预测 · Stored; the receipt is a forecast until it is settled", example!("receipt"))
        .answers_as(200, "已存储；按信访交换的格式 · Stored; in the petition exchange's words", "application/json", exchange(), example!("exchange"))
        .fails(&[Kind::NotFound, Kind::Unavailable, Kind::UnknownOutcome]);
    Endpoints::new().on(takes_records(says), endpoint)
}

/// The body of a push: whatever the pack reads. What it cannot read, were it nothing at all, is kept and told in the receipt.
pub(super) fn takes_records(operation: Operation) -> Operation {
    let form = json!({ "type": "object", "properties": { "jsonData": { "type": "string" } } });
    operation
        .takes_as("application/json", Shape::Is(json!({})), example!("push"))
        .takes_as("application/x-www-form-urlencoded", Shape::Is(form), example!("push-form"))
        .may_be_empty()
}

fn exchange() -> Shape {
    let text = json!({ "type": "string" });
    let failure = json!({
        "type": "object", "properties": { "failId": text, "failReason": text }, "required": ["failId", "failReason"],
    });
    Shape::Is(json!({
        "type": "object",
        "properties": {
            "code": text, "msg": text, "successStr": text, "conflictStr": text,
            "failSituationList": { "type": "array", "items": failure },
        },
        "required": ["code", "msg", "successStr", "conflictStr", "failSituationList"],
    }))
}

async fn endpoint(
    State(api): State<Arc<Api>>,
    Named(channel): Named<String>,
    limits: Limits,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let channel = match channel_named(&api, &channel) {
        Ok(channel) => channel,
        Err(problem) => return problem.into_response(),
    };
    let arrival = api.traces.arrival(of_http(&headers));
    let pushed = match admit(&api, channel, &headers, body, &limits).await {
        Ok(Admitted { body, room: _held }) => accept(&api, channel, body, arrival, "http").await,
        Err(problem) => Err(problem),
    };
    let outcome = match &pushed {
        Ok(_) => "stored",
        Err(problem) => problem.kind().name(),
    };
    metrics::counter!("huiliu_receipts_total", "channel" => channel.name.to_string(), "outcome" => outcome)
        .increment(1);
    match protocol_of(channel, &headers) {
        Protocol::Receipt => as_receipt(pushed),
        Protocol::PetitionExchange => as_exchange(pushed),
    }
}

/// The channel, if it is switched on here.
pub(super) fn channel_named<'a>(api: &'a Api, name: &str) -> Result<&'a Arc<ChannelRuntime>, Problem> {
    let channel = name.parse::<Channel>().ok().and_then(|c| api.channels.get(&c));
    channel.ok_or_else(|| Problem::new(Kind::NotFound, "no such channel is switched on"))
}

/// Stores what is proven and makes its receipt.
///
/// # Errors
/// When it is not, or may not be, stored.
pub async fn accept(
    api: &Api,
    channel: &ChannelRuntime,
    body: Verified<RawBody>,
    arrival: Arrival<'_>,
    way: &'static str,
) -> Result<Receipt, Problem> {
    let mut step = arrival.begin("receive");
    step.say(Key::Channel, &channel.name);
    step.say(Key::Way, way);
    let received_at = Timestamp::now();
    let _waiting = api.ledger.crowd().join();
    let envelope = RawEnvelope { channel: channel.name.clone(), received_at, way: Way::Push, body, only: None };
    let sequence = api.store.store(&envelope, &mut step).await?;
    let _making_the_receipt = step.child(SpanKind::Internal, "receipt");
    let receipt = api.receipts.fresh(&envelope, sequence).await;
    if let Ok(receipt) = &receipt {
        count_records(&channel.name, receipt);
    }
    // The envelope is stored: not being able to say more about it now is no reason to have it sent again.
    Ok(receipt.unwrap_or_else(|error| {
        tracing::warn!(%error, sequence, "a receipt could only say that the envelope is stored");
        Receipt {
            receipt: huiliu_schemas::receipt::receipt_id(&channel.name, sequence),
            state: ReceiptState::Stored,
            as_of: 0,
            settled: false,
            reason: None,
            records: Vec::new(),
        }
    }))
}

/// Its records, and what cannot be told apart as one.
fn count_records(channel: &Channel, receipt: &Receipt) {
    let whole = (receipt.state == ReceiptState::Quarantined && receipt.records.is_empty())
        .then_some(RecordOutcome::Quarantined);
    for outcome in receipt.records.iter().map(|record| record.outcome).chain(whole) {
        metrics::counter!("huiliu_receipt_records_total", "channel" => channel.to_string(), "outcome" => outcome.as_str())
            .increment(1);
    }
}

/// A sender that shows a Bearer key speaks our own interface, whatever its pack says.
fn protocol_of(channel: &ChannelRuntime, headers: &HeaderMap) -> Protocol {
    if headers.contains_key("authorization") {
        return Protocol::Receipt;
    }
    channel.pack().push.as_ref().map_or(Protocol::Receipt, |p| p.answer)
}

fn as_receipt(pushed: Result<Receipt, Problem>) -> Response {
    match pushed {
        Ok(receipt) => (StatusCode::ACCEPTED, Json(receipt)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The petition exchange reads the code in the body; the status is 200 as its senders expect, except where only a
/// status makes them wait.
fn as_exchange(pushed: Result<Receipt, Problem>) -> Response {
    match pushed {
        Ok(receipt) => {
            if let Some(reason) = &receipt.reason {
                return Json(ExchangeAnswer::refused(
                    Refusal::BadFormat,
                    format!("{reason}；回执 receipt {}", receipt.receipt),
                ))
                .into_response();
            }
            let told: Vec<Told> = receipt.records.iter().map(tell).collect();
            Json(ExchangeAnswer::of(&receipt.receipt, &told)).into_response()
        }
        Err(problem) => {
            let refusal = match problem.kind() {
                Kind::Unauthenticated | Kind::Forbidden => Refusal::NotVerified,
                Kind::TooMany => Refusal::TooFrequent,
                Kind::Unavailable | Kind::UnknownOutcome => Refusal::Busy,
                Kind::BadRequest | Kind::TooLarge => Refusal::BadFormat,
                _ => Refusal::Unknown,
            };
            let status = crate::problem::status(problem.kind());
            (status, Json(ExchangeAnswer::refused(refusal, problem.detail().to_owned()))).into_response()
        }
    }
}

fn tell(record: &RecordReceipt) -> Told {
    let id = record.source_id.clone().unwrap_or_else(|| record.index.to_string());
    let problems: Vec<String> = record.problems.iter().map(|p| format!("{}: {}", p.source_field, p.expected)).collect();
    let result = match record.outcome {
        RecordOutcome::Quarantined => {
            let reason = record.reason.iter().chain(&problems).cloned().collect::<Vec<_>>().join("; ");
            RecordResult::Failed { reason }
        }
        _ => RecordResult::Taken,
    };
    Told { id, result, problems }
}
