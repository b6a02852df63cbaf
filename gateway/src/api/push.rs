//! Push: an upstream system hands over bytes. Verified on the raw bytes, stored, and only then answered: with a receipt, or
//! with what the channel's own protocol wants.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use huiliu_adapters::answer::{ExchangeAnswer, Protocol, RecordOutcome as Told, RecordResult, Refusal};
use huiliu_adapters::pack::Way;
use huiliu_adapters::verify::{Proof, RawBody, Scheme, Verified, verify};
use huiliu_schemas::Channel;
use huiliu_schemas::receipt::{Receipt, RecordOutcome, RecordReceipt};
use jiff::Timestamp;
use serde_json::json;

use super::{Api, BODY_CAP, caller};
use crate::channels::{Allowance, ChannelRuntime};
use crate::doors::principal::Principal;
use crate::intake::envelope::RawEnvelope;
use crate::problem::{Kind, Problem};
use crate::rest::input::Named;
use crate::rest::{CHANNEL, Endpoints, Operation, Shape, Tag, example};
use crate::traces::{Arrival, Key, SpanKind, of_http};

/// How much of a body that is too large is read before the connection is cut.
const THROWN_AWAY: usize = 64 << 20;

/// An envelope stored, with its receipt.
pub struct Pushed {
    /// What the sender is told.
    pub receipt: Receipt,
}

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let says = Operation::post("/v1/channels/{channel}/events", "pushRecords", Tag::Push, "推送来件", "Hand in records")
        .more(
            "一条或一批，按渠道自己的格式（见适配包的 README），UTF-8 或 GB18030，可用 gzip。存储之后才应答。看不懂的也存，回执说明错在哪里，改正后可重发。以签名证明的发送方得到其自身协议的应答：信访交换为 200 加 `code`。 One record or a batch, in the channel's own format (see the README of its pack), in UTF-8 or GB18030, gzip taken. \
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
    headers: HeaderMap,
    body: Body,
) -> Response {
    let channel = match channel_named(&api, &channel) {
        Ok(channel) => channel,
        Err(problem) => return problem.into_response(),
    };
    let (allowance, pushed) = limited(channel, push(&api, channel, &headers, body)).await;
    let outcome = match &pushed {
        Ok(_) => "stored",
        Err(problem) => problem.kind().name(),
    };
    metrics::counter!("huiliu_receipts_total", "channel" => channel.name.to_string(), "outcome" => outcome)
        .increment(1);
    let answer = match protocol_of(channel, &headers) {
        Protocol::Receipt => as_receipt(pushed),
        Protocol::PetitionExchange => as_exchange(pushed),
    };
    counted(allowance, answer)
}

/// The channel, if it is switched on here.
pub(super) fn channel_named<'a>(api: &'a Api, name: &str) -> Result<&'a ChannelRuntime, Problem> {
    let channel = name.parse::<Channel>().ok().and_then(|c| api.channels.get(&c));
    Ok(channel.ok_or_else(|| Problem::new(Kind::NotFound, "no such channel is switched on"))?)
}

/// Does it if the channel may send one more just now; either way, how far its limit is used up.
pub(super) async fn limited<T>(
    channel: &ChannelRuntime,
    work: impl Future<Output = Result<T, Problem>>,
) -> (Allowance, Result<T, Problem>) {
    match channel.admit() {
        Ok(allowance) => (allowance, work.await),
        Err(over) => {
            let problem = Problem::new(Kind::TooMany, format!("channel `{}` is over its limit", channel.name));
            (over.allowance, Err(problem.retry_after(over.wait)))
        }
    }
}

/// With the headers of draft-ietf-httpapi-ratelimit-headers.
pub(super) fn counted(Allowance { most, within, left, reset }: Allowance, answer: impl IntoResponse) -> Response {
    let mut answer = answer.into_response();
    let told = [
        ("ratelimit-policy", format!("\"channel\";q={most};w={within}")),
        ("ratelimit", format!("\"channel\";r={left};t={reset}")),
    ];
    for (name, value) in told {
        answer.headers_mut().extend(HeaderValue::from_str(&value).ok().map(|v| (HeaderName::from_static(name), v)));
    }
    answer
}

async fn push(api: &Api, channel: &ChannelRuntime, headers: &HeaderMap, body: Body) -> Result<Pushed, Problem> {
    let arrival = api.traces.arrival(of_http(headers));
    let raw = RawBody::new(read(body).await?, headers);
    let verified = prove(api, channel, headers, raw)?;
    accept(api, channel, verified, arrival, "http").await
}

