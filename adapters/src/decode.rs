//! From raw bytes to records: decompression with a cap, charset, form, JSON or CSV, single or batch. Pure. One broken
//! record of a batch does not lose the others. Takes only what is [`Verified`].

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::json::{self, Whole};
use crate::map::RecordPath;
use crate::rows::{self, NoTable, Ragged};
use crate::salvage;
use crate::verify::{RawBody, Verified};
use crate::{charset, form};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// JSON, whole or line by line.
    Json,
    /// A form whose field `jsonData` is JSON; a body declared as JSON is read as such.
    Form,
    /// Rows of a spreadsheet under a head line; a body declared as JSON is read as such.
    Csv,
}

/// How much is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after decompression.
    pub body_bytes: usize,
    /// Nested lists and objects.
    pub depth: usize,
    /// Records in one body.
    pub records: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 16 << 20, depth: 48, records: 5000 }
    }
}

/// One record of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its place in the body, from 0.
    pub index: usize,
    /// The record, or what is wrong with it.
    pub value: Result<Value, RecordError>,
}

/// Why one record is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// A text, a number, a list.
    #[error("record {index} is {found}: expected an object")]
    NotAnObject {
        /// Which.
        index: usize,
        /// What it is.
        found: &'static str,
    },
    /// Not JSON by itself.
    #[error("record {index} is not JSON: {reason}")]
    NotJson {
        /// Which.
        index: usize,
        /// What the parser says.
        reason: String,
    },
    /// Nested too deep.
    #[error("record {index} is nested deeper than {most} levels")]
    TooDeep {
        /// Which.
        index: usize,
        /// How deep it may be.
        most: usize,
    },
    /// A row that is not as its head line.
    #[error("record {index} has {cells} cells: expected {names}, as in the head line, and none with whole rows in it")]
    Ragged {
        /// Which.
        index: usize,
        /// Its cells.
        cells: usize,
        /// The names in the head line.
        names: usize,
    },
}

/// Why a body holds no record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Nothing at all.
    #[error("the body is empty: expected a record or a batch")]
    Empty,
    /// An encoding we do not read.
    #[error("content-encoding `{0}` is not supported: expected gzip or none")]
    Encoding(String),
    /// Damaged compression.
    #[error("the body is not valid gzip")]
    Gzip,
    /// Too much after decompression.
    #[error("the body is larger than {0} bytes after decompression")]
    TooLarge(usize),
    /// Bytes that are no text in the declared or in any likely charset.
    #[error("the body is not text in {0}")]
    Charset(String),
    /// The form lacks its field.
    #[error("the form has no field `jsonData`")]
    NoJsonData,
    /// Not JSON.
    #[error("the body is not JSON: {0}")]
    Json(String),
    /// No spreadsheet.
    #[error("the body is no table: {0}")]
    NoTable(#[from] NoTable),
    /// Nested too deep.
    #[error("the JSON is nested deeper than {0} levels")]
    TooDeep(usize),
    /// More records than allowed at once.
    #[error("{found} records in one body: expected at most {most}")]
    TooMany {
        /// How many.
        found: usize,
        /// How many are allowed.
        most: usize,
    },
    /// A batch without a record.
    #[error("the body holds no record: expected an object, a list, or a list at {0}")]
    NoRecords(String),
}

/// Where a batch lies in a body.
#[derive(Debug, Clone, Default)]
pub(crate) struct BatchAt(Vec<RecordPath>);

impl BatchAt {
    /// Paths at which records are listed; a body in which none is a list is one record.
    pub(crate) fn parse(texts: &[String]) -> Option<Self> {
        texts.iter().map(|text| RecordPath::parse(text)).collect::<Option<Vec<_>>>().map(Self)
    }

    fn said(&self) -> String {
        self.0.iter().map(|path| format!("`{}`", path.text())).collect::<Vec<_>>().join(" or ")
    }
}

