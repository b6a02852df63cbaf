//! What would be lost on the way back: answers the source is not told of or cannot tell apart, results that become one
//! word, words that are left out.

use huiliu_schemas::finding::Finding;
use huiliu_schemas::vocabulary::{AnswerKind, Solved};

use super::{Fact, OutField, Request, Writeback};
use crate::map::compile::FILE;
use crate::map::lines::Lines;

impl Writeback {
    pub(in crate::map) fn lint(&self, lines: &Lines<'_>, found: &mut Vec<Finding>) {
        self.passed_over(lines, found);
        if !self.is_decided() {
            let zh = "没有任何 [writeback.*]：来源不会知道办理情况；确不回写时写 untold = [\"accepted\", \"declined\", \"progress\", \"resolved\"]";
            let en = "no [writeback.*]: the source never learns what became of its cases; if that is meant, name them in `untold`";
            return found.push(Finding::warning(FILE, 0, zh.to_owned(), en.to_owned()));
        }
        self.untold_kinds(found);
        self.none_refused(lines, found);
        self.alike(lines, found);
        for (kind, request) in &self.kinds {
            words_left_out(*kind, request, lines, found);
            results(*kind, request, lines, found);
        }
    }

    /// What the pack names and nothing is told of.
    fn passed_over(&self, lines: &Lines<'_>, found: &mut Vec<Finding>) {
        for place in &self.former {
            let zh = format!("{place} 不再使用（没有可回写的内容），可删去");
            let en = format!("{place} is of no use any more, nothing is told of it: take it out");
            found.push(Finding::warning(FILE, lines.find(place), zh, en));
        }
    }

    /// Kinds the hub tells and this source is not told.
    fn untold_kinds(&self, found: &mut Vec<Finding>) {
        let told = |kind: &&AnswerKind| self.tells(**kind) || self.untold.contains(kind);
        for kind in AnswerKind::ALL.iter().filter(|kind| !told(kind)) {
            let zh = format!("“{}”不回写给来源：补上 [writeback.{kind}]，确不回写时写进 untold", kind.chinese());
            let en = format!("the source is not told `{kind}`: add [writeback.{kind}], or name it in `untold`");
            found.push(Finding::warning(FILE, 0, zh, en));
        }
    }

    /// Without a list of refusals nothing is ever given up, and what the source will never take is told for ever.
    fn none_refused(&self, lines: &Lines<'_>, found: &mut Vec<Finding>) {
        if self.answers.code.is_some() && self.answers.refused.is_empty() {
            let zh = "[answers] 没有 refused：来源拒收的答复会一直重试；写明来源表示永不接收的代码";
            let en = "[answers] has no `refused`: what the source will never take is told for ever; list the codes that say so";
            found.push(Finding::warning(FILE, lines.find("answers"), zh.to_owned(), en.to_owned()));
        }
    }

    /// Two kinds that look the same to the source.
    fn alike(&self, lines: &Lines<'_>, found: &mut Vec<Finding>) {
        let kinds: Vec<_> = self.kinds.iter().collect();
        for (at, (kind, request)) in kinds.iter().enumerate() {
            let twin = kinds[..at].iter().find(|(_, before)| before.marks() == request.marks());
            if let Some((before, _)) = twin {
                let (kind, before) = (kind.as_str(), before.as_str());
                let zh = format!("{before} 与 {kind} 回写给来源后没有区别：用不同的地址或固定值（constant）区分");
                let en =
                    format!("`{before}` and `{kind}` look the same to the source: tell them apart by path or constant");
                found.push(Finding::warning(FILE, lines.find(&format!("writeback.{kind}")), zh, en));
            }
        }
    }
}

impl Request {
    /// What tells this request from others: where it goes, and what stands in it whatever the case is.
    fn marks(&self) -> (&str, &str, Vec<(&[String], &Fact)>) {
        let constant = |field: &&OutField| matches!(field.fact, Fact::Constant(_));
        let mut constants: Vec<_> = self.fields.iter().filter(constant).map(|f| (f.keys.as_slice(), &f.fact)).collect();
        constants.sort_by_key(|(keys, _)| *keys);
        (&self.method, &self.path, constants)
    }

    fn has(&self, fact: &Fact) -> bool {
        self.fields.iter().any(|field| field.fact == *fact)
    }
}

/// What the citizen is told must reach the source that tells the citizen, and a refusal its reason.
fn words_left_out(kind: AnswerKind, request: &Request, lines: &Lines<'_>, found: &mut Vec<Finding>) {
    let needed = match kind {
        AnswerKind::Resolved => &[(Fact::Reply, "reply", "答复内容"), (Fact::Solved, "solved", "是否解决")][..],
        AnswerKind::Progress => &[(Fact::Reply, "reply", "办理进展")],
        AnswerKind::Declined => &[(Fact::Reason, "reason", "理由")],
        AnswerKind::Accepted => &[],
    };
    for (_, name, chinese) in needed.iter().filter(|(fact, ..)| !request.has(fact)) {
        let place = format!("writeback.{}", kind.as_str());
        let zh = format!("[{place}] 没有取自 {name} 的字段：{chinese}到不了来源");
        let en = format!("[{place}] has no field from `{name}`: it never reaches the source");
        found.push(Finding::warning(FILE, lines.find(&place), zh, en));
    }
}

/// Results that become the same word, or none.
fn results(kind: AnswerKind, request: &Request, lines: &Lines<'_>, found: &mut Vec<Finding>) {
    for field in request.fields.iter().filter(|field| field.fact == Fact::Solved) {
        let Some(table) = &field.table else { continue };
        for solved in Solved::ALL.iter().filter(|solved| table.word(solved.as_str()).is_none()) {
            let place = format!("writeback.{}.fields.{}", kind.as_str(), field.keys.join("."));
            let zh =
                format!("{} 没有“{}”（{solved}）这一行：来源会收到原词 `{solved}`", table.file(), solved.chinese());
            let en = format!("{} has no line for `{solved}`: the source is sent that word as it is", table.file());
            found.push(Finding::warning(FILE, lines.find(&place), zh, en));
        }
        for (code, line, before) in table.sharing() {
            let zh = format!(
                "{before} 与 {code} 回写成同一个值，来源分不清：换一个值；来源确无别的值时在这一行的备注列写明"
            );
            let en = format!(
                "`{before}` and `{code}` become one value: use another, or say in a further column that the source has none"
            );
            found.push(Finding::warning(table.file(), u32::try_from(line).unwrap_or(0), zh, en));
        }
    }
}
