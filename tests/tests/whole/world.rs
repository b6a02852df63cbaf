//! A hub with a hotline and a petition portal beside it.

use std::time::Duration;

use futures_util::StreamExt as _;
use huiliu_tests::hub::{Caller, ChannelPlan, PATIENCE, Plan, TestHub, eventually};
use huiliu_tests::sim::{Config, Hotline, Petition, PushTarget, Running};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub const HOTLINE: &str = "hotline-12345";
pub const PETITION: &str = "petition-portal";
pub const WEBHOOK_SECRET: &str = "whsec_aHVpbGl1LXRlc3Qta2V5LW9mLTMyLWJ5dGVzLWxvbmc=";
pub const EXCHANGE_SECRET: &str = "exchange-secret-for-tests";
const APP_KEY: &str = "app-key-for-tests";

/// The departments that have keys in these tests.
pub const DEPARTMENTS: [&str; 6] =
    ["jb-ecology", "jb-enforcement", "jb-police", "jb-discipline", "jb-cicheng", "jb-party"];

pub struct World {
    pub hub: TestHub,
    pub hotline: Running,
    pub petition: Running,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    Push,
    Poll,
}

impl World {
    pub async fn new(way: Way) -> Self {
        Self::with(way, |plan| plan).await
    }

    pub async fn with(way: Way, change: impl FnOnce(Plan) -> Plan) -> Self {
        let plan = Plan::built().unwrap();
        let config = |channel: &str, secret: &str| Config {
            push: (way == Way::Push).then(|| PushTarget::to(plan.push_url(channel))),
            secret: Some(secret.to_owned()),
            ..Config::quiet(APP_KEY)
        };
        let never = CancellationToken::new();
        let hotline = Hotline::start(config(HOTLINE, WEBHOOK_SECRET), never.clone()).await.unwrap();
        let petition = Petition::start(config(PETITION, EXCHANGE_SECRET), never).await.unwrap();
        let plan = [(HOTLINE, &hotline, WEBHOOK_SECRET), (PETITION, &petition, EXCHANGE_SECRET)].into_iter().fold(
            plan.departments(DEPARTMENTS),
            |plan, (name, source, secret)| {
                let channel = ChannelPlan::new(name).source(&source.url(), APP_KEY);
                plan.channel(match way {
                    Way::Push => channel.pushed(secret),
                    Way::Poll => channel.pulled(),
                })
            },
        );
        let hub = TestHub::start(change(plan)).await.unwrap();
        Self { hub, hotline, petition }
    }

    pub fn desk(&self) -> Caller {
        self.hub.caller("desk")
    }

    /// The case under any of its names, once the centre sees it so.
    pub async fn case_when(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let desk = self.desk();
        let name = &in_its_numbering(name);
        let what = format!("case {name}");
        let found = eventually(&what, PATIENCE, async || {
            let answer = desk.get(&format!("/v1/cases/{name}")).await.ok()?;
            (answer.status == 200 && wanted(&answer.body)).then_some(answer.body)
        });
        found.await.unwrap_or_else(|error| panic!("{error}; the log says:\n{}", tail(&self.hub.log())))
    }

    pub async fn case(&self, name: &str) -> Value {
        self.case_when(name, |_| true).await
    }

    /// What stands in a department's queue, taken over HTTP and acknowledged.
    pub async fn take(&self, department: &str) -> Vec<Value> {
        let caller = self.hub.caller(department);
        let what = format!("an entry for {department}");
        let entries = eventually(&what, PATIENCE, async || {
            let answer = caller.get("/v1/queue?wait=5&max=50").await.ok()?;
            answer.body["entries"].as_array().filter(|e| !e.is_empty()).cloned()
        });
        let entries = entries.await.unwrap();
        for entry in &entries {
            let acked = caller.post("/v1/queue/ack", &json!({ "ack": entry["ack"] })).await.unwrap();
            assert_eq!(acked.status, 204, "{}", acked.body);
        }
        entries
    }

    /// Whether a department's queue is empty now.
    pub async fn has_nothing(&self, department: &str) -> bool {
        let answer = self.hub.caller(department).get("/v1/queue?max=50").await.unwrap();
        answer.body["entries"].as_array().unwrap().is_empty()
    }
}

/// One entry over NATS, the way any client takes it: pulled from the department's durable and acknowledged.
pub async fn pull(client: &async_nats::Client, department: &str) -> Value {
    let next = format!("$JS.API.CONSUMER.MSG.NEXT.QUEUES.{department}");
    let ask = json!({ "batch": 1, "expires": Duration::from_secs(3).as_nanos() as u64 }).to_string();
    let message = eventually("an entry over NATS", PATIENCE, async || {
        // An entry keeps its own subject, so the client's shared inbox for replies would not know it.
        let inbox = client.new_inbox();
        let mut incoming = client.subscribe(inbox.clone()).await.ok()?;
        client.publish_with_reply(next.clone(), inbox, ask.clone().into()).await.ok()?;
        let message = tokio::time::timeout(Duration::from_secs(4), incoming.next()).await.ok()??;
        message.status.is_none().then_some(message)
    });
    let message = message.await.unwrap();
    client.publish(message.reply.clone().unwrap(), "+ACK".into()).await.unwrap();
    client.flush().await.unwrap();
    serde_json::from_slice(&message.payload).unwrap()
}

pub async fn ask(client: &async_nats::Client, subject: &str, body: &Value) -> Value {
    let message = client.request(subject.to_owned(), body.to_string().into()).await.unwrap();
    serde_json::from_slice(&message.payload).unwrap()
}

/// A case id as it is; a source's own number with its namespace before it.
fn in_its_numbering(name: &str) -> String {
    match name {
        _ if name.parse::<huiliu_schemas::CaseId>().is_ok() => name.to_owned(),
        _ if name.starts_with("33020500") => format!("{PETITION}:{name}"),
        _ => format!("{HOTLINE}:{name}"),
    }
}

pub fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// The events of a case, by type.
pub fn events(case: &Value) -> Vec<String> {
    case["history"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap().to_owned()).collect()
}
