//! Departments' queues: handing entries out and taking their acknowledgement. An acknowledgement says "received" and changes
//! nothing in the case. What is handed out over HTTP is checked against the case first; what is dead is not handed out.

pub mod inspect;
pub mod mark;
pub mod reconcile;
pub mod reoffer;
mod shown;
mod sourced;
pub mod sweep;

use std::time::Duration;

use async_nats::RequestErrorKind;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{AckKind, Context, Message};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use huiliu_schemas::case::Case;
use huiliu_schemas::content::Content;
use huiliu_schemas::entry::Entry;
use huiliu_schemas::event::{Actor, Event};
use huiliu_schemas::vocabulary::EntryKind;
use huiliu_schemas::{CaseId, DepartmentId, subjects};
use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;

use crate::engine::connection::REQUEST_TIMEOUT;
use crate::engine::streams::QUEUES;
use crate::ledger::{Ledger, LedgerError, OpenedCase};
use crate::readmodel::ReadModelError;
use crate::traces::{Key, SpanKind, Traces, of_nats};

pub use shown::{Shown, may_read, readable};

/// How long a department may think before an entry it did not acknowledge is handed out again.
const ACK_WAIT: Duration = Duration::from_secs(60);
/// No pull waits longer. Across accounts and servers a pull outlives whoever asked, and what is handed to it is missed for
/// [`ACK_WAIT`].
const LONGEST_PULL: Duration = Duration::from_secs(60);
const OPENED_AT_ONCE: usize = 16;
/// How far a copy of the log may be behind.
const BEHIND: Duration = Duration::from_secs(1);
/// How long until an entry is tried again whose case does not read: a person must look first.
const UNREADABLE: Duration = Duration::from_secs(60);

/// Why a queue did not answer.
#[derive(Debug, Error)]
pub enum QueueError {
    /// The server is away or refuses.
    #[error("the queue does not answer: {0}")]
    Away(String),
    /// The log does not read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The read model does not answer.
    #[error(transparent)]
    Read(#[from] ReadModelError),
    /// Not a token of this department.
    #[error("the token does not belong to an entry that was handed out to this department")]
    Token,
    /// Some of the tokens of a list are not.
    #[error(
        "of the list, number {} does not belong to an entry that was handed out to this department; the others are acknowledged",
        .0.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
    )]
    Tokens(Vec<usize>),
    /// It is not theirs.
    #[error("the case is not with this department")]
    NotTheirs,
}

/// An entry handed out, with what the department needs to start.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Handed {
    /// The entry.
    pub entry: Entry,
    /// Opened for the department; who spoke is left out, of the words too, where the case hides it.
    pub content: Content,
    /// Acknowledge with this.
    pub ack: String,
    /// How often it was handed out, this time included.
    pub deliveries: i64,
}

/// The queues.
#[derive(Clone)]
pub struct Queues {
    jetstream: Context,
    ledger: Ledger,
    traces: Traces,
}

impl Queues {
    /// Queues over the log.
    pub fn new(jetstream: Context, ledger: Ledger, traces: Traces) -> Self {
        Self { jetstream, ledger, traces }
    }

    /// Makes the durable consumer of a department where there is none.
    pub async fn ensure(&self, department: &DepartmentId) -> Result<PullConsumer, QueueError> {
        let stream = self.jetstream.get_stream_no_info(QUEUES).await.map_err(away)?;
        // Which entries it has had, a consumer that is there knows; how it hands them out is said here.
        let config = pull::Config {
            durable_name: Some(department.to_string()),
            filter_subject: subjects::queue_of(department),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_deliver: -1,
            max_expires: LONGEST_PULL,
            ..pull::Config::default()
        };
        let consumer: PullConsumer =
            stream.get_or_create_consumer(department.as_str(), config.clone()).await.map_err(away)?;
        let found = &consumer.cached_info().config;
        if found.max_expires == LONGEST_PULL {
            return Ok(consumer);
        }
        let config = pull::Config { deliver_policy: found.deliver_policy, ..config };
        stream.update_consumer(config).await.map_err(away)
    }

