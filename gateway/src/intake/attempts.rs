//! Envelopes of which this gateway dies. Which ones it has in hand stands in a file, written without a sync: that outlives
//! the process, though not the machine. What the next process finds there was in hand when this one died: it is taken up
//! with few others, then alone, and after some such deaths it is given up, unless a process outlived it meanwhile. A kill or
//! a power cut convicts nobody: the same envelope would have to be in hand each time, the last times as the only one.
//!
//! How often the server delivered an envelope says nothing: it counts what was given back for want of room, and forgets
//! what it counted just before it died with its gateway.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::doors::credentials::write_private;

/// So many processes may die with one in hand that none outlived: beside all, among few, and three times alone.
const MOST: u32 = 5;
/// So many envelopes that were in hand when a process died may be so together.
const FEW: usize = 50;
/// No more are remembered: what was put down before its suspicion was written off never comes again.
const MOST_SUSPECTS: usize = 4_000;
/// A place in the file holds the sequence of an envelope, or nothing.
const PLACE: usize = size_of::<u64>();

/// What is known of envelopes in hand, and of those that were when a process died.
#[derive(Debug)]
pub struct Attempts {
    /// The envelopes in hand, a place for each.
    in_hand: Arc<InHand>,
    /// Of how many deaths each is suspected.
    suspects: Mutex<BTreeMap<u64, u32>>,
    suspects_file: PathBuf,
}

#[derive(Debug)]
struct InHand {
    file: File,
    free: Mutex<Vec<usize>>,
}

/// An envelope in hand, until this is let go.
#[derive(Debug)]
pub(super) struct Held {
    in_hand: Arc<InHand>,
    place: Option<usize>,
}

/// How carefully an envelope is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Beside all others.
    None,
    /// With few others: a process died with it in hand.
    AmongFew,
    /// With no other: several did.
    Alone,
}

impl Care {
    fn of(deaths: u32) -> Self {
        match deaths {
            0 => Self::None,
            1 => Self::AmongFew,
            _ => Self::Alone,
        }
    }

    /// For how many it counts, where so many may be in hand.
    pub fn weight(self, of: usize) -> u32 {
        let weight = match self {
            Self::None => 1,
            Self::AmongFew => of / FEW,
            Self::Alone => of,
        };
        u32::try_from(weight).unwrap_or(u32::MAX)
    }
}

impl Attempts {
    /// Finds in the data directory what the process before had in hand when it died, and makes room for so many.
    ///
    /// # Errors
    /// Where the files can be neither read nor written.
    pub fn open(data: &Path, most: usize) -> io::Result<Self> {
        let suspects_file = data.join("suspects.json");
        let path = data.join("in-hand");
        let held = read(&path)?.map_or_else(Vec::new, |bytes| held_in(&bytes));
        // What does not read is of no more use than nothing: a power cut may have left it half written.
        let before = read(&suspects_file)?.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let suspects = suspected(before, &held);
        save(&suspects_file, &suspects)?;
        let empty = vec![0; most * PLACE];
        let file = File::options().write(true).create(true).truncate(false).open(&path)?;
        file.write_all_at(&empty, 0)?;
        file.set_len(empty.len() as u64)?;
        let in_hand = Arc::new(InHand { file, free: Mutex::new((0..most).collect()) });
        Ok(Self { in_hand, suspects: Mutex::new(suspects), suspects_file })
    }

    /// How carefully this one is to be taken up.
    pub(super) fn care(&self, sequence: u64) -> Care {
        Care::of(self.deaths(sequence))
    }

    /// How many processes died of it, if that is enough to give it up.
    pub(super) fn convicted(&self, sequence: u64) -> Option<u32> {
        Some(self.deaths(sequence)).filter(|deaths| *deaths >= MOST)
    }

    /// Notes that it is in hand.
    pub(super) fn take_up(&self, sequence: u64) -> Held {
        let place = locked(&self.in_hand.free).pop();
        let held = Held { in_hand: Arc::clone(&self.in_hand), place };
        held.write(sequence);
        held
    }

    /// It was put down and we live: whatever became of it, it is not what a process dies of.
    pub(super) fn outlived(&self, sequence: u64) {
        let mut suspects = locked(&self.suspects);
        let Some(deaths) = suspects.remove(&sequence) else { return };
        // Of one death hundreds are suspected: they are written off together, the last of them with all.
        if (deaths > 1 || suspects.is_empty())
            && let Err(error) = save(&self.suspects_file, &suspects)
        {
            tracing::warn!(sequence, %error, "it cannot be written down that this gateway does not die of an envelope");
        }
    }

    fn deaths(&self, sequence: u64) -> u32 {
        locked(&self.suspects).get(&sequence).copied().unwrap_or_default()
    }
}

