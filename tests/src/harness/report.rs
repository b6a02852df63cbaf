//! What a run found, as it is written to disk.

use std::collections::BTreeMap;

use serde::Serialize;

/// One kill that counted.
#[derive(Debug, Clone, Serialize)]
pub struct Kill {
    /// `hub` or `nats-server`.
    pub what: &'static str,
    /// Commands sent and not answered at that moment.
    pub unanswered_commands: usize,
    /// Pushes sent, or about to be, and not acknowledged at that moment.
    pub unanswered_pushes: usize,
    /// Reports filed at the sources and not yet acknowledged by the hub.
    pub reports_waiting: usize,
    /// Envelopes stored and not yet worked off, if the server still said.
    pub envelopes_waiting: Option<u64>,
    /// From the kill until the hub was ready again.
    pub recovery_ms: u128,
    /// The server's staged batches were removed before the restart, as a power cut would.
    pub staging_removed: usize,
}

/// A run.
#[derive(Debug, Default, Serialize)]
pub struct RunReport {
    /// Everything random follows from it.
    pub seed: u64,
    /// No finding, and every wanted kill counted.
    pub passed: bool,
    /// Reports filed, follow-ups and repeats included.
    pub reports: usize,
    /// New matters among them.
    pub matters: u64,
    /// Cases in the log.
    pub cases: usize,
    /// Messages in the log.
    pub log_messages: usize,
    /// Cases by where they are.
    pub places: BTreeMap<&'static str, usize>,
    /// Cases by stage.
    pub stages: BTreeMap<String, usize>,
    /// Entries in the log.
    pub entries: usize,
    /// Entries handed out, acknowledged, signed for.
    pub handed_out: usize,
    /// Of those, acknowledged.
    pub acknowledged: usize,
    /// Of those, signed for.
    pub signed_for: usize,
    /// Of those, handed out over NATS, again or not.
    pub over_nats: usize,
    /// Cases that began with an accusation of a department.
    pub accusations: usize,
    /// Commands answered as done, by kind.
    pub commands: BTreeMap<String, usize>,
    /// Commands refused, by code.
    pub refusals: BTreeMap<String, usize>,
    /// Results that took effect at the sources.
    pub results_at_sources: usize,
    /// Write-backs that came again with the same key, without effect.
    pub repeated_write_backs: u64,
    /// Dead letters by stage.
    pub dead_letters: usize,
    /// Kills that counted.
    pub kills: Vec<Kill>,
    /// Wall clock of the whole run.
    pub seconds: u64,
    /// What is wrong.
    pub findings: Vec<String>,
}

impl RunReport {
    /// Notes something wrong; of the same kind only the first few are told in full.
    pub fn find(&mut self, kind: &str, detail: impl std::fmt::Display) {
        const TOLD: usize = 20;
        let same = self.findings.iter().filter(|f| f.starts_with(kind)).count();
        if same < TOLD {
            self.findings.push(format!("{kind}: {detail}"));
        } else if same == TOLD {
            self.findings.push(format!("{kind}: and more"));
        }
    }
}
