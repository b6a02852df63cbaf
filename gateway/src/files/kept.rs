//! The directory in force, byte for byte, kept with the data: what was refused while the hub ran is refused at its next start
//! as well, and the hub starts with what it ran with.

use std::path::PathBuf;
use std::{fs, io};

use super::source::errors;
use crate::directory::{Directory, Found, LoadError};
use crate::doors::credentials::write_private;

/// Where it is kept: a folder for each version, and a file that names the one in force.
#[derive(Debug, Clone)]
pub struct Kept(PathBuf);

const IN_FORCE: &str = "in-force";

impl Kept {
    /// In this folder of the data directory.
    pub fn within(data_dir: &std::path::Path) -> Self {
        Self(data_dir.join("directory-in-force"))
    }

    /// What was in force last, if it is known and can be read.
    pub(super) fn found(&self) -> Option<Found> {
        let digest = fs::read_to_string(self.0.join(IN_FORCE)).ok()?;
        Found::read(&self.0.join(&digest)).ok().filter(|found| found.digest() == digest)
    }

    /// Keeps what is in force from now on. At any moment the former or this is there whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep(&self, found: &Found) -> io::Result<()> {
        let digest = found.digest();
        if self.found().is_some_and(|kept| kept.digest() == digest) {
            return Ok(());
        }
        let folder = self.0.join(&digest);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        found.write(&folder)?;
        write_private(&self.0.join(IN_FORCE), &digest)?;
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path.is_dir() && path != folder {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }

    /// As [`Self::keep`]; what cannot be kept is missed only if the files are broken at the next start.
    pub(super) fn keep_or_warn(&self, found: &Found) {
        if let Err(error) = self.keep(found) {
            tracing::warn!(%error, "the directory in force cannot be kept in {}", self.0.display());
        }
    }
}

/// The directory to start with: what stands in the folder, if it is as good as what is taken while the hub runs or is what
/// it ran with last; else what it ran with last, and [`super::FollowFiles`] tells what is refused. Where nothing is known of
/// before, it need only be understood.
///
/// # Errors
/// When neither can be had: what is wrong in the folder.
pub fn directory_to_start_with(root: &std::path::Path, kept: &Kept) -> Result<Directory, LoadError> {
    let last = kept.found();
    let understood = Found::read(root).and_then(|found| {
        let directory = found.parse()?;
        Ok((found, directory))
    });
    let as_before = |found: &Found| last.as_ref().is_none_or(|last| last.digest() == found.digest());
    if let Ok((found, directory)) = &understood
        && (as_before(found) || errors(directory).is_empty())
    {
        kept.keep_or_warn(found);
        return understood.map(|(_, directory)| directory);
    }
    match last.and_then(|last| last.parse().ok()) {
        Some(last) => {
            let version = last.version();
            tracing::error!(
                version,
                "the directory in {} is not taken: the hub starts with the one it ran with last, version {version}",
                root.display()
            );
            Ok(last)
        }
        None => understood.map(|(_, directory)| directory),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::scratch::Scratch;

    /// A directory of one's own: the shipped one, with text added to a file of it.
    fn own(root: &Path, file: &str, more: &str) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/directory/330205");
        Found::read(&shipped).expect("shipped").write(root).expect("written");
        let path = root.join(file);
        let text = fs::read_to_string(&path).expect("there");
        fs::write(path, format!("{}\n{more}\n", text.trim_end())).expect("written");
    }

    #[test]
    fn files_that_are_broken_do_not_keep_a_hub_from_starting_nor_come_into_force() {
        let scratch = Scratch::new();
        let (root, kept) = (scratch.path().join("directory"), Kept::within(scratch.path()));
        let version = || directory_to_start_with(&root, &kept).map(|d| d.version().to_owned());

        own(&root, "departments.csv", "half a row");
        assert!(version().is_err(), "nothing is known of before");
        fs::remove_dir_all(&root).expect("removed");
        own(&root, "departments.csv", "");
        let good = version().expect("good");

        for (file, broken) in [("departments.csv", "half a row"), ("responsibilities.csv", "half a row")] {
            own(&root, file, broken);
            assert_eq!(version().expect("the last"), good, "{file}");
        }
        fs::remove_dir_all(&root).expect("removed");
        assert_eq!(version().expect("the last"), good, "gone");

        // Understood, and nobody could be reached.
        own(&root, "departments.csv", "");
        let departments = fs::read_to_string(root.join("departments.csv")).expect("there");
        let first = departments.lines().find(|l| l.starts_with("jb-housing,")).expect("a department");
        let without: Vec<&str> = departments.lines().filter(|line| *line != first).collect();
        fs::write(root.join("departments.csv"), without.join("\n")).expect("written");
        assert_eq!(version().expect("the last"), good, "with errors");

        own(&root, "departments.csv", "");
        assert_eq!(version().expect("good"), good);
        let folders = fs::read_dir(&kept.0).expect("there").flatten().filter(|e| e.path().is_dir()).count();
        assert_eq!(folders, 1);
    }
}
