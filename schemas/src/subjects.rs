//! Where every message lives. A subject built here always starts with a literal and holds only parsed tokens.

use sha2::{Digest as _, Sha256};

use crate::ids::{CaseId, Channel, CommandId, DepartmentId, SourceId};

/// Raw envelopes of a channel, stream INTAKE.
pub fn intake(channel: &Channel) -> String {
    format!("intake.{channel}")
}

/// All events of a case, stream CASES.
pub fn case(id: CaseId) -> String {
    format!("case.{id}")
}

/// The case id inside a subject of [`case`].
pub fn case_of(subject: &str) -> Option<CaseId> {
    subject.strip_prefix("case.")?.parse().ok()
}

/// A number of a case, created once, stream CASES.
pub fn alias(source: &SourceId) -> String {
    let digest = Sha256::digest(source.id.as_bytes());
    ["alias.", source.namespace.as_str(), ".", &base16ct::lower::encode_string(&digest[..16])].concat()
}

/// One queue entry, created once, stream CASES.
pub fn entry(department: &DepartmentId, case: CaseId, n: u32) -> String {
    format!("entry.{department}.{case}.{n}")
}

/// The same entry as it is handed out, stream QUEUES.
pub fn queue(department: &DepartmentId, case: CaseId, n: u32) -> String {
    format!("queue.{department}.{case}.{n}")
}

/// All entries of a department's queue.
pub fn queue_of(department: &DepartmentId) -> String {
    format!("queue.{department}.*.*")
}

/// What an entry's or a queue's subject says.
pub fn parse_entry(subject: &str) -> Option<(DepartmentId, CaseId, u32)> {
    let mut tokens = subject.split('.');
    matches!(tokens.next()?, "entry" | "queue").then_some(())?;
    let parsed = (tokens.next()?.parse().ok()?, tokens.next()?.parse().ok()?, tokens.next()?.parse().ok()?);
    tokens.next().is_none().then_some(parsed)
}

/// A ring of wrapped data keys, stream KEYS.
pub fn key_ring(ring: &str) -> String {
    format!("key.{ring}")
}

/// The outcome of a department's command, stream OUTCOMES.
pub fn outcome(department: &DepartmentId, command: &CommandId) -> String {
    format!("outcome.{department}.{command}")
}

/// The receipt of a submission over NATS, stream OUTCOMES.
pub fn receipt(channel: &Channel, receipt: &str) -> String {
    format!("receipt.{channel}.{}", receipt.replace(['.', '*', '>', ' '], "-"))
}

/// A dead letter, stream DEAD.
pub fn dead(stage: &str, channel: &Channel) -> String {
    format!("dead.{stage}.{channel}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_back() {
        let department: DepartmentId = "jb-housing".parse().expect("valid");
        let case: CaseId = "cac304cb-9a77-53f1-80b7-f539c2d4216a".parse().expect("valid");
        assert_eq!(parse_entry(&entry(&department, case, 7)), Some((department.clone(), case, 7)));
        assert_eq!(parse_entry(&queue(&department, case, 7)), Some((department, case, 7)));
        assert_eq!(parse_entry("entry.a.b.c"), None);
        assert_eq!(parse_entry("case.cac304cb-9a77-53f1-80b7-f539c2d4216a"), None);
    }
}
