//! A lane of the ledger: takes what has queued, loads the cases, decides, commits the group, answers. On a conflict the
//! culprit's case is read again and decided again; on an unknown outcome everything is looked up again, and the causes in
//! the log tell what had been stored.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use huiliu_schemas::{CaseId, SourceId, subjects};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::group::{Group, Working};
use super::history::{OpenedCase, Owned, load, open_case, owned, until_read};
use super::{LedgerError, Loaded, Pending, Settled, Shared};
use crate::desk::{Desk, Job, Told, Work};
use crate::engine::batch::{BatchAck, BatchError, commit_batch};
use crate::engine::read;
use crate::engine::streams::CASES;
use crate::keys::{KeyError, NamedKey, tellings};
use crate::traces::Key;
use crate::vault::{self, DataKey};

/// At up to six messages a new case, most of what one batch may take; more gains nothing and costs memory.
const JOBS_AT_ONCE: usize = 140;

/// From the beginning of one batch to that of the next, unless the next is full. A batch by itself costs as much as many
/// cases in it: in a steady flow, few batches.
const PACE: Duration = Duration::from_millis(10);
/// With more senders than this at the door a lane rests between its batches, this many times as long as the last one took
/// but no longer than that: what is stored can wait for a moment, who has no receipt yet cannot.
const CROWD: usize = 8;
const REST: u32 = 2;
const LONGEST_REST: Duration = Duration::from_millis(250);
/// So long a lane waits for the read model between two batches.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Settles jobs until nobody can send any more.
pub(super) async fn run(shared: Shared, mut jobs: mpsc::Receiver<Pending>) {
    let mut taken = Vec::with_capacity(JOBS_AT_ONCE);
    while jobs.recv_many(&mut taken, JOBS_AT_ONCE).await > 0 {
        let began = Instant::now();
        settle(&shared, taken.drain(..).collect()).await;
        if shared.crowd.size() > CROWD {
            sleep((began.elapsed() * REST).min(LONGEST_REST)).await;
        } else if jobs.len() < JOBS_AT_ONCE {
            sleep_until(began + PACE).await;
        }
        let_read(&shared).await;
    }
}

/// Waits a little where the read model will soon have missed what was written last: to have it all read back from the server
/// costs both of them more.
async fn let_read(shared: &Shared) {
    let until = Instant::now() + LONGEST_WAIT;
    while shared.tail.is_filling() {
        if Instant::now() >= until {
            return shared.tail.give_up();
        }
        sleep(PACE).await;
    }
}

async fn settle(shared: &Shared, mut waiting: VecDeque<Pending>) {
    let mut round = Round::default();
    while !waiting.is_empty() {
        match attempt(shared, &mut waiting, &mut round).await {
            Ok(()) => round.pause = Pause::default(),
            Err(Setback::Again) => {}
            Err(Setback::Wait(why)) => {
                tracing::warn!(why, jobs = waiting.len(), "the ledger waits for the server");
                round.pause.wait().await;
            }
            Err(Setback::Fatal(error)) if waiting.len() == 1 || round.one_by_one => {
                if let Some(pending) = waiting.pop_front() {
                    answer(pending, Err(error));
                }
            }
            Err(Setback::Fatal(_)) => round.one_by_one = true,
        }
    }
}

/// What a group must remember from one attempt to the next.
#[derive(Default)]
struct Round {
    /// Cases that exist although none of their numbers is known (a batch half kept by a power cut).
    look: HashSet<CaseId>,
    /// Records that contradict the case they would join, by their own number: each is a case of its own, and the number is
    /// that case's, whoever named it before.
    apart: HashSet<String>,
    /// Something in the group cannot be stored: find out which by going one at a time.
    one_by_one: bool,
    pause: Pause,
}

enum Setback {
    /// Somebody else was first: decide again at once.
    Again,
    /// The server is away or busy.
    Wait(String),
    /// It cannot be done.
    Fatal(LedgerError),
}

impl From<LedgerError> for Setback {
    fn from(error: LedgerError) -> Self {
        Self::Fatal(error)
    }
}

