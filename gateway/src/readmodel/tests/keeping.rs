//! Keeping up with the log: all or nothing, nothing twice, and from the beginning whenever the file is no good.

use huiliu_schemas::command::Command;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::Event;
use huiliu_schemas::ids::CaseId;
use huiliu_schemas::subjects;
use huiliu_schemas::vocabulary::{ReturnReason, Solved};
use rusqlite::Connection;
use serde_json::json;

use super::world::{Folder, SECRET, World, by, department, operator, start, to, to_triage};
use crate::readmodel::{Indexing, LogMessage, Opened, Place, ReadModel, ReadModelError, Rebuild, Said, Witness};
use crate::words::{Contact, fold, of_words};

/// One of everything: dispatched, handed back, ruled, resolved, told, in triage, and a message nobody understands.
pub(crate) fn busy_world() -> World {
    let mut world = World::default();
    for i in 0..7 {
        let case = world.arrive(&format!("A{i}"), to(&["jb-housing", "jb-police"]));
        if i % 2 == 0 {
            world.command(case, by("jb-housing"), Command::SignFor { n: None });
        }
        if i % 3 == 0 {
            world.command(
                case,
                by("jb-housing"),
                Command::RequestReturn { reason: ReturnReason::NotOurDuty, suggested: None },
            );
            let (department, assignees) = (department("jb-housing"), Vec::new());
            world.command(case, operator(), Command::GrantReturn { department, assignees });
        }
    }
    let case = CaseId::of(&super::world::source("hotline", "A2"));
    resolve(&mut world, case, false);
    world.arrive("B0", to_triage());
    world.push("case.not-a-case".into(), b"{}".to_vec());
    world.push("something.else".into(), b"{}".to_vec());
    world
}

pub(crate) fn resolve(world: &mut World, case: CaseId, refused: bool) -> Event {
    resolved(world, case, refused, false)
}

/// Resolved, and its source has no way to be told.
pub(crate) fn resolve_untold(world: &mut World, case: CaseId) -> Event {
    resolved(world, case, false, true)
}

fn resolved(world: &mut World, case: CaseId, refused: bool, no_way: bool) -> Event {
    let command = Command::Resolve { solved: Solved::Yes, contacted: true };
    let events = world.command(case, by("jb-housing"), command);
    world.deliver(case, &events[0], refused, no_way);
    events[0].clone()
}

fn dump(model: &ReadModel) -> Vec<String> {
    let db = Connection::open(&model.path).expect("open");
    let tables = ["meta", "cases", "history", "aliases", "entries", "early_entries", "arrivals", "unreadable"];
    let mut lines = Vec::new();
    let queries = tables.map(|t| (t, format!("SELECT * FROM {t} ORDER BY 1, 2")));
    let counters = ("counters", "SELECT * FROM counters WHERE value <> 0 ORDER BY 1, 2".to_owned());
    for (table, sql) in queries.into_iter().chain([counters]) {
        let mut statement = db.prepare(&sql).expect("sql");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("query");
        while let Some(row) = rows.next().expect("row") {
            let values: Vec<_> = (0..columns).map(|i| format!("{:?}", row.get_ref(i).expect("value"))).collect();
            lines.push(format!("{table}: {}", values.join(" ")));
        }
    }
    lines
}

fn built(path: &std::path::Path, indexing: Indexing, log: &[LogMessage], batch: usize) -> ReadModel {
    let mut model = ReadModel::open(path, indexing).expect("open");
    for batch in log.chunks(batch) {
        model.apply(batch).expect("apply");
    }
    model
}

#[test]
fn the_size_of_batches_and_restarts_do_not_matter() {
    let world = busy_world();
    let whole = dump(&built(&Folder::new().file(), world.indexing(), &world.log, 10_000));
    assert!(whole.iter().filter(|l| l.starts_with("cases:")).count() == 8);
    for size in [1, 3, 7] {
        let folder = Folder::new();
        let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
        for batch in world.log.chunks(size) {
            model.apply(batch).expect("apply");
            model = ReadModel::open(folder.file(), world.indexing()).expect("open again");
            assert_eq!(*model.opened(), Opened::Existing);
        }
        assert_eq!(dump(&model), whole, "batches of {size}, each in a new process");
    }
}

