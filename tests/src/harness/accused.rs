//! Who is accused, by the simulator's own knowledge: independent of how the hub finds out.

use std::collections::HashMap;

use huiliu_schemas::DepartmentId;

use crate::hub::root;
use crate::sim::matters::Truth;

/// The townships, by each of their names.
pub struct Townships(HashMap<String, DepartmentId>);

impl Townships {
    /// Those of the directory.
    pub fn read() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(root().join("deploy/directory/330205/departments.csv"))?;
        let mut townships = HashMap::new();
        for row in text.lines().map(|line| line.split(',').collect::<Vec<_>>()) {
            if let [id, name, aliases, "township", ..] = row[..] {
                let id: DepartmentId = id.parse()?;
                townships.extend(aliases.split(';').chain([name]).map(|name| (name.to_owned(), id.clone())));
            }
        }
        Ok(Self(townships))
    }

    /// The department a matter accuses, where it is one of ours: a village's committee is none.
    pub fn accused(&self, truth: &Truth) -> Option<DepartmentId> {
        let unit = truth.accused.as_deref()?;
        let bureau = |id: &str| id.parse().ok();
        match unit.strip_prefix(truth.place.township.as_str())? {
            "派出所" => bureau("jb-police"),
            "综合行政执法队" => bureau("jb-enforcement"),
            "便民服务中心" => self.0.get(&truth.place.township).cloned(),
            _ => None,
        }
    }
}
