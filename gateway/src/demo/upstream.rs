//! The simulated upstream systems: `huiliu-sim` as child processes, stopped by closing their standard input, and so gone
//! whenever we are, whatever ended us.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::place::Place;

const PATIENCE: Duration = Duration::from_secs(10);

/// How a simulated system is to behave.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// Its word on the command line of `huiliu-sim`.
    pub system: &'static str,
    /// The channel it is.
    pub channel: &'static str,
    /// Matters it has at the start.
    pub initial: u64,
    /// New ones a second.
    pub rate: f64,
}

/// A simulated system that runs.
#[derive(Debug)]
pub struct Upstream {
    /// The channel it is.
    pub channel: &'static str,
    /// Where it is.
    pub url: String,
    child: Child,
}

impl Upstream {
    /// Starts it and waits until it says where it is. `hub` is where it pushes to; orders of `hotline` come round again.
    ///
    /// # Errors
    /// When it is not there or does not start; says why.
    pub async fn start(habits: Habits, place: &Place, hub: &str, hotline: Option<&str>) -> anyhow::Result<Self> {
        let Habits { system, channel, initial, rate } = habits;
        let shared = place.shared(channel)?;
        let log = place.folder.join(format!("{system}.log"));
        let errors = OpenOptions::new().create(true).append(true).open(&log)?;
        let state = place.folder.join(format!("{system}.json"));
        let mut child = Command::new(program()?)
            .arg(system)
            .args(["--quirks", "mild", "--stop-with-stdin"])
            .args(["--initial", &initial.to_string(), "--rate", &rate.to_string()])
            .args(["--app-key-env", "DEMO_APP_KEY", "--push-secret-env", "DEMO_PUSH_SECRET"])
            .args(["--push-url", &format!("{hub}/v1/channels/{channel}/events")])
            .args(hotline.into_iter().flat_map(|url| ["--round-about", url]))
            .arg("--state")
            .arg(state)
            .env("DEMO_APP_KEY", shared.app_key.expose())
            .env("DEMO_PUSH_SECRET", shared.push.expose())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("failed to start huiliu-sim")?;
        let mut lines = BufReader::new(child.stdout.take().context("huiliu-sim has no output")?).lines();
        let Some(line) = tokio::time::timeout(PATIENCE, lines.next_line()).await.ok().transpose()?.flatten() else {
            bail!("the simulated {system} did not start; see {}", log.display());
        };
        let told: Value = serde_json::from_str(&line).context("huiliu-sim said something unexpected")?;
        let url = told["url"].as_str().context("huiliu-sim did not say where it listens")?.to_owned();
        // What it says further is on its own page as well; it must only not block on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { channel, url, child })
    }

    /// Lets it store its state and end.
    pub async fn stop(mut self) {
        drop(self.child.stdin.take());
        if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
            tracing::warn!(channel = self.channel, "the simulator did not end in time and is killed");
            let _already_gone = self.child.kill().await;
        }
    }
}

/// The program beside our own.
fn program() -> anyhow::Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("huiliu-sim");
    if beside.is_file() {
        return Ok(beside);
    }
    bail!("no huiliu-sim beside huiliu (looked at {}): build it with `make build`", beside.display())
}
