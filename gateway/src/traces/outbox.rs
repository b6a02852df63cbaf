//! Steps that ended, on their way to the collector. They wait in a queue that holds so many and no more: where the collector
//! is away or slow they are lost and counted, and nobody waits for it.

use std::time::Duration;

use metrics::counter;
use opentelemetry::Context;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Some 8 MB, and what a few large pages of a source make.
const QUEUED: usize = 8_192;
const AT_ONCE: usize = 512;
/// How long the first of a batch waits for others.
const EVERY: Duration = Duration::from_secs(1);

/// The way into the queue.
#[derive(Debug)]
pub(super) struct Outbox(mpsc::Sender<SpanData>);

/// The queue.
pub(super) fn new() -> (Outbox, mpsc::Receiver<SpanData>) {
    let (queue, waiting) = mpsc::channel(QUEUED);
    (Outbox(queue), waiting)
}

impl SpanProcessor for Outbox {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.0.try_send(span).is_err() {
            count("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Sends until it is stopped, then what is left.
pub(super) async fn send_all(exporter: SpanExporter, mut waiting: mpsc::Receiver<SpanData>, stop: CancellationToken) {
    let mut collector = Collector { exporter, away: false };
    let mut batch = Vec::with_capacity(AT_ONCE);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            taken = waiting.recv_many(&mut batch, AT_ONCE) => if taken == 0 { return },
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = gather(&mut waiting, &mut batch) => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        collector.send(std::mem::take(&mut batch)).await;
    }
    waiting.close();
    loop {
        gather(&mut waiting, &mut batch).await;
        if batch.is_empty() {
            return;
        }
        collector.send(std::mem::take(&mut batch)).await;
    }
}

/// Fills the batch, for as long as anything may still come.
async fn gather(waiting: &mut mpsc::Receiver<SpanData>, batch: &mut Vec<SpanData>) {
    while batch.len() < AT_ONCE {
        if waiting.recv_many(batch, AT_ONCE - batch.len()).await == 0 {
            return;
        }
    }
}

struct Collector {
    exporter: SpanExporter,
    /// It did not take the last batch; said once, not for every batch.
    away: bool,
}

impl Collector {
    async fn send(&mut self, batch: Vec<SpanData>) {
        let steps = batch.len();
        match self.exporter.export(batch).await {
            Ok(()) => {
                count("sent", steps);
                if std::mem::take(&mut self.away) {
                    tracing::info!("the collector takes traces again");
                }
            }
            Err(error) => {
                count("failed", steps);
                if !std::mem::replace(&mut self.away, true) {
                    tracing::warn!(%error, "the collector does not take traces: they are lost until it does");
                }
            }
        }
    }
}

fn count(outcome: &'static str, steps: usize) {
    counter!("huiliu_trace_spans_total", "outcome" => outcome).increment(steps as u64);
}
