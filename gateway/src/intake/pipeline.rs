//! What happens to a message:
//!
//! 1. take the next envelope from INTAKE and open it,
//! 2. read its records and make submissions of them (the pack),
//! 3. hand each to the ledger, in order: there it is matched, routed, decided and appended,
//! 4. bury what could not be understood or decided, with the reason,
//! 5. acknowledge the envelope, and not before.
//!
//! An envelope that comes again changes nothing: its records' causes are known to their cases. What was nothing new, or was
//! buried, left no cause; while its envelope waits for another record, it is remembered here that it is settled. Where a
//! gateway died, or another takes the envelope next, it is decided again: by its source's order, if that has one, else as if
//! it came now.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::{AckKind, Context, Message};
use futures_util::StreamExt;
use huiliu_schemas::event::Actor;
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::submission::{Intent, Submission};
use huiliu_schemas::vocabulary::LinkKind;
use huiliu_schemas::{CaseId, Cause, Channel};
use jiff::Timestamp;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempts::Attempts;
use super::dead::{DeadLetter, bury};
use super::envelope::{RawEnvelope, is_carried};
use super::understand::{Misunderstood, Understood, understand};
use crate::cache::Cache;
use crate::channels::{ChannelRuntime, Channels};
use crate::desk::{Job, Record, Work};
use crate::engine::streams::INTAKE;
use crate::ledger::{JobResult, Ledger, LedgerError, Settled};
use crate::traces::{Key, SpanKind, Step, Traces, of_nats};

/// The durable consumer all gateways share.
pub const CONSUMER: &str = "pipeline";
/// Enough for every lane of the ledger to have its next batch waiting.
pub const IN_FLIGHT: usize = 1_000;
/// What the server may send ahead; more than any one envelope, or that one would never come.
const ASKED_FOR_BYTES: usize = 16 << 20;
const _: () = assert!(ASKED_FOR_BYTES > 2 * crate::api::BODY_CAP);
/// What was in flight when a gateway or the server's leader died comes again after this.
const ACK_WAIT: Duration = Duration::from_secs(10);
/// What takes longer is said to be in hand, well before it would come again.
const IN_HAND_EVERY: Duration = Duration::from_secs(3);
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// Ten minutes and more in which a case did not read, the store refused just this, or no gateway that was asked had the
/// channel switched on.
const TRIES: i64 = 60;
/// An envelope with a record that speaks of a case nobody knows is put off, for what it speaks of may be on its way, with another
/// gateway or in an envelope that had to wait; at each delivery whose number this divides it is no more. Whatever else brought
/// it again counts too, so the number itself says nothing; it is the server's, and holds over gateways and restarts.
const NOT_PUT_OFF_EVERY: i64 = 5;
/// So many envelopes the server lets be out at once.
const MOST_OUT: usize = 2_000;
/// No more envelopes than so many are put off at once: the server hands out no others while too many are out.
const MOST_PUT_OFF: usize = 200;

/// The pipeline.
pub struct Pipeline {
    jetstream: Context,
    ledger: Ledger,
    channels: Channels,
    traces: Traces,
    attempts: Attempts,
    in_flight: Arc<Semaphore>,
    /// How many envelopes more may be put off now.
    may_wait: Arc<Semaphore>,
    /// Which records are settled of envelopes that wait for others.
    settled: Cache<u64, Arc<HashSet<usize>>>,
    /// Envelopes all of which is settled, and when each was stored: the server may have sent a second copy before it heard so,
    /// and a stream that was made anew gives a number again.
    done: Cache<u64, i128>,
}

/// What is to become of the envelope's message.
enum Fate {
    /// Everything in it is decided or buried.
    Done,
    /// Try again later.
    Later(String),
}

impl Fate {
    /// As a trace says it, with the word for one that is settled.
    fn word(&self, settled: &'static str) -> &'static str {
        match self {
            Self::Done => settled,
            Self::Later(_) => "later",
        }
    }
}

type Answer = oneshot::Receiver<Result<Settled, LedgerError>>;

/// A record on its way: with the ledger, or already known to be no submission.
enum Underway {
    Asked(usize, Answer),
    Hopeless(usize, Misunderstood),
}

impl Underway {
    /// Its place in the envelope.
    fn index(&self) -> usize {
        match self {
            Self::Asked(index, _) | Self::Hopeless(index, _) => *index,
        }
    }
}

impl Pipeline {
    /// A pipeline from INTAKE into the ledger.
    pub fn new(jetstream: Context, ledger: Ledger, channels: Channels, traces: Traces, attempts: Attempts) -> Self {
        Self {
            attempts,
            jetstream,
            ledger,
            channels,
            traces,
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
            may_wait: Arc::new(Semaphore::new(MOST_PUT_OFF)),
            settled: Cache::new(MOST_OUT),
            done: Cache::new(2 * MOST_OUT),
        }
    }

