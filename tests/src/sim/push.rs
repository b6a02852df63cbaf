//! Pushing changes to the hub: one request per delivery, again until someone answers for it.
//!
//! Must never change a delivery's id between attempts, nor give up on a hub that is only busy.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use huiliu_adapters::http;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::book::{Delivery, DeliveryState};
use super::petition::verify_token;
use super::server::PushTarget;
use super::source::Source;
use super::webhook::Secret;

/// Refusals after which a delivery is given up.
const PATIENCE: u32 = 5;
const IDLE_LOOK: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How a system proves a push is its own.
#[derive(Clone)]
pub(crate) enum Proof {
    /// Standard Webhooks, for the hotline.
    Webhook(Secret),
    /// The exchange's MD5 over the shared secret, for the portal.
    Md5(String),
}

#[derive(Clone)]
struct Pusher {
    source: Source,
    target: PushTarget,
    proof: Proof,
    client: Client,
    /// Deliveries that were under way when the book was stored.
    resumed: Arc<Mutex<VecDeque<usize>>>,
}

/// Starts the workers that push until `shutdown`.
pub(crate) fn start(
    source: &Source,
    target: &PushTarget,
    proof: Proof,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) -> reqwest::Result<()> {
    let pusher = Pusher {
        source: source.clone(),
        target: target.clone(),
        proof,
        client: http::nearby().timeout(Duration::from_secs(30)).build()?,
        resumed: Arc::new(Mutex::new(source.read(|book| book.pending_deliveries().into()))),
    };
    for _ in 0..target.workers.max(1) {
        let (pusher, shutdown) = (pusher.clone(), shutdown.clone());
        tasks.spawn(async move { shutdown.run_until_cancelled(pusher.run()).await });
    }
    Ok(())
}

impl Pusher {
    async fn run(&self) {
        loop {
            match self.next() {
                Some(place) => self.deliver(place).await,
                None => {
                    // A late parcel becomes ready without notice, hence the look now and then.
                    let _woken_or_not = tokio::time::timeout(IDLE_LOOK, self.source.posted()).await;
                }
            }
        }
    }

    fn next(&self) -> Option<usize> {
        let resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        resumed.or_else(|| self.source.next_delivery(self.target.batch))
    }

    async fn deliver(&self, place: usize) {
        let mut refusals = 0;
        loop {
            let delivery = self.source.read(|book| book.delivery(place));
            let (status, receipt, verdict) = self.attempt(&delivery).await;
            refusals += u32::from(verdict == Verdict::Refused);
            let state = match verdict {
                Verdict::Taken => DeliveryState::Acknowledged,
                Verdict::Refused if refusals >= PATIENCE => DeliveryState::Refused,
                _ => DeliveryState::Pending,
            };
            self.source.write(|book, _| book.attempted(place, status, receipt.clone(), state));
            if state != DeliveryState::Pending {
                return self.tell(&delivery, status, &receipt, state);
            }
            tokio::time::sleep(pause(verdict, delivery.attempts)).await;
        }
    }

    fn tell(&self, delivery: &Delivery, status: u16, receipt: &Value, state: DeliveryState) {
        self.source.tell(json!({
            "event": "push", "system": self.source.system(), "webhookId": delivery.webhook_id,
            "ids": delivery.ids, "state": state, "status": status,
            "attempts": delivery.attempts + 1, "receipt": receipt,
        }));
    }

