//! What `pack new` was not sure of and nobody has decided yet: lines that begin with [`MARK`]. Who has decided takes the
//! line away.

use huiliu_schemas::finding::Finding;

use super::{FILE, Material};

/// What such a line begins with.
const MARK: &str = "#?";

pub(super) fn left(material: &Material<'_>, found: &mut Vec<Finding>) {
    for (at, line) in material.map.lines().enumerate() {
        let Some(question) = line.trim_start().strip_prefix(MARK) else { continue };
        let question = question.trim();
        found.push(Finding::warning(
            FILE,
            u32::try_from(at + 1).unwrap_or(0),
            format!("待确认：{question}；确认后删去这一行 {MARK}"),
            format!("to be decided (delete the {MARK} line then): {question}"),
        ));
    }
}

/// Whether a path is spoken of in a question that is still open.
pub(super) fn speaks_of(material: &Material<'_>, path: &str) -> bool {
    let mut questions = material.map.lines().filter_map(|line| line.trim_start().strip_prefix(MARK));
    let quoted = format!("`{path}`");
    questions.any(|question| question.contains(&quoted))
}
