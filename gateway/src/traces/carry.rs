//! How a trace travels: as a W3C `traceparent`, beside the request or the message. A `tracestate` is not carried on: it may
//! say anything, and what is stored in clear must be nobody's words.

use std::collections::HashMap;

use async_nats::{HeaderMap, HeaderName};
use axum::http;
use huiliu_schemas::event::read_payload;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use uuid::Uuid;

use crate::engine::read::StoredMessage;

/// The header, over HTTP and NATS.
pub const TRACEPARENT: &str = "traceparent";
/// As a name that costs nothing to look for.
const IN_NATS: HeaderName = HeaderName::from_static(TRACEPARENT);

/// The header of an HTTP request.
pub fn of_http(headers: &http::HeaderMap) -> Option<&str> {
    headers.get(TRACEPARENT)?.to_str().ok()
}

/// The header of a NATS message.
pub fn of_nats(headers: Option<&HeaderMap>) -> Option<&str> {
    headers?.get(IN_NATS).map(|value| value.as_str())
}

/// The traces in which the events of a case were written; empty where none was traced.
#[derive(Debug, Clone, Default)]
pub struct Carried(HashMap<Uuid, Box<str>>);

impl Carried {
    /// What the headers beside these messages of events say. Only a message that has one is looked into.
    pub fn beside(messages: &[StoredMessage]) -> Self {
        let mut events = HashMap::new();
        for message in messages {
            let Some(header) = of_nats(Some(&message.headers)) else { continue };
            let written = read_payload(&message.payload).unwrap_or_default();
            events.extend(written.iter().map(|event| (event.id, header.into())));
        }
        Self(events)
    }

    /// The header beside this event.
    pub fn of(&self, event: Uuid) -> Option<&str> {
        self.0.get(&event).map(AsRef::as_ref)
    }
}

/// What the header says; none where it says nothing that is valid.
pub(super) fn read(carried: Option<&str>) -> Option<SpanContext> {
    let context = continued(carried);
    let said = context.span().span_context().clone();
    said.is_valid().then_some(said)
}

/// The context a step begins in that continues what was carried; an empty one where that is nothing.
pub(super) fn continued(carried: Option<&str>) -> Context {
    match carried {
        Some(header) => TraceContextPropagator::new().extract_with_context(&Context::new(), &Only(header)),
        None => Context::new(),
    }
}

/// Headers of which only one is looked at.
struct Only<'a>(&'a str);

impl Extractor for Only<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        (name == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}
