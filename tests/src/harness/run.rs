//! A run: sources file, departments work, hub and server die by turns, and when all is calm the proof is made.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use huiliu_schemas::keyring::KeyRing;
use huiliu_schemas::{CaseId, DepartmentId, subjects};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::departments::{Department, Manner, Office};
use super::desk::Desk;
use super::log::Log;
use super::proof::{Evidence, prove};
use super::report::{Kill, RunReport};
use super::sources::Sources;
use crate::hub::{Inspector, Plan, Raw, TestHub, eventually, root};

/// How a run is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Reports to file, follow-ups aside.
    pub reports: usize,
    /// Kills that must count.
    pub kills: usize,
    /// Everything random follows from it.
    pub seed: u64,
    /// The hub's program.
    pub program: PathBuf,
    /// After each kill of the hub, remove what the server had staged of batches, as a power cut would.
    pub power_cut: bool,
    /// Leave the data for whoever wants to look.
    pub keep: bool,
    /// How long one step may take.
    pub patience: Duration,
}

/// How long the log must stay as it is before all is called calm.
const CALM: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Longer than the hub's last look for an entry to purge.
const PURGE_PATIENCE: Duration = Duration::from_secs(40);

/// Runs, and says what it found. An error means that the run could not be made, not that the proof failed.
pub async fn run(options: &Options) -> anyhow::Result<RunReport> {
    let began = Instant::now();
    let departments = active_departments()?;
    let plan = Plan::new(options.program.clone())?.departments(departments.iter().map(String::as_str));
    let plan = if options.keep { plan.keep_dir() } else { plan };
    let (sources, plan) = Sources::start(options.seed, plan).await?;
    let hub = TestHub::start(plan).await?;
    let mut run = Run {
        options,
        sources,
        hub,
        office: Office::default(),
        dice: StdRng::seed_from_u64(options.seed),
        report: RunReport { seed: options.seed, ..RunReport::default() },
    };
    run.go(&departments).await?;
    let mut report = run.report;
    run.sources.stop().await?;
    report.seconds = began.elapsed().as_secs();
    report.passed = report.findings.is_empty() && report.kills.len() >= options.kills;
    Ok(report)
}

struct Run<'o> {
    options: &'o Options,
    sources: Sources,
    hub: TestHub,
    office: Office,
    dice: StdRng,
    report: RunReport,
}

