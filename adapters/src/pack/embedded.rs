//! The packs built into the binary, so that it runs alone: one static list. A test proves it complete.

use super::PackError;

/// A built-in pack.
pub(super) struct Embedded {
    pub(super) name: &'static str,
    pub(super) pack: &'static str,
    pub(super) map: &'static str,
    pub(super) tables: &'static [(&'static str, &'static str)],
    /// Name, sample, what is expected of it.
    pub(super) fixtures: &'static [(&'static str, &'static str, &'static str)],
}

/// The built-in pack of a name.
pub(super) fn named(name: &str) -> Result<&'static Embedded, PackError> {
    let known = || PACKS.iter().map(|pack| pack.name.to_owned()).collect();
    PACKS
        .iter()
        .find(|pack| pack.name == name)
        .ok_or_else(|| PackError::Unknown { name: name.to_owned(), known: known() })
}

macro_rules! pack {
    ($name:literal, [$($table:literal),* $(,)?], [$($fixture:literal),* $(,)?]) => {
        Embedded {
            name: $name,
            pack: include_str!(concat!("../../packs/", $name, "/pack.toml")),
            map: include_str!(concat!("../../packs/", $name, "/map.toml")),
            tables: &[$(($table, include_str!(concat!("../../packs/", $name, "/tables/", $table, ".csv")))),*],
            fixtures: &[$((
                $fixture,
                include_str!(concat!("../../packs/", $name, "/fixtures/", $fixture, ".json")),
                include_str!(concat!("../../packs/", $name, "/fixtures/", $fixture, ".expected.json")),
            )),*],
        }
    };
}

/// The list.
pub(super) const PACKS: &[Embedded] = &[
    pack!(
        "grid-worker",
        ["appeal", "event-type", "matter-names", "sex", "solved-out", "solved", "state", "urgency"],
        ["batch", "dispute", "event", "hotline", "page"]
    ),
    pack!(
        "hotline-12345",
        [
            "appeal",
            "form",
            "matter-names",
            "question",
            "satisfaction",
            "sex",
            "solved-out",
            "solved",
            "state",
            "urgency"
        ],
        ["batch", "order", "page"]
    ),
    pack!(
        "petition-portal",
        ["appeal", "form", "matter-names", "nrfldm", "satisfaction", "sex", "solved-out", "state"],
        ["push"]
    ),
    pack!(
        "video-mediation",
        [
            "appeal",
            "dispute-type",
            "event",
            "form",
            "matter-names",
            "outcome",
            "result-out",
            "satisfaction",
            "state",
            "urgency"
        ],
        ["page", "room-events", "room", "webhook"]
    ),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::files::{list, stem};
    use super::*;
    use crate::pack::Pack;

    #[test]
    fn the_list_is_complete_and_every_pack_loads() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs");
        let mut dirs: Vec<_> = std::fs::read_dir(&root).expect("packs").map(|e| e.expect("entry").path()).collect();
        dirs.sort();
        assert_eq!(dirs.iter().map(|d| stem(d)).collect::<Vec<_>>(), Pack::built_in());
        for (dir, pack) in dirs.iter().zip(PACKS) {
            let tables: Vec<String> =
                list(&dir.join("tables"), "csv").expect("tables").iter().map(|t| stem(t)).collect();
            assert_eq!(tables, pack.tables.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
            let mut fixtures: Vec<String> =
                list(&dir.join("fixtures"), "json").expect("fixtures").iter().map(|t| stem(t)).collect();
            fixtures.retain(|name| !name.ends_with(".expected"));
            assert_eq!(fixtures, pack.fixtures.iter().map(|(name, ..)| (*name).to_owned()).collect::<Vec<_>>());
            Pack::embedded(pack.name).expect("loads");
            Pack::load(dir).expect("loads");
        }
    }
}
