#![doc = include_str!("../README.md")]

pub mod channels;
pub mod commands;
pub mod desk;
pub mod directory;
pub mod doors;
pub mod engine;
pub mod intake;
pub mod keys;
pub mod ledger;
pub mod problem;
pub mod queues;
pub mod routing;
pub mod settings;
pub mod vault;