    /// Hands out at most `max` live entries, waiting up to `wait` for the first.
    pub async fn take(&self, department: &DepartmentId, max: usize, wait: Duration) -> Result<Vec<Handed>, QueueError> {
        let consumer = self.ensure(department).await?;
        let begun = begun(&consumer);
        let mut handed = self.hand_out(department, begun, self.fetch(&consumer, max, None).await?).await?;
        if handed.is_empty() && !wait.is_zero() {
            let first = self.fetch(&consumer, 1, Some(wait)).await?;
            handed = self.hand_out(department, begun, first).await?;
        }
        Ok(handed)
    }

    async fn fetch(
        &self,
        consumer: &PullConsumer,
        max: usize,
        wait: Option<Duration>,
    ) -> Result<Vec<Message>, QueueError> {
        let mut messages = match wait {
            None => consumer.fetch().max_messages(max).messages().await.map_err(away)?,
            Some(wait) => consumer.batch().max_messages(max).expires(wait).messages().await.map_err(away)?,
        };
        // A server that was started again in between never answers, and the client does not ask again.
        let until = tokio::time::Instant::now() + wait.unwrap_or_default() + REQUEST_TIMEOUT;
        let mut taken = Vec::new();
        loop {
            match tokio::time::timeout_at(until, messages.next()).await {
                Ok(None) => return Ok(taken),
                Ok(Some(Ok(message))) => taken.push(message),
                _ if !taken.is_empty() => return Ok(taken),
                Ok(Some(Err(error))) => return Err(away(error)),
                Err(error) => return Err(away(error)),
            }
        }
    }

    async fn hand_out(
        &self,
        department: &DepartmentId,
        begun: Begun,
        messages: Vec<Message>,
    ) -> Result<Vec<Handed>, QueueError> {
        let opening = messages.into_iter().map(|message| self.hand_out_one(department, begun, message));
        let opened = stream::iter(opening).buffered(OPENED_AT_ONCE).try_collect::<Vec<_>>().await?;
        Ok(opened.into_iter().flatten().collect())
    }

    async fn hand_out_one(
        &self,
        department: &DepartmentId,
        begun: Begun,
        message: Message,
    ) -> Result<Option<Handed>, QueueError> {
        let deliveries = message.info().map_err(away)?.delivered;
        let Some((_, case, n)) = subjects::parse_entry(&message.subject) else { return discard(&message).await };
        let mut step = self.traces.resume(SpanKind::Consumer, "hand_out", of_nats(message.headers.as_ref()));
        step.say(Key::Case, case);
        step.say(Key::Department, department);
        step.count(Key::Entry, n);
        step.count(Key::Delivery, deliveries);
        let opened = match self.ledger.open_case(case).await {
            // One case that does not read must not withhold all the others.
            Err(error) if error.is_of_case() => {
                tracing::error!(%case, n, %department, "entry {n} of case {case} cannot be handed out: {error}");
                step.outcome("unreadable");
                return put_back(&message, UNREADABLE).await;
            }
            opened => opened?.filter(|opened| opened.loaded.case.knows(n)),
        };
        let Some(opened) = opened else { return put_back(&message, BEHIND).await };
        if !opened.loaded.case.is_live(department, n) {
            step.outcome("dead");
            return discard(&message).await;
        }
        let read = serde_json::from_slice(&message.payload).ok();
        let Some(entry) = read.or_else(|| from_log(&opened, n)) else { return put_back(&message, UNREADABLE).await };
        let ack = message.reply.as_ref().map(|reply| Ack { begun, subject: reply.to_string() }.token());
        let ack = ack.unwrap_or_default();
        let content = match entry.kind {
            EntryKind::Withdraw => Content::default(),
            _ => {
                audit(department, &opened.loaded.case, n);
                Shown::of(&opened).with_entry(n)
            }
        };
        step.outcome("handed_out");
        Ok(Some(Handed { entry, content, ack, deliveries }))
    }

