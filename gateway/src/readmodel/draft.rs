//! One batch of log messages on its way into the file: cases are folded in memory and written once each at the end.

use std::collections::{BTreeMap, HashMap};

use huiliu_schemas::alias::Alias;
use huiliu_schemas::case::Case;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Event, read_payload};
use huiliu_schemas::ids::CaseId;
use huiliu_schemas::subjects;
use rusqlite::Transaction;

use super::folded::{Cache, Folded};
use super::rows::{self, EntryMessage, NewEntry};
use super::tally::Tally;
use super::tidings::Tiding;
use super::{Indexing, LogMessage, Result, Said, schema, shelves};
use crate::words::Token;

/// What the model carries on after the batch is committed.
#[derive(Debug)]
pub(super) struct Done {
    pub position: u64,
    pub next_key: i64,
    pub unshelved: usize,
    pub folded: HashMap<CaseId, Box<Folded>>,
    /// With the sequence that brought each.
    pub tidings: Vec<(u64, CaseId, Tiding)>,
}

/// A batch being taken in.
pub(super) struct Draft<'t> {
    tx: &'t Transaction<'t>,
    cache: &'t mut Cache,
    indexing: &'t Indexing,
    position: u64,
    next_key: i64,
    touched: HashMap<CaseId, Box<Folded>>,
    tally: Tally,
    arrivals: HashMap<(i64, String), i64>,
    created: BTreeMap<(i64, u32), NewEntry>,
    died: Vec<(i64, u32, u64)>,
    messages: Vec<EntryMessage>,
    words: BTreeMap<i64, Vec<Token>>,
    tidings: Vec<(u64, CaseId, Tiding)>,
}

impl<'t> Draft<'t> {
    /// A batch after `position`.
    pub fn new(
        tx: &'t Transaction<'t>,
        cache: &'t mut Cache,
        indexing: &'t Indexing,
        position: u64,
        next_key: i64,
    ) -> Self {
        Self {
            tx,
            cache,
            indexing,
            position,
            next_key,
            touched: HashMap::new(),
            tally: Tally::default(),
            arrivals: HashMap::new(),
            created: BTreeMap::new(),
            died: Vec::new(),
            messages: Vec::new(),
            words: BTreeMap::new(),
            tidings: Vec::new(),
        }
    }

    /// Takes in one message, unless it was taken in before.
    pub fn take(&mut self, message: &LogMessage) -> Result<()> {
        if message.sequence <= self.position {
            return Ok(());
        }
        self.position = message.sequence;
        match message.subject.split('.').next() {
            Some("case") => self.take_events(message),
            Some("alias") => self.take_alias(message),
            Some("entry") => self.take_entry(message),
            _ => Ok(()),
        }
    }

    /// Writes everything and the position. So many cases had words on no shelf before.
    pub fn write(mut self, unshelved: usize) -> Result<Done> {
        for folded in self.touched.values() {
            rows::write_case(self.tx, folded)?;
            self.tally.case(folded, 1);
        }
        self.write_entries()?;
        for (counter, name, by) in self.tally.differences() {
            rows::count(self.tx, counter, name, by)?;
        }
        rows::count_arrivals(self.tx, &self.arrivals)?;
        let unshelved = shelves::put(self.tx, &self.indexing.key, self.words, unshelved)?;
        schema::set_position(self.tx, self.position)?;
        let Self { position, next_key, touched: folded, tidings, .. } = self;
        Ok(Done { position, next_key, unshelved, folded, tidings })
    }

    fn take_events(&mut self, message: &LogMessage) -> Result<()> {
        let payload = match &message.said {
            Said::Stored(payload) => payload,
            Said::Decided { events, .. } => return self.take_decided(message, events),
            Said::Subject { .. } => return self.unreadable(message, "there is no payload"),
        };
        let Ok(events) = read_payload(payload) else {
            return self.unreadable(message, "the payload is not a list of events");
        };
        let of = subjects::case_of(&message.subject);
        if events.iter().any(|event| Some(event.case_id) != of) {
            return self.unreadable(message, "an event is of another case than its subject says");
        }
        for (place, event) in events.into_iter().enumerate() {
            let words = self.indexing.tokens(&event)?;
            self.take_event(message, place, &event.opened(Content::default()), words)?;
        }
        Ok(())
    }

    fn take_decided(&mut self, message: &LogMessage, events: &[Event]) -> Result<()> {
        for (place, event) in events.iter().enumerate() {
            self.take_event(message, place, event, self.indexing.tokens_decided(event))?;
        }
        Ok(())
    }

    fn take_event(&mut self, message: &LogMessage, place: usize, event: &Event, words: Vec<Token>) -> Result<()> {
        self.fold(message, place, event)?;
        if let Some(folded) = self.touched.get(&event.case_id).filter(|_| !words.is_empty()) {
            self.words.entry(folded.key).or_default().extend(words);
        }
        Ok(())
    }

    fn fold(&mut self, message: &LogMessage, place: usize, event: &Event) -> Result<()> {
        let Some(mut folded) = self.load(event.case_id)? else { return self.begin(message, place, event) };
        self.count(message, Some(&folded.case), event);
        let live = folded.live();
        folded.apply(event, message.sequence);
        self.follow_entries(&folded, event, &live)?;
        rows::write_history(self.tx, folded.key, message.sequence, place, event)?;
        self.touched.insert(event.case_id, folded);
        Ok(())
    }

