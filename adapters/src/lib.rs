#![doc = include_str!("../README.md")]

pub mod answer;
pub mod decode;
mod form;
pub mod http;
pub mod map;
pub mod pack;
pub mod pull;
pub mod token;
pub mod verify;
