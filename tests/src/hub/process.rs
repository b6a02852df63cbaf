//! Processes: finding the hub's nats-server, and killing what this test started.

use std::fs;
use std::process::Command;

use anyhow::ensure;

use super::{PATIENCE, eventually};

/// The nats-server that is a child of `parent`.
pub(super) fn nats_server_of(parent: u32) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter_map(|id| Some((id, stat(id)?))).find(|(_, s)| s.parent == parent && s.is_server()).map(|(id, _)| id)
}

struct Stat {
    name: String,
    state: char,
    parent: u32,
}

impl Stat {
    fn is_server(&self) -> bool {
        self.name.starts_with("nats-server") && !self.is_dead()
    }

    fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// `/proc/<id>/stat`: `id (name) state parent …`; the name may hold anything.
fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (head, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some(Stat { name: head.split_once('(')?.1.to_owned(), state, parent: fields.next()?.parse().ok()? })
}

/// Sends a signal.
pub(super) fn kill(process: u32, signal: &str) -> anyhow::Result<()> {
    let sent = Command::new("kill").args(["-s", signal, &process.to_string()]).status()?;
    ensure!(sent.success(), "process {process} could not be sent {signal}");
    Ok(())
}

/// Waits until a process is no more.
pub(super) async fn gone(process: u32) -> anyhow::Result<()> {
    let what = format!("process {process} to end");
    eventually(&what, PATIENCE, async || stat(process).is_none_or(|s| s.is_dead()).then_some(())).await
}
