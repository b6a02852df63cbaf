//! Follows the credentials file, so that a new key works and a revoked one stops at once.
//!
//! A file that cannot be understood changes nothing: the keys read last stay in force. Neither does one that is gone or
//! empty: a copy over it begins so. Two looks in a row must find the same text.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::credentials::Credentials;
use crate::engine::Engine;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who may come in just now; shared by both doors.
pub type SharedCredentials = watch::Receiver<Arc<Credentials>>;

/// Follows one credentials file.
pub struct Follow {
    path: PathBuf,
    engine: Engine,
    current: watch::Sender<Arc<Credentials>>,
    /// What nats-server was last told.
    told: Arc<Credentials>,
}

impl Follow {
    /// Starts from the credentials the engine was started with.
    #[must_use]
    pub fn new(path: PathBuf, engine: Engine, credentials: Credentials) -> (Self, SharedCredentials) {
        let told = Arc::new(credentials);
        let (current, shared) = watch::channel(told.clone());
        (Self { path, engine, current, told }, shared)
    }

    /// Looks until told to stop.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut looks = Looks::default();
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => {}
            }
            let path = self.path.clone();
            if let Ok(found) = tokio::task::spawn_blocking(move || text_of(&path)).await
                && looks.find_news(&found)
            {
                self.take(found);
            }
            self.tell_server().await;
        }
    }

    /// Takes over what the file says.
    fn take(&self, found: Found) {
        match found.and_then(|text| Credentials::parse(&text)) {
            Ok(credentials) => drop(self.current.send_if_modified(|current| {
                let changed = credentials != **current;
                if changed {
                    *current = Arc::new(credentials);
                }
                changed
            })),
            Err(error) => tracing::error!("{}: the keys in force stay as they are: {error}", self.path.display()),
        }
    }

    /// Tells nats-server who may come in, until it has understood.
    async fn tell_server(&mut self) {
        let current = self.current.borrow().clone();
        if Arc::ptr_eq(&current, &self.told) {
            return;
        }
        let keys = current.keys().len();
        match self.engine.reload_credentials(&current).await {
            Ok(()) => {
                tracing::info!(keys, "credentials read again: {keys} keys");
                self.told = current;
            }
            Err(error) => tracing::error!("nats-server still has the former users, trying again: {error}"),
        }
    }
}

/// What a look finds: the text, or why there is none.
type Found = Result<String, String>;

/// What the looks at a file found.
#[derive(Debug, Default)]
struct Looks {
    dealt_with: Option<Found>,
    last: Option<Found>,
}

impl Looks {
    /// Whether two looks in a row found what was not dealt with yet; it is then. A file that could not be read for a while
    /// is news again as soon as it can.
    fn find_news(&mut self, found: &Found) -> bool {
        let settled = self.last.replace(found.clone()).as_ref() == Some(found);
        let news = settled && self.dealt_with.as_ref() != Some(found);
        if news {
            self.dealt_with = Some(found.clone());
        }
        news
    }
}

/// The text. A list without keys is written as such: an empty file is half a copy.
fn text_of(path: &Path) -> Found {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Err("it is empty".to_owned()),
        Ok(text) => Ok(text),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::KeyKind;
    use crate::engine::scratch::Scratch;

    #[test]
    fn a_file_that_is_gone_or_empty_takes_nobodys_key_away() {
        let scratch = Scratch::new();
        let path = scratch.path().join("credentials.toml");
        let in_force = || text_of(&path).and_then(|text| Credentials::parse(&text));
        assert!(in_force().is_err(), "gone");
        let mut credentials = Credentials::default();
        credentials.save(&path).expect("saved");
        assert_eq!(in_force(), Ok(credentials.clone()), "nobody, and said so");
        credentials.mint(KeyKind::Operator, "li", "li").expect("minted");
        credentials.save(&path).expect("saved");
        assert_eq!(in_force(), Ok(credentials));
        for half in ["", "\n"] {
            fs::write(&path, half).expect("written");
            assert!(in_force().is_err(), "{half:?}");
        }
    }

    #[test]
    fn only_what_two_looks_found_alike_is_news_and_only_once() {
        let (one, two, gone) = (Ok("1".to_owned()), Ok("2".to_owned()), Err("gone".to_owned()));
        let mut looks = Looks::default();
        let found =
            [&one, &one, &one, &two, &one, &one, &two, &two, &gone, &two, &two, &gone, &gone, &gone, &two, &two];
        let news = [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1];
        assert_eq!(found.map(|found| u8::from(looks.find_news(found))), news);
    }
}
