//! Whole-system tests: the real binary, a real nats-server, simulated sources, nothing mocked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail at the spot")]

mod backup;
mod doors;
mod faults;
mod four;
mod hostile;
mod privacy;
mod receipts;
mod repair;
mod rules;
mod spine;
mod steps;
mod world;
