//! Figures that are not counted where something happens but looked up from time to time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::stream::{ClusterInfo, PeerInfo};
use futures_util::future::join_all;
use huiliu_schemas::Namespace;
use huiliu_schemas::vocabulary::{Stage, Warning};
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
use crate::intake::dead::Oldest;
use crate::intake::pipeline;
use crate::readmodel::{DepartmentCount, Overview, ReadHandle, ReadModelError, Standing};

const EVERY: Duration = Duration::from_secs(10);

/// Not heard of for so long, a server holds another for lost; in a group that lives they talk every second.
const AWAY: Duration = Duration::from_secs(10);

/// Who leads where nobody does, among departments.
const NOBODY: &str = "triage";

/// More entries than a copy catches up with in moments.
const FAR: u64 = 1_000;

/// Looks things up.
pub struct Sampler {
    engine: Engine,
    reads: ReadHandle,
    channels: Channels,
    desk: Desk,
    data_dir: PathBuf,
    /// Numberings without a channel that were owed something.
    orphans: Arc<Mutex<BTreeSet<Namespace>>>,
    oldest_letter: tokio::sync::Mutex<Oldest>,
}

impl Sampler {
    /// A sampler of one hub.
    pub fn new(engine: Engine, reads: ReadHandle, channels: Channels, desk: Desk, data_dir: PathBuf) -> Self {
        Self { engine, reads, channels, desk, data_dir, orphans: Arc::default(), oldest_letter: Default::default() }
    }

