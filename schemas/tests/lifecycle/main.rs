//! The lifecycle proved: particular stories by table, and properties over arbitrary sequences of orders.

mod legality;
mod properties;
mod steps;
mod stories;
mod stories_of_rulings;
mod stories_of_sources;
mod wire;
mod world;
