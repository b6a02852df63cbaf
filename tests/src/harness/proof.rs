//! The proof: the log against what senders, departments and sources were told.

use std::collections::{BTreeMap, HashMap, HashSet};

use huiliu_schemas::case::{AssignmentState, Case};
use huiliu_schemas::event::EventBody;
use huiliu_schemas::vocabulary::{Role, Stage};
use huiliu_schemas::{CaseId, Cause, Namespace, SourceId, subjects};
use uuid::Uuid;

use super::accused::Townships;
use super::departments::Seen;
use super::log::{EntryName, History, Log};
use super::report::RunReport;
use super::sources::Sources;
use crate::sim::{Action, Item};

/// Everything the proof is made from.
pub struct Evidence<'a> {
    /// The log, read raw.
    pub log: &'a Log,
    /// Entries that stand in QUEUES, with how often.
    pub queued: &'a [(String, usize)],
    /// Subjects of KEYS.
    pub keys: &'a HashSet<(CaseId, String)>,
    /// What departments saw and were told.
    pub seen: &'a Seen,
    /// What the sources know.
    pub sources: &'a Sources,
    /// Whom they speak of.
    pub townships: &'a Townships,
}

/// Holds everything against everything; what does not fit becomes a finding.
pub fn prove(evidence: &Evidence<'_>, report: &mut RunReport) {
    for what in &evidence.log.unreadable {
        report.find("unreadable message in CASES", what);
    }
    for (id, history) in &evidence.log.cases {
        one_history(*id, history, evidence.keys, report);
    }
    each_report_in_one_case(evidence, report);
    each_entry_once(evidence, report);
    queues_match(evidence, report);
    answers_stand(evidence, report);
    sources_were_told_once(evidence, report);
    nobody_got_what_accuses_them(evidence, report);
}

fn one_history(id: CaseId, history: &History, keys: &HashSet<(CaseId, String)>, report: &mut RunReport) {
    if !history.chain_holds {
        report.find("broken chain", id);
    }
    for event in &history.events {
        let key = event.sealed.as_ref().map(|s| (id, s.kid.clone()));
        if let Some((_, ring)) = key.filter(|k| !keys.contains(k)) {
            report.find("sealed event without its key", format!("{} {id} {ring}", event.body.name()));
        }
    }
    let mut ids = HashSet::new();
    for event in history.events.iter().filter(|e| !ids.insert(e.id)) {
        report.find("event twice", format!("{id} {} {}", event.body.name(), event.id));
    }
    let Some(case) = &history.case else { return report.find("case without a registration", id) };
    *report.stages.entry(case.stage.to_string()).or_default() += 1;
    match place(case).as_slice() {
        [one] => *report.places.entry(one).or_default() += 1,
        places => report.find("not in exactly one place", format!("{id} stage {} is {places:?}", case.stage)),
    }
    let live_leads =
        case.assignments.iter().filter(|a| a.role == Role::Lead && a.state != AssignmentState::Released).count();
    let wanted = usize::from(!case.stage.is_ended() && !matches!(case.stage, Stage::Triage | Stage::Registered));
    if live_leads != wanted {
        report.find("live leads", format!("{id} stage {} has {live_leads}, expected {wanted}", case.stage));
    }
}

/// Where a case is: exactly one of these.
fn place(case: &Case) -> Vec<&'static str> {
    let lead = case.lead().map(|a| a.state);
    let places = [
        ("queued", lead == Some(AssignmentState::Offered)),
        ("triage", case.stage == Stage::Triage),
        ("held", lead == Some(AssignmentState::SignedFor)),
        ("ended", case.stage.is_ended()),
    ];
    places.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}

fn each_report_in_one_case(evidence: &Evidence<'_>, report: &mut RunReport) {
    let mut holders: HashMap<&SourceId, Vec<CaseId>> = HashMap::new();
    for (id, case) in cases(evidence) {
        let numbers: HashSet<&SourceId> = case.sources.iter().map(|s| &s.source).chain(&case.aliases).collect();
        for number in numbers {
            holders.entry(number).or_default().push(id);
        }
    }
    let [hotline, _] = evidence.sources.both().map(|(namespace, _)| namespace);
    let Ok(hotline) = hotline.parse::<Namespace>() else { return report.find("no namespace", hotline) };
    for (namespace, source) in evidence.sources.both() {
        let Ok(namespace) = namespace.parse::<Namespace>() else { return report.find("no namespace", namespace) };
        source.read(|book| {
            for item in book.items() {
                let number = SourceId { namespace: namespace.clone(), id: item.id.clone() };
                let held = held_by(&number, &holders, evidence.log);
                if held.len() != 1 {
                    report.find("report not in exactly one case", format!("{number} is in {held:?}"));
                }
                // A petition that names the call it repeats is that call's case.
                if let Some(call) = item.body["ldhm"].as_str() {
                    let call = SourceId { namespace: hotline.clone(), id: call.to_owned() };
                    let calls = held_by(&call, &holders, evidence.log);
                    if calls != held {
                        report.find("matter in two cases", format!("{number} in {held:?}, {call} in {calls:?}"));
                    }
                }
            }
        });
    }
    for (subject, cases) in evidence.log.aliases.iter().filter(|(_, cases)| cases.len() != 1) {
        report.find("number with several owners", format!("{subject} {cases:?}"));
    }
}

