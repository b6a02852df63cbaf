//! Skeleton.

pub mod doors;
pub mod engine;