#[test]
fn what_was_decided_here_is_taken_in_as_what_is_stored() {
    let world = busy_world();
    let decided = world.decided();
    let events = decided.iter().filter(|m| matches!(m.said, Said::Decided { .. })).count();
    assert!(events > 10 && decided.iter().any(|m| matches!(m.said, Said::Subject { .. })));
    let (folder, other) = (Folder::new(), Folder::new());
    let model = built(&folder.file(), world.indexing(), &decided, 7);
    let stored = built(&other.file(), world.indexing(), &world.log, 7);
    assert_eq!(dump(&model), dump(&stored));
    assert!(model.place().witness.is_some() && model.place() == stored.place());
    let phone = model.reader().index_key().token(&Contact::read("19900001234").expect("a number"));
    let found = |model: &ReadModel| model.reader().cases_with(&[phone], None).expect("found");
    assert!(found(&model).len() == world.cases.len() && found(&model) == found(&stored));
}

#[test]
fn nothing_is_taken_in_twice() {
    let world = busy_world();
    let folder = Folder::new();
    let mut model = built(&folder.file(), world.indexing(), &world.log, 5);
    let before = dump(&model);
    model.apply(&world.log).expect("apply");
    model.apply(&world.log[3..9]).expect("apply");
    assert_eq!(dump(&model), before);
    assert_eq!(model.position(), world.log.len() as u64);
}

#[test]
fn a_batch_is_taken_in_whole_or_not_at_all() {
    let world = busy_world();
    let folder = Folder::new();
    let mut model = built(&folder.file(), world.indexing(), &world.log[..10], 10);
    let before = dump(&model);
    let other = Connection::open(folder.file()).expect("open");
    other
        .execute_batch("CREATE TRIGGER stop BEFORE UPDATE ON meta BEGIN SELECT raise(ABORT, 'no'); END;")
        .expect("trigger");
    other
        .execute_batch("CREATE TRIGGER stop2 BEFORE INSERT ON meta BEGIN SELECT raise(ABORT, 'no'); END;")
        .expect("trigger");
    assert!(model.apply(&world.log[10..]).is_err(), "the position could not be written");
    assert_eq!(model.position(), 10);
    assert_eq!(dump(&model), before);
    other.execute_batch("DROP TRIGGER stop; DROP TRIGGER stop2;").expect("trigger");
    model.apply(&world.log[10..]).expect("apply");
    assert_eq!(dump(&model), dump(&built(&Folder::new().file(), world.indexing(), &world.log, 100)));
}

#[test]
fn a_log_is_known_again_by_a_message_no_other_log_holds() {
    let world = busy_world();
    let alias = world.log.iter().position(|m| m.subject.starts_with("alias.")).expect("an alias");
    let folder = Folder::new();
    let mut model = built(&folder.file(), world.indexing(), &world.log[..=alias], 3);
    let last = world.log[..alias].iter().rev().find(|m| !m.subject.starts_with("alias.")).expect("a witness");
    let place = model.place();
    assert_eq!(place, Place { position: alias as u64 + 1, witness: Witness::of(last) });
    let other = LogMessage { said: Said::Stored(bytes::Bytes::from_static(b"sealed anew")), ..last.clone() };
    assert_ne!(Witness::of(&other), place.witness);

    model.apply(&world.log[..2]).expect("apply");
    assert_eq!(model.place(), place, "what was taken in before changes nothing");
    assert_eq!(model.reader().place().expect("place"), place);
    drop(model);
    let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    assert_eq!(model.place(), place, "in a new process");
    model.begin_anew(0).expect("anew");
    assert_eq!(model.place(), Place { position: 0, witness: None });
}

