//! Seeded chance: the dice for one purpose and one number are always the same.
//!
//! Must never depend on time, on the order of requests, or on another purpose's throws.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

/// Fresh dice for throw `n` of `purpose` under `seed`.
pub(crate) fn dice(seed: u64, purpose: &str, n: u64) -> StdRng {
    let mut digest = Sha256::new();
    digest.update(seed.to_be_bytes());
    digest.update(purpose.as_bytes());
    digest.update(n.to_be_bytes());
    StdRng::from_seed(digest.finalize().into())
}

/// True with probability `rate`, which is held to 0..=1.
pub(crate) fn chance(rng: &mut StdRng, rate: f64) -> bool {
    rng.random_bool(rate.clamp(0.0, 1.0))
}

/// One of a non-empty list.
pub(crate) fn pick<'a, T>(rng: &mut StdRng, list: &'a [T]) -> &'a T {
    &list[rng.random_range(0..list.len())]
}
