//! The channels that are switched on: each with its pack, its numbering, its limits and its secrets, ready to use.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::clock::DefaultClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use huiliu_adapters::pack::Pack;
use huiliu_adapters::token::Tokens;
use huiliu_adapters::verify::Secret;
use huiliu_schemas::{Channel, Namespace};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::doors::limit::{self, Allowance, OverLimit};

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
    /// Secrets that what it is told is signed with; not signed without.
    pub answer_secrets: Vec<Secret>,
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
    /// Held while a signature is looked at: forgeries wait for each other.
    pub proving: tokio::sync::Mutex<()>,
    limit: Limit,
    unproven: Limit,
}

type Limit = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// So many a second are told why they are not proven; the others of a flood are told to wait.
const UNPROVEN_PER_SECOND: NonZeroU32 = NonZeroU32::new(5).unwrap();

impl ChannelRuntime {
    /// A channel with nothing configured but its limit.
    pub fn new(name: Channel, pack: Arc<Pack>, per_second: NonZeroU32) -> Self {
        Self {
            namespace: pack.namespace.clone(),
            name,
            pack: watch::Sender::new(pack),
            secrets: Vec::new(),
            answer_secrets: Vec::new(),
            base_url: None,
            key: None,
            tokens: None,
            since: None,
            history_before: None,
            poll_every: std::time::Duration::from_secs(60),
            poll: PollHealth::default(),
            proving: tokio::sync::Mutex::default(),
            limit: limit_of(per_second),
            unproven: limit_of(UNPROVEN_PER_SECOND),
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
            () if self.key.is_some() && pack.key_header.is_none() => {
                Some("the channel's key would be shown to nobody without `key_header`")
            }
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
    /// Where nothing is left of it.
    pub fn admit(&self) -> Result<Allowance, OverLimit> {
        limit::told(self.limit.check())
    }

    /// Counts one that came in the channel's name and was not proven. It leaves the allowance alone.
    ///
    /// # Errors
    /// Where there are too many.
    pub fn note_unproven(&self) -> Result<Allowance, OverLimit> {
        limit::told(self.unproven.check())
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

fn limit_of(per_second: NonZeroU32) -> Limit {
    let burst = per_second.saturating_mul(NonZeroU32::new(2).unwrap_or(NonZeroU32::MIN));
    RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst)).with_middleware()
}

/// How polling a channel goes, as this gateway sees it.
#[derive(Debug, Default)]
pub struct PollHealth(Mutex<PollState>);

/// What is known of the polls so far.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PollState {
    /// The last page that was had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// Attempts that failed since then.
    pub failures: u32,
    /// Why the last one failed; none once a page was had. Nothing personal, and no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the system said then, in its own words, shortened. It may name anybody: it is here, and in no log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

impl PollHealth {
    /// A page was had.
    pub fn succeeded(&self, at: Timestamp) {
        *self.lock() = PollState { last_success: Some(at), ..PollState::default() };
    }

    /// An attempt failed.
    pub fn failed(&self, error: String, said: Option<String>) {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        (state.error, state.said) = (Some(error), said);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_says_how_far_it_is_used_up() {
        let pack = Arc::new(Pack::find("hotline-12345", None).expect("a pack"));
        let two = NonZeroU32::new(2).expect("not zero");
        let channel = ChannelRuntime::new("hotline-12345".parse().expect("a name"), pack, two);
        let first = channel.admit().expect("admitted");
        assert_eq!(first, Allowance { most: 4, within: 2, left: 3, reset: 1 });
        let over = (0..8).find_map(|_| channel.admit().err()).expect("over the limit");
        assert_eq!(over, OverLimit { wait: 1, allowance: Allowance { most: 4, within: 2, left: 0, reset: 1 } });
    }
}
