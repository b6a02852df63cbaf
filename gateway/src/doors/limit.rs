//! How far a limit is used up, of a channel's or of a holder of keys: what both doors count by, as it is told.

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateSnapshot;
use governor::{NotUntil, Quota};

/// How far a limit is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests at most.
    pub most: u32,
    /// Within so many seconds.
    pub within: u64,
    /// Requests left just now.
    pub left: u32,
    /// Seconds until it is whole again; where nothing is left, until there is one more.
    pub reset: u64,
}

/// There may not be one more just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverLimit {
    /// Seconds to wait, at least 1.
    pub wait: u64,
    /// What is used up.
    pub allowance: Allowance,
}

type Instant = <DefaultClock as governor::clock::Clock>::Instant;

/// What a limit says of one more.
///
/// # Errors
/// Where nothing is left of it.
pub fn told(said: Result<StateSnapshot, NotUntil<Instant>>) -> Result<Allowance, OverLimit> {
    said.map(|left| Allowance::of(&left)).map_err(|not| {
        let wait = not.wait_time_from(DefaultClock::default().now()).as_secs().max(1);
        let most = not.quota().burst_size().get();
        OverLimit { wait, allowance: Allowance { most, within: window(not.quota()), left: 0, reset: wait } }
    })
}

impl Allowance {
    fn of(state: &StateSnapshot) -> Self {
        let quota = state.quota();
        let (most, left) = (quota.burst_size().get(), state.remaining_burst_capacity());
        let missing = quota.replenish_interval() * most.saturating_sub(left);
        Self { most, within: window(quota), left, reset: missing.as_secs_f64().ceil() as u64 }
    }
}

/// How long it takes to get all of a quota back, in whole seconds.
fn window(quota: Quota) -> u64 {
    quota.burst_size_replenished_in().as_secs_f64().round().max(1.0) as u64
}
