//! The read model against hand-made logs: every event in them was decided by `lifecycle::decide`.

pub(crate) mod keeping;
mod questions;
pub(crate) mod world;
