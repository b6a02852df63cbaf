//! A trial: sources file, departments work, and when all is calm the proof is made. What is done to hub and server
//! meanwhile is up to whoever holds it.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use huiliu_schemas::keyring::KeyRing;
use huiliu_schemas::{CaseId, DepartmentId, SourceId, subjects};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::accused::Townships;
use super::departments::{Department, Manner, Office};
use super::desk::Desk;
use super::door::Door;
use super::log::Log;
use super::proof::{Evidence, prove};
use super::report::RunReport;
use super::sources::{Feed, Sources};
use crate::hub::{Inspector, Plan, Raw, TestHub, root};

/// How long the log must stay as it is before all is called calm.
const CALM: Duration = Duration::from_secs(3);
/// Longer than a server that was started again takes to source on, and the hub to purge what came then.
const PURGE_PATIENCE: Duration = Duration::from_secs(90);

/// Sources, hubs and departments at work.
pub struct Trial {
    /// What files.
    pub sources: Sources,
    /// One hub, or several on one server; the first takes the pushes.
    pub hubs: Vec<TestHub>,
    /// What departments remember.
    pub office: Office,
    /// What is found.
    pub report: RunReport,
    began: Instant,
    patience: Duration,
    stop: CancellationToken,
    stop_desk: CancellationToken,
    working: Vec<JoinHandle<()>>,
    desk: Option<JoinHandle<()>>,
}

impl Trial {
    /// Starts sources and hubs as planned and sets all departments to work.
    pub async fn start(seed: u64, patience: Duration, plan: Plan, feed: Feed, hubs: usize) -> anyhow::Result<Self> {
        let began = Instant::now();
        let departments = active_departments()?;
        let plan = plan.departments(departments.iter().map(String::as_str));
        let (sources, plan) = Sources::start(seed, plan, feed).await?;
        let mut started = vec![TestHub::start(plan.clone()).await?];
        for _ in 1..hubs {
            started.push(TestHub::start(plan.clone().another()?.sharing(&started[0])).await?);
        }
        let mut trial = Self {
            sources,
            hubs: started,
            office: Office::default(),
            report: RunReport { seed, ..RunReport::default() },
            began,
            patience,
            stop: CancellationToken::new(),
            stop_desk: CancellationToken::new(),
            working: Vec::new(),
            desk: None,
        };
        trial.set_to_work(&departments).await?;
        Ok(trial)
    }

    /// The hub that takes the pushes.
    pub fn hub(&mut self) -> &mut TestHub {
        &mut self.hubs[0]
    }

    /// Waits until everything filed is known, lets all work end, and makes the proof.
    pub async fn finish(mut self) -> anyhow::Result<RunReport> {
        if let Err(error) = self.wait_until_fed().await {
            return Err(error.context(self.hubs[0].last_words()));
        }
        self.stop.cancel();
        let working = std::mem::take(&mut self.working);
        self.join(working).await?;
        self.stop_desk.cancel();
        let desk = self.desk.take().into_iter().collect();
        self.join(desk).await?;
        self.judge().await?;
        self.sources.stop().await?;
        self.report.seconds = self.began.elapsed().as_secs();
        self.report.passed = self.report.findings.is_empty();
        if !self.report.passed {
            self.hubs.iter_mut().for_each(TestHub::keep);
        }
        Ok(self.report)
    }

    async fn set_to_work(&mut self, departments: &[String]) -> anyhow::Result<()> {
        let (hands_back, handed_back) = mpsc::unbounded_channel();
        for (place, name) in departments.iter().enumerate() {
            let manner = [Manner::Quick, Manner::Slow, Manner::Quick, Manner::Hoards][place % 4];
            let (id, hub) = (name.parse::<DepartmentId>()?, &self.hubs[place % self.hubs.len()]);
            // On somebody else's server departments have no accounts.
            let door = if place % 2 == 1 && hub.has_own_server() {
                Door::Nats(hub.nats(name).await?, id.clone())
            } else {
                Door::Http(hub.caller(name))
            };
            let department =
                Department { id, door, manner, office: self.office.clone(), hands_back: hands_back.clone() };
            self.working.push(tokio::spawn(department.run(self.stop.clone())));
        }
        let desk = Desk {
            caller: self.hubs[0].caller("desk"),
            door: Door::Http(self.hubs[0].caller("desk")),
            office: self.office.clone(),
            sends_to: ["jb-housing", "jb-police"],
        };
        self.desk = Some(tokio::spawn(desk.run(handed_back, self.stop_desk.clone())));
        Ok(())
    }

    async fn join(&self, tasks: Vec<JoinHandle<()>>) -> anyhow::Result<()> {
        for task in tasks {
            timeout(self.patience, task).await.context("work did not end in time")??;
        }
        Ok(())
    }

