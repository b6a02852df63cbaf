//! Why a command cannot be done now, and what could be. A refusal appends nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::command::CommandKind;
use crate::ids::DepartmentId;
use crate::vocabulary::{Stage, words};

words! {
    /// Why not.
    RefusalCode {
        UnknownCase = "unknown_case", "没有这个案件";
        WrongStage = "wrong_stage", "当前阶段不能进行此操作";
        NotYours = "not_yours", "案件不在贵单位名下";
        NotAllowed = "not_allowed", "无权进行此操作";
        DeadEntry = "dead_entry", "该派单已失效";
        ReturnPending = "return_pending", "退单申请尚未裁定";
        NoReturnPending = "no_return_pending", "没有待裁定的退单申请";
        AlreadyRuled = "already_ruled", "中心已裁定由贵单位办理";
        Accused = "accused", "不得派给被检举控告单位及其下属";
        UnknownDepartment = "unknown_department", "单位不存在或已撤销";
        NotExactlyOneLead = "not_exactly_one_lead", "须有且仅有一个主办单位";
        MissingReason = "missing_reason", "须说明理由";
        MissingReply = "missing_reply", "须填写答复";
        TextNotTaken = "text_not_taken", "此操作不收 text";
        UnknownEvents = "unknown_events", "案件含有本版本不认识的事件";
        Changed = "changed", "案件在此期间已有变化";
        IdReused = "id_reused", "该编号已用于另一命令";
        IdentityConflict = "identity_conflict", "编号相同但登记日期或当事人矛盾";
    }
}

/// A refused command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Why not.
    pub code: RefusalCode,
    /// The particulars, English, nothing personal.
    pub detail: String,
    /// Where the case stands.
    pub stage: Option<Stage>,
    /// Who leads it now: where a department finds that its entry has gone elsewhere.
    pub lead: Option<DepartmentId>,
    /// What the asker could do now.
    pub legal_now: Vec<CommandKind>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Refusal {}
