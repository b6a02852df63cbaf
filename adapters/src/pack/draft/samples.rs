//! Sample records as people have them at hand: JSON, a list, a page around a list, JSON lines, a form, CSV; in UTF-8 or
//! GB18030. Pure.

use serde_json::{Map as Object, Value};

use super::DraftError;
use crate::charset;
use crate::decode::Format;
use crate::form;
use crate::json;
use crate::map::RecordPath;
use crate::rows;

/// One file of samples.
pub(super) struct Document {
    /// Its name without the ending.
    pub(super) name: String,
    /// All of it, as JSON.
    pub(super) whole: Value,
    /// Where in it the list of records lies; none where it is one itself, or one record.
    pub(super) list: Option<String>,
    /// How it would be pushed.
    pub(super) format: Format,
    /// Rows or lines that could not be read.
    broken: usize,
}

/// Names of what stands around records and says nothing of a case.
const ENVELOPE: &[&str] = &[
    "code",
    "msg",
    "message",
    "success",
    "ok",
    "status",
    "total",
    "totalcount",
    "totalnum",
    "count",
    "page",
    "pagenum",
    "pageno",
    "pageindex",
    "pagesize",
    "size",
    "limit",
    "current",
    "pages",
    "timestamp",
    "time",
    "traceid",
    "requestid",
    "errcode",
    "errmsg",
    "errorcode",
    "next",
    "nextcursor",
    "cursor",
    "hasmore",
    "hasnext",
    "returncode",
    "returnmsg",
    "exporttime",
    "pagecount",
    "totalpage",
    "sign",
    "signature",
    "appid",
    "appkey",
    "nonce",
    "version",
    "resultcode",
    "resultmsg",
    "batchno",
];
/// Fields of its own from which on an object is a record and no page.
const RECORD_FIELDS: usize = 3;

/// Records read of one file at most.
const MOST_SAMPLES: usize = 5_000;

/// Reads one file.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Document, DraftError> {
    let unreadable = |why: &str| DraftError::Sample { file: file.to_owned(), why: why.to_owned() };
    let name = file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
    let pushed = form::field(bytes, "jsonData");
    let (bytes, format) = pushed.as_deref().map_or((bytes, Format::Json), |json| (json, Format::Form));
    let text =
        charset::text(bytes, None).ok_or_else(|| unreadable("bytes that are text neither in UTF-8 nor in GB18030"))?;
    let text = text.trim();
    if text.starts_with('<') {
        return Err(unreadable("XML, which no channel decodes yet: convert it to JSON"));
    }
    let (whole, broken, format) = match json::parse(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => (value, 0, format),
        _ => match rows::json_lines(text, MOST_SAMPLES, json::parse) {
            Some(lines) => whole_ones(lines, format),
            // Its commas would make a table of it.
            None if crate::looks::begins_as_data(text) => return Err(unreadable("broken JSON")),
            None => {
                let unread = |why| unreadable(&format!("neither JSON, JSON lines nor a readable table: {why}"));
                whole_ones(rows::table(text, MOST_SAMPLES).map_err(unread)?, Format::Csv)
            }
        },
    };
    let list = list_in(&whole, "");
    let document = Document { name, whole, list, format, broken };
    if document.records().is_empty() {
        return Err(unreadable("no record: expected at least one object"));
    }
    Ok(document)
}

/// The rows that could be read, how many could not, and what they are of.
fn whole_ones<E>(rows: Vec<Result<Value, E>>, format: Format) -> (Value, usize, Format) {
    let all = rows.len();
    let whole: Vec<Value> = rows.into_iter().flatten().collect();
    let broken = all - whole.len();
    (Value::Array(whole), broken, format)
}

impl Document {
    /// Its records.
    pub(super) fn records(&self) -> Vec<&Value> {
        match self.elements() {
            Some(list) => list.iter().filter(|record| record.is_object()).collect(),
            None => vec![&self.whole],
        }
    }

    /// What stands among its records and is none.
    pub(super) fn left_out(&self) -> usize {
        let others = self.elements().into_iter().flatten().filter(|element| !element.is_object()).count();
        self.broken + others
    }

    fn elements(&self) -> Option<&Vec<Value>> {
        match (&self.whole, &self.list) {
            (Value::Array(list), _) => Some(list),
            (whole, Some(path)) => RecordPath::parse(path).and_then(|path| path.get(whole)).and_then(Value::as_array),
            _ => None,
        }
    }
}

