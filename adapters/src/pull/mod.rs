//! Asking an upstream system for its records, page by page: transport only. Where the cursor is kept, who may poll
//! and when the next round begins is decided elsewhere; here a cursor goes in and a page with the next one comes out.

mod backoff;
#[cfg(test)]
mod beyond_test;
mod cursor;
#[cfg(test)]
mod cursor_test;
mod error;
mod page;
mod poller;
#[cfg(test)]
mod poller_test;
mod present;
mod records;
mod spec;
mod token;
mod window;

pub(crate) use backoff::believed;
pub use backoff::{Retry, backoff};
pub use cursor::Cursor;
pub use error::{Missing, PullError};
pub use page::Page;
pub use poller::{Poller, PollerSettings};
pub use records::{Digest, Records, Whose};
pub use spec::PullSpec;

pub(crate) use spec::RawPullSpec;
