//! Traces (OpenTelemetry): one for each envelope, from the door to the departments' queues, and one for each command, up to
//! what the source was told of it. They are off unless the settings name a collector: then nothing is recorded, stored or
//! sent, and a step costs a comparison. What travels between processes is a `traceparent` header beside the message.
//!
//! A trace must never hold anything up, and never say anything of a person: what a step can say is the closed list [`Key`].

mod carry;
mod key;
mod outbox;
mod settled;
mod step;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use huiliu_adapters::http;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Compression, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanExporter as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::settings::TraceSettings;

pub use carry::{Carried, TRACEPARENT, of_http, of_nats};
pub use key::Key;
pub use opentelemetry::trace::SpanKind;
pub use step::Step;

/// One attempt to send a batch may take as long, its retries included.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// What is left at the end is sent within this, or not.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Where traces begin; cheap to clone. Without a collector none does.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<SdkTracer>);

/// The sending of traces, to be stopped last.
#[derive(Debug, Default)]
pub struct Sending(Option<(CancellationToken, JoinHandle<()>)>);

/// A request at a door, before it is known whether it is to be believed: when it came, and of which trace it says it is.
#[derive(Debug)]
pub struct Arrival<'a>(Option<(&'a SdkTracer, SystemTime, Context)>);

impl Traces {
    /// Starts sending to the collector, if there is one.
    ///
    /// # Errors
    /// When the collector's address cannot be used.
    pub fn start(settings: Option<&TraceSettings>) -> anyhow::Result<(Self, Sending)> {
        let Some(settings) = settings else { return Ok((Self::default(), Sending::default())) };
        let mut exporter = exporter(settings).context("failed to prepare the sending of traces")?;
        let resource = resource(settings);
        exporter.set_resource(&resource);
        let (outbox, waiting) = outbox::new();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.share))))
            .with_resource(resource)
            .with_span_processor(outbox)
            .build();
        let stop = CancellationToken::new();
        let task = tokio::spawn(outbox::send_all(exporter, waiting, stop.clone()));
        tracing::info!(endpoint = settings.endpoint, share = settings.share, "traces go to {}", settings.endpoint);
        Ok((Self(Some(provider.tracer("huiliu"))), Sending(Some((stop, task)))))
    }

    /// A request that just came in, with the `traceparent` it carries.
    pub fn arrival(&self, carried: Option<&str>) -> Arrival<'_> {
        Arrival(self.0.as_ref().map(|tracer| (tracer, SystemTime::now(), carry::continued(carried))))
    }

    /// The first step of a trace that begins here, at the time given.
    pub fn begin(&self, kind: SpanKind, name: &'static str, since: impl Into<SystemTime>) -> Step {
        let Some(tracer) = &self.0 else { return Step::default() };
        Step::start(tracer, kind, name, Some(since.into()), &Context::new())
    }

    /// The next step of a trace that was carried here; none where none was.
    pub fn resume(&self, kind: SpanKind, name: &'static str, carried: Option<&str>) -> Step {
        let (Some(tracer), Some(_)) = (&self.0, carried) else { return Step::default() };
        match carry::read(carried) {
            Some(_) => Step::start(tracer, kind, name, None, &carry::continued(carried)),
            None => Step::default(),
        }
    }
}

impl Arrival<'_> {
    /// The request is believed: a step that began when it came.
    pub fn begin(self, name: &'static str) -> Step {
        let Some((tracer, since, parent)) = self.0 else { return Step::default() };
        Step::start(tracer, SpanKind::Server, name, Some(since), &parent)
    }
}

impl Sending {
    /// Sends what is left, for a moment.
    pub async fn stop(self) {
        let Some((stop, mut task)) = self.0 else { return };
        stop.cancel();
        if tokio::time::timeout(LAST_WORDS, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("the collector did not take the last traces in time: they are lost");
        }
    }
}

/// Everything is said here, so that of the standard variables only `OTEL_EXPORTER_OTLP_HEADERS` (and `…_TRACES_HEADERS`)
/// counts: an access token of the collector has no place in the settings.
fn exporter(settings: &TraceSettings) -> anyhow::Result<SpanExporter> {
    let client = http::client(&settings.endpoint).timeout(SEND_TIMEOUT).build()?;
    let builder = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", settings.endpoint))
        .with_protocol(Protocol::HttpBinary)
        .with_compression(Compression::Gzip)
        .with_timeout(SEND_TIMEOUT);
    Ok(builder.build()?)
}

/// Who speaks. `OTEL_RESOURCE_ATTRIBUTES` may say more.
fn resource(settings: &TraceSettings) -> Resource {
    let instance = uuid::Uuid::new_v4().to_string();
    Resource::builder()
        .with_service_name(settings.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance))
        .build()
}
