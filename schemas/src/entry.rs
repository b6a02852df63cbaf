//! What stands in a department's queue: enough to know what it is, how urgent, and why it came, and nothing personal.
//! The words and the persons are opened from the case when the department takes the entry.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::clock::Deadline;
use crate::decision::RuleRef;
use crate::event::{EntryRef, Event, EventBody};
use crate::ids::{CaseId, CaseNumber, DepartmentId};
use crate::places::{DivisionCode, MatterCode};
use crate::submission::Flags;
use crate::vocabulary::{Appeal, EntryKind, Role, Warning};

/// One queue entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The case.
    pub case_id: CaseId,
    /// Its number.
    pub number: CaseNumber,
    /// The entry's number in the case.
    pub n: u32,
    /// Whose queue.
    pub department: DepartmentId,
    /// What it tells.
    pub kind: EntryKind,
    /// Who the department is in the case.
    pub role: Role,
    /// The event that made it, by type.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// 诉求类型.
    pub appeal: Option<Appeal>,
    /// 事项类别.
    pub matter: Option<MatterCode>,
    /// The class in the source's words.
    pub matter_name: Option<String>,
    /// 属地.
    pub division: Option<DivisionCode>,
    /// 预警.
    pub warning: Option<Warning>,
    /// Flags that bind the department too.
    pub flags: Flags,
    /// Clocks running.
    pub deadlines: Vec<Deadline>,
    /// The rule it came by; none where a person decided.
    pub rule: Option<RuleRef>,
    /// Everyone with a part, lead first.
    pub departments: Vec<(DepartmentId, Role)>,
    /// Who spoke is not shown to departments.
    pub reporter_hidden: bool,
    /// The case came back before every source was known to have the answer given last: whoever wants more may not have
    /// read it, and no source is told it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untold: bool,
}

impl Entry {
    /// The entry `wanted` of the event, given the case as it is after the whole answer. To a department that is out it says
    /// that it is out, and nothing of what the case has become: it may be about them.
    pub fn of(case: &Case, event: &Event, wanted: &EntryRef) -> Self {
        let whole = Self::whole(case, event, wanted);
        match wanted.kind {
            EntryKind::Withdraw => Self {
                appeal: None,
                matter: None,
                matter_name: None,
                division: None,
                warning: None,
                flags: Flags::default(),
                deadlines: Vec::new(),
                rule: None,
                departments: Vec::new(),
                reporter_hidden: false,
                ..whole
            },
            _ => whole,
        }
    }

    fn whole(case: &Case, event: &Event, wanted: &EntryRef) -> Self {
        Self {
            case_id: case.id,
            number: case.number.clone(),
            n: wanted.n,
            department: wanted.department.clone(),
            kind: wanted.kind,
            role: wanted.role,
            event: event.body.name().to_owned(),
            at: event.at,
            appeal: case.facts.appeal,
            matter: case.decision.as_ref().and_then(|d| d.matter.clone()).or_else(|| case.facts.matter.clone()),
            matter_name: case.facts.source_class.as_ref().and_then(|c| c.name.clone()),
            division: case.decision.as_ref().and_then(|d| d.division.clone()).or_else(|| case.facts.division.clone()),
            warning: case.warning(),
            flags: case.facts.flags,
            deadlines: case.deadlines.clone(),
            rule: rule_of(case, event),
            departments: case.active_assignments().into_iter().map(|a| (a.department.clone(), a.role)).collect(),
            reporter_hidden: case.hides_reporter(),
            untold: wanted.kind == EntryKind::Reopen && !case.taken_back.is_empty(),
        }
    }
}

/// The rule the case went by, as long as nobody has sent it elsewhere by hand since.
fn rule_of(case: &Case, event: &Event) -> Option<RuleRef> {
    let by_hand = matches!(event.body, EventBody::Dispatched { decision: None, .. });
    let decision = case.decision.as_ref().filter(|d| !by_hand && d.lead().is_some() && d.lead() == case.last_lead());
    decision.and_then(|d| d.rule.clone())
}
