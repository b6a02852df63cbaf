//! The test bench of a pack: its fixtures against what is expected of them, and one sample at a time.
//! Prints nothing; it hands back text and values.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map as Object, Value, json};

use super::files::{bytes, list, stem, text};
use super::{Pack, PackError, Way, embedded};
use crate::decode::{DecodeError, Format, Limits, Record, decode};
use crate::rows::NoTable;
use crate::verify::{Proof, RawBody, Verified};
use crate::{charset, form};

/// What came of testing a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The pack.
    pub pack: String,
    /// Each fixture.
    pub fixtures: Vec<FixtureResult>,
}

/// What came of one fixture.
#[derive(Debug, Clone, PartialEq)]
pub struct FixtureResult {
    /// The file.
    pub file: String,
    /// Where the outcome is not what was expected; empty is good.
    pub differences: Vec<Difference>,
}

/// One field that is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The field, e.g. `0.submission.facts.appeal`.
    pub field: String,
    /// What was expected; none for a field that should not be there.
    pub expected: Option<Value>,
    /// What came.
    pub actual: Option<Value>,
}

impl Report {
    /// Whether there are fixtures and all of them are as expected.
    pub fn is_good(&self) -> bool {
        !self.fixtures.is_empty() && self.fixtures.iter().all(|fixture| fixture.differences.is_empty())
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}: {} 个样例 fixtures", self.pack, self.fixtures.len())?;
        for fixture in &self.fixtures {
            let sign = if fixture.differences.is_empty() { "通过 ok  " } else { "不符 FAIL" };
            writeln!(f, "  {sign} {}", fixture.file)?;
            for difference in &fixture.differences {
                writeln!(f, "      {}", difference.field)?;
                writeln!(f, "        应为 expected: {}", shown(difference.expected.as_ref()))?;
                writeln!(f, "        实为 actual:   {}", shown(difference.actual.as_ref()))?;
            }
        }
        Ok(())
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "（无 none）".to_owned(), Value::to_string)
}

/// A sample with what is expected of it.
struct Sample {
    name: String,
    bytes: Vec<u8>,
    expected: Value,
}

/// Tests the pack in `dir` against its fixtures.
pub fn test(dir: &Path) -> Result<Report, PackError> {
    let pack = Pack::load(dir)?;
    let samples = samples(dir)?.iter().map(|path| sample(path)).collect::<Result<Vec<_>, _>>()?;
    report(&pack, &samples)
}

/// Tests a built-in pack against the fixtures that were built in with it.
pub fn test_built_in(name: &str) -> Result<Report, PackError> {
    let pack = Pack::embedded(name)?;
    let samples = embedded::named(name)?.fixtures.iter().map(|(name, sample, expected)| Sample {
        name: (*name).to_owned(),
        bytes: sample.as_bytes().to_vec(),
        expected: serde_json::from_str(expected).unwrap_or(Value::Null),
    });
    report(&pack, &samples.collect::<Vec<_>>())
}

fn report(pack: &Pack, samples: &[Sample]) -> Result<Report, PackError> {
    let mut fixtures = Vec::new();
    for sample in samples {
        let actual = outcome(pack, &sample.name, sample.bytes.clone())?;
        let mut differences = Vec::new();
        compare(String::new(), Some(&sample.expected), Some(&actual), &mut differences);
        fixtures.push(FixtureResult { file: format!("{}.json", sample.name), differences });
    }
    Ok(Report { pack: pack.name.clone(), fixtures })
}

fn sample(path: &Path) -> Result<Sample, PackError> {
    let expected = text(&path.with_extension("expected.json")).ok();
    let expected = expected.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    Ok(Sample { name: stem(path), bytes: bytes(path)?, expected })
}

/// Writes what comes of each fixture as what is expected of it. For the author of a pack, who then reads it.
pub fn bless(dir: &Path) -> Result<usize, PackError> {
    let pack = Pack::load(dir)?;
    let samples = samples(dir)?;
    for path in &samples {
        let expected = path.with_extension("expected.json");
        fs::write(&expected, format!("{:#}\n", outcome(&pack, &stem(path), bytes(path)?)?))
            .map_err(|source| PackError::Read { path: expected.display().to_string(), source })?;
    }
    Ok(samples.len())
}

/// The fixtures of a directory, by file name.
pub(super) fn fixtures(dir: &Path) -> Result<Vec<(String, Vec<u8>)>, PackError> {
    samples(dir)?.iter().map(|path| Ok((format!("{}.json", stem(path)), bytes(path)?))).collect()
}

fn samples(dir: &Path) -> Result<Vec<std::path::PathBuf>, PackError> {
    let mut files = list(&dir.join("fixtures"), "json")?;
    files.retain(|path| !path.to_string_lossy().ends_with(".expected.json"));
    Ok(files)
}

