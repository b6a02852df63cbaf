//! Puts a decision together: what was matched, beaten and excluded, and the verdict in its one normal form (lead
//! first, nobody twice, the accused nowhere).

use huiliu_schemas::DepartmentId;
use huiliu_schemas::decision::{Assignee, Beaten, Decision, Excluded, Matched, RuleRef, TriageReason, Verdict};
use huiliu_schemas::places::MatterCode;
use huiliu_schemas::vocabulary::Role;

use super::accused::Certainty;
use super::case::Case;
use super::confidence::confidence;
use super::matter::{What, because, contradicts};
use super::place;
use super::select::Selection;
use super::words_of;
use crate::directory::Department;
use crate::directory::responsibilities::Entry;

const MOST_CANDIDATES: usize = 5;
/// A triage desk needs no list of a hundred.
const MOST_TIED: usize = 5;

/// Words by which an accusation was recognised: enough to see why.
const MOST_WORDS: usize = 8;

/// A decision in the making.
pub(super) struct Outcome<'c, 'a> {
    case: &'c Case<'a>,
    decision: Decision,
    entry_matter_len: Option<usize>,
}

impl<'c, 'a> Outcome<'c, 'a> {
    /// Begins with all that the case itself says.
    pub fn of(case: &'c Case<'a>) -> Self {
        let accusation = case.accused.certainty >= Certainty::Unsure || case.accused.unnamed_official;
        let decision = Decision {
            directory: case.directory.version().to_owned(),
            verdict: Verdict::Triage { reasons: Vec::new(), candidates: Vec::new() },
            rule: None,
            matter: case.matter.code().cloned(),
            division: case.division().cloned(),
            level: None,
            complexity: None,
            accusation,
            accused: case.accused.units.iter().cloned().collect(),
            severity: case.severity.clone(),
            matched: matched(case),
            beaten: Vec::new(),
            excluded: case.accused.excluded(),
            confidence: 0,
        };
        Self { case, decision, entry_matter_len: None }
    }

    /// Takes over what the selection left aside.
    pub fn after(mut self, selection: &Selection<'_>) -> Self {
        self.decision.beaten = selection.beaten.clone();
        selection.excluded.iter().for_each(|e| self.exclude(&e.department, &e.because));
        self
    }

    /// Decided by an entry of the list.
    pub fn by(mut self, entry: &Entry) -> Self {
        let directory = self.case.directory;
        self.decision.level = entry.level;
        self.decision.complexity = entry.complexity;
        self.decision.rule = Some(entry.rule(words_of(entry, directory)));
        self.entry_matter_len = Some(entry.matter.as_str().len());
        if entry.conditions.count() > 0 {
            self.add("condition", entry.conditions.text(), "条目所设条件全部成立".into());
        }
        self
    }

    /// Decided by another rule.
    pub fn under(mut self, rule: RuleRef) -> Self {
        self.decision.rule = Some(rule);
        self
    }

    /// To be treated as an accusation from here on.
    pub fn treated_as_accusation(mut self) -> Self {
        self.decision.accusation = true;
        self
    }

    /// Entries of equal standing.
    pub fn tied(&mut self, entries: &[&Entry]) {
        let tied = |e: &&Entry| Beaten {
            rule: e.rule(words_of(e, self.case.directory)),
            because: "与其他条目并列".into(),
        };
        self.decision.beaten.extend(entries.iter().take(MOST_TIED).map(tied));
    }

    /// Rules a department out.
    pub fn exclude(&mut self, department: &DepartmentId, because: &str) {
        if !self.decision.excluded.iter().any(|e| e.department == *department) {
            self.decision.excluded.push(Excluded { department: department.clone(), because: because.into() });
        }
    }

    /// To departments.
    pub fn dispatch(mut self, lead: &Department, participants: Vec<&Department>) -> Decision {
        if lead.kind.is_township() {
            self.add_territorial(lead);
        }
        let mut assignees = vec![Assignee { department: lead.id.clone(), role: Role::Lead }];
        for participant in participants {
            if assignees.iter().all(|a| a.department != participant.id) {
                assignees.push(Assignee { department: participant.id.clone(), role: Role::Participant });
            }
        }
        self.decision.confidence = confidence(self.case, self.entry_matter_len);
        self.decision.verdict = Verdict::Dispatch { assignees };
        self.finish()
    }

