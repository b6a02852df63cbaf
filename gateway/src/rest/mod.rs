//! What the HTTP interface is made of: endpoints that cannot be had without their description ([`Endpoints`],
//! [`Operation`]), the OpenAPI document made from the descriptions ([`document`]), and the few ways in which anything is
//! asked, paged and answered. Knows no endpoint.

pub mod conditional;
pub mod document;
pub mod input;
pub mod limits;
pub mod page;

mod components;
mod endpoints;
mod operation;
#[cfg(test)]
mod tests;

pub use endpoints::Endpoints;
pub use operation::{Answer, Body, CENTRE, CHANNEL, DEPARTMENT, EVERYONE, Key, Method, NOBODY, Operation, Shape, Tag};

/// An example from `api/examples`. A test holds each against the schema it stands beside.
macro_rules! example {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/examples/", $name, ".json"))
    };
}
pub(crate) use example;
