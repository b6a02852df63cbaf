//! The envelopes of open dead letters, carried on before they age out of INTAKE: a record in quarantine must not vanish while
//! nobody has dealt with it. The envelope is stored once more, sealed as it is and marked, so that the pipeline passes it
//! over, and its letters point to it from then on. What dies half-way is carried once more, and the copy nobody points to
//! ages out.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::super::dead::{Buried, DeadLetter, page_of, write};
use super::super::envelope::mark_carried;
use super::super::store::store_error;
use super::{A_PAGE, Replay, ReplayError};
use crate::engine::batch::{OutMessage, commit_batch};
use crate::engine::read::{self, ReadError, StoredMessage};
use crate::engine::streams::{INTAKE, LEASE_TTL};
use crate::lease::Lease;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Carried on when less than this part of its time is left: by then `HuiliuDeadLettersOld` has told a person.
const LEFT: u32 = 5;
/// One gateway looks so often in the time of an envelope, but once a day at least.
const LOOKS: u32 = 20;

/// An open letter, and where it lies.
type Open = (u64, DeadLetter);

/// Carries on what is about to go, until told to stop.
pub async fn run(replay: Replay, shutdown: CancellationToken) {
    let lease = Lease::new(replay.jetstream.clone(), "quarantine".into());
    loop {
        let round = async {
            match lease.hold(replay.carry_on()).await {
                Some(Ok(pause)) => pause,
                Some(Err(error)) => {
                    tracing::warn!(%error, "envelopes of dead letters could not be carried on; it is tried again");
                    LEASE_TTL
                }
                None => LEASE_TTL,
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
        let _alone = self.alone()?;
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

    /// Open letters by the envelope they point to.
    async fn open(&self) -> Result<BTreeMap<u64, Vec<Open>>, ReadError> {
        let mut open: BTreeMap<u64, Vec<Open>> = BTreeMap::new();
        let mut from = 1;
        loop {
            let page = page_of(&self.jetstream, from, A_PAGE).await?;
            let Some(last) = page.last() else { return Ok(open) };
            from = last.sequence + 1;
            for Buried { sequence, letter, .. } in page {
                let Some(letter) = letter else { continue };
                let Some(envelope) = letter.intake_sequence else { continue };
                open.entry(envelope).or_default().push((sequence, letter));
            }
        }
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
            let letter = DeadLetter { intake_sequence: Some(stored), ..letter };
            write(&self.jetstream, &letter).await.map_err(ReplayError::Write)?;
            self.remove(place).await?;
        }
        tracing::info!(former, stored, "envelope {former} of a dead letter was carried on as {stored}");
        Ok(())
    }
}
