//! Waiting for an engine that is not itself yet: it just started, chooses a leader, or takes a server back in.

use std::fmt::Display;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// An error that may be gone the next time.
pub trait MayPass {
    /// Whether asking again may help.
    fn may_pass(&self) -> bool;
}

/// Asks until there is an answer, or an error that stays. `stop` ends the waiting with the last error.
///
/// # Errors
/// When the error stays, or `stop` is cancelled.
pub async fn until_answered<T, E: MayPass + Display>(
    stop: &CancellationToken,
    mut ask: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    loop {
        let error = match ask().await {
            Err(error) if error.may_pass() => error,
            settled => return settled,
        };
        tracing::warn!("the engine is not ready, it is asked again: {error}");
        tokio::select! {
            () = stop.cancelled() => return Err(error),
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[derive(Debug, PartialEq, thiserror::Error)]
    #[error("{why}")]
    struct Failed {
        why: &'static str,
        passes: bool,
    }

    impl MayPass for Failed {
        fn may_pass(&self) -> bool {
            self.passes
        }
    }

    const SLOW: Failed = Failed { why: "slow", passes: true };
    const REFUSED: Failed = Failed { why: "refused", passes: false };

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_waited_for_and_what_stays_is_told() {
        let (running, stopped) = (CancellationToken::new(), CancellationToken::new());
        let mut answers = vec![Ok(7), Err(SLOW), Err(SLOW)];
        assert_eq!(until_answered(&running, async || answers.pop().unwrap()).await, Ok(7));
        let mut answers = vec![Ok(7), Err(REFUSED), Err(SLOW)];
        assert_eq!(until_answered(&running, async || answers.pop().unwrap()).await, Err(REFUSED));
        stopped.cancel();
        assert_eq!(until_answered(&stopped, async || Err::<(), _>(SLOW)).await, Err(SLOW));
    }
}
