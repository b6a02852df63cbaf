//! Whether a backup can be restored: it is restored, into a server of its own that is thrown away, and read through. Every
//! case's chain of hashes, fold and words are tried. Memory does not grow with the log: it is read page by page, and each
//! case when its first message comes by.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use async_nats::jetstream::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{StreamExt, stream};
use huiliu_schemas::case::Case;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Event, StoredEvent, payload_hash, read_payload};
use huiliu_schemas::keyring::KeyRing;
use huiliu_schemas::{CaseId, subjects};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::restore;
use super::set::Set;
use crate::cache::Cache;
use crate::doors::Credentials;
use crate::engine::read::{self, StoredMessage};
use crate::engine::streams::{CASES, INTAKE, KEYS};
use crate::engine::{Durability, Embedded, Engine, EngineSettings, Server};
use crate::intake::envelope::RawEnvelope;
use crate::ledger::numbers_in;
use crate::vault::{self, MasterKey};

const PAGE: usize = 1_000;
/// Cases read at the same time.
const AT_ONCE: usize = 16;
/// Cases that were registered together share a ring.
const RINGS_KEPT: usize = 256;
/// The newest envelopes, which alone may still be needed, are opened.
const ENVELOPES: u64 = 1_000;
/// The hub's own server runs beside it.
const MEMORY: &str = "1536MiB";
/// Told by name; the rest are counted.
const TOLD: usize = 10;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Cases whose chain holds and which fold.
    pub cases: u64,
    /// Their events.
    pub events: u64,
    /// Sealed contents that were opened.
    pub opened: u64,
    /// Sealed contents whose key was destroyed.
    pub forgotten: u64,
    /// Raw envelopes that were opened.
    pub envelopes: u64,
    /// Numbers and live entries of cases that do not stand in the log: a power cut took them, or the copy ends within a
    /// decision. The reconciler mends entries.
    pub torn: u64,
}

/// How the directories in which backups are tried are called.
pub(super) const TRIAL_PREFIX: &str = ".huiliu-verify-";

/// A directory for a while.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(set: &Set) -> anyhow::Result<Self> {
        let parent = set.directory.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::within(parent)
    }

    fn within(parent: &Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let path = parent.join(format!("{TRIAL_PREFIX}{}", Uuid::new_v4().simple()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.0);
    }
}

/// Restores a backup beside itself, or in `scratch`, and reads it through. Without its keys, words are not opened.
///
/// # Errors
/// When it cannot be restored, or something in it is not as it should be; says what.
pub async fn verify(set: &Set, server: Embedded, scratch: Option<&Path>) -> anyhow::Result<Findings> {
    set.check_files()?;
    let scratch = scratch.map_or_else(|| Scratch::beside(set), Scratch::within)?;
    let embedded = Embedded {
        directory: scratch.0.clone(),
        port: 0,
        durability: Durability::Relaxed,
        memory_limit: MEMORY.to_owned(),
        ..server
    };
    let settings = EngineSettings { server: Server::Embedded(embedded), replicas: 1 };
    let engine = Engine::start(settings, &Credentials::default(), CancellationToken::new()).await?;
    let found = match restore::fill(&engine, set).await {
        Ok(()) => read_through(&engine.jetstream, set).await,
        Err(error) => Err(error),
    };
    engine.stop().await;
    found
}

async fn read_through(jetstream: &Context, set: &Set) -> anyhow::Result<Findings> {
    let master = set.keys.as_ref().map(super::set::KeySet::master_key).transpose()?.map(Arc::new);
    let log = Log { jetstream: jetstream.clone(), master: master.clone(), rings: Cache::new(RINGS_KEPT) };
    let mut findings = log.read_through().await?;
    if let Some(master) = master {
        findings.envelopes = open_envelopes(jetstream, &master, set).await?;
    }
    Ok(findings)
}

struct Log {
    jetstream: Context,
    master: Option<Arc<MasterKey>>,
    rings: Cache<String, Arc<KeyRing>>,
}

/// One case, read.
#[derive(Default)]
struct CaseRead {
    messages: u64,
    events: u64,
    opened: u64,
    forgotten: u64,
    /// Subjects that must stand in the log as well.
    named: Vec<String>,
}

impl Log {
    async fn read_through(&self) -> anyhow::Result<Findings> {
        let (mut findings, mut faults) = (Findings::default(), Faults::default());
        let (mut stand, mut belong, mut next) = (0, 0, 1);
        loop {
            let page = read::page_from(&self.jetstream, CASES, ">", next, PAGE).await?;
            let Some(last) = page.messages.last() else { break };
            next = last.sequence + 1;
            stand += page.messages.iter().filter(|m| subjects::case_of(&m.subject).is_some()).count() as u64;
            let begun = page.messages.iter().filter_map(begins);
            let read: Vec<_> = stream::iter(begun.collect::<Vec<_>>())
                .map(async |id| (id, self.read_case(id).await))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            let mut named = Vec::new();
            for (id, read) in read {
                match read {
                    Ok(case) => {
                        belong += case.messages;
                        findings.cases += 1;
                        findings.events += case.events;
                        findings.opened += case.opened;
                        findings.forgotten += case.forgotten;
                        named.extend(case.named);
                    }
                    Err(error) => faults.note(format!("案件 case {id}: {error:#}")),
                }
            }
            findings.torn += self.missing(named).await?;
            if page.pending == 0 {
                break;
            }
        }
        if stand != belong && faults.number == 0 {
            faults.note(format!(
                "日志中有 {stand} 条案件消息，归属于案件的有 {belong} 条 ({stand} messages of cases, of which {belong} belong to a case that begins)"
            ));
        }
        faults.tell()?;
        Ok(findings)
    }

