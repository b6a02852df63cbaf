//! How far a limit is used up, told with the answer to whatever counted against one: the headers of
//! draft-ietf-httpapi-ratelimit-headers.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::doors::limit::{Allowance, OverLimit};

/// What a request counted against, once it was counted.
#[derive(Debug, Clone, Default)]
pub struct Limits(Arc<OnceLock<(&'static str, Allowance)>>);

impl Limits {
    /// Keeps what the limit of this name said.
    ///
    /// # Errors
    /// What it said, where nothing is left of it.
    pub fn count(&self, name: &'static str, said: Result<Allowance, OverLimit>) -> Result<(), OverLimit> {
        let left = said.unwrap_or_else(|over| over.allowance);
        self.0.get_or_init(|| (name, left));
        said.map(drop)
    }

    fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
        let told = self.0.get().map(|(name, Allowance { most, within, left, reset })| {
            [
                ("ratelimit-policy", format!("\"{name}\";q={most};w={within}")),
                ("ratelimit", format!("\"{name}\";r={left};t={reset}")),
            ]
        });
        let header = |(name, value): (_, String)| Some((HeaderName::from_static(name), value.parse().ok()?));
        told.into_iter().flatten().filter_map(header)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Limits {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Around every endpoint: whoever counts on the way, what it said is told.
pub async fn told(mut request: Request, next: Next) -> Response {
    let limits = Limits::default();
    request.extensions_mut().insert(limits.clone());
    let mut answer = next.run(request).await;
    answer.headers_mut().extend(limits.headers());
    answer
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::{StatusCode, Uri};
    use axum::middleware::from_fn;
    use huiliu_adapters::http;
    use tokio::net::TcpListener;

    use super::*;

    const LEFT: Allowance = Allowance { most: 300, within: 1, left: 299, reset: 1 };

    async fn counting(limits: Limits, asked: Uri) -> StatusCode {
        let counted = match asked.path() {
            "/counts" => limits.count("key", Ok(LEFT)),
            "/over" => limits.count("key", Err(OverLimit { wait: 1, allowance: Allowance { left: 0, ..LEFT } })),
            _ => Ok(()),
        };
        counted.map_or(StatusCode::TOO_MANY_REQUESTS, |()| StatusCode::OK)
    }

    #[tokio::test]
    async fn whoever_counts_is_told_how_far_the_limit_is_used_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(counting).layer(from_fn(told))).await });
        let client = http::nearby().build().expect("a client");
        for (path, status, left) in [("counts", 200, Some("299")), ("over", 429, Some("0")), ("free", 200, None)] {
            let answer = client.get(format!("http://{address}/{path}")).send().await.expect("an answer");
            let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().expect("text").to_owned());
            assert_eq!(answer.status().as_u16(), status);
            assert_eq!(header("ratelimit-policy"), left.map(|_| "\"key\";q=300;w=1".to_owned()), "{path}");
            assert_eq!(header("ratelimit"), left.map(|left| format!("\"key\";r={left};t=1")), "{path}");
        }
    }
}