#[test]
fn a_rebuild_is_the_same_and_handles_stay_good() {
    let world = busy_world();
    let folder = Folder::new();
    let mut model = built(&folder.file(), world.indexing(), &world.log, 4);
    let (before, handle) = (dump(&model), model.reader());
    assert_eq!(handle.position().expect("position"), world.log.len() as u64);
    Connection::open(folder.file())
        .expect("open")
        .execute_batch("DELETE FROM counters; DELETE FROM entries")
        .expect("harm");
    assert_ne!(dump(&model), before);
    model.rebuild(world.log.chunks(6)).expect("rebuild");
    assert_eq!(dump(&model), before);
    assert_eq!(handle.overview(start()).expect("overview").totals.cases, 8);
    let mut more = world;
    more.arrive("late", to(&["jb-housing"]));
    model.apply(&more.log).expect("apply");
    assert_eq!(handle.overview(start()).expect("overview").totals.cases, 9);
    let left: Vec<_> = std::fs::read_dir(&folder.0).expect("folder").map(|f| f.expect("file").file_name()).collect();
    assert!(!left.iter().any(|f| f.to_string_lossy().contains("rebuilding")), "{left:?}");
}

#[test]
fn a_rebuild_that_is_dropped_changes_nothing() {
    let world = busy_world();
    let folder = Folder::new();
    let model = built(&folder.file(), world.indexing(), &world.log, 4);
    let before = dump(&model);
    let mut rebuild = Rebuild::begin(folder.file(), world.indexing()).expect("begin");
    rebuild.apply(&world.log[..5]).expect("apply");
    drop(rebuild);
    assert_eq!(dump(&model), before);
    drop(model);
    let mut rebuild = Rebuild::begin(folder.file(), world.indexing()).expect("begin again");
    rebuild.apply(&world.log).expect("apply");
    rebuild.finish().expect("finish");
    assert_eq!(dump(&ReadModel::open(folder.file(), world.indexing()).expect("open")), before);
}

#[test]
fn a_broken_file_is_set_aside() {
    let world = busy_world();
    let folder = Folder::new();
    drop(built(&folder.file(), world.indexing(), &world.log, 4));
    std::fs::write(folder.file(), "this was a database once, and then the disk had its way".repeat(100))
        .expect("write");
    let model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    let Opened::SetAside { to, .. } = model.opened() else { panic!("{:?}", model.opened()) };
    assert!(to.exists());
    assert_eq!(model.position(), 0);
}

#[test]
fn bytes_written_over_in_the_middle_are_found_at_the_start() {
    let world = busy_world();
    let folder = Folder::new();
    drop(built(&folder.file(), world.indexing(), &world.log, 4));
    let mut bytes = std::fs::read(folder.file()).expect("read");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(folder.file(), bytes).expect("write");
    let model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    assert!(matches!(model.opened(), Opened::SetAside { .. }), "{:?}", model.opened());
}

#[test]
fn a_file_that_goes_under_a_running_hub_is_missed_and_made_again() {
    let world = busy_world();
    let folder = Folder::new();
    let mut model = built(&folder.file(), world.indexing(), &world.log, 4);
    let (before, handle, end) = (dump(&model), model.reader(), world.log.len() as u64);
    let harms: [fn(&std::path::Path); 3] = [
        |file| std::fs::remove_file(file).expect("remove"),
        |file| drop(std::fs::File::create(file).expect("empty")),
        |file| {
            std::fs::remove_file(file).expect("remove");
            std::fs::write(file, [0; 8192]).expect("write");
        },
    ];
    for harm in harms {
        assert_eq!(model.damage(), None);
        harm(&folder.file());
        assert!(model.damage().is_some());
        model.begin_anew(end).expect("begins anew");
        model.apply(&world.log[..5]).expect("apply");
        let half = handle.overview(start()).expect_err("half a log answers nothing");
        assert!(matches!(half, ReadModelError::BeingBuilt { .. }), "{half}");
        model.apply(&world.log).expect("apply");
        assert_eq!(handle.overview(start()).expect("overview").totals.cases, 8);
        assert_eq!(dump(&model), before);
    }
}

