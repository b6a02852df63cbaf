//! Records that stand in rows: a spreadsheet as CSV, JSON line by line. Pure; a broken row does not lose the others.

use std::collections::HashMap;
use std::io::Read as _;

use serde_json::Value;
use thiserror::Error;

use crate::looks::{holds_personal_number, is_digits, is_phone};
use crate::order_number::is_day;

/// A row that is not as its head line: with more cells or fewer, or joined with another by a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ragged {
    /// Its cells.
    pub(crate) cells: usize,
    /// The names in the head line.
    pub(crate) names: usize,
}

/// Why a text is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoTable {
    /// No head line.
    #[error("expected CSV with a head line of two names or more")]
    NoHead,
    /// More names than any spreadsheet of cases has.
    #[error("{0} names in the head line: expected at most {MOST_NAMES}")]
    TooManyNames(usize),
    /// A quote that is never closed: what it swallowed nobody can tell.
    #[error("a quote is open at the end: expected every cell that begins with one to end with one")]
    OpenQuote,
    /// More than is taken at once.
    #[error("more than {MOST_CELLS} cells: expected fewer rows at once")]
    TooManyCells,
}

const MOST_NAMES: usize = 500;
const MOST_CELLS: usize = 500_000;

/// Lines of JSON: two or more, of which the first is an object; no more than `most` of them are read, and one.
pub(crate) fn json_lines<E>(
    text: &str,
    most: usize,
    read: impl Fn(&str) -> Result<Value, E>,
) -> Option<Vec<Result<Value, E>>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = read(lines.next()?).ok().filter(Value::is_object)?;
    let rest: Vec<_> = lines.take(most).map(read).collect();
    (!rest.is_empty()).then(|| std::iter::once(Ok(first)).chain(rest).collect())
}

/// The rows of a spreadsheet by the names in its head line, the first line with at least two cells that say something:
/// a title may stand above it, and a sum or who made it below the rows. Cells are parted by commas, tabs or semicolons. No more
/// than `most` rows are read, and one.
pub(crate) fn table(text: &str, most: usize) -> Result<Vec<Result<Value, Ragged>>, NoTable> {
    let separators = [',', '\t', ';'];
    let count = |of: &char| text.lines().take(5).map(|line| line.matches(*of).count()).sum::<usize>();
    let separator = separators.into_iter().max_by_key(count).filter(|of| count(of) > 0).ok_or(NoTable::NoHead)?;
    // The end is told from a quote that is still open by a row of our own behind it.
    let end = format!("\n{END}\n");
    let ended = text.as_bytes().chain(end.as_bytes());
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.delimiter(separator as u8).has_headers(false).flexible(true).from_reader(ended);
    let mut rows = reader.records().map_while(Result::ok);
    let head = rows.by_ref().find(|row| filled(row) >= 2).ok_or(NoTable::NoHead)?;
    if head.len() > MOST_NAMES {
        return Err(NoTable::TooManyNames(head.len()));
    }
    let names = distinct(&head);
    let (mut found, mut below, mut cells) = (Vec::new(), Vec::new(), 0);
    for row in rows {
        if row.len() == 1 && row.get(0) == Some(END) {
            return Ok(found);
        }
        cells += row.len();
        if cells > MOST_CELLS {
            return Err(NoTable::TooManyCells);
        }
        if is_footer(&row) {
            below.push(record(&row, &names, separator));
        } else if filled(&row) > 0 {
            found.append(&mut below);
            found.push(record(&row, &names, separator));
        }
        if found.len() > most {
            return Ok(found);
        }
    }
    Err(NoTable::OpenQuote)
}

/// No spreadsheet ends so.
const END: &str = "\u{1}end";

fn filled(row: &csv::StringRecord) -> usize {
    row.iter().filter(|cell| !cell.trim().is_empty()).count()
}

