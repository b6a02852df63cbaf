//! Intake: what arrives is sealed and stored byte for byte before anyone is told it is here; only then is it understood.
//! [`pipeline`] is what happens to a message, from top to bottom.

pub mod attempts;
pub mod dead;
pub mod envelope;
pub mod pipeline;
pub mod pull;
pub mod receipts;
pub mod rehearsal;
mod repeats;
pub mod replay;
pub mod store;
pub mod understand;
