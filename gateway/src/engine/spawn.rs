//! Starts the child so that it can never outlive us.
//!
//! The kernel's parent-death signal belongs to the *thread* that forked, so every child is forked
//! from one thread that lives as long as the process. Nothing else may spawn a nats-server.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use tokio::sync::oneshot;

use super::lock::StoreLock;

struct Job {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

static SPAWNER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();

/// Spawns `command` in a process group of its own (a Ctrl-C in the terminal must reach us first),
/// to be killed by the kernel when we die, holding the store lock as long as it lives.
///
/// # Errors
/// When the process cannot be started.
pub async fn spawn(mut command: Command, lock: &StoreLock) -> io::Result<Child> {
    command.process_group(0);
    tie_to_us(&mut command, lock.clone());
    let (reply, answer) = oneshot::channel();
    spawner()?.send(Job { command, reply }).map_err(|_| io::Error::other("the spawning thread has ended"))?;
    answer.await.map_err(|_| io::Error::other("the spawning thread has ended"))?
}

fn spawner() -> io::Result<&'static mpsc::Sender<Job>> {
    if let Some(sender) = SPAWNER.get() {
        return Ok(sender);
    }
    let (sender, jobs) = mpsc::channel();
    thread::Builder::new().name("nats-spawner".to_owned()).spawn(move || serve(&jobs))?;
    Ok(SPAWNER.get_or_init(|| sender))
}

/// Never returns for the sender that stands in `SPAWNER`.
fn serve(jobs: &mpsc::Receiver<Job>) {
    for mut job in jobs {
        let _abandoned = job.reply.send(job.command.spawn());
    }
}

#[expect(
    unsafe_code,
    reason = "only the child itself, between fork and exec, can ask for its parent-death signal; the closure makes four system calls and allocates nothing"
)]
fn tie_to_us(command: &mut Command, lock: StoreLock) {
    let parent = getpid();
    let tie = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if getppid() != Some(parent) {
            return Err(io::Error::from(rustix::io::Errno::SRCH));
        }
        Ok(fcntl_setfd(lock.as_fd(), FdFlags::empty())?)
    };
    // SAFETY: `tie` calls prctl, getppid and fcntl only, all async-signal-safe.
    unsafe {
        command.pre_exec(tie);
    }
}
