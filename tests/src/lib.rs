//! Simulated upstream systems, and what the whole-system tests share.
//!
//! Everything here speaks to the hub only from outside, over its published formats. It must never
//! reach into the hub's own state: a test that wants to know what a source knows asks the source.

pub mod harness;
pub mod hub;
pub mod sim;
