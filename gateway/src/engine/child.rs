//! One running nats-server process: wait for it, stop it.
//!
//! It is addressed by a process file descriptor, never by a number that might belong to somebody
//! else by now. Dropping it kills it.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A child that dies with this value.
#[derive(Debug)]
pub struct RunningServer {
    id: u32,
    handle: OwnedFd,
    end: oneshot::Receiver<io::Result<ExitStatus>>,
}

impl RunningServer {
    /// Watches a freshly spawned child from a thread of its own.
    ///
    /// # Errors
    /// When the kernel gives no process file descriptor or no thread; the child is then killed.
    pub fn watch(mut child: Child) -> io::Result<Self> {
        let id = child.id();
        let handle = match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(error) => {
                child.kill()?;
                return Err(error.into());
            }
        };
        let (ended, end) = oneshot::channel();
        let server = Self { id, handle, end };
        thread::Builder::new().name("nats-waiter".to_owned()).spawn(move || {
            let _nobody_asks = ended.send(child.wait());
        })?;
        Ok(server)
    }

    /// The process number, for logs and fault tests.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Waits until the process has ended. Ask once only.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        (&mut self.end).await.map_err(|_| io::Error::other("its end was told already"))?
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
        let _gone = pidfd_send_signal(&self.handle, signal);
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