    fn begin(&mut self, message: &LogMessage, place: usize, event: &Event) -> Result<()> {
        let Some(folded) = Folded::begin(self.next_key, event, message.sequence) else {
            return self.unreadable(message, "the case does not begin with its registration");
        };
        self.next_key += 1;
        self.count(message, None, event);
        self.arrive(&folded.case);
        rows::write_history(self.tx, folded.key, message.sequence, place, event)?;
        self.follow_entries(&folded, event, &[])?;
        self.touched.insert(event.case_id, Box::new(folded));
        Ok(())
    }

    fn count(&mut self, message: &LogMessage, before: Option<&Case>, event: &Event) {
        self.tally.event(before, event);
        if let Some(tiding) = Tiding::of(event) {
            self.tally.tiding(tiding);
            self.tidings.push((message.sequence, event.case_id, tiding));
        }
    }

    /// The case as it stands, out of the counters until it is written.
    fn load(&mut self, id: CaseId) -> Result<Option<Box<Folded>>> {
        if let Some(folded) = self.touched.remove(&id) {
            return Ok(Some(folded));
        }
        let folded = match self.cache.take(id) {
            Some(folded) => Some(folded),
            None => rows::read_folded(self.tx, id)?.map(Box::new),
        };
        if let Some(folded) = &folded {
            self.tally.case(folded, -1);
        }
        Ok(folded)
    }

    fn arrive(&mut self, case: &Case) {
        let minute = case.registered_at.as_second().div_euclid(60);
        *self.arrivals.entry((minute, case.channel.to_string())).or_default() += 1;
    }

    /// Notes the entries the event made, and those that died by it.
    fn follow_entries(&mut self, folded: &Folded, event: &Event, live_before: &[u32]) -> Result<()> {
        let live = folded.live();
        for entry in &event.entries {
            let died = (!live.contains(&entry.n)).then_some(folded.sequence);
            let new = NewEntry {
                department: entry.department.clone(),
                kind: entry.kind,
                role: entry.role,
                created_at: event.at,
                event: folded.sequence,
                message: None,
                died,
            };
            self.created.insert((folded.key, entry.n), new);
        }
        let dead = live_before.iter().filter(|n| !live.contains(n));
        self.died.extend(dead.map(|n| (folded.key, *n, folded.sequence)));
        if !event.entries.is_empty() {
            self.messages.extend(rows::take_early_entries(self.tx, event.case_id)?);
        }
        Ok(())
    }

    fn take_alias(&mut self, message: &LogMessage) -> Result<()> {
        let alias = match &message.said {
            Said::Stored(payload) => serde_json::from_slice::<Alias>(payload).ok(),
            Said::Decided { .. } | Said::Subject { .. } => None,
        };
        match alias {
            // A case's own number is a column of its case.
            Some(alias) if alias.source.is_number() => Ok(()),
            Some(alias) => rows::write_alias(self.tx, &alias.source, alias.case_id),
            None => self.unreadable(message, "the payload is not an alias"),
        }
    }

    fn take_entry(&mut self, message: &LogMessage) -> Result<()> {
        match subjects::parse_entry(&message.subject) {
            Some((department, case, n)) => {
                self.messages.push(EntryMessage { sequence: message.sequence, department, case, n });
                Ok(())
            }
            None => self.unreadable(message, "the subject is not that of an entry"),
        }
    }

    /// The reason is ours and fixed: what a parser says may quote the payload.
    fn unreadable(&self, message: &LogMessage, why: &str) -> Result<()> {
        tracing::error!(sequence = message.sequence, subject = %message.subject, why, "log message is not readable");
        rows::write_unreadable(self.tx, message.sequence, &message.subject, why)
    }

    fn write_entries(&mut self) -> Result<()> {
        let messages = std::mem::take(&mut self.messages);
        let others = self.place_messages(messages);
        let died = std::mem::take(&mut self.died);
        let died_before = self.place_deaths(died);
        for ((key, n), entry) in &self.created {
            rows::write_entry(self.tx, *key, *n, entry)?;
        }
        for message in &others {
            self.write_entry_message(message)?;
        }
        for (key, n, sequence) in died_before {
            rows::write_entry_death(self.tx, key, n, sequence)?;
        }
        Ok(())
    }

    /// Gives entries made in this batch their message; returns those of other entries.
    fn place_messages(&mut self, messages: Vec<EntryMessage>) -> Vec<EntryMessage> {
        let of_older = |message: &EntryMessage| {
            let key = self.touched.get(&message.case).map(|folded| (folded.key, message.n));
            match key.and_then(|key| self.created.get_mut(&key)).filter(|e| e.department == message.department) {
                Some(entry) => {
                    entry.message = Some(message.sequence);
                    false
                }
                None => true,
            }
        };
        messages.into_iter().filter(of_older).collect()
    }

    /// Of an entry made before; a message that comes before the event that makes its entry waits for it.
    fn write_entry_message(&self, message: &EntryMessage) -> Result<()> {
        let key = match self.touched.get(&message.case) {
            Some(folded) => Some(folded.key),
            None => rows::key_of(self.tx, message.case)?,
        };
        match key {
            Some(key) if rows::write_entry_message(self.tx, key, message)? => Ok(()),
            _ => rows::write_early_entry(self.tx, message),
        }
    }

    /// Marks entries made in this batch as dead; returns those made before.
    fn place_deaths(&mut self, died: Vec<(i64, u32, u64)>) -> Vec<(i64, u32, u64)> {
        let made_before = |&(key, n, sequence): &(i64, u32, u64)| match self.created.get_mut(&(key, n)) {
            Some(entry) => {
                entry.died = Some(sequence);
                false
            }
            None => true,
        };
        died.into_iter().filter(made_before).collect()
    }
}
