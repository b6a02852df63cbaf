//! What a check of the files people keep has found: where, how bad, what is wrong and what to do, in both languages.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Cases would go wrong or to triage: mend before use.
    Error,
    /// Probably not what was meant.
    Warning,
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// File, relative to the folder that was checked.
    pub file: String,
    /// Line in it; 0 when the whole file is meant.
    pub line: u32,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Finding {
    /// Something that has to be mended.
    pub fn error(file: &str, line: u32, zh: String, en: String) -> Self {
        Self { severity: Severity::Error, file: file.into(), line, zh, en }
    }

    /// Something that is probably not what was meant.
    pub fn warning(file: &str, line: u32, zh: String, en: String) -> Self {
        Self { severity: Severity::Warning, file: file.into(), line, zh, en }
    }
}
