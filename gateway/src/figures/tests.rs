//! The list, the code, the page of documentation, the alarms and the dashboard say the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{ALL, Figure};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Words that begin as our figures do; a histogram's parts count as it.
fn named_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|w| w.starts_with("huiliu_") || w.starts_with("process_"));
    let whole =
        |w: &str| ["_bucket", "_count", "_sum"].iter().find_map(|end| w.strip_suffix(end)).unwrap_or(w).to_owned();
    ours.map(whole).collect()
}

fn known() -> BTreeSet<String> {
    ALL.iter().map(|figure| figure.name.to_owned()).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("figures/list.rs") {
            found.push(path);
        }
    }
}

/// The figures the code counts: the first text within the parentheses of `counter!`, `gauge!` and `histogram!`.
fn counted() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("gateway/src"), &mut files);
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("source");
        for call in ["counter!(", "gauge!(", "histogram!("] {
            let named = text.split(call).skip(1).filter_map(|after| after.trim_start().strip_prefix('"'));
            let names = named.filter_map(|after| Some(after.split_once('"')?.0));
            found.extend(names.filter(|name| name.starts_with("huiliu_")).map(str::to_owned));
        }
    }
    found
}

#[test]
fn what_is_counted_is_listed_and_what_is_listed_is_counted() {
    let ours: BTreeSet<String> = known().into_iter().filter(|name| name.starts_with("huiliu_")).collect();
    assert_eq!(counted(), ours);
    assert_eq!(known().len(), ALL.len(), "each is listed once");
}

#[test]
fn names_keep_the_conventions() {
    for Figure { name, kind, unit, .. } in ALL {
        let counts = kind.as_str() == "counter";
        assert_eq!(counts, name.ends_with("_total"), "{name} is a {}", kind.as_str());
        assert!(*unit != "s" || name.contains("_seconds"), "{name} is in seconds");
        assert!(*unit != "bytes" || name.ends_with("_bytes"), "{name} is in bytes");
    }
}

#[test]
fn alarms_and_dashboard_look_at_figures_there_are() {
    let (rules, dashboard) = (read("deploy/prometheus/huiliu.rules.yml"), read("deploy/grafana/huiliu.json"));
    for (file, text) in [("rules", &rules), ("dashboard", &dashboard)] {
        let unknown: Vec<String> = named_in(text).difference(&known()).cloned().collect();
        assert!(unknown.is_empty(), "the {file} look at {unknown:?}");
    }
    let alarms: BTreeSet<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    // A hub that is down has no figures: that alarm looks at what Prometheus itself says of it.
    let down = std::iter::once("HuiliuDown");
    let listed: BTreeSet<&str> = ALL.iter().filter_map(|figure| figure.alarm).chain(down).collect();
    assert_eq!(alarms, listed, "each alarm is named by the figure it looks at");
    for figure in ALL.iter().filter(|figure| figure.alarm.is_some()) {
        assert!(named_in(&rules).contains(figure.name), "no alarm looks at {}", figure.name);
    }
    let unseen: Vec<&str> = ALL
        .iter()
        .map(|f| f.name)
        .filter(|n| !named_in(&rules).contains(*n) && !named_in(&dashboard).contains(*n))
        .collect();
    let explained = [
        "huiliu_answers",
        "huiliu_queue_purged_total",
        "huiliu_poll_pages_total",
        "huiliu_poll_failures_total",
        "huiliu_commands_total",
        "huiliu_write_back_total",
        "huiliu_files_total",
        "huiliu_files_since_timestamp_seconds",
        "huiliu_stream_messages",
        "huiliu_trace_spans_total",
        "process_cpu_seconds_total",
        "process_open_fds",
    ];
    assert_eq!(unseen, explained, "on neither: only what explains others");
    serde_json::from_str::<serde_json::Value>(&dashboard).expect("the dashboard is JSON");
}

/// Whom an alarm wakes must not have to search for what to do.
#[test]
fn each_alarm_says_what_to_do() {
    let (rules, page) = (read("deploy/prometheus/huiliu.rules.yml"), read("docs/operations.md"));
    for rule in rules.split("- alert: ").skip(1) {
        let (alarm, rule) = rule.split_once('\n').expect("a rule");
        let action = rule.lines().find_map(|line| line.trim().strip_prefix("action: '"));
        let (chinese, english) = action.and_then(|action| action.split_once(" (")).unwrap_or_default();
        assert!(!chinese.is_ascii() && english.ends_with(")'"), "{alarm}: {action:?}");
        assert!(page.contains(&format!("\n| `{alarm}` | ")), "docs/operations.md does not say what {alarm} asks");
    }
}

#[test]
fn the_page_of_documentation_is_this_list() {
    let mut page = String::from(
        "# 监测指标 Metrics\n\n<!-- Written from gateway/src/figures/list.rs: \
         HUILIU_WRITE_DOCS=1 cargo test -p huiliu --lib figures -->\n\n\
         `GET /metrics`, in the text format of Prometheus, without a credential on the hub's own address. \
         Alarms: `deploy/prometheus/huiliu.rules.yml`. Dashboard: `deploy/grafana/huiliu.json`. \
         What is looked up rather than counted is looked up every 10 seconds, room and files every second.\n\n\
         Labels are channels, departments, lines of the directory and words of closed lists; none is personal, and their number is bounded.\n\n\
         | name | kind | unit | labels | 含义 | meaning | alarm |\n|---|---|---|---|---|---|---|\n",
    );
    for Figure { name, kind, unit, labels, meaning, chinese, alarm } in ALL {
        let (kind, alarm) = (kind.as_str(), alarm.map_or_else(|| "–".to_owned(), |a| format!("`{a}`")));
        page.push_str(&format!("| `{name}` | {kind} | {unit} | {labels} | {chinese} | {meaning} | {alarm} |\n"));
    }
    if std::env::var_os("HUILIU_WRITE_DOCS").is_some() {
        std::fs::write(root().join("docs/metrics.md"), &page).expect("written");
    }
    assert!(read("docs/metrics.md") == page, "docs/metrics.md is out of date: run with HUILIU_WRITE_DOCS=1");
}