impl Held {
    fn write(&self, sequence: u64) {
        let Some(place) = self.place else { return };
        let at = (place * PLACE) as u64;
        if let Err(error) = self.in_hand.file.write_all_at(&sequence.to_le_bytes(), at) {
            tracing::warn!(sequence, %error, "it cannot be written down that an envelope is in hand");
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What breaks down with this in hand ends the gateway: to the next one it died of this.
        if std::thread::panicking() {
            return;
        }
        self.write(0);
        locked(&self.in_hand.free).extend(self.place);
    }
}

/// One more death for each that was in hand. The others stay suspected: what else was deadly must not make them be forgotten.
fn suspected(before: BTreeMap<u64, u32>, held: &[u64]) -> BTreeMap<u64, u32> {
    let again = held.iter().map(|sequence| (*sequence, before.get(sequence).copied().unwrap_or_default() + 1));
    let again: BTreeMap<u64, u32> = again.collect();
    again.iter().filter(|(_, deaths)| Care::of(**deaths) == Care::Alone).for_each(|(sequence, deaths)| {
        tracing::warn!(sequence, deaths, "envelope {sequence} was in hand when this gateway died: {deaths} of {MOST}");
    });
    let mut suspects: BTreeMap<u64, u32> = before.into_iter().chain(again).collect();
    while suspects.len() > MOST_SUSPECTS {
        suspects.pop_first();
    }
    suspects
}

fn held_in(bytes: &[u8]) -> Vec<u64> {
    let places = bytes.as_chunks::<PLACE>().0.iter().map(|place| u64::from_le_bytes(*place));
    places.filter(|sequence| *sequence > 0).collect()
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

fn save(path: &Path, suspects: &BTreeMap<u64, u32>) -> io::Result<()> {
    write_private(path, &serde_json::to_string(suspects)?)
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For the tests, and in no release: dies of an envelope that holds the text it is told to die of.
#[cfg(debug_assertions)]
pub(super) fn die_of(body: &[u8]) {
    let text = std::env::var("HUILIU_DIES_OF").unwrap_or_default();
    if !text.is_empty() && String::from_utf8_lossy(body).contains(&text) {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scratch::Scratch;

    /// A process that ends without putting down what it has in hand.
    fn dies_with(data: &Path, held: &[u64]) {
        let attempts = Attempts::open(data, 4).expect("opened");
        held.iter().for_each(|sequence| std::mem::forget(attempts.take_up(*sequence)));
    }

    #[test]
    fn what_processes_die_with_is_taken_up_ever_more_carefully_and_given_up() {
        let scratch = Scratch::new();
        let now = |sequence| {
            let attempts = Attempts::open(scratch.path(), 4).expect("opened");
            (attempts.care(sequence), attempts.convicted(sequence))
        };
        assert_eq!(now(7), (Care::None, None));
        dies_with(scratch.path(), &[6, 7]);
        // Another deadly one in between, before the first comes again: neither makes the other be forgotten.
        dies_with(scratch.path(), &[9]);
        dies_with(scratch.path(), &[7]);
        let attempts = Attempts::open(scratch.path(), 4).expect("opened");
        attempts.outlived(6);
        assert_eq!([6, 7, 9].map(|n| attempts.care(n)), [Care::None, Care::Alone, Care::AmongFew]);
        drop(attempts);
        (0..3).for_each(|_| dies_with(scratch.path(), &[7]));
        let attempts = Attempts::open(scratch.path(), 4).expect("opened");
        assert_eq!(attempts.convicted(7), Some(5));
        attempts.outlived(7);
        assert_eq!(now(7), (Care::None, None), "forgotten for good");
    }

    #[test]
    fn what_breaks_down_in_hand_stays_there() {
        let scratch = Scratch::new();
        let attempts = Attempts::open(scratch.path(), 4).expect("opened");
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _held = attempts.take_up(8);
            panic!("cut amiss");
        }));
        assert!(broken.is_err());
        drop(attempts);
        assert_eq!(Attempts::open(scratch.path(), 4).expect("opened").care(8), Care::AmongFew);
    }

    #[test]
    fn what_was_put_down_is_no_suspect() {
        let scratch = Scratch::new();
        let attempts = Attempts::open(scratch.path(), 1).expect("opened");
        let held = attempts.take_up(3);
        // More than there is room for: not noted, and nothing of the others is written over.
        drop(attempts.take_up(4));
        assert_eq!(held_in(&std::fs::read(scratch.path().join("in-hand")).expect("read")), [3]);
        drop(held);
        drop(attempts);
        let attempts = Attempts::open(scratch.path(), 1).expect("opened");
        assert_eq!([3, 4].map(|n| attempts.care(n)), [Care::None; 2]);
        std::mem::forget(attempts.take_up(5));
        // Cut in the middle of a place.
        let file = File::options().write(true).open(scratch.path().join("in-hand")).expect("opened");
        file.set_len(5).expect("cut");
        std::fs::write(scratch.path().join("suspects.json"), "{\"5\":").expect("cut");
        assert_eq!(Attempts::open(scratch.path(), 1).expect("opened").care(5), Care::None);
    }

    #[test]
    fn who_is_alone_leaves_room_for_nobody() {
        assert_eq!([Care::None, Care::AmongFew, Care::Alone].map(|care| care.weight(1_000)), [1, 20, 1_000]);
    }
}
