//! How a system hands out tokens: the `[token]` section of `pack.toml`, as written and checked.

use reqwest::header::{AUTHORIZATION, HeaderName};
use serde::Deserialize;

use crate::map::{Issue, RecordPath};

/// As written. What is left out is as RFC 6749 and RFC 6750 have it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTokenSpec {
    /// Below the system's address.
    path: String,
    #[serde(default)]
    client_auth: ClientAuth,
    #[serde(default)]
    scope: Option<String>,
    /// Where the answer holds the token, in order of preference.
    #[serde(default = "token_at")]
    token: Vec<String>,
    /// Where the answer says for how many seconds it is good.
    #[serde(default = "lasts_at")]
    expires_in: Vec<String>,
    /// For how many seconds, where the answer does not say.
    #[serde(default = "lasts_s")]
    lasts_s: u32,
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    prefix: Option<String>,
}

/// Where client id and secret go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ClientAuth {
    /// HTTP Basic, which RFC 6749 wants every system to take.
    #[default]
    Basic,
    /// As fields of the form.
    Body,
}

fn token_at() -> Vec<String> {
    ["access_token", "data.access_token", "data.accessToken"].map(str::to_owned).to_vec()
}

fn lasts_at() -> Vec<String> {
    ["expires_in", "data.expires_in", "data.expiresIn"].map(str::to_owned).to_vec()
}

fn lasts_s() -> u32 {
    1800
}

/// A checked `[token]` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSpec {
    pub(super) path: String,
    pub(super) client_auth: ClientAuth,
    pub(super) scope: Option<String>,
    pub(super) token: Vec<RecordPath>,
    pub(super) expires_in: Vec<RecordPath>,
    pub(super) lasts_s: u32,
    pub(super) header: HeaderName,
    pub(super) prefix: String,
}

impl RawTokenSpec {
    pub(crate) fn check(self, file: &str, issues: &mut Vec<Issue>) -> Option<TokenSpec> {
        let before = issues.len();
        let mut issue = |place: &str, value: &str, expected: &str| {
            issues.push(Issue::new(file, &format!("token.{place}"), value, expected));
        };
        if !self.path.starts_with('/') {
            issue("path", &self.path, "a path from `/`");
        }
        let mut paths = |place: &str, texts: &[String]| -> Vec<RecordPath> {
            let read = |text: &String| {
                let path = RecordPath::parse(text);
                if path.is_none() {
                    issue(place, text, "a path such as `data.access_token`");
                }
                path
            };
            texts.iter().filter_map(read).collect()
        };
        let (token, expires_in) = (paths("token", &self.token), paths("expires_in", &self.expires_in));
        let header = self.header.as_deref().map_or(Ok(AUTHORIZATION), str::parse);
        if header.is_err() {
            issue("header", self.header.as_deref().unwrap_or_default(), "the name of a header");
        }
        if issues.len() > before {
            return None;
        }
        Some(TokenSpec {
            path: self.path,
            client_auth: self.client_auth,
            scope: self.scope,
            token,
            expires_in,
            lasts_s: self.lasts_s,
            header: header.ok()?,
            prefix: self.prefix.unwrap_or_else(|| "Bearer ".to_owned()),
        })
    }
}