    /// Looks until shutdown. What cannot be looked up now keeps its last value; whether the engine is there has a figure
    /// of its own.
    pub async fn run(self, shutdown: CancellationToken) {
        let process = Collector::default();
        process.describe();
        loop {
            process.collect();
            let connected = *self.engine.connected().borrow();
            gauge!("huiliu_engine_connected").set(f64::from(u8::from(connected)));
            if let Some(begun) = proven::last(&self.data_dir) {
                gauge!("huiliu_backup_proven_timestamp_seconds").set(begun.as_second() as f64);
            }
            let (channels, directory) = (self.channels.clone(), self.desk.directory());
            let known = directory.calendar.lacks(Timestamp::now()).is_none();
            gauge!("huiliu_calendar_known").set(f64::from(u8::from(known)));
            let known = self.orphans.clone();
            let look = move |reads: &ReadHandle| {
                cases(reads, &channels, &directory)?;
                orphans(reads, &channels, &known)
            };
            if let Err(error) = self.reads.aside(look).await {
                tracing::debug!(%error, "the read model gives no figures just now");
            }
            if connected {
                self.engine().await;
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Each part by itself: one that cannot be looked at hides no other.
    async fn engine(&self) {
        // Where QUEUES itself is gone nothing is sourced either.
        let sourcing = queues_lag(&self.engine.jetstream).await.is_ok_and(|lag| lag.is_some());
        gauge!("huiliu_queues_sourcing").set(f64::from(u8::from(sourcing)));
        let streams = join_all([INTAKE, CASES, KEYS, QUEUES, OUTCOMES, DEAD].map(|name| self.stream(name)));
        let (streams, intake) = tokio::join!(streams, self.intake());
        for error in streams.into_iter().chain([intake]).filter_map(Result::err) {
            tracing::debug!(error, "the engine does not give all figures just now");
        }
    }

    async fn stream(&self, name: &'static str) -> Result<(), String> {
        let stream = self.engine.jetstream.get_stream(name).await.map_err(|e| format!("{name}: {e}"))?;
        let info = stream.cached_info();
        gauge!("huiliu_stream_replicas_behind", "stream" => name).set(behind(info.cluster.as_ref()) as f64);
        let state = &info.state;
        gauge!("huiliu_stream_messages", "stream" => name).set(state.messages as f64);
        gauge!("huiliu_stream_bytes", "stream" => name).set(state.bytes as f64);
        match name {
            DEAD => {
                gauge!("huiliu_dead_letters_waiting").set(state.messages as f64);
                let oldest = self.oldest_letter.lock().await.look(&self.engine.jetstream).await;
                let since = oldest.map_err(|e| e.to_string())?;
                let age = since.map_or(0, |since| (Timestamp::now().as_second() - since.as_second()).max(0));
                gauge!("huiliu_dead_letters_oldest_seconds").set(age as f64);
            }
            CASES => {
                let position = self.reads.aside(ReadHandle::position).await.map_err(|e| e.to_string())?;
                gauge!("huiliu_read_model_behind").set(state.last_sequence.saturating_sub(position) as f64);
            }
            _ => {}
        }
        Ok(())
    }

    async fn intake(&self) -> Result<(), String> {
        let mut consumer = pipeline::consumer(&self.engine.jetstream).await?;
        let info = consumer.info().await.map_err(|e| e.to_string())?;
        gauge!("huiliu_intake_waiting").set((info.num_pending + info.num_ack_pending as u64) as f64);
        Ok(())
    }
}

/// Copies that are away or far back. The one that leads is not among them; a server alone has none. While much is written
/// the other copies are an entry or two back all the time: that alone says nothing. One that died leading has little lag as
/// well, and is not called offline for a good while: the server that leads now has never heard of it, and says so by zero.
fn behind(cluster: Option<&ClusterInfo>) -> usize {
    let is_away = |copy: &PeerInfo| copy.active.is_zero() || copy.active > AWAY;
    let is_far = |copy: &PeerInfo| copy.lag.is_none_or(|lag| lag > FAR);
    let is_behind = |copy: &&PeerInfo| copy.offline || (!copy.current && (is_away(copy) || is_far(copy)));
    cluster.map_or(0, |cluster| cluster.replicas.iter().filter(is_behind).count())
}

fn cases(reads: &ReadHandle, channels: &Channels, directory: &Directory) -> Result<(), ReadModelError> {
    let now = Timestamp::now();
    let (overview, standing) = (reads.overview(now)?, reads.standing(now)?);
    tell_overview(&overview);
    tell_queues(&overview.departments, directory);
    tell_left_behind(&overview.departments, directory);
    tell_standing(&standing);
    tell_overdue(&overview.departments, &standing.overdue);
    tell_open(&overview.departments, &standing.open);
    for channel in channels.values() {
        let debt = reads.debt(&channel.namespace)?;
        let age = debt.oldest.map_or(0, |oldest| (now.as_second() - oldest.as_second()).max(0));
        let name = channel.name.to_string();
        if channel.base_url.is_some() {
            gauge!("huiliu_write_back_owed_cases", "channel" => name.clone()).set(debt.cases as f64);
            gauge!("huiliu_write_back_oldest_seconds", "channel" => name).set(age as f64);
        } else if !is_told(channels, &channel.namespace) {
            gauge!("huiliu_write_back_untold_cases", "channel" => name).set(debt.cases as f64);
        }
    }
    Ok(())
}

/// What is owed in numberings whose channel was taken out of the settings, or got another numbering, while answers waited. What
/// was told once is told until it is nothing.
fn orphans(reads: &ReadHandle, channels: &Channels, known: &Mutex<BTreeSet<Namespace>>) -> Result<(), ReadModelError> {
    let has_channel = |numbering: &Namespace| channels.values().any(|channel| channel.namespace == *numbering);
    let found = reads.owed_numberings()?.into_iter().filter(|numbering| !has_channel(numbering));
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.extend(found);
    for numbering in known.iter() {
        let debt = reads.debt(numbering)?;
        gauge!("huiliu_write_back_untold_cases", "channel" => format!("numbering {numbering}")).set(debt.cases as f64);
    }
    Ok(())
}

/// Whether there is anybody to tell the sources of this numbering.
fn is_told(channels: &Channels, numbering: &Namespace) -> bool {
    channels.values().any(|channel| channel.base_url.is_some() && channel.namespace == *numbering)
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
    gauge!("huiliu_unreadable_messages").set(overview.unreadable as f64);
}

/// Nobody takes anything at a department that was dissolved: what is left there is told as that, and what merely tells it that
/// a case was moved is no delay.
fn tell_queues(departments: &[DepartmentCount], directory: &Directory) {
    for count in departments {
        let name = count.department.clone();
        gauge!("huiliu_queue_entries", "department" => name.clone()).set(count.live as f64);
        gauge!("huiliu_dispatches", "department" => name.clone()).set(count.dispatched as f64);
        let age = count.oldest_age_seconds.filter(|_| is_in_office(count, directory)).unwrap_or_default();
        gauge!("huiliu_queue_oldest_seconds", "department" => name).set(age as f64);
    }
}

fn is_in_office(count: &DepartmentCount, directory: &Directory) -> bool {
    let id = count.department.parse().ok();
    id.is_some_and(|id| directory.departments.in_office(&id).is_some_and(|d| d.id == id))
}

/// A department that was dissolved keeps what it has until a person moves it, and nobody works there any more.
fn tell_left_behind(departments: &[DepartmentCount], directory: &Directory) {
    for count in departments {
        let left = if is_in_office(count, directory) { 0 } else { count.queued + count.held };
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
    for colour in Warning::ALL {
        let count = standing.warned.get(colour.as_str()).copied().unwrap_or_default();
        gauge!("huiliu_cases_warned", "colour" => colour.as_str()).set(count as f64);
    }
    gauge!("huiliu_cases_accused_later").set(standing.accused_later as f64);
    gauge!("huiliu_cases_linked").set(standing.linked as f64);
}

/// Of every department, for one that is no longer late must not stay so; and of each once, for a figure that were 0 for a
/// moment would begin the alarm's time anew.
fn tell_overdue(departments: &[DepartmentCount], overdue: &BTreeMap<Option<String>, i64>) {
    let every = departments.iter().map(|count| count.department.as_str()).chain([NOBODY]);
    let mut late: BTreeMap<&str, i64> = every.map(|department| (department, 0)).collect();
    late.extend(overdue.iter().map(|(department, count)| (department.as_deref().unwrap_or(NOBODY), *count)));
    for (department, count) in late {
        gauge!("huiliu_overdue_cases", "department" => department.to_owned()).set(count as f64);
    }
}

/// Of every department and stage, for where none is left must not stay as it was.
fn tell_open(departments: &[DepartmentCount], open: &BTreeMap<(String, String), i64>) {
    let every = departments.iter().map(|count| count.department.as_str()).chain([NOBODY]);
    let stages = || Stage::ALL.iter().filter(|stage| !stage.is_ended()).map(|stage| stage.as_str());
    let mut left: BTreeMap<_, i64> =
        every.flat_map(|lead| stages().map(move |stage| (stage, lead))).map(|at| (at, 0)).collect();
    left.extend(open.iter().map(|((stage, lead), count)| {
        ((stage.as_str(), if lead.is_empty() { NOBODY } else { lead.as_str() }), *count)
    }));
    for ((stage, lead), count) in left {
        gauge!("huiliu_open_cases", "department" => lead.to_owned(), "stage" => stage.to_owned()).set(count as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use metrics::{Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    /// Everything a gauge was ever set to, with its labels.
    #[derive(Clone, Default)]
    struct Every(Arc<Mutex<Vec<(String, f64)>>>);

    struct One(String, Every);

    impl GaugeFn for One {
        fn increment(&self, _by: f64) {}
        fn decrement(&self, _by: f64) {}
        fn set(&self, value: f64) {
            self.1.0.lock().expect("a lock").push((self.0.clone(), value));
        }
    }

    impl Recorder for Every {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            Counter::noop()
        }
        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            let of = key.labels().map(|label| label.value().to_owned()).collect();
            Gauge::from_arc(Arc::new(One(of, self.clone())))
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn who_is_late_is_never_told_in_time_and_who_no_longer_is_is() {
        let of = |department: &str| DepartmentCount { department: department.into(), ..DepartmentCount::default() };
        let every = Every::default();
        let overdue = BTreeMap::from([(Some("jb-police".to_owned()), 3), (None, 2)]);
        metrics::with_local_recorder(&every, || tell_overdue(&[of("jb-police"), of("jb-housing")], &overdue));
        let told = every.0.lock().expect("a lock").clone();
        let expected = [("jb-housing", 0.0), ("jb-police", 3.0), ("triage", 2.0)];
        assert_eq!(told, expected.map(|(department, count)| (department.to_owned(), count)));
    }

    #[test]
    fn what_is_open_is_told_by_who_leads_and_falls_to_nothing() {
        let departments = [DepartmentCount { department: "jb-police".into(), ..DepartmentCount::default() }];
        let recorder = PrometheusBuilder::new().build_recorder();
        let figures = recorder.handle();
        let at = |stage: &str, lead: &str| ((stage.to_owned(), lead.to_owned()), 3);
        metrics::with_local_recorder(&recorder, || {
            tell_open(&departments, &BTreeMap::from([at("accepted", "jb-police"), at("triage", "")]));
            tell_open(&departments, &BTreeMap::from([at("triage", "")]));
        });
        let said = figures.render();
        for (department, stage, count) in
            [("jb-police", "accepted", 0), ("triage", "triage", 3), ("jb-police", "dispatched", 0)]
        {
            let line = format!("huiliu_open_cases{{department=\"{department}\",stage=\"{stage}\"}} {count}");
            assert!(said.lines().any(|told| told == line), "{line} in {said}");
        }
        assert!(!said.contains("closed"), "{said}");
    }

    #[test]
    fn a_copy_that_is_away_or_far_back_is_behind_and_one_that_is_about_to_write_is_not() {
        let copy = |current, offline, seen_ms, lag| {
            let active = Duration::from_millis(seen_ms);
            PeerInfo { current, offline, active, lag, ..PeerInfo::default() }
        };
        let of = |replicas| behind(Some(&ClusterInfo { replicas, ..ClusterInfo::default() }));
        let level = copy(true, false, 1, None);
        assert_eq!(behind(None), 0);
        assert_eq!(of(vec![level.clone(), level.clone()]), 0);
        for near in [copy(false, false, 1, Some(3)), copy(false, false, 2_000, Some(1_000))] {
            assert_eq!(of(vec![level.clone(), near.clone()]), 0, "{near:?}");
        }
        for behind in [
            copy(true, true, 1, None),
            copy(false, false, 1, Some(1_001)),
            copy(false, false, 1, None),
            // On a machine that lost its power, where little happens meanwhile; the second one led.
            copy(false, false, 60_000, Some(3)),
            copy(false, false, 0, Some(3)),
        ] {
            assert_eq!(of(vec![level.clone(), behind.clone()]), 1, "{behind:?}");
        }
        assert_eq!(of(vec![copy(false, true, 60_000, Some(3)), copy(false, false, 1, Some(5_000))]), 2);
    }

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

    #[test]
    fn totals_of_a_log_that_went_back_go_back_with_it() {
        let of = |count| Standing {
            warned: BTreeMap::from([("red".to_owned(), count)]),
            accused_later: count,
            linked: count,
            ..Standing::default()
        };
        let recorder = PrometheusBuilder::new().build_recorder();
        let figures = recorder.handle();
        metrics::with_local_recorder(&recorder, || [7, 3].map(of).iter().for_each(tell_standing));
        let said = figures.render();
        for figure in ["warned{colour=\"red\"}", "accused_later", "linked"] {
            let line = format!("huiliu_cases_{figure} 3");
            assert!(said.lines().any(|said| said == line), "{line} in {said}");
        }
    }
}
