//! How findings about files that people keep are printed, and what they mean for the exit code.

use std::process::ExitCode;

use huiliu_schemas::finding::{Finding, Severity};

use super::out::say;

/// Prints findings; the files are relative to `folder`, where one is given.
pub(super) fn tell(folder: &str, findings: &[Finding]) -> std::io::Result<()> {
    for finding in findings {
        let severity = match finding.severity {
            Severity::Error => "错误",
            Severity::Warning => "警告",
        };
        say(format!("{folder}{}:{} {severity} {}\n    {}", finding.file, finding.line, finding.zh, finding.en))?;
    }
    Ok(())
}

/// How many there are of each kind, in words.
pub(super) fn counted(findings: &[Finding]) -> String {
    let errors = errors(findings);
    let warnings = findings.len() - errors;
    format!("{errors} 个错误，{warnings} 个警告 ({errors} errors, {warnings} warnings)")
}

/// Errors fail, warnings do not.
pub(super) fn exit_code(findings: &[Finding]) -> ExitCode {
    if errors(findings) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn errors(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}