    /// Runs until shutdown, then finishes what is in flight. Survives the server: the stream of messages is built anew
    /// whenever it ends.
    pub async fn run(self, shutdown: CancellationToken) {
        let pipeline = Arc::new(self);
        let tasks = TaskTracker::new();
        while !shutdown.is_cancelled() {
            tokio::select! {
                () = shutdown.cancelled() => break,
                ended = pipeline.take(&tasks) => {
                    if let Err(error) = ended {
                        tracing::warn!(error, "the pipeline waits for the server");
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(Duration::from_millis(200)) => {}
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    async fn take(self: &Arc<Self>, tasks: &TaskTracker) -> Result<(), String> {
        let consumer = consumer(&self.jetstream).await?;
        let mut messages = consumer
            .stream()
            .max_messages_per_batch(256)
            .max_bytes_per_batch(ASKED_FOR_BYTES)
            .heartbeat(Duration::from_secs(2))
            .expires(Duration::from_secs(10))
            .messages()
            .await
            .map_err(|e| e.to_string())?;
        while let Some(message) = messages.next().await {
            let message = message.map_err(|e| e.to_string())?;
            if is_carried(message.headers.as_ref()) {
                close(&message, Fate::Done).await;
                continue;
            }
            let Position { sequence, delivered, stored } = position(&message)?;
            let room = self.in_flight.clone().acquire_many_owned(self.attempts.care(sequence).weight(IN_FLIGHT));
            let Ok(permits) = in_hand(&message, room).await else { return Ok(()) };
            if self.done.get(&sequence) == Some(stored) {
                close(&message, Fate::Done).await;
                continue;
            }
            let mut step = self.traces.resume(SpanKind::Consumer, "work", of_nats(message.headers.as_ref()));
            step.count(Key::Intake, sequence);
            step.count(Key::Delivery, delivered);
            let held = self.attempts.take_up(sequence);
            match self.begin(&message, sequence, delivered, &mut step).await {
                Ok((channel, underway)) => {
                    let pipeline = Arc::clone(self);
                    tasks.spawn(async move {
                        let fate =
                            in_hand(&message, pipeline.finish(sequence, delivered, &channel, underway, &step)).await;
                        step.outcome(fate.word("done"));
                        if let Fate::Done = fate {
                            pipeline.done.insert(sequence, stored);
                        }
                        pipeline.attempts.outlived(sequence);
                        drop(held);
                        close(&message, fate).await;
                        drop(permits);
                    });
                }
                Err(fate) => {
                    step.failed(fate.word("dead_letter"));
                    // What could not even be buried stays convicted.
                    if let Fate::Done = fate {
                        self.done.insert(sequence, stored);
                        self.attempts.outlived(sequence);
                    }
                    drop(held);
                    close(&message, fate).await;
                }
            }
        }
        Ok(())
    }

    /// Understands the envelope and puts its records into the ledger's order.
    async fn begin(
        &self,
        message: &Message,
        sequence: u64,
        delivered: i64,
        step: &mut Step,
    ) -> Result<(Channel, Vec<Underway>), Fate> {
        if let Some(deaths) = self.attempts.convicted(sequence) {
            let reason = format!("in hand, at last alone, when the gateway died {deaths} times");
            return Err(self.bury_envelope(message, "poison", sequence, reason).await);
        }
        let envelope = match self.open(message) {
            Ok(envelope) => envelope,
            Err(reason) => return Err(self.bury_envelope(message, "open", sequence, reason).await),
        };
        let Some(channel) = self.channels.get(&envelope.channel) else {
            let reason = format!("channel `{}` is not switched on here", envelope.channel);
            // Put off for ever, they would keep back what other channels send: the server lets only so many wait.
            return Err(match delivered > TRIES {
                true => self.bury_envelope(message, "channel", sequence, reason).await,
                false => Fate::Later(reason),
            });
        };
        step.say(Key::Channel, &channel.name);
        let underway = self.hand_over(message, &envelope, channel, sequence, step).await?;
        Ok((envelope.channel, underway))
    }

    async fn hand_over(
        &self,
        message: &Message,
        envelope: &RawEnvelope,
        channel: &ChannelRuntime,
        sequence: u64,
        step: &mut Step,
    ) -> Result<Vec<Underway>, Fate> {
        #[cfg(debug_assertions)]
        super::attempts::die_of(&envelope.body.get().bytes);
        let records = match understood(envelope, channel, step) {
            Ok(records) => records,
            Err(error) => return Err(self.bury_envelope(message, "decode", sequence, error.to_string()).await),
        };
        let settled = self.settled.get(&sequence).unwrap_or_default();
        let mut underway = Vec::with_capacity(records.len());
        for record in records.into_iter().filter(|record| !settled.contains(&record.index)) {
            underway.push(match record.submission {
                Ok(submission) => {
                    note_lag(channel, submission.facts.registered_at, envelope.received_at);
                    note_unknown(channel, &submission);
                    let job = self.job(channel, *submission, sequence, record.index);
                    let answer = self.ledger.enqueue(job, step.child(SpanKind::Internal, "append")).await;
                    Underway::Asked(record.index, answer.map_err(|e| Fate::Later(e.to_string()))?)
                }
                Err(why) => Underway::Hopeless(record.index, why),
            });
        }
        Ok(underway)
    }

    fn open(&self, message: &Message) -> Result<RawEnvelope, String> {
        let none = async_nats::HeaderMap::new();
        let headers = message.headers.as_ref().unwrap_or(&none);
        let master = self.ledger.keys().master();
        RawEnvelope::open(&message.subject, headers, &message.payload, master).map_err(|e| e.to_string())
    }

    fn job(&self, channel: &ChannelRuntime, submission: Submission, sequence: u64, index: usize) -> Job {
        let history = channel.is_history(submission.facts.registered_at);
        let master = self.ledger.keys().master();
        let record = Record::new(channel.name.clone(), submission, history, master);
        Job {
            cause: Cause::intake(sequence, index),
            actor: Actor::Source { channel: channel.name.clone() },
            work: Work::Record(Box::new(record)),
        }
    }

    /// Waits for the ledger's answers, buries what was refused, and says what is to become of the envelope.
    async fn finish(
        &self,
        sequence: u64,
        delivered: i64,
        channel: &Channel,
        underway: Vec<Underway>,
        step: &Step,
    ) -> Fate {
        let (mut fate, mut put_off) = (Fate::Done, None);
        let mut settled = Vec::new();
        for record in underway {
            let index = record.index();
            let one = match record {
                Underway::Hopeless(_, why) => {
                    let letter = letter("map", channel, sequence, Some(index), why.reason);
                    self.bury(DeadLetter { problems: why.problems, ..letter }).await
                }
                Underway::Asked(_, answer) => match answer.await {
                    // One answer for the whole envelope, or its records would be given up by turns and it would never end.
                    Ok(Ok(settled))
                        if is_of_unknown_case(&settled) && *put_off.get_or_insert_with(|| self.puts_off(delivered)) =>
                    {
                        Fate::Later("it speaks of a case that is not known yet".into())
                    }
                    Ok(Ok(settled)) => {
                        match self.link_back(&settled, sequence, index, channel, delivered, step).await {
                            Fate::Done => self.settled(settled, sequence, index, channel).await,
                            later => later,
                        }
                    }
                    Ok(Err(error)) if error.is_of_case() && delivered > TRIES => {
                        self.bury(letter("poison", channel, sequence, Some(index), error.to_string())).await
                    }
                    Ok(Err(error)) => Fate::Later(error.to_string()),
                    Err(_) => Fate::Later("the ledger closed".into()),
                },
            };
            match one {
                Fate::Done => settled.push(index),
                later => fate = later,
            }
        }
        self.remember(sequence, settled, &fate);
        fate
    }

    /// What is settled of an envelope that comes again is not decided again: what changed nothing would by then.
    fn remember(&self, sequence: u64, settled: Vec<usize>, fate: &Fate) {
        if let Fate::Done = fate {
            return self.settled.forget(&sequence);
        }
        let before = self.settled.get(&sequence).unwrap_or_default();
        self.settled.insert(sequence, Arc::new(before.iter().copied().chain(settled).collect()));
    }

    /// Whether an envelope is put off once more. It takes up room until it comes again.
    fn puts_off(&self, delivered: i64) -> bool {
        if delivered % NOT_PUT_OFF_EVERY == 0 {
            return false;
        }
        let Ok(waits) = self.may_wait.clone().try_acquire_owned() else { return false };
        tokio::spawn(async move {
            tokio::time::sleep(RETRY_AFTER).await;
            drop(waits);
        });
        true
    }

    async fn settled(&self, settled: Settled, sequence: u64, index: usize, channel: &Channel) -> Fate {
        let outcome = match settled.result {
            JobResult::Appended(_) => "appended",
            JobResult::Known(_) => "known",
            JobResult::Nothing(_) => "nothing_new",
            JobResult::Refused(refusal) => {
                return self.bury(letter("decide", channel, sequence, Some(index), refusal.to_string())).await;
            }
        };
        metrics::counter!("huiliu_records_total", "channel" => channel.to_string(), "outcome" => outcome).increment(1);
        Fate::Done
    }

    /// The cases a record's case is linked with are linked with it, whenever a record of it comes: what was cut short is made
    /// good by the next. One of them that does not read holds up nothing for longer than the record's own case would.
    async fn link_back(
        &self,
        settled: &Settled,
        sequence: u64,
        index: usize,
        channel: &Channel,
        delivered: i64,
        step: &Step,
    ) -> Fate {
        let to = settled.case_id;
        for (case, kind) in links(settled) {
            let work = Work::Link { case, to, kind };
            let job = Job { cause: Cause::hub(&format!("linked/{to}")), actor: Actor::Hub, work };
            // Boxed, as what is rare below: each envelope's task would else have room for all of it.
            let settled = Box::pin(self.ledger.settle(job, step.child(SpanKind::Internal, "append"))).await;
            let (stage, why) = match settled.map(|linked| linked.result) {
                Ok(JobResult::Refused(refusal)) => ("decide", refusal.to_string()),
                Ok(_) => continue,
                Err(error) if error.is_of_case() && delivered > TRIES => ("poison", error.to_string()),
                Err(error) => return Fate::Later(error.to_string()),
            };
            let letter = letter(stage, channel, sequence, Some(index), format!("not linked with {to}: {why}"));
            if let later @ Fate::Later(_) = self.bury(DeadLetter { case_id: Some(case), ..letter }).await {
                return later;
            }
        }
        Fate::Done
    }

    async fn bury_envelope(&self, message: &Message, stage: &str, sequence: u64, reason: String) -> Fate {
        let channel = message.subject.strip_prefix("intake.").and_then(|c| c.parse().ok());
        let Some(channel) = channel else { return Fate::Done };
        self.bury(letter(stage, &channel, sequence, None, reason)).await
    }

    async fn bury(&self, letter: DeadLetter) -> Fate {
        match Box::pin(bury(&self.jetstream, &letter)).await {
            Ok(()) => Fate::Done,
            Err(error) => Fate::Later(format!("the dead letter could not be written: {error}")),
        }
    }
}

/// The cases that of a record which was decided is linked with.
fn links(settled: &Settled) -> Vec<(CaseId, LinkKind)> {
    match (&settled.result, &settled.case) {
        (JobResult::Refused(_), _) | (_, None) => Vec::new(),
        (_, Some(case)) => case.marks.links.clone(),
    }
}

fn is_of_unknown_case(settled: &Settled) -> bool {
    matches!(&settled.result, JobResult::Refused(refusal) if refusal.code == RefusalCode::UnknownCase)
}

/// As [`understand`], as a step.
fn understood(
    envelope: &RawEnvelope,
    channel: &ChannelRuntime,
    step: &Step,
) -> Result<Vec<Understood>, huiliu_adapters::decode::DecodeError> {
    let mut step = step.child(SpanKind::Internal, "understand");
    let understood = understand(envelope, channel);
    match &understood {
        Ok(records) => {
            step.count(Key::Records, records.len());
            step.count(Key::Misunderstood, records.iter().filter(|r| r.submission.is_err()).count());
        }
        Err(_) => step.failed("not_decoded"),
    }
    understood
}

/// Codes no table translates, by the field they came for; the codes themselves are asked of the history, and those of a notice,
/// which has none, are said here.
fn note_unknown(channel: &ChannelRuntime, submission: &Submission) {
    for (field, code) in &submission.facts.unknown_codes {
        if submission.intent == Intent::Notice {
            tracing::info!(channel = %channel.name, field, code, "no table translates it");
        }
        let labels = [("channel", channel.name.to_string()), ("field", field.clone())];
        metrics::counter!("huiliu_unknown_codes_total", &labels).increment(1);
    }
}

/// How late the source told.
fn note_lag(channel: &ChannelRuntime, registered: Option<Timestamp>, received: Timestamp) {
    if let Some(registered) = registered {
        let lag = received.duration_since(registered).as_secs_f64().max(0.0);
        metrics::histogram!("huiliu_source_lag_seconds", "channel" => channel.name.to_string()).record(lag);
    }
}

fn letter(stage: &str, channel: &Channel, sequence: u64, index: Option<usize>, reason: String) -> DeadLetter {
    DeadLetter {
        stage: stage.to_owned(),
        channel: channel.clone(),
        intake_sequence: Some(sequence),
        index,
        case_id: None,
        event_id: None,
        source: None,
        reason,
        problems: Vec::new(),
        at: Timestamp::now(),
    }
}

/// The durable consumer, made where there is none: then it begins with the first envelope.
pub async fn consumer(jetstream: &Context) -> Result<PullConsumer, String> {
    make_consumer(jetstream, DeliverPolicy::All).await
}

/// The durable consumer of an INTAKE that was restored: what lies up to `floor` was decided before. One that is there begins
/// elsewhere: a gateway that was not stopped made it.
pub async fn consumer_after(jetstream: &Context, floor: u64) -> Result<PullConsumer, String> {
    let wanted = DeliverPolicy::ByStartSequence { start_sequence: floor + 1 };
    let consumer = make_consumer(jetstream, wanted).await?;
    let found = consumer.cached_info().config.deliver_policy;
    if found == wanted {
        return Ok(consumer);
    }
    Err(format!("the consumer `{CONSUMER}` was made meanwhile ({found:?}): stop every gateway, and restore again"))
}

async fn make_consumer(jetstream: &Context, deliver_policy: DeliverPolicy) -> Result<PullConsumer, String> {
    let stream = jetstream.get_stream(INTAKE).await.map_err(|e| e.to_string())?;
    let config = pull::Config {
        durable_name: Some(CONSUMER.into()),
        ack_policy: AckPolicy::Explicit,
        deliver_policy,
        ack_wait: ACK_WAIT,
        max_ack_pending: MOST_OUT as i64,
        ..pull::Config::default()
    };
    let consumer = stream.get_or_create_consumer(CONSUMER, config.clone()).await.map_err(|e| e.to_string())?;
    let found = &consumer.cached_info().config;
    if found.ack_wait == ACK_WAIT {
        return Ok(consumer);
    }
    let config = pull::Config { deliver_policy: found.deliver_policy, ..config };
    stream.update_consumer(config).await.map_err(|e| e.to_string())
}

/// The stream sequence and how often it was delivered, read before the payload is touched.
fn position(message: &Message) -> Result<Position, String> {
    let info = message.info().map_err(|e| e.to_string())?;
    let stored = info.published.unix_timestamp_nanos();
    Ok(Position { sequence: info.stream_sequence, delivered: info.delivered, stored })
}

struct Position {
    sequence: u64,
    delivered: i64,
    /// When, in nanoseconds.
    stored: i128,
}

/// Does the work, and tells the server for as long as it takes that it is being done.
async fn in_hand<T>(message: &Message, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        if let Ok(done) = tokio::time::timeout(IN_HAND_EVERY, &mut work).await {
            return done;
        }
        if let Err(error) = message.ack_with(AckKind::Progress).await {
            tracing::debug!(%error, "the server could not be told that an envelope is in hand");
        }
    }
}

async fn close(message: &Message, fate: Fate) {
    let kind = match fate {
        Fate::Done => AckKind::Ack,
        Fate::Later(reason) => {
            tracing::warn!(reason, "an envelope is tried again later");
            AckKind::Nak(Some(RETRY_AFTER))
        }
    };
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(%error, "an envelope could not be acknowledged; it will come again and change nothing");
    }
}