/// Shows what becomes of the records in one file, and what of them nobody reads.
pub fn try_one(pack: &Pack, file: &Path) -> Result<String, PackError> {
    let mut out = String::new();
    for record in records(pack, file)? {
        out.push_str(&format!("—— 第 {} 条 record {} ——\n", record.index + 1, record.index));
        out.push_str(&format!("{:#}\n", mapped(pack, &record)));
        let unread = record.value.as_ref().map(|value| pack.map.unread(value)).unwrap_or_default();
        if !unread.is_empty() {
            out.push_str(&format!("未读取的来源字段 source fields nobody reads: {}\n", unread.join(" ")));
        }
    }
    Ok(out)
}

/// The records in one file, as a push or a page of a pull would bring them; from a form or a spreadsheet, which people have at
/// hand, whatever the source sends.
pub fn records(pack: &Pack, file: &Path) -> Result<Vec<Record>, PackError> {
    let bytes = bytes(file)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    decoded(pack, &name, bytes.clone()).or_else(|undecoded| match at_hand(pack, bytes) {
        None | Some(Err(DecodeError::NoTable(NoTable::NoHead))) => Err(undecoded),
        Some(records) => records.map_err(|source| PackError::Decode { file: name, source }),
    })
}

/// None of what begins as JSON: its commas would make a table of it.
fn at_hand(pack: &Pack, bytes: Vec<u8>) -> Option<Result<Vec<Record>, DecodeError>> {
    let is_sheet = || charset::text(&bytes, None).is_some_and(|text| !crate::looks::begins_as_data(&text));
    let format = match form::field(&bytes, "jsonData") {
        Some(_) => Format::Form,
        None if is_sheet() => Format::Csv,
        None => return None,
    };
    let batch = pack.push.as_ref().map(|push| push.batch.clone()).unwrap_or_default();
    let body = Verified::vouched(RawBody { bytes: bytes.into(), ..RawBody::default() }, Proof::Stored);
    // An export is larger than what is pushed at once.
    Some(decode(format, &batch, Limits { records: usize::MAX, ..Limits::default() }, &body))
}

fn outcome(pack: &Pack, name: &str, bytes: Vec<u8>) -> Result<Value, PackError> {
    Ok(decoded(pack, name, bytes)?.iter().map(|record| mapped(pack, record)).collect())
}

/// A sample is what a push or a page of a pull looks like; whichever gives more records is meant.
pub(super) fn decoded(pack: &Pack, name: &str, bytes: Vec<u8>) -> Result<Vec<Record>, PackError> {
    let raw = RawBody::json(bytes);
    let body = Verified::vouched(raw, Proof::Stored);
    let decode = |way| pack.decode(way, &body, Limits::default());
    match (decode(Way::Push), decode(Way::Pull)) {
        (Ok(push), Ok(pull)) => Ok(if pull.len() > push.len() || is_page(&push) { pull } else { push }),
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
        (Err(source), Err(_)) => Err(PackError::Decode { file: name.to_owned(), source }),
    }
}

/// Whether what was read as one record is the page around records.
fn is_page(records: &[Record]) -> bool {
    let first = records.first().and_then(|record| record.value.as_ref().ok());
    records.len() == 1 && first.is_some_and(|value| value.get("code").is_some())
}

fn mapped(pack: &Pack, record: &Record) -> Value {
    let value = match &record.value {
        Ok(value) => value,
        Err(error) => return json!({ "not_a_record": error.to_string() }),
    };
    match pack.map(value, &pack.namespace, Timestamp::MAX) {
        Ok(submission) => json!({ "submission": as_json(&submission) }),
        Err(unmapped) => json!({ "unmapped": as_json(&unmapped.problems) }),
    }
}

fn as_json(value: &impl serde::Serialize) -> Value {
    without_nulls(serde_json::to_value(value).unwrap_or(Value::Null))
}

/// Leaves out what says nothing, so that expected files stay readable.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().filter(|(_, v)| says(v)).map(kept).collect::<Object<_, _>>())
        }
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn kept((key, value): (String, Value)) -> (String, Value) {
    (key, without_nulls(value))
}

fn says(value: &Value) -> bool {
    !(value.is_null() || *value == json!(false) || *value == json!([]) || *value == json!({}))
}

fn compare(at: String, expected: Option<&Value>, actual: Option<&Value>, found: &mut Vec<Difference>) {
    let below = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    match (expected, actual) {
        (Some(Value::Object(e)), Some(Value::Object(a))) => {
            let keys: std::collections::BTreeSet<&String> = e.keys().chain(a.keys()).collect();
            keys.into_iter().for_each(|key| compare(below(key), e.get(key), a.get(key), found));
        }
        (Some(Value::Array(e)), Some(Value::Array(a))) => {
            (0..e.len().max(a.len())).for_each(|i| compare(below(&i.to_string()), e.get(i), a.get(i), found));
        }
        (e, a) if e == a => {}
        (e, a) => found.push(Difference { field: at, expected: e.cloned(), actual: a.cloned() }),
    }
}
