//! Code tables: `tables/*.csv` with the columns `code,word` and any others for people. A code stands once.

use std::collections::HashMap;

use super::issue::Issue;

/// A code table, by the source's code.
#[derive(Debug)]
pub(crate) struct Table {
    file: String,
    rows: HashMap<String, Row>,
}

#[derive(Debug)]
struct Row {
    word: String,
    line: u64,
}

impl Table {
    /// Reads a table; what is wrong in it goes to `issues`.
    pub(crate) fn read(file: &str, text: &str, issues: &mut Vec<Issue>) -> Self {
        let mut table = Self { file: file.to_owned(), rows: HashMap::new() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
        let columns = reader.headers().map(|h| (column(h, "code"), column(h, "word")));
        let Ok((Some(code), Some(word))) = columns else {
            issues.push(Issue::new(file, "line 1", "", "the columns `code` and `word`"));
            return table;
        };
        for row in reader.records() {
            match row {
                Ok(row) => table.add(&row, code, word, issues),
                Err(error) => issues.push(Issue::new(file, "csv", &error.to_string(), "a readable CSV file")),
            }
        }
        table
    }

    fn add(&mut self, row: &csv::StringRecord, code: usize, word: usize, issues: &mut Vec<Issue>) {
        let line = row.position().map_or(0, csv::Position::line);
        let key = format!("line {line}");
        let (Some(code), Some(word)) = (row.get(code), row.get(word)) else {
            issues.push(Issue::new(&self.file, &key, "", "a code and a word"));
            return;
        };
        if self.rows.insert(code.to_owned(), Row { word: word.to_owned(), line }).is_some() {
            issues.push(Issue::new(&self.file, &key, code, "each code once"));
        }
    }

    /// The word for a code.
    pub(crate) fn word(&self, code: &str) -> Option<&str> {
        self.rows.get(code).map(|row| row.word.as_str())
    }

    /// Complains of every word that is not one of ours.
    pub(crate) fn check(&self, good: &dyn Fn(&str) -> bool, expected: &str, issues: &mut Vec<Issue>) {
        let mut bad: Vec<&Row> = self.rows.values().filter(|row| !good(&row.word)).collect();
        bad.sort_by_key(|row| row.line);
        issues.extend(bad.iter().map(|row| Issue::new(&self.file, &format!("line {}", row.line), &row.word, expected)));
    }
}

fn column(headers: &csv::StringRecord, name: &str) -> Option<usize> {
    headers.iter().position(|h| h == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_and_checked() {
        let mut issues = Vec::new();
        let table = Table::read("tables/t.csv", "\u{feff}code,word,note\n1,yes,好\n2, no ,\n", &mut issues);
        assert!(issues.is_empty());
        assert_eq!((table.word("1"), table.word("2"), table.word("3")), (Some("yes"), Some("no"), None));
        table.check(&|w| w == "yes", "`yes`", &mut issues);
        assert_eq!(issues[0].to_string(), "tables/t.csv: line 3: `no` is not valid: expected `yes`");
    }

    #[test]
    fn a_code_stands_once_and_columns_are_named() {
        let mut issues = Vec::new();
        Table::read("tables/t.csv", "code,word\n1,a\n1,b\n", &mut issues);
        Table::read("tables/u.csv", "c,w\n1,a\n", &mut issues);
        let said: Vec<String> = issues.iter().map(ToString::to_string).collect();
        assert_eq!(said[0], "tables/t.csv: line 3: `1` is not valid: expected each code once");
        assert!(said[1].starts_with("tables/u.csv: line 1"));
    }
}
