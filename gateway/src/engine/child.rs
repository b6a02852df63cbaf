//! One running nats-server process: wait for it, stop it.
//!
//! It is addressed by its number, and only while it is unreaped: until then the number can belong to nobody else. (A process
//! file descriptor would do too, but kernels before 5.3 have none.) Dropping it kills it.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A child that dies with this value.
#[derive(Debug)]
pub struct RunningServer {
    id: u32,
    unreaped: Unreaped,
    end: oneshot::Receiver<io::Result<ExitStatus>>,
}

/// The number of a child, until it is reaped.
#[derive(Debug, Clone)]
struct Unreaped(Arc<Mutex<Option<Pid>>>);

impl Unreaped {
    fn lock(&self) -> MutexGuard<'_, Option<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of the child, and reaps it while nobody signals.
    fn wait(&self, mut child: Child) -> io::Result<ExitStatus> {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _told_by_wait = retry_on_intr(|| waitid(WaitId::Pid(Pid::from_child(&child)), ended));
        let mut unreaped = self.lock();
        *unreaped = None;
        child.wait()
    }
}

impl RunningServer {
    /// Watches a freshly spawned child from a thread of its own.
    ///
    /// # Errors
    /// When there is no thread to be had; the child is then killed.
    pub fn watch(child: Child) -> io::Result<Self> {
        let unreaped = Unreaped(Arc::new(Mutex::new(Some(Pid::from_child(&child)))));
        let (ended, end) = oneshot::channel();
        let server = Self { id: child.id(), unreaped: unreaped.clone(), end };
        thread::Builder::new().name("nats-waiter".to_owned()).spawn(move || {
            let _nobody_asks = ended.send(unreaped.wait(child));
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
        if let Some(process) = *self.unreaped.lock() {
            let _gone = kill_process(process, signal);
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    fn sleeping(seconds: &str) -> RunningServer {
        RunningServer::watch(Command::new("sleep").arg(seconds).spawn().expect("spawned")).expect("watched")
    }

    #[tokio::test]
    async fn a_number_is_forgotten_with_its_process() {
        let status = sleeping("60").stop(Duration::from_secs(30)).await.expect("waited for");
        assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));

        let mut ended = sleeping("0");
        assert!(ended.ended().await.expect("waited for").success());
        assert!(ended.unreaped.lock().is_none(), "it may be somebody else's now");
    }

    #[tokio::test]
    async fn a_child_dies_with_its_value() {
        let server = sleeping("60");
        let unreaped = server.unreaped.clone();
        drop(server);
        while unreaped.lock().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
