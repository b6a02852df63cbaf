//! What happened to a case. Events are facts: nothing is edited, nothing removed. Each carries what caused it, who
//! did it, and the hash of the one before it; its personal part is sealed before it is stored.

use std::sync::LazyLock;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::clock::{Clock, Deadline};
use crate::content::Content;
use crate::decision::Decision;
use crate::ids::{CaseId, CaseNumber, Cause, Channel, DepartmentId, SourceId};
use crate::submission::{Assessment, Facts, Session, Upstream};
use crate::vocabulary::{AnswerKind, Assessor, EntryKind, LinkKind, ReturnReason, Role, Solved, Warning};

/// Who did it. Nobody is anonymous.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// An upstream system, through one of its channels.
    Source {
        /// The channel.
        channel: Channel,
    },
    /// A department.
    Department {
        /// The department.
        department: DepartmentId,
    },
    /// A person at the centre.
    Operator {
        /// The name of the credential.
        name: String,
    },
    /// Another program with a credential of its own.
    Machine {
        /// The name of the credential.
        name: String,
    },
    /// The hub itself, by a rule.
    Hub,
}

/// A queue entry an event creates: one per department that must learn of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct EntryRef {
    /// Whose queue.
    pub department: DepartmentId,
    /// Its number in the case; rises with every entry and is never used again.
    pub n: u32,
    /// What it tells the department.
    pub kind: EntryKind,
    /// Who the department is in the case.
    pub role: Role,
}

/// One event of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Computed from case, cause and place in the answer.
    pub id: Uuid,
    /// Whose event.
    pub case_id: CaseId,
    /// When it was decided.
    pub at: Timestamp,
    /// What made it happen.
    pub cause: Cause,
    /// Who did it.
    pub actor: Actor,
    /// The queue entries it creates.
    pub entries: Vec<EntryRef>,
    /// What happened.
    pub body: EventBody,
    /// Its personal part.
    pub content: Content,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum EventBody {
    /// 登记: the centre has it.
    Registered(Box<Registered>),
    /// Kept as history only: no dispatch, no clocks.
    Recorded {},
    /// 分拨: no rule decided with enough confidence.
    Triaged {
        /// Why, with candidates.
        decision: Box<Decision>,
    },
    /// 派单. The departments are in the event's entries.
    Dispatched {
        /// The routing decision acted on; none where a person decided.
        decision: Option<Box<Decision>>,
        /// When the clocks run out that start here.
        deadlines: Vec<Deadline>,
    },
    /// 签收.
    SignedFor {
        /// Who signed.
        department: DepartmentId,
        /// For which entry.
        n: u32,
    },
    /// 部门受理.
    Accepted {
        /// Who took it on.
        department: DepartmentId,
        /// Clocks that start here.
        deadlines: Vec<Deadline>,
    },
    /// 不予受理.
    Declined {
        /// Who declined; none where the centre did.
        department: Option<DepartmentId>,
        /// The article it rests on.
        article: String,
    },
    /// 不再受理: the law ends it.
    ClosedToRepetition {
        /// The article it rests on.
        article: String,
    },
    /// 退单申请: the department stays answerable until it is granted.
    ReturnRequested {
        /// Who asks.
        department: DepartmentId,
        /// Which entry it hands back.
        n: u32,
        /// Why.
        reason: ReturnReason,
        /// Whose it is, if known.
        suggested: Option<DepartmentId>,
    },
    /// 准予退单.
    ReturnGranted {
        /// Who is released.
        department: DepartmentId,
        /// Which entry.
        n: u32,
    },
    /// 不予退单.
    ReturnRefused {
        /// Whose it stays.
        department: DepartmentId,
        /// Which entry.
        n: u32,
    },
    /// 办理进展.
    Progressed {
        /// Who took the step.
        department: DepartmentId,
    },
    /// 阶段性答复.
    InterimAnswered {
        /// Who answered.
        department: DepartmentId,
    },
    /// 调解场次.
    MediationHeld {
        /// The session.
        session: Session,
    },
    /// 会商研判.
    Conferred {
        /// Who met.
        departments: Vec<DepartmentId>,
    },
    /// 吹哨报到.
    CalledIn {
        /// Who called.
        by: DepartmentId,
        /// Who was called.
        departments: Vec<DepartmentId>,
    },
    /// 办结: the department's result.
    Resolved {
        /// Whose result.
        department: DepartmentId,
        /// What came of it.
        solved: Solved,
        /// Whether the citizen was spoken to.
        contacted: bool,
    },
    /// 评估.
    Assessed {
        /// Whose view.
        by: Assessor,
        /// The view.
        assessment: Assessment,
    },
    /// 结案.
    Closed {
        /// It was closed at the source, not here.
        at_source: bool,
    },
    /// 回访.
    Revisited {
        /// What the citizen said then.
        assessment: Assessment,
    },
    /// 重办.
    Reopened {
        /// Clocks that start again.
        deadlines: Vec<Deadline>,
    },
    /// 申请复查 / 复核.
    ReviewRequested {
        /// 1 review, 2 re-check.
        level: u8,
    },
    /// 复查 / 复核决定.
    ReviewDecided {
        /// 1 review, 2 re-check.
        level: u8,
        /// Whether the answer stands.
        upheld: bool,
    },
    /// 催办.
    Urged {
        /// The source's record of the urge, if it came as one.
        seen: Option<Box<SourceSeen>>,
    },
    /// 督办.
    Supervised {},
    /// 约谈.
    Interviewed {
        /// Who was interviewed.
        department: DepartmentId,
    },
    /// 预警.
    Warned {
        /// The colour.
        colour: Warning,
        /// When clocks run out now that it is this grave; none that runs out sooner is put off.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deadlines: Vec<Deadline>,
    },
    /// 延期.
    Extended {
        /// Which clock.
        clock: Clock,
        /// Until when.
        until: Timestamp,
    },
    /// 并案.
    Linked {
        /// With which case.
        to: CaseId,
        /// How.
        kind: LinkKind,
    },
    /// 领导包案.
    Sponsored {},
    /// 补充: the source told more, or another source joined.
    Supplemented(Box<Supplemented>),
    /// The state at the source changed by somebody else's hand.
    UpstreamChanged {
        /// What it is now, and what the source's record then looked like.
        seen: SourceSeen,
        /// The state.
        upstream: Upstream,
    },
    /// A record older than what is known arrived: it changes no field.
    Superseded {
        /// Which source said it.
        source: SourceId,
        /// Its order.
        order: i64,
        /// The order already known.
        known: i64,
    },
    /// 撤回, by the citizen.
    Withdrawn {},
    /// The source has our answer.
    AnswerDelivered(AnswerDelivered),
    /// An event of a later version. Projections pass over it; `decide` refuses unless it is ignorable.
    #[serde(skip)]
    Unknown {
        /// Its type.
        name: String,
        /// Whether a decision may be taken without understanding it.
        ignorable: bool,
    },
}

