//! Labelled texts from a table (CSV with a header) or from JSON lines. Every error names file, line, field and value.

use std::fmt;

use huiliu_schemas::places::MatterCode;

use crate::directory::matters::Matters;
use crate::directory::problem::shorten;

/// One labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its title; may be empty.
    pub title: String,
    /// Its text.
    pub text: String,
    /// What it is.
    pub matter: MatterCode,
}

impl Example {
    /// The first-level class, from 0.
    pub fn class(&self) -> usize {
        super::class_index(&self.matter)
    }
}

/// What the fields are called: one name, or several with a comma, of which the first that is there counts.
#[derive(Debug, Clone)]
pub struct Fields {
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// The class: a code or a name of any level.
    pub label: String,
}

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// The field; empty where the whole line is meant.
    pub field: String,
    /// What was met, shortened.
    pub value: String,
    /// What would have been right.
    pub expected: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if !self.field.is_empty() {
            write!(f, " field `{}`", self.field)?;
        }
        write!(f, ": met `{}`, expected {}", self.value, self.expected)
    }
}

/// Reads a file's text: JSON lines where its first character is `{`, else a table.
pub fn read(file: &str, text: &str, fields: &Fields, matters: &Matters) -> Result<Vec<Example>, Vec<Wrong>> {
    let text = text.trim_start_matches('\u{feff}');
    let (mut examples, mut wrong) = (Vec::new(), Vec::new());
    for record in records(file, text) {
        match record.and_then(|record| record.example(fields, matters)) {
            Ok(example) => examples.push(example),
            Err(one) => wrong.push(one),
        }
    }
    if wrong.is_empty() { Ok(examples) } else { Err(wrong) }
}

/// A file's lines: JSON lines where its first character is `{`, else a table.
pub fn records<'a>(file: &'a str, text: &str) -> Vec<Result<Record<'a>, Wrong>> {
    if text.trim_start().starts_with('{') { json_lines(file, text) } else { table(file, text) }
}

/// One line of a table, or one of JSON.
pub struct Record<'a> {
    file: &'a str,
    line: usize,
    cells: Vec<(String, String)>,
}

impl Record<'_> {
    fn example(&self, fields: &Fields, matters: &Matters) -> Result<Example, Wrong> {
        let title = self.cell(&fields.title).unwrap_or_default().to_owned();
        let text = self.cell(&fields.text).ok_or_else(|| self.lacks(&fields.text))?.to_owned();
        if title.trim().is_empty() && text.trim().is_empty() {
            return Err(self.wrong(&fields.text, &text, "a text, or a title"));
        }
        let label = self.cell(&fields.label).ok_or_else(|| self.lacks(&fields.label))?;
        let matter = matter_of(label.trim(), matters).map_err(|expected| self.wrong(&fields.label, label, expected))?;
        Ok(Example { title, text, matter })
    }

    /// The first of the fields named (several with a comma) that is there.
    pub fn cell(&self, fields: &str) -> Option<&str> {
        let cell = |field: &str| self.cells.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str());
        fields.split(',').find_map(|field| cell(field.trim()))
    }

    /// That it has no field of this name.
    pub fn lacks(&self, field: &str) -> Wrong {
        let names: Vec<&str> = self.cells.iter().map(|(name, _)| name.as_str()).collect();
        self.wrong(
            field,
            &names.join(", "),
            "a field of this name (another can be named with --title-field, --text-field, --label-field)",
        )
    }

    /// That a field does not hold what it should.
    pub fn wrong(&self, field: &str, value: &str, expected: &str) -> Wrong {
        let (file, value) = (self.file.to_owned(), shorten(value));
        Wrong { file, line: self.line, field: field.into(), value, expected: expected.into() }
    }
}

/// A code, or a name whose possible meanings lie in one first-level class.
fn matter_of(label: &str, matters: &Matters) -> Result<MatterCode, &'static str> {
    if let Some(code) = label.parse().ok().filter(|c| matters.get(c).is_some()) {
        return Ok(code);
    }
    let found = matters.find(label);
    match found.as_slice() {
        [] => Err("a code or a name of matters.csv"),
        [one] => Ok(one.clone()),
        [first, rest @ ..] if rest.iter().all(|c| c.first_level() == first.first_level()) => Ok(first.first_level()),
        _ => Err("a name that stands in one first-level class only: give the code, or the path with `>`"),
    }
}

fn json_lines<'a>(file: &'a str, text: &str) -> Vec<Result<Record<'a>, Wrong>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| json_line(file, at + 1, line)).collect()
}

fn json_line<'a>(file: &'a str, line: usize, text: &str) -> Result<Record<'a>, Wrong> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(|error| Wrong {
        file: file.into(),
        line,
        field: String::new(),
        value: shorten(text),
        expected: format!("a JSON object on one line ({error})"),
    })?;
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    Ok(Record { file, line, cells: object.into_iter().map(|(name, value)| (name, plain(value))).collect() })
}

fn table<'a>(file: &'a str, text: &str) -> Vec<Result<Record<'a>, Wrong>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let names: Vec<String> =
        reader.headers().map_or_else(|_| Vec::new(), |h| h.iter().map(|n| n.trim().to_owned()).collect());
    reader
        .records()
        .map(|record| {
            let wrong = |error: &csv::Error| {
                let line = error.position().map_or(0, csv::Position::line);
                let line = usize::try_from(line).unwrap_or(0);
                Wrong {
                    file: file.into(),
                    line,
                    field: String::new(),
                    value: error.to_string(),
                    expected: "well-formed CSV".into(),
                }
            };
            let record = record.map_err(|e| wrong(&e))?;
            let line = record.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
            let cells = names.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
            Ok(Record { file, line, cells })
        })
        .collect()
}
