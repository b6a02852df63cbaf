//! Figures that are not counted where something happens but looked up from time to time.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use metrics::gauge;
use metrics_process::Collector;
use tokio_util::sync::CancellationToken;

use crate::backup::proven;
use crate::channels::Channels;
use crate::desk::Desk;
use crate::directory::Directory;
use crate::engine::Engine;
use crate::engine::streams::{CASES, DEAD, INTAKE, KEYS, OUTCOMES, QUEUES, queues_lag};
use crate::intake::pipeline;
use crate::readmodel::{DepartmentCount, Overview, ReadHandle, ReadModelError, Standing};

const EVERY: Duration = Duration::from_secs(10);

/// Looks things up.
pub struct Sampler {
    engine: Engine,
    reads: ReadHandle,
    channels: Channels,
    desk: Desk,
    data_dir: PathBuf,
}

impl Sampler {
    /// A sampler of one hub.
    pub fn new(engine: Engine, reads: ReadHandle, channels: Channels, desk: Desk, data_dir: PathBuf) -> Self {
        Self { engine, reads, channels, desk, data_dir }
    }

    /// Looks until shutdown. What cannot be looked up now keeps its last value; whether the engine is there has a figure
    /// of its own.
    pub async fn run(self, shutdown: CancellationToken) {
        let process = Collector::default();
        process.describe();
        loop {
            process.collect();
            gauge!("huiliu_engine_connected").set(f64::from(u8::from(*self.engine.connected().borrow())));
            if let Some(begun) = proven::last(&self.data_dir) {
                gauge!("huiliu_backup_proven_timestamp_seconds").set(begun.as_second() as f64);
            }
            let (reads, channels, directory) = (self.reads.clone(), self.channels.clone(), self.desk.directory());
            let told = tokio::task::spawn_blocking(move || cases(&reads, &channels, &directory)).await;
            if let Ok(Err(error)) = told {
                tracing::debug!(%error, "the read model gives no figures just now");
            }
            if let Err(error) = self.streams().await {
                tracing::debug!(error, "the engine gives no figures just now");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn streams(&self) -> Result<(), String> {
        for name in [INTAKE, CASES, KEYS, QUEUES, OUTCOMES, DEAD] {
            let stream = self.engine.jetstream.get_stream(name).await.map_err(|e| e.to_string())?;
            let state = &stream.cached_info().state;
            gauge!("huiliu_stream_messages", "stream" => name).set(state.messages as f64);
            gauge!("huiliu_stream_bytes", "stream" => name).set(state.bytes as f64);
            match name {
                DEAD => {
                    gauge!("huiliu_dead_letters_waiting").set(state.messages as f64);
                    let first = state.first_timestamp.unix_timestamp();
                    let age = if state.messages == 0 { 0 } else { (Timestamp::now().as_second() - first).max(0) };
                    gauge!("huiliu_dead_letters_oldest_seconds").set(age as f64);
                }
                CASES => {
                    let position = self.reads.position().map_err(|e| e.to_string())?;
                    gauge!("huiliu_read_model_behind").set(state.last_sequence.saturating_sub(position) as f64);
                }
                _ => {}
            }
        }
        let sourcing = queues_lag(&self.engine.jetstream).await.is_ok_and(|lag| lag.is_some());
        gauge!("huiliu_queues_sourcing").set(if sourcing { 1.0 } else { 0.0 });
        let mut consumer = pipeline::consumer(&self.engine.jetstream).await?;
        let info = consumer.info().await.map_err(|e| e.to_string())?;
        gauge!("huiliu_intake_waiting").set((info.num_pending + info.num_ack_pending as u64) as f64);
        Ok(())
    }
}

fn cases(reads: &ReadHandle, channels: &Channels, directory: &Directory) -> Result<(), ReadModelError> {
    let now = Timestamp::now();
    let overview = reads.overview(now)?;
    tell_overview(&overview);
    tell_left_behind(&overview.departments, directory);
    tell_standing(&reads.standing(now)?);
    for channel in channels.values().filter(|channel| channel.base_url.is_some()) {
        let debt = reads.debt(&channel.namespace)?;
        let age = debt.oldest.map_or(0, |oldest| (now.as_second() - oldest.as_second()).max(0));
        let name = channel.name.to_string();
        gauge!("huiliu_write_back_owed_cases", "channel" => name.clone()).set(debt.cases as f64);
        gauge!("huiliu_write_back_oldest_seconds", "channel" => name).set(age as f64);
    }
    Ok(())
}

fn tell_overview(overview: &Overview) {
    for stage in &overview.stages {
        gauge!("huiliu_cases", "stage" => stage.stage.as_str()).set(stage.count as f64);
    }
    for channel in &overview.channels {
        gauge!("huiliu_cases_by_channel", "channel" => channel.channel.clone()).set(channel.total as f64);
    }
    let routing = &overview.routing;
    for (how, count) in [("rule", routing.by_rule), ("triage", routing.to_triage), ("by_hand", routing.by_hand)] {
        gauge!("huiliu_routed_cases", "how" => how).set(count as f64);
    }
    let returns = &overview.returns;
    for (state, count) in [
        ("requested", returns.requested),
        ("granted", returns.granted),
        ("refused", returns.refused),
        ("pending", returns.pending),
    ] {
        gauge!("huiliu_returns", "state" => state).set(count as f64);
    }
    let answers = &overview.answers;
    for (state, count) in [("told", answers.told), ("waiting", answers.waiting), ("refused", answers.refused)] {
        gauge!("huiliu_answers", "state" => state).set(count as f64);
    }
    for department in &overview.departments {
        let name = department.department.clone();
        gauge!("huiliu_queue_entries", "department" => name.clone()).set(department.live as f64);
        gauge!("huiliu_dispatches", "department" => name.clone()).set(department.dispatched as f64);
        let age = department.oldest_age_seconds.unwrap_or_default();
        gauge!("huiliu_queue_oldest_seconds", "department" => name.clone()).set(age as f64);
        // A department that is no longer late must not stay so.
        gauge!("huiliu_overdue_cases", "department" => name).set(0.0);
    }
    gauge!("huiliu_overdue_cases", "department" => "triage").set(0.0);
    gauge!("huiliu_unreadable_messages").set(overview.unreadable as f64);
}

/// A department that was dissolved keeps what it has until a person moves it, and nobody works there any more.
fn tell_left_behind(departments: &[DepartmentCount], directory: &Directory) {
    for count in departments {
        let id = count.department.parse().ok();
        let is_in_office = id.is_some_and(|id| directory.departments.in_office(&id).is_some_and(|d| d.id == id));
        let left = if is_in_office { 0 } else { count.queued + count.held };
        gauge!("huiliu_cases_left_behind", "department" => count.department.clone()).set(left as f64);
    }
}

fn tell_standing(standing: &Standing) {
    for (appeal, count) in &standing.appeals {
        gauge!("huiliu_cases_by_appeal", "appeal" => appeal.clone()).set(*count as f64);
    }
    for (rule, count) in &standing.rules {
        gauge!("huiliu_cases_by_rule", "rule" => rule.clone()).set(*count as f64);
    }
    for (department, count) in &standing.overdue {
        let name = department.clone().unwrap_or_else(|| "triage".into());
        gauge!("huiliu_overdue_cases", "department" => name).set(*count as f64);
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn who_is_in_no_office_must_have_no_case_left() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/directory/330205");
        let directory = Directory::load(folder.as_ref()).expect("a directory");
        let count = |department: &str, queued, held| DepartmentCount {
            department: department.to_owned(),
            queued,
            held,
            ..DepartmentCount::default()
        };
        let departments = [count("jb-police", 3, 4), count("jb-gone", 1, 5)];
        let recorder = PrometheusBuilder::new().build_recorder();
        let figures = recorder.handle();
        metrics::with_local_recorder(&recorder, || tell_left_behind(&departments, &directory));
        let said = figures.render();
        for (department, left) in [("jb-police", 0), ("jb-gone", 6)] {
            let line = format!("huiliu_cases_left_behind{{department=\"{department}\"}} {left}");
            assert!(said.contains(&line), "{line} in {said}");
        }
    }
}
