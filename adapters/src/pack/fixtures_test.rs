//! The built-in packs against their fixtures. `HUILIU_BLESS=1` writes what came as what is expected; read it then.

use std::path::{Path, PathBuf};

use super::{Pack, bless, test, try_one};

fn dir(pack: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packs").join(pack)
}

#[test]
fn built_in_packs_are_as_expected() {
    for pack in Pack::built_in() {
        if std::env::var_os("HUILIU_BLESS").is_some() {
            bless(&dir(pack)).expect("written");
        }
        let report = test(&dir(pack)).expect("tested");
        assert!(report.is_good(), "{report}");
    }
}

/// A test bench that cannot fail proves nothing.
#[test]
fn a_wrong_expectation_is_shown_by_field() {
    let copy = std::env::temp_dir().join(format!("huiliu-pack-{}", std::process::id()));
    for folder in ["", "tables", "fixtures"] {
        std::fs::create_dir_all(copy.join(folder)).expect("made");
        for entry in std::fs::read_dir(dir("hotline-12345").join(folder)).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_file() {
                std::fs::copy(&path, copy.join(folder).join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    }
    let expected = copy.join("fixtures/order.expected.json");
    let text = std::fs::read_to_string(&expected).expect("read").replace("\"complaint\"", "\"praise\"");
    std::fs::write(&expected, text).expect("written");
    let report = test(&copy).expect("tested");
    let tried = try_one(&copy, &copy.join("fixtures/order.json")).expect("tried");
    std::fs::remove_dir_all(&copy).expect("removed");
    assert!(!report.is_good());
    let said = report.to_string();
    assert!(said.contains("0.submission.facts.appeal"), "{said}");
    assert!(said.contains("expected: \"praise\"") && said.contains("actual:   \"complaint\""), "{said}");
    assert!(tried.contains("source fields nobody reads: ") && tried.contains("callSubject"), "{tried}");
    assert!(!tried.contains(" orderId"), "{tried}");
}
