//! A small log written in memory, the way the ledger writes one: events, then aliases, then entries.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use huiliu_schemas::case::Case;
use huiliu_schemas::clock::{Clock, Deadline};
use huiliu_schemas::command::{Action, Command, Given, Order, Submit};
use huiliu_schemas::content::Content;
use huiliu_schemas::decision::{
    Assignee, Beaten, Decision, Excluded, Matched, RuleRef, Severity, TriageReason, Verdict,
};
use huiliu_schemas::entry::Entry;
use huiliu_schemas::event::{Actor, AnswerDelivered, Event, Sealed, SourceSeen, StoredEvent, payload_of, read_payload};
use huiliu_schemas::ids::{CaseId, Cause, CommandId, DepartmentId, SourceId};
use huiliu_schemas::lifecycle::{Decided, decide};
use huiliu_schemas::private::Private;
use huiliu_schemas::subjects;
use huiliu_schemas::submission::{Facts, Submission};
use huiliu_schemas::vocabulary::{Appeal, LinkKind, Role};
use jiff::Timestamp;
use uuid::Uuid;

use crate::readmodel::{Indexing, LogMessage, Said, Witness};
use crate::vault::MasterKey;
use crate::words::IndexKey;

/// What every planted personal text contains.
pub(crate) const SECRET: &str = "王小明19900001234";

