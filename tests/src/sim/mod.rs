//! Simulated upstream systems: a 12345 hotline, a petition portal, a grid workers' platform and a mediation platform.
//!
//! Each is a small HTTP server with its own state, paging and bad habits, and with its own view of
//! the answers it got. What a source says follows from its seed alone; nothing here may hold a
//! real person's data, or know anything of the hub but its address.

mod book;
mod clock;
mod dice;
mod dress;
mod follow_up;
pub mod grid;
pub mod hotline;
pub mod matters;
pub mod petition;
mod push;
mod quirks;
mod server;
mod source;
mod system;
#[cfg(test)]
mod tests;
pub mod video;
mod view;
mod weather;
pub mod webhook;

pub use book::{Answer, Book, Delivery, DeliveryState, Item, Summary};
pub use clock::Clock;
pub use follow_up::FollowUp;
pub use grid::Grid;
pub use hotline::Hotline;
pub use petition::Petition;
pub use quirks::Quirks;
pub use server::{Config, PushTarget, Running, StartError};
pub use source::Source;
pub use system::{Action, System};
pub use video::{Outcome, Video};