    async fn read_case(&self, id: CaseId) -> anyhow::Result<CaseRead> {
        let messages = read::history(&self.jetstream, CASES, &subjects::case(id)).await?;
        let stored = chained(id, &messages)?;
        let mut case = CaseRead { messages: messages.len() as u64, events: stored.len() as u64, ..CaseRead::default() };
        if let Some(master) = &self.master {
            for event in &stored {
                self.open(master, event, &mut case).await?;
            }
        }
        let events: Vec<Event> = stored.into_iter().map(|event| event.opened(Content::default())).collect();
        let folded = Case::fold(&events).context("不以登记开始 (it does not begin with a registration)")?;
        let numbers = events.iter().flat_map(numbers_in).map(|source| subjects::alias(&source));
        let entries = folded.live_entries().into_iter().map(|e| subjects::entry(&e.department, id, e.n));
        case.named = numbers.chain(entries).collect();
        Ok(case)
    }

    async fn open(&self, master: &MasterKey, event: &StoredEvent, case: &mut CaseRead) -> anyhow::Result<()> {
        let Some(sealed) = &event.sealed else { return Ok(()) };
        let ring = self.ring(&sealed.kid).await?;
        let Some(wrapped) = ring.keys.get(&event.case_id) else {
            // A ring is written again without the key of a person who is forgotten.
            case.forgotten += 1;
            return Ok(());
        };
        let owner = vault::owner_of(event.case_id, &sealed.kid);
        master.unwrap(&BASE64.decode(wrapped)?, &owner)?.open(sealed, event.case_id)?;
        case.opened += 1;
        Ok(())
    }

    async fn ring(&self, kid: &str) -> anyhow::Result<Arc<KeyRing>> {
        if let Some(ring) = self.rings.get(kid) {
            return Ok(ring);
        }
        let found = read::last_for_subjects(&self.jetstream, KEYS, &[subjects::key_ring(kid)]).await?;
        let message =
            found.first().with_context(|| format!("密钥环 {kid} 不在备份中 (key ring {kid} is not there)"))?;
        let ring: Arc<KeyRing> = Arc::new(serde_json::from_slice(&message.payload)?);
        self.rings.insert(kid.to_owned(), ring.clone());
        Ok(ring)
    }

    /// How many of these subjects have no message.
    async fn missing(&self, mut named: Vec<String>) -> anyhow::Result<u64> {
        named.sort_unstable();
        named.dedup();
        if named.is_empty() {
            return Ok(0);
        }
        let found = read::last_for_subjects(&self.jetstream, CASES, &named).await?;
        let found: HashSet<&str> = found.iter().map(|m| m.subject.as_str()).collect();
        Ok(named.iter().filter(|subject| !found.contains(subject.as_str())).count() as u64)
    }
}

/// The case that begins with this message.
fn begins(message: &StoredMessage) -> Option<CaseId> {
    let id = subjects::case_of(&message.subject)?;
    // One that does not read belongs to no case, and is missed in the count.
    let events = read_payload(&message.payload).ok()?;
    events.first()?.prev_hash.is_none().then_some(id)
}

/// The events of a case, each message of which carries the hash of the one before.
fn chained(id: CaseId, messages: &[StoredMessage]) -> anyhow::Result<Vec<StoredEvent>> {
    let (mut events, mut before) = (Vec::new(), None);
    for message in messages {
        let decided = read_payload(&message.payload).with_context(|| format!("序号 sequence {}", message.sequence))?;
        if decided.iter().any(|event| event.prev_hash != before || event.case_id != id) {
            bail!(
                "散列链在序号 {} 处断开 (the chain of hashes is broken at sequence {})",
                message.sequence,
                message.sequence
            );
        }
        events.extend(decided);
        before = Some(payload_hash(&message.payload));
    }
    Ok(events)
}

async fn open_envelopes(jetstream: &Context, master: &MasterKey, set: &Set) -> anyhow::Result<u64> {
    let Some(copy) = set.manifest.streams.iter().find(|copy| copy.name == INTAKE) else { return Ok(0) };
    let first = copy.first_sequence.max((copy.last_sequence + 1).saturating_sub(ENVELOPES)).max(1);
    let (mut next, mut opened) = (first, 0);
    while next <= copy.last_sequence {
        let page = read::page_from(jetstream, INTAKE, ">", next, PAGE).await?;
        let Some(last) = page.messages.last() else { break };
        next = last.sequence + 1;
        for m in &page.messages {
            RawEnvelope::open(&m.subject, &m.headers, &m.payload, master).with_context(|| {
                format!(
                    "INTAKE 序号 {}：主密钥打不开 (the master key does not open sequence {})",
                    m.sequence, m.sequence
                )
            })?;
            opened += 1;
        }
    }
    Ok(opened)
}

/// What is wrong, the first of it by name.
#[derive(Default)]
struct Faults {
    number: usize,
    told: Vec<String>,
}

impl Faults {
    fn note(&mut self, fault: String) {
        self.number += 1;
        if self.told.len() < TOLD {
            self.told.push(fault);
        }
    }

    fn tell(self) -> anyhow::Result<()> {
        if self.number == 0 {
            return Ok(());
        }
        bail!("备份有 {} 处问题 (the backup has {} faults):\n{}", self.number, self.number, self.told.join("\n"))
    }
}
