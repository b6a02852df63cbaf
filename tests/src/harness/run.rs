//! A run: in a trial, hub and server die by turns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep, timeout};

use super::report::{Kill, RunReport};
use super::sources::Feed;
use super::trial::Trial;
use crate::hub::{Inspector, Plan, eventually};

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

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs, and says what it found. An error means that the run could not be made, not that the proof failed.
pub async fn run(options: &Options) -> anyhow::Result<RunReport> {
    let plan = Plan::new(options.program.clone())?;
    let plan = if options.keep { plan.keep_dir() } else { plan };
    let trial = Trial::start(options.seed, options.patience, plan, Feed::Push, 1).await?;
    let mut run = Run { options, trial, dice: StdRng::seed_from_u64(options.seed) };
    run.feed_and_kill().await?;
    let mut report = run.trial.finish().await?;
    report.passed &= report.kills.len() >= options.kills;
    Ok(report)
}

struct Run<'o> {
    options: &'o Options,
    trial: Trial,
    dice: StdRng,
}

impl Run<'_> {
    /// Files a share of the reports, kills in the midst of it, waits until the hub is back, and again.
    async fn feed_and_kill(&mut self) -> anyhow::Result<()> {
        let share = self.options.reports.div_ceil(self.options.kills + 1);
        let mut inspector = self.trial.hub().inspector().await?;
        for turn in 0..self.options.kills {
            self.trial.sources.file(share);
            let kill = self.await_the_moment(&inspector, turn, share).await?;
            inspector = self.carry_out(kill, inspector).await?;
        }
        self.trial.sources.file(self.options.reports - share * self.options.kills);
        Ok(())
    }

    /// Waits until a random part of what is filed is taken, commands are unanswered and reports wait.
    async fn await_the_moment(&mut self, inspector: &Inspector, turn: usize, share: usize) -> anyhow::Result<Kill> {
        let until = Instant::now() + self.options.patience;
        let mut goal = self.goal();
        loop {
            let (pushes, waiting) = self.trial.sources.waiting();
            let commands = self.trial.office.unanswered();
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
                self.trial.sources.file(share.div_ceil(4));
                goal = self.goal();
            }
            ensure!(Instant::now() < until, "no moment for kill {turn}: {waiting} wait, {commands} commands under way");
            sleep(LOOK_EVERY).await;
        }
    }

    fn goal(&mut self) -> usize {
        let (_, waiting) = self.trial.sources.waiting();
        (waiting * self.dice.random_range(20..90) / 100).max(1)
    }

    async fn carry_out(&mut self, mut kill: Kill, inspector: Inspector) -> anyhow::Result<Inspector> {
        let began = Instant::now();
        let inspector = if kill.what == "hub" {
            self.trial.hub().kill().await?;
            if self.options.power_cut {
                kill.staging_removed = remove_staging(&self.trial.hub().store())?;
            }
            self.trial.hub().restart().await?;
            self.trial.hub().inspector().await?
        } else {
            self.trial.hub().kill_server().await?;
            let back = async || timeout(Duration::from_secs(2), inspector.state("CASES")).await.ok()?.ok();
            eventually("the server to answer again", self.options.patience, back).await?;
            self.trial.hub().ready().await?;
            inspector
        };
        kill.recovery_ms = began.elapsed().as_millis();
        self.trial.report.kills.push(kill);
        Ok(inspector)
    }
}

/// Removes what the server has staged of batches not yet committed: whatever is in directories named for it, links to the
/// memory they are staged in among them. Answers how many.
pub fn remove_staging(store: &Path) -> std::io::Result<usize> {
    let mut removed = 0;
    for entry in std::fs::read_dir(store)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if path.file_name().is_some_and(|name| name == "batches") {
            for staged in std::fs::read_dir(&path)? {
                std::fs::remove_dir_all(staged?.path())?;
                removed += 1;
            }
        } else {
            removed += remove_staging(&path)?;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_staged_in_memory_is_removed_as_well() {
        let dir = std::env::temp_dir().join(format!("huiliu-staged-{}", std::process::id()));
        let (stream, memory) = (dir.join("streams/CASES"), dir.join("memory"));
        fs::create_dir_all(&stream).expect("made");
        fs::create_dir_all(memory.join("one/msgs")).expect("made");
        symlink(&memory, stream.join("batches")).expect("linked");
        assert_eq!(remove_staging(&dir.join("streams")).expect("removed"), 1);
        assert_eq!(fs::read_dir(&memory).expect("still there").count(), 0);
        fs::remove_dir_all(dir).expect("removed");
    }
}
