//! The NATS door: the same submissions, commands and openings as over HTTP, as requests with replies. The server's own
//! permissions say who may publish where, so the subject says who speaks. A request is answered only when its outcome is in
//! the log; with nobody here to answer, the client learns so at once.

use std::sync::Arc;

use async_nats::{Client, Message};
use futures_util::StreamExt;
use huiliu_adapters::verify::{Proof, RawBody, Verified};
use huiliu_schemas::message::{OpenRequest, Opened};
use huiliu_schemas::{Channel, CommandId, DepartmentId, subjects};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{Api, accept};
use crate::commands::{CaseName, CommandRequest, execute, find};
use crate::doors::principal::Principal;
use crate::problem::{Kind, Problem};
use crate::traces::of_nats;

const GROUP: &str = "huiliu";
/// What requests in hand may weigh together, in KiB: 256 small ones, or a few of the largest the server lets through.
const AT_ONCE: usize = 64 << 10;
/// What a request weighs beside its payload.
const LEAST: usize = AT_ONCE / 256;

/// Answers NATS requests until shutdown, then finishes those in flight.
pub async fn run(client: Client, api: Api, shutdown: CancellationToken) {
    let (api, tasks) = (Arc::new(api), TaskTracker::new());
    let limit = Arc::new(Semaphore::new(AT_ONCE));
    while !shutdown.is_cancelled() {
        tokio::select! {
            () = shutdown.cancelled() => break,
            ended = listen(&client, &api, &limit, &tasks) => {
                tracing::warn!(reason = ?ended.err(), "the NATS door opens again");
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    tasks.close();
    tasks.wait().await;
}

async fn listen(client: &Client, api: &Arc<Api>, limit: &Arc<Semaphore>, tasks: &TaskTracker) -> Result<(), String> {
    let subscribe = |subject: &'static str| client.queue_subscribe(subject, GROUP.to_owned());
    let submits = subscribe("submit.*").await.map_err(|e| e.to_string())?;
    let commands = subscribe("command.*.*").await.map_err(|e| e.to_string())?;
    let opens = subscribe("open.*").await.map_err(|e| e.to_string())?;
    let mut requests = futures_util::stream::select_all([submits, commands, opens]);
    while let Some(request) = requests.next().await {
        let Ok(permit) = limit.clone().acquire_many_owned(weight(&request)).await else { return Ok(()) };
        let (client, api) = (client.clone(), api.clone());
        tasks.spawn(async move {
            serve(&client, &api, &request).await;
            drop(permit);
        });
    }
    Err("the subscription ended".into())
}

fn weight(request: &Message) -> u32 {
    u32::try_from((LEAST + (request.payload.len() >> 10)).min(AT_ONCE)).unwrap_or(u32::MAX)
}

async fn serve(client: &Client, api: &Api, request: &Message) {
    let answered = match request.subject.split('.').collect::<Vec<_>>().as_slice() {
        ["submit", channel] => submit(api, channel, request).await,
        ["command", department, kind] => command(api, department, kind, request).await,
        ["open", department] => open(api, department, request).await,
        _ => Err(Problem::new(Kind::NotFound, "nothing listens here")),
    };
    let body = answered.unwrap_or_else(|problem| problem.to_json());
    if let Some(reply) = request.reply.clone().filter(|to| is_inbox(to)) {
        let sent = client.publish(reply, body.to_string().into()).await;
        if let Err(error) = sent {
            tracing::warn!(%error, "an answer over NATS could not be sent; the sender may ask again");
        }
    }
}

/// Whether an answer may go there: to an inbox of a client, or to what the server put in place of one. Whoever asks names
/// the subject, and this connection may publish anywhere.
fn is_inbox(reply: &str) -> bool {
    ["_INBOX_", "_R_."].iter().any(|inbox| reply.starts_with(inbox))
}

async fn submit(api: &Api, channel: &str, request: &Message) -> Result<Value, Problem> {
    let channel: Channel = channel.parse().map_err(|_| Problem::new(Kind::NotFound, "no such channel"))?;
    let channel =
        api.channels.get(&channel).ok_or_else(|| Problem::new(Kind::NotFound, "no such channel is switched on"))?;
    let over = || Problem::new(Kind::TooMany, "the channel is over its limit");
    channel.admit().map_err(|limit| over().retry_after(limit.wait))?;
    let text = |name: &str| request.headers.as_ref().and_then(|h| h.get(name)).map(|v| v.as_str().to_owned());
    let raw = RawBody {
        bytes: request.payload.clone(),
        content_type: text("Content-Type").or_else(|| Some("application/json".into())),
        content_encoding: text("Content-Encoding"),
    };
    let arrival = api.traces.arrival(of_nats(request.headers.as_ref()));
    let receipt = accept(api, channel, Verified::vouched(raw, Proof::Credential), arrival, "nats").await?;
    let told = serde_json::to_value(&receipt).unwrap_or_default();
    keep(api, subjects::receipt(&channel.name, &receipt.receipt), &told).await;
    Ok(told)
}

async fn command(api: &Api, department: &str, kind: &str, request: &Message) -> Result<Value, Problem> {
    let department: DepartmentId =
        department.parse().map_err(|_| Problem::new(Kind::NotFound, "no such department"))?;
    let who = Principal::Department(department.clone());
    let command = CommandRequest::read(kind, None, None, &request.payload)?;
    let id = command.id.clone();
    let arrival = api.traces.arrival(of_nats(request.headers.as_ref()));
    let outcome = execute(&api.ledger, &who, command, arrival, "nats").await;
    let told = outcome.map_or_else(|problem| problem.to_json(), |done| json!(done));
    keep(api, subjects::outcome(&department, &id), &with_id(told.clone(), &id)).await;
    Ok(told)
}

fn with_id(mut told: Value, id: &CommandId) -> Value {
    told["id"] = id.as_str().into();
    told
}

async fn open(api: &Api, department: &str, request: &Message) -> Result<Value, Problem> {
    let department: DepartmentId =
        department.parse().map_err(|_| Problem::new(Kind::NotFound, "no such department"))?;
    let asked: OpenRequest = serde_json::from_slice(&request.payload)
        .map_err(|e| Problem::new(Kind::BadRequest, format!("expected {{\"case\": …, \"n\": …}}: {e}")))?;
    let name = CaseName::read(&asked.case);
    let name = name.ok_or_else(|| Problem::field("case", Some(&asked.case), "a case id or number"))?;
    let case = find(&api.ledger, &name).await?;
    let content = api.queues.open(&department, case, asked.n).await?;
    Ok(json!(Opened { case_id: case, content }))
}

/// Keeps an answer for one who is absent. It holds nothing personal, and what it says is in the log already: losing it
/// loses nothing.
async fn keep(api: &Api, subject: String, told: &Value) {
    if let Err(error) = api.queues.keep_outcome(subject, told.to_string().into()).await {
        tracing::debug!(%error, "an outcome could not be kept for the absent");
    }
}