    /// Until every report is acknowledged or read, and every envelope worked off.
    async fn wait_until_fed(&self) -> anyhow::Result<()> {
        let until = Instant::now() + self.patience;
        let inspector = self.hubs[0].inspector().await?;
        loop {
            let hotline = self.sources.hotline.source.summary();
            let coming: usize = self.sources.both().iter().map(|(_, s)| s.summary().pending_changes).sum();
            let backlog = inspector.backlog().await.unwrap_or(u64::MAX);
            if hotline.pushes_waiting == 0 && coming == 0 && backlog == 0 && self.known(&inspector).await {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "not fed in time: {} pushes wait, {coming} changes come, backlog {backlog}",
                hotline.pushes_waiting
            );
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Whether everything filed so far is known to the hub.
    pub async fn is_known(&self) -> bool {
        match self.hubs[0].inspector().await {
            Ok(inspector) => self.known(&inspector).await,
            Err(_) => false,
        }
    }

    /// Whether every record has become a number of some case.
    async fn known(&self, inspector: &Inspector) -> bool {
        for (namespace, source) in self.sources.both() {
            let Ok(namespace) = namespace.parse::<huiliu_schemas::Namespace>() else { return false };
            let wanted: Vec<String> = source.read(|book| {
                let number = |id: &str| SourceId { namespace: namespace.clone(), id: id.to_owned() };
                book.items().iter().map(|item| subjects::alias(&number(&item.id))).collect()
            });
            let there = inspector.subjects_under("CASES", &format!("alias.{namespace}.>")).await;
            let Ok(there) = there else { return false };
            let there: HashSet<String> = there.into_iter().map(|(subject, _)| subject).collect();
            if !wanted.iter().all(|subject| there.contains(subject)) {
                return false;
            }
        }
        true
    }

    async fn judge(&mut self) -> anyhow::Result<()> {
        let inspector = self.hubs[0].inspector().await?;
        let log = self.calm_log(&inspector).await?;
        let queued = self.purged_queues(&inspector, &log).await?;
        let keys = keys_kept(&inspector.read("KEYS").await?)?;
        self.count(&log);
        let townships = Townships::read()?;
        self.report.dead_letters = inspector.state("DEAD").await?.0 as usize;
        if self.report.dead_letters > 0 {
            self.report.find("dead letters", self.report.dead_letters);
        }
        let (report, sources) = (&mut self.report, &self.sources);
        self.office.note(|seen| {
            prove(&Evidence { log: &log, queued: &queued, keys: &keys, seen, sources, townships: &townships }, report);
        });
        Ok(())
    }

    /// The log once nothing moves any more and every source was told, or patience ended.
    async fn calm_log(&self, inspector: &Inspector) -> anyhow::Result<Log> {
        let until = Instant::now() + self.patience;
        loop {
            let before = inspector.state("CASES").await?;
            sleep(CALM).await;
            if inspector.state("CASES").await? != before && Instant::now() < until {
                continue;
            }
            let log = Log::read(&inspector.read("CASES").await?);
            let owed: usize = log.cases.values().filter_map(|h| h.case.as_ref()).map(|c| c.owed.len()).sum();
            if owed == 0 || Instant::now() >= until {
                return Ok(log);
            }
        }
    }

    /// What stands in QUEUES once it has everything and the hub has had time to purge what is dead.
    async fn purged_queues(&self, inspector: &Inspector, log: &Log) -> anyhow::Result<Vec<(String, usize)>> {
        let until = Instant::now() + PURGE_PATIENCE;
        loop {
            let sourced = inspector.is_sourced().await?;
            let queued = inspector.subjects("QUEUES").await?;
            let dead = |subject: &str| {
                let name = subjects::parse_entry(subject);
                name.is_some_and(|(d, c, n)| {
                    log.cases.get(&c).and_then(|h| h.case.as_ref()).is_none_or(|case| !case.is_live(&d, n))
                })
            };
            let done = sourced && !queued.iter().any(|(subject, _)| dead(subject));
            if done || Instant::now() >= until {
                return Ok(queued);
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    fn count(&mut self, log: &Log) {
        let report = &mut self.report;
        report.reports = self.sources.records();
        report.matters = self.sources.matters();
        report.cases = log.cases.len();
        report.log_messages = log.messages;
        self.office.note(|seen| {
            report.handed_out = seen.handed_out.len();
            report.over_nats = seen.over_nats;
            report.acknowledged = seen.acknowledged.len();
            report.signed_for = seen.signed.len();
            report.commands = seen.by_kind.clone();
            report.refusals = seen.refusals.clone();
        });
    }
}

/// The ids of all departments in office.
fn active_departments() -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join("deploy/directory/330205/departments.csv"))?;
    let in_office = text.lines().skip(1).filter(|line| line.contains(",yes,"));
    Ok(in_office.filter_map(|line| line.split(',').next()).map(str::to_owned).collect())
}

/// Which cases have a key, and in which ring.
fn keys_kept(rings: &[Raw]) -> anyhow::Result<HashSet<(CaseId, String)>> {
    let mut kept = HashSet::new();
    for ring in rings {
        let name = ring.subject.strip_prefix("key.").unwrap_or_default();
        let keys: KeyRing = serde_json::from_slice(&ring.payload)?;
        kept.extend(keys.keys.into_keys().map(|case| (case, name.to_owned())));
    }
    Ok(kept)
}