/// What is known when a case begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    /// Read over the telephone.
    pub number: CaseNumber,
    /// Where it came in.
    pub channel: Channel,
    /// The source has no number of its own: this one is computed from content.
    #[serde(default)]
    pub weak_identity: bool,
    /// What the source's record looked like.
    pub seen: SourceSeen,
    /// Other numbers of the case.
    #[serde(default)]
    pub aliases: Vec<SourceId>,
    /// Other cases it refers to.
    #[serde(default)]
    pub related: Vec<SourceId>,
    /// What is known.
    pub facts: Facts,
}

/// What came later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Supplemented {
    /// Where it came in.
    pub channel: Channel,
    /// What the source's record looked like; none where a person told more.
    pub seen: Option<SourceSeen>,
    /// Numbers the case did not have before.
    #[serde(default)]
    pub aliases: Vec<SourceId>,
    /// What is known now.
    pub facts: Facts,
}

/// A source's record as it was last seen: enough to tell a repeat, an older copy, an echo of our own answer, and
/// another person's matter under the same number. Digests are keyed: nothing can be guessed from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceSeen {
    /// Whose record.
    pub source: SourceId,
    /// Its order among the record's states, if the source has one.
    pub order: Option<i64>,
    /// Digest of what the matter says.
    pub matter_digest: String,
    /// Digest of the answer it carries (state, reply), if any.
    pub answer_digest: Option<String>,
    /// The day the source registered it.
    pub registered_on: Option<jiff::civil::Date>,
    /// Digest of the reporter's identity number.
    pub identity_digest: Option<String>,
    /// Digest of the reporter's name.
    pub name_digest: Option<String>,
    /// Digest of the reporter's telephone number.
    pub phone_digest: Option<String>,
    /// The record only speaks of another one (an urge is an order of its own): answers go to that other one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follow_up: bool,
}

