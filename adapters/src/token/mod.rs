//! OAuth2 client credentials (RFC 6749, 4.4): a token is asked for when one is needed, kept until shortly before it runs
//! out, and asked for anew when the system no longer takes it. One asker at a time; a refusal is remembered for a while, so
//! that a wrong secret does not become a flood. Secrets and tokens are never printed.

mod answer;
mod spec;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use thiserror::Error;
use tokio::sync::Mutex;

pub(crate) use spec::RawTokenSpec;
pub use spec::TokenSpec;

use spec::ClientAuth;

use crate::http;

/// Time for a whole answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Longest answer of a token endpoint.
const MOST_BYTES: usize = 64 << 10;
/// How long a refusal stands before the endpoint is asked again.
const REFUSED_FOR: Duration = Duration::from_secs(30);

/// Who we are to the system.
#[derive(Clone)]
pub struct ClientCredentials {
    /// The name it gave us.
    pub id: String,
    /// The secret it gave us.
    pub secret: String,
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCredentials({}, ***)", self.id)
    }
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The settings make no request.
    #[error("the token address `{address}` cannot be asked: {reason}")]
    Address {
        /// As configured.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The endpoint knows us, or not, and says no.
    #[error("the token endpoint refused `{client_id}`: {said}; check `client_id` and `client_secret` of the channel")]
    Refused {
        /// As whom we asked.
        client_id: String,
        /// Status, error code and words, shortened.
        said: String,
    },
    /// Not now.
    #[error("the token endpoint is not to be had: {0}")]
    Away(String),
    /// An answer in which no token is found.
    #[error("the token endpoint's answer has no token at {0}")]
    NoToken(String),
}

impl TokenError {
    /// Whether a person must put it right.
    pub fn needs_a_person(&self) -> bool {
        !matches!(self, Self::Away(_))
    }
}

/// A header that proves who we are, and which of our tokens it holds.
#[derive(Clone)]
pub struct Bearer {
    /// The header's name.
    pub header: HeaderName,
    /// Its value, marked as not to be printed.
    pub value: HeaderValue,
    serial: u64,
}

/// The tokens of one channel. Clones share them.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({:?})", self.0.client)
    }
}

struct Inner {
    spec: TokenSpec,
    url: Url,
    client: ClientCredentials,
    http: Client,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    serial: u64,
    token: Option<(Bearer, Instant)>,
    refusal: Option<(TokenError, Instant)>,
}

impl Tokens {
    /// Tokens for the system at `base_url`; asks nothing yet.
    ///
    /// # Errors
    /// When the address makes no request.
    pub fn new(spec: TokenSpec, base_url: &str, client: ClientCredentials) -> Result<Self, TokenError> {
        let address = |reason: String| TokenError::Address { address: base_url.to_owned(), reason };
        let root = base_url.trim_end_matches('/');
        let url = Url::parse(&format!("{root}{}", spec.path)).map_err(|error| address(error.to_string()))?;
        let http = http::client(root).timeout(TIMEOUT).build();
        let http = http.map_err(|error| address(error.to_string()))?;
        Ok(Self(Arc::new(Inner { spec, url, client, http, kept: Mutex::default() })))
    }

    /// The token in hand, or a fresh one.
    ///
    /// # Errors
    /// When none is to be had.
    pub async fn bearer(&self) -> Result<Bearer, TokenError> {
        let mut kept = self.0.kept.lock().await;
        let now = Instant::now();
        if let Some((bearer, until)) = &kept.token
            && now < *until
        {
            return Ok(bearer.clone());
        }
        if let Some((refusal, until)) = &kept.refusal
            && now < *until
        {
            return Err(refusal.clone());
        }
        kept.serial += 1;
        match self.0.ask(kept.serial).await {
            Ok((bearer, lasts)) => {
                *kept = Kept { serial: kept.serial, token: Some((bearer.clone(), now + lasts)), refusal: None };
                Ok(bearer)
            }
            Err(error) => {
                kept.token = None;
                kept.refusal = error.needs_a_person().then(|| (error.clone(), now + REFUSED_FOR));
                Err(error)
            }
        }
    }

    /// The system did not take this one: the next asked for is fresh, unless somebody has fetched it already.
    pub async fn forget(&self, bearer: &Bearer) {
        let mut kept = self.0.kept.lock().await;
        kept.token = kept.token.take().filter(|(known, _)| known.serial != bearer.serial);
    }
}

impl Inner {
    async fn ask(&self, serial: u64) -> Result<(Bearer, Duration), TokenError> {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.spec.scope.as_deref().map(|scope| ("scope", scope)));
        let mut request = self.http.post(self.url.clone()).header("accept", "application/json");
        match self.spec.client_auth {
            ClientAuth::Basic => request = request.header(AUTHORIZATION, self.basic()?),
            ClientAuth::Body => {
                form.extend([("client_id", self.client.id.as_str()), ("client_secret", self.client.secret.as_str())]);
            }
        }
        let away = |error: reqwest::Error| TokenError::Away(cause(&error));
        let mut response = request.form(&form).send().await.map_err(away)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Err(TokenError::Away(format!("its answer is larger than {MOST_BYTES} bytes")));
            }
        }
        let granted = answer::read(&self.spec, &self.client.id, status, &body)?;
        let value = HeaderValue::from_str(&format!("{}{}", self.spec.prefix, granted.token));
        let mut value = value.map_err(|_| TokenError::NoToken("its place: it is no header".to_owned()))?;
        value.set_sensitive(true);
        Ok((Bearer { header: self.spec.header.clone(), value, serial }, granted.lasts))
    }

    /// Name and secret are form-encoded before they are joined (RFC 6749, 2.3.1).
    fn basic(&self) -> Result<HeaderValue, TokenError> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&self.client.id), encoded(&self.client.secret));
        let value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)));
        value.map_err(|_| TokenError::Address {
            address: self.url.to_string(),
            reason: "the secret is no header".into(),
        })
    }
}

/// The innermost cause, without the address.
fn cause(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut said = if error.is_timeout() { "no answer in time".to_owned() } else { "the connection broke".to_owned() };
    while let Some(inner) = source {
        said = inner.to_string();
        source = inner.source();
    }
    said
}