/// Nobody is offered what accuses them, by the record a case began with.
fn nobody_got_what_accuses_them(evidence: &Evidence<'_>, report: &mut RunReport) {
    for (namespace, source) in evidence.sources.both() {
        let Ok(namespace) = namespace.parse::<Namespace>() else { return report.find("no namespace", namespace) };
        source.read(|book| {
            for item in book.items() {
                let Some(accused) = evidence.townships.accused(&item.truth) else { continue };
                let case = CaseId::of(&SourceId { namespace: namespace.clone(), id: item.id.clone() });
                let Some(history) = evidence.log.cases.get(&case) else { continue };
                report.accusations += 1;
                for event in &history.events {
                    for entry in event.entries.iter().filter(|entry| entry.department == accused) {
                        let by = format!("{} by {:?}, {}", event.body.name(), event.actor, event.cause);
                        report.find(
                            "accusation offered to the accused",
                            format!("{case} {} to {accused}: {by}", entry.kind),
                        );
                    }
                }
            }
        });
    }
}

/// The cases that hold a record: by its own number in their fold, and by its alias in the log.
fn held_by(number: &SourceId, holders: &HashMap<&SourceId, Vec<CaseId>>, log: &Log) -> Vec<CaseId> {
    let mut held = holders.get(number).cloned().unwrap_or_default();
    let owners = log.aliases.get(&subjects::alias(number)).cloned().unwrap_or_default();
    held.extend(owners);
    held.sort_unstable();
    held.dedup();
    held
}

fn each_entry_once(evidence: &Evidence<'_>, report: &mut RunReport) {
    let log = evidence.log;
    report.entries = log.entries.len();
    for ((department, case, n), count) in log.entries.iter().filter(|(_, count)| **count != 1) {
        report.find("entry not exactly once", format!("{department} {case} {n}: {count}"));
    }
    let mut wanted: HashSet<EntryName> = HashSet::new();
    let mut numbers: HashSet<(CaseId, u32)> = HashSet::new();
    for (id, history) in &log.cases {
        for entry in history.events.iter().flat_map(|e| &e.entries) {
            wanted.insert((entry.department.clone(), *id, entry.n));
            if !numbers.insert((*id, entry.n)) {
                report.find("entry number used twice", format!("{id} {}", entry.n));
            }
        }
    }
    for name in wanted.iter().filter(|name| !log.entries.contains_key(*name)) {
        report.find("entry missing in the log", format!("{name:?}"));
    }
    for name in log.entries.keys().filter(|name| !wanted.contains(*name)) {
        report.find("entry that no event made", format!("{name:?}"));
    }
}

/// QUEUES holds no entry twice, none that is dead, and every live one that nobody acknowledged.
fn queues_match(evidence: &Evidence<'_>, report: &mut RunReport) {
    let mut there: HashSet<EntryName> = HashSet::new();
    for (subject, count) in evidence.queued {
        let Some(name) = subjects::parse_entry(subject) else {
            report.find("strange subject in QUEUES", subject);
            continue;
        };
        if *count != 1 {
            report.find("entry several times in QUEUES", format!("{name:?}: {count}"));
        }
        if !is_live(evidence.log, &name) {
            report.find("dead entry in QUEUES", format!("{name:?}"));
        }
        there.insert(name);
    }
    let handed_out = &evidence.seen.handed_out;
    for (id, case) in cases(evidence) {
        for entry in case.live_entries() {
            let name = (entry.department, id, entry.n);
            if !there.contains(&name) && !handed_out.contains_key(&name) {
                report.find("live entry nobody can get", format!("{name:?} {}", entry.kind));
            }
        }
    }
    for stranger in &evidence.seen.strangers {
        report.find("entry handed to another department", stranger);
    }
    for name in &evidence.seen.came_back {
        report.find("acknowledged entry came back after it was signed for", format!("{name:?}"));
    }
}

fn is_live(log: &Log, (department, case, n): &EntryName) -> bool {
    let case = log.cases.get(case).and_then(|h| h.case.as_ref());
    case.is_some_and(|case| case.is_live(department, *n))
}

