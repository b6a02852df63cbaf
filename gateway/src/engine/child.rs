//! One running nats-server process: wait for it, stop it.
//!
//! It is addressed by a process file descriptor, never by a number that might belong to somebody
//! else by now. Dropping it kills it.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

/// A child that dies with this value.
#[derive(Debug)]
pub struct RunningServer {
    child: Child,
    handle: AsyncFd<OwnedFd>,
}

impl RunningServer {
    /// Watches a freshly spawned child.
    ///
    /// # Errors
    /// When the kernel gives no process file descriptor.
    pub fn watch(child: Child) -> io::Result<Self> {
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        Ok(Self {
            child,
            handle: AsyncFd::new(handle)?,
        })
    }

    /// The process number, for logs and fault tests.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process has ended.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        let _ended = self.handle.readable().await?;
        self.child.wait()
    }

    /// Asks the process to end, and insists after `grace`.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(mut self, grace: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::TERM);
        if let Ok(status) = timeout(grace, self.ended()).await {
            return status;
        }
        tracing::warn!(
            grace_seconds = grace.as_secs(),
            "nats-server did not stop within {} s, killing it",
            grace.as_secs()
        );
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// A process that is already gone needs no signal.
    fn signal(&self, signal: Signal) {
        let _gone = pidfd_send_signal(self.handle.get_ref(), signal);
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::KILL);
            let _status = self.child.wait();
        }
    }
}
