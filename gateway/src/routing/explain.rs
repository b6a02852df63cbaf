//! A decision in Chinese, for the one who asks why: names the line that spoke, what it matched, what it beat and
//! who was ruled out. Says nothing that is not in the decision, so that an old one explains itself as it was made.

use std::fmt::Write;

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::{Decision, RuleRef, Severity, SeverityReason, TriageReason, Verdict};

use super::place::DOUBT;
use crate::directory::Directory;

/// Explains a decision; names come from `directory`, everything else from the decision.
pub fn explain(decision: &Decision, directory: &Directory) -> String {
    let mut said = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut said, decision, directory);
    said
}

fn write_all(out: &mut String, decision: &Decision, directory: &Directory) -> std::fmt::Result {
    write_verdict(out, &decision.verdict, directory)?;
    if let Some(rule) = &decision.rule {
        writeln!(out, "依据：{}", cite(rule))?;
        writeln!(out, "      {}", rule.words)?;
    }
    if decision.accusation {
        writeln!(out, "按检举控告对待：被反映单位及其下属不得接收，反映人信息不予显示")?;
    }
    write_severity(out, &decision.severity)?;
    if let Some(complexity) = decision.complexity {
        writeln!(out, "复杂程度：{}", complexity.chinese())?;
    }
    if let Some(level) = decision.level {
        let words = ["村（社区）级", "街道（镇）级", "区级"];
        writeln!(out, "办理层级：{}", words.get(usize::from(level).wrapping_sub(1)).unwrap_or(&"不明"))?;
    }
    let (doubts, matched): (Vec<_>, Vec<_>) = decision.matched.iter().partition(|m| m.what == DOUBT);
    write_list(out, "匹配", matched.iter().map(|m| format!("{} = {}（{}）", m.what, m.value, m.because)))?;
    write_list(out, "属地存疑", doubts.iter().map(|m| m.because.clone()))?;
    write_list(
        out,
        "胜过",
        decision.beaten.iter().map(|b| format!("{} {}：{}", cite(&b.rule), b.rule.words, b.because)),
    )?;
    let excluded = decision.excluded.iter();
    write_list(out, "排除", excluded.map(|e| format!("{}：{}", named(&e.department, directory), e.because)))?;
    writeln!(out, "把握：{}/100    目录版本：{}", decision.confidence, decision.directory)?;
    if decision.directory != directory.version() {
        writeln!(out, "（注意：当前目录版本为 {}，行号以作出决定时的版本为准）", directory.version())?;
    }
    Ok(())
}

fn write_severity(out: &mut String, severity: &Severity) -> std::fmt::Result {
    if severity.is_empty() {
        return Ok(());
    }
    writeln!(out, "预警：{}", severity.colour.map_or("无", |c| c.chinese()))?;
    let reason = |r: &SeverityReason| {
        let line = if r.word.line == 0 { String::new() } else { format!(" 第 {} 行", r.word.line) };
        let colour = r.colour.map_or("", |c| c.chinese());
        format!("  - {colour}　{}“{}”（{}{line}）：{}", r.kind, r.word.word, r.word.file, r.how)
    };
    severity.because.iter().chain(&severity.set_aside).try_for_each(|r| writeln!(out, "{}", reason(r)))
}

fn write_verdict(out: &mut String, verdict: &Verdict, directory: &Directory) -> std::fmt::Result {
    match verdict {
        Verdict::Dispatch { assignees } => assignees
            .iter()
            .try_for_each(|a| writeln!(out, "{}：{}", a.role.chinese(), named(&a.department, directory))),
        Verdict::Triage { reasons, candidates } => {
            let reasons: Vec<&str> = reasons.iter().copied().map(TriageReason::chinese).collect();
            writeln!(out, "转分拨台：{}", reasons.join("；"))?;
            write_list(out, "可能的承办单位", candidates.iter().map(|c| named(c, directory)))
        }
    }
}

fn write_list(out: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) -> std::fmt::Result {
    if lines.len() > 0 {
        writeln!(out, "{title}：")?;
    }
    lines.into_iter().try_for_each(|line| writeln!(out, "  - {line}"))
}

fn cite(rule: &RuleRef) -> String {
    if rule.line == 0 { rule.file.clone() } else { format!("{} 第 {} 行", rule.file, rule.line) }
}

fn named(id: &DepartmentId, directory: &Directory) -> String {
    format!("{}（{id}）", directory.department_name(id))
}
