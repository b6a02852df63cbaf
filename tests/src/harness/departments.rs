//! Departments at work: each takes from its queue, acknowledges, signs for, hands back, resolves, in its own manner, and
//! sends everything again with the same id until it is answered. Remembers what it was told, to be held against the hub.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use huiliu_schemas::entry::Entry;
use huiliu_schemas::vocabulary::{EntryKind, Role};
use huiliu_schemas::{CaseId, DepartmentId};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::door::{Door, Handed};
use super::log::EntryName;
use crate::hub::Answer;

/// What all departments together have seen and done.
#[derive(Default)]
pub struct Seen {
    /// How often each entry was handed out.
    pub handed_out: HashMap<EntryName, usize>,
    /// How many were handed out over NATS, again or not.
    pub over_nats: usize,
    /// Entries whose acknowledgement the hub confirmed.
    pub acknowledged: HashSet<EntryName>,
    /// Entries whose signing the hub confirmed.
    pub signed: HashSet<EntryName>,
    /// Entries handed to a department that are not its own, or cannot be read.
    pub strangers: Vec<String>,
    /// Entries handed out after they were acknowledged and signed for.
    pub came_back: Vec<EntryName>,
    /// Commands answered as done: who, id, case.
    pub done: Vec<(String, String, CaseId)>,
    /// Commands done, by kind.
    pub by_kind: BTreeMap<String, usize>,
    /// Commands refused, by code.
    pub refusals: BTreeMap<String, usize>,
}

/// Shared by everyone at work.
#[derive(Clone, Default)]
pub struct Office {
    seen: Arc<Mutex<Seen>>,
    unanswered: Arc<AtomicUsize>,
}

impl Office {
    /// Reads or notes.
    pub fn note<T>(&self, note: impl FnOnce(&mut Seen) -> T) -> T {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Commands under way just now.
    pub fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// Sends a command until it is answered, and remembers the answer.
    pub async fn command(&self, who: &str, door: &Door, case: CaseId, kind: &str, body: &Value) -> Answer {
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        let answer = door.command(case, kind, body).await;
        self.unanswered.fetch_sub(1, Ordering::Relaxed);
        let id = body["id"].as_str().unwrap_or_default().to_owned();
        self.note(|seen| {
            if answer.status == 200 {
                seen.done.push((who.to_owned(), id, case));
                *seen.by_kind.entry(kind.to_owned()).or_default() += 1;
            } else {
                let code = answer.body["refusal"]["code"].as_str().map_or(answer.status.to_string(), str::to_owned);
                *seen.refusals.entry(format!("{kind} {code}")).or_default() += 1;
            }
        });
        answer
    }
}

/// A department asked to hand an entry back.
pub struct HandedBack {
    /// The case.
    pub case: CaseId,
    /// Who asked.
    pub department: DepartmentId,
    /// For which entry.
    pub n: u32,
    /// As what it had it.
    pub role: Role,
}

/// How a department works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Takes hundreds, acknowledges all, works off all.
    Quick,
    /// Takes few, acknowledges, and lets most lie unsigned.
    Slow,
    /// Takes many and acknowledges them, but signs for one in three only.
    Hoards,
}

/// One department.
pub struct Department {
    /// Which.
    pub id: DepartmentId,
    /// Its way to the hub.
    pub door: Door,
    /// How it works.
    pub manner: Manner,
    /// Where all remember.
    pub office: Office,
    /// Tells the desk of hand-backs.
    pub hands_back: mpsc::UnboundedSender<HandedBack>,
}

impl Department {
    /// Works until told to stop; what is begun is finished.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let most = if self.manner == Manner::Slow { 2 } else { 100 };
            let taken = tokio::select! {
                () = stop.cancelled() => return,
                taken = self.door.take(most) => taken,
            };
            let Some(entries) = taken else {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            };
            for handed in &entries {
                self.receive(handed).await;
            }
            for handed in &entries {
                if let Some(entry) = &handed.entry {
                    self.work_on(entry).await;
                }
            }
        }
    }

    async fn receive(&self, handed: &Handed) {
        if handed.entry.as_ref().is_none_or(|entry| entry.department != self.id) {
            self.office.note(|seen| seen.strangers.push(format!("{} got {:?}", self.id, handed.entry)));
        }
        let Some(entry) = &handed.entry else { return };
        let name = (entry.department.clone(), entry.case_id, entry.n);
        self.office.note(|seen| {
            *seen.handed_out.entry(name.clone()).or_default() += 1;
            seen.over_nats += usize::from(matches!(self.door, Door::Nats(..)));
            if seen.acknowledged.contains(&name) && seen.signed.contains(&name) {
                seen.came_back.push(name.clone());
            }
        });
        if self.door.acknowledge(handed).await {
            self.office.note(|seen| seen.acknowledged.insert(name));
        }
    }

    async fn work_on(&self, entry: &Entry) {
        let lot = entry.case_id.0.as_u128() as u32 ^ entry.n;
        let signs = match self.manner {
            Manner::Quick => true,
            Manner::Slow => lot.is_multiple_of(4),
            Manner::Hoards => lot.is_multiple_of(3),
        };
        if !signs || !self.sign(entry).await || entry.kind != EntryKind::Dispatch {
            return;
        }
        let own = |step: &str| format!("{step}-{}-{}", entry.case_id, entry.n);
        if lot % 11 == 5 {
            let body = json!({ "id": own("b"), "reason": "not_our_duty", "note": "不属于本单位职责" });
            if self.say(entry, "request_return", body).await {
                // The desk ends after all departments.
                let back =
                    HandedBack { case: entry.case_id, department: self.id.clone(), n: entry.n, role: entry.role };
                let _told = self.hands_back.send(back);
            }
        } else if entry.role == Role::Lead {
            if lot.is_multiple_of(3) {
                self.say(entry, "progress", json!({ "id": own("p"), "note": "已到现场", "reply": "正在办理。" })).await;
            }
            let body = json!({ "id": own("r"), "solved": "yes", "contacted": true, "reply": format!("已办结{}", entry.number) });
            self.say(entry, "resolve", body).await;
        }
    }

    async fn sign(&self, entry: &Entry) -> bool {
        let body = json!({ "id": format!("s-{}-{}", entry.case_id, entry.n), "n": entry.n });
        let signed = self.say(entry, "sign_for", body).await;
        if signed {
            let name = (entry.department.clone(), entry.case_id, entry.n);
            self.office.note(|seen| seen.signed.insert(name));
        }
        signed
    }

    async fn say(&self, entry: &Entry, kind: &str, body: Value) -> bool {
        let who = format!("department-{}", self.id);
        self.office.command(&who, &self.door, entry.case_id, kind, &body).await.status == 200
    }
}
