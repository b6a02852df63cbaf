//! One step of a trace. It ends when it is dropped.

use std::fmt::Display;
use std::time::SystemTime;

use async_nats::HeaderMap;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};

use super::{Key, TRACEPARENT, carry};

/// A step that is recorded, or nothing: without a collector all are nothing, and whatever is asked of one is done at once.
#[derive(Debug, Default)]
pub struct Step(Option<Box<Recorded>>);

#[derive(Debug)]
struct Recorded {
    tracer: SdkTracer,
    span: Span,
    /// When it was decided last.
    decided: Option<SystemTime>,
    linked: bool,
}

impl Step {
    /// A step below `parent`, if its trace is one of those that are recorded.
    pub(super) fn start(
        tracer: &SdkTracer,
        kind: SpanKind,
        name: &'static str,
        since: Option<SystemTime>,
        parent: &Context,
    ) -> Self {
        let mut builder = SpanBuilder::from_name(name).with_kind(kind);
        builder.start_time = since;
        let span = tracer.build_with_context(builder, parent);
        let recorded = span.span_context().is_sampled();
        let recorded = recorded.then(|| Recorded { tracer: tracer.clone(), span, decided: None, linked: false });
        Self(recorded.map(Box::new))
    }

    /// A step within this one.
    pub fn child(&self, kind: SpanKind, name: &'static str) -> Self {
        self.child_since(kind, name, None)
    }

    /// A step within this one that began when this one was decided.
    pub(super) fn child_of_decision(&self, kind: SpanKind, name: &'static str) -> Self {
        self.child_since(kind, name, self.0.as_ref().and_then(|recorded| recorded.decided))
    }

    fn child_since(&self, kind: SpanKind, name: &'static str, since: Option<SystemTime>) -> Self {
        let Some(recorded) = &self.0 else { return Self::default() };
        let parent = Context::new().with_remote_span_context(recorded.span.span_context().clone());
        Self::start(&recorded.tracer, kind, name, since, &parent)
    }

    /// Whether anything is recorded.
    pub fn is_recorded(&self) -> bool {
        self.0.is_some()
    }

    /// Says something.
    pub fn say(&mut self, key: Key, value: impl Display) {
        self.set(key, || value.to_string());
    }

    /// Says how many, or which.
    pub fn count(&mut self, key: Key, value: impl TryInto<i64>) {
        self.set(key, || value.try_into().unwrap_or(i64::MAX));
    }

    /// Says what came of it.
    pub fn outcome(&mut self, word: &'static str) {
        self.set(Key::Outcome, || word);
    }

    /// Says what came of it, which is not what was wanted of us.
    pub fn failed(&mut self, word: &'static str) {
        self.outcome(word);
        if let Some(recorded) = &mut self.0 {
            recorded.span.set_status(Status::error(word));
        }
    }

    fn set<V: Into<opentelemetry::Value>>(&mut self, key: Key, value: impl FnOnce() -> V) {
        if let Some(recorded) = &mut self.0 {
            recorded.span.set_attribute(KeyValue::new(key.as_str(), value()));
        }
    }

    /// It is decided; what follows is the writing of it. Said again where it had to be decided again.
    pub fn decided(&mut self) {
        if let Some(recorded) = &mut self.0 {
            let now = SystemTime::now();
            recorded.span.add_event_with_timestamp("decided", now, Vec::new());
            recorded.decided = Some(now);
        }
    }

    /// It is about a case that another trace began: that one is a click away.
    pub fn link(&mut self, carried: Option<&str>) {
        let Some(recorded) = self.0.as_mut().filter(|recorded| !recorded.linked) else { return };
        let own = recorded.span.span_context().trace_id();
        if let Some(other) = carry::read(carried).filter(|other| other.trace_id() != own) {
            recorded.span.add_link(other, Vec::new());
            recorded.linked = true;
        }
    }

    /// What whoever continues the trace must be given; none where nothing is recorded.
    pub fn header(&self) -> Option<String> {
        self.0.as_ref().map(|recorded| traceparent(recorded.span.span_context()))
    }

    /// Puts it beside a message.
    pub fn stamp(&self, headers: &mut HeaderMap) {
        if let Some(header) = self.header() {
            headers.insert(TRACEPARENT, header);
        }
    }
}

fn traceparent(context: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags())
}