    /// To the triage desk.
    pub fn triage(mut self, reason: TriageReason, candidates: Vec<DepartmentId>) -> Decision {
        let mut reasons = vec![reason];
        if matches!(self.case.matter, What::Unknown { .. }) && reason != TriageReason::NoMatter {
            reasons.push(TriageReason::NoMatter);
        }
        if matches!(self.case.matter, What::Unknown { untranslated: true, .. }) {
            reasons.push(TriageReason::UnknownCode);
        }
        let candidates = self.candidates(candidates);
        self.decision.verdict = Verdict::Triage { reasons, candidates };
        self.finish()
    }

    fn candidates(&self, mut found: Vec<DepartmentId>) -> Vec<DepartmentId> {
        let directory = self.case.directory;
        let hint = self.case.facts.suggested_unit.as_deref().and_then(|name| directory.departments.find(name));
        let hint = hint.and_then(|d| directory.departments.in_office(&d.id)).filter(|d| !d.kind.is_township());
        found.extend(hint.map(|d| d.id.clone()));
        found.retain(|id| !self.decision.excluded.iter().any(|e| e.department == *id));
        found.sort();
        found.dedup();
        found.truncate(MOST_CANDIDATES);
        found
    }

    fn finish(mut self) -> Decision {
        self.decision.excluded.sort_by(|a, b| a.department.cmp(&b.department));
        self.decision
    }

    fn add(&mut self, what: &str, value: &str, because: String) {
        self.decision.matched.push(Matched { what: what.into(), value: value.into(), because });
    }

    fn add_territorial(&mut self, township: &Department) {
        let (Some(division), Some(matter)) = (&township.division, &self.decision.matter) else { return };
        let Some(line) = self.case.directory.territorial.allows(division, matter).map(|l| l.line) else { return };
        let (division, because) = (division.to_string(), format!("territorial.csv 第 {line} 行（属地清单）允许"));
        self.add("territorial", &division, because);
    }
}

/// What the text says where it did not decide: that it is not sure, or that it contradicts the source.
fn said_by_text(case: &Case<'_>) -> Option<(MatterCode, String)> {
    let opinion = case.opinion.as_ref()?;
    let class = opinion.class.clone()?;
    let (path, because) = (case.directory.matter_path(&class), because(opinion, case.directory));
    match &case.matter {
        What::Unknown { .. } => Some((class, format!("由文本看可能是{path}，把握不足以自动分派（{because}）"))),
        named if contradicts(named, opinion) => {
            Some((class, format!("注意：由文本看是{path}，与来源类别不一致，仍以来源为准，请核对（{because}）")))
        }
        _ => None,
    }
}

fn matched(case: &Case<'_>) -> Vec<Matched> {
    let mut all = Vec::new();
    let one = |what: &str, value: &str, because: String| Matched { what: what.into(), value: value.into(), because };
    if let Some(code) = case.matter.code() {
        let path = case.directory.matter_path(code);
        let how = match (&case.matter, &case.opinion) {
            (What::Coded(_), _) => "来源给出的事项代码".to_owned(),
            (What::Classified(_), Some(opinion)) => format!("由文本判定（{}）", because(opinion, case.directory)),
            _ => "来源类别名称与事项名称一致".to_owned(),
        };
        all.push(one("matter", code.as_str(), format!("{how}：{path}")));
    }
    if let Some((class, how)) = said_by_text(case) {
        all.push(one("matter_by_text", class.as_str(), how));
    }
    all.extend(place::matched(&case.place, case.directory));
    if let Some(appeal) = case.facts.circumstances.appeal {
        all.push(one("appeal", appeal.as_str(), format!("来源给出的诉求类型：{}", appeal.chinese())));
    }
    let how = match case.accused.certainty {
        Certainty::Declared => "检举控告，被反映单位",
        Certainty::Named => "被反映对象中的单位",
        Certainty::Misdeed => "正文涉嫌检举控告，提及该单位",
        Certainty::Conduct | Certainty::Unsure | Certainty::None => "正文反映工作作风，提及该单位",
    };
    for unit in &case.accused.units {
        all.push(one("accused", unit.as_str(), format!("{how}：{}", case.directory.department_name(unit))));
    }
    if matches!(case.accused.certainty, Certainty::Conduct | Certainty::Unsure | Certainty::Misdeed) {
        let blame = format!("{:+.2}", case.accused.blame);
        all.push(one("reads_as_blame", &blame, "正文读来像是反映单位或公职人员的问题（大于 0 为更像）".to_owned()));
    }
    let words = case.accused.because.iter().filter(|b| b.set_aside.is_none());
    let set_aside = case.accused.because.iter().filter(|b| b.set_aside.is_some());
    for because in words.chain(set_aside).take(MOST_WORDS) {
        all.push(one("accusing_word", &because.word.word, because.chinese()));
    }
    all
}
