//! Write-back: every source is told what became of its cases, in order, until it has understood. What is owed is in the
//! case's fold, so nothing else needs to be remembered; that a source was told is an event of the case. An id of what is told
//! goes along, so that a source told twice can know it. One gateway at a time tells a channel, and one channel tells a
//! source: the one its record came by, if that one can.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Context;
use futures_util::{FutureExt, StreamExt};
use huiliu_adapters::http;
use huiliu_adapters::map::{HttpRequestParts, Judgement, Outgoing};
use huiliu_adapters::pull::backoff;
use huiliu_adapters::token::{Bearer, TokenError};
use huiliu_adapters::verify::sign;
use huiliu_schemas::case::{Case, Owed};
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Actor, AnswerDelivered, Event, EventBody};
use huiliu_schemas::private::Private;
use huiliu_schemas::{CaseId, Cause, Channel, Namespace};
use jiff::Timestamp;
use reqwest::header::RETRY_AFTER;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::channels::{ChannelRuntime, Channels};
use crate::desk::{Job, Work, reply_digest};
use crate::follow;
use crate::intake::dead::{DeadLetter, bury};
use crate::lease::Lease;
use crate::ledger::{JobResult, Ledger, LedgerError, Loaded, OpenedCase};
use crate::queues::Shown;
use crate::readmodel::{OwedCase, ReadHandle, ReadModelError};
use crate::traces::{Key, SpanKind, Step, Traces};

const LOOK_EVERY: Duration = Duration::from_millis(250);
const CASES_A_LOOK: usize = 200;
const TIMEOUT: Duration = Duration::from_secs(20);
/// Cases told at the same time.
const AT_ONCE: usize = 8;
const MOST_ANSWER_BYTES: usize = 1 << 20;

/// Tells one channel.
pub struct WriteBack {
    channel: Arc<ChannelRuntime>,
    channels: Channels,
    jetstream: Context,
    ledger: Ledger,
    reads: ReadHandle,
    traces: Traces,
    http: reqwest::Client,
    waiting: HashMap<CaseId, Waiting>,
}

/// A case whose source did not take the answer yet.
struct Waiting {
    attempts: u32,
    until: Instant,
}

/// The source did not take it; when it may be told again, if it said so.
struct NotYet(Option<Duration>);

fn does_not_read(id: CaseId, error: &LedgerError) -> NotYet {
    tracing::warn!(%error, case = %id, "an answer waits: the case does not read");
    NotYet(None)
}

/// Status, `Retry-After` in seconds, body.
type Answered = (u16, Option<u64>, Vec<u8>);

/// A wrong secret is put right by a person, not by hurry.
const SECRET_PAUSE: Duration = Duration::from_secs(60);

/// Nothing was heard of the source.
struct Unsent {
    reason: String,
    after: Option<Duration>,
}

impl From<String> for Unsent {
    fn from(reason: String) -> Self {
        Self { reason, after: None }
    }
}

impl From<&str> for Unsent {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

impl From<TokenError> for Unsent {
    fn from(error: TokenError) -> Self {
        Self { reason: error.to_string(), after: error.needs_a_person().then_some(SECRET_PAUSE) }
    }
}

/// What came of telling.
enum Told {
    Delivered(Option<i64>),
    Later(String, Option<Duration>),
    /// The source's answer is none that its pack knows.
    Unlisted(String, Option<Private>, Duration),
    /// For good: why, and in the source's own words, which are nobody's but the case's.
    Refused(String, Option<Private>),
    /// The same, by an answer that its pack does not know.
    GivenUp(String, Option<Private>),
    /// The pack has no way to tell this kind of answer.
    NoWay,
}

impl Told {
    /// What is in no list is told again, but for a step on the way that what comes `after` it would wait behind: that is given
    /// up, so that the last word is heard.
    fn for_good(self, owed: &Owed, after: &[Owed]) -> Self {
        let stands_before = || !owed.what.is_last() && after.iter().any(|next| next.source == owed.source);
        match self {
            Self::Unlisted(reason, words, _) if stands_before() => Self::GivenUp(reason, words),
            Self::Unlisted(reason, _, pause) => Self::Later(reason, Some(pause)),
            told => told,
        }
    }

