//! What a caller is told when something is wrong (RFC 9457): the one closed list of types, and the document. Nothing
//! personal stands in one; the domain does not know this module, and this module knows no HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::submission::FieldProblem;
use crate::vocabulary::words;

words! {
    /// The closed list of what can be wrong.
    ProblemType {
        Unauthenticated = "urn:huiliu:problem:unauthenticated", "未通过身份验证";
        Forbidden = "urn:huiliu:problem:forbidden", "无权访问";
        NotFound = "urn:huiliu:problem:not-found", "不存在";
        MethodNotAllowed = "urn:huiliu:problem:method-not-allowed", "不支持此方法";
        BadRequest = "urn:huiliu:problem:bad-request", "请求无法解析";
        InvalidField = "urn:huiliu:problem:invalid-field", "字段取值不符";
        TooLarge = "urn:huiliu:problem:too-large", "内容过大";
        TooMany = "urn:huiliu:problem:too-many-requests", "请求过于频繁";
        Refused = "urn:huiliu:problem:refused", "当前不能进行此操作";
        Changed = "urn:huiliu:problem:changed", "案件在此期间已有变化";
        Unavailable = "urn:huiliu:problem:unavailable", "暂不可用，请稍后重试";
        UnknownOutcome = "urn:huiliu:problem:unknown-outcome", "结果未知，可用同一编号安全重发";
        Internal = "urn:huiliu:problem:internal", "内部错误";
    }
}

impl ProblemType {
    /// The last part of the type, for labels and logs.
    pub fn name(self) -> &'static str {
        self.as_str().rsplit(':').next().unwrap_or_default()
    }

    /// The type in words, English.
    pub fn english(self) -> &'static str {
        match self {
            Self::Unauthenticated => "Not authenticated",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Nothing answers to this method",
            Self::BadRequest => "The request does not read",
            Self::InvalidField => "A field has a value it may not have",
            Self::TooLarge => "Too large",
            Self::TooMany => "Too many requests",
            Self::Refused => "Not possible now",
            Self::Changed => "Changed since it was seen",
            Self::Unavailable => "Not available now, try again later",
            Self::UnknownOutcome => "Outcome unknown, safe to send again with the same id",
            Self::Internal => "Internal error",
        }
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
    /// The type in words, English.
    pub title_en: String,
    /// The HTTP status; over NATS the one it would have over HTTP.
    pub status: u16,
    /// The particulars, English: names the thing and the way out.
    pub detail: String,
    /// The refusal, where a command was refused: it says what would be legal now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Why it was refused, Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Fields that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}
