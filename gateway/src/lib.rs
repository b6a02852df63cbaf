//! Skeleton.

pub mod directory;
pub mod routing;