    /// The department has received these entries. A token that is not one of theirs, or from before QUEUES was made anew and
    /// other entries got its numbers, acknowledges none; the others of its list count.
    pub async fn acknowledge(&self, department: &DepartmentId, tokens: &[String]) -> Result<(), QueueError> {
        let begun = begun(&self.ensure(department).await?);
        let ours = |ack: &Ack| ack.begun == begun && is_ack_of(&ack.subject, department);
        let told = join_all(tokens.iter().map(async |token| {
            let ack = Ack::read(token).filter(ours).ok_or(QueueError::Token)?;
            self.acknowledge_one(department, ack.subject).await
        }));
        let mut strange = Vec::new();
        for (number, one) in (1..).zip(told.await) {
            match one {
                Err(QueueError::Token) => strange.push(number),
                one => one?,
            }
        }
        match strange.len() {
            0 => Ok(()),
            all if all == tokens.len() => Err(QueueError::Token),
            _ => Err(QueueError::Tokens(strange)),
        }
    }

    /// The server passes over what it has not handed out: that is told from a server that does not answer.
    async fn acknowledge_one(&self, department: &DepartmentId, subject: String) -> Result<(), QueueError> {
        let sequence = sequence_in(&subject);
        match self.jetstream.client().request(subject, "+ACK".into()).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == RequestErrorKind::TimedOut => {
                let handed_out = self.ensure(department).await?.cached_info().delivered.stream_sequence;
                Err(if sequence.is_none_or(|s| s > handed_out) { QueueError::Token } else { away(error) })
            }
            Err(error) => Err(away(error)),
        }
    }

    /// Keeps the answer to a command or submission in stream OUTCOMES.
    pub async fn keep_outcome(&self, subject: String, told: bytes::Bytes) -> Result<(), QueueError> {
        self.jetstream.publish(subject, told).await.map(drop).map_err(away)
    }

    /// What a department that takes entries over NATS may read of a case it has an entry of; none where there is no case
    /// that it may know of.
    pub async fn open(
        &self,
        department: &DepartmentId,
        case: CaseId,
        n: Option<u32>,
    ) -> Result<Option<Content>, QueueError> {
        let asker = Actor::Department { department: department.clone() };
        let opened = self.ledger.open_case(case).await?;
        let Some(opened) = opened.filter(|o| o.loaded.case.may_be_known_to(&asker)) else { return Ok(None) };
        if !may_read(&opened.loaded.case, department) {
            return Err(QueueError::NotTheirs);
        }
        audit(department, &opened.loaded.case, n.unwrap_or_default());
        Ok(Some(Shown::of(&opened).with_entry(n.unwrap_or_default())))
    }
}

/// Every showing of personal data is written down: who, which case, when (the log line's time). Never what.
fn audit(department: &DepartmentId, case: &Case, n: u32) {
    tracing::info!(target: "huiliu::audit", %department, case = %case.id, n, "case {} shown to {department}", case.id);
}

async fn discard(message: &Message) -> Result<Option<Handed>, QueueError> {
    message.ack_with(AckKind::Term).await.map_err(away)?;
    Ok(None)
}

/// It cannot be handed out now: the log was read from a copy of it that is behind the queue, or does not read.
async fn put_back(message: &Message, wait: Duration) -> Result<Option<Handed>, QueueError> {
    message.ack_with(AckKind::Nak(Some(wait))).await.map_err(away)?;
    Ok(None)
}

/// An entry of a form that this version does not read (another one wrote it), made anew of the event that tells of it.
fn from_log(opened: &OpenedCase, n: u32) -> Option<Entry> {
    let entry = |event: &Event| Some(Entry::of(&opened.loaded.case, event, event.entries.iter().find(|e| e.n == n)?));
    opened.events.iter().find_map(entry)
}

/// When a department's consumer was made, in nanoseconds: it counts anew then, and so does a QUEUES it was made anew with.
type Begun = i128;

