//! The streams and buckets: what is kept where, and for how long.
//!
//! They are created if missing and never edited. Editing the source of QUEUES, or deleting it,
//! replays every entry there ever was; so a stream that differs from what is written here is
//! reported, and a person decides.

use std::time::{Duration, Instant};

use async_nats::jetstream::context::{
    CreateStreamError, CreateStreamErrorKind, DeleteStreamError, GetStreamError, GetStreamErrorKind, RequestError,
};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, PurgeError, RetentionPolicy, Source, StorageType, SubjectTransform,
};
use async_nats::jetstream::{Context, context::CreateKeyValueError, kv};
use serde_json::Value;

use super::patience::MayPass;

/// Raw envelopes, sealed.
pub const INTAKE: &str = "INTAKE";
/// The case log: the only truth.
pub const CASES: &str = "CASES";
/// Wrapped data keys.
pub const KEYS: &str = "KEYS";
/// What departments have not taken yet.
pub const QUEUES: &str = "QUEUES";
/// Answers without personal data, kept for the absent.
pub const OUTCOMES: &str = "OUTCOMES";
/// What could not be worked on, and why.
pub const DEAD: &str = "DEAD";
/// Who does what only one may do: leases that run out by themselves.
pub const LEASES: &str = "leases";
/// How far each pulled channel has been read.
pub const CURSORS: &str = "cursors";

/// Three times as long as an envelope is tried again for one of its records.
const BURIED_AGAIN_WITHIN: Duration = Duration::from_secs(30 * 60);

/// A lease that is not renewed within this time is free.
pub const LEASE_TTL: Duration = Duration::from_secs(10);

/// A source that is heard of says something every second or so.
const SOURCE_IS_SILENT: Duration = Duration::from_secs(30);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A stream cannot be had as it should be.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// It could neither be found nor created.
    #[error("failed to create stream {stream}: {source}")]
    Create {
        /// The stream.
        stream: &'static str,
        /// Why.
        source: CreateStreamError,
    },
    /// A bucket could not be had.
    #[error("failed to create bucket {bucket}: {source}")]
    Bucket {
        /// The bucket.
        bucket: &'static str,
        /// Why.
        source: CreateKeyValueError,
    },
    /// It could not be deleted.
    #[error("failed to delete stream {stream}: {source}")]
    Delete {
        /// The stream.
        stream: &'static str,
        /// Why.
        source: DeleteStreamError,
    },
    /// It could not be emptied.
    #[error("failed to empty {stream}: {source}")]
    Purge {
        /// The stream or bucket.
        stream: &'static str,
        /// Why.
        source: PurgeError,
    },
    /// It could not be looked at.
    #[error("failed to look at stream {stream}: {source}")]
    Look {
        /// The stream.
        stream: &'static str,
        /// Why.
        source: GetStreamError,
    },
    /// It could not be looked at.
    #[error("failed to ask for the state of stream {stream}: {source}")]
    Info {
        /// The stream.
        stream: &'static str,
        /// Why.
        source: RequestError,
    },
    /// It exists with settings Huiliu must not run on and must not change.
    #[error("{0}; huiliu does not change it, because that would lose or repeat messages: see the runbook")]
    Grave(Difference),
}

impl MayPass for StreamError {
    /// Whatever the server did not refuse in so many words; and a refusal only where it is for now.
    fn may_pass(&self) -> bool {
        const NOT_NOW: usize = 503;
        let refusal = match self {
            Self::Create { source, .. } => match source.kind() {
                CreateStreamErrorKind::JetStream(refusal) => Some(refusal),
                _ => None,
            },
            Self::Look { source, .. } => match source.kind() {
                GetStreamErrorKind::JetStream(refusal) => Some(refusal),
                _ => None,
            },
            Self::Grave(_) => return false,
            Self::Bucket { .. } | Self::Delete { .. } | Self::Purge { .. } | Self::Info { .. } => None,
        };
        refusal.is_none_or(|refusal| refusal.code() == NOT_NOW)
    }
}

/// A setting of an existing stream that is not what it should be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("stream {stream} has {field} = {found}, expected {expected}")]
pub struct Difference {
    /// The stream.
    pub stream: String,
    /// The setting, as JetStream calls it.
    pub field: &'static str,
    /// What it is.
    pub found: Value,
    /// What it should be.
    pub expected: Value,
}

/// Creates what is missing. What differs harmlessly is given back, to be told to the operator.
///
/// # Errors
/// When something cannot be created, or differs in a way that endangers messages.
pub async fn ensure_all(context: &Context, replicas: usize) -> Result<Vec<Difference>, StreamError> {
    let mut harmless = Vec::new();
    let begun = has_cases(context).await?;
    for (name, config) in all(replicas) {
        if name == QUEUES && begun && !exists(context, QUEUES).await? {
            // Made here it would begin with all history; the reconciler makes it begin with the oldest live entry.
            continue;
        }
        let stream = context
            .get_or_create_stream(config.clone())
            .await
            .map_err(|source| StreamError::Create { stream: name, source })?;
        for difference in differences(&config, &stream.cached_info().config) {
            if GRAVE.contains(&difference.field) {
                return Err(StreamError::Grave(difference));
            }
            harmless.push(difference);
        }
    }
    for config in buckets(replicas) {
        ensure_bucket(context, config).await?;
    }
    Ok(harmless)
}

