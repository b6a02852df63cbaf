//! Code tables: `tables/*.csv` with the columns `code,word` and any others for people. A code stands once; one without a
//! word waits for its translation and is as good as not there.

use std::collections::HashMap;

use super::issue::Issue;

/// A code table, by the source's code.
#[derive(Debug)]
pub(crate) struct Table {
    file: String,
    rows: HashMap<String, Row>,
    waiting: Vec<(String, u64)>,
}

#[derive(Debug)]
struct Row {
    word: String,
    line: u64,
    /// It says something for people beside its word.
    noted: bool,
}

impl Table {
    /// Reads a table; what is wrong in it goes to `issues`.
    pub(crate) fn read(file: &str, text: &str, issues: &mut Vec<Issue>) -> Self {
        let mut table = Self { file: file.to_owned(), rows: HashMap::new(), waiting: Vec::new() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
        let columns = reader.headers().map(|h| (column(h, "code"), column(h, "word")));
        let Ok((Some(code), Some(word))) = columns else {
            issues.push(Issue::new(file, "line 1", "", "the columns `code` and `word`"));
            return table;
        };
        for row in reader.records() {
            match row {
                Ok(row) => table.add(&row, [code, word], issues),
                Err(error) => issues.push(Issue::new(file, "csv", &error.to_string(), "a readable CSV file")),
            }
        }
        table
    }

    fn add(&mut self, row: &csv::StringRecord, columns: [usize; 2], issues: &mut Vec<Issue>) {
        let line = row.position().map_or(0, csv::Position::line);
        let key = format!("line {line}");
        let (Some(code), Some(word)) = (row.get(columns[0]), row.get(columns[1])) else {
            issues.push(Issue::new(&self.file, &key, "", "a code and a word"));
            return;
        };
        let again = self.rows.contains_key(code) || self.waiting.iter().any(|(known, _)| known == code);
        if again {
            issues.push(Issue::new(&self.file, &key, code, "each code once"));
        } else if word.is_empty() {
            self.waiting.push((code.to_owned(), line));
        } else {
            let noted = row.iter().enumerate().any(|(at, cell)| !columns.contains(&at) && !cell.is_empty());
            self.rows.insert(code.to_owned(), Row { word: word.to_owned(), line, noted });
        }
    }

    /// The word for a code.
    pub(crate) fn word(&self, code: &str) -> Option<&str> {
        self.rows.get(code).map(|row| row.word.as_str())
    }

    /// The file it was read from, relative to the pack.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Codes without a word yet, with their lines.
    pub(crate) fn waiting(&self) -> &[(String, u64)] {
        &self.waiting
    }

    /// Codes that share their word with a code before them and do not say why: the code, its line, the one before it.
    pub(crate) fn sharing(&self) -> Vec<(&str, u64, &str)> {
        let mut rows: Vec<(&String, &Row)> = self.rows.iter().collect();
        rows.sort_by_key(|(_, row)| row.line);
        let first = |of: &Row| rows.iter().find(|(_, row)| row.word == of.word).map(|(code, _)| code.as_str());
        let shares =
            |(code, row): &(&String, &Row)| first(row).is_some_and(|before| before != code.as_str()) && !row.noted;
        rows.iter()
            .filter(|row| shares(row))
            .filter_map(|(code, row)| Some((code.as_str(), row.line, first(row)?)))
            .collect()
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
    fn a_code_without_a_word_waits_and_shared_words_are_told() {
        let mut issues = Vec::new();
        let text = "code,word,note\n1,a,\n2,,met 3 times\n3,a,\n4,a,the source knows no other\n";
        let table = Table::read("tables/t.csv", text, &mut issues);
        assert!(issues.is_empty());
        assert_eq!((table.word("2"), table.waiting()), (None, &[("2".to_owned(), 3)][..]));
        assert_eq!(table.sharing(), [("3", 4, "1")]);
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
