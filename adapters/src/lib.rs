#![doc = include_str!("../README.md")]

pub mod answer;
mod charset;
pub mod decode;
mod form;
pub mod http;
mod json;
mod looks;
pub mod map;
mod names;
mod order_number;
pub mod pack;
pub mod pull;
mod rows;
mod salvage;
pub mod token;
pub mod verify;
