//! One group of jobs on its way into the log: decided one after the other on working copies of their cases, and turned
//! into the messages of one atomic batch. Nothing is sent from here.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_nats::HeaderMap;
use bytes::Bytes;
use huiliu_schemas::alias::Alias;
use huiliu_schemas::case::Case;
use huiliu_schemas::entry::Entry;
use huiliu_schemas::event::{Event, EventBody, payload_hash, payload_of};
use huiliu_schemas::lifecycle::{Decided, changed};
use huiliu_schemas::refusal::{Refusal, RefusalCode};
use huiliu_schemas::{CaseId, SourceId, subjects};
use jiff::Timestamp;

use super::history::Owned;
use super::{DeadEntry, JobResult, LedgerError, Loaded};
use crate::desk::{Desk, Job, Told, Work};
use crate::engine::batch::{BatchAck, MAX_BATCH, OutMessage};
use crate::keys::NamedKey;
use crate::traces::Step;
use crate::vault::DataKey;

/// More than this is not sent at once, unless one decision alone takes it.
const MAX_BYTES: usize = 8 << 20;

/// What is known of a case while the group is written.
pub(super) struct Working {
    loaded: Option<Arc<Loaded>>,
    case: Option<Arc<Case>>,
    last_hash: Option<String>,
    key: NamedKey,
    fresh_key: bool,
    told: Told,
    /// Index of its newest message of events among the group's messages.
    last_message: Option<usize>,
    /// The trace that began it.
    begun_in: Option<Arc<str>>,
}

impl Working {
    pub(super) fn new(loaded: Option<Arc<Loaded>>, key: NamedKey, fresh_key: bool, told: Told) -> Self {
        let case = loaded.as_ref().map(|l| l.case.clone());
        let last_hash = loaded.as_ref().map(|l| l.last_hash.clone());
        let begun_in = loaded.as_ref().and_then(|l| l.begun_in.clone());
        Self { loaded, case, last_hash, key, fresh_key, told, last_message: None, begun_in }
    }

    /// The refusal, where the job is to be done on a case as it was seen, and something has happened to it since. A job
    /// done before is not refused: its first answer stands.
    fn moved_on(&self, job: &Job) -> Option<Refusal> {
        let (seen, case) = (job.seen()?, self.case.as_deref()?);
        let now = self.loaded.as_ref().map(|l| l.last_sequence).filter(|_| self.last_message.is_none());
        if now == Some(seen) || case.causes.contains_key(&job.cause) {
            return None;
        }
        Some(changed(case, &job.actor))
    }
}

/// A job decided, waiting for the commit.
pub(super) struct Draft {
    pub case_id: CaseId,
    pub result: JobResult,
    pub after: Option<Arc<Case>>,
    pub dead: Vec<DeadEntry>,
    messages: std::ops::Range<usize>,
}

/// A decision as it will stand in the log.
struct Written {
    case: Case,
    last_hash: String,
    /// The subjects of numbers that had no owner.
    numbers: Vec<String>,
    messages: Vec<OutMessage>,
}

/// The group.
pub(super) struct Group<'a> {
    desk: &'a Desk,
    now: Timestamp,
    /// The ring for keys of new cases; another one for every attempt.
    pub ring: String,
    pub cases: HashMap<CaseId, Working>,
    /// Numbers that have an owner, by subject.
    pub owners: HashMap<String, CaseId>,
    /// Numbers that a case has only named and that turn out to be another's, by subject: the new owner's message follows
    /// the one that stands.
    pub given_up: HashMap<String, Owned>,
    pub messages: Vec<OutMessage>,
    bytes: usize,
    pub drafts: Vec<Draft>,
}

impl<'a> Group<'a> {
    pub(super) fn new(desk: &'a Desk, ring: String, now: Timestamp) -> Self {
        Self {
            desk,
            now,
            ring,
            cases: HashMap::new(),
            owners: HashMap::new(),
            given_up: HashMap::new(),
            messages: Vec::new(),
            bytes: 0,
            drafts: Vec::new(),
        }
    }