impl SourceSeen {
    /// What is known of the source's record once it was seen again as `newer`: a record that leaves out its order, day
    /// or person makes no room for an older copy or for somebody else.
    pub fn seen_again(&self, newer: &Self) -> Self {
        let pick = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
        Self {
            source: newer.source.clone(),
            order: newer.order.max(self.order),
            matter_digest: newer.matter_digest.clone(),
            answer_digest: newer.answer_digest.clone(),
            registered_on: newer.registered_on.or(self.registered_on),
            identity_digest: pick(&newer.identity_digest, &self.identity_digest),
            name_digest: pick(&newer.name_digest, &self.name_digest),
            phone_digest: pick(&newer.phone_digest, &self.phone_digest),
            follow_up: newer.follow_up,
        }
    }
}

/// Proof that the source got an answer, and what its record will look like when it comes round again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerDelivered {
    /// The event that was told.
    pub event: Uuid,
    /// What kind of answer.
    pub what: AnswerKind,
    /// Which numbering was told.
    pub source: SourceId,
    /// The version the source gave its record for it.
    pub version: Option<i64>,
    /// Digest of the reply as the source will show it.
    pub reply_digest: Option<String>,
    /// It was refused for good: a person must look.
    #[serde(default)]
    pub refused: bool,
}

impl EventBody {
    /// The type's name, as on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Registered(_) => "registered",
            Self::Recorded {} => "recorded",
            Self::Triaged { .. } => "triaged",
            Self::Dispatched { .. } => "dispatched",
            Self::SignedFor { .. } => "signed_for",
            Self::Accepted { .. } => "accepted",
            Self::Declined { .. } => "declined",
            Self::ClosedToRepetition { .. } => "closed_to_repetition",
            Self::ReturnRequested { .. } => "return_requested",
            Self::ReturnGranted { .. } => "return_granted",
            Self::ReturnRefused { .. } => "return_refused",
            Self::Progressed { .. } => "progressed",
            Self::InterimAnswered { .. } => "interim_answered",
            Self::MediationHeld { .. } => "mediation_held",
            Self::Conferred { .. } => "conferred",
            Self::CalledIn { .. } => "called_in",
            Self::Resolved { .. } => "resolved",
            Self::Assessed { .. } => "assessed",
            Self::Closed { .. } => "closed",
            Self::Revisited { .. } => "revisited",
            Self::Reopened { .. } => "reopened",
            Self::ReviewRequested { .. } => "review_requested",
            Self::ReviewDecided { .. } => "review_decided",
            Self::Urged { .. } => "urged",
            Self::Supervised {} => "supervised",
            Self::Interviewed { .. } => "interviewed",
            Self::Warned { .. } => "warned",
            Self::Extended { .. } => "extended",
            Self::Linked { .. } => "linked",
            Self::Sponsored {} => "sponsored",
            Self::Supplemented(_) => "supplemented",
            Self::UpstreamChanged { .. } => "upstream_changed",
            Self::Superseded { .. } => "superseded",
            Self::Withdrawn {} => "withdrawn",
            Self::AnswerDelivered(_) => "answer_delivered",
            Self::Unknown { name, .. } => name,
        }
    }

    /// Whether a decision may be taken by someone who does not know this type.
    fn is_ignorable(&self) -> bool {
        matches!(self, Self::Superseded { .. } | Self::AnswerDelivered(_))
    }

    /// The event as people say it.
    pub fn chinese(&self) -> &str {
        match self {
            Self::Registered(_) => "登记",
            Self::Recorded {} => "存档",
            Self::Triaged { .. } => "转分拨台",
            Self::Dispatched { .. } => "派单",
            Self::SignedFor { .. } => "签收",
            Self::Accepted { .. } => "受理",
            Self::Declined { .. } => "不予受理",
            Self::ClosedToRepetition { .. } => "不再受理",
            Self::ReturnRequested { .. } => "申请退单",
            Self::ReturnGranted { .. } => "准予退单",
            Self::ReturnRefused { .. } => "不予退单",
            Self::Progressed { .. } => "办理进展",
            Self::InterimAnswered { .. } => "阶段性答复",
            Self::MediationHeld { .. } => "调解",
            Self::Conferred { .. } => "会商研判",
            Self::CalledIn { .. } => "吹哨报到",
            Self::Resolved { .. } => "办结",
            Self::Assessed { .. } => "评估",
            Self::Closed { .. } => "结案",
            Self::Revisited { .. } => "回访",
            Self::Reopened { .. } => "重办",
            Self::ReviewRequested { .. } => "申请复查复核",
            Self::ReviewDecided { .. } => "复查复核决定",
            Self::Urged { .. } => "催办",
            Self::Supervised {} => "督办",
            Self::Interviewed { .. } => "约谈",
            Self::Warned { .. } => "预警",
            Self::Extended { .. } => "延期",
            Self::Linked { .. } => "并案",
            Self::Sponsored {} => "领导包案",
            Self::Supplemented(_) => "补充",
            Self::UpstreamChanged { .. } => "来源状态变化",
            Self::Superseded { .. } => "旧报文",
            Self::Withdrawn {} => "撤回",
            Self::AnswerDelivered(_) => "答复已送达来源",
            Self::Unknown { name, .. } => name,
        }
    }
}