/// The whole body. One that is too large is read to its end for a while, and thrown away: a connection cut in the middle
/// would keep the answer from a sender that is still writing.
pub(super) async fn read(body: Body) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut came) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Kind::BadRequest, "the body broke off: nothing is stored"))?;
        came += chunk.len();
        if came <= BODY_CAP {
            kept.extend_from_slice(&chunk);
        } else if came > THROWN_AWAY {
            break;
        }
    }
    if came > BODY_CAP {
        return Err(Problem::new(Kind::TooLarge, format!("the body is over {BODY_CAP} bytes: send smaller batches")));
    }
    Ok(kept.into())
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
) -> Result<Pushed, Problem> {
    let mut step = arrival.begin("receive");
    step.say(Key::Channel, &channel.name);
    step.say(Key::Way, way);
    let received_at = Timestamp::now();
    let _waiting = api.ledger.crowd().join();
    let envelope = RawEnvelope { channel: channel.name.clone(), received_at, way: Way::Push, body, only: None };
    let sequence = api.store.store(&envelope, &mut step).await?;
    let _making_the_receipt = step.child(SpanKind::Internal, "receipt");
    let receipt = api.receipts.fresh(&envelope, sequence).await;
    // The envelope is stored: not being able to say more about it now is no reason to have it sent again.
    let receipt = receipt.unwrap_or_else(|error| {
        tracing::warn!(%error, sequence, "a receipt could only say that the envelope is stored");
        Receipt {
            receipt: huiliu_schemas::receipt::receipt_id(&channel.name, sequence),
            state: huiliu_schemas::receipt::ReceiptState::Stored,
            as_of: 0,
            settled: false,
            reason: None,
            records: Vec::new(),
        }
    });
    Ok(Pushed { receipt })
}

/// By a signature over the raw bytes, or by the channel's own key.
pub(super) fn prove(
    api: &Api,
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    raw: RawBody,
) -> Result<Verified<RawBody>, Problem> {
    if headers.contains_key("authorization") {
        return match caller::identify(api, headers)? {
            Principal::Channel(own) if own == channel.name => Ok(Verified::vouched(raw, Proof::Credential)),
            _ => Err(Problem::new(Kind::Forbidden, format!("this key does not belong to channel `{}`", channel.name))),
        };
    }
    let pack = channel.pack();
    let Some(push) = &pack.push else {
        return Err(Problem::new(Kind::Forbidden, format!("channel `{}` does not take pushes", channel.name)));
    };
    if channel.secrets.is_empty() {
        let detail =
            format!("channel `{}` has no signing secret here: use its key as a Bearer credential", channel.name);
        return Err(Problem::new(Kind::Unauthenticated, detail));
    }
    let verified = try_schemes(&push.schemes, channel, headers, &raw)?;
    if verified.proof() == Proof::WeakDigest {
        tracing::warn!(channel = %channel.name, "channel {} is verified by MD5 only: a weak scheme", channel.name);
    }
    Ok(verified)
}

/// The first scheme that proves it; else why the pack's best scheme did not.
fn try_schemes(
    schemes: &[Scheme],
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    raw: &RawBody,
) -> Result<Verified<RawBody>, Problem> {
    let mut first_error = None;
    for scheme in schemes {
        match verify(*scheme, headers, raw.clone(), &channel.secrets, Timestamp::now()) {
            Ok(verified) => return Ok(verified),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let why = first_error.map_or_else(|| "this channel has no signing scheme".to_owned(), |e| e.to_string());
    Err(Problem::new(Kind::Unauthenticated, why))
}

/// A sender that shows a Bearer key speaks our own interface, whatever its pack says.
fn protocol_of(channel: &ChannelRuntime, headers: &HeaderMap) -> Protocol {
    if headers.contains_key("authorization") {
        return Protocol::Receipt;
    }
    channel.pack().push.as_ref().map_or(Protocol::Receipt, |p| p.answer)
}

fn as_receipt(pushed: Result<Pushed, Problem>) -> Response {
    match pushed {
        Ok(pushed) => (StatusCode::ACCEPTED, Json(pushed.receipt)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The petition exchange reads the code in the body; the status is 200 as its senders expect, except where only a
/// status makes them wait.
fn as_exchange(pushed: Result<Pushed, Problem>) -> Response {
    match pushed {
        Ok(pushed) => {
            if let Some(reason) = &pushed.receipt.reason {
                return Json(ExchangeAnswer::refused(Refusal::BadFormat, reason.clone())).into_response();
            }
            let told: Vec<Told> = pushed.receipt.records.iter().map(tell).collect();
            Json(ExchangeAnswer::of(&told)).into_response()
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
    let result = match record.outcome {
        RecordOutcome::Quarantined => {
            let fields = record.problems.iter().map(|p| format!("{}: {}", p.source_field, p.expected));
            let reason = record.reason.clone().into_iter().chain(fields).collect::<Vec<_>>().join("; ");
            RecordResult::Failed { reason }
        }
        _ => RecordResult::Taken,
    };
    Told { id, result }
}