/// Whether there is such a stream. Only the server's word that there is none counts as none: no answer is an error.
///
/// # Errors
/// When the server does not say.
pub async fn exists(context: &Context, stream: &'static str) -> Result<bool, StreamError> {
    match context.get_stream(stream).await {
        Ok(_) => Ok(true),
        Err(source) if is_not_found(&source) => Ok(false),
        Err(source) => Err(StreamError::Look { stream, source }),
    }
}

/// The last sequence a stream gave; 0 where it never stored anything.
///
/// # Errors
/// When the server does not say.
pub async fn last_sequence(context: &Context, stream: &'static str) -> Result<u64, StreamError> {
    let found = context.get_stream(stream).await.map_err(|source| StreamError::Look { stream, source })?;
    Ok(found.cached_info().state.last_sequence)
}

/// Whether there is a case log with anything in it.
///
/// # Errors
/// When the server does not say.
pub async fn has_cases(context: &Context) -> Result<bool, StreamError> {
    match context.get_stream(CASES).await {
        Ok(stream) => Ok(stream.cached_info().state.messages > 0),
        Err(source) if is_not_found(&source) => Ok(false),
        Err(source) => Err(StreamError::Look { stream: CASES, source }),
    }
}

fn is_not_found(error: &GetStreamError) -> bool {
    use async_nats::jetstream::ErrorCode;
    matches!(error.kind(), GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// Deletes QUEUES and sources it again from the sequence `first` of CASES on: what the runbook's
/// migration and restore do, with hand-out stopped before and dead entries purged after.
///
/// # Errors
/// When it cannot be deleted or created.
pub async fn recreate_queues(context: &Context, replicas: usize, first: u64) -> Result<(), StreamError> {
    match context.delete_stream(QUEUES).await {
        Err(source) if !is_missing(&source) => return Err(StreamError::Delete { stream: QUEUES, source }),
        _ => {}
    }
    context
        .create_stream(queues(replicas, Some(first)))
        .await
        .map_err(|source| StreamError::Create { stream: QUEUES, source })?;
    Ok(())
}

/// Frees every lease. Only for the one gateway that has the store to itself: whoever held them is dead.
///
/// # Errors
/// When the bucket cannot be emptied.
pub async fn free_leases(context: &Context) -> Result<(), StreamError> {
    let bucket = format!("KV_{LEASES}");
    let stream = context.get_stream(&bucket).await.map_err(|source| StreamError::Look { stream: LEASES, source })?;
    stream.purge().await.map(drop).map_err(|source| StreamError::Purge { stream: LEASES, source })
}

/// How QUEUES stands to CASES.
#[derive(Debug, Clone, Copy)]
pub struct Sourcing {
    /// How many entries of CASES have not reached QUEUES yet. Of a source that was just asked the server says 0 until the
    /// first of them has come.
    pub lag: u64,
    /// When QUEUES last heard of CASES, an entry or that there is nothing more, which CASES says every second: not before the
    /// first of these, nor after the other. The server tells how long ago, and its answer takes time.
    pub heard: (Instant, Instant),
}

/// How QUEUES stands to CASES; unknown where QUEUES has not asked CASES yet, or has not heard of it for so long that it no
/// longer sources: what it knew last may be hours old.
///
/// # Errors
/// When the server does not say.
pub async fn sourcing(context: &Context) -> Result<Option<Sourcing>, StreamError> {
    let asked = Instant::now();
    let stream = context.get_stream(QUEUES).await.map_err(|source| StreamError::Look { stream: QUEUES, source })?;
    let answered = Instant::now();
    Ok(stream.cached_info().sources.first().and_then(|source| {
        let silent = source.active.filter(|silent| *silent < SOURCE_IS_SILENT)?;
        let then = |now: Instant| now.checked_sub(silent).unwrap_or(now);
        Some(Sourcing { lag: source.lag, heard: (then(asked), then(answered)) })
    }))
}

/// How many entries of CASES have not reached QUEUES yet, where that is known.
///
/// # Errors
/// See [`sourcing`].
pub async fn queues_lag(context: &Context) -> Result<Option<u64>, StreamError> {
    Ok(sourcing(context).await?.map(|sourcing| sourcing.lag))
}

fn is_missing(error: &DeleteStreamError) -> bool {
    use async_nats::jetstream::ErrorCode;
    use async_nats::jetstream::context::DeleteStreamErrorKind as Kind;
    matches!(error.kind(), Kind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn all(replicas: usize) -> [(&'static str, Config); 6] {
    [
        (INTAKE, intake(replicas)),
        (CASES, cases(replicas)),
        (KEYS, keys(replicas)),
        (QUEUES, queues(replicas, None)),
        (OUTCOMES, outcomes(replicas)),
        (DEAD, dead(replicas)),
    ]
}

/// Reaching a limit must refuse the new, never delete the old.
fn kept(name: &str, subjects: &[&str], replicas: usize) -> Config {
    Config {
        name: name.to_owned(),
        subjects: subjects.iter().map(|&subject| subject.to_owned()).collect(),
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: replicas,
        allow_direct: true,
        ..Config::default()
    }
}

fn intake(replicas: usize) -> Config {
    Config { max_age: 200 * DAY, allow_atomic_publish: true, ..kept(INTAKE, &["intake.*"], replicas) }
}

fn cases(replicas: usize) -> Config {
    Config {
        deny_delete: true,
        deny_purge: true,
        allow_atomic_publish: true,
        ..kept(CASES, &["case.*", "alias.*.*", "entry.*.*.*"], replicas)
    }
}

fn keys(replicas: usize) -> Config {
    Config { allow_atomic_publish: true, ..kept(KEYS, &["key.*"], replicas) }
}

fn outcomes(replicas: usize) -> Config {
    Config { max_age: 7 * DAY, ..kept(OUTCOMES, &["outcome.*.*", "receipt.*.*"], replicas) }
}

/// An envelope that comes again for one of its records has the others buried again: under the same name, which is to be known
/// for longer than it may take.
fn dead(replicas: usize) -> Config {
    Config { duplicate_window: BURIED_AGAIN_WITHIN, ..kept(DEAD, &["dead.*.*"], replicas) }
}

/// Has no subjects of its own: nobody can publish to it. Asynchronous on one server: what a crash
/// takes is sourced again.
fn queues(replicas: usize, first: Option<u64>) -> Config {
    Config {
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::Old,
        persist_mode: (replicas == 1).then_some(PersistenceMode::Async),
        sources: Some(vec![Source {
            name: CASES.to_owned(),
            start_sequence: first,
            subject_transforms: vec![SubjectTransform {
                source: "entry.*.*.*".to_owned(),
                destination: "queue.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}".to_owned(),
            }],
            ..Source::default()
        }]),
        ..kept(QUEUES, &[], replicas)
    }
}

fn buckets(replicas: usize) -> [kv::Config; 2] {
    let bucket = |name: &str, max_age: Duration, history: i64| kv::Config {
        bucket: name.to_owned(),
        history,
        max_age,
        num_replicas: replicas,
        ..kv::Config::default()
    };
    [bucket(LEASES, LEASE_TTL, 1), bucket(CURSORS, Duration::ZERO, 5)]
}

async fn ensure_bucket(context: &Context, config: kv::Config) -> Result<(), StreamError> {
    let bucket = [LEASES, CURSORS].into_iter().find(|name| *name == config.bucket).unwrap_or(LEASES);
    if context.get_key_value(bucket).await.is_ok() {
        return Ok(());
    }
    context.create_key_value(config).await.map(drop).map_err(|source| StreamError::Bucket { bucket, source })
}

/// A wrong one of these loses, repeats or lets in messages.
const GRAVE: [&str; 9] = [
    "subjects",
    "retention",
    "discard",
    "storage",
    "persist_mode",
    "sources",
    "deny_delete",
    "deny_purge",
    "allow_atomic",
];
const HARMLESS: [&str; 6] = ["num_replicas", "max_age", "max_bytes", "max_msgs", "allow_direct", "duplicate_window"];

fn differences(wanted: &Config, found: &Config) -> Vec<Difference> {
    let (expected, actual) = (comparable(wanted), comparable(found));
    // Where none is wanted, the server has one of its own.
    let is_left_open = |field: &&str| *field == "duplicate_window" && wanted.duplicate_window.is_zero();
    GRAVE
        .into_iter()
        .chain(HARMLESS)
        .filter(|field| expected[field] != actual[field] && !is_left_open(field))
        .map(|field| Difference {
            stream: wanted.name.clone(),
            field,
            found: actual[field].clone(),
            expected: expected[field].clone(),
        })
        .collect()
}

/// Levels out what the server fills in, and what a recreation of QUEUES may have set.
fn comparable(config: &Config) -> Value {
    let mut config = config.clone();
    for limit in [&mut config.max_bytes, &mut config.max_messages] {
        *limit = (*limit).max(0);
    }
    for source in config.sources.iter_mut().flatten() {
        source.start_sequence = None;
        source.start_time = None;
    }
    serde_json::to_value(config).unwrap_or_default()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn differences_are_told_by_field() {
        let wanted = queues(1, None);
        assert_eq!(differences(&wanted, &queues(1, Some(17))), []);
        let found = Config { retention: RetentionPolicy::Limits, max_age: DAY, ..wanted.clone() };
        let told: Vec<_> = differences(&wanted, &found).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                r#"stream QUEUES has retention = "limits", expected "workqueue""#,
                "stream QUEUES has max_age = 86400000000000, expected 0",
            ]
        );
    }
}
