//! The envelopes of open dead letters, carried on before they age out of INTAKE: a record in quarantine must not vanish while
//! nobody has dealt with it. The envelope is stored once more, sealed as it is and marked, so that the pipeline passes it
//! over, and its letters are written anew to point to it. What dies half-way is carried once more, and the copy nobody
//! points to ages out; a letter that was written anew by then is not written again.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::super::dead::{A_PAGE, DeadLetter, at, carried, carried_from, write};
use super::super::envelope::mark_carried;
use super::super::store::store_error;
use super::{Replay, ReplayError};
use crate::engine::batch::{OutMessage, commit_batch};
use crate::engine::read::{self, ReadError, StoredMessage};
use crate::engine::streams::{DEAD, INTAKE, LEASE_TTL};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Carried on when less than this part of its time is left: by then `HuiliuDeadLettersOld` has told a person.
const LEFT: u32 = 5;
/// One gateway looks so often in the time of an envelope, but once a day at least.
const LOOKS: u32 = 20;

/// An open letter, and where it lies.
type Open = (u64, DeadLetter);

/// Carries on what is about to go, until told to stop.
pub async fn run(replay: Replay, shutdown: CancellationToken) {
    loop {
        let round = async {
            match replay.alone(replay.carry_on()).await {
                Ok(pause) => pause,
                Err(ReplayError::Already) => LEASE_TTL,
                Err(error) => {
                    tracing::warn!(%error, "envelopes of dead letters could not be carried on; it is tried again");
                    LEASE_TTL
                }
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            pause = round => tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            },
        }
    }
}

impl Replay {
    /// Carries on what is about to go, and says when to look again.
    async fn carry_on(&self) -> Result<Duration, ReplayError> {
        let away = |e: String| ReadError::Away { stream: INTAKE.into(), reason: e };
        let intake = self.jetstream.get_stream(INTAKE).await.map_err(|e| away(e.to_string()))?;
        let (time, first) = (intake.cached_info().config.max_age, intake.cached_info().state.first_sequence);
        if time.is_zero() {
            return Ok(DAY);
        }
        let young = SignedDuration::try_from(time - time / LEFT).unwrap_or(SignedDuration::MAX);
        for (sequence, letters) in self.open().await?.split_off(&first) {
            let Some(envelope) = read::at_sequence(&self.jetstream, INTAKE, sequence).await? else { continue };
            if Timestamp::now().duration_since(envelope.time) < young {
                break;
            }
            self.carry(envelope, letters).await?;
        }
        Ok(DAY.min(time / LOOKS))
    }

    /// Open letters by the envelope they point to. One that was written anew and is there still is removed.
    async fn open(&self) -> Result<BTreeMap<u64, Vec<Open>>, ReplayError> {
        let mut letters: BTreeMap<u64, DeadLetter> = BTreeMap::new();
        let mut from = 1;
        loop {
            let page = read::page_from(&self.jetstream, DEAD, ">", from, A_PAGE).await?.messages;
            let Some(last) = page.last() else { break };
            from = last.sequence + 1;
            for message in page {
                if let Some(former) = carried_from(&message)
                    && letters.remove(&former).is_some()
                {
                    self.remove(former).await?;
                }
                letters.extend(serde_json::from_slice(&message.payload).ok().map(|letter| (message.sequence, letter)));
            }
        }
        let mut open: BTreeMap<u64, Vec<Open>> = BTreeMap::new();
        for (place, letter) in letters {
            if let Some(envelope) = letter.intake_sequence {
                open.entry(envelope).or_default().push((place, letter));
            }
        }
        Ok(open)
    }

    async fn carry(&self, envelope: StoredMessage, letters: Vec<Open>) -> Result<(), ReplayError> {
        let former = envelope.sequence;
        let mut headers = HeaderMap::new();
        for (name, values) in envelope.headers.iter().filter(|(name, _)| !name.to_string().starts_with("Nats-")) {
            values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
        }
        mark_carried(&mut headers, former);
        let (subject, payload) = (envelope.subject, envelope.payload);
        let copy = OutMessage { subject, headers, payload, expect_last_subject_sequence: None };
        let stored = commit_batch(&self.jetstream, &[copy]).await.map_err(store_error)?.last_sequence;
        for (place, letter) in letters {
            // Read from a copy of DEAD that is behind, it may have been dealt with.
            if at(&self.jetstream, place).await?.is_none() {
                continue;
            }
            let letter = DeadLetter { intake_sequence: Some(stored), ..letter };
            write(&self.jetstream, &letter, carried(place)).await.map_err(ReplayError::Write)?;
            self.remove(place).await?;
        }
        tracing::info!(former, stored, "envelope {former} of a dead letter was carried on as {stored}");
        Ok(())
    }
}