/// What offices write under a table: its sum, and who made it and when. With another row below it, it is a row like others; so it
/// is where in doubt, for what is dropped nobody misses.
fn is_footer(row: &csv::StringRecord) -> bool {
    const SUMS: [&str; 5] = ["合计", "总计", "小计", "共计", "累计"];
    let mut cells = row.iter().map(str::trim).filter(|cell| !cell.is_empty());
    let Some(first) = cells.next() else { return false };
    if let Some(sum) = SUMS.iter().find_map(|word| first.strip_prefix(word)) {
        return is_short(sum) && is_count(sum) && cells.all(|cell| is_short(cell) && is_small(cell));
    }
    let Some(mut label) = Label::read(first) else { return false };
    for cell in cells {
        label = match (Label::read(cell), label) {
            (Some(next), _) => next,
            (None, Label::Asks) if is_short(cell) && is_plain(cell) => Label::Says,
            (None, _) if is_small(cell) => Label::Says,
            (None, _) => return false,
        };
    }
    true
}

/// Who made a table, or when: in the label's own cell, or in the next one.
enum Label {
    Says,
    Asks,
}

impl Label {
    fn read(cell: &str) -> Option<Self> {
        const MAKERS: [&str; 9] = ["制表", "填表", "填报", "审核", "导出", "打印", "负责人", "日期", "时间"];
        const UNITS: [&str; 3] = ["单位", "部门", "机构"];
        let (what, said) = cell.split_once([':', '：'])?;
        let (what, said) = (what.trim(), said.trim());
        let longest = if UNITS.iter().any(|word| what.ends_with(word)) { 24 } else { 8 };
        let is_name = said.chars().count() <= longest && is_plain(said);
        let is_label = is_short(what) && MAKERS.iter().any(|word| what.starts_with(word));
        match said {
            _ if !is_label => None,
            "" => Some(Self::Asks),
            _ => (is_name || is_small(said)).then_some(Self::Says),
        }
    }
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= 12
}

/// A name or a word, with no figure and no sentence in it.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_ascii_digit() || "，。；,;！？".contains(c))
}

fn is_count(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || " :：.,-—/年月日共计件条户元人次笔个".contains(c))
}

/// Counts or dates something: neither a telephone nor an order's number does.
fn is_small(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let runs = || text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    let in_parts =
        || text.split(|c: char| !c.is_ascii_digit() && !"-—".contains(c)).filter(|part| part.contains(['-', '—']));
    let is_dashed = in_parts().any(|part| part.split(['-', '—']).any(|run| run.len() >= 5));
    is_count(text)
        && runs().all(|run| run.len() <= 6 || is_day(run))
        && !is_dashed
        && !holds_personal_number(text)
        && (is_day(&digits) || !is_phone(text))
}

fn record(row: &csv::StringRecord, names: &[String], separator: char) -> Result<Value, Ragged> {
    let more = row.iter().skip(names.len()).any(|cell| !cell.trim().is_empty());
    let joined = (0..row.len()).any(|column| is_joined(row, column, names.len(), separator));
    if more || row.len() < names.len() || joined {
        return Err(Ragged { cells: row.len(), names: names.len() });
    }
    let named = names.iter().zip(row).filter(|(name, _)| !name.is_empty());
    Ok(Value::Object(
        named.map(|(name, cell)| (name.clone(), Value::String(unguarded(cell.trim()).to_owned()))).collect(),
    ))
}

/// Whether a quote that should not be open joined two rows in this cell: cut at its first and at its last line break, the row
/// makes two that have a cell for each name, and as many, or the latter more, as where its quotes end at one with a separator
/// behind it. In a narrow sheet a text of several lines may look like that.
fn is_joined(row: &csv::StringRecord, column: usize, names: usize, separator: char) -> bool {
    let ends = row.get(column).and_then(|cell| Some((cell.split_once('\n')?.0, cell.rsplit_once('\n')?.1)));
    let Some((first, last)) = ends else { return false };
    let cells = |text: &str| text.matches(separator).count() + 1;
    let (former, latter) = (column + cells(first), cells(last) + row.len() - 1 - column);
    former >= names && (former == latter || (former == names && latter >= names))
}

/// A cell without what people put around a long number so that a spreadsheet does not round it: `="2026…"`, `'2026…`.
fn unguarded(cell: &str) -> &str {
    let inner = match cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        Some(formula) => Some(formula).filter(|text| !text.contains('"')),
        None => cell.strip_prefix('\'').filter(|rest| is_digits(rest)),
    };
    inner.unwrap_or(cell)
}

