//! What is in force of the directory and of each pack, byte for byte, kept with the data: what was refused while the hub ran
//! is refused at its next start as well, and the hub starts with what it ran with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use anyhow::bail;
use huiliu_adapters::pack::{self, Pack};

use super::source::errors;
use crate::directory::{self, Directory, LoadError};
use crate::doors::credentials::write_private;

/// Where it is kept: a folder for each version, and a file that names the one in force.
#[derive(Debug, Clone)]
pub struct Kept(PathBuf);

const IN_FORCE: &str = "in-force";

/// Files as they were found.
pub(super) trait Files: Sized {
    fn read(folder: &Path) -> Option<Self>;
    fn write(&self, folder: &Path) -> io::Result<()>;
    fn digest(&self) -> String;
}

impl Files for directory::Found {
    fn read(folder: &Path) -> Option<Self> {
        Self::read(folder).ok()
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        self.write(folder)
    }

    fn digest(&self) -> String {
        self.digest()
    }
}

impl Files for pack::Found {
    fn read(folder: &Path) -> Option<Self> {
        Self::read(folder).ok()
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        self.write(folder)
    }

    fn digest(&self) -> String {
        self.version()
    }
}

impl Kept {
    /// The directory, in this data directory.
    pub fn directory(data_dir: &Path) -> Self {
        Self(data_dir.join("directory-in-force"))
    }

    /// The pack of this name, in this data directory.
    pub fn pack(data_dir: &Path, name: &str) -> Self {
        Self(data_dir.join("packs-in-force").join(name))
    }

    /// What was in force last, if it is known and can be read.
    pub(super) fn found<F: Files>(&self) -> Option<F> {
        let digest = fs::read_to_string(self.0.join(IN_FORCE)).ok()?;
        F::read(&self.0.join(&digest)).filter(|found| found.digest() == digest)
    }

