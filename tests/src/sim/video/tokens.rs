//! The platform's tokens: handed out for the client's secret, good for two hours, or for so many requests as the platform's
//! habits allow. A token must never be printed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::sim::source::Source;

const CLIENT: &str = "huiliu";
const LASTS_S: i64 = 7_200;

/// Tokens in use.
#[derive(Clone)]
pub(crate) struct Tokens {
    secret: Arc<str>,
    issued: Arc<Mutex<HashMap<String, Issued>>>,
}

struct Issued {
    until: i64,
    uses: u32,
}

impl Tokens {
    /// Tokens for whoever knows the secret.
    pub(crate) fn new(secret: Arc<str>) -> Self {
        Self { secret, issued: Arc::default() }
    }

    /// Whether the request shows a token that is still good; counts its use.
    pub(crate) fn admits(&self, headers: &HeaderMap, now: i64, most_uses: u32) -> bool {
        let shown = headers.get("authorization").and_then(|value| value.to_str().ok());
        let Some(token) = shown.and_then(|value| value.strip_prefix("Bearer ")) else { return false };
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = issued.get_mut(token) else { return false };
        known.uses += 1;
        now < known.until && (most_uses == 0 || known.uses <= most_uses)
    }

    fn issue(&self, now: i64) -> String {
        let token = uuid::Uuid::new_v4().simple().to_string();
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|_, known| now < known.until);
        issued.insert(token.clone(), Issued { until: now + LASTS_S, uses: 0 });
        token
    }

    fn knows(&self, headers: &HeaderMap, form: &HashMap<String, String>) -> bool {
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{}", self.secret)));
        let by_header = headers.get("authorization").and_then(|v| v.to_str().ok()) == Some(basic.as_str());
        let field = |name: &str| form.get(name).map(String::as_str);
        by_header || (field("client_id") == Some(CLIENT) && field("client_secret") == Some(&*self.secret))
    }
}

/// The token endpoint: open to whoever knows the secret.
pub(super) fn routes() -> Router<Source> {
    Router::new().route("/oauth2/token", post(grant))
}

async fn grant(
    State(source): State<Source>,
    Extension(tokens): Extension<Tokens>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "unsupported_grant_type" }))).into_response();
    }
    if !tokens.knows(&headers, &form) {
        let said = json!({ "error": "invalid_client", "error_description": "客户端标识或密钥不正确" });
        return (StatusCode::UNAUTHORIZED, Json(said)).into_response();
    }
    source.write(|book, _| book.tokens += 1);
    let token = tokens.issue(source.clock().now());
    Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": LASTS_S })).into_response()
}
