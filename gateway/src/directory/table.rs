//! A CSV file as rows of named cells with their line numbers. Knows nothing of what the cells mean.
//! Column names may be the English or the Chinese ones; a column nobody knows is a problem, not a comment.

use std::str::FromStr;

use super::problem::{Problem, shorten};

/// An enum whose variants are the words a column may hold, in English or in Chinese.
macro_rules! file_words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal, $zh:literal;)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            const WORDS: &'static [(&'static str, &'static str, Self)] = &[$(($text, $zh, Self::$variant)),+];

            fn read(text: &str) -> Option<Self> {
                Self::WORDS.iter().find(|(en, zh, _)| *en == text || *zh == text).map(|(_, _, word)| *word)
            }

            /// The word people say.
            pub fn chinese(self) -> &'static str {
                Self::WORDS.iter().find(|w| w.2 == self).map_or("", |w| w.1)
            }
        }
    };
}
pub(crate) use file_words;

/// A column a file may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub name: &'static str,
    pub chinese: &'static str,
    pub required: bool,
}

/// A column the file must have.
pub(crate) const fn must(name: &'static str, chinese: &'static str) -> Column {
    Column { name, chinese, required: true }
}

/// A column the file may lack.
pub(crate) const fn may(name: &'static str, chinese: &'static str) -> Column {
    Column { name, chinese, required: false }
}

/// One line of a file.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub file: &'a str,
    pub line: u32,
    columns: &'a [Column],
    cells: Vec<String>,
}

/// Reads the rows of a file; what is wrong with its shape goes to `problems`.
pub(crate) fn rows<'a>(file: &'a str, text: &str, columns: &'a [Column], problems: &mut Vec<Problem>) -> Vec<Row<'a>> {
    // Whether a quote is open at the end is told by a line of our own behind it.
    let ended = format!("{text}\n{END}\n");
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(ended.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            problems.push(Problem::of_file(file, &error.to_string(), "a header line"));
            return Vec::new();
        }
    };
    let Some(places) = place_columns(file, &header, columns, problems) else { return Vec::new() };
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) if record.iter().eq([END]) => return rows,
            Ok(record) if record.iter().any(|cell| cell.contains(END)) => {
                problems.push(open_quote(file, text, &record));
            }
            Ok(record) => rows.extend(read_row(file, text, columns, &places, &header, &record, problems)),
            Err(error) => problems.push(Problem::of_file(file, &error.to_string(), "well-formed CSV")),
        }
    }
    rows
}

/// No file of a directory ends so.
const END: &str = "\u{1}end";

fn open_quote(file: &str, text: &str, record: &csv::StringRecord) -> Problem {
    Problem {
        file: file.into(),
        line: line_of(text, record),
        column: String::new(),
        value: "\"".into(),
        expected: "every quote closed; from this line on the file is one cell".into(),
    }
}

/// Where in the file each wanted column stands.
fn place_columns(
    file: &str,
    header: &csv::StringRecord,
    columns: &[Column],
    problems: &mut Vec<Problem>,
) -> Option<Vec<Option<usize>>> {
    let before = problems.len();
    let named = |c: &Column, h: &str| h == c.name || h == c.chinese;
    let known = columns.iter().map(|c| c.name).collect::<Vec<_>>().join(", ");
    for head in header.iter().filter(|h| !h.is_empty() && !columns.iter().any(|c| named(c, h))) {
        problems.push(at_header(file, head, &format!("one of {known}")));
    }
    for column in columns.iter().filter(|c| c.required && !header.iter().any(|h| named(c, h))) {
        problems.push(at_header(file, "", &format!("a column `{}` ({})", column.name, column.chinese)));
    }
    (problems.len() == before).then(|| columns.iter().map(|c| header.iter().position(|h| named(c, h))).collect())
}

fn at_header(file: &str, value: &str, expected: &str) -> Problem {
    Problem { file: file.into(), line: 1, column: "header".into(), value: shorten(value), expected: expected.into() }
}