/// A folder that is removed again.
pub(crate) struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("huiliu-readmodel-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("folder");
        Self(path)
    }

    pub fn file(&self) -> PathBuf {
        self.0.join("read.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A log and the folds that wrote it.
#[derive(Default)]
pub(crate) struct World {
    pub log: Vec<LogMessage>,
    pub cases: BTreeMap<CaseId, Case>,
    pub without_entry_messages: bool,
    orders: u32,
    /// What is sealed in the events, for who may open them.
    contents: Contents,
}

type Contents = Arc<Mutex<HashMap<Uuid, Content>>>;

pub(crate) fn department(code: &str) -> DepartmentId {
    code.parse().expect("department")
}

pub(crate) fn source(namespace: &str, id: &str) -> SourceId {
    SourceId { namespace: namespace.parse().expect("namespace"), id: id.into() }
}

pub(crate) fn start() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().expect("time")
}

fn rule(line: u32) -> RuleRef {
    RuleRef { file: "responsibilities.csv".into(), line, words: "物业服务纠纷由住建局主办".into() }
}

pub(crate) fn decision(verdict: Verdict) -> Decision {
    let dispatched = matches!(verdict, Verdict::Dispatch { .. });
    Decision {
        directory: "d1".into(),
        verdict,
        rule: dispatched.then(|| rule(12)),
        matter: Some("0302".parse().expect("matter")),
        division: Some("330205006".parse().expect("division")),
        level: Some(3),
        complexity: None,
        accusation: false,
        accused: Vec::new(),
        matched: vec![Matched { what: "matter".into(), value: "0302".into(), because: "来源编码表".into() }],
        beaten: vec![Beaten { rule: rule(9), because: "事项编码较短".into() }],
        excluded: vec![Excluded { department: department("jb-police"), because: "属地清单无此事项".into() }],
        severity: Severity::default(),
        confidence: 90,
    }
}

pub(crate) fn to(departments: &[&str]) -> Decision {
    let assign = |(i, code): (usize, &&str)| Assignee {
        department: department(code),
        role: if i == 0 { Role::Lead } else { Role::Participant },
    };
    decision(Verdict::Dispatch { assignees: departments.iter().enumerate().map(assign).collect() })
}

pub(crate) fn to_triage() -> Decision {
    decision(Verdict::Triage { reasons: vec![TriageReason::NoPlace, TriageReason::NoOwner], candidates: Vec::new() })
}

pub(crate) fn by(code: &str) -> Actor {
    Actor::Department { department: department(code) }
}

pub(crate) fn operator() -> Actor {
    Actor::Operator { name: "desk-1".into() }
}

impl World {
    /// Opens every event of this log.
    pub fn indexing(&self) -> Indexing {
        let contents = self.contents.clone();
        Indexing::new(Self::index_key(), move |stored| {
            Ok(contents.lock().expect("lock").get(&stored.id).cloned().unwrap_or_default())
        })
    }

    /// The log as the process that wrote it has it.
    pub fn decided(&self) -> Vec<LogMessage> {
        let contents = self.contents.lock().expect("lock");
        let content = |stored: &StoredEvent| contents.get(&stored.id).cloned().unwrap_or_default();
        let decided = |message: &LogMessage| {
            let Said::Stored(payload) = &message.said else { panic!("a stored log") };
            let said = match read_payload(payload) {
                Ok(events) => {
                    let events = events.into_iter().map(|stored| (content(&stored), stored));
                    let events = events.map(|(content, stored)| stored.opened(content)).collect();
                    Said::Decided { events, witness: Witness::of(message) }
                }
                Err(_) if message.subject.starts_with("entry.") => Said::Subject { witness: Witness::of(message) },
                Err(_) => message.said.clone(),
            };
            LogMessage { said, ..message.clone() }
        };
        self.log.iter().map(decided).collect()
    }

    /// What indexes are sealed with in tests.
    pub fn index_key() -> IndexKey {
        IndexKey::of(&MasterKey::parse(&"7".repeat(64)).expect("a key"))
    }

    /// Forgets what was said in a case.
    pub fn forget(&self, words: &str) {
        let has = |content: &Content| content.text.as_ref().is_some_and(|text| text.expose().contains(words));
        self.contents.lock().expect("lock").retain(|_, content| !has(content));
    }

    /// A case of the hotline arrives and goes where `decision` says.
    pub fn arrive(&mut self, id: &str, decision: Decision) -> CaseId {
        let source = source("hotline", id);
        let case = CaseId::of(&source);
        let due = |clock, hours| {
            let at = start() + jiff::SignedDuration::from_hours(hours);
            Deadline { clock, at, provisional: false, source: "中心内控".into() }
        };
        let clocks = vec![due(Clock::Object, 1), due(Clock::SignFor, 4), due(Clock::Resolve, 48)];
        let given = Given { decision: Some(decision.into()), dispatch_deadlines: clocks, ..Given::default() };
        let order = self.submit(&source, given);
        self.order(case, &order);
        let alias = serde_json::json!({ "case_id": case, "source": source });
        self.push(subjects::alias(&source), alias.to_string().into_bytes());
        case
    }

    /// Another source tells of a case.
    pub fn join(&mut self, case: CaseId, source: &SourceId) {
        let order = self.submit(source, Given::default());
        self.order(case, &order);
    }

    /// A record of `case` names a number of `other`, and the hub tells the other case.
    pub fn link(&mut self, case: CaseId, other: CaseId) {
        let source = self.cases[&case].sources[0].source.clone();
        let order = self.submit(&source, Given { elsewhere: vec![other], ..Given::default() });
        self.order(case, &order);
        let back = Order {
            cause: Cause::hub(&format!("linked/{case}")),
            asked_digest: None,
            actor: Actor::Hub,
            action: Action::Link { to: case, kind: LinkKind::Duplicate },
            content: Content::default(),
            given: Given::default(),
        };
        self.order(other, &back);
    }

    /// The desk urges in words that accuse a department.
    pub fn accuse(&mut self, case: CaseId, accused: &str) {
        let accused = vec![department(accused)];
        let decision = Decision { accusation: true, accused, ..to(&["jb-housing"]) };
        let given = Given { decision: Some(decision.into()), ..Given::default() };
        self.command_given(case, operator(), Command::Urge {}, given);
    }

    /// Someone says something about a case.
    pub fn command(&mut self, case: CaseId, actor: Actor, command: Command) -> Vec<Event> {
        self.command_given(case, actor, command, Given::default())
    }

    fn command_given(&mut self, case: CaseId, actor: Actor, command: Command, given: Given) -> Vec<Event> {
        let words = || Some(Private::new(SECRET));
        self.orders += 1;
        let id: CommandId = format!("c{}", self.orders).parse().expect("id");
        let order = Order {
            cause: Cause::command("someone", &id),
            asked_digest: None,
            actor,
            action: Action::Command(command),
            content: Content { reply: words(), note: words(), ..Content::default() },
            given,
        };
        self.order(case, &order)
    }

    /// The source gets an answer, or refuses it, or cannot be told.
    pub fn deliver(&mut self, case: CaseId, of: &Event, refused: bool, no_way: bool) {
        let source = self.cases[&case].sources[0].source.clone();
        let delivered = AnswerDelivered {
            event: of.id,
            what: huiliu_schemas::vocabulary::AnswerKind::read(of.body.name())
                .unwrap_or(huiliu_schemas::vocabulary::AnswerKind::Progress),
            source,
            version: None,
            reply_digest: None,
            refused,
            given_up: false,
            no_way,
        };
        let order = Order {
            cause: Cause::hub(&format!("told/{}", of.id)),
            asked_digest: None,
            actor: Actor::Hub,
            action: Action::RecordDelivery(delivered),
            content: Content::default(),
            given: Given::default(),
        };
        self.order(case, &order);
    }

    /// Any message at the end of the log.
    pub fn push(&mut self, subject: String, payload: Vec<u8>) {
        let sequence = self.log.len() as u64 + 1;
        self.log.push(LogMessage { sequence, subject, said: Said::Stored(Bytes::from(payload)) });
    }

    fn submit(&mut self, source: &SourceId, given: Given) -> Order {
        self.orders += 1;
        let channel: huiliu_schemas::Channel = "hotline-12345".parse().expect("channel");
        let submission = Submission {
            facts: Facts { appeal: Some(Appeal::Complaint), ..Facts::default() },
            content: Content { text: Some(Private::new(SECRET)), ..Content::default() },
            ..Submission::of(source.clone())
        };
        let seen = SourceSeen {
            source: source.clone(),
            order: None,
            matter_digest: "m".into(),
            answer_digest: None,
            registered_on: None,
            identity_digest: None,
            name_digest: None,
            phone_digest: None,
            joint_digests: Vec::new(),
            follow_up: false,
            state: None,
            assessment: None,
            view_digest: None,
        };
        let content = submission.content.clone();
        Order {
            cause: Cause::intake(u64::from(self.orders), 0),
            asked_digest: None,
            actor: Actor::Source { channel: channel.clone() },
            action: Action::Submit(Box::new(Submit { channel, submission, seen, history: false })),
            content,
            given,
        }
    }

    fn order(&mut self, id: CaseId, order: &Order) -> Vec<Event> {
        let now = start() + jiff::SignedDuration::from_secs(i64::from(self.orders));
        let Ok(Decided::Events(events)) = decide(self.cases.get(&id), id, order, now) else {
            panic!("{:?} was not decided", order.action)
        };
        for event in &events {
            match self.cases.get_mut(&id) {
                Some(case) => case.apply(event),
                None => drop(self.cases.insert(id, Case::begin(event).expect("registered"))),
            }
        }
        self.contents.lock().expect("lock").extend(events.iter().map(|e| (e.id, e.content.clone())));
        let seal =
            |event: &Event| (!event.content.is_empty()).then(|| Sealed { kid: "k".into(), data: "c2VhbGVk".into() });
        let sealed: Vec<_> = events.iter().map(seal).collect();
        self.push(subjects::case(id), payload_of(&events, &sealed, None));
        let told = if self.without_entry_messages { &[] } else { events.as_slice() };
        for event in told {
            for entry in &event.entries {
                let payload = serde_json::to_vec(&Entry::of(&self.cases[&id], event, entry)).expect("json");
                self.push(subjects::entry(&entry.department, id, entry.n), payload);
            }
        }
        events
    }
}
