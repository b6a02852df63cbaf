//! Skeleton.
pub mod console;
pub mod readmodel;
