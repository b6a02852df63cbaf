//! When to ask again after an error: pure functions of the error and the attempt; the waiting is the caller's.

use std::time::Duration;

use super::PullError;

/// Whether and when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After [`backoff`].
    Backoff,
    /// Not before this long: the system said so.
    After(Duration),
    /// It will not get better by itself: slowly, and a person is told.
    Person,
}

impl PullError {
    /// What to do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Status { retry_after: Some(after), .. } => Retry::After(believed(*after)),
            Self::Status { status: 408 | 425 | 429 | 500.., .. } => Retry::Backoff,
            Self::Code { busy: true, .. } => Retry::Backoff,
            Self::Token(error) if !error.needs_a_person() => Retry::Backoff,
            Self::Connect(_) | Self::Timeout(_) | Self::Broken(_) | Self::NotJson { .. } => Retry::Backoff,
            // Longer after each walk, though the pages of each were answered well.
            Self::Missing(missing) => Retry::After(backoff(missing.walks, 0.0)),
            Self::NoPull
            | Self::Address { .. }
            | Self::Token(_)
            | Self::Status { .. }
            | Self::TooLarge(_)
            | Self::Code { .. }
            | Self::NoCode(_)
            | Self::NoList(_) => Retry::Person,
        }
    }
}

impl PullError {
    /// Whether it may be an answer to what is asked, a token or a page that is not there: a refusal for good, and not of who
    /// asks.
    pub(super) fn is_of_the_question(&self) -> bool {
        let of_the_question = match self {
            Self::Status { status, .. } => matches!(status, 400..=499) && !matches!(status, 401 | 403 | 407),
            Self::Code { code, .. } => !is_of_who_asks(code),
            Self::NoCode(_) | Self::NoList(_) => true,
            _ => false,
        };
        self.retry() == Retry::Person && of_the_question
    }
}

/// Whether a code in the body says what a status would: that who asks is not known, or may not.
pub(super) fn is_of_who_asks(code: &str) -> bool {
    matches!(code, "401" | "403")
}

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(120);
/// A system that asks for a week's silence is not believed.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// How long a system is left alone that asks for it.
pub fn believed(asked: Duration) -> Duration {
    asked.min(LONGEST_ASKED)
}

/// How long to wait before attempt `attempt` (from 1), doubling to two minutes; `jitter` in 0–1 takes away up to
/// half of it, so that many do not come back at once.
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let doubled = FIRST.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1).min(16)));
    doubled.min(LONGEST).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_are_classified() {
        let status = |status, retry_after| PullError::Status { status, message: String::new(), retry_after };
        let seconds = Duration::from_secs;
        let cases = [
            (status(503, None), Retry::Backoff),
            (status(429, Some(seconds(7))), Retry::After(seconds(7))),
            (status(503, Some(seconds(999_999))), Retry::After(seconds(3600))),
            (status(401, None), Retry::Person),
            (status(404, None), Retry::Person),
            (PullError::Timeout(seconds(1)), Retry::Backoff),
            (PullError::Code { code: "-1".into(), message: String::new(), busy: true }, Retry::Backoff),
            (PullError::Code { code: "9".into(), message: String::new(), busy: false }, Retry::Person),
            (PullError::NoList("data.rows".into()), Retry::Person),
        ];
        for (error, expected) in cases {
            assert_eq!(error.retry(), expected, "{error}");
        }
    }

    proptest! {
        #[test]
        fn waits_grow_to_a_limit(attempt in 1u32..1000, jitter in 0.0f64..=1.0) {
            let wait = backoff(attempt, jitter);
            prop_assert!(wait >= FIRST / 2 && wait <= LONGEST);
            prop_assert!(backoff(attempt + 1, jitter) >= wait);
            prop_assert!(backoff(attempt, 0.0) >= wait);
        }
    }
}
