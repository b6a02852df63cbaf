//! Records that stand in rows: a spreadsheet as CSV, JSON line by line. Pure; a broken row does not lose the others.

use serde_json::{Map as Object, Value};

/// A row that has more cells than the head line has names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooWide {
    /// Its cells.
    pub(crate) cells: usize,
    /// The names in the head line.
    pub(crate) names: usize,
}

/// Lines of JSON: two or more, of which the first is an object.
pub(crate) fn json_lines(text: &str) -> Option<Vec<Result<Value, serde_json::Error>>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = serde_json::from_str::<Value>(lines.next()?).ok().filter(Value::is_object)?;
    let rest: Vec<_> = lines.map(serde_json::from_str).collect();
    (!rest.is_empty()).then(|| std::iter::once(Ok(first)).chain(rest).collect())
}

/// The rows of a spreadsheet by the names in its head line, the first line with at least two cells that say something:
/// a title may stand above it. Cells are parted by commas, tabs or semicolons.
pub(crate) fn table(text: &str) -> Option<Vec<Result<Value, TooWide>>> {
    let separators = [b',', b'\t', b';'];
    let count = |of: &u8| text.lines().take(5).map(|line| line.bytes().filter(|b| b == of).count()).sum::<usize>();
    let separator = separators.into_iter().max_by_key(count).filter(|of| count(of) > 0)?;
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| row.map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect()))
        .collect::<Result<_, _>>()
        .ok()?;
    let says = |row: &&Vec<String>| row.iter().any(|cell| !cell.is_empty());
    let mut rows = rows.iter().skip_while(|row| row.iter().filter(|cell| !cell.is_empty()).count() < 2);
    let head = distinct(rows.next()?);
    let record = |row: &Vec<String>| match row.get(head.len()..) {
        Some(more) if more.iter().any(|cell| !cell.is_empty()) => Err(TooWide { cells: row.len(), names: head.len() }),
        _ => {
            let named = head.iter().zip(row).filter(|(name, _)| !name.is_empty());
            Ok(Value::Object(
                named.map(|(name, cell)| (name.clone(), Value::String(cell.clone()))).collect::<Object<_, _>>(),
            ))
        }
    };
    Some(rows.filter(says).map(record).collect())
}

/// A name that is met again gets a number: no column hides another.
fn distinct(head: &[String]) -> Vec<String> {
    let times = |at: usize| head[..=at].iter().filter(|name| **name == head[at]).count();
    let numbered = |(at, name): (usize, &String)| match times(at) {
        1 => name.clone(),
        _ if name.is_empty() => String::new(),
        times => format!("{name}_{times}"),
    };
    head.iter().enumerate().map(numbered).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_spreadsheet_is_read_by_its_head_line() {
        let text = "工单导出,,,\n编号,电话,电话,\n1,甲,乙,\n\n2,\"丙,\n丁\"\n3,a,b,c,d\n";
        let rows = table(text).expect("rows");
        assert_eq!(rows[0], Ok(json!({"编号": "1", "电话": "甲", "电话_2": "乙"})));
        assert_eq!(rows[1], Ok(json!({"编号": "2", "电话": "丙,\n丁"})));
        assert_eq!(rows[2], Err(TooWide { cells: 5, names: 4 }));
        assert_eq!(rows.len(), 3);
        assert!(table("编号").is_none());
    }

    #[test]
    fn a_broken_line_does_not_lose_the_others() {
        let rows = json_lines("{\"a\":1}\n\n{\"a\":\n{\"a\":3}\n").expect("rows");
        assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        for text in ["{\"a\":1}", "{\n\"a\":1}", "[1]\n[2]", ""] {
            assert!(json_lines(text).is_none(), "{text}");
        }
    }
}
