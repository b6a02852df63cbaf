//! The hub's parts as tasks: which of them take the hub along when they end, and what is said of one that broke down. Never
//! what a panic says: that of a text cut amiss prints the text.

use std::panic::{Location, PanicHookInfo, set_hook};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What runs until the hub stops. One that ends before is missed by nobody else, so its end is said loudly.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// What is waited for when the hub stops.
    pub tasks: TaskTracker,
    /// Tells the parts to end.
    pub shutdown: CancellationToken,
    /// Cancelled by the end of a part without which the hub would only look alive.
    pub broken: CancellationToken,
}

impl Background {
    /// A part without which the hub would only look alive, and might hold what another gateway could do: its end is the
    /// hub's.
    pub fn run(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let (broken, shutdown) = (self.broken.clone(), self.shutdown.clone());
        self.watch(name.to_owned(), task, move || shutdown.is_cancelled(), move || broken.cancel());
    }

    /// The same for a part that ends when nobody gives it work any more.
    pub fn run_while_used(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let broken = self.broken.clone();
        self.watch(name.to_owned(), task, || true, move || broken.cancel());
    }

    /// A part that serves one channel: the others go on without it.
    pub fn run_beside(&self, name: String, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        self.watch(name, task, move || shutdown.is_cancelled(), || ());
    }

    fn watch(
        &self,
        name: String,
        task: impl Future<Output = ()> + Send + 'static,
        may_end: impl FnOnce() -> bool + Send + 'static,
        gone: impl FnOnce() + Send + 'static,
    ) {
        let running = tokio::spawn(task);
        self.tasks.spawn(async move {
            match running.await {
                Ok(()) if may_end() => return,
                Ok(()) => {
                    tracing::error!(
                        task = name,
                        "task `{name}` ended by itself: its work stands still until the hub is started again"
                    );
                }
                Err(_) => {
                    tracing::error!(
                        task = name,
                        "task `{name}` broke down: its work stands still until the hub is started again"
                    );
                }
            }
            gone();
        });
    }
}

/// From here on the log has of a panic where it was, and nothing else.
pub fn log_panics() {
    set_hook(Box::new(|panic| tracing::error!("{}", told_of(panic))));
}

fn told_of(panic: &PanicHookInfo<'_>) -> String {
    let at = panic.location().map_or_else(|| "nobody knows where".to_owned(), Location::to_string);
    format!("a fault of ours at {at}; what it says is not logged, for it may quote what is personal")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    enum Part {
        Core,
        Used,
        Beside,
    }

    /// Whether the hub breaks of `task` as one of its parts, and whether it was told to stop before.
    async fn broke(part: Part, stopped: bool, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let background = Background::default();
        if stopped {
            background.shutdown.cancel();
        }
        match part {
            Part::Core => background.run("part", task),
            Part::Used => background.run_while_used("part", task),
            Part::Beside => background.run_beside("part".into(), task),
        }
        background.tasks.close();
        background.tasks.wait().await;
        background.broken.is_cancelled()
    }

    #[tokio::test]
    async fn a_core_part_that_ends_ends_the_hub() {
        let breaks = async || panic!("a fault of ours");
        assert!(broke(Part::Core, false, async {}).await, "by itself");
        assert!(broke(Part::Core, false, breaks()).await, "broken down");
        assert!(broke(Part::Core, true, breaks()).await, "broken down while it stops");
        assert!(!broke(Part::Core, true, async {}).await, "as it was told to");
        assert!(broke(Part::Used, false, breaks()).await, "broken down over its work");
        assert!(!broke(Part::Used, false, async {}).await, "without work");
        assert!(!broke(Part::Beside, false, breaks()).await, "of one channel");
    }

    #[test]
    fn a_panic_says_where_and_never_what() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let before = std::panic::take_hook();
        let hears = heard.clone();
        set_hook(Box::new(move |panic| {
            if std::thread::current().name() == Some("cut amiss") {
                hears.lock().expect("heard").push(told_of(panic));
            } else {
                before(panic);
            }
        }));
        let cut = || {
            let text = String::from("张三");
            text[..std::hint::black_box(1)].len()
        };
        let thread = std::thread::Builder::new().name("cut amiss".into()).spawn(cut).expect("a thread");
        assert!(thread.join().is_err());
        let said = heard.lock().expect("heard").join("\n");
        assert!(said.contains("background.rs:") && !said.contains('张'), "{said}");
    }
}