    /// Decides a job and writes its messages. `false`: the job must wait for the next batch, because this one is full, or
    /// because what the job must know was told in it.
    pub(super) fn add(&mut self, job: &Job, case_id: CaseId, step: &mut Step) -> Result<bool, LedgerError> {
        let Some(working) = self.cases.get(&case_id) else {
            return Err(LedgerError::Unreadable { case: case_id, reason: "it was not loaded".into() });
        };
        step.link(working.begun_in.as_deref());
        let before = working.case.clone();
        let is_new_to_it = |case: &Arc<Case>| working.last_message.is_some() && Desk::needs_told(job, case);
        if before.as_ref().is_some_and(is_new_to_it) {
            return Ok(false);
        }
        let decided = match working.moved_on(job) {
            Some(refusal) => Err(refusal),
            None => {
                let elsewhere = self.elsewhere(job, case_id);
                let decide = || self.desk.decide(job, case_id, before.as_deref(), &working.told, elsewhere, self.now);
                unbroken(case_id, decide)?
            }
        };
        step.decided();
        let start = self.messages.len();
        let result = match decided {
            Ok(Decided::Events(events)) => {
                if !self.write(case_id, &events, step)? {
                    return Ok(false);
                }
                JobResult::Appended(events.into())
            }
            Ok(Decided::Known(answer)) => JobResult::Known(answer),
            Ok(Decided::Nothing(why)) => JobResult::Nothing(why),
            Err(refusal) => JobResult::Refused(refusal),
        };
        let after = self.cases.get(&case_id).and_then(|w| w.case.clone());
        let dead = died(before.as_deref(), after.as_deref());
        self.drafts.push(Draft { case_id, result, after, dead, messages: start..self.messages.len() });
        Ok(true)
    }

    /// The other cases that have numbers a record names as its own.
    fn elsewhere(&self, job: &Job, case_id: CaseId) -> Vec<CaseId> {
        let Work::Record(record) = &job.work else { return Vec::new() };
        let owners =
            record.submission.numbers().map(subjects::alias).flat_map(|number| {
                [self.owners.get(&number).copied(), self.given_up.get(&number).map(|owned| owned.by)]
            });
        let others: BTreeSet<CaseId> = owners.flatten().filter(|owner| *owner != case_id).collect();
        others.into_iter().collect()
    }

    fn write(&mut self, case_id: CaseId, events: &[Event], step: &Step) -> Result<bool, LedgerError> {
        let start = self.messages.len();
        let Some(written) = unbroken(case_id, || self.written(case_id, events, step))?? else { return Ok(true) };
        let bytes: usize = written.messages.iter().map(|message| message.payload.len()).sum();
        if start > 0 && (start + written.messages.len() > MAX_BATCH || self.bytes + bytes > MAX_BYTES) {
            return Ok(false);
        }
        self.bytes += bytes;
        self.owners.extend(written.numbers.into_iter().map(|subject| (subject, case_id)));
        self.messages.extend(written.messages);
        if let Some(working) = self.cases.get_mut(&case_id) {
            working.case = Some(Arc::new(written.case));
            working.last_hash = Some(written.last_hash);
            if working.loaded.is_none() && working.last_message.is_none() {
                working.begun_in = step.header().map(Arc::from);
            }
            working.last_message = Some(start);
        }
        Ok(true)
    }

    /// What the events make of the case, and all that is to be stored of them; none where they begin no case.
    fn written(&self, case_id: CaseId, events: &[Event], step: &Step) -> Result<Option<Written>, LedgerError> {
        let Some(working) = self.cases.get(&case_id) else { return Ok(None) };
        let mut case = working.case.as_deref().cloned();
        for event in events {
            match &mut case {
                Some(case) => case.apply(event),
                None => case = Case::begin(event),
            }
        }
        let Some(case) = case else { return Ok(None) };
        let mut message = self.event_message(case_id, events)?;
        let last_hash = payload_hash(&message.payload);
        let aliases = self.alias_messages(case_id, events);
        let numbers = aliases.iter().map(|message| message.subject.clone()).collect();
        let mut entries = entry_messages(&case, events);
        entries.iter_mut().chain([&mut message]).for_each(|message| step.stamp(&mut message.headers));
        let messages = std::iter::once(message).chain(aliases).chain(entries).collect();
        Ok(Some(Written { case, last_hash, numbers, messages }))
    }

