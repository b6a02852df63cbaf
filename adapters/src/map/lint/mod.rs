//! What the author of a pack should look at again, though it loads: what no field reads, what no table translates, what
//! would be lost on the way back, what is personal and would stand in the clear, and what `pack new` left open.

mod issues;
mod met;
mod needed;
mod open;
mod order;
mod personal;
mod series;

use huiliu_schemas::finding::Finding;
use serde_json::Value;

use super::Map;
use super::compile::FILE;
use super::lines::Lines;

pub(crate) use issues::from_issue;

/// One fixture.
pub(crate) struct Sample {
    /// Its file, relative to the pack.
    pub(crate) file: String,
    /// As it stands there.
    pub(crate) text: String,
    /// The records in it.
    pub(crate) records: Vec<Value>,
}

/// What a pack is made of, for looking at it.
pub(crate) struct Material<'a> {
    pub(crate) map: &'a str,
    pub(crate) samples: &'a [Sample],
}

/// Everything to look at again in a pack that loads.
pub(crate) fn lint(map: &Map, material: &Material<'_>) -> Vec<Finding> {
    let lines = Lines::of(material.map);
    let mut found = Vec::new();
    open::left(material, &mut found);
    needed::missing(map, material.samples, &mut found);
    order::of_several(map, &lines, &mut found);
    series::unsaid(map, &lines, &mut found);
    met::unread(map, material, &mut found);
    met::untranslated(map, material.samples, &mut found);
    map.writeback.lint(&lines, &mut found);
    personal::in_the_clear(map, material.samples, &lines, &mut found);
    found
}

impl Sample {
    /// The first line in which a text stands; 0 where it stands in none.
    fn line_of(&self, text: &str) -> u32 {
        let line = self.text.lines().position(|line| line.contains(text));
        line.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(0)
    }

    /// The line of a key, by the path it ends.
    fn line_of_key(&self, path: &str) -> u32 {
        let key = path.rsplit('.').next().unwrap_or(path);
        self.line_of(&format!("\"{}\"", key.split('[').next().unwrap_or(key)))
    }
}