    /// As a trace says it: never in the source's words.
    fn say(&self, step: &mut Step) {
        match self {
            Self::Delivered(_) => step.outcome("delivered"),
            Self::NoWay => step.outcome("no_way"),
            Self::Later(..) | Self::Unlisted(..) => step.failed("later"),
            Self::Refused(..) | Self::GivenUp(..) => step.failed("refused"),
        }
    }
}

impl WriteBack {
    /// A write-back for a channel whose address is known.
    ///
    /// # Errors
    /// When no HTTP client can be built.
    pub fn new(
        channel: Arc<ChannelRuntime>,
        channels: Channels,
        jetstream: Context,
        ledger: Ledger,
        reads: ReadHandle,
        traces: Traces,
    ) -> Result<Self, reqwest::Error> {
        let http = http::client(channel.base_url.as_deref().unwrap_or_default()).timeout(TIMEOUT).build()?;
        Ok(Self { channel, channels, jetstream, ledger, reads, traces, http, waiting: HashMap::new() })
    }

    /// Runs until shutdown, whenever the channel's lease can be had.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let lease = Lease::new(self.jetstream.clone(), format!("tell.{}", self.channel.name));
        while !shutdown.is_cancelled() {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.take_turn(&lease) => {}
            }
            // Whoever holds the lease now knows who waits.
            self.waiting.clear();
            self.tell_waiting();
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
            }
        }
    }

    /// Tells for as long as the lease is ours. Who has read the log asks for it at once, who is behind later, and who gets no
    /// further last of all: what it knows to be owed is better told by it than by nobody.
    async fn take_turn(&mut self, lease: &Lease) {
        let (jetstream, reads) = (self.jetstream.clone(), self.reads.clone());
        if let Err(error) = follow::caught_up(&jetstream, &reads).await {
            tracing::debug!(%error, "channel {} is told by another gateway, if one can", self.channel.name);
        }
        let telling = async {
            tokio::select! {
                error = self.tell_all() => tracing::warn!(%error, "the read model does not say what is owed"),
                error = follow::stuck(&jetstream, &reads) => {
                    tracing::warn!(%error, "channel {} is left to another gateway, if one can", self.channel.name);
                }
            }
        };
        lease.hold(telling).await;
    }

    async fn tell_all(&mut self) -> ReadModelError {
        loop {
            if let Err(error) = self.tell_owed().await {
                return error;
            }
            self.tell_waiting();
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Tells of every case in which something is owed here; of those that waited, the others are forgotten.
    async fn tell_owed(&mut self) -> Result<(), ReadModelError> {
        let mut gone: HashSet<CaseId> = self.waiting.keys().copied().collect();
        let mut after = 0;
        loop {
            let owed = self.owed(after).await?;
            let Some(last) = owed.last() else { break };
            after = last.place;
            let ours = owed.into_iter().filter(|owed| self.is_ours(&owed.channel)).map(|owed| owed.id);
            let ours: Vec<_> = ours.collect();
            for id in &ours {
                gone.remove(id);
            }
            self.tell_some(ours).await;
        }
        self.waiting.retain(|id, _| !gone.contains(id));
        Ok(())
    }

    fn tell_waiting(&self) {
        metrics::gauge!("huiliu_write_back_waiting_cases", "channel" => self.channel.name.to_string())
            .set(self.waiting.len() as f64);
    }

    async fn owed(&self, after: i64) -> Result<Vec<OwedCase>, ReadModelError> {
        let namespace = self.channel.namespace.clone();
        self.reads.aside(move |reads| reads.owed(&namespace, after, CASES_A_LOOK)).await
    }

    async fn tell_some(&mut self, cases: Vec<CaseId>) {
        let now = Instant::now();
        let due = cases.into_iter().filter(|id| self.waiting.get(id).is_none_or(|w| w.until <= now));
        let this = &*self;
        let telling = futures_util::stream::iter(due.collect::<Vec<_>>())
            .map(|id| async move { (id, unbroken(id, this.tell_case(id)).await) });
        let told: Vec<_> = telling.buffer_unordered(AT_ONCE).collect().await;
        for (id, told) in told {
            match told {
                Ok(()) => {
                    self.waiting.remove(&id);
                }
                Err(NotYet(after)) => self.wait(id, after),
            }
        }
    }

    /// Tells everything owed in one case, in order, as far as the source takes it.
    async fn tell_case(&self, id: CaseId) -> Result<(), NotYet> {
        let opened = self.ledger.open_case(id).await.map_err(|error| does_not_read(id, &error))?;
        let Some(opened) = opened else { return Ok(()) };
        self.require_end(&opened.loaded).await?;
        let unknown = &opened.loaded.case.unknown;
        if !unknown.is_empty() {
            // That it was told could not be written down.
            let unknown = unknown.join(", ");
            tracing::warn!(case = %id, "an answer waits: this version does not know {unknown}; upgrade first");
            return Err(NotYet(None));
        }
        let all = self.owed_here(&opened.loaded.case);
        for (at, owed) in all.iter().enumerate() {
            if at > 0 && owed.what.is_last() && !self.is_still_owed(id, owed).await? {
                return Ok(());
            }
            let mut step = self.step(&opened, owed);
            let told = self.tell(&opened, owed, &mut step).await.for_good(owed, &all[at + 1..]);
            told.say(&mut step);
            match told {
                Told::Later(reason, after) => {
                    tracing::warn!(
                        channel = %self.channel.name, case = %id, what = %owed.what, reason,
                        "channel {} did not take an answer; it is told again", self.channel.name
                    );
                    return Err(NotYet(after));
                }
                told if self.record(&opened, owed, &told, &step).await => {}
                _ => return Err(NotYet(None)),
            }
        }
        Ok(())
    }

    /// A source may take its time over what it is told first, and the case come back meanwhile.
    async fn is_still_owed(&self, id: CaseId, owed: &Owed) -> Result<bool, NotYet> {
        let Some(loaded) = self.ledger.case(id).await.map_err(|error| does_not_read(id, &error))? else {
            return Ok(false);
        };
        self.require_end(&loaded).await?;
        Ok(loaded.case.owed.contains(owed))
    }

    /// What a copy of the log that is behind still holds for owed may be told already, or taken back.
    async fn require_end(&self, loaded: &Loaded) -> Result<(), NotYet> {
        let id = loaded.case.id;
        let read_to_its_end = self.ledger.ends_with(loaded).await.map_err(|error| does_not_read(id, &error))?;
        if read_to_its_end { Ok(()) } else { Err(NotYet(None)) }
    }

    /// One attempt, in the trace of what the source is to be told of: every further attempt is a step there too.
    fn step(&self, opened: &OpenedCase, owed: &Owed) -> Step {
        let mut step = self.traces.resume(SpanKind::Client, "tell", opened.traces.of(owed.event));
        step.say(Key::Case, opened.loaded.case.id);
        step.say(Key::Channel, &self.channel.name);
        step.say(Key::Answer, owed.what);
        step.link(opened.loaded.begun_in.as_deref());
        step
    }

    fn owed_here(&self, case: &Case) -> Vec<Owed> {
        let here = |o: &&Owed| o.source.namespace == self.channel.namespace;
        let answers = case.answers_by(self.channel.namespace.as_str());
        if self.is_ours(answers) { case.owed.iter().filter(here).cloned().collect() } else { Vec::new() }
    }

    /// Whether we tell the source whose record came by this channel.
    fn is_ours(&self, answers: &Channel) -> bool {
        let told_by = teller(&self.channels, &self.channel.namespace, answers);
        told_by.is_some_and(|channel| channel.name == self.channel.name)
    }

    fn wait(&mut self, id: CaseId, after: Option<Duration>) {
        let attempts = self.waiting.get(&id).map_or(0, |w| w.attempts) + 1;
        let pause = after.unwrap_or_else(|| backoff(attempts, 0.5));
        self.waiting.insert(id, Waiting { attempts, until: Instant::now() + pause });
    }

    async fn tell(&self, opened: &OpenedCase, owed: &Owed, step: &mut Step) -> Told {
        let Some(event) = opened.events.iter().find(|e| e.id == owed.event) else { return Told::NoWay };
        let pack = self.channel.pack();
        let writeback = pack.writeback();
        let Some(parts) = writeback.render(&self.outgoing(opened, event, owed)) else { return Told::NoWay };
        match self.send(answer_id(&opened.loaded.case, owed), parts).await {
            Err(Unsent { reason, after }) => Told::Later(reason, after),
            Ok((status, retry_after, body)) => {
                step.count(Key::Status, status);
                match writeback.judge(status, retry_after, &body, Timestamp::now()) {
                    Judgement::Delivered { version } => Told::Delivered(version),
                    Judgement::Retry { reason, after } => Told::Later(reason, after),
                    Judgement::Unlisted { reason, words, after } => Told::Unlisted(reason, words, after),
                    Judgement::Refused { reason, words } => Told::Refused(reason, words),
                }
            }
        }
    }

    /// What is told, without who spoke to other sources, where that is hidden.
    fn outgoing(&self, opened: &OpenedCase, event: &Event, owed: &Owed) -> Outgoing {
        let directory = self.ledger.desk().directory();
        let (solved, contacted) = match &event.body {
            EventBody::Resolved { solved, contacted, .. } => (Some(*solved), Some(*contacted)),
            _ => (None, None),
        };
        let article = match &event.body {
            EventBody::Declined { article, .. } => Some(article.as_str().into()),
            _ => None,
        };
        let department = match &event.actor {
            Actor::Department { department } => Some(directory.department_name(department).to_owned()),
            _ => None,
        };
        let Content { reply, note, .. } = Shown::to_source(opened, &owed.source.namespace).of_content(&event.content);
        Outgoing {
            kind: owed.what,
            source_id: owed.source.id.clone(),
            event_id: answer_id(&opened.loaded.case, owed).to_string(),
            at: event.at,
            department_name: department,
            reply: reply.or_else(|| note.clone()),
            reason: note.or(article),
            solved,
            contacted,
        }
    }

    /// Sends it with what the source wants to see of us; once more with a fresh token if it no longer takes ours.
    async fn send(&self, id: Uuid, parts: HttpRequestParts) -> Result<Answered, Unsent> {
        let Some(tokens) = &self.channel.tokens else { return self.send_with(id, &parts, None).await };
        let bearer = tokens.bearer().await?;
        let answered = self.send_with(id, &parts, Some(&bearer)).await?;
        let (status, _, body) = &answered;
        if !self.channel.pack().writeback().refuses_caller(*status, body) {
            return Ok(answered);
        }
        tokens.forget(&bearer).await;
        self.send_with(id, &parts, Some(&tokens.bearer().await?)).await
    }

    async fn send_with(&self, id: Uuid, parts: &HttpRequestParts, bearer: Option<&Bearer>) -> Result<Answered, Unsent> {
        let base = self.channel.base_url.as_deref().ok_or("`base_url` is not set")?;
        let url = format!("{}{}", base.trim_end_matches('/'), parts.path);
        let method = parts.method.parse().map_err(|_| format!("method `{}`", parts.method))?;
        let mut request = self.http.request(method, url).body(parts.body.clone());
        for (name, value) in &parts.headers {
            request = request.header(name, value);
        }
        let secrets = &self.channel.answer_secrets;
        if !secrets.is_empty() {
            for (name, value) in sign(&id.to_string(), &parts.body, secrets, Timestamp::now()) {
                request = request.header(name, value);
            }
        }
        if let Some((header, key)) = self.channel.pack().key_header.as_ref().zip(self.channel.key.as_ref()) {
            request = request.header(header, key);
        }
        if let Some(bearer) = bearer {
            request = request.header(&bearer.header, &bearer.value);
        }
        let mut response = request.send().await.map_err(|e| e.without_url().to_string())?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| e.without_url().to_string())? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_ANSWER_BYTES {
                return Err("its answer is over 1 MiB".into());
            }
        }
        Ok((status, retry_after, body))
    }

    /// Writes into the case that the source was told, or will never be.
    async fn record(&self, opened: &OpenedCase, owed: &Owed, told: &Told, step: &Step) -> bool {
        let id = opened.loaded.case.id;
        let (version, refused, said) = match told {
            Told::Delivered(version) => (*version, None, None),
            Told::Refused(reason, words) | Told::GivenUp(reason, words) => (None, Some(reason.clone()), words.clone()),
            Told::NoWay | Told::Later(..) | Told::Unlisted(..) => (None, None, None),
        };
        if let Some(reason) = &refused
            && !self.bury(id, owed, reason).await
        {
            return false;
        }
        let no_way = matches!(told, Told::NoWay);
        let outcome = match told {
            _ if no_way => "no_way",
            _ if refused.is_some() => "refused",
            _ => "delivered",
        };
        let event = opened.events.iter().find(|e| e.id == owed.event);
        let words = event.and_then(|e| self.channel.pack().writeback().words(&self.outgoing(opened, e, owed)));
        let master = self.ledger.keys().master();
        let delivered = AnswerDelivered {
            event: owed.event,
            what: owed.what,
            source: owed.source.clone(),
            version,
            reply_digest: reply_digest(master, &Content { reply: words, ..Content::default() }),
            refused: refused.is_some(),
            given_up: matches!(told, Told::GivenUp(..)),
            no_way,
        };
        let job = Job {
            cause: told_cause(owed.event, owed),
            actor: Actor::Hub,
            work: Work::Delivery { case: id, delivered, said: Content { note: said, ..Content::default() } },
        };
        if let Err(reason) = self.settle(job, step).await {
            tracing::warn!(channel = %self.channel.name, case = %id, what = %owed.what, reason,
                "channel {} is told an answer again: what came of it was not written down", self.channel.name);
            return false;
        }
        metrics::counter!("huiliu_write_back_total", "channel" => self.channel.name.to_string(), "outcome" => outcome)
            .increment(1);
        true
    }

    /// Why it is not in the case now, if it is not.
    async fn settle(&self, job: Job, step: &Step) -> Result<(), String> {
        let settled = self.ledger.settle(job, step.child(SpanKind::Internal, "append")).await;
        match settled.map_err(|error| error.to_string())?.result {
            JobResult::Appended(_) | JobResult::Known(_) | JobResult::Nothing(_) => Ok(()),
            JobResult::Refused(refusal) => Err(refusal.to_string()),
        }
    }

    async fn bury(&self, case: CaseId, owed: &Owed, reason: &str) -> bool {
        let letter = DeadLetter {
            stage: "write-back".into(),
            channel: self.channel.name.clone(),
            intake_sequence: None,
            index: None,
            case_id: Some(case),
            event_id: Some(owed.event),
            source: Some(owed.source.clone()),
            reason: format!("{} was refused: {reason}; what the source says stands in the case", owed.what),
            problems: Vec::new(),
            at: Timestamp::now(),
        };
        bury(&self.jetstream, &letter).await.is_ok()
    }
}

