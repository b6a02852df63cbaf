//! What can be wrong with a page, said so that an operator knows whom to call.

use std::time::Duration;

use thiserror::Error;

use crate::token::TokenError;

/// Records that a list counts and does not have, or has and does not count; or may have on a page that it does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the list names {named} records and has {listed} of them{}", refusal(.refused.as_ref()))]
pub struct Missing {
    /// How many it names.
    pub named: u64,
    /// How many were listed, each counted once.
    pub listed: u64,
    /// How often it was walked to its end.
    pub walks: u32,
    /// The page that was not given.
    pub refused: Option<u32>,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PullError {
    /// It is none that is asked.
    #[error("its pack has no `[pull]`")]
    NoPull,
    /// The settings make no request.
    #[error("the address `{address}` cannot be asked: {reason}")]
    Address {
        /// As configured.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Without a token it is not asked.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No connection.
    #[error("no connection to the system: {0}")]
    Connect(String),
    /// Too slow.
    #[error("no whole answer within {0:?}")]
    Timeout(Duration),
    /// Broken off in the middle.
    #[error("the answer broke off: {0}")]
    Broken(String),
    /// Another status than 200.
    #[error("answer {status}: expected 200")]
    Status {
        /// The status.
        status: u16,
        /// The system's words, shortened.
        message: String,
        /// Not before this long.
        retry_after: Option<Duration>,
    },
    /// Too much for one page.
    #[error("the answer is larger than {0} bytes: ask for smaller pages")]
    TooLarge(usize),
    /// Not JSON.
    #[error("the answer is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the answer.
        line: usize,
        /// Column in it.
        column: usize,
    },
    /// The system's own code says no.
    #[error("the system says code {code}")]
    Code {
        /// The code.
        code: String,
        /// The system's words, shortened.
        message: String,
        /// Whether the code means "later".
        busy: bool,
    },
    /// The code is not where it should be.
    #[error("the answer has no `{0}`")]
    NoCode(String),
    /// The list is not where it should be.
    #[error("the answer has no list at `{0}`")]
    NoList(String),
    /// Passed over, they would never be asked for again.
    #[error(transparent)]
    Missing(#[from] Missing),
}

fn refusal(page: Option<&u32>) -> String {
    page.map(|page| format!(", and gives no page {page}: if there are more, make `window_s` smaller"))
        .unwrap_or_default()
}

impl PullError {
    /// The system's own words, shortened. They may name anybody, so they are not part of what the error says of itself.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Status { message, .. } | Self::Code { message, .. } if !message.is_empty() => Some(message),
            _ => None,
        }
    }
}
