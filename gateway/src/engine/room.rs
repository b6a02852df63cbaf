//! Whether new reports can be taken: free space where the store lies, the limits of its account, and what the server says of
//! its own health. A stream that met a full disk takes nothing any more, also when there is room again, until the server is
//! started again: so intake stops while there is a reserve left, and what was taken already can still be routed, signed for
//! and answered. Nothing here may touch what is stored.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::account::Account;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::inquiry::Inquiry;

/// A second of the fastest intake is a small part of any sensible reserve.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many looks a server may be unwell before it is started again; each time in vain, twice as many.
const PATIENT_LOOKS: u32 = 3;
const MOST_PATIENT_LOOKS: u32 = 300;
const MIB: u64 = 1 << 20;
/// Hours of what departments and answers write.
const TO_START_AGAIN: u64 = 64 * MIB;

/// `Err` says why nothing new can be taken just now.
pub type Room = watch::Receiver<Result<(), String>>;

/// The disk that is looked at.
#[derive(Debug)]
pub struct Disk {
    /// A directory on it.
    pub directory: PathBuf,
    /// What lies there.
    pub holds: Holds,
}

/// What lies on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// What was taken in.
    Store,
    /// Only what this gateway keeps for itself; the store is with a server elsewhere.
    OwnFiles,
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.holds {
            Holds::Store => write!(f, "on the disk of the store ({})", self.directory.display()),
            Holds::OwnFiles => write!(f, "in data.dir of this gateway ({})", self.directory.display()),
        }
    }
}

/// Looks every second.
#[derive(Debug)]
pub struct Watch {
    engine: Engine,
    disk: Disk,
    reserve: u64,
    room: watch::Sender<Result<(), String>>,
    inquiry: Option<Inquiry>,
    unwell: u32,
    patience: u32,
}

impl Watch {
    /// Watches a disk, of which `reserve` bytes are to stay free, and the account's limits.
    #[must_use]
    pub fn new(engine: Engine, disk: Disk, reserve: u64) -> Self {
        let room = watch::Sender::new(Ok(()));
        let watch = Self { engine, disk, reserve, room, inquiry: None, unwell: 0, patience: PATIENT_LOOKS };
        watch.tell(watch.space(watch.free()));
        watch
    }

    /// What is known now, and from now on.
    #[must_use]
    pub fn room(&self) -> Room {
        self.room.subscribe()
    }

    /// Looks until shutdown.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let found = self.look().await;
            self.tell(found);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// A server that is away or slow is told of elsewhere.
    async fn look(&mut self) -> Result<(), String> {
        let health = self.health().await;
        let free = self.free();
        let space = self.space(free);
        match health {
            Some(Err(why)) => {
                if can_start_again(free, self.reserve) {
                    self.nurse();
                }
                return unwell(&why, space);
            }
            Some(Ok(())) => (self.unwell, self.patience) = (0, PATIENT_LOOKS),
            None => {}
        }
        space?;
        match self.engine.account().await {
            Some(account) => self.within_limits(&account),
            None => Ok(()),
        }
    }

    /// What the embedded server says of itself, if it answers.
    async fn health(&mut self) -> Option<Result<(), String>> {
        if self.inquiry.is_none() {
            self.inquiry = self.engine.inquiry().await;
        }
        self.inquiry.as_ref()?.health().await.ok()
    }

    /// There is room for what departments and answers write, and it is unwell all the same: only starting it again helps. It
    /// does not wait for the reserve to be whole: meanwhile the departments would stand still.
    fn nurse(&mut self) {
        self.unwell += 1;
        if self.unwell >= self.patience {
            self.engine.start_server_again();
            (self.unwell, self.patience) = (0, (self.patience * 2).min(MOST_PATIENT_LOOKS));
        }
    }

    /// How many bytes are free, if the disk says so.
    fn free(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.disk.directory);
        let disk = disk.inspect_err(|error| tracing::debug!(%error, "the disk does not say how full it is")).ok()?;
        let free = disk.f_bavail * disk.f_frsize;
        metrics::gauge!("huiliu_disk_free_bytes").set(free as f64);
        Some(free)
    }

    fn space(&self, free: Option<u64>) -> Result<(), String> {
        free.map_or(Ok(()), |free| enough(free, self.reserve, &self.disk.to_string()))
    }

    fn within_limits(&self, account: &Account) -> Result<(), String> {
        let most = account.limits.max_storage.and_then(|most| u64::try_from(most).ok()).filter(|most| *most > 0);
        let Some(most) = most else { return Ok(()) };
        // All of a small account would be a strange reserve.
        enough(most.saturating_sub(account.storage), self.reserve.min(most / 10), "within the limit of the account")
    }

    fn tell(&self, found: Result<(), String>) {
        metrics::gauge!("huiliu_intake_refused").set(if found.is_ok() { 0.0 } else { 1.0 });
        self.room.send_if_modified(|known| {
            match (&*known, &found) {
                (Ok(()), Err(why)) => tracing::error!(why, "no new reports are taken: {why}"),
                (Err(_), Ok(())) => tracing::info!("there is room again: reports are taken"),
                _ => {}
            }
            let changed = known.is_ok() != found.is_ok();
            *known = found;
            changed
        });
    }
}

/// Whether a server that is unwell may be started again: on a disk that is still full it would freeze again.
fn can_start_again(free: Option<u64>, reserve: u64) -> bool {
    free.is_none_or(|free| free >= TO_START_AGAIN.min(reserve))
}

/// All that keeps reports out.
fn unwell(why: &str, space: Result<(), String>) -> Result<(), String> {
    let too_little = space.err().map(|said| format!("; {said}")).unwrap_or_default();
    Err(format!("nats-server is not well: {why}{too_little}"))
}

fn enough(free: u64, reserve: u64, place: &str) -> Result<(), String> {
    if free >= reserve {
        return Ok(());
    }
    Err(format!(
        "{} MiB are free {place} and {} MiB are kept for what was taken already (data.reserve)",
        free / MIB,
        reserve / MIB
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(enough(5 * MIB, 5 * MIB, "here"), Ok(()));
        let said = "4 MiB are free here and 5 MiB are kept for what was taken already (data.reserve)";
        assert_eq!(enough(5 * MIB - 1, 5 * MIB, "here"), Err(said.to_owned()));
    }

    #[test]
    fn a_server_that_froze_is_started_again_before_the_reserve_is_whole() {
        let reserve = 1 << 30;
        for (free, expected) in [(0, false), (TO_START_AGAIN - 1, false), (TO_START_AGAIN, true), (reserve, true)] {
            assert_eq!(can_start_again(Some(free), reserve), expected, "{free} bytes");
        }
        assert!(can_start_again(None, reserve) && can_start_again(Some(8 * MIB), 8 * MIB));
    }

    #[test]
    fn both_reasons_are_told() {
        let said = unwell("JetStream is frozen", enough(100 * MIB, 1 << 30, "here")).expect_err("unwell");
        assert!(said.contains("frozen; 100 MiB are free here"), "{said}");
        assert_eq!(unwell("frozen", Ok(())), Err("nats-server is not well: frozen".to_owned()));
    }

    #[test]
    fn the_place_is_the_one_that_was_measured() {
        let said = |holds| Disk { directory: "/data".into(), holds }.to_string();
        assert_eq!(said(Holds::Store), "on the disk of the store (/data)");
        assert_eq!(said(Holds::OwnFiles), "in data.dir of this gateway (/data)");
    }
}
