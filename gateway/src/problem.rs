//! Every error a caller can get, as RFC 9457 problem details. The list of types is closed and part of the interface.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use huiliu_schemas::refusal::Refusal;
use huiliu_schemas::submission::FieldProblem;
use serde::Serialize;

/// What kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No valid credential, or a signature that does not prove the channel.
    Unauthenticated,
    /// The credential does not reach this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The request does not read.
    BadRequest,
    /// A field has a value it may not have.
    InvalidField,
    /// Over the size cap.
    TooLarge,
    /// Over the channel's limit.
    TooMany,
    /// The lifecycle does not allow it now.
    Refused,
    /// The store cannot take it now; nothing is stored.
    Unavailable,
    /// It may be stored or not; sending it again is safe.
    UnknownOutcome,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// The closed list.
    pub const ALL: [Self; 11] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::BadRequest,
        Self::InvalidField,
        Self::TooLarge,
        Self::TooMany,
        Self::Refused,
        Self::Unavailable,
        Self::UnknownOutcome,
        Self::Internal,
    ];

    /// The status it is answered with.
    pub fn status(self) -> StatusCode {
        self.row().0
    }

    /// The last part of its `type`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "未通过身份验证"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "无权访问"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "不存在"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "请求无法解析"),
            Self::InvalidField => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-field", "字段取值不符"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "内容过大"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "请求过于频繁"),
            Self::Refused => (StatusCode::CONFLICT, "refused", "当前不能进行此操作"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "暂不可用，未入库，请稍后重试"),
            Self::UnknownOutcome => {
                (StatusCode::SERVICE_UNAVAILABLE, "unknown-outcome", "结果未知，可用同一编号安全重发")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "内部错误"),
        }
    }
}

/// A problem on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: String,
    retry_after_s: Option<u64>,
    refusal: Option<Box<Refusal>>,
    fields: Vec<FieldProblem>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [FieldProblem],
}

impl Problem {
    /// A problem; `detail` names the thing and the way out, and nothing personal.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after_s: None, refusal: None, fields: Vec::new() }
    }

    /// A field that has a value it may not have.
    pub fn field(name: &str, value: Option<&str>, expected: &str) -> Self {
        let shown = value
            .map_or_else(|| "is missing".to_owned(), |v| format!("is `{}`", v.chars().take(64).collect::<String>()));
        let mut problem = Self::new(Kind::InvalidField, format!("`{name}` {shown}: expected {expected}"));
        problem.fields.push(FieldProblem {
            field: name.to_owned(),
            source_field: name.to_owned(),
            value: value.map(|v| v.chars().take(64).collect()),
            expected: expected.to_owned(),
            blocking: true,
        });
        problem
    }

    /// A refused command, with what would be legal now.
    pub fn refused(refusal: Refusal) -> Self {
        use huiliu_schemas::refusal::RefusalCode;
        let kind = match refusal.code {
            RefusalCode::UnknownCase => Kind::NotFound,
            RefusalCode::NotYours | RefusalCode::NotAllowed => Kind::Forbidden,
            RefusalCode::MissingReason | RefusalCode::MissingReply => Kind::InvalidField,
            _ => Kind::Refused,
        };
        Self { refusal: Some(Box::new(refusal.clone())), ..Self::new(kind, refusal.detail) }
    }

    /// When the caller may try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it says.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The document.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(Body {
            kind: format!("urn:huiliu:problem:{}", self.kind.name()),
            title: self.kind.row().2,
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            refusal: self.refusal.as_deref(),
            reason: self.refusal.as_ref().map(|r| r.code.chinese()),
            fields: &self.fields,
        })
        .unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), Json(self.to_json())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == Kind::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<crate::ledger::LedgerError> for Problem {
    fn from(error: crate::ledger::LedgerError) -> Self {
        use crate::ledger::LedgerError as E;
        match error {
            E::Closed => Self::new(Kind::UnknownOutcome, error.to_string()).retry_after(2),
            E::Full(_) => Self::new(Kind::Unavailable, error.to_string()).retry_after(60),
            E::Refused(_) | E::Unreadable { .. } => Self::new(Kind::Internal, error.to_string()),
        }
    }
}

impl From<crate::intake::store::StoreError> for Problem {
    fn from(error: crate::intake::store::StoreError) -> Self {
        use crate::intake::store::StoreError as E;
        let detail = error.to_string();
        match error {
            E::Away(_) => Self::new(Kind::Unavailable, detail).retry_after(2),
            E::Full(_) => Self::new(Kind::Unavailable, detail).retry_after(60),
            E::Unknown(_) => Self::new(Kind::UnknownOutcome, detail).retry_after(2),
            E::Refused(_) => Self::new(Kind::Internal, detail),
        }
    }
}
