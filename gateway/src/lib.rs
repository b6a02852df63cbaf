#![doc = include_str!("../README.md")]

pub mod desk;
pub mod directory;
pub mod doors;
pub mod engine;
pub mod keys;
pub mod ledger;
pub mod routing;
pub mod settings;
pub mod vault;