    /// What was decided, as one message: it is stored whole or not at all.
    fn event_message(&self, case_id: CaseId, events: &[Event]) -> Result<OutMessage, LedgerError> {
        let working = &self.cases[&case_id];
        let seal = |event: &Event| working.key.key.seal(&event.content, case_id, &working.key.kid);
        let sealed: Result<Vec<_>, _> = events.iter().map(seal).collect();
        let sealed = sealed.map_err(|e| LedgerError::Unreadable { case: case_id, reason: e.to_string() })?;
        // Only the first message of a case in a batch is compared: a second comparison on its subject fails the batch.
        let known = working.loaded.as_ref().map_or(0, |l| l.last_sequence);
        Ok(OutMessage {
            subject: subjects::case(case_id),
            headers: HeaderMap::new(),
            payload: Bytes::from(payload_of(events, &sealed, working.last_hash.as_deref())),
            expect_last_subject_sequence: working.last_message.is_none().then_some(known),
        })
    }

    fn alias_messages(&self, case_id: CaseId, events: &[Event]) -> Vec<OutMessage> {
        let mut messages: Vec<OutMessage> = Vec::new();
        for source in events.iter().flat_map(numbers_in) {
            let subject = subjects::alias(&source);
            if !self.owners.contains_key(&subject) && messages.iter().all(|message| message.subject != subject) {
                messages.push(self.alias_message(subject, &Alias { case_id, source }));
            }
        }
        messages
    }

    fn alias_message(&self, subject: String, alias: &Alias) -> OutMessage {
        let stands = self.given_up.get(&subject).map_or(0, |owned| owned.since);
        OutMessage { expect_last_subject_sequence: Some(stands), ..created_once(subject, alias) }
    }

    /// The cases for which it was decided that nothing is to be appended, with the sequence up to which they were known.
    pub(super) fn judged_by_memory(&self) -> HashMap<CaseId, u64> {
        let silent = |d: &&Draft| matches!(d.result, JobResult::Refused(_) | JobResult::Nothing(_));
        let known = |id: CaseId| {
            let working = self.cases.get(&id)?;
            let known = working.loaded.as_ref().map_or(0, |l| l.last_sequence);
            working.last_message.is_none().then_some((id, known))
        };
        self.drafts.iter().filter(silent).filter_map(|d| known(d.case_id)).collect()
    }