#[test]
fn a_file_that_was_away_while_others_wrote_on_answers_nothing_of_before() {
    let world = busy_world();
    let folder = Folder::new();
    drop(built(&folder.file(), world.indexing(), &world.log[..5], 5));
    let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    assert_eq!(*model.opened(), Opened::Existing);
    let (handle, end) = (model.reader(), world.log.len() as u64);
    model.wait_until(end);
    for reached in [5, world.log.len() - 1] {
        model.apply(&world.log[..reached]).expect("apply");
        let old = handle.standing(start()).expect_err("totals of before");
        assert!(matches!(old, ReadModelError::BeingBuilt { until } if until == end), "{old}");
    }
    model.apply(&world.log).expect("apply");
    handle.standing(start()).expect("it is where the log was");
    drop(model);
    let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    model.wait_until(end);
    model.reader().standing(start()).expect("it was not away");
}

/// The locks this process has on the file, as the kernel tells them.
fn locks(file: &std::path::Path) -> usize {
    use std::os::unix::fs::MetadataExt as _;
    let number = format!(":{} ", std::fs::metadata(file).expect("a file").ino());
    let locks = std::fs::read_to_string("/proc/locks").expect("locks");
    locks.lines().filter(|lock| lock.contains("POSIX") && lock.contains(&number)).count()
}

#[test]
fn looking_for_damage_leaves_the_locks_alone() {
    let folder = Folder::new();
    let world = busy_world();
    let mut model = built(&folder.file(), world.indexing(), &world.log, 4);
    model.reader().overview(start()).expect("overview");
    let before = locks(&folder.file());
    assert!(before > 0, "an open database is locked");
    assert_eq!(model.damage(), None);
    assert_eq!(locks(&folder.file()), before);
    model.begin_anew(0).expect("begins anew");
    assert!(locks(&folder.file()) > 0);
}

#[test]
fn a_file_of_another_version_is_set_aside() {
    let world = busy_world();
    let folder = Folder::new();
    drop(built(&folder.file(), world.indexing(), &world.log, 4));
    let db = Connection::open(folder.file()).expect("open");
    db.execute("UPDATE meta SET value = 99 WHERE name = 'schema'", []).expect("update");
    drop(db);
    let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    let Opened::SetAside { reason, .. } = model.opened() else { panic!("{:?}", model.opened()) };
    assert!(reason.contains("99"), "{reason}");
    model.apply(&world.log).expect("apply");
    assert_eq!(dump(&model), dump(&built(&Folder::new().file(), world.indexing(), &world.log, 100)));
}

#[test]
fn a_broken_row_asks_for_a_rebuild() {
    let mut world = busy_world();
    let folder = Folder::new();
    drop(built(&folder.file(), world.indexing(), &world.log, 4));
    Connection::open(folder.file()).expect("open").execute("UPDATE history SET body = '{'", []).expect("harm");
    let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    let case = CaseId::of(&super::world::source("hotline", "A1"));
    world.command(case, by("jb-housing"), Command::SignFor { n: None });
    let error = model.apply(&world.log).expect_err("the history cannot be read");
    assert!(error.needs_rebuild(), "{error}");
    model.rebuild([&world.log]).expect("rebuild");
    assert_eq!(model.position(), world.log.len() as u64);
}

#[test]
fn an_entry_may_come_before_its_case() {
    let mut world = World::default();
    let case = world.arrive("A", to(&["jb-housing"]));
    let mut order = world.log.clone();
    order.sort_by_key(|m| (m.subject.starts_with("case."), m.sequence));
    assert!(order.iter().position(|m| m.subject.starts_with("entry.")) < Some(2));
    for (i, message) in order.iter_mut().enumerate() {
        message.sequence = i as u64 + 1;
    }
    for size in [1, 100] {
        let folder = Folder::new();
        let model = built(&folder.file(), world.indexing(), &order, size);
        let entries = model.reader().entries_of(case).expect("entries");
        assert_eq!(entries.len(), 1);
        assert!(entries[0].message.is_some(), "in batches of {size}");
        assert_eq!(model.reader().entries_without_message().expect("none"), []);
    }
}