async fn attempt(shared: &Shared, waiting: &mut VecDeque<Pending>, round: &mut Round) -> Result<(), Setback> {
    let take = if round.one_by_one { 1 } else { waiting.len() };
    let ring = vault::new_ring().map_err(|error| LedgerError::Refused(error.to_string()))?;
    let mut group = Group::new(&shared.desk, ring, Timestamp::now());
    let ids = identify(shared, &mut group, waiting.iter().take(take).map(|p| &p.job), round).await?;
    gather(shared, &mut group, waiting.iter().map(|p| &p.job).zip(&ids), round).await?;
    let mut fits = 0;
    for (pending, id) in waiting.iter_mut().zip(&ids) {
        if !group.add(&pending.job, *id, &mut pending.step)? {
            break;
        }
        fits += 1;
    }
    if shared.in_company {
        confirm(shared, &group, round).await?;
    }
    let strangers = group.strangers(waiting.iter().map(|p| &p.job));
    if !strangers.is_empty() {
        round.apart.extend(strangers);
        return Err(Setback::Again);
    }
    complete(shared, &mut group, waiting.iter().map(|p| &p.job)).await?;
    let messages = group.messages.len();
    if let Some(ack) = commit(shared, &group, round).await? {
        let (messages, decided) = group.take_messages();
        shared.tail.push(ack, messages, decided);
    }
    let as_of = *shared.tail.end().borrow();
    for (mut pending, draft) in waiting.drain(..fits).zip(group.drafts) {
        pending.step.count(Key::Batch, messages);
        for dead in draft.dead {
            let _nobody_sweeps = shared.dead.send(dead);
        }
        let settled = Settled { case_id: draft.case_id, case: draft.after, result: draft.result, as_of };
        answer(pending, Ok(settled));
    }
    Ok(())
}

/// Where something is appended, the log compares; a refusal, or that there is nothing new, rests on what was known here of a
/// case, and another gateway may have written since.
async fn confirm(shared: &Shared, group: &Group<'_>, round: &mut Round) -> Result<(), Setback> {
    let asked = group
        .judged_by_memory()
        .into_iter()
        .map(async |(id, known)| Ok::<_, LedgerError>((id, end_in_log(shared, id).await? > known)));
    let moved_on: Vec<CaseId> =
        try_join_all(asked).await?.into_iter().filter(|(_, moved_on)| *moved_on).map(|(id, _)| id).collect();
    if moved_on.is_empty() {
        return Ok(());
    }
    for id in moved_on {
        shared.cache.forget(&id);
        round.look.insert(id);
    }
    // The copy that answers next may be behind as well.
    round.pause.wait().await;
    Err(Setback::Again)
}

/// Of a batch that a power cut interrupted, the event may be there and the numbers not: when the record comes again, those
/// of its numbers are stored that its case knows and nobody has.
async fn complete<'j>(
    shared: &Shared,
    group: &mut Group<'_>,
    jobs: impl Iterator<Item = &'j Job>,
) -> Result<(), LedgerError> {
    let numbers = group.numbers_in_doubt(jobs);
    if numbers.is_empty() {
        return Ok(());
    }
    let sources: Vec<SourceId> = numbers.iter().map(|(_, source)| source.clone()).collect();
    let owned = owned(&shared.reading, &sources).await?;
    let is_free = |source: &SourceId| {
        let subject = subjects::alias(source);
        !owned.contains_key(&subject) || group.given_up.contains_key(&subject)
    };
    let free: Vec<_> = numbers.into_iter().filter(|(_, source)| is_free(source)).collect();
    group.add_numbers(free);
    Ok(())
}

fn answer(mut pending: Pending, settled: Result<Settled, LedgerError>) {
    pending.step.settled(&settled);
    if pending.reply.send(settled).is_err() {
        tracing::debug!(cause = %pending.job.cause, "nobody waits for the answer any more");
    }
}

