//! Texts: each pair of bytes of the input picks a word of the shipped lists, a name, or a mark, and what comes out is
//! routed. The same text gives the same decision; whoever is responsible stands in the directory and is in office.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use huiliu::directory::Directory;
use huiliu::routing::{RoutingFacts, decide, explain};
use huiliu_schemas::decision::Verdict;
use huiliu_schemas::private::Private;
use libfuzzer_sys::fuzz_target;

static DIRECTORY: LazyLock<Directory> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/directory/330205");
    Directory::load(&root).expect("the shipped directory loads")
});

/// Every cell of the lists the judgements go by, cut where the lists cut them.
static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let lists = [
        include_str!("../../../gateway/src/judgement/severity/severity.csv"),
        include_str!("../../../gateway/src/judgement/accusation/accusations.csv"),
        include_str!("../../../gateway/src/judgement/place/china.csv"),
        include_str!("../../../deploy/directory/330205/matter-words.csv"),
        include_str!("../../../deploy/directory/330205/departments.csv"),
        include_str!("../../../deploy/directory/330205/divisions.csv"),
        include_str!("../../../deploy/directory/330205/places.csv"),
    ];
    let cells = lists.iter().flat_map(|list| list.split(['\n', ',', ';', '|']));
    let marks = "，。、；：？！“”（）《》…—的了不没被向对在和是 0123456789\n\t\u{3000}\u{feff}";
    let marks = marks.char_indices().map(|(at, c)| &marks[at..at + c.len_utf8()]);
    let mut words: Vec<&str> = cells.map(str::trim).filter(|cell| !cell.is_empty()).chain(marks).collect();
    words.sort_unstable();
    words.dedup();
    words
});

fuzz_target!(|input: &[u8]| {
    let (head, rest) = input.split_at(input.len().min(3));
    let cut = |at: usize| usize::from(head.get(at).copied().unwrap_or_default()).min(rest.len() / 2) * 2;
    let (title, rest) = rest.split_at(cut(0));
    let (address, text) = rest.split_at(cut(1).min(rest.len()));
    let texts = [title, text].map(written);
    let facts = RoutingFacts {
        title: Some(Private::new(texts[0].clone())),
        address: Some(Private::new(written(address))),
        texts: texts.into_iter().map(Private::new).collect(),
        told: u32::from(head.get(2).copied().unwrap_or_default() % 4),
        ..RoutingFacts::default()
    };
    let decision = decide(&facts, &DIRECTORY);
    assert_eq!(decision, decide(&facts, &DIRECTORY), "decided differently a second time");
    assert!(!explain(&decision, &DIRECTORY).is_empty());
    if let Verdict::Dispatch { assignees } = &decision.verdict {
        for assignee in assignees {
            let known = DIRECTORY.department(&assignee.department);
            assert!(known.is_some_and(|d| d.active), "{} is not in office", assignee.department);
        }
    }
});

fn written(input: &[u8]) -> String {
    let pairs = input.chunks(2).map(|pair| {
        let n = u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]);
        WORDS[usize::from(n) % WORDS.len()]
    });
    pairs.collect()
}