#[test]
fn an_event_of_a_later_version_is_history_and_no_obstacle() {
    let mut world = World::default();
    let case = world.arrive("A", to(&["jb-housing"]));
    let unknown = json!({
        "specversion": "1.0", "id": "cac304cb-9a77-53f1-80b7-f539c2d4216a", "source": "/huiliu/hub",
        "type": "cn.huiliu.case.teleported.v2", "subject": case, "time": "2026-03-02T02:00:00Z", "data": {
            "cause": "hub/x", "actor": { "kind": "hub" }, "prev_hash": null,
            "body": { "type": "teleported", "data": { "to": 1 } },
        },
    });
    world.push(subjects::case(case), json!([unknown]).to_string().into_bytes());
    let folder = Folder::new();
    let model = built(&folder.file(), world.indexing(), &world.log, 100);
    let history = model.reader().history(case).expect("history");
    let last = history.last().expect("last");
    assert_eq!((last.name.as_str(), &last.body), ("teleported", &None));
    assert_eq!(model.reader().case(case).expect("case").expect("there").unknown, ["teleported"]);
    assert_eq!(model.reader().overview(start()).expect("overview").unreadable, 0);
}

#[test]
fn nothing_personal_enters_the_file() {
    let world = busy_world();
    let folder = Folder::new();
    let model = built(&folder.file(), world.indexing(), &world.log, 4);
    drop(model);
    // Among what must not be there: the pairs of characters by which the words are found.
    for file in std::fs::read_dir(&folder.0).expect("folder") {
        let path = file.expect("file").path();
        let bytes = std::fs::read(&path).expect("read");
        for part in [SECRET, "19900001234", "c2VhbGVk", "小明", "王小"] {
            assert!(!bytes.windows(part.len()).any(|w| w == part.as_bytes()), "{part} in {}", path.display());
        }
    }
}

#[test]
fn words_are_found_on_and_off_the_shelf_and_not_after_they_were_forgotten() {
    let mut world = busy_world();
    for i in 0..2_100 {
        world.arrive(&format!("W{i}"), to(&["jb-housing"]));
    }
    let folder = Folder::new();
    let mut model = built(&folder.file(), world.indexing(), &world.log, 1_000);
    let reader = model.reader();
    let found = |word: &str| {
        let tokens: Vec<_> = of_words(&fold(word), false).collect();
        reader.cases_with(&tokens, None).expect("found").len()
    };
    assert_eq!(found("王小明"), world.cases.len(), "each case has it in its text");
    assert_eq!(found("小王"), 0);
    let phone = reader.index_key().token(&Contact::read("19900001234").expect("a number"));
    assert_eq!(reader.cases_with(&[phone], None).expect("found").len(), world.cases.len());
    let newest = reader.cases_with(&[phone], Some(10)).expect("found");
    assert_eq!(newest, (1..10).rev().collect::<Vec<i64>>());
    world.forget(SECRET);
    model.rebuild(world.log.chunks(500)).expect("rebuild");
    assert_eq!(found("王小明"), 0);
    assert!(reader.cases_with(&[phone], None).expect("found").is_empty());
}

#[test]
fn a_key_that_cannot_be_had_holds_the_log_back() {
    let world = busy_world();
    let folder = Folder::new();
    let away = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let gone = away.clone();
    let indexing = Indexing::new(World::index_key(), move |_| match gone.load(std::sync::atomic::Ordering::Relaxed) {
        true => Err(ReadModelError::Unopened("the server is away".into())),
        false => Ok(Content::default()),
    });
    let mut model = ReadModel::open(folder.file(), indexing).expect("open");
    let refused = model.apply(&world.log).expect_err("the key is away");
    assert!(!refused.needs_rebuild() && model.position() == 0, "{refused}");
    away.store(false, std::sync::atomic::Ordering::Relaxed);
    model.apply(&world.log).expect("applied");
    assert_eq!(model.position(), world.log.len() as u64);
}
