//! A collector of traces: OTLP over HTTP, in memory.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use flate2::read::GzDecoder;
use huiliu_tests::hub::{PATIENCE, eventually};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use prost::Message as _;

/// A step as it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub service: String,
    pub name: String,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub links: Vec<String>,
    pub said: BTreeMap<String, String>,
    pub failed: bool,
}

impl Sent {
    pub fn says(&self, key: &str) -> &str {
        self.said.get(key).map_or("", String::as_str)
    }
}

#[derive(Clone, Default)]
pub struct Collector {
    url: String,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    steps: Vec<Sent>,
    headers: Vec<HeaderMap>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self { url, kept: Arc::default() };
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        collector
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything that was sent, as protobuf.
    pub fn bytes(&self) -> Vec<u8> {
        self.kept.lock().unwrap().bytes.clone()
    }

    /// The headers of every request.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.kept.lock().unwrap().headers.clone()
    }

    pub fn steps(&self) -> Vec<Sent> {
        self.kept.lock().unwrap().steps.clone()
    }

    /// The one step that is wanted, once it was sent.
    pub async fn step(&self, what: &str, wanted: impl Fn(&Sent) -> bool) -> Sent {
        let found = eventually(what, PATIENCE, async || self.steps().into_iter().find(|step| wanted(step))).await;
        found.unwrap_or_else(|error| panic!("{error}; there are {:#?}", self.steps()))
    }

    /// The steps below this one, by name.
    pub fn below(&self, parent: &Sent, name: &str) -> Vec<Sent> {
        let mut steps = self.steps();
        steps.retain(|s| s.trace == parent.trace && s.parent == parent.id && s.name == name);
        steps
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) {
    let mut bytes = Vec::new();
    GzDecoder::new(body.as_ref()).read_to_end(&mut bytes).unwrap();
    let request = ExportTraceServiceRequest::decode(bytes.as_slice()).unwrap();
    let mut kept = collector.kept.lock().unwrap();
    kept.bytes.extend(bytes);
    kept.headers.push(headers);
    for resource in request.resource_spans {
        let who = said(&resource.resource.unwrap().attributes);
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        kept.steps.extend(spans.map(|span| sent(&who["service.name"], span)));
    }
}

fn sent(service: &str, span: Span) -> Sent {
    assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{} ended before it began", span.name);
    Sent {
        service: service.to_owned(),
        said: said(&span.attributes),
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.iter().map(|link| hex(&link.trace_id)).collect(),
        failed: span.status.is_some_and(|status| status.code() == StatusCode::Error),
    }
}

fn hex(id: &[u8]) -> String {
    base16ct::lower::encode_string(id)
}

fn said(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |said: &KeyValue| match said.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => panic!("{} is {other:?}", said.key),
    };
    attributes.iter().map(|said| (said.key.clone(), text(said))).collect()
}
