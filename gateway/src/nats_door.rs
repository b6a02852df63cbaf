//! The NATS door: the same submissions, commands and openings as over HTTP, as requests with replies. The server's own
//! permissions say who may publish where, so the subject says who speaks. A request is answered only when its outcome is in
//! the log; with nobody here to answer, the client learns so at once.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, Message};
use futures_util::StreamExt;
use huiliu_adapters::verify::{Proof, RawBody, Verified};
use huiliu_schemas::message::{OpenRequest, Opened};
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::{Channel, CommandId, DepartmentId, subjects};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{Api, accept};
use crate::commands::{CaseName, CommandRequest, PATIENCE, execute, find, unknown};
use crate::doors::principal::Principal;
use crate::doors::shares::{Hand, Shares, Turn, too_often};
use crate::problem::{Kind, Problem};
use crate::rest::input::{ASKED_CAP, too_large};
use crate::traces::of_nats;

const GROUP: &str = "huiliu";
/// What a request weighs, in KiB: its payload, and at least this much.
const LEAST: usize = 64;
/// What all requests in hand may weigh together: 1,024 small ones, or a few of the largest the server lets through.
const AT_ONCE: usize = 1_024;

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
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    tasks.close();
    tasks.wait().await;
}

/// Takes in hand what there is room for and answers the rest at once; what a channel hands in waits its turn in a task of its
/// own. Nobody waits here: behind one who does, everybody would.
async fn listen(client: &Client, api: &Arc<Api>, limit: &Arc<Semaphore>, tasks: &TaskTracker) -> Result<(), String> {
    let subscribe = |subject: &'static str| client.queue_subscribe(subject, GROUP.to_owned());
    let submits = subscribe("submit.*").await.map_err(|e| e.to_string())?;
    let commands = subscribe("command.*.*").await.map_err(|e| e.to_string())?;
    let opens = subscribe("open.*").await.map_err(|e| e.to_string())?;
    let mut requests = futures_util::stream::select_all([submits, commands, opens]);
    while let Some(request) = requests.next().await {
        match take(&api.shares, limit, &request) {
            Ok((asked, place)) => {
                let (client, api, limit) = (client.clone(), api.clone(), limit.clone());
                tasks.spawn(async move {
                    match place.come(&limit).await {
                        Ok(held) => {
                            let answered = serve(&api, asked, &request).await;
                            answer(&client, &request, answered).await;
                            drop(held);
                        }
                        Err(problem) => answer(&client, &request, Err(problem)).await,
                    }
                });
            }
            Err(problem) => answer(client, &request, Err(problem)).await,
        }
    }
    Err("the subscription ended".into())
}

/// What is asked, and by whom: the subject says it.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Submit(Channel),
    Command(DepartmentId, String),
    Open(DepartmentId),
}

impl Asked {
    fn read(subject: &str) -> Result<Self, Problem> {
        let nobody = |_| Problem::new(Kind::NotFound, "no such channel or department");
        match subject.split('.').collect::<Vec<_>>().as_slice() {
            ["submit", channel] => Ok(Self::Submit(channel.parse().map_err(nobody)?)),
            ["command", department, kind] => Ok(Self::Command(department.parse().map_err(nobody)?, (*kind).to_owned())),
            ["open", department] => Ok(Self::Open(department.parse().map_err(nobody)?)),
            _ => Err(Problem::new(Kind::NotFound, "nothing listens here")),
        }
    }

    fn by(&self) -> Principal {
        match self {
            Self::Submit(channel) => Principal::Channel(channel.clone()),
            Self::Command(department, _) | Self::Open(department) => Principal::Department(department.clone()),
        }
    }
}

/// A place among what its sender has in hand, and among all.
#[derive(Debug)]
enum Place {
    Held(Hand, Hand),
    /// Until the sender's share has room for so much.
    InTurn(Turn, usize),
}

impl Place {
    async fn come(self, limit: &Arc<Semaphore>) -> Result<(Hand, Hand), Problem> {
        match self {
            Self::Held(share, room) => Ok((share, room)),
            Self::InTurn(turn, weight) => {
                let share = turn.come().await?;
                Ok((share, room(limit, weight)?))
            }
        }
    }
}

/// A place for what is asked, had or to be waited for.
fn take(shares: &Shares, limit: &Arc<Semaphore>, request: &Message) -> Result<(Asked, Place), Problem> {
    let asked = Asked::read(&request.subject)?;
    let weight = (request.payload.len() >> 10).div_ceil(LEAST).max(1);
    if matches!(asked, Asked::Submit(_)) {
        let turn = shares.in_turn(&asked.by(), weight)?;
        return Ok((asked, Place::InTurn(turn, weight)));
    }
    if request.payload.len() > ASKED_CAP {
        return Err(too_large());
    }
    shares.count(&asked.by()).map_err(|over| too_often(&asked.by(), over))?;
    let share = shares.take(&asked.by(), weight)?;
    Ok((asked, Place::Held(share, room(limit, weight)?)))
}

/// Room among all that is in hand.
fn room(limit: &Arc<Semaphore>, weight: usize) -> Result<Hand, Problem> {
    let full = |_| Problem::new(Kind::Unavailable, "the hub has too much in hand: nothing was done").retry_after(1);
    limit.clone().try_acquire_many_owned(u32::try_from(weight).unwrap_or(u32::MAX)).map_err(full)
}