/// What was answered as done is in the log, and nothing done twice.
fn answers_stand(evidence: &Evidence<'_>, report: &mut RunReport) {
    for (who, id, case) in &evidence.seen.done {
        let Ok(id) = id.parse() else { continue };
        let cause = Cause::command(who, &id);
        let case = evidence.log.cases.get(case).and_then(|h| h.case.as_ref());
        if !case.is_some_and(|c| c.causes.contains_key(&cause)) {
            report.find("answered command not in the log", format!("{who} {id}"));
        }
    }
}

/// Each event a source is to be told took effect there once, and nothing else did.
fn sources_were_told_once(evidence: &Evidence<'_>, report: &mut RunReport) {
    let mut owed: BTreeMap<(String, String), HashSet<String>> = BTreeMap::new();
    for (id, case) in cases(evidence) {
        for still in &case.owed {
            report.find("answer never told", format!("{id} {} to {}", still.what, still.source));
        }
        for told in case.delivered.iter().filter(|d| !d.refused) {
            let source = (told.source.namespace.to_string(), told.source.id.clone());
            owed.entry(source).or_default().insert(told.event.to_string());
        }
    }
    let taken_back = TakenBack::of(evidence.log);
    resolutions_are_told(evidence, &owed, &taken_back.untold, report);
    for (namespace, source) in evidence.sources.both() {
        let summary = source.summary();
        report.repeated_write_backs += summary.repeated_write_backs;
        if summary.conflicting_write_backs > 0 {
            report.find("write-back with other words under the same key", summary.conflicting_write_backs);
        }
        source.read(|book| {
            for item in book.items() {
                let told = owed.get(&(namespace.to_owned(), item.id.clone()));
                check_item(namespace, item, told, &taken_back.all, report);
            }
        });
    }
}

/// Resolutions whose case came back. Whoever was told of one by a gateway that was killed before it could say so was told
/// what was then true.
#[derive(Default)]
struct TakenBack {
    all: HashSet<String>,
    /// Those of which nobody was known to have been told: nobody need be told any more.
    untold: HashSet<String>,
}

impl TakenBack {
    fn of(log: &Log) -> Self {
        let mut taken_back = Self::default();
        for history in log.cases.values() {
            let (mut resolved, mut told) = (Vec::new(), HashSet::new());
            for event in &history.events {
                match &event.body {
                    EventBody::Resolved { .. } => resolved.push(event.id),
                    EventBody::AnswerDelivered(delivered) => {
                        told.insert(delivered.event);
                    }
                    EventBody::Reopened { .. } => {
                        let untold = resolved.iter().filter(|id| !told.contains(*id));
                        taken_back.untold.extend(untold.map(Uuid::to_string));
                        taken_back.all.extend(resolved.drain(..).map(|id| id.to_string()));
                    }
                    _ => {}
                }
            }
        }
        taken_back
    }
}

fn check_item(
    namespace: &str,
    item: &Item,
    told: Option<&HashSet<String>>,
    taken_back: &HashSet<String>,
    report: &mut RunReport,
) {
    report.results_at_sources += item.answers.iter().filter(|a| a.action == Action::Result).count();
    if item.duplicate_results() > 0 {
        report.find("result twice at its source", format!("{namespace} {}", item.id));
    }
    let got: HashSet<String> = item.answers.iter().map(|a| a.request_id.clone()).collect();
    for answer in got.iter().filter(|a| told.is_none_or(|t| !t.contains(*a)) && !taken_back.contains(*a)) {
        report.find("source has an answer the log does not know as told", format!("{namespace} {} {answer}", item.id));
    }
    for event in told.into_iter().flatten().filter(|e| !got.contains(*e)) {
        report.find("answer told that its source does not have", format!("{namespace} {} {event}", item.id));
    }
}

/// Each resolution that stood is among what some source was told.
fn resolutions_are_told(
    evidence: &Evidence<'_>,
    owed: &BTreeMap<(String, String), HashSet<String>>,
    untold: &HashSet<String>,
    report: &mut RunReport,
) {
    let told: HashSet<&String> = owed.values().flatten().chain(untold).collect();
    for (id, history) in &evidence.log.cases {
        for event in history.events.iter().filter(|e| matches!(e.body, EventBody::Resolved { .. })) {
            if !told.contains(&event.id.to_string()) {
                report.find("resolution no source was told", format!("{id} {}", event.id));
            }
        }
    }
}

fn cases<'e>(evidence: &'e Evidence<'_>) -> impl Iterator<Item = (CaseId, &'e Case)> {
    evidence.log.cases.iter().filter_map(|(id, history)| Some((*id, history.case.as_ref()?)))
}