/// The records of a body.
pub(crate) fn decode(
    format: Format,
    batch: &BatchAt,
    limits: Limits,
    body: &Verified<RawBody>,
) -> Result<Vec<Record>, DecodeError> {
    let raw = body.get();
    let bytes = decompressed(raw, limits.body_bytes)?;
    let (data, charset) = match format {
        Format::Form if !raw.is_json() => {
            let data = form::field(&bytes, "jsonData").ok_or(DecodeError::NoJsonData)?;
            (Cow::Owned(data), form::field(&bytes, "charset").and_then(|name| String::from_utf8(name).ok()))
        }
        _ => (bytes, None),
    };
    let declared = charset.or_else(|| charset_of(raw));
    let no_text = || DecodeError::Charset(declared.as_deref().unwrap_or("UTF-8 or GB18030").to_owned());
    let text = charset::text(&data, declared.as_deref()).ok_or_else(no_text)?;
    if text.trim().is_empty() {
        return Err(DecodeError::Empty);
    }
    let values = match format {
        Format::Csv if !raw.is_json() => sheet(&text, limits.records)?,
        _ => json(&text, batch, limits)?,
    };
    match values.len() {
        0 => Err(DecodeError::NoRecords(batch.said())),
        found if found > limits.records => Err(DecodeError::TooMany { found, most: limits.records }),
        _ => Ok(values.into_iter().enumerate().map(|(index, value)| record(index, value)).collect()),
    }
}

/// Why a part of a body is no value.
enum Broken {
    Json(serde_json::Error),
    TooDeep(usize),
    Row(Ragged),
}

fn sheet(text: &str, most: usize) -> Result<Vec<Result<Value, Broken>>, DecodeError> {
    let rows = rows::table(text, most)?;
    Ok(rows.into_iter().map(|row| row.map_err(Broken::Row)).collect())
}

fn decompressed(raw: &RawBody, most: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
    let too_large = |len: usize| if len > most { Err(DecodeError::TooLarge(most)) } else { Ok(()) };
    match raw.encoding().as_str() {
        "" => {
            too_large(raw.bytes.len())?;
            Ok(Cow::Borrowed(&raw.bytes))
        }
        "gzip" | "x-gzip" => {
            let mut out = Vec::new();
            let cap = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
            MultiGzDecoder::new(&*raw.bytes).take(cap).read_to_end(&mut out).map_err(|_| DecodeError::Gzip)?;
            too_large(out.len())?;
            Ok(Cow::Owned(out))
        }
        other => Err(DecodeError::Encoding(other.to_owned())),
    }
}

fn charset_of(raw: &RawBody) -> Option<String> {
    let kind = raw.content_type.as_deref()?.to_ascii_lowercase();
    let (_, after) = kind.split_once("charset=")?;
    Some(after.split(';').next().unwrap_or(after).trim().trim_matches('"').to_owned())
}

fn json(text: &str, batch: &BatchAt, limits: Limits) -> Result<Vec<Result<Value, Broken>>, DecodeError> {
    let why = match documents(text, batch, limits) {
        Ok(values) => return Ok(values.into_iter().map(Ok).collect()),
        Err(why) => why,
    };
    let read = |part: &str| match salvage::is_deeper(part, limits.depth) {
        true => Err(Broken::TooDeep(limits.depth)),
        false => json::parse(part).map_err(Broken::Json),
    };
    let lines = rows::json_lines(text, limits.records, read).map(|lines| of_lines(lines, batch));
    lines.or_else(|| salvage::elements(text, &batch.0, read)).ok_or(why)
}

/// The records of one document, or of several one behind the other; no more than are allowed are read, and one document.
fn documents(text: &str, batch: &BatchAt, limits: Limits) -> Result<Vec<Value>, DecodeError> {
    if salvage::is_deeper(text, limits.depth) {
        return Err(DecodeError::TooDeep(limits.depth));
    }
    let mut found = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter() {
        let Whole(document) = document.map_err(|error| DecodeError::Json(reason(&error)))?;
        found.extend(split(document, batch));
        if found.len() > limits.records {
            break;
        }
    }
    Ok(found)
}

