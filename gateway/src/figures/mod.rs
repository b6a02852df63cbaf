//! What operators watch. Every figure stands once in [`ALL`], with its meaning and what should alarm; `docs/metrics.md`,
//! the rules and the dashboard in `deploy/` are held against that list by tests. Labels are channels, departments, rules
//! of the directory and words of closed lists: their number is bounded, and none of them is personal.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::channels::Channels;
use crate::intake::dead;
use crate::queues::reconcile;

mod list;
mod sample;

pub use list::{ALL, Figure, Kind};
pub use sample::Sampler;

/// Between two clean-ups of what histograms collected.
const UPKEEP: Duration = Duration::from_secs(5);
const SECONDS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];
const MESSAGES: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];
/// From a second to a week: how late sources tell.
const LAGS: [f64; 9] = [1.0, 5.0, 30.0, 120.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0];

/// One recorder for the process, however many hubs a test starts in it.
pub(crate) fn recorder() -> anyhow::Result<PrometheusHandle> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(recorder) = RECORDER.get() {
        return Ok(recorder.clone());
    }
    let of = |name: &str| Matcher::Full(name.into());
    let built = PrometheusBuilder::new()
        .set_buckets(&SECONDS)?
        .set_buckets_for_metric(of("huiliu_ledger_batch_messages"), &MESSAGES)?
        .set_buckets_for_metric(of("huiliu_source_lag_seconds"), &LAGS)?
        .install_recorder();
    match built {
        Ok(recorder) => {
            ALL.iter().for_each(Figure::describe);
            Ok(RECORDER.get_or_init(|| recorder).clone())
        }
        Err(_) => RECORDER.get().cloned().context("another recorder of figures is installed"),
    }
}

/// What alarms look for the increase of is there from the start: the first of its kind would go unnoticed if its figure
/// came with it. Totals of the log are not: a 0 before them would look like an increase by all of them.
pub(crate) fn begin_at_zero(channels: &Channels) {
    metrics::counter!("huiliu_engine_restarts_total").absolute(0);
    metrics::counter!("huiliu_read_model_rebuilds_total").absolute(0);
    for kind in reconcile::REPAIRS {
        metrics::counter!("huiliu_reconciler_repairs_total", "kind" => kind).absolute(0);
    }
    for (name, channel) in channels.iter() {
        if channel.is_polled() {
            metrics::gauge!("huiliu_poll_up", "channel" => name.to_string()).set(0.0);
            metrics::counter!("huiliu_poll_missing_records_total", "channel" => name.to_string()).absolute(0);
        }
        for stage in dead::STAGES {
            metrics::counter!("huiliu_dead_letters_total", "stage" => stage, "channel" => name.to_string()).absolute(0);
        }
    }
}

/// Keeps the recorder small.
pub(crate) async fn upkeep(recorder: PrometheusHandle, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(UPKEEP) => recorder.run_upkeep(),
        }
    }
}

#[cfg(test)]
mod tests;
