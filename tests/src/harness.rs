//! The fault harness: kills hub and server while work goes on, and proves from outside that nothing was lost, nothing
//! doubled, nothing left half-done. It believes only what a sender, a department or a source could see, and the log itself.

pub mod accused;
pub mod departments;
pub mod desk;
pub mod door;
pub mod log;
pub mod proof;
pub mod report;
pub mod run;
pub mod sources;
pub mod trial;

pub use run::{Options, run};
pub use sources::Feed;
pub use trial::Trial;
