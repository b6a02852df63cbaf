//! How many senders wait for a receipt.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Crowd(Arc<AtomicUsize>);

/// One who waits, until dropped.
#[derive(Debug)]
#[must_use = "who is dropped waits no more"]
pub struct Waiting(Crowd);

impl Crowd {
    /// One more waits.
    pub fn join(&self) -> Waiting {
        self.0.fetch_add(1, Ordering::Relaxed);
        Waiting(self.clone())
    }

    /// How many wait.
    pub fn size(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
