//! Callers over HTTP, each with its own key, and department clients over NATS.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::TestHub;
use super::plan::PAUSE;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, if it was JSON; else its text.
    pub body: Value,
}

impl Answer {
    /// One header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the asker must try again: nothing, or nothing certain, came of it.
    pub fn is_unsettled(&self) -> bool {
        self.status >= 500 || self.status == 429
    }
}

/// Someone with a key, or without.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    url: String,
    secret: Option<String>,
}

impl Caller {
    pub(super) fn new(http: reqwest::Client, url: String, secret: Option<String>) -> Self {
        Self { http, url, secret }
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.post_bytes(path, "application/json", body.to_string().into_bytes(), &[]).await
    }

    /// `POST` of any body, with headers.
    pub async fn post_bytes(
        &self,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut request = self.http.post(format!("{}{path}", self.url)).header("content-type", content_type).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let request = match &self.secret {
            Some(secret) => request.bearer_auth(secret),
            None => request,
        };
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { status, headers, body })
    }

    /// A command, sent again with the same id until it is answered for certain.
    pub async fn command(&self, case: &str, kind: &str, body: &Value) -> Answer {
        let path = format!("/v1/cases/{case}/commands/{kind}");
        loop {
            match self.post(&path, body).await {
                Ok(answer) if !answer.is_unsettled() => return answer,
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

impl TestHub {
    /// Where its nats-server listens.
    pub fn nats_url(&self) -> anyhow::Result<String> {
        let port = std::fs::read_to_string(self.data().join("nats/port")).context("the hub has no nats-server yet")?;
        Ok(format!("nats://127.0.0.1:{}", port.trim()))
    }

    /// A NATS client with the key of this name, as any department or sender would have.
    pub async fn nats(&self, name: &str) -> anyhow::Result<async_nats::Client> {
        let options = async_nats::ConnectOptions::with_user_and_password(name.into(), self.secret(name).into());
        let options =
            options.custom_inbox_prefix(format!("_INBOX_{name}")).request_timeout(Some(Duration::from_secs(5)));
        Ok(options.connect(self.nats_url()?).await?)
    }
}
