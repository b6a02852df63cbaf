//! The case log, read raw and folded with the published schema.

use std::collections::{BTreeMap, HashMap};

use huiliu_schemas::case::Case;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Event, StoredEvent, payload_hash, read_payload};
use huiliu_schemas::{CaseId, DepartmentId, subjects};

use crate::hub::Raw;

/// An entry by its name.
pub type EntryName = (DepartmentId, CaseId, u32);

/// One case as the log has it.
pub struct History {
    /// Its events, in order.
    pub events: Vec<StoredEvent>,
    /// The fold; none where it does not begin with a registration.
    pub case: Option<Case>,
    /// Whether each message carries the hash of the one before it.
    pub chain_holds: bool,
}

/// The whole log.
#[derive(Default)]
pub struct Log {
    /// Its cases.
    pub cases: BTreeMap<CaseId, History>,
    /// How often each entry stands in it.
    pub entries: HashMap<EntryName, usize>,
    /// Which cases each number's subject names.
    pub aliases: HashMap<String, Vec<CaseId>>,
    /// What could not be read.
    pub unreadable: Vec<String>,
    /// How many messages.
    pub messages: usize,
}

impl Log {
    /// Reads every message of CASES.
    pub fn read(messages: &[Raw]) -> Self {
        let mut log = Self { messages: messages.len(), ..Self::default() };
        let mut payloads: BTreeMap<CaseId, Vec<&Raw>> = BTreeMap::new();
        for message in messages {
            if let Some(case) = message.subject.strip_prefix("case.").and_then(|c| c.parse().ok()) {
                payloads.entry(case).or_default().push(message);
            } else if let Some(entry) = subjects::parse_entry(&message.subject) {
                *log.entries.entry(entry).or_default() += 1;
            } else if message.subject.starts_with("alias.") {
                log.alias(message);
            } else {
                log.unreadable.push(message.subject.clone());
            }
        }
        for (id, raw) in payloads {
            let history = log.history(id, &raw);
            log.cases.insert(id, history);
        }
        log
    }

    fn alias(&mut self, message: &Raw) {
        let value: Option<serde_json::Value> = serde_json::from_slice(&message.payload).ok();
        match value.and_then(|v| v["case_id"].as_str()?.parse().ok()) {
            Some(case) => self.aliases.entry(message.subject.clone()).or_default().push(case),
            None => self.unreadable.push(message.subject.clone()),
        }
    }

    fn history(&mut self, id: CaseId, messages: &[&Raw]) -> History {
        let (mut events, mut chain_holds, mut before) = (Vec::new(), true, None);
        for message in messages {
            match read_payload(&message.payload) {
                Ok(decided) => {
                    chain_holds &= decided.iter().all(|event| event.prev_hash == before && event.case_id == id);
                    events.extend(decided);
                }
                Err(error) => self.unreadable.push(format!("{} {error}", message.subject)),
            }
            before = Some(payload_hash(&message.payload));
        }
        let opened: Vec<Event> = events.iter().map(|e| e.clone().opened(Content::default())).collect();
        History { case: Case::fold(&opened), events, chain_holds }
    }
}