/// Which case each job is about: for records, whose numbers they carry.
async fn identify<'j>(
    shared: &Shared,
    group: &mut Group<'_>,
    jobs: impl Iterator<Item = &'j Job>,
    round: &Round,
) -> Result<Vec<CaseId>, Setback> {
    let jobs: Vec<&Job> = jobs.collect();
    let records = jobs.iter().filter_map(|job| match &job.work {
        Work::Record(record) => Some(&record.submission),
        _ => None,
    });
    let sources: Vec<SourceId> = records.clone().flat_map(|submission| submission.numbers().cloned()).collect();
    let mut owned = owned(&shared.reading, &sources).await?;
    for source in records.map(|submission| &submission.source) {
        let own = subjects::alias(source);
        let begun = |owned: &Owned| owned.by == CaseId::of(source);
        if round.apart.contains(&own) && !owned.get(&own).is_none_or(begun) {
            group.given_up.extend(owned.remove_entry(&own));
        }
    }
    group.owners = owned.into_iter().map(|(subject, owned)| (subject, owned.by)).collect();
    let mut within: HashMap<String, CaseId> = HashMap::new();
    Ok(jobs.iter().map(|job| identity(job, &group.owners, &mut within, &round.apart)).collect())
}

fn identity(
    job: &Job,
    owners: &HashMap<String, CaseId>,
    within: &mut HashMap<String, CaseId>,
    apart: &HashSet<String>,
) -> CaseId {
    match &job.work {
        Work::Command { case, .. } | Work::Delivery { case, .. } | Work::Link { case, .. } => *case,
        Work::Record(record) => {
            let known: Vec<String> = record.submission.numbers().map(subjects::alias).collect();
            let owner = match known.first().filter(|own| apart.contains(*own)) {
                Some(own) => owners.get(own).copied(),
                None => known.iter().find_map(|s| owners.get(s).or_else(|| within.get(s)).copied()),
            };
            let id = owner.unwrap_or_else(|| CaseId::of(&record.submission.source));
            for subject in known {
                within.entry(subject).or_insert(id);
            }
            id
        }
    }
}

/// Every case of the group, with its key and, where it may be routed, its words. Most are new or remembered.
async fn gather<'j>(
    shared: &Shared,
    group: &mut Group<'_>,
    jobs: impl Iterator<Item = (&'j Job, &CaseId)>,
    round: &Round,
) -> Result<(), Setback> {
    let mut by_case: HashMap<CaseId, Vec<&Job>> = HashMap::new();
    for (job, id) in jobs {
        by_case.entry(*id).or_default().push(job);
    }
    let owned: HashSet<CaseId> = group.owners.values().copied().collect();
    let exists = |id: &CaseId, jobs: &[&Job]| {
        owned.contains(id) || round.look.contains(id) || jobs.iter().any(|j| !matches!(j.work, Work::Record(_)))
    };
    let mut loads = Vec::new();
    let mut gathered = Vec::with_capacity(by_case.len());
    for (id, jobs) in by_case {
        if !exists(&id, &jobs) {
            gathered.push((id, None, Told::default()));
            continue;
        }
        match at_hand(shared, id, &jobs) {
            Some(loaded) if !needs_told(&loaded, &jobs) => gathered.push((id, Some(loaded), Told::default())),
            known => loads.push(fetch(shared, id, known, jobs)),
        }
    }
    gathered.extend(try_join_all(loads).await?);
    for (id, loaded, told) in gathered {
        let (key, fresh) = key_for(shared, id, loaded.as_deref(), &group.ring).await?;
        group.cases.insert(id, Working::new(loaded, key, fresh, told));
    }
    Ok(())
}

/// The case as it is remembered, unless a sender saw more of it: another gateway may have written that.
fn at_hand(shared: &Shared, id: CaseId, jobs: &[&Job]) -> Option<Arc<Loaded>> {
    let behind = |loaded: &Loaded| jobs.iter().any(|j| j.seen().is_some_and(|seen| seen > loaded.last_sequence));
    shared.cache.get(&id).filter(|loaded| !behind(loaded))
}

fn needs_told(loaded: &Loaded, jobs: &[&Job]) -> bool {
    jobs.iter().any(|job| Desk::needs_told(job, &loaded.case))
}

