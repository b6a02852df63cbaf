//! Versions of nats-server and which of them will do.
//!
//! Pure: parses and compares. It must never start anything.

use std::fmt;
use std::str::FromStr;

/// The oldest nats-server Huiliu runs on.
///
/// Before 2.15 a work-queue stream fed from another stream re-sent entries that had already been
/// acknowledged after every restart.
pub const MINIMUM: ServerVersion = ServerVersion { major: 2, minor: 15, patch: 1, released: true };

/// A nats-server version such as `2.15.1` or `2.16.0-RC.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    major: u32,
    minor: u32,
    patch: u32,
    /// A pre-release sorts below the release it precedes.
    released: bool,
}

impl ServerVersion {
    /// Whether this server may be used.
    #[must_use]
    pub fn suffices(self) -> bool {
        self >= MINIMUM
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.released { "" } else { "-pre" };
        write!(f, "{}.{}.{}{suffix}", self.major, self.minor, self.patch)
    }
}

/// The text is not a nats-server version.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a nats-server version, expected something like 2.15.1")]
pub struct NotAVersion(pub String);

impl FromStr for ServerVersion {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        parse(text.trim()).ok_or_else(|| NotAVersion(text.trim().to_owned()))
    }
}

fn parse(text: &str) -> Option<ServerVersion> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (numbers, released) = match text.split_once(['-', '+']) {
        Some((numbers, _)) => (numbers, text.as_bytes()[numbers.len()] == b'+'),
        None => (text, true),
    };
    let mut parts = numbers.split('.').map(|part| part.parse::<u32>().ok());
    let version = ServerVersion { major: parts.next()??, minor: parts.next()??, patch: parts.next()??, released };
    parts.next().is_none().then_some(version)
}

/// Reads the answer of `nats-server --version`: `nats-server: v2.15.1`.
///
/// # Errors
/// When no version stands after the last colon.
pub fn from_version_output(output: &str) -> Result<ServerVersion, NotAVersion> {
    let line = output.lines().next().unwrap_or_default();
    line.rsplit(':').next().unwrap_or_default().parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_is_told_from_what_is_older() {
        let check = |text: &str, expected: bool| {
            let version: ServerVersion = text.parse().expect("a version");
            assert_eq!(version.suffices(), expected, "{text}");
        };
        check("2.15.1", true);
        check("v2.15.1", true);
        check("2.15.1+build7", true);
        check("2.15.2-RC.1", true);
        check("2.16.0", true);
        check("3.0.0", true);
        check("2.15.1-RC.2", false);
        check("2.15.0", false);
        check("2.9.99", false);
    }

    #[test]
    fn reads_what_the_binary_prints() {
        assert_eq!(from_version_output("nats-server: v2.15.1\n"), Ok(MINIMUM));
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in ["", "2.15", "2.15.1.4", "two", "nats-server"] {
            assert_eq!(text.parse::<ServerVersion>(), Err(NotAVersion(text.to_owned())));
        }
    }
}