fn of_lines(lines: Vec<Result<Value, Broken>>, batch: &BatchAt) -> Vec<Result<Value, Broken>> {
    let records = |line| match line {
        Ok(document) => split(document, batch).into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    };
    lines.into_iter().flat_map(records).collect()
}

fn record(index: usize, value: Result<Value, Broken>) -> Record {
    let found = |found| Err(RecordError::NotAnObject { index, found });
    let value = match value {
        Ok(Value::Object(map)) => Ok(Value::Object(map)),
        Ok(Value::Array(_)) => found("a list"),
        Ok(Value::String(_)) => found("a text"),
        Ok(Value::Null) => found("null"),
        Ok(_) => found("a number or a flag"),
        Err(Broken::Json(error)) => Err(RecordError::NotJson { index, reason: reason(&error) }),
        Err(Broken::TooDeep(most)) => Err(RecordError::TooDeep { index, most }),
        Err(Broken::Row(Ragged { cells, names })) => Err(RecordError::Ragged { index, cells, names }),
    };
    Record { index, value }
}

/// The parser's words without the payload's.
fn reason(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column()).to_lowercase()
}

/// Of a batch in several lists, every record.
fn split(mut value: Value, batch: &BatchAt) -> Vec<Value> {
    if let Value::Array(list) = value {
        return list;
    }
    let lists: Vec<_> = batch.0.iter().filter_map(|path| path.take_list(&mut value)).collect();
    if lists.is_empty() { vec![value] } else { lists.into_iter().flatten().collect() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use encoding_rs::GB18030;
    use serde_json::json;

    use super::*;
    use crate::verify::Proof;

    fn run(format: Format, raw: RawBody) -> Result<Vec<Record>, DecodeError> {
        let batch = BatchAt::parse(&["orders".to_owned(), "data.rows".to_owned()]).expect("paths");
        let limits = Limits { body_bytes: 4096, depth: 8, records: 3 };
        decode(format, &batch, limits, &Verified::vouched(raw, Proof::Credential))
    }

    fn json_values(body: &str) -> Result<Vec<Option<Value>>, DecodeError> {
        let records = run(Format::Json, RawBody::json(body.to_owned()))?;
        Ok(records.into_iter().map(|record| record.value.ok()).collect())
    }

    #[test]
    fn single_and_batch_are_told_apart() {
        let (one, two) = (Some(json!({"a": 1})), Some(json!({"a": 2})));
        assert_eq!(json_values(r#"{"a":1}"#), Ok(vec![one.clone()]));
        assert_eq!(json_values(r#"[{"a":1},{"a":2}]"#), Ok(vec![one.clone(), two.clone()]));
        assert_eq!(json_values(r#"{"orders":[{"a":1}]}"#), Ok(vec![one.clone()]));
        assert_eq!(json_values(r#"{"data":{"rows":[{"a":1},7,{"a":2}]}}"#), Ok(vec![one, None, two]));
    }

    #[test]
    fn a_broken_record_does_not_lose_the_others() {
        let (one, two) = (Some(json!({"a": 1})), Some(json!({"a": "],2"})));
        assert_eq!(json_values(r#"[{"a":1},{"a":},{"a":"],2"}]"#), Ok(vec![one.clone(), None, two.clone()]));
        assert_eq!(json_values(r#"{"orders":[{"a":1},{a},{"a":"],2"}]}"#), Ok(vec![one, None, two]));
        assert!(matches!(json_values(r#"[{"a":1},{"a":2"#), Err(DecodeError::Json(_))));
        let said = json_values(r#"{"data":{"rows":[{"a":1},{a}],"total":2},"code":0}"#);
        assert_eq!(said, Ok(vec![Some(json!({"a": 1})), None]), "what else the page says does not matter");
    }

    /// All of it is read, or it is kept whole and told: no part of a body is dropped in silence.
    #[test]
    fn nothing_behind_a_list_is_dropped() {
        let three = Ok(vec![Some(json!({"a": 1})), Some(json!({"a": 2})), Some(json!({"a": 3}))]);
        for whole in [
            r#"[{"a":1},{"a":2}][{"a":3}]"#,
            "[{\"a\":1},{\"a\":2}]\n[{\"a\":3}]\n",
            r#"{"orders":[{"a":1},{"a":2}]}{"orders":[{"a":3}]}"#,
            "{\"orders\":[{\"a\":1},{\"a\":2}]}\n{\"orders\":[{\"a\":3}]}",
            r#"{"a":1} {"orders":[{"a":2}]} {"a":3}"#,
        ] {
            assert_eq!(json_values(whole), three, "{whole}");
        }
        let one_line_is_broken = "{\"orders\":[{\"a\":1}]}\n{\"orders\":[{\"a\"}]}\n{\"a\":3}";
        assert_eq!(json_values(one_line_is_broken), Ok(vec![Some(json!({"a": 1})), None, Some(json!({"a": 3}))]));
        for broken in [
            "[{\"a\":1},{\"a\"}]\n[{\"a\":3}]",
            r#"{"orders":[{"a":1},{"a"}]}{"orders":[{"a":3}]}"#,
            r#"[{"a":1},{"a":]},{"a":3}]"#,
            r#"{"orders":[{"a":1},{"a":]},{"a":3}]}"#,
            r#"{"list":[{"orders":[{"a":1}],"b":}]}"#,
            r#"{"orders":[{"a":1},{"a":}]"#,
        ] {
            assert!(matches!(json_values(broken), Err(DecodeError::Json(_))), "{broken}");
        }
        assert_eq!(json_values("{}{}{}{}"), Err(DecodeError::TooMany { found: 4, most: 3 }));
        let nested = r#"{"meta":{"orders":[{"a":9}]},"orders":[{"a":1},{"a":}]}"#;
        assert_eq!(json_values(nested), Ok(vec![Some(json!({"a": 1})), None]), "the batch is where the pack says");
    }

    #[test]
    fn every_list_of_a_body_is_read() {
        let three = Ok(vec![Some(json!({"a": 1})), Some(json!({"a": 2})), Some(json!({"a": 3}))]);
        for whole in [
            r#"{"orders":[{"a":1}],"data":{"rows":[{"a":2},{"a":3}]}}"#,
            r#"{"data":{"rows":[{"a":2},{"a":3}]},"orders":[{"a":1}]}"#,
            r#"{"orders":[{"a":1},{"a":2}],"orders":[{"a":3}]}"#,
            r#"{"data":{"rows":[{"a":1}]},"data":{"rows":[{"a":2},{"a":3}]}}"#,
        ] {
            assert_eq!(json_values(whole), three, "{whole}");
        }
        let one_of_three = Ok(vec![Some(json!({"a": 1})), None, Some(json!({"a": 3}))]);
        for broken in [
            r#"{"orders":[{"a":1},{"a"}],"data":{"rows":[{"a":3}]}}"#,
            r#"{"data":{"rows":[{"a":3}]},"orders":[{"a":1},{"a"}]}"#,
            r#"{"orders":[{"a":1},{"a"}],"orders":[{"a":3}]}"#,
        ] {
            assert_eq!(json_values(broken), one_of_three, "{broken}");
        }
        let twice = json_values(r#"{"a":1,"b":"x","b":"y"}"#).expect("read").remove(0).expect("a record");
        assert_eq!(json::twice(&twice["b"]), Some(&[json!("x"), json!("y")][..]));
    }

    #[test]
    fn a_record_that_is_nested_too_deep_takes_no_other_with_it() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(600), "]".repeat(600));
        for body in [
            format!(r#"{{"orders":[{{"a":1}},{deep},{{"a":3}}]}}"#),
            format!(r#"[{{"a":1}},{deep},{{"a":3}}]"#),
            format!("{{\"a\":1}}\n{deep}\n{{\"a\":3}}"),
        ] {
            let records = run(Format::Json, RawBody::json(body)).expect("read");
            assert_eq!(records[1].value, Err(RecordError::TooDeep { index: 1, most: 8 }));
            assert_eq!((records[0].value.is_ok(), &records[2].value), (true, &Ok(json!({"a": 3}))));
        }
        assert_eq!(json_values(&deep), Err(DecodeError::TooDeep(8)), "nothing else is in it");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(json_values("  "), Err(DecodeError::Empty));
        assert_eq!(json_values("[]"), Err(DecodeError::NoRecords("`orders` or `data.rows`".into())));
        assert_eq!(json_values("[{},{},{},{}]"), Err(DecodeError::TooMany { found: 4, most: 3 }));
        assert_eq!(json_values(&"[".repeat(100_000)[..4000]), Err(DecodeError::TooDeep(8)));
        assert_eq!(json_values(&" ".repeat(5000)), Err(DecodeError::TooLarge(4096)));
        let said = json_values("{\"电话\": 199").expect_err("broken").to_string();
        assert!(!said.contains("199"), "{said}");
    }

    fn gzipped(bytes: &[u8]) -> RawBody {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory");
        let bytes = encoder.finish().expect("memory").into();
        RawBody { content_encoding: Some("gzip".into()), ..RawBody { bytes, ..RawBody::default() } }
    }

    #[test]
    fn compression_is_capped() {
        assert_eq!(run(Format::Json, gzipped(br#"{"a":1}"#)).map(|r| r.len()), Ok(1));
        assert_eq!(run(Format::Json, gzipped(&[b' '; 100_000])), Err(DecodeError::TooLarge(4096)));
        let broken = RawBody { bytes: "nonsense".into(), ..gzipped(b"") };
        assert_eq!(run(Format::Json, broken), Err(DecodeError::Gzip));
        let brotli = RawBody { content_encoding: Some("br".into()), ..RawBody::json("{}") };
        assert_eq!(run(Format::Json, brotli), Err(DecodeError::Encoding("br".into())));
    }

    #[test]
    fn charsets_are_declared_or_found() {
        let text = r#"{"标题":"路灯不亮"}"#;
        let (gb, ..) = GB18030.encode(text);
        let all =
            [None, Some("GBK"), Some("utf-8"), Some("ISO-8859-1"), Some("us-ascii"), Some("big5"), Some("nonsense")];
        for (declared, bytes) in all.iter().flat_map(|declared| [(declared, &gb[..]), (declared, text.as_bytes())]) {
            if *declared == Some("big5") && bytes == &gb[..] {
                continue;
            }
            let content_type = declared.map(|charset| format!("application/json; charset={charset}"));
            let raw = RawBody { bytes: bytes.to_vec().into(), content_type, ..RawBody::default() };
            let records = run(Format::Json, raw).expect("decoded");
            assert_eq!(records[0].value, Ok(json!({"标题": "路灯不亮"})), "{declared:?}");
        }
        let latin = RawBody {
            bytes: b"{\"a\":\"caf\xe9\"}".to_vec().into(),
            content_type: Some("application/json; charset=latin1".to_owned()),
            ..RawBody::default()
        };
        assert_eq!(run(Format::Json, latin).expect("decoded")[0].value, Ok(json!({"a": "café"})));
        let utf16: Vec<u16> = text.encode_utf16().collect();
        let little = [0xff, 0xfe].into_iter().chain(utf16.iter().flat_map(|unit| unit.to_le_bytes()));
        let big = [0xfe, 0xff].into_iter().chain(utf16.iter().flat_map(|unit| unit.to_be_bytes()));
        for bytes in [little.collect::<Vec<u8>>(), big.collect()] {
            let content_type = Some("application/json; charset=utf-8".to_owned());
            let raw = RawBody { bytes: bytes.into(), content_type, ..RawBody::default() };
            assert_eq!(run(Format::Json, raw).expect("decoded")[0].value, Ok(json!({"标题": "路灯不亮"})));
        }
        let raw = RawBody { bytes: vec![0xff, 0xff, 0xff].into(), ..RawBody::default() };
        assert_eq!(run(Format::Json, raw), Err(DecodeError::Charset("UTF-8 or GB18030".into())));
    }

    /// Bytes that some field was cut in, or that came from elsewhere: the other records are read, and no charset that happens
    /// to fit makes other words of them.
    #[test]
    fn a_broken_byte_touches_only_its_own_field() {
        let orders = r#"[{"a":"路灯不亮"},{"a":"暖气不?"},{"a":"管道漏水"}]"#;
        let (gb, ..) = GB18030.encode(orders);
        let broken =
            |bytes: &[u8], by: u8| -> Vec<u8> { bytes.iter().map(|b| if *b == b'?' { by } else { *b }).collect() };
        let cases = [
            (broken(orders.as_bytes(), 0xe7), Some("utf-8")),
            (broken(orders.as_bytes(), 0xe7), None),
            (broken(orders.as_bytes(), 0xff), Some("gbk")),
            (broken(orders.as_bytes(), 0xe7), Some("iso-8859-1")),
            (broken(&gb, 0xff), Some("gbk")),
            (broken(&gb, 0xff), Some("utf-8")),
            (broken(&gb, 0xff), Some("iso-8859-1")),
            (broken(&gb, 0xff), None),
        ];
        for (bytes, declared) in cases {
            let content_type = declared.map(|charset| format!("application/json; charset={charset}"));
            let raw = RawBody { bytes: bytes.into(), content_type, ..RawBody::default() };
            let values = run(Format::Json, raw).map(|all| all.into_iter().map(|r| r.value.expect("read")).collect());
            let expected = vec![json!({"a": "路灯不亮"}), json!({"a": "暖气不\u{fffd}"}), json!({"a": "管道漏水"})];
            assert_eq!(values, Ok(expected), "{declared:?}");
        }
        // The last byte of a text is missing, two of its characters could be GB18030: its neighbours say what it is.
        let mut cut = "[{\"a\":\"路灯不亮\"},{\"a\":\"坏".as_bytes().to_vec();
        cut.pop();
        cut.extend(b"\"}]");
        let raw = RawBody { bytes: cut.into(), ..RawBody::default() };
        assert_eq!(run(Format::Json, raw).expect("read")[1].value, Ok(json!({"a": "\u{fffd}"})));
    }

    #[test]
    fn rows_and_lines_are_records() {
        let body = |text: &str, kind: &str| {
            let (gb, ..) = GB18030.encode(text);
            RawBody { bytes: gb.to_vec().into(), content_type: Some(kind.to_owned()), ..RawBody::default() }
        };
        let csv = body("编号,内容\n1,路灯不亮\n2,a,b\n3,暖气不热\n", "text/csv");
        let rows = run(Format::Csv, csv).expect("decoded");
        assert_eq!(rows[0].value, Ok(json!({"编号": "1", "内容": "路灯不亮"})));
        assert_eq!(rows[1].value, Err(RecordError::Ragged { index: 1, cells: 3, names: 2 }));
        assert_eq!(rows[2].value, Ok(json!({"编号": "3", "内容": "暖气不热"})));
        assert_eq!(run(Format::Csv, body("没有表头", "text/csv")), Err(DecodeError::NoTable(NoTable::NoHead)));
        assert_eq!(run(Format::Csv, RawBody::json("[{}]")).map(|r| r.len()), Ok(1));
        let lines = run(Format::Json, body("{\"a\":1}\n{\"a\"\n{\"a\":3}", "application/x-ndjson")).expect("decoded");
        assert_eq!(lines.iter().map(|line| line.value.is_ok()).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn a_form_holds_json() {
        let raw = |body: &'static str| RawBody { bytes: body.into(), ..RawBody::default() };
        assert_eq!(run(Format::Form, raw("jsonData=%5B%7B%7D%5D&x=1")).map(|r| r.len()), Ok(1));
        assert_eq!(run(Format::Form, raw("x=1")), Err(DecodeError::NoJsonData));
        assert_eq!(run(Format::Form, RawBody::json("[{}]")).map(|r| r.len()), Ok(1));
    }
}
