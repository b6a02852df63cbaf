//! What a request is told when it cannot be answered: RFC 9457 problem details, in Chinese with English beside. Never
//! what a parser or the file said: that goes to the log.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The kinds of problem of the console's routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// A parameter is not what it should be.
    BadParameter,
    /// No case has this id, number or source number.
    UnknownCase,
    /// The read model cannot answer now.
    ReadModelUnavailable,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::BadParameter, Self::UnknownCase, Self::ReadModelUnavailable];

    fn parts(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::BadParameter => (StatusCode::BAD_REQUEST, "bad-parameter", "参数有误", "Bad parameter"),
            Self::UnknownCase => (StatusCode::NOT_FOUND, "unknown-case", "没有这个案件", "No such case"),
            Self::ReadModelUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "read-model-unavailable", "查询库暂不可用", "Read model unavailable")
            }
        }
    }
}

/// A problem, ready to be sent.
pub fn problem(kind: ProblemKind, detail: &str) -> Response {
    let (status, name, chinese, english) = kind.parts();
    let body = json!({
        "type": format!("urn:huiliu:problem:{name}"),
        "title": chinese,
        "title_en": english,
        "status": status.as_u16(),
        "detail": detail,
    });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}
