//! Pulling a channel: one gateway at a time holds the channel's lease; the cursor moves only after what it passed over is
//! stored, and only if nobody else moved it. A page that is the same, byte for byte, as the one stored last is not stored
//! again, nor one of records that all are as they were stored last.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::kv::{Operation, Store};
use huiliu_adapters::pack::{Pack, Way};
use huiliu_adapters::pull::{Cursor, Missing, Page, Poller, PollerSettings, PullError, Retry, backoff};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::envelope::RawEnvelope;
use super::repeats::Repeats;
use super::store::IntakeStore;
use crate::channels::ChannelRuntime;
use crate::engine::streams::CURSORS;
use crate::lease::Lease;
use crate::traces::{Key, SpanKind, Traces};

const SLOWLY: Duration = Duration::from_secs(60);
const CLOCKS_DIFFER_S: i64 = 60;
const LOOK_BACK: i64 = 24 * 60 * 60;
/// After so many failures in a row another gateway may try to reach the source: half a minute or so.
const OURS_ALONE: u32 = 6;

/// Where a channel's pull stands, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Position {
    cursor: Cursor,
    /// Digest of the page stored last.
    #[serde(default)]
    last_page: Option<String>,
    /// What `since` was in the settings when it was begun with: an earlier one asks for more of the past.
    #[serde(default)]
    since: Option<Timestamp>,
}

impl Position {
    /// Whether it was begun with what the settings say now, or before that.
    fn reaches_back_to(&self, since: Option<Timestamp>) -> bool {
        self.since.zip(since).is_none_or(|(begun, now)| begun <= now)
    }
}

/// Pulls one channel.
pub struct Pull {
    channel: Arc<ChannelRuntime>,
    jetstream: Context,
    store: IntakeStore,
    traces: Traces,
}

impl Pull {
    /// A pull for a channel whose pack can be asked and whose address is known.
    pub fn new(channel: Arc<ChannelRuntime>, jetstream: Context, store: IntakeStore, traces: Traces) -> Self {
        Self { channel, jetstream, store, traces }
    }

    /// Runs until shutdown, whenever the channel's lease can be had.
    pub async fn run(self, shutdown: CancellationToken) {
        let lease = Lease::new(self.jetstream.clone(), self.key());
        loop {
            let held = tokio::select! {
                () = shutdown.cancelled() => return,
                held = lease.hold(self.poll()) => held,
            };
            // Whoever holds the lease now says how it goes.
            self.up(false);
            if let Some(Err(error)) = held {
                self.channel.poll.failed(error.clone(), None);
                tracing::warn!(channel = %self.channel.name, error, "channel {} is not pulled just now", self.channel.name);
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
            }
        }
    }

    async fn poll(&self) -> Result<(), String> {
        let cursors = self.bucket(CURSORS).await?;
        let pack = self.channel.pack();
        let mut poller = self.poller(&pack)?;
        let (mut position, mut revision) = self.position(&cursors, &poller).await?;
        let (mut failures, mut clocks_differ) = (0, false);
        let mut repeats = Repeats::default();
        // A pack that changed may ask in another way: begin again with it, from the same place.
        while Arc::ptr_eq(&pack, &self.channel.pack()) {
            let asked = Timestamp::now();
            match poller.next_page(&position.cursor, asked).await {
                Ok(page) => {
                    self.tell_clocks(&poller, &mut clocks_differ);
                    failures = 0;
                    self.channel.poll.succeeded(asked);
                    self.up(true);
                    if let Some(missing) = &page.missing {
                        self.tell_missing(missing);
                    }
                    let finished = page.next.is_between_rounds();
                    let channel = self.channel.name.to_string();
                    metrics::counter!("huiliu_poll_pages_total", "channel" => channel.clone()).increment(1);
                    metrics::gauge!("huiliu_poll_last_success_timestamp_seconds", "channel" => channel)
                        .set(asked.as_second() as f64);
                    position = self.keep_page(page, position, asked, &mut repeats).await?;
                    revision = self.advance(&cursors, &position, revision).await?;
                    if finished {
                        repeats.turn();
                        tokio::time::sleep(self.channel.poll_every).await;
                    }
                }
                Err(error) => {
                    failures += 1;
                    metrics::counter!("huiliu_poll_failures_total", "channel" => self.channel.name.to_string())
                        .increment(1);
                    if failures >= OURS_ALONE && matches!(error, PullError::Connect(_)) {
                        return Err(format!("{error}; another gateway may try"));
                    }
                    let wait = match error.retry() {
                        Retry::After(wait) => wait,
                        Retry::Backoff => backoff(failures, jitter()),
                        Retry::Person => SLOWLY,
                    };
                    self.channel.poll.failed(error.to_string(), error.words().map(str::to_owned));
                    self.up(false);
                    tracing::warn!(
                        channel = %self.channel.name, failures, retry_in_ms = wait.as_millis() as u64,
                        "channel {} upstream: {error}", self.channel.name
                    );
                    tokio::time::sleep(wait).await;
                }
            }
        }
        Ok(())
    }

    /// What a source counts and does not list may be a report that nobody gets; what it lists and does not count was read. A
    /// page that it does not give counts as one.
    fn tell_missing(&self, missing: &Missing) {
        let channel = &self.channel.name;
        metrics::counter!("huiliu_poll_missing_records_total", "channel" => channel.to_string())
            .increment(missing.named.saturating_sub(missing.listed).max(u64::from(missing.refused.is_some())));
        tracing::warn!(%channel, "channel {channel} is read on: {missing}");
    }

