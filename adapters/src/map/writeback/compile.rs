//! The write-back part of a map, checked.

use huiliu_schemas::vocabulary::AnswerKind;

use super::{Answers, Fact, OutField, Request, Writeback};
use crate::map::compile::Builder;
use crate::map::spec::{MapSpec, OutSpec, WritebackSpec};
use crate::map::time::{DayEdge, TimeFormat, TimeReader, is_format};

const DEFAULT_FORMAT: &str = "yyyy-MM-dd HH:mm:ss";
/// Kinds and a fact that packs may name though no event of a case has them: they are passed over.
const FORMER_KINDS: [&str; 3] = ["dispatched", "extended", "returned"];
const FORMER_FACT: &str = "deadline";

/// Compiles `[writeback.*]` and `[answers]`.
pub(in crate::map) fn compile(builder: &mut Builder, spec: &MapSpec) -> Writeback {
    let (mut kinds, mut former) = (std::collections::BTreeMap::new(), Vec::new());
    for (name, request) in &spec.writeback {
        let place = format!("writeback.{name}");
        match AnswerKind::read(name) {
            Some(kind) => {
                let paths = compile_paths(builder, &place, request, spec);
                let request = Request { paths, ..compile_request(builder, &place, request, &mut former) };
                kinds.insert(kind, request);
            }
            None if FORMER_KINDS.contains(&name.as_str()) => former.push(place),
            None => builder.issue(&place, name, &format!("one of {}", kind_names())),
        }
    }
    if !spec.writeback.is_empty() && spec.answers.is_none() {
        builder.issue("answers", "", "the section [answers]: without it no one knows what was accepted");
    }
    let mut untold = Vec::new();
    for name in &spec.untold {
        match AnswerKind::read(name) {
            Some(kind) => untold.push(kind),
            None if FORMER_KINDS.contains(&name.as_str()) => former.push("untold".to_owned()),
            None => builder.issue("untold", name, &format!("one of {}", kind_names())),
        }
    }
    Writeback { kinds, untold, former, answers: compile_answers(builder, spec) }
}

fn kind_names() -> String {
    AnswerKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

fn compile_request(builder: &mut Builder, place: &str, spec: &WritebackSpec, former: &mut Vec<String>) -> Request {
    if !matches!(spec.method.as_str(), "POST" | "PUT" | "PATCH") {
        builder.issue(place, &spec.method, "POST, PUT or PATCH");
    }
    for path in spec.paths.values().chain([&spec.path]) {
        if !path.starts_with('/') || path.replace("{source_id}", "").contains(['{', '}']) {
            builder.issue(place, path, "a path from `/` in which only `{source_id}` is filled in");
        }
    }
    let is_keyed = spec.fields.values().any(|field| field.from.as_deref() == Some("event_id"));
    if !is_keyed {
        builder.issue(place, "", "a field from `event_id`: without it a retry may be done twice");
    }
    let (past, fields): (Vec<_>, Vec<_>) =
        spec.fields.iter().partition(|(_, field)| field.from.as_deref() == Some(FORMER_FACT));
    former.extend(past.into_iter().map(|(name, _)| format!("{place}.fields.{name}")));
    Request {
        method: spec.method.clone(),
        path: spec.path.clone(),
        paths: Vec::new(),
        encoding: spec.encoding,
        fields: fields.into_iter().filter_map(|(name, field)| compile_field(builder, place, name, field)).collect(),
        zone: builder.zone.clone(),
    }
}

/// The path of each series of numbers, by its prefix. Every series has one: told as one of another, an answer would reach
/// the record there that has the same number.
fn compile_paths(builder: &mut Builder, place: &str, request: &WritebackSpec, spec: &MapSpec) -> Vec<(String, String)> {
    let id = spec.fields.get("source.id");
    let series = || id.into_iter().flat_map(|id| &id.prefix);
    for unknown in request.paths.keys().filter(|of| !series().any(|(known, _)| known == *of)) {
        builder.issue(&format!("{place}.paths"), unknown, "a path with a `prefix` in `source.id`");
    }
    let mut paths = Vec::new();
    for (of, prefix) in series() {
        match request.paths.get(of) {
            Some(path) => paths.push((prefix.clone(), path.clone())),
            None => builder.issue(&format!("{place}.paths"), of, "where the records of this series are told"),
        }
    }
    paths
}

fn compile_field(builder: &mut Builder, place: &str, name: &str, spec: &OutSpec) -> Option<OutField> {
    let place = format!("{place}.fields.{name}");
    let fact = match (&spec.from, &spec.constant) {
        (Some(from), None) => Fact::NAMES.iter().find(|(known, _)| known == from).map(|(_, fact)| fact.clone()),
        (None, Some(constant)) => Some(Fact::Constant(constant.clone())),
        _ => None,
    };
    let Some(fact) = fact else {
        let names: Vec<&str> = Fact::NAMES.iter().map(|(name, _)| *name).collect();
        let value = spec.from.clone().unwrap_or_default();
        builder.issue(&place, &value, &format!("either `constant`, or `from` with one of {}", names.join(", ")));
        return None;
    };
    let format = spec.format.clone().unwrap_or_else(|| DEFAULT_FORMAT.to_owned());
    if !is_format(&format) {
        builder.issue(&place, &format, "`unix`, `unix-ms`, `iso`, or yyyy MM dd HH mm ss with separators");
    }
    Some(OutField {
        keys: name.split('.').map(str::to_owned).collect(),
        fact,
        table: spec.table.as_ref().and_then(|table| builder.out_table(&place, table)),
        format,
        longest: spec.longest.unwrap_or(usize::MAX),
    })
}

fn compile_answers(builder: &mut Builder, spec: &MapSpec) -> Answers {
    let answers = spec.answers.clone().unwrap_or_default();
    if answers.code.is_some() && answers.ok.is_empty() {
        builder.issue("answers", "", "`ok`: the codes of a good answer");
    }
    let mut path = |text: Option<String>| text.and_then(|text| builder.path("answers", &text));
    Answers {
        code: path(answers.code),
        message: path(answers.message),
        version: path(answers.version),
        ok: answers.ok,
        already: answers.already,
        busy: answers.busy,
        refused: answers.refused,
        time: TimeReader { format: TimeFormat::Auto, day: DayEdge::Start, zone: builder.zone.clone() },
    }
}