/// Where the list of records lies in what is a page; none in what is a record.
fn list_in(value: &Value, at: &str) -> Option<String> {
    let Value::Object(object) = value else { return None };
    let below = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    let own = |object: &Object<String, Value>| {
        let is_own = |key: &str| !ENVELOPE.contains(&key.replace('_', "").to_ascii_lowercase().as_str());
        object.iter().filter(|(key, value)| !value.is_object() && !value.is_array() && is_own(key)).count()
    };
    let is_record = |value: &Value| value.as_object().is_some_and(|object| own(object) >= RECORD_FIELDS);
    // Numbers beside a list of records count and page it, whatever they are called.
    let texts = |object: &Object<String, Value>| object.values().filter(|value| value.is_string()).count();
    let holds_records = object.values().filter_map(Value::as_array).any(|list| list.iter().any(is_record));
    if own(object) >= RECORD_FIELDS && (!holds_records || texts(object) > 0) {
        return None;
    }
    let lists = object.iter().filter_map(|(key, value)| Some((key, value.as_array()?)));
    let longest = lists.filter(|(_, list)| list.iter().any(Value::is_object)).max_by_key(|(_, list)| list.len());
    match longest {
        Some((key, _)) if !object.values().any(is_record) => Some(below(key)),
        Some(_) => None,
        None => object.iter().find_map(|(key, value)| list_in(value, &below(key))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_in_many_forms() {
        let check = |file: &str, bytes: &[u8], list: Option<&str>, records: usize| {
            let document = read(file, bytes).expect("read");
            assert_eq!((document.list.as_deref(), document.records().len()), (list, records), "{file}");
        };
        let record = r#"{"a":1,"b":2,"c":3}"#;
        check("one.json", record.as_bytes(), None, 1);
        check("list.json", format!("[{record},{record}]").as_bytes(), None, 2);
        check("lines.jsonl", format!("{record}\n\n{record}\n").as_bytes(), None, 2);
        check(
            "page.json",
            format!(r#"{{"code":0,"data":{{"total":2,"rows":[{record},{record}]}}}}"#).as_bytes(),
            Some("data.rows"),
            2,
        );
        check(
            "counted.json",
            format!(r#"{{"errCode":0,"result":{{"pageIdx":1,"pageCnt":1,"totalCnt":1,"list":[{record}]}}}}"#)
                .as_bytes(),
            Some("result.list"),
            1,
        );
        check("parts.json", format!(r#"{{"main":{record},"people":[{{"n":"x"}}]}}"#).as_bytes(), None, 1);
        check("form.txt", format!("charset=utf-8&jsonData=%5B{record}%5D").as_bytes(), None, 1);
        check(
            "sheet.csv",
            "\u{feff}工单导出,,\n编号,内容,时间\n1,甲,2026-01-02\n,,\n2,\"乙,丙\",\n".as_bytes(),
            None,
            2,
        );
        let (gb, ..) = encoding_rs::GB18030.encode("编号\t内容\n1\t路灯不亮\n");
        check("sheet.txt", &gb, None, 1);
        check("broken.jsonl", format!("{record}\n{{\n7\n{record}\n").as_bytes(), None, 2);
        for (file, bytes, left_out) in [
            ("broken.jsonl", format!("{record}\n{{\n7\n{record}\n"), 2),
            ("ragged.csv", "编号,内容,电话\n1,甲,乙\n2,丙\n3,丁,戊,己\n".to_owned(), 2),
            ("list.json", format!("[{record},7]"), 1),
            ("one.json", record.to_owned(), 0),
        ] {
            assert_eq!(read(file, bytes.as_bytes()).expect("read").left_out(), left_out, "{file}");
        }
        let said = |text: &str| read("a", text.as_bytes()).err().expect("refused").to_string();
        assert!(said("编号,内容\n1,\"甲\n2,乙\n").contains("a quote is open at the end"));
        assert!(said("{\"a\": 1,\n\"b\": 2,\n\"c\":").ends_with("holds broken JSON"));
        for (file, bytes) in [("a.xml", "<a/>"), ("b.txt", "plain"), ("c.json", "[]")] {
            assert!(read(file, bytes.as_bytes()).is_err(), "{file}");
        }
    }
}