/// Reads a case that is not known, and its words where they are needed.
async fn fetch(
    shared: &Shared,
    id: CaseId,
    known: Option<Arc<Loaded>>,
    jobs: Vec<&Job>,
) -> Result<(CaseId, Option<Arc<Loaded>>, Told), LedgerError> {
    let loaded = match known {
        Some(known) => Some(known),
        None => load(&shared.reading, id).await?.map(Arc::new),
    };
    if !loaded.as_ref().is_some_and(|loaded| needs_told(loaded, &jobs)) {
        return Ok((id, loaded, Told::default()));
    }
    let known = loaded.map_or(0, |l| l.last_sequence);
    let as_of = |opened: &OpenedCase| opened.loaded.last_sequence;
    let copy = || open_case(&shared.reading, &shared.keys, id);
    let opened = not_behind(id, known, as_of, copy, || end_in_log(shared, id)).await?;
    if opened.as_ref().map_or(0, as_of) < known {
        // Else it would be kept, as the newer.
        shared.cache.forget(&id);
    }
    let Some(opened) = opened else { return Ok((id, None, Told::default())) };
    let told = Told { merged: opened.told, each: tellings(opened.events) };
    Ok((id, Some(Arc::new(opened.loaded)), told))
}

/// What is read of a case that is known up to there: any copy of the log may answer, one that is behind too. Where the log
/// itself ends before, no copy will ever reach as far: then what it still has.
async fn not_behind<T, R, E>(
    id: CaseId,
    mut known: u64,
    as_of: fn(&T) -> u64,
    mut read: impl FnMut() -> R,
    end_in_log: impl Fn() -> E,
) -> Result<Option<T>, LedgerError>
where
    R: Future<Output = Result<Option<T>, LedgerError>>,
    E: Future<Output = Result<u64, LedgerError>>,
{
    let mut pause = Pause::default();
    loop {
        let found = read().await?;
        if found.as_ref().map_or(0, as_of) >= known {
            return Ok(found);
        }
        if pause.is_long() {
            let end = end_in_log().await?;
            if end < known {
                tracing::error!(case = %id, known, end, "the log has lost the end of case {id}, which was read before");
                known = end;
            } else {
                tracing::warn!(case = %id, known, "case {id} waits for a copy of the log that is not behind");
            }
        }
        pause.wait().await;
    }
}

/// The sequence of the last message of a case as the leader of the log has it; 0 where it has none.
pub(super) async fn end_in_log(shared: &Shared, id: CaseId) -> Result<u64, LedgerError> {
    let subject = subjects::case(id);
    let last = until_read(|| read::last_from_leader(&shared.reading, CASES, &subject)).await?;
    Ok(last.map_or(0, |message| message.sequence))
}

/// The case's data key, or a fresh one where it has none (or where it was destroyed: then nothing old opens with it).
async fn key_for(
    shared: &Shared,
    id: CaseId,
    loaded: Option<&Loaded>,
    ring: &str,
) -> Result<(NamedKey, bool), Setback> {
    if let Some(kid) = loaded.and_then(|l| l.kid.clone()) {
        match shared.keys.get(id, &kid).await {
            Ok(Some(key)) => return Ok((NamedKey { kid, key }, false)),
            Ok(None) => {}
            Err(KeyError::Read(error)) => return Err(Setback::Wait(error.to_string())),
            Err(error) => {
                return Err(LedgerError::Unreadable { case: id, reason: error.to_string() }.into());
            }
        }
    }
    let key = DataKey::random().map_err(|e| LedgerError::Unreadable { case: id, reason: e.to_string() })?;
    Ok((NamedKey { kid: ring.to_owned(), key }, true))
}

async fn commit(shared: &Shared, group: &Group<'_>, round: &mut Round) -> Result<Option<BatchAck>, Setback> {
    if group.messages.is_empty() {
        return Ok(None);
    }
    store_keys(shared, group).await?;
    let _under_way = shared.batches.read().await;
    let began = Instant::now();
    match commit_batch(&shared.jetstream, &group.messages).await {
        Ok(ack) => {
            metrics::histogram!("huiliu_ledger_commit_seconds").record(began.elapsed().as_secs_f64());
            metrics::histogram!("huiliu_ledger_batch_messages").record(group.messages.len() as f64);
            for (id, loaded) in group.committed(ack) {
                shared.remember(id, loaded);
            }
            shared.owners.extend(group.owners.iter().map(|(subject, id)| (subject.clone(), *id)));
            Ok(Some(ack))
        }
        Err(error) => Err(set_back(shared, group, round, error).await),
    }
}

