//! Every error a caller can get, as RFC 9457 problem details. The list of types is closed and part of the schema; what
//! HTTP makes of it stands here.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use huiliu_schemas::problem::Problem as Document;
use huiliu_schemas::refusal::Refusal;
use huiliu_schemas::submission::FieldProblem;

/// What kind of problem: the schema's closed list.
pub use huiliu_schemas::problem::ProblemType as Kind;

/// The status a problem is answered with.
pub fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::InvalidField => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Refused => StatusCode::CONFLICT,
        Kind::Changed => StatusCode::PRECONDITION_FAILED,
        Kind::Unavailable | Kind::UnknownOutcome => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
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
            RefusalCode::Changed => Kind::Changed,
            RefusalCode::MissingReason | RefusalCode::MissingReply | RefusalCode::TextNotTaken => Kind::InvalidField,
            _ => Kind::Refused,
        };
        let mut problem = Self::new(kind, &*refusal.detail);
        if refusal.code == RefusalCode::TextNotTaken {
            problem.fields.push(FieldProblem {
                field: "text".to_owned(),
                source_field: "text".to_owned(),
                value: None,
                expected: "nothing".to_owned(),
                blocking: true,
            });
        }
        problem.refusal = Some(Box::new(refusal));
        problem
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
    pub fn document(&self) -> Document {
        Document {
            kind: self.kind,
            title: self.kind.chinese().to_owned(),
            title_en: self.kind.english().to_owned(),
            status: status(self.kind).as_u16(),
            detail: self.detail.clone(),
            refusal: self.refusal.as_deref().cloned(),
            reason: self.refusal.as_ref().map(|r| r.code.chinese().to_owned()),
            fields: self.fields.clone(),
        }
    }

    /// The document as JSON, for the NATS door.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self.document()).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (status(self.kind), Json(self.document())).into_response();
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

impl From<crate::readmodel::ReadModelError> for Problem {
    fn from(error: crate::readmodel::ReadModelError) -> Self {
        use crate::readmodel::ReadModelError as E;
        match error {
            E::BeingBuilt { .. } => Self::new(Kind::Unavailable, error.to_string()).retry_after(2),
            E::TooLong { .. } => Self::new(Kind::Unavailable, error.to_string()).retry_after(10),
            error => {
                tracing::error!(%error, rebuild = error.needs_rebuild(), "the read model cannot answer");
                let detail = "the read model cannot answer now; the gateway's log says why";
                Self::new(Kind::Unavailable, detail).retry_after(2)
            }
        }
    }
}

impl From<crate::intake::receipts::ReceiptError> for Problem {
    fn from(error: crate::intake::receipts::ReceiptError) -> Self {
        use crate::intake::receipts::ReceiptError as E;
        match error {
            E::Unknown => Self::new(Kind::NotFound, error.to_string()),
            E::Ledger(error) => error.into(),
            E::Read(error) => Self::new(Kind::Unavailable, error.to_string()).retry_after(2),
            E::Sealed(_) => Self::new(Kind::Internal, error.to_string()),
        }
    }
}

impl From<crate::intake::store::StoreError> for Problem {
    fn from(error: crate::intake::store::StoreError) -> Self {
        use crate::intake::store::StoreError as E;
        let detail = error.to_string();
        match error {
            E::Away(_) => Self::new(Kind::Unavailable, detail).retry_after(2),
            E::Full(_) => Self::new(Kind::Unavailable, detail).retry_after(10),
            E::Unknown(_) => Self::new(Kind::UnknownOutcome, detail).retry_after(2),
            E::Refused(_) => Self::new(Kind::Internal, detail),
        }
    }
}
