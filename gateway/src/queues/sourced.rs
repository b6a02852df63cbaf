//! Whether QUEUES has everything that CASES has for it. A server that was started again goes on sourcing where it knows it
//! stood, and what was acknowledged or purged from there on comes once more; but only when QUEUES has asked CASES, which
//! takes it half a minute and more if its first question came too early.

use std::time::{Duration, Instant};

use crate::engine::streams::Sourcing;

/// How long QUEUES may take to get everything: under a load that never ends there may always be something to come.
const CATCHING_UP: Duration = Duration::from_secs(30);
/// How long the server may take to begin.
const BEGINS: Duration = Duration::from_secs(120);

/// What is made of all the server has said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is to come, or there always is.
    Sourced,
    /// Not to be told yet.
    Wait,
    /// It does not begin.
    NotSourcing,
}

/// Follows what the server says.
pub(super) struct Watch {
    began: Instant,
    /// When QUEUES had heard of CASES at the latest, as told when nothing was to come for the first time.
    nothing_to_come: Option<Instant>,
}

impl Watch {
    pub(super) fn begun(now: Instant) -> Self {
        Self { began: now, nothing_to_come: None }
    }

    /// That nothing is to come is believed once QUEUES has heard of CASES anew: of a question that was just asked the server
    /// says so until the first answer.
    pub(super) fn told(&mut self, said: Option<Sourcing>, now: Instant) -> Verdict {
        let waited = now.duration_since(self.began);
        let before = self.nothing_to_come.take();
        match said {
            Some(Sourcing { lag: 0, heard: (from, to) }) => {
                if before.is_some_and(|before| from > before) {
                    return Verdict::Sourced;
                }
                self.nothing_to_come = before.or(Some(to));
                Verdict::Wait
            }
            Some(_) if waited > CATCHING_UP => Verdict::Sourced,
            None if waited > BEGINS => Verdict::NotSourcing,
            _ => Verdict::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a watch makes of one word after the other: when it was said, what, and when QUEUES had heard of CASES, in ms; an
    /// answer took 40 ms.
    fn verdicts(words: &[(u64, Option<(u64, u64)>)]) -> Vec<Verdict> {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let mut watch = Watch::begun(began);
        let heard = |ms| (at(ms), at(ms + 40));
        let said = |word: Option<(u64, u64)>| word.map(|(lag, ms)| Sourcing { lag, heard: heard(ms) });
        words.iter().map(|(now, word)| watch.told(said(*word), at(*now))).collect()
    }

    #[test]
    fn that_nothing_is_to_come_is_not_believed_of_a_question_just_asked() {
        use Verdict::{Sourced, Wait};
        let asked = [(0, None), (40_000, Some((0, 39_990))), (40_050, Some((0, 40_020)))];
        assert_eq!(verdicts(&asked), [Wait, Wait, Wait]);
        let heard = [(0, Some((0, 10))), (50, Some((0, 45))), (1_020, Some((0, 1_010)))];
        assert_eq!(verdicts(&heard), [Wait, Wait, Sourced]);
        let came = [(0, Some((0, 10))), (50, Some((7, 50))), (2_000, Some((0, 2_000))), (3_000, Some((0, 2_990)))];
        assert_eq!(verdicts(&came), [Wait, Wait, Wait, Sourced]);
    }

    #[test]
    fn the_waiting_has_an_end() {
        use Verdict::{NotSourcing, Sourced, Wait};
        assert_eq!(verdicts(&[(29_000, Some((3, 29_000))), (31_000, Some((2, 31_000)))]), [Wait, Sourced]);
        assert_eq!(verdicts(&[(119_000, None), (121_000, None)]), [Wait, NotSourcing]);
    }
}