    /// Keeps what is in force from now on. At any moment the former or this is there whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep<F: Files>(&self, found: &F) -> io::Result<()> {
        let digest = found.digest();
        if self.found::<F>().is_some_and(|kept| kept.digest() == digest) {
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
    pub(super) fn keep_or_warn<F: Files>(&self, found: &F) {
        if let Err(error) = self.keep(found) {
            tracing::warn!(%error, "what is in force cannot be kept in {}", self.0.display());
        }
    }
}

/// The directory to start with: what stands in the folder, if it is as good as what is taken while the hub runs or is what
/// it ran with last; else what it ran with last, and [`super::FollowFiles`] tells what is refused. Where nothing is known of
/// before, it need only be understood.
///
/// # Errors
/// When neither can be had: what is wrong in the folder.
pub fn directory_to_start_with(root: &Path, kept: &Kept) -> Result<Directory, LoadError> {
    let last = kept.found::<directory::Found>();
    let understood = directory::Found::read(root).and_then(|found| {
        let directory = found.parse()?;
        Ok((found, directory))
    });
    let as_before = |found: &directory::Found| last.as_ref().is_none_or(|last| last.digest() == found.digest());
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

/// The pack to start with: what stands in the folder or is built in, if it suits the channels it is for and numbers as the
/// pack before it did; else what they ran with last, and [`super::FollowFiles`] tells what is refused.
///
/// # Errors
/// When neither can be had: why not the one in the folder.
pub fn pack_to_start_with(
    name: &str,
    packs_dir: Option<&Path>,
    kept: &Kept,
    suits: impl Fn(&Arc<Pack>) -> anyhow::Result<()>,
) -> anyhow::Result<Arc<Pack>> {
    let load = |found: &pack::Found| {
        let pack = Arc::new(found.load()?);
        suits(&pack)?;
        anyhow::Ok(pack)
    };
    let last = kept.found::<pack::Found>();
    // As it says itself: what no longer loads, or suits the settings, numbered the cases all the same.
    let former = last.as_ref().and_then(pack::Found::namespace);
    let last = last.and_then(|last| load(&last).ok());
    let understood = pack::Found::find(name, packs_dir).map_err(Into::into).and_then(|found| {
        let pack = load(&found)?;
        if let Some(former) = former.filter(|former| *former != pack.namespace) {
            let namespace = &pack.namespace;
            bail!("its namespace is `{namespace}`, and was `{former}`: the same records would become other cases");
        }
        Ok((found, pack))
    });
    match (understood, last) {
        (Ok((found, pack)), _) => {
            kept.keep_or_warn(&found);
            Ok(pack)
        }
        (Err(why), Some(last)) => {
            let version = &last.version;
            tracing::error!(
                version,
                "the pack `{name}` is not taken: its channels start with the one they ran with last, version {version}: {why:#}"
            );
            Ok(last)
        }
        (Err(why), None) => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Found;
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
        let (root, kept) = (scratch.path().join("directory"), Kept::directory(scratch.path()));
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

    #[test]
    fn a_pack_that_is_broken_does_not_keep_a_hub_from_starting_nor_comes_into_force() {
        let scratch = Scratch::new();
        let (packs, kept) = (scratch.path().join("packs"), Kept::pack(scratch.path(), "own"));
        let folder = packs.join("own");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/packs/hotline-12345");
        let put = |file: &str, change: &dyn Fn(String) -> String| {
            let _absent = fs::remove_dir_all(&folder);
            pack::Found::read(&shipped).expect("shipped").write(&folder).expect("written");
            let path = folder.join(file);
            fs::write(&path, change(fs::read_to_string(&path).expect("there"))).expect("written");
        };
        let start = |suits: bool| {
            let suits = |_: &Arc<Pack>| if suits { Ok(()) } else { bail!("the settings want another") };
            pack_to_start_with("own", Some(&packs), &kept, suits).map(|pack| pack.version.clone())
        };
        let same = |text: String| text;
        let misspelt = |text: String| text.replacen("\"content.text\"", "\"content.txt\"", 1);
        let renumbered = |text: String| text.replace("namespace = \"hotline-12345\"", "namespace = \"other\"");
        let longer = |text: String| format!("{}来电咨询,consultation,\n", text);

        put("map.toml", &misspelt);
        assert!(start(true).is_err(), "nothing is known of before");
        put("map.toml", &same);
        let good = start(true).expect("good");
        put("map.toml", &misspelt);
        assert_eq!(start(true).expect("the last"), good, "broken");
        put("pack.toml", &renumbered);
        assert_eq!(start(true).expect("the last"), good, "of another numbering");
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(start(true).expect("the last"), good, "gone");
        assert!(start(false).is_err(), "what the settings want is not for the pack of before to give");

        put("pack.toml", &renumbered);
        let only_the_new = |pack: &Arc<Pack>| {
            if pack.namespace.as_str() == "other" { Ok(()) } else { bail!("the settings want another") }
        };
        let start_new = || pack_to_start_with("own", Some(&packs), &kept, only_the_new);
        let why = start_new().expect_err("of another numbering than the one that no longer suits");
        assert!(why.to_string().contains("was `hotline-12345`"), "{why}");
        let last = fs::read_to_string(kept.0.join(IN_FORCE)).expect("kept");
        let found = pack::Found::read(&kept.0.join(last)).expect("kept");
        found.write(&scratch.path().join("former")).expect("written");
        let of_before = scratch.path().join("former/pack.toml");
        let text = fs::read_to_string(&of_before).expect("there");
        fs::write(&of_before, format!("no_longer_read = 1\n{text}")).expect("written");
        kept.keep(&pack::Found::read(&scratch.path().join("former")).expect("read")).expect("kept");
        let why = start_new().expect_err("of another numbering than the one that no longer loads");
        assert!(why.to_string().contains("was `hotline-12345`"), "{why}");
        fs::remove_dir_all(&kept.0).expect("moved away");
        put("map.toml", &same);
        start(true).expect("good");

        put("tables/appeal.csv", &longer);
        let next = start(true).expect("good");
        assert_ne!(next, good);
        put("map.toml", &misspelt);
        assert_eq!(start(true).expect("the last"), next, "what was good is in force");
    }
}
