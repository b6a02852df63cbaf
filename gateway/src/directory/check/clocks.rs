//! Clocks without a rule, rules that tie, and events that start nothing.

use huiliu_schemas::finding::Finding;

use crate::directory::Directory;
use crate::directory::deadlines::FILE;

/// The clocks every case needs, with the event that starts each.
const NEEDED: [(&str, &str); 12] = [
    ("dispatch", "registered"),
    ("sign_for", "dispatched"),
    ("object", "dispatched"),
    ("petition_decide", "registered"),
    ("petition_notice", "dispatched"),
    ("claim_resolve", "accepted"),
    ("review_request", "answered"),
    ("review_decide", "review_requested"),
    ("recheck_request", "review_decided"),
    ("recheck_decide", "recheck_requested"),
    ("hotline_answer", "dispatched"),
    ("resolve", "dispatched"),
];

pub(super) fn clocks(directory: &Directory, found: &mut Vec<Finding>) {
    let rules = directory.clocks.rules();
    for (clock, start) in NEEDED {
        if !rules.iter().any(|r| r.clock == clock && r.start == start) {
            let zh = format!("时限 `{clock}`（自 {start} 起算）没有规则");
            found.push(Finding::error(FILE, 0, zh, format!("clock `{clock}`, started by `{start}`, has no rule")));
        }
    }
    for (at, a) in rules.iter().enumerate() {
        for b in rules[at + 1..].iter().filter(|b| a.clock == b.clock && a.start == b.start && a.scope == b.scope) {
            let zh = format!("时限 `{}` 与第 {} 行适用范围相同", b.clock, a.line);
            found.push(Finding::error(
                FILE,
                b.line,
                zh,
                format!("clock `{}` is ruled twice, see line {}", b.clock, a.line),
            ));
        }
    }
    for rule in rules.iter().filter(|r| !NEEDED.iter().any(|(clock, start)| r.clock == *clock && r.start == *start)) {
        let zh = format!("时限 `{}`（自 {} 起算）不在已知时限之列", rule.clock, rule.start);
        let en = format!("clock `{}`, started by `{}`, is none that a case has", rule.clock, rule.start);
        found.push(Finding::warning(FILE, rule.line, zh, en));
    }
}
