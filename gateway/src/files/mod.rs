//! Follows the files people keep, the directory and the packs, so that what is mended works within seconds and without a
//! restart.
//!
//! What changed is taken whole or not at all: two looks in a row must find the same bytes (a copy that is half done
//! differs from one look to the next), and what they say must be as good as it must be at the start, the directory without
//! an error of `huiliu check` besides. What is taken is kept with the data, for a start on which the files are broken. Else the version that runs stays, and log, figure, page and
//! [`FollowFiles::standing`] say so until the files are right. What is being decided ends with the version it began with.

mod kept;
mod source;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use metrics::{counter, gauge};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::channels::ChannelRuntime;
use crate::desk::Desk;
use crate::queues::reconcile::Reconciler;

pub use kept::{Kept, directory_to_start_with, pack_to_start_with};
pub use source::Sources;
use source::Taken;
use standing::Watched;
pub use standing::{Refused, Standing};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks that somebody asked for.
const SETTLE: Duration = Duration::from_millis(400);

/// Follows the files; cheap to clone.
#[derive(Clone)]
pub struct FollowFiles {
    watched: Arc<Mutex<Vec<Watched>>>,
    reconciler: Reconciler,
}

impl FollowFiles {
    /// Starts from what the desk and the channels use now; each channel with the name of its pack.
    pub fn new(
        sources: Sources,
        desk: Desk,
        channels: Vec<(String, Arc<ChannelRuntime>)>,
        reconciler: Reconciler,
    ) -> Self {
        let watched = source::all(sources, desk, channels).into_iter().map(Watched::new);
        Self { watched: Arc::new(Mutex::new(watched.collect())), reconciler }
    }

    /// Looks until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => self.look().await,
            }
        }
    }

    /// Looks at once, as often as it takes to see that the files hold still, and says how everything stands.
    pub async fn now(&self) -> Vec<Standing> {
        self.look().await;
        tokio::time::sleep(SETTLE).await;
        self.look().await;
        self.standing().await
    }

    /// What runs, since when, and what was refused.
    pub async fn standing(&self) -> Vec<Standing> {
        self.watched.lock().await.iter().map(|watched| watched.standing.clone()).collect()
    }

    async fn look(&self) {
        let mut all = self.watched.lock().await;
        for watched in all.iter_mut() {
            if look_at(watched).await == Some(Taken::Directory) {
                // A department that is new finds its queue; where the server is away, the next reconciliation makes it.
                if let Err(error) = self.reconciler.make_consumers().await {
                    tracing::warn!(%error, "queues of new departments are made later");
                }
            }
            let what = || watched.standing.what.clone();
            gauge!("huiliu_files_refused", "what" => what())
                .set(f64::from(u8::from(watched.standing.refused.is_some())));
            gauge!("huiliu_files_since_timestamp_seconds", "what" => what())
                .set(watched.standing.since.as_second() as f64);
        }
    }
}

/// One look at one source: what was taken, if anything was.
async fn look_at(watched: &mut Watched) -> Option<Taken> {
    let (touched, source) = (watched.source.clone(), watched.source.clone());
    let stamp = blocking(move || Ok(touched.stamp())).await.ok().flatten();
    if stamp.is_some() && stamp == watched.dealt_with {
        return None;
    }
    let found = blocking(move || source.read()).await;
    let content = found.as_ref().map_or_else(|why| why.join("\n"), |found| found.digest().to_owned());
    if watched.settling.as_ref() != Some(&content) {
        watched.settling = Some(content);
        return None;
    }
    watched.settling = None;
    watched.dealt_with = stamp;
    let checked = match found {
        Ok(found) => {
            let (source, running) = (watched.source.clone(), watched.standing.version.clone());
            blocking(move || {
                let checked = source.check(&found, &running)?;
                source.keep(&found);
                Ok(checked)
            })
            .await
        }
        Err(why) => Err(why),
    };
    match checked {
        Ok(checked) => taken(watched, checked),
        Err(why) => {
            refused(watched, content, why);
            None
        }
    }
}

fn taken(watched: &mut Watched, checked: source::Checked) -> Option<Taken> {
    let mended = watched.standing.refused.take().is_some();
    let what = &watched.standing.what;
    if checked.version() == watched.standing.version {
        if mended {
            tracing::info!("{what}: the files are again those of version {}", watched.standing.version);
        }
        return None;
    }
    let former = std::mem::replace(&mut watched.standing.version, checked.version().to_owned());
    watched.standing.from = watched.source.from();
    watched.standing.since = Timestamp::now();
    counter!("huiliu_files_total", "what" => what.clone(), "outcome" => "taken").increment(1);
    tracing::info!(
        former,
        version = watched.standing.version,
        "{what}: version {} is in use now",
        watched.standing.version
    );
    Some(watched.source.take_over(checked))
}

fn refused(watched: &mut Watched, content: String, why: Vec<String>) {
    if watched.standing.refused.as_ref().is_some_and(|refused| refused.content == content) {
        return;
    }
    let (what, version) = (&watched.standing.what, &watched.standing.version);
    counter!("huiliu_files_total", "what" => what.clone(), "outcome" => "refused").increment(1);
    tracing::error!(
        what,
        version,
        "{what}: the files that changed are refused, version {version} stays in use: {}",
        why.join("; ")
    );
    watched.standing.refused = Some(Refused::new(content, why));
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Vec<String>> + Send + 'static,
) -> Result<T, Vec<String>> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(vec![error.to_string()]))
}