    /// The own numbers, by subject, of records that contradict the case they would have joined, which has no record of that
    /// number: each begins a case of its own.
    pub(super) fn strangers<'j>(&self, jobs: impl Iterator<Item = &'j Job>) -> Vec<String> {
        let stranger = |(draft, job): (&Draft, &Job)| {
            let (Work::Record(record), JobResult::Refused(refusal)) = (&job.work, &draft.result) else { return None };
            let source = &record.submission.source;
            let has_it = draft.after.as_ref().is_some_and(|case| case.source(source).is_some());
            let joins = draft.case_id != CaseId::of(source) && !has_it;
            (joins && refusal.code == RefusalCode::IdentityConflict).then(|| subjects::alias(source))
        };
        self.drafts.iter().zip(jobs).filter_map(stranger).collect()
    }

    /// The numbers, as far as their cases know them, of records that were decided before, or whose case is there although
    /// nobody has a number of theirs.
    pub(super) fn numbers_in_doubt<'j>(&self, jobs: impl Iterator<Item = &'j Job>) -> Vec<(CaseId, SourceId)> {
        let mut numbers = Vec::new();
        for (draft, job) in self.drafts.iter().zip(jobs) {
            let was_there = self.cases.get(&draft.case_id).is_some_and(|w| w.loaded.is_some());
            let (Work::Record(record), Some(case), true) = (&job.work, &draft.after, was_there) else { continue };
            let owned = record.submission.numbers().any(|source| self.owners.contains_key(&subjects::alias(source)));
            if owned && !matches!(draft.result, JobResult::Known(_)) {
                continue;
            }
            let known = |source: &&SourceId| case.source(source).is_some() || case.aliases.contains(source);
            numbers.extend(record.submission.numbers().filter(known).map(|source| (case.id, source.clone())));
            numbers.push((case.id, SourceId::of_number(&case.number)));
        }
        numbers
    }

    /// Has these numbers stored with the rest.
    pub(super) fn add_numbers(&mut self, numbers: Vec<(CaseId, SourceId)>) {
        for (case_id, source) in numbers {
            let subject = subjects::alias(&source);
            if self.messages.len() < MAX_BATCH && self.owners.insert(subject.clone(), case_id).is_none() {
                self.messages.push(self.alias_message(subject, &Alias { case_id, source }));
            }
        }
    }

    /// Keys that must be stored before the messages are.
    pub(super) fn fresh_keys(&self) -> Vec<(CaseId, DataKey)> {
        let used = |w: &&Working| w.fresh_key && w.last_message.is_some();
        self.cases.iter().filter(|(_, w)| used(w)).map(|(id, w)| (*id, w.key.key.clone())).collect()
    }

    /// The cases as they are after the commit.
    pub(super) fn committed(&self, ack: BatchAck) -> Vec<(CaseId, Arc<Loaded>)> {
        let loaded = |w: &Working| {
            Some(Arc::new(Loaded {
                case: w.case.clone()?,
                last_sequence: ack.sequence_of(w.last_message?),
                last_hash: w.last_hash.clone()?,
                kid: Some(w.key.kid.clone()),
                begun_in: w.begun_in.clone(),
            }))
        };
        self.cases.iter().filter_map(|(id, w)| Some((*id, loaded(w)?))).collect()
    }

    /// The messages, and of those that hold events the events, by their place among them.
    pub(super) fn take_messages(&mut self) -> (Vec<OutMessage>, HashMap<usize, Arc<[Event]>>) {
        let events = self.drafts.iter().filter_map(|draft| match &draft.result {
            JobResult::Appended(events) if !draft.messages.is_empty() => Some((draft.messages.start, events.clone())),
            _ => None,
        });
        (std::mem::take(&mut self.messages), events.collect())
    }

    /// Which job wrote a message on this subject.
    pub(super) fn culprit(&self, subject: &str) -> Option<usize> {
        let at = self.messages.iter().position(|m| m.subject == subject)?;
        self.drafts.iter().position(|d| d.messages.contains(&at))
    }
}

/// The numbers an event makes known, the case's own among them.
pub fn numbers_in(event: &Event) -> Vec<SourceId> {
    match &event.body {
        EventBody::Registered(registered) => {
            let own = [registered.seen.source.clone(), SourceId::of_number(&registered.number)];
            own.into_iter().chain(registered.aliases.iter().cloned()).collect()
        }
        EventBody::Supplemented(more) => more.aliases.clone(),
        EventBody::Urged { seen: Some(seen), .. } => vec![seen.source.clone()],
        _ => Vec::new(),
    }
}

fn entry_messages(case: &Case, events: &[Event]) -> Vec<OutMessage> {
    let all = events.iter().flat_map(|event| event.entries.iter().map(move |entry| (event, entry)));
    all.map(|(event, entry)| entry_message(case, event, entry)).collect()
}

/// The message of one queue entry, which may exist only once.
pub fn entry_message(case: &Case, event: &Event, entry: &huiliu_schemas::event::EntryRef) -> OutMessage {
    created_once(subjects::entry(&entry.department, case.id, entry.n), &Entry::of(case, event, entry))
}

fn created_once(subject: String, payload: &impl serde::Serialize) -> OutMessage {
    const USUAL_BYTES: usize = 2 * 1024;
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    let written = serde_json::to_writer(&mut bytes, payload);
    OutMessage {
        subject,
        headers: HeaderMap::new(),
        // The tail keeps that of a number for a while: without the room that is left over.
        payload: written.map(|()| Bytes::copy_from_slice(&bytes)).unwrap_or_default(),
        expect_last_subject_sequence: Some(0),
    }
}

/// What a fault of ours breaks is this one decision: those of its batch go on without it, and the record is buried in the end.
fn unbroken<T>(case: CaseId, decide: impl FnOnce() -> T) -> Result<T, LedgerError> {
    // Deciding is pure: it leaves nothing half done.
    catch_unwind(AssertUnwindSafe(decide))
        .map_err(|_| LedgerError::Unreadable { case, reason: "deciding broke down, by a fault of ours".into() })
}