impl Run<'_> {
    async fn go(&mut self, departments: &[String]) -> anyhow::Result<()> {
        let (stop, stop_desk) = (CancellationToken::new(), CancellationToken::new());
        let (working, desk) = self.set_to_work(departments, &stop, &stop_desk)?;
        self.feed_and_kill().await?;
        self.wait_until_fed().await?;
        stop.cancel();
        self.join(working).await?;
        stop_desk.cancel();
        self.join(vec![desk]).await?;
        self.judge().await
    }

    fn set_to_work(
        &self,
        departments: &[String],
        stop: &CancellationToken,
        stop_desk: &CancellationToken,
    ) -> anyhow::Result<(Vec<JoinHandle<()>>, JoinHandle<()>)> {
        let (hands_back, handed_back) = mpsc::unbounded_channel();
        let mut working = Vec::new();
        for (place, name) in departments.iter().enumerate() {
            let manner = [Manner::Quick, Manner::Slow, Manner::Quick, Manner::Hoards][place % 4];
            let department = Department {
                id: name.parse::<DepartmentId>()?,
                caller: self.hub.caller(name),
                manner,
                office: self.office.clone(),
                hands_back: hands_back.clone(),
            };
            working.push(tokio::spawn(department.run(stop.clone())));
        }
        let desk = Desk {
            caller: self.hub.caller("desk"),
            office: self.office.clone(),
            sends_to: ["jb-housing", "jb-police"],
        };
        Ok((working, tokio::spawn(desk.run(handed_back, stop_desk.clone()))))
    }

    async fn join(&self, tasks: Vec<JoinHandle<()>>) -> anyhow::Result<()> {
        for task in tasks {
            timeout(self.options.patience, task).await.context("work did not end in time")??;
        }
        Ok(())
    }

    /// Files a share of the reports, kills in the midst of it, waits until the hub is back, and again.
    async fn feed_and_kill(&mut self) -> anyhow::Result<()> {
        let share = self.options.reports.div_ceil(self.options.kills + 1);
        let mut inspector = self.hub.inspector().await?;
        for turn in 0..self.options.kills {
            self.sources.file(share);
            let kill = self.await_the_moment(&inspector, turn, share).await?;
            inspector = self.carry_out(kill, inspector).await?;
        }
        self.sources.file(self.options.reports - share * self.options.kills);
        Ok(())
    }

    /// Waits until a random part of what is filed is taken, commands are unanswered and reports wait.
    async fn await_the_moment(&mut self, inspector: &Inspector, turn: usize, share: usize) -> anyhow::Result<Kill> {
        let until = Instant::now() + self.options.patience;
        let mut goal = self.goal();
        loop {
            let (pushes, waiting) = self.sources.waiting();
            let commands = self.office.unanswered();
            if waiting > 0 && waiting <= goal && pushes + commands > 0 && (turn == 0 || commands > 0) {
                let envelopes =
                    timeout(Duration::from_millis(200), inspector.backlog()).await.ok().and_then(Result::ok);
                return Ok(Kill {
                    what: if turn.is_multiple_of(2) { "hub" } else { "nats-server" },
                    unanswered_commands: commands,
                    unanswered_pushes: pushes,
                    reports_waiting: waiting,
                    envelopes_waiting: envelopes,
                    recovery_ms: 0,
                    staging_removed: 0,
                });
            }
            if waiting == 0 {
                // The moment was missed: more work, and another.
                self.sources.file(share.div_ceil(4));
                goal = self.goal();
            }
            ensure!(Instant::now() < until, "no moment for kill {turn}: {waiting} wait, {commands} commands under way");
            sleep(LOOK_EVERY).await;
        }
    }

    fn goal(&mut self) -> usize {
        let (_, waiting) = self.sources.waiting();
        (waiting * self.dice.random_range(20..90) / 100).max(1)
    }

    async fn carry_out(&mut self, mut kill: Kill, inspector: Inspector) -> anyhow::Result<Inspector> {
        let began = Instant::now();
        let inspector = if kill.what == "hub" {
            self.hub.kill().await?;
            if self.options.power_cut {
                kill.staging_removed = remove_staging(&self.hub.store())?;
            }
            self.hub.restart().await?;
            self.hub.inspector().await?
        } else {
            self.hub.kill_server().await?;
            let back = async || timeout(Duration::from_secs(2), inspector.state("CASES")).await.ok()?.ok();
            eventually("the server to answer again", self.options.patience, back).await?;
            self.hub.ready().await?;
            inspector
        };
        kill.recovery_ms = began.elapsed().as_millis();
        self.report.kills.push(kill);
        Ok(inspector)
    }

    /// Until every report is acknowledged or read, and every envelope worked off.
    async fn wait_until_fed(&self) -> anyhow::Result<()> {
        let until = Instant::now() + self.options.patience;
        let inspector = self.hub.inspector().await?;
        loop {
            let hotline = self.sources.hotline.source.summary();
            let coming: usize = self.sources.both().iter().map(|(_, s)| s.summary().pending_changes).sum();
            let backlog = inspector.backlog().await.unwrap_or(u64::MAX);
            if hotline.pushes_waiting == 0 && coming == 0 && backlog == 0 && self.portal_was_read(&inspector).await {
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

    async fn portal_was_read(&self, inspector: &Inspector) -> bool {
        let Ok(namespace) = super::sources::PETITION.parse::<huiliu_schemas::Namespace>() else { return false };
        let wanted: Vec<String> = self.sources.petition.source.read(|book| {
            let number = |id: &str| huiliu_schemas::SourceId { namespace: namespace.clone(), id: id.to_owned() };
            book.items().iter().map(|i| subjects::alias(&number(&i.id))).collect()
        });
        let Ok(there) = inspector.subjects_under("CASES", &format!("alias.{namespace}.>")).await else { return false };
        let there: HashSet<String> = there.into_iter().map(|(s, _)| s).collect();
        wanted.iter().all(|w| there.contains(w))
    }

    async fn judge(&mut self) -> anyhow::Result<()> {
        let inspector = self.hub.inspector().await?;
        let log = self.calm_log(&inspector).await?;
        let queued = self.purged_queues(&inspector, &log).await?;
        let keys = keys_kept(&inspector.read("KEYS").await?)?;
        self.count(&log);
        self.report.dead_letters = inspector.state("DEAD").await?.0 as usize;
        let (report, sources) = (&mut self.report, &self.sources);
        self.office.note(|seen| {
            prove(&Evidence { log: &log, queued: &queued, keys: &keys, seen, sources }, report);
        });
        Ok(())
    }

    /// The log once nothing moves any more and every source was told, or patience ended.
    async fn calm_log(&self, inspector: &Inspector) -> anyhow::Result<Log> {
        let until = Instant::now() + self.options.patience;
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

    /// What stands in QUEUES once the hub has had time to purge what is dead.
    async fn purged_queues(&self, inspector: &Inspector, log: &Log) -> anyhow::Result<Vec<(String, usize)>> {
        let until = Instant::now() + PURGE_PATIENCE;
        loop {
            let queued = inspector.subjects("QUEUES").await?;
            let dead = |subject: &str| {
                let name = subjects::parse_entry(subject);
                name.is_some_and(|(d, c, n)| {
                    log.cases.get(&c).and_then(|h| h.case.as_ref()).is_none_or(|case| !case.is_live(&d, n))
                })
            };
            if !queued.iter().any(|(subject, _)| dead(subject)) || Instant::now() >= until {
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

/// Removes what the server has staged of batches not yet committed: files under directories named for it. Answers how many.
pub fn remove_staging(store: &Path) -> std::io::Result<usize> {
    let mut removed = 0;
    for entry in std::fs::read_dir(store)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if path.file_name().is_some_and(|name| name == "batches") {
            removed += std::fs::read_dir(&path)?.count();
            std::fs::remove_dir_all(&path)?;
        } else {
            removed += remove_staging(&path)?;
        }
    }
    Ok(removed)
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