async fn store_keys(shared: &Shared, group: &Group<'_>) -> Result<(), Setback> {
    match shared.keys.store(&group.ring, &group.fresh_keys()).await {
        Ok(()) => Ok(()),
        Err(KeyError::Store(error)) if error.is_full() => Err(LedgerError::Full(error.to_string()).into()),
        Err(KeyError::Store(BatchError::Rejected { code, description })) => {
            // They are stored for all cases alike: no record is to blame.
            Err(Setback::Wait(format!("data keys: {description} ({code})")))
        }
        Err(error) => Err(Setback::Wait(error.to_string())),
    }
}

async fn set_back(shared: &Shared, group: &Group<'_>, round: &mut Round, error: BatchError) -> Setback {
    match error {
        BatchError::Conflict { last_sequence } => {
            metrics::counter!("huiliu_ledger_conflicts_total").increment(1);
            resolve_conflict(shared, group, round, last_sequence).await;
            Setback::Again
        }
        BatchError::Busy(why) => Setback::Wait(why),
        BatchError::Unknown(why) => {
            forget_all(shared, group, round);
            Setback::Wait(why)
        }
        BatchError::Rejected { .. } if error.is_full() => LedgerError::Full(error.to_string()).into(),
        BatchError::Rejected { .. } => LedgerError::Refused(error.to_string()).into(),
    }
}

/// The error names a sequence: whose message it is tells which case must be read again.
async fn resolve_conflict(shared: &Shared, group: &Group<'_>, round: &mut Round, sequence: Option<u64>) {
    let subject = match sequence.filter(|s| *s > 0) {
        Some(sequence) => read::at_sequence(&shared.jetstream, CASES, sequence).await.ok().flatten().map(|m| m.subject),
        None => None,
    };
    let culprit = subject.as_deref().and_then(|s| group.culprit(s)).and_then(|at| group.drafts.get(at));
    match culprit {
        Some(draft) => {
            tracing::debug!(case = %draft.case_id, subject, "somebody else wrote first; deciding again");
            shared.cache.forget(&draft.case_id);
            round.look.insert(draft.case_id);
        }
        None => {
            forget_all(shared, group, round);
            round.pause.wait().await;
        }
    }
}

/// Nothing remembered can be trusted: read every case of the group again.
fn forget_all(shared: &Shared, group: &Group<'_>, round: &mut Round) {
    for id in group.cases.keys() {
        shared.cache.forget(id);
        round.look.insert(*id);
    }
}

/// Backoff for as long as it takes: from 20 ms to 2 s.
#[derive(Default)]
pub(super) struct Pause(u32);

impl Pause {
    /// Whether it has been tried for seconds.
    pub(super) fn is_long(&self) -> bool {
        self.0 >= 7
    }

    pub(super) async fn wait(&mut self) {
        let step = Duration::from_millis(20 * (1 << self.0.min(7)));
        self.0 += 1;
        sleep(step.min(Duration::from_secs(2))).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::iter::repeat_n;

    use super::*;

    /// What is read of a case known up to 7, of which the leader of the log has `end`.
    async fn read(copies: impl IntoIterator<Item = Option<u64>>, end: u64) -> Option<u64> {
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let mut copies = copies.into_iter();
        let copy = || ready(Ok(copies.next().expect("not asked so often")));
        not_behind(id, 7, |sequence| *sequence, copy, || ready(Ok(end))).await.expect("read")
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_of_the_log_that_is_behind_is_not_believed() {
        assert_eq!(read([None, Some(6), Some(7), Some(8)], 8).await, Some(7));
        let long = repeat_n(Some(6), 20);
        assert_eq!(read(long.chain([Some(7)]), 7).await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_log_itself_has_lost_is_not_waited_for() {
        let many = |copy| repeat_n(copy, 20);
        assert_eq!(read(many(Some(6)), 6).await, Some(6));
        assert_eq!(read(many(None), 0).await, None);
        let behind = repeat_n(Some(5), 12);
        assert_eq!(read(behind.chain([Some(6)]), 6).await, Some(6), "a copy of what is left may be behind too");
    }
}