fn died(before: Option<&Case>, after: Option<&Case>) -> Vec<DeadEntry> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let entries = before.live_entries().into_iter();
    let dead = entries.filter(|e| !after.is_live(&e.department, e.n));
    dead.map(|e| (e.department, after.id, e.n)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use huiliu_schemas::event::Actor;
    use huiliu_schemas::submission::{Facts, Submission};
    use huiliu_schemas::vocabulary::Appeal;
    use huiliu_schemas::{Cause, Channel};

    use super::*;
    use crate::desk::Record;
    use crate::directory::tests::shipped;
    use crate::traces::{SpanKind, Traces};
    use crate::vault::MasterKey;

    #[test]
    fn a_decision_that_breaks_down_is_of_its_case_alone() {
        let broken = unbroken(CaseId::of(&source()), || panic!("cut amiss: 张三")).expect_err("it broke down");
        assert!(broken.is_of_case() && !broken.to_string().contains('张'), "{broken}");
        assert_eq!(unbroken(CaseId::of(&source()), || 1).expect("decided"), 1);
    }

    fn source() -> SourceId {
        SourceId::read("hotline:1").expect("a number")
    }

    fn job(cause: u64, matter: Option<&str>, text: &str) -> Job {
        let channel: Channel = "hotline-12345".parse().expect("a channel");
        let facts = Facts {
            appeal: Some(Appeal::Complaint),
            matter: matter.map(|code| code.parse().expect("a matter")),
            ..Facts::default()
        };
        let mut submission = Submission { facts, ..Submission::of(source()) };
        submission.content.text = Some(text.into());
        let master = MasterKey::parse(&"07".repeat(32)).expect("a key");
        let record = Record::new(channel.clone(), submission, false, &master);
        Job { cause: Cause::intake(cause, 0), actor: Actor::Source { channel }, work: Work::Record(Box::new(record)) }
    }

    fn begins(desk: &Desk, id: CaseId) -> (Group<'_>, Step) {
        let mut group = Group::new(desk, "ring".into(), Timestamp::now());
        let key = NamedKey { kid: "ring".into(), key: DataKey::random().expect("a key") };
        group.cases.insert(id, Working::new(None, key, true, Told::default()));
        (group, Traces::default().begin(SpanKind::Internal, "test", SystemTime::now()))
    }

    #[test]
    fn what_a_case_cannot_take_in_is_of_that_case_alone() {
        let (desk, id) = (Desk::new(Arc::new(shipped())), CaseId::of(&source()));
        let plain = job(1, Some("150305"), "老板欠薪");
        let decided = desk.decide(&plain, id, None, &Told::default(), Vec::new(), Timestamp::now());
        let Ok(Decided::Events(mut events)) = decided else { panic!("nothing came of it") };
        let sound = events.clone();
        // No number follows on this one.
        events.iter_mut().flat_map(|event| &mut event.entries).for_each(|entry| entry.n = u32::MAX);
        let (mut group, step) = begins(&desk, id);
        let broken = group.write(id, &events, &step).expect_err("it broke down");
        assert!(broken.is_of_case() && group.messages.is_empty(), "{broken}");
        assert!(group.write(id, &sound, &step).expect("written"));
    }

    /// Of three records of one case the third may make the matter plain, and the second accuse whose it would be.
    #[test]
    fn what_a_record_must_know_is_not_told_in_its_own_batch() {
        let (desk, id) = (Desk::new(Arc::new(shipped())), CaseId::of(&source()));
        let fit = |first: Job, second: Job| {
            let (mut group, mut step) = begins(&desk, id);
            [first, second].map(|job| group.add(&job, id, &mut step).expect("decided"))
        };
        let more = || job(2, Some("150305"), "老板欠薪三个月");
        assert_eq!(fit(job(1, None, "有件事想说一下"), more()), [true, false], "a person was to look");
        assert_eq!(fit(job(1, Some("150305"), "老板欠薪"), more()), [true, true], "it is somebody's");
    }
}