async fn serve(api: &Api, asked: Asked, request: &Message) -> Result<Value, Problem> {
    match asked {
        Asked::Submit(channel) => submit(api, &channel, request).await,
        Asked::Command(department, kind) => command(api, department, &kind, request).await,
        Asked::Open(department) => {
            let slow = |_| Problem::new(Kind::Unavailable, "the engine does not answer: ask again").retry_after(5);
            tokio::time::timeout(PATIENCE, open(api, &department, request)).await.map_err(slow)?
        }
    }
}

async fn answer(client: &Client, request: &Message, answered: Result<Value, Problem>) {
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

async fn submit(api: &Api, channel: &Channel, request: &Message) -> Result<Value, Problem> {
    let channel =
        api.channels.get(channel).ok_or_else(|| Problem::new(Kind::NotFound, "no such channel is switched on"))?;
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

async fn command(api: &Api, department: DepartmentId, kind: &str, request: &Message) -> Result<Value, Problem> {
    let who = Principal::Department(department.clone());
    let command = CommandRequest::read(kind, None, None, &request.payload)?;
    let id = command.id.clone();
    let arrival = api.traces.arrival(of_nats(request.headers.as_ref()));
    let outcome = execute(&api.ledger, &who, command, arrival, "nats").await;
    let told = outcome.map_or_else(|problem| problem.to_json(), |done| json!(done));
    // What the id was used for was done, and whoever was absent must find that.
    if told["refusal"]["code"] != RefusalCode::IdReused.as_str() {
        keep(api, subjects::outcome(&department, &id), &with_id(told.clone(), &id)).await;
    }
    Ok(told)
}

fn with_id(mut told: Value, id: &CommandId) -> Value {
    told["id"] = id.as_str().into();
    told
}

async fn open(api: &Api, department: &DepartmentId, request: &Message) -> Result<Value, Problem> {
    let asked: OpenRequest = serde_json::from_slice(&request.payload)
        .map_err(|e| Problem::new(Kind::BadRequest, format!("expected {{\"case\": …, \"n\": …}}: {e}")))?;
    let name = CaseName::read(&asked.case);
    let name = name.ok_or_else(|| Problem::field("case", Some(&asked.case), "a case id or number"))?;
    let case = find(&api.ledger, &name).await?;
    let content = api.queues.open(department, case, asked.n).await?.ok_or_else(|| unknown(&name))?;
    Ok(json!(Opened { case_id: case, content }))
}

/// Keeps an answer for one who is absent. It holds nothing personal, and what it says is in the log already: losing it
/// loses nothing.
async fn keep(api: &Api, subject: String, told: &Value) {
    if let Err(error) = api.queues.keep_outcome(subject, told.to_string().into()).await {
        tracing::debug!(%error, "an outcome could not be kept for the absent");
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::doors::shares::IN_HAND;

    fn request(subject: &str, length: usize) -> Message {
        Message {
            subject: subject.into(),
            reply: None,
            payload: vec![b' '; length].into(),
            headers: None,
            status: None,
            description: None,
            length,
        }
    }

    #[test]
    fn one_department_leaves_room_for_the_others() {
        let (shares, limit) = (Shares::default(), Arc::new(Semaphore::new(AT_ONCE)));
        let take = |subject: &str, length| take(&shares, &limit, &request(subject, length)).map_err(|p| p.kind());
        let held: Vec<_> = (0..IN_HAND).map(|_| take("open.jb-housing", 2).expect("room")).collect();
        assert_eq!(take("command.jb-housing.accept", 2).err(), Some(Kind::TooMany));
        let (asked, _held) = take("command.jb-police.accept", ASKED_CAP).expect("room");
        assert_eq!(asked, Asked::Command("jb-police".parse().expect("an id"), "accept".into()));
        assert_eq!(take("open.jb-police", ASKED_CAP + 1).err(), Some(Kind::TooLarge));
        let _largest = take("submit.hotline-12345", 6 << 20).expect("room");
        assert_eq!(take("elsewhere", 0).err(), Some(Kind::NotFound));
        drop(held);
        assert!(take("command.jb-housing.accept", 2).is_ok());
    }

    #[tokio::test]
    async fn what_a_channel_hands_in_waits_its_turn() {
        let (shares, limit) = (Shares::default(), Arc::new(Semaphore::new(AT_ONCE)));
        let take = |length| take(&shares, &limit, &request("submit.hotline-12345", length)).map(|(_, place)| place);
        let mut held = Vec::new();
        for _ in 0..IN_HAND {
            held.push(take(2).expect("a turn").come(&limit).await.expect("room"));
        }
        let mut largest = Box::pin(take(6 << 20).expect("a turn").come(&limit));
        assert!(largest.as_mut().now_or_never().is_none(), "it is not refused, and waits");
        let mut small = Box::pin(take(2).expect("a turn").come(&limit));
        held.pop();
        assert!(small.as_mut().now_or_never().is_none(), "what is large is not overtaken");
        let waiting: Vec<_> = std::iter::from_fn(|| take(2).ok()).take(AT_ONCE).collect();
        assert!(waiting.len() < AT_ONCE, "there is an end to what may wait");
        assert_eq!(take(2).map_err(|p| p.kind()).err(), Some(Kind::TooMany));
        drop((held, waiting));
        drop(largest.await.expect("its turn"));
        assert!(small.await.is_ok());
    }
}
