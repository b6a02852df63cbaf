//! The words of the domain that are lists: each variant is one term of the field, in the field's order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal, $zh:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] #[doc = $zh] $variant,)+
        }

        impl $name {
            /// Every word of the list, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it stands in code, schema and API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The word as people say it.
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// Reads either form.
            pub fn read(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|w| w.as_str() == text || w.chinese() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// 诉求类型: what the citizen wants of the State.
    Appeal {
        Consultation = "consultation", "咨询";
        Help = "help", "求助";
        Complaint = "complaint", "投诉";
        Claim = "claim", "申诉求决";
        Report = "report", "举报";
        Accusation = "accusation", "检举控告";
        Suggestion = "suggestion", "建议";
        Praise = "praise", "表扬";
        Dispute = "dispute", "矛盾纠纷";
        Incident = "incident", "事件";
        Other = "other", "其他";
    }
}

words! {
    /// 来件形式: how the citizen came.
    Form {
        Call = "call", "来电";
        Letter = "letter", "来信";
        Visit = "visit", "来访";
        Online = "online", "网信";
        Field = "field", "巡查";
        Referred = "referred", "转来";
    }
}

words! {
    /// 预警: the four colours.
    Warning {
        Blue = "blue", "蓝";
        Yellow = "yellow", "黄";
        Orange = "orange", "橙";
        Red = "red", "红";
    }
}

words! {
    /// Who a department is in a case: exactly one leads.
    Role {
        Lead = "lead", "主办";
        Participant = "participant", "协办";
    }
}

words! {
    /// 复杂程度: what the resolve target depends on.
    Complexity {
        Simple = "simple", "简单";
        Ordinary = "ordinary", "一般";
        Complex = "complex", "复杂";
        Difficult = "difficult", "疑难";
    }
}

words! {
    /// Where a case stands. Marks (warning, supervised, joint …) are kept beside it.
    Stage {
        Registered = "registered", "登记";
        Triage = "triage", "待分拨";
        Dispatched = "dispatched", "已派单";
        SignedFor = "signed_for", "已签收";
        Accepted = "accepted", "已受理";
        InProgress = "in_progress", "办理中";
        Resolved = "resolved", "已办结";
        Assessed = "assessed", "已评估";
        Closed = "closed", "已结案";
        Revisited = "revisited", "已回访";
        Declined = "declined", "不予受理";
        Withdrawn = "withdrawn", "已撤回";
        ClosedToRepetition = "closed_to_repetition", "不再受理";
        Recorded = "recorded", "仅存档";
    }
}

impl Stage {
    /// Whether a department holds the case and owes work.
    pub fn is_held(self) -> bool {
        matches!(self, Self::SignedFor | Self::Accepted | Self::InProgress)
    }

    /// Whether a department's result, or the source's, stands: what a citizen may be dissatisfied with.
    pub fn has_result(self) -> bool {
        matches!(self, Self::Resolved | Self::Assessed | Self::Closed | Self::Revisited)
    }

    /// Whether nothing more is owed unless someone reopens it.
    pub fn is_ended(self) -> bool {
        matches!(
            self,
            Self::Resolved
                | Self::Assessed
                | Self::Closed
                | Self::Revisited
                | Self::Declined
                | Self::Withdrawn
                | Self::ClosedToRepetition
                | Self::Recorded
        )
    }
}

words! {
    /// What a queue entry tells a department.
    EntryKind {
        Dispatch = "dispatch", "派单";
        Supplement = "supplement", "补充";
        Urge = "urge", "催办";
        Supervise = "supervise", "督办";
        Withdraw = "withdraw", "撤回";
        Reopen = "reopen", "重办";
        Link = "link", "并案";
    }
}

words! {
    /// 办理结果: what the department says came of it.
    Solved {
        Yes = "yes", "解决";
        Partly = "partly", "部分解决";
        No = "no", "未解决";
        Explained = "explained", "解释说明";
    }
}

words! {
    /// 满意度, always in this direction, whatever a source's scale runs like.
    Satisfaction {
        Satisfied = "satisfied", "满意";
        Basically = "basically", "基本满意";
        Dissatisfied = "dissatisfied", "不满意";
        Unrated = "unrated", "未评价";
    }
}

words! {
    /// How far a matter is at the source, as far as the source tells.
    UpstreamState {
        Open = "open", "办理中";
        Returned = "returned", "已退回";
        Closed = "closed", "已办结";
        Cancelled = "cancelled", "已撤销";
    }
}

impl UpstreamState {
    /// Whether the source has nothing more to do with it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

words! {
    /// How a case stands to another one.
    LinkKind {
        Duplicate = "duplicate", "重复件";
        Repeat = "repeat", "再次反映";
        Related = "related", "关联";
    }
}

words! {
    /// 调解结果 of one session.
    MediationOutcome {
        Agreed = "agreed", "达成协议";
        Partly = "partly", "部分达成";
        Failed = "failed", "未达成";
        Adjourned = "adjourned", "择期再调";
    }
}

words! {
    /// Why a department says a case is not its own.
    ReturnReason {
        NotOurDuty = "not_our_duty", "非本单位职责";
        NotOurPlace = "not_our_place", "非本辖区";
        Duplicate = "duplicate", "重复件";
        Unclear = "unclear", "诉求不清";
        InLitigation = "in_litigation", "已进入诉讼等法定途径";
        Other = "other", "其他";
    }
}

words! {
    /// Who assessed: the citizen's and the reviewer's view are kept apart.
    Assessor {
        Citizen = "citizen", "群众评价";
        Reviewer = "reviewer", "复核评价";
    }
}

words! {
    /// What a source is told of its case.
    AnswerKind {
        Accepted = "accepted", "已签收";
        Declined = "declined", "不予受理";
        Progress = "progress", "办理进展";
        Resolved = "resolved", "办理结果";
    }
}

impl AnswerKind {
    /// Whether it tells that the case has ended.
    pub fn is_last(self) -> bool {
        matches!(self, Self::Declined | Self::Resolved)
    }
}
