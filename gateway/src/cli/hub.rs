//! The running hub, asked over HTTP with an operator's or a machine's key.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use huiliu_adapters::http;
use huiliu_schemas::problem::Problem;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

use crate::doors::Secret;
use crate::settings::Places;

/// Long enough for a reconciliation of a large log.
const PATIENCE: Duration = Duration::from_secs(600);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// A download ends when the hub falls silent, not before.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const SILENCE: Duration = Duration::from_secs(120);
const KEY: &str = "HUILIU_KEY";

/// Which hub, and with which key.
#[derive(clap::Args)]
pub(super) struct Reach {
    /// 网关地址，缺省取设置中的 http.listen (address of the hub; default: http.listen of the settings)
    #[arg(long, global = true, env = "HUILIU_HUB", value_name = "URL")]
    hub: Option<String>,
    /// 存放操作员或程序密钥的文件，缺省读环境变量 HUILIU_KEY (file that holds an operator's or machine's key)
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// The hub.
pub(super) struct Hub {
    base: String,
    key: Secret,
    client: Client,
}

impl Reach {
    /// The hub these arguments and the settings name.
    pub(super) fn hub(&self, settings: Option<&Path>) -> anyhow::Result<Hub> {
        let base = match &self.hub {
            Some(base) => base.trim_end_matches('/').to_owned(),
            None => format!("http://{}", reachable(Places::load(settings)?.listen)),
        };
        let client = http::client(&base).no_proxy().timeout(PATIENCE).connect_timeout(CONNECT_PATIENCE).build()?;
        Ok(Hub { base, key: self.key()?, client })
    }

    fn key(&self) -> anyhow::Result<Secret> {
        let text = match &self.key_file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("密钥文件读不出 (the key file cannot be read): {}", file.display()))?,
            None => std::env::var(KEY).context(
                "缺少密钥：请设环境变量 HUILIU_KEY 或给出 --key-file；密钥由 `huiliu keys add operator NAME` 产生 (no key: \
                 set HUILIU_KEY or give --key-file)",
            )?,
        };
        Secret::from_text(text).context("密钥为空 (the key is empty)")
    }
}

/// Where to connect for a hub that listens on every address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, listen.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, listen.port()).into(),
        _ => listen,
    }
}

impl Hub {
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, query, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, &[], body).await
    }

    /// What the hub sends for as long as it sends.
    pub(super) async fn download(&self, path: &str) -> anyhow::Result<Download> {
        let request = self.client.post(format!("{}{path}", self.base)).timeout(DOWNLOAD_PATIENCE);
        Ok(Download(self.send(request).await?))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let request = self.client.request(method, format!("{}{path}", self.base)).query(query);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        self.send(request).await?.json().await.context("网关的应答读不懂 (the hub's answer does not read)")
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let answer = request.bearer_auth(self.key.expose()).send().await.with_context(|| {
            format!("{} 没有网关应答：请先 `huiliu run`，或用 --hub 指明地址 (no hub answers there)", self.base)
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        bail!(refused(answer).await)
    }
}

/// An answer that is taken piece by piece.
pub(super) struct Download(Response);

impl Download {
    /// The next piece; none at the end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Bytes>> {
        let piece = tokio::time::timeout(SILENCE, self.0.chunk()).await;
        let piece = piece.context("网关沉默过久 (the hub fell silent)")?;
        piece.context("与网关的连接断了 (the connection to the hub was lost)")
    }
}

async fn refused(answer: Response) -> String {
    let status = answer.status();
    match answer.json::<Problem>().await {
        Ok(problem) => format!("{} ({}): {}", problem.title, problem.title_en, problem.detail),
        Err(_) => format!("应答 {status}，不像是汇流网关 (answered {status}: not a hub of this version)"),
    }
}

/// Runs one conversation with the hub.
pub(super) fn block_on<T>(conversation: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(conversation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_that_listens_everywhere_is_reached_on_loopback() {
        let check = |listen: &str, expected: &str| {
            let listen: SocketAddr = listen.parse().expect("an address");
            assert_eq!(reachable(listen).to_string(), expected);
        };
        check("0.0.0.0:80", "127.0.0.1:80");
        check("[::]:80", "[::1]:80");
        check("127.0.0.1:8210", "127.0.0.1:8210");
        check("10.0.0.5:8210", "10.0.0.5:8210");
    }
}
