//! What an HTTP caller is told when something is wrong (RFC 9457): a closed list of types. Nothing personal stands in
//! one, and the domain does not know this module.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::submission::FieldProblem;
use crate::vocabulary::words;

words! {
    /// The closed list of what can be wrong.
    ProblemType {
        Unauthenticated = "urn:huiliu:problem:unauthenticated", "凭证缺失或无效";
        Forbidden = "urn:huiliu:problem:forbidden", "无权访问";
        NotFound = "urn:huiliu:problem:not-found", "不存在";
        Malformed = "urn:huiliu:problem:malformed", "请求格式错误";
        TooLarge = "urn:huiliu:problem:too-large", "请求过大";
        TooMany = "urn:huiliu:problem:too-many", "请求过于频繁";
        Refused = "urn:huiliu:problem:refused", "当前不能进行此操作";
        Unavailable = "urn:huiliu:problem:unavailable", "暂时无法受理";
        Internal = "urn:huiliu:problem:internal", "内部错误";
    }
}

/// A problem, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Which.
    #[serde(rename = "type")]
    pub kind: ProblemType,
    /// The type in words, Chinese.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The particulars, English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The refusal, where a command was refused: it says what would be legal now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Fields that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}