fn begun(consumer: &PullConsumer) -> Begun {
    consumer.cached_info().created.unix_timestamp_nanos()
}

/// How an entry that was handed out is acknowledged.
#[derive(Debug, PartialEq, Eq)]
struct Ack {
    /// By which count.
    begun: Begun,
    /// The subject the server gave it: it goes by numbers.
    subject: String,
}

impl Ack {
    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.begun, self.subject))
    }

    fn read(token: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (begun, subject) = text.split_once(' ')?;
        Some(Self { begun: begun.parse().ok()?, subject: subject.to_owned() })
    }
}

/// `$JS.ACK.QUEUES.<d>.` and five numbers; or with domain and account before the stream, and perhaps more at the end. What has
/// another length is neither: with `QUEUES.<d>` among the numbers it would be another consumer's.
fn is_ack_of(subject: &str, department: &DepartmentId) -> bool {
    let tokens: Vec<&str> = subject.split('.').collect();
    let own = |stream: usize| tokens[stream..].starts_with(&[QUEUES, department.as_str()]);
    let of_a_queue = match tokens.len() {
        9 => own(2),
        11.. => own(4),
        _ => false,
    };
    tokens.starts_with(&["$JS", "ACK"]) && tokens.iter().all(|t| !matches!(*t, "" | "*" | ">")) && of_a_queue
}

/// The sequence in QUEUES that a token of [`is_ack_of`] is of.
fn sequence_in(subject: &str) -> Option<u64> {
    let tokens: Vec<&str> = subject.split('.').collect();
    let stream = if tokens.len() == 9 { 2 } else { 4 };
    tokens.get(stream + 3)?.parse().ok()
}

fn away(error: impl std::fmt::Display) -> QueueError {
    QueueError::Away(error.to_string())
}

impl From<QueueError> for crate::problem::Problem {
    fn from(error: QueueError) -> Self {
        use crate::problem::Kind;
        let detail = error.to_string();
        match error {
            QueueError::Away(_) => Self::new(Kind::Unavailable, detail).retry_after(2),
            QueueError::Ledger(error) => error.into(),
            QueueError::Read(error) => error.into(),
            QueueError::Token | QueueError::Tokens(_) => Self::new(Kind::NotFound, detail),
            QueueError::NotTheirs => Self::new(Kind::Forbidden, detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ack_token_reaches_its_own_queue_only() {
        let department: DepartmentId = "jb-housing".parse().expect("valid");
        let cases = [
            ("$JS.ACK.QUEUES.jb-housing.1.2.3.4.5", true),
            ("$JS.ACK._.HASH.QUEUES.jb-housing.1.2.3.4.5", true),
            ("$JS.ACK._.HASH.QUEUES.jb-housing.1.2.3.4.5.6", true),
            ("$JS.ACK.QUEUES.jb-police.QUEUES.jb-housing.5.6.7", false),
            ("$JS.ACK.INTAKE.pipeline.QUEUES.jb-housing.5.6.7", false),
            ("$JS.ACK.QUEUES.jb-housing.QUEUES.jb-police.1.2.3.4.5", false),
            ("$JS.ACK.QUEUES.jb-housing.1.2.3.4", false),
            ("$JS.ACK.QUEUES.jb-police.1.2.3.4.5", false),
            ("$JS.ACK.CASES.jb-housing.1.2.3.4.5", false),
            ("$JS.API.STREAM.DELETE.QUEUES", false),
            ("$JS.ACK.QUEUES.jb-housing.>", false),
        ];
        for (subject, expected) in cases {
            assert_eq!(is_ack_of(subject, &department), expected, "{subject}");
        }
        assert_eq!(sequence_in(cases[0].0), Some(2));
        assert_eq!(sequence_in(cases[1].0), Some(2));
        let ack = Ack { begun: 7, subject: cases[0].0.into() };
        assert_eq!(Ack::read(&ack.token()), Some(ack));
        assert_eq!(Ack::read(&URL_SAFE_NO_PAD.encode(cases[0].0)), None, "it says of no count");
    }
}
