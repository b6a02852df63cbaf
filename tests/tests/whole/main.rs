//! Whole-system tests: the real binary, a real nats-server, simulated sources, nothing mocked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail at the spot")]

mod answers;
mod backup;
mod cluster;
mod deploy;
mod doors;
mod faults;
mod four;
mod hostile;
mod intake;
mod master;
mod privacy;
mod receipts;
mod reload;
mod repair;
mod rules;
mod search;
mod spine;
mod steps;
mod traces;
mod world;
