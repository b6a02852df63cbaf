//! The channels that are switched on: each with its pack, its numbering, its limits and its secrets, ready to use.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use huiliu_adapters::pack::Pack;
use huiliu_adapters::token::Tokens;
use huiliu_adapters::verify::Secret;
use huiliu_schemas::{Channel, Namespace};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

/// One channel.
#[derive(Debug)]
pub struct ChannelRuntime {
    /// Its name.
    pub name: Channel,
    /// How it talks and what it means, just now.
    pack: watch::Sender<Arc<Pack>>,
    /// Whose numbering its records carry.
    pub namespace: Namespace,
    /// Secrets its pushes may be signed with.
    pub secrets: Vec<Secret>,
    /// Where it is asked and told.
    pub base_url: Option<String>,
    /// The key we show it.
    pub key: Option<String>,
    /// Where its tokens come from, if it wants one with every request.
    pub tokens: Option<Tokens>,
    /// From when on it is pulled.
    pub since: Option<Timestamp>,
    /// Records registered at the source before this are history: recorded, not dispatched.
    pub history_before: Option<Timestamp>,
    /// How long to wait between two rounds of pulling.
    pub poll_every: std::time::Duration,
    /// How polling goes.
    pub poll: PollHealth,
    limit: DefaultDirectRateLimiter,
}

impl ChannelRuntime {
    /// A channel with nothing configured but its limit.
    pub fn new(name: Channel, pack: Arc<Pack>, per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second)
            .allow_burst(per_second.saturating_mul(NonZeroU32::new(2).unwrap_or(NonZeroU32::MIN)));
        Self {
            namespace: pack.namespace.clone(),
            name,
            pack: watch::Sender::new(pack),
            secrets: Vec::new(),
            base_url: None,
            key: None,
            tokens: None,
            since: None,
            history_before: None,
            poll_every: std::time::Duration::from_secs(60),
            poll: PollHealth::default(),
            limit: RateLimiter::direct(quota),
        }
    }

    /// The pack in use. Who needs it more than once for one thing asks once.
    pub fn pack(&self) -> Arc<Pack> {
        self.pack.borrow().clone()
    }

    /// Why a pack cannot take the place of the one in use while the hub runs; nothing if it can.
    pub fn bars(&self, pack: &Pack) -> Option<&'static str> {
        let now = self.pack();
        match () {
            () if now.namespace != pack.namespace => {
                Some("`namespace` may not change: the same records would become other cases")
            }
            () if now.token != pack.token => Some("[token] changes only with a restart"),
            () if now.pull.is_some() != pack.pull.is_some() => Some("[pull] comes and goes only with a restart"),
            () => None,
        }
    }

    /// Understands with this pack from now on; what is being understood ends as it began.
    pub fn take_over(&self, pack: Arc<Pack>) {
        self.pack.send_replace(pack);
    }

    /// Takes one from the channel's allowance.
    ///
    /// # Errors
    /// How many seconds to wait, at least 1.
    pub fn admit(&self) -> Result<(), u64> {
        use governor::clock::{Clock, DefaultClock};
        self.limit.check().map_err(|not| not.wait_time_from(DefaultClock::default().now()).as_secs().max(1))
    }

    /// Whether it is asked for its records.
    pub fn is_polled(&self) -> bool {
        self.base_url.is_some() && self.since.is_some() && self.pack().pull.is_some()
    }

    /// Whether a record registered at the source at this time is history.
    pub fn is_history(&self, registered_at: Option<Timestamp>) -> bool {
        self.history_before.zip(registered_at).is_some_and(|(before, at)| at < before)
    }
}

/// How polling a channel goes, as this gateway sees it.
#[derive(Debug, Default)]
pub struct PollHealth(Mutex<PollState>);

/// What is known of the polls so far.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PollState {
    /// The last page that was had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// Attempts that failed since then.
    pub failures: u32,
    /// Why the last one failed; none once a page was had. Nothing personal, and no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl PollHealth {
    /// A page was had.
    pub fn succeeded(&self, at: Timestamp) {
        *self.lock() = PollState { last_success: Some(at), ..PollState::default() };
    }

    /// An attempt failed.
    pub fn failed(&self, error: String) {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        state.error = Some(error);
    }

    /// How it stands.
    pub fn state(&self) -> PollState {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, PollState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All channels by name.
pub type Channels = Arc<BTreeMap<Channel, Arc<ChannelRuntime>>>;