fn read_row<'a>(
    file: &'a str,
    text: &str,
    columns: &'a [Column],
    places: &[Option<usize>],
    header: &csv::StringRecord,
    record: &csv::StringRecord,
    problems: &mut Vec<Problem>,
) -> Option<Row<'a>> {
    if record.iter().all(str::is_empty) {
        return None;
    }
    let line = line_of(text, record);
    if record.iter().skip(header.len()).any(|c| !c.is_empty()) {
        problems.push(Problem {
            file: file.into(),
            line,
            column: String::new(),
            value: format!("{} cells", record.len()),
            expected: format!("at most {} cells (quote a cell that contains a comma)", header.len()),
        });
        return None;
    }
    let is_prose = |at: usize| matches!(header.get(at), Some("note" | "备注" | "source" | "依据"));
    let is_joined = |at: usize, cell: &str| {
        cell.contains('\n') && !is_prose(at) || cell.lines().skip(1).any(|line| is_row(line, header.len()))
    };
    let joined = record.iter().enumerate().find(|(at, cell)| is_joined(*at, cell));
    if let Some((at, cell)) = joined {
        problems.push(Problem {
            file: file.into(),
            line,
            column: header.get(at).unwrap_or_default().into(),
            value: shorten(cell),
            expected: "a cell of one line, or prose that holds no other lines of the file: is a quote open?".into(),
        });
        return None;
    }
    let cell = |place: &Option<usize>| place.and_then(|p| record.get(p)).unwrap_or_default().to_owned();
    Some(Row { file, line, columns, cells: places.iter().map(cell).collect() })
}

/// Whether a line within a cell is a row of its own: a quote that should not be open ends at the next one, and takes the lines
/// between for one cell. Rows begin with a code; where they do not, they have a cell for each column.
fn is_row(line: &str, columns: usize) -> bool {
    const FEWEST: usize = 4;
    let cells = line.split(',').count();
    let code = line.split(',').next().unwrap_or_default();
    let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*'));
    cells >= columns.max(FEWEST) || (cells >= 2 && is_code)
}

/// The line on which the record's first character stands: the reader's own count begins before blank lines.
fn line_of(text: &str, record: &csv::StringRecord) -> u32 {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = text.as_bytes().get(start..).unwrap_or_default();
    let skipped = blank.iter().take_while(|b| matches!(b, b'\n' | b'\r')).filter(|b| **b == b'\n').count();
    u32::try_from(position.line()).unwrap_or(u32::MAX).saturating_add(u32::try_from(skipped).unwrap_or(0))
}

impl Row<'_> {
    /// The cell of a column; empty when the file has no such column.
    pub fn text(&self, column: &str) -> &str {
        self.columns.iter().position(|c| c.name == column).map_or("", |at| self.cells[at].as_str())
    }

    /// A problem with the cell of a column.
    pub fn problem(&self, column: &str, expected: impl Into<String>) -> Problem {
        Problem {
            file: self.file.into(),
            line: self.line,
            column: column.into(),
            value: shorten(self.text(column)),
            expected: expected.into(),
        }
    }

    /// A cell that must not be empty.
    pub fn filled(&self, column: &str, problems: &mut Vec<Problem>) -> Option<String> {
        let text = self.text(column);
        if text.is_empty() {
            problems.push(self.problem(column, "something; it must not be empty"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A cell that must be readable as `T`.
    pub fn parse<T: FromStr>(&self, column: &str, expected: &str, problems: &mut Vec<Problem>) -> Option<T> {
        self.read(column, expected, problems, |text| text.parse().ok())
    }

    /// A cell that must be readable by `reader`.
    pub fn read<T>(
        &self,
        column: &str,
        expected: &str,
        problems: &mut Vec<Problem>,
        reader: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = reader(self.text(column));
        if value.is_none() {
            problems.push(self.problem(column, expected));
        }
        value
    }

    /// A cell that may be empty, and else must be readable as `T`.
    pub fn optional<T: FromStr>(&self, column: &str, expected: &str, problems: &mut Vec<Problem>) -> Option<Option<T>> {
        if self.text(column).is_empty() { Some(None) } else { self.parse(column, expected, problems).map(Some) }
    }

    /// A cell that is a list.
    pub fn list(&self, column: &str) -> Vec<&str> {
        split_list(self.text(column))
    }
}

/// Splits a list as people write it.
pub(crate) fn split_list(text: &str) -> Vec<&str> {
    text.split([';', '；', '、', '|']).map(str::trim).filter(|t| !t.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[must("code", "代码"), may("note", "备注")];

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let mut problems = Vec::new();
        let text = "code,note\n\n1,\"two\nlines\"\n\n\n2,x\r\n,\n3,\n";
        let rows = rows("f.csv", text, COLUMNS, &mut problems);
        assert!(problems.is_empty());
        let lines: Vec<_> = rows.iter().map(|r| (r.text("code"), r.line)).collect();
        assert_eq!(lines, [("1", 3), ("2", 7), ("3", 9)]);
    }

    #[test]
    fn a_misspelled_or_missing_column_is_a_problem() {
        let mut problems = Vec::new();
        assert!(rows("f.csv", "cod,备注\n1,\n", COLUMNS, &mut problems).is_empty());
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "f.csv:1 column `header`: met `cod`, expected one of code, note",
                "f.csv:1 column `header`: met ``, expected a column `code` (代码)"
            ]
        );
    }
}
