//! A scripted dispatcher at the centre: rules on hand-backs after a few seconds of thought, and now and then sends a case
//! from triage to the unit the rules thought likely. Over HTTP, with an operator's key.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::bail;
use huiliu_adapters::http;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::doors::Secret;

const LOOK: Duration = Duration::from_secs(1);
const THOUGHT: Duration = Duration::from_secs(5);
const TRIAGE_EVERY: Duration = Duration::from_secs(12);

/// The person at the desk.
pub struct Dispatcher {
    client: reqwest::Client,
    hub: String,
    key: Secret,
    seen: HashMap<String, Instant>,
    left: HashSet<String>,
    ruled: usize,
    triaged: Instant,
}

impl Dispatcher {
    /// A dispatcher of this hub.
    pub fn new(hub: &str, key: Secret) -> anyhow::Result<Self> {
        let client = http::nearby().timeout(Duration::from_secs(20)).build()?;
        let (seen, left) = (HashMap::new(), HashSet::new());
        Ok(Self { client, hub: hub.to_owned(), key, seen, left, ruled: 0, triaged: Instant::now() })
    }

    /// Works until shutdown.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                worked = self.turn() => {
                    if let Err(error) = worked {
                        tracing::info!("dispatcher: {error:#}");
                    }
                }
            }
        }
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        let waiting = self.get("/v1/cases?return_pending=true&limit=20").await?;
        for number in numbers(&waiting) {
            let since = *self.seen.entry(number.clone()).or_insert_with(Instant::now);
            if since.elapsed() >= THOUGHT {
                self.seen.remove(&number);
                self.rule_on(&number).await?;
            }
        }
        if self.triaged.elapsed() >= TRIAGE_EVERY {
            self.triaged = Instant::now();
            self.send_one().await?;
        }
        Ok(())
    }

    /// Two in three hand-backs are granted.
    async fn rule_on(&mut self, number: &str) -> anyhow::Result<()> {
        let case = self.get(&format!("/v1/cases/{number}")).await?;
        let Some(asked) = last(&case, "return_requested") else { return Ok(()) };
        let (department, sequence) = (&asked["departments"][0], &asked["sequence"]);
        let suggested = asked["data"]["suggested"].as_str();
        self.ruled += 1;
        let (kind, mut body) = match suggested {
            Some(unit) if !self.ruled.is_multiple_of(3) => {
                let lead = json!({ "department": unit, "role": "lead" });
                // A participant's part goes to nobody: the lead keeps the case.
                let to: Vec<_> = Some(lead).filter(|_| case["case"]["lead"] == *department).into_iter().collect();
                ("grant_return", json!({ "department": department, "assignees": to, "note": "理由成立。" }))
            }
            _ => ("refuse_return", json!({ "department": department, "note": "依责任清单仍由你单位牵头办理。" })),
        };
        body["id"] = format!("ruling-{sequence}").into();
        self.command(number, kind, &body).await
    }

    /// The oldest case in triage for which the rules had a candidate.
    async fn send_one(&mut self) -> anyhow::Result<()> {
        let waiting = self.get("/v1/cases?stage=triage&limit=50").await?;
        let unread = numbers(&waiting).into_iter().rev().filter(|n| !self.left.contains(n)).collect::<Vec<_>>();
        for number in unread {
            let case = self.get(&format!("/v1/cases/{number}")).await?;
            let candidate = &case["decision"]["verdict"]["candidates"][0];
            self.left.insert(number.clone());
            if let (Some(unit), false) = (candidate.as_str(), case["decision"]["accusation"] == true) {
                let to = json!([{ "department": unit, "role": "lead" }]);
                let body = json!({ "id": format!("triage-{}", case["case"]["sequence"]), "assignees": to });
                return self.command(&number, "dispatch", &body).await;
            }
        }
        Ok(())
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let ask = self.client.get(format!("{}{path}", self.hub)).bearer_auth(self.key.expose());
        Ok(ask.send().await?.error_for_status()?.json().await?)
    }

    async fn command(&self, case: &str, kind: &str, body: &Value) -> anyhow::Result<()> {
        let post = self.client.post(format!("{}/v1/cases/{case}/commands/{kind}", self.hub));
        let answer: Value = post.bearer_auth(self.key.expose()).json(body).send().await?.json().await?;
        match answer.get("result") {
            Some(_) => Ok(()),
            None => bail!("{kind}: {}", answer["detail"].as_str().unwrap_or("no reason was given")),
        }
    }
}

fn numbers(page: &Value) -> Vec<String> {
    let cases = page["cases"].as_array().into_iter().flatten();
    cases.filter_map(|c| c["number"].as_str().map(str::to_owned)).collect()
}

fn last<'v>(case: &'v Value, kind: &str) -> Option<&'v Value> {
    case["history"].as_array()?.iter().rev().find(|event| event["type"] == kind)
}
