//! What operators have: endpoints and commands, against a real hub on a real nats-server.

#![expect(clippy::expect_used, reason = "a test that cannot go on must stop")]

mod commands;
mod conditions;
mod dead;
mod queues;
mod site;