    async fn attempt(&self, delivery: &Delivery) -> (u16, Value, Verdict) {
        let response = match self.request(delivery).send().await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(webhook_id = delivery.webhook_id, %error, "push got no answer");
                return (0, Value::Null, Verdict::Again(None));
            }
        };
        let status = response.status();
        let retry_after = retry_after(&response);
        let text = response.text().await.unwrap_or_default();
        let receipt = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let verdict = match &self.proof {
            Proof::Webhook(_) => judge(status, retry_after),
            Proof::Md5(_) => judge_exchange(status, retry_after, &receipt),
        };
        (status.as_u16(), receipt, verdict)
    }

    fn request(&self, delivery: &Delivery) -> RequestBuilder {
        let post = self.client.post(&self.target.url);
        match &self.proof {
            Proof::Md5(secret) => {
                let json_data = Value::Array(delivery.records.clone()).to_string();
                let form = form_urlencoded::Serializer::new(String::new())
                    .append_pair("httpRequestVerify", &verify_token(secret, &json_data))
                    .append_pair("jsonData", &json_data)
                    .finish();
                post.header("content-type", "application/x-www-form-urlencoded").body(form)
            }
            Proof::Webhook(secret) => {
                let body = self.webhook_body(delivery);
                let timestamp = self.source.clock().now();
                let signature = secret.sign(&delivery.webhook_id, timestamp, &body);
                let post = if self.target.gzip { post.header("content-encoding", "gzip") } else { post };
                post.header("content-type", "application/json")
                    .header("webhook-id", &delivery.webhook_id)
                    .header("webhook-timestamp", timestamp)
                    .header("webhook-signature", signature)
                    .body(body)
            }
        }
    }

    /// One record as itself, or a batch; compressed if so wished.
    fn webhook_body(&self, delivery: &Delivery) -> Vec<u8> {
        let body = match (self.target.batch, delivery.records.as_slice()) {
            (0 | 1, [record]) => record.to_string(),
            (_, records) => json!({ self.source.system().batch_key(): records }).to_string(),
        };
        if !self.target.gzip {
            return body.into_bytes();
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing into memory does not fail; a torn body would fail its own checksum.
        let _written = encoder.write_all(body.as_bytes());
        encoder.finish().unwrap_or_default()
    }
}

/// What an answer means for the push.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Taken,
    /// Not now; perhaps after this long.
    Again(Option<Duration>),
    Refused,
}

fn judge(status: StatusCode, retry_after: Option<Duration>) -> Verdict {
    match status.as_u16() {
        200..300 => Verdict::Taken,
        408 | 425 | 429 | 500.. => Verdict::Again(retry_after),
        _ => Verdict::Refused,
    }
}

/// The exchange says it in the body: 0001 taken, -1 busy, -2 too frequent, 04 unknown, others no.
fn judge_exchange(status: StatusCode, retry_after: Option<Duration>, receipt: &Value) -> Verdict {
    match (judge(status, retry_after), receipt["code"].as_str()) {
        (Verdict::Taken, Some("0001")) => Verdict::Taken,
        (Verdict::Taken, Some("-1" | "-2" | "04")) => Verdict::Again(retry_after),
        (Verdict::Taken, _) => Verdict::Refused,
        (other, _) => other,
    }
}

fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    Some(Duration::from_secs(value.trim().parse().ok()?))
}

fn pause(verdict: Verdict, attempts: u32) -> Duration {
    match verdict {
        Verdict::Again(Some(asked)) => asked.min(Duration::from_secs(60)),
        _ => (Duration::from_millis(100) * 2_u32.pow(attempts.min(8))).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_hub_is_asked_again_and_a_refusing_one_is_not() {
        let second = Some(Duration::from_secs(1));
        let cases = [
            (202, None, Verdict::Taken),
            (429, second, Verdict::Again(second)),
            (503, None, Verdict::Again(None)),
            (401, None, Verdict::Refused),
            (413, None, Verdict::Refused),
        ];
        for (status, after, expected) in cases {
            assert_eq!(judge(StatusCode::from_u16(status).expect("status"), after), expected);
        }
    }

    #[test]
    fn every_code_of_the_exchange_is_understood() {
        let again = Verdict::Again(None);
        let cases = [
            ("0001", Verdict::Taken),
            ("0202", Verdict::Refused),
            ("0301", Verdict::Refused),
            ("0304", Verdict::Refused),
            ("0404", Verdict::Refused),
            ("04", again),
            ("-1", again),
            ("-2", again),
        ];
        for (code, expected) in cases {
            assert_eq!(judge_exchange(StatusCode::OK, None, &json!({ "code": code })), expected, "{code}");
        }
    }

    #[test]
    fn retry_after_is_honoured_and_pauses_grow_to_a_limit() {
        assert_eq!(pause(Verdict::Again(Some(Duration::from_secs(7))), 0), Duration::from_secs(7));
        assert!(pause(Verdict::Again(None), 0) < pause(Verdict::Again(None), 3));
        assert_eq!(pause(Verdict::Again(None), 30), LONGEST_PAUSE);
    }
}