/// The personal part as it is stored: nonce and ciphertext under the case's own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sealed {
    /// The ring that holds the case's key (`key.<kid>`).
    pub kid: String,
    /// Nonce and ciphertext, base64.
    pub data: String,
}

/// An event as it stands in the log: on the wire a CloudEvent 1.0 in JSON, the form its binding to NATS asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Wire<Stored>", into = "Wire<Stored>")]
pub struct StoredEvent {
    /// See [`Event::id`].
    pub id: Uuid,
    /// See [`Event::case_id`].
    pub case_id: CaseId,
    /// See [`Event::at`].
    pub at: Timestamp,
    /// See [`Event::cause`].
    pub cause: Cause,
    /// See [`Event::actor`].
    pub actor: Actor,
    /// See [`Event::entries`].
    pub entries: Vec<EntryRef>,
    /// SHA-256 of the payload of the case's event before this one; none for the first.
    pub prev_hash: Option<String>,
    /// A reader that does not know this type may go on without it.
    pub ignorable: bool,
    /// See [`Event::body`].
    pub body: EventBody,
    /// See [`Event::content`].
    pub sealed: Option<Sealed>,
}

/// The attributes of a CloudEvent around what is ours.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Wire<D> {
    /// The version of CloudEvents.
    specversion: SpecVersion,
    /// Identity.
    id: Uuid,
    /// The hub.
    source: String,
    /// `cn.huiliu.case.<type>.v1`, the type being that of the body.
    #[serde(rename = "type")]
    #[schemars(schema_with = "known_kinds")]
    kind: String,
    /// The case.
    subject: CaseId,
    /// When it was decided.
    time: Timestamp,
    /// What happened.
    data: D,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
enum SpecVersion {
    #[serde(rename = "1.0")]
    V1,
}

/// The data of a stored event.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Stored {
    /// What made it happen.
    cause: Cause,
    /// Who did it.
    actor: Actor,
    /// The queue entries it creates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entries: Vec<EntryRef>,
    /// SHA-256 of the payload of the case's event before this one; none for the first.
    prev_hash: Option<String>,
    /// A reader that does not know this type may go on without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ignorable: bool,
    /// What happened.
    body: EventBody,
    /// Its personal part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

impl<D> Wire<D> {
    fn new(id: Uuid, kind: String, case: CaseId, at: Timestamp, data: D) -> Self {
        Self { specversion: SpecVersion::V1, id, source: SOURCE.to_owned(), kind, subject: case, time: at, data }
    }
}

impl From<Wire<Stored>> for StoredEvent {
    fn from(Wire { id, subject, time, data, .. }: Wire<Stored>) -> Self {
        let Stored { cause, actor, entries, prev_hash, ignorable, body, sealed } = data;
        Self { id, case_id: subject, at: time, cause, actor, entries, prev_hash, ignorable, body, sealed }
    }
}

impl From<StoredEvent> for Wire<Stored> {
    fn from(event: StoredEvent) -> Self {
        let StoredEvent { id, case_id, at, cause, actor, entries, prev_hash, ignorable, body, sealed } = event;
        let kind = kind(body.name());
        Self::new(id, kind, case_id, at, Stored { cause, actor, entries, prev_hash, ignorable, body, sealed })
    }
}

