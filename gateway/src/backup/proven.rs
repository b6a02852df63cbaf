//! When the last backup was begun that passed its trial: written into the data directory by the command that made it, and read
//! by the hub for whoever watches. A backup that is not made makes no noise of its own.

use std::path::Path;
use std::{fs, io};

use jiff::Timestamp;

use crate::doors::credentials::write_private;

const FILE: &str = "backup-proven";

/// Notes it.
///
/// # Errors
/// When it cannot be written.
pub fn note(data_dir: &Path, begun_at: Timestamp) -> io::Result<()> {
    write_private(&data_dir.join(FILE), &format!("{begun_at}\n"))
}

/// When it was begun, if there ever was one.
#[must_use]
pub fn last(data_dir: &Path) -> Option<Timestamp> {
    fs::read_to_string(data_dir.join(FILE)).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scratch::Scratch;

    #[test]
    fn what_was_noted_is_found_and_before_there_is_nothing() {
        let scratch = Scratch::new();
        assert_eq!(last(scratch.path()), None);
        for at in ["2026-11-22T00:17:00Z", "2026-11-22T06:17:00Z"] {
            let at: Timestamp = at.parse().expect("a time");
            note(scratch.path(), at).expect("noted");
            assert_eq!(last(scratch.path()), Some(at));
        }
    }
}