    /// Signatures, dates and deadlines of the two systems are only as good as their clocks agree.
    fn tell_clocks(&self, poller: &Poller, known: &mut bool) {
        let Some(ahead) = poller.clock_ahead(Timestamp::now()).map(|ahead| ahead.as_secs()) else { return };
        let channel = self.channel.name.to_string();
        metrics::gauge!("huiliu_poll_clock_ahead_seconds", "channel" => channel).set(ahead as f64);
        let differ = ahead.abs() >= CLOCKS_DIFFER_S;
        if differ && !*known {
            tracing::warn!(
                channel = %self.channel.name, ahead_s = ahead,
                "the clock of channel {} is {ahead} s ahead of ours: one of the two is wrong", self.channel.name
            );
        }
        *known = differ;
    }

    fn up(&self, up: bool) {
        let channel = self.channel.name.to_string();
        metrics::gauge!("huiliu_poll_up", "channel" => channel).set(if up { 1.0 } else { 0.0 });
    }

    fn poller(&self, pack: &Arc<Pack>) -> Result<Poller, String> {
        let base_url = self.channel.base_url.clone().ok_or("`base_url` is not set")?;
        let mut settings = PollerSettings::new(base_url);
        settings.tokens = self.channel.tokens.clone();
        settings.since = self.channel.since;
        settings.key = pack.key_header.clone().zip(self.channel.key.clone());
        Poller::new(pack.clone(), &settings).map_err(|e| e.to_string())
    }

    /// Stores what the page brought, before anything is said of having passed it.
    async fn keep_page(
        &self,
        page: Page,
        before: Position,
        asked: Timestamp,
        repeats: &mut Repeats,
    ) -> Result<Position, String> {
        if page.records == 0 {
            return Ok(Position { cursor: page.next, ..before });
        }
        let digest = base16ct::lower::encode_string(&Sha256::digest(&page.body.get().bytes));
        let known = page.told_apart.as_ref().is_some_and(|records| repeats.knows(records));
        if !known && before.last_page.as_deref() != Some(digest.as_str()) {
            let channel = self.channel.name.clone();
            let envelope = RawEnvelope { channel, received_at: asked, way: Way::Pull, body: page.body, only: None };
            let mut step = self.traces.begin(SpanKind::Consumer, "receive", asked);
            step.say(Key::Channel, &self.channel.name);
            step.say(Key::Way, "poll");
            step.count(Key::Records, page.records);
            let sequence = self.store.store(&envelope, &mut step).await.map_err(|e| e.to_string())?;
            tracing::debug!(channel = %self.channel.name, sequence, records = page.records, "a page is stored");
        }
        repeats.note(page.told_apart);
        Ok(Position { cursor: page.next, last_page: Some(digest), ..before })
    }

    async fn position(&self, cursors: &Store, poller: &Poller) -> Result<(Position, u64), String> {
        let since = self.channel.since;
        let begun = Position { cursor: poller.start(since.unwrap_or_else(yesterday)), last_page: None, since };
        let Some(kept) = cursors.entry(self.key()).await.map_err(|e| e.to_string())? else { return Ok((begun, 0)) };
        if kept.operation != Operation::Put {
            return Ok((begun, kept.revision));
        }
        let position: Position =
            serde_json::from_slice(&kept.value).map_err(|error| format!("the stored cursor does not read: {error}"))?;
        if position.reaches_back_to(since) {
            return Ok((Position { since: position.since.or(since), ..position }, kept.revision));
        }
        tracing::warn!(
            channel = %self.channel.name,
            "`since` was set to an earlier time: channel {} is asked for everything from there on", self.channel.name
        );
        Ok((begun, kept.revision))
    }

    /// The fence: a gateway that lost its lease without knowing fails here.
    async fn advance(&self, cursors: &Store, position: &Position, revision: u64) -> Result<u64, String> {
        let value = serde_json::to_vec(position).map_err(|e| e.to_string())?;
        let moved = cursors.update(self.key(), value.into(), revision).await;
        moved.map_err(|e| format!("another gateway moved the cursor: {e}"))
    }

    async fn bucket(&self, name: &str) -> Result<Store, String> {
        self.jetstream.get_key_value(name).await.map_err(|e| e.to_string())
    }

    fn key(&self) -> String {
        format!("pull.{}", self.channel.name)
    }
}

fn yesterday() -> Timestamp {
    let now = Timestamp::now();
    now.checked_sub(jiff::SignedDuration::from_secs(LOOK_BACK)).unwrap_or(now)
}

fn jitter() -> f64 {
    let mut byte = [0u8; 1];
    match getrandom::fill(&mut byte) {
        Ok(()) => f64::from(byte[0]) / 255.0,
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_since_asks_for_more_and_a_later_one_for_no_less() {
        let kept = r#"{"cursor":{"kind":"window","from":"2026-03-01T00:00:00Z","to":null,"page":1,"total":null}}"#;
        let old: Position = serde_json::from_str(kept).expect("of an earlier build");
        let at = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
        assert!(old.reaches_back_to(at("2020-01-01T00:00:00Z")), "nobody knows what it was begun with");
        let begun = Position { since: at("2026-01-01T00:00:00Z"), ..old };
        for (since, reaches) in
            [("2026-01-01T00:00:00Z", true), ("2026-02-01T00:00:00Z", true), ("2025-12-31T00:00:00Z", false)]
        {
            assert_eq!(begun.reaches_back_to(at(since)), reaches, "{since}");
        }
        assert!(begun.reaches_back_to(None));
    }
}
