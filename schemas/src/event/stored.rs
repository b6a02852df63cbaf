//! Events as they stand in the log. One message holds what one decision made, as a CloudEvents batch: a case is never
//! registered without also being sent somewhere, whatever a power cut takes away.

use std::sync::LazyLock;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Actor, EntryRef, Event, EventBody};
use crate::content::Content;
use crate::ids::{CaseId, Cause};

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
    /// See [`Event::asked_digest`].
    pub asked_digest: Option<String>,
    /// See [`Event::actor`].
    pub actor: Actor,
    /// See [`Event::entries`].
    pub entries: Vec<EntryRef>,
    /// SHA-256 of the payload of the case's message before this one; none for the first.
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
    /// Of the first event a command led to: keyed digest of the command and its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_digest: Option<String>,
    /// Who did it.
    actor: Actor,
    /// The queue entries it creates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entries: Vec<EntryRef>,
    /// SHA-256 of the payload of the case's message before this one; none for the first.
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
        let Stored { cause, asked_digest, actor, entries, prev_hash, ignorable, body, sealed } = data;
        Self { id, case_id: subject, at: time, cause, asked_digest, actor, entries, prev_hash, ignorable, body, sealed }
    }
}

impl From<StoredEvent> for Wire<Stored> {
    fn from(event: StoredEvent) -> Self {
        let StoredEvent { id, case_id, at, cause, asked_digest, actor, entries, prev_hash, ignorable, body, sealed } =
            event;
        let kind = kind(body.name());
        let data = Stored { cause, asked_digest, actor, entries, prev_hash, ignorable, body, sealed };
        Self::new(id, kind, case_id, at, data)
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
    /// One decision makes at least one event and not more than [`MOST_EVENTS`].
    #[error("a message of the log holds 1 to {MOST_EVENTS} events, this one {found}")]
    Count {
        /// How many it holds.
        found: usize,
    },
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
    #[serde(default)]
    asked_digest: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_digest: Option<&'a str>,
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
    /// The event with its content, once opened.
    pub fn opened(self, content: Content) -> Event {
        Event {
            id: self.id,
            case_id: self.case_id,
            at: self.at,
            cause: self.cause,
            asked_digest: self.asked_digest,
            actor: self.actor,
            entries: self.entries,
            body: self.body,
            content,
        }
    }
}

/// What one decision made of a case: the payload of one message of the log.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it only says in the public schema what `read_payload` takes")]
pub struct Events(#[schemars(length(min = 1, max = MOST_EVENTS))] Vec<StoredEvent>);

/// No decision makes more events than this.
pub const MOST_EVENTS: usize = 16;

/// A case that begins takes some three thousand.
const USUAL_BYTES: usize = 4 * 1024;

/// The payload of the message that holds what one decision made, the content of each event already sealed.
pub fn payload_of(events: &[Event], sealed: &[Option<Sealed>], prev_hash: Option<&str>) -> Vec<u8> {
    let wire = events.iter().zip(sealed).map(|(event, sealed)| {
        let data = Borrowed {
            cause: &event.cause,
            asked_digest: event.asked_digest.as_deref(),
            actor: &event.actor,
            entries: &event.entries,
            prev_hash,
            ignorable: event.body.is_ignorable(),
            body: &event.body,
            sealed: sealed.as_ref(),
        };
        Wire::new(event.id, kind(event.body.name()), event.case_id, event.at, data)
    });
    let mut payload = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut payload, &wire.collect::<Vec<_>>()).map_or_else(|_| Vec::new(), |()| payload)
}

/// Reads a payload. A type this version does not know becomes [`EventBody::Unknown`]; a known type with wrong data is
/// an error.
pub fn read_payload(payload: &[u8]) -> Result<Vec<StoredEvent>, EventError> {
    let events = match serde_json::from_slice::<Vec<StoredEvent>>(payload) {
        Ok(events) => events,
        Err(_) => {
            serde_json::from_slice::<Vec<&RawValue>>(payload)?.into_iter().map(read_one).collect::<Result<_, _>>()?
        }
    };
    match events.len() {
        1..=MOST_EVENTS => Ok(events),
        found => Err(EventError::Count { found }),
    }
}

fn read_one(event: &RawValue) -> Result<StoredEvent, EventError> {
    let error = match serde_json::from_str::<StoredEvent>(event.get()) {
        Ok(event) => return Ok(event),
        Err(error) => error,
    };
    let Wire { id, subject, time, data, .. } = serde_json::from_str::<Wire<Unknown>>(event.get())?;
    if event_types().contains(&data.body.name) {
        return Err(error.into());
    }
    Ok(StoredEvent {
        id,
        case_id: subject,
        at: time,
        cause: data.cause,
        asked_digest: data.asked_digest,
        actor: data.actor,
        entries: data.entries,
        prev_hash: data.prev_hash,
        ignorable: data.ignorable,
        body: EventBody::Unknown { name: data.body.name, ignorable: data.ignorable },
        sealed: None,
    })
}

/// What `prev_hash` of the next message is, given this one's payload.
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