/// The source of a hub's CloudEvents; their ids are unique by themselves.
const SOURCE: &str = "/huiliu/hub";

/// An event's type as a CloudEvent has it.
fn kind(name: &str) -> String {
    format!("cn.huiliu.case.{name}.v1")
}

fn known_kinds(_: &mut SchemaGenerator) -> Schema {
    let kinds: Vec<String> = event_types().iter().map(|name| kind(name)).collect();
    json_schema!({ "type": "string", "enum": kinds })
}

/// Why stored bytes are not an event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not what the schema says.
    #[error("event payload is not valid: {0}")]
    Malformed(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct UnknownBody {
    #[serde(rename = "type")]
    name: String,
}

/// The data of an event of a later version.
#[derive(Deserialize)]
struct Unknown {
    cause: Cause,
    actor: Actor,
    #[serde(default)]
    entries: Vec<EntryRef>,
    prev_hash: Option<String>,
    #[serde(default)]
    ignorable: bool,
    body: UnknownBody,
}

/// [`Stored`], borrowed.
#[derive(Serialize)]
struct Borrowed<'a> {
    cause: &'a Cause,
    actor: &'a Actor,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    entries: &'a [EntryRef],
    prev_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ignorable: bool,
    body: &'a EventBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<&'a Sealed>,
}

impl StoredEvent {
    /// The event as it goes into the log, after `prev_hash`, its content already sealed.
    pub fn new(event: &Event, prev_hash: Option<String>, sealed: Option<Sealed>) -> Self {
        Self {
            id: event.id,
            case_id: event.case_id,
            at: event.at,
            cause: event.cause.clone(),
            actor: event.actor.clone(),
            entries: event.entries.clone(),
            prev_hash,
            ignorable: event.body.is_ignorable(),
            body: event.body.clone(),
            sealed,
        }
    }

    /// The payload that [`StoredEvent::new`] would have, written without a copy of the event: what the ledger does for
    /// every event there is.
    pub fn payload_of(event: &Event, prev_hash: Option<&str>, sealed: Option<&Sealed>) -> Vec<u8> {
        let data = Borrowed {
            cause: &event.cause,
            actor: &event.actor,
            entries: &event.entries,
            prev_hash,
            ignorable: event.body.is_ignorable(),
            body: &event.body,
            sealed,
        };
        let kind = kind(event.body.name());
        serde_json::to_vec(&Wire::new(event.id, kind, event.case_id, event.at, data)).unwrap_or_default()
    }

    /// The payload of the log message.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a payload. A type this version does not know becomes [`EventBody::Unknown`]; a known type with wrong data
    /// is an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EventError> {
        let error = match serde_json::from_slice::<Self>(bytes) {
            Ok(event) => return Ok(event),
            Err(error) => error,
        };
        let Wire { id, subject, time, data, .. } = serde_json::from_slice::<Wire<Unknown>>(bytes)?;
        if event_types().contains(&data.body.name) {
            return Err(error.into());
        }
        Ok(Self {
            id,
            case_id: subject,
            at: time,
            cause: data.cause,
            actor: data.actor,
            entries: data.entries,
            prev_hash: data.prev_hash,
            ignorable: data.ignorable,
            body: EventBody::Unknown { name: data.body.name, ignorable: data.ignorable },
            sealed: None,
        })
    }

    /// The event with its content, once opened.
    pub fn opened(self, content: Content) -> Event {
        Event {
            id: self.id,
            case_id: self.case_id,
            at: self.at,
            cause: self.cause,
            actor: self.actor,
            entries: self.entries,
            body: self.body,
            content,
        }
    }
}

/// What `prev_hash` of the next event is, given this one's payload.
pub fn payload_hash(payload: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(payload))
}

/// The names of every type this version knows, as on the wire: those of the schema of [`EventBody`].
pub fn event_types() -> &'static [String] {
    static TYPES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let schema = schemars::schema_for!(EventBody).to_value();
        let variants = schema["oneOf"].as_array().cloned().unwrap_or_default();
        variants.iter().filter_map(|v| v["properties"]["type"]["const"].as_str().map(str::to_owned)).collect()
    });
    &TYPES
}