/// Who tells a source of this numbering whose record came by channel `answers`: that channel, if its system has an address
/// and its pack says what is told; else the first of the numbering that can. Where none can, one of them says so.
fn teller<'a>(channels: &'a Channels, namespace: &Namespace, answers: &Channel) -> Option<&'a Arc<ChannelRuntime>> {
    let reached = || channels.values().filter(|c| c.base_url.is_some() && c.namespace == *namespace);
    let own = |c: &&Arc<ChannelRuntime>| c.name == *answers;
    let able = |c: &&Arc<ChannelRuntime>| c.pack().writeback().is_decided();
    let capable = reached().filter(able).find(own).or_else(|| reached().find(able));
    capable.or_else(|| reached().find(own)).or_else(|| reached().next())
}

/// What a fault of ours breaks is the telling of this one case: the channel's others are told, here and by whoever tells it next.
async fn unbroken(id: CaseId, telling: impl Future<Output = Result<(), NotYet>>) -> Result<(), NotYet> {
    // What had been told and not written down is told again, as after any failure.
    AssertUnwindSafe(telling).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(case = %id, "an answer of case {id} waits: telling it broke down, by a fault of ours");
        Err(NotYet(None))
    })
}

/// The same however often this is told, and another where it was refused under another number and passed on: who keeps the ids
/// of what was refused would take that for known.
fn answer_id(case: &Case, owed: &Owed) -> Uuid {
    let is_refused = |told: &AnswerDelivered| {
        let source = &told.source;
        told.refused && told.event == owed.event && source.namespace == owed.source.namespace && *source != owed.source
    };
    match case.delivered.iter().any(is_refused) {
        true => Uuid::new_v5(&owed.event, owed.source.to_string().as_bytes()),
        false => owed.event,
    }
}

fn told_cause(event: Uuid, owed: &Owed) -> Cause {
    Cause::hub(&format!("told/{event}/{}", owed.source))
}

#[cfg(test)]
mod tests {
    use huiliu_schemas::SourceId;

    use super::*;

    #[tokio::test]
    async fn a_telling_that_breaks_down_is_of_its_case_alone() {
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        assert!(unbroken(id, async { panic!("cut amiss") }).await.is_err());
        assert!(unbroken(id, async { Ok(()) }).await.is_ok());
    }
}
