//! `pack.toml` as written, and checked.

use huiliu_schemas::Namespace;
use serde::Deserialize;

use super::{Pack, Push};
use crate::answer::Protocol;
use crate::decode::{BatchAt, Format};
use crate::map::{Issue, Map};
use crate::pull::{PullSpec, RawPullSpec};
use crate::token::{RawTokenSpec, TokenSpec};
use crate::verify::Scheme;

/// The file's name.
pub(super) const FILE: &str = "pack.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    name: String,
    namespace: Namespace,
    title: Title,
    #[serde(default)]
    key_header: Option<String>,
    #[serde(default)]
    token: Option<RawTokenSpec>,
    #[serde(default)]
    push: Option<RawPush>,
    #[serde(default)]
    pull: Option<RawPullSpec>,
}

/// What people call a channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPush {
    format: Format,
    /// Where a batch lies; a body in which none is a list is one record.
    #[serde(default)]
    records: Vec<String>,
    verification: Vec<Scheme>,
    #[serde(default)]
    answer: Protocol,
}

/// A checked `pack.toml`.
pub(super) struct Checked {
    raw: RawPack,
    push: Option<Push>,
    pull: Option<PullSpec>,
    token: Option<TokenSpec>,
}

impl Checked {
    pub(super) fn into_pack(self, version: String, map: Map) -> Pack {
        Pack {
            name: self.raw.name,
            version,
            namespace: self.raw.namespace,
            title: self.raw.title,
            push: self.push,
            pull: self.pull,
            key_header: self.raw.key_header,
            token: self.token,
            map,
        }
    }
}

/// Reads and checks the file.
pub(super) fn parse(text: &str) -> Result<Checked, Vec<Issue>> {
    let mut raw: RawPack = toml::from_str(text).map_err(|error| vec![Issue::toml(FILE, "a pack", text, &error)])?;
    let mut issues = Vec::new();
    let push = raw.push.take().and_then(|push| check_push(push, &mut issues));
    let pull = raw.pull.take().and_then(|pull| pull.check(FILE, &mut issues));
    let token = raw.token.take().and_then(|token| token.check(FILE, &mut issues));
    if push.is_none() && pull.is_none() && issues.is_empty() {
        issues.push(Issue::new(FILE, "push, pull", "", "at least one of [push] and [pull]"));
    }
    if issues.is_empty() { Ok(Checked { raw, push, pull, token }) } else { Err(issues) }
}

/// The namespace in the file, whatever else stands there.
pub(super) fn namespace(text: &str) -> Option<Namespace> {
    #[derive(Deserialize)]
    struct Named {
        namespace: Namespace,
    }
    toml::from_str(text).ok().map(|named: Named| named.namespace)
}

fn check_push(raw: RawPush, issues: &mut Vec<Issue>) -> Option<Push> {
    let batch = BatchAt::parse(&raw.records);
    if batch.is_none() {
        issues.push(Issue::new(FILE, "push.records", &raw.records.join(", "), "paths such as `data.rows`"));
    }
    Some(Push { format: raw.format, schemes: raw.verification, answer: raw.answer, batch: batch? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let head = "name = \"x\"\nnamespace = \"x\"\ntitle = { zh = \"甲\", en = \"x\" }\n";
        let cases = [
            ("", "missing field `name`"),
            (head, "at least one of [push] and [pull]"),
            (&format!("{head}[push]\nformat = \"xml\"\nverification = []"), "unknown variant `xml`"),
            (
                &format!("{head}[push]\nformat = \"json\"\nrecords = [\"a..b\"]\nverification = []"),
                "push.records: `a..b`",
            ),
            (&format!("{head}colour = 1"), "unknown field `colour`"),
        ];
        for (text, expected) in cases {
            let issues = parse(text).err().unwrap_or_default();
            assert!(issues.iter().any(|i| i.to_string().contains(expected)), "{text}\n{issues:#?}");
        }
    }

    /// As copied from a built-in one while that had it.
    #[test]
    fn a_pack_with_a_line_that_is_no_longer_read_loads() {
        let pack = include_str!("../../packs/hotline-12345/pack.toml");
        let former = pack.replace("[pull]", "[pull]\nserved_size = \"data.pageSize\"");
        assert!(former != pack && parse(&former).is_ok_and(|spec| spec.pull.is_some()));
    }
}
