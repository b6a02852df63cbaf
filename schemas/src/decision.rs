//! A routing decision that explains itself: what it chose, by which line of which file, what it matched,
//! what it beat and what it ruled out. Recorded whole with the event that acted on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::DepartmentId;
use crate::places::{DivisionCode, MatterCode};
use crate::vocabulary::{Complexity, Role, Warning, words};

/// Which line of the directory spoke.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RuleRef {
    /// File, relative to the directory.
    pub file: String,
    /// Line in it, from 1; 0 for a rule of the law that stands in no file.
    pub line: u32,
    /// The rule in words, Chinese.
    pub words: String,
}

/// A word of a list by which a text was judged: the list's own spelling, never the citizen's text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct WordRef {
    /// File, relative to the directory; with `内置` before it, the list that ships with the binary.
    pub file: String,
    /// Line in it, from 1.
    pub line: u32,
    /// The word as the list has it.
    pub word: String,
}

/// One line of a list that spoke for a colour, or was set aside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SeverityReason {
    /// The line.
    pub word: WordRef,
    /// What it is about, in Chinese.
    pub kind: String,
    /// The colour it calls for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Warning>,
    /// How it counts, in Chinese: as said, as only feared; or why not: denied, told of others, guarded against.
    pub how: String,
}

/// How bad a case is, as judged from its words and circumstances.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Severity {
    /// The colour; none where nothing calls for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Warning>,
    /// What spoke for it, gravest first, at most eight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<SeverityReason>,
    /// What was met and did not count, at most eight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SeverityReason>,
}

impl Severity {
    /// Nothing was found that speaks for a colour or was set aside.
    pub fn is_empty(&self) -> bool {
        self.because.is_empty() && self.set_aside.is_empty()
    }
}

words! {
    /// Why no rule decided.
    TriageReason {
        NoMatter = "no_matter", "事项类别不明";
        NoPlace = "no_place", "属地不明";
        NoOwner = "no_owner", "责任清单无对应条目";
        AccusedUnknown = "accused_unknown", "涉嫌检举控告，被反映单位不明";
        AccusedOnly = "accused_only", "唯一责任单位即被反映单位";
        OutsideCounty = "outside_county", "不在本区县";
        Tie = "tie", "条目并列";
        UnknownCode = "unknown_code", "来源代码无法翻译";
        DepartmentGone = "department_gone", "单位已撤销且无承接单位";
        Reopened = "reopened", "办结后需重办";
    }
}

/// One named department and what it is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignee {
    /// The department.
    pub department: DepartmentId,
    /// Lead or participant.
    pub role: Role,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Verdict {
    /// To departments: exactly one leads, and it stands first.
    Dispatch {
        /// Lead first, then participants; nobody twice.
        assignees: Vec<Assignee>,
    },
    /// To a person at the triage desk.
    Triage {
        /// Why, most important first; never empty.
        reasons: Vec<TriageReason>,
        /// Who might be it.
        candidates: Vec<DepartmentId>,
    },
}

/// A condition that held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Matched {
    /// `matter`, `division`, `appeal`, `condition`, `accused`, `territorial` …
    pub what: String,
    /// What the case has (a code or a word, never personal).
    pub value: String,
    /// Where that came from, in Chinese.
    pub because: String,
}

/// An entry that also matched and lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Beaten {
    /// The entry.
    pub rule: RuleRef,
    /// Why it lost, in Chinese.
    pub because: String,
}

/// A department that may not have the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Excluded {
    /// The department.
    pub department: DepartmentId,
    /// Why, in Chinese.
    pub because: String,
}

/// The whole decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// Content address of the directory it was decided from.
    pub directory: String,
    /// What was decided.
    pub verdict: Verdict,
    /// The line that spoke; none where nothing matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
    /// The matter it was decided on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<MatterCode>,
    /// The place it was decided on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<DivisionCode>,
    /// Level at which it is to be handled: 1 village, 2 township, 3 county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// How complex such matters are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<Complexity>,
    /// Whether it is treated as an accusation of a unit or official: who spoke is then never shown.
    #[serde(default)]
    pub accusation: bool,
    /// The units accused, as far as they are known in the directory: neither they nor anything under them may get
    /// the case, by rule or by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accused: Vec<DepartmentId>,
    /// How bad it is.
    #[serde(default, skip_serializing_if = "Severity::is_empty")]
    pub severity: Severity,
    /// What it matched.
    pub matched: Vec<Matched>,
    /// What it beat, best first, at most five.
    pub beaten: Vec<Beaten>,
    /// Who was ruled out.
    pub excluded: Vec<Excluded>,
    /// 0 to 100.
    pub confidence: u8,
}

impl Decision {
    /// The lead, if it goes to departments.
    pub fn lead(&self) -> Option<&DepartmentId> {
        match &self.verdict {
            Verdict::Dispatch { assignees } => assignees.iter().find(|a| a.role == Role::Lead).map(|a| &a.department),
            Verdict::Triage { .. } => None,
        }
    }
}