/// A name that is met again gets a number: no column hides another.
fn distinct(head: &csv::StringRecord) -> Vec<String> {
    let mut met: HashMap<&str, usize> = HashMap::new();
    let mut numbered = |name| {
        let times = met.entry(name).or_default();
        *times += 1;
        if *times == 1 || name.is_empty() { name.to_owned() } else { format!("{name}_{times}") }
    };
    head.iter().map(str::trim).map(&mut numbered).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json;

    #[test]
    fn a_spreadsheet_is_read_by_its_head_line() {
        let text = "工单导出,,,\n编号,电话,电话,\n1,甲,乙,\n\n2,\"丙,\n丁\",,\n3,a,b,c,d\n4,只有两格\n5,a,b,,,\n";
        let rows = table(text, 9).expect("rows");
        assert_eq!(rows[0], Ok(json!({"编号": "1", "电话": "甲", "电话_2": "乙"})));
        assert_eq!(rows[1], Ok(json!({"编号": "2", "电话": "丙,\n丁", "电话_2": ""})));
        assert_eq!(rows[2], Err(Ragged { cells: 5, names: 4 }));
        assert_eq!(rows[3], Err(Ragged { cells: 2, names: 4 }), "a line broken in two is no record");
        assert_eq!(rows[4], Ok(json!({"编号": "5", "电话": "a", "电话_2": "b"})));
        assert_eq!(rows.len(), 5);
        let tabs = table("编号\t电话\t备注\n1\t甲\t", 9).expect("rows");
        assert_eq!(tabs[0], Ok(json!({"编号": "1", "电话": "甲", "备注": ""})), "the last row may end in empty cells");
        assert_eq!(table(text, 2).map(|rows| rows.len()), Ok(3), "one more than is taken");
    }

    /// What people put around long numbers, so that a spreadsheet does not round them.
    #[test]
    fn a_guard_is_no_part_of_what_it_guards() {
        let cell = |text: &str| {
            table(&format!("编号,内容\n{text},好\n"), 9).expect("rows")[0].clone().expect("a row")["编号"].clone()
        };
        for guarded in
            [r#"="2026030100000001""#, r#""=""2026030100000001""""#, "'2026030100000001", "\t2026030100000001"]
        {
            assert_eq!(cell(guarded), "2026030100000001", "{guarded}");
        }
        for bare in [r#"="a"&"b""#, "'5点'", "'夜里'", "=1", r#"=""#] {
            assert_eq!(cell(bare), bare, "what people write stays");
        }
    }

    #[test]
    fn what_stands_under_a_table_is_no_row() {
        let read = |rows: &str| table(&format!("编号,内容,金额\n1,工资,30\n{rows}"), 9).expect("rows").len();
        for below in [
            "合计,,30\n",
            "共计 1 件,,\n",
            ",总计：,30\n\n制表人：张三,审核人：李四,\n",
            "制表时间: 2026-03-01,,\n",
            "填表人：,张三,\n",
            "制表人：张三,,2026-03-01\n",
            "合计,-,30\n",
            "合计,,30\n导出时间：2026-03-01 10:23:45,,\n",
            "填报单位：江北区社会治理综合服务中心,,\n",
            "制表人：欧阳示例,20260301,\n",
        ] {
            assert_eq!(read(below), 1, "{below}");
        }
        for row in [
            "合计拖欠三万元,不给,30\n",
            "累计3个月工资没发,13812345678,GD0007\n",
            "累计3个月,13812345678,26030100017\n",
            "负责人：跑路了欠薪,13812345678,2026030100000017\n",
            "共计30人被欠薪,138,\n",
            "合计,路灯不亮,30\n",
            "审核人员态度差,,\n",
            "时间：昨晚八点，地点在庄桥街道天合家园三幢楼下,,\n",
            "审核：不通过,路灯不亮两个月了没人来修还要等多久,\n",
            "合计,,30\n2,路灯,\n",
            "制表,,\n",
            "时间：昨晚11点庄桥街道工地还在施工吵得睡不着,0574-87654321,20260301-0017\n",
            "时间：昨晚庄桥街道工地还在施工吵得睡不着,,\n",
            "负责人：跑路了欠薪,138-1234-5678,20260301-0017\n",
            "负责人：跑路了欠薪,138-1234-5678,\n",
            "负责人：跑路了欠薪,87654321,\n",
            "负责人：跑路了欠薪,8765-4321,\n",
            "负责人：跑路了欠薪,20260301-0017,\n",
            "负责人：,138-1234-5678,20260301\n",
            "合计,0574-12345,30\n",
        ] {
            assert_eq!(read(row), 1 + row.lines().count(), "{row}");
        }
    }

    #[test]
    fn a_quote_that_swallows_rows_is_noticed() {
        let head = "编号,内容,电话,地址,时间\n";
        assert_eq!(table(&format!("{head}1,\"断了,138,a,b\n2,好,139,a,b\n"), 9), Err(NoTable::OpenQuote));
        let swallowed = format!("{head}1,\"断了,138,a,b\n2,好,139,a,b\n3,好\",140,a,b\n4,5\"管漏水,141,a,b\n");
        let rows = table(&swallowed, 9).expect("rows");
        assert!(rows[0].is_err(), "{rows:?}");
        assert_eq!(
            rows[1].as_ref().map(|row| row["内容"].clone()),
            Ok(json!("5\"管漏水")),
            "a quote inside a cell is a sign"
        );
    }

    /// It ends at the next quote of its column, however many cells a row has: that row's other cells would be the first one's.
    #[test]
    fn a_stray_quote_joins_no_two_rows() {
        for (tail_of_head, tail) in
            [(",电话,地址,时间", ",138,a,b"), (",电话,地址,", ",138,a,"), (",电话,地址", ",138,a"), ("", "")]
        {
            let joined =
                format!("编号,内容{tail_of_head}\n1,\"我家门口…{tail}\n2,他说\"老赖\"不还{tail}\n3,好{tail}\n");
            let rows = table(&joined, 9).expect("rows");
            assert!(rows[0].is_err(), "{rows:?}");
            assert_eq!(rows[1].as_ref().map(|row| row["编号"].clone()), Ok(json!("3")));
        }
        // Behind its last cell the joined row has an empty one.
        let longer = "编号,内容,电话,地址,备注\n1,\"断了,138,a,\n2,好,139,a,\n3,\"好,的\",140,a,\n4,好,141,a,\n";
        let rows = table(longer, 9).expect("rows");
        assert!(rows[0].is_err(), "{rows:?}");
        // One column before, where the row's own last cell is empty.
        let before = "编号,标题,内容,电话,备注\n1,甲,\"我家门口…,138,\n2,\"甲\"乙,好,139,\n";
        assert!(table(before, 9).expect("rows")[0].is_err());
    }

    #[test]
    fn a_text_of_several_lines_is_one_cell() {
        for text in
            ["第一行\r\n\r\n第三行", "甲,乙\n丙,丁,戊", "住址:甲路,乙号\n", "\n1,2,3,4,5\n", "甲\n1. 乙\n2. 丙,"]
        {
            let rows =
                table(&format!("编号,内容,电话,地址,时间\n1,\"{text}\",138,a,b\n2,好,139,a,b\n"), 9).expect("rows");
            assert_eq!(rows[0].as_ref().map(|row| row["内容"].clone()), Ok(json!(text.trim())));
            assert_eq!(rows.len(), 2);
        }
    }

    #[test]
    fn no_table_costs_more_than_it_holds() {
        assert_eq!(table("编号", 9), Err(NoTable::NoHead));
        let wide = "a,".repeat(2_000_000);
        assert_eq!(table(&wide, 9), Err(NoTable::TooManyNames(2_000_001)));
        let long = format!("a,b\n{}", "1,2\n".repeat(1_000_000));
        assert_eq!(table(&long, 5_000).map(|rows| rows.len()), Ok(5_001));
        let blank = format!("a,b\n{}", ",\n".repeat(1_000_000));
        assert_eq!(table(&blank, 5_000), Err(NoTable::TooManyCells));
    }

    #[test]
    fn a_broken_line_does_not_lose_the_others() {
        let rows = json_lines("{\"a\":1}\n\n{\"a\":\n{\"a\":3}\n", 9, json::parse).expect("rows");
        assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        for text in ["{\"a\":1}", "{\n\"a\":1}", "[1]\n[2]", ""] {
            assert!(json_lines(text, 9, json::parse).is_none(), "{text}");
        }
    }
}
