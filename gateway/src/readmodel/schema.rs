//! The file: its tables, its version, and what is done with one that cannot be used.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::error::is_corruption;
use super::{Opened, ReadModelError, Result};

/// To be raised with every change of the tables, of what is counted, of the form in which
/// [`huiliu_schemas::event::EventBody`] is written, or of what the fold makes of events as far as rows keep it.
const VERSION: i64 = 17;

/// Cases are keyed in the order of their registration, so that rows that are young together lie together and a page of
/// the newest needs no index. Only what is looked up often is indexed, and ids, whose order is nobody's, not at all: each
/// case would touch a page of its own, when its number, which is computed from the id, does so already. How a case stands
/// is not kept twice: it is folded from its history when it is asked for.
pub(super) const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE cases (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    number TEXT NOT NULL,
    stage TEXT NOT NULL,
    channel TEXT NOT NULL,
    lead TEXT,
    matter TEXT,
    division TEXT,
    appeal TEXT,
    warning TEXT,
    registered_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    next_deadline INTEGER,
    returned INTEGER NOT NULL,
    return_pending INTEGER NOT NULL,
    rule_file TEXT,
    rule_line INTEGER,
    reasons TEXT,
    answer_event BLOB,
    sequence INTEGER NOT NULL
);
CREATE INDEX cases_number ON cases (number);
CREATE INDEX cases_stage ON cases (stage);
CREATE INDEX cases_lead ON cases (lead);
CREATE INDEX cases_deadline ON cases (next_deadline, lead) WHERE next_deadline IS NOT NULL;
CREATE TABLE history (
    place INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    cause TEXT NOT NULL,
    actor TEXT NOT NULL,
    entries TEXT,
    body TEXT,
    ignorable INTEGER NOT NULL
);
CREATE INDEX history_case ON history (key);
CREATE TABLE aliases (namespace TEXT, id TEXT, case_id BLOB NOT NULL, PRIMARY KEY (namespace, id)) WITHOUT ROWID;
CREATE TABLE entries (
    key INTEGER,
    n INTEGER,
    department TEXT,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    event INTEGER NOT NULL,
    message INTEGER,
    died INTEGER,
    PRIMARY KEY (key, n, department)
) WITHOUT ROWID;
CREATE INDEX entries_live ON entries (department, message) WHERE died IS NULL;
CREATE INDEX entries_unsent ON entries (event) WHERE message IS NULL;
CREATE TABLE early_entries (
    case_id BLOB, n INTEGER, department TEXT, message INTEGER NOT NULL, PRIMARY KEY (case_id, n, department)
) WITHOUT ROWID;
CREATE TABLE owed (key INTEGER, namespace TEXT, channel TEXT NOT NULL, PRIMARY KEY (key, namespace)) WITHOUT ROWID;
CREATE TABLE counters (kind TEXT, name TEXT, value INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE arrivals (minute INTEGER, channel TEXT, value INTEGER NOT NULL, PRIMARY KEY (minute, channel)) WITHOUT ROWID;
CREATE TABLE unreadable (sequence INTEGER PRIMARY KEY, subject TEXT NOT NULL, why TEXT NOT NULL);
CREATE TABLE words (key INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE shelves (page INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
";

/// The writing connection to a file of this version, and what was there before.
pub(super) fn open_writer(path: &Path) -> Result<(Connection, Opened)> {
    match try_open(path)? {
        Ok(opened) => Ok(opened),
        Err(reason) => {
            let to = set_aside(path)?;
            tracing::error!(path = %path.display(), to = %to.display(), %reason,
                "read model cannot be used: moved aside, it will be built again from the log");
            let (connection, _) = try_open(path)?.map_err(|_| ReadModelError::Closed)?;
            Ok((connection, Opened::SetAside { reason, to }))
        }
    }
}

/// A connection that reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("PRAGMA cache_size = -4096; PRAGMA query_only = ON;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The last sequence taken in.
pub(super) fn position(connection: &Connection) -> Result<u64> {
    Ok(meta(connection, "position")?.unwrap_or_default().cast_unsigned())
}

/// Remembers the last sequence taken in.
pub(super) fn set_position(connection: &Connection, position: u64) -> Result<()> {
    set_meta(connection, "position", position.cast_signed())
}

/// The key of the next case.
pub(super) fn next_key(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("SELECT coalesce(max(key), 0) + 1 FROM cases", [], |row| row.get(0))?)
}

/// The name of a file that belongs to `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes a file if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ReadModelError::file(path)(error)),
        _ => Ok(()),
    }
}

/// SQLite's own files beside `path`. They must not be there when another file takes its name.
pub(super) fn remove_companions(path: &Path) -> Result<()> {
    remove(&beside(path, "-wal"))?;
    remove(&beside(path, "-shm"))
}

/// The inner error says in words why the file cannot be used.
fn try_open(path: &Path) -> Result<std::result::Result<(Connection, Opened), String>> {
    match prepare(path) {
        Ok(outcome) => Ok(outcome),
        Err(ReadModelError::Sql(error)) if is_corruption(&error) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

fn prepare(path: &Path) -> Result<std::result::Result<(Connection, Opened), String>> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192;
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 16000; PRAGMA journal_size_limit = 67108864;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables == 0 {
        create(&connection)?;
        return Ok(Ok((connection, Opened::Fresh)));
    }
    let version = meta(&connection, "schema").ok().flatten();
    if version == Some(VERSION) {
        position(&connection)?;
        if let Some(damage) = damage(&connection)? {
            return Ok(Err(damage));
        }
        return Ok(Ok((connection, Opened::Existing)));
    }
    let found = version.map_or_else(|| "none".to_owned(), |v| v.to_string());
    Ok(Err(format!("schema version {found}, expected {VERSION}")))
}

/// The first thing wrong with the order of the pages, if any: bytes written over in the middle of the file would else be
/// found by whoever asks for them, or by nobody.
fn damage(connection: &Connection) -> Result<Option<String>> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((said != "ok").then_some(said))
}

fn create(connection: &Connection) -> Result<()> {
    let tx = connection.unchecked_transaction()?;
    tx.execute_batch(TABLES)?;
    set_meta(&tx, "schema", VERSION)?;
    Ok(tx.commit()?)
}

/// A number kept beside the rows.
pub(super) fn meta(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Keeps a number beside the rows.
pub(super) fn set_meta(connection: &Connection, name: &str, value: i64) -> Result<()> {
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?;
    statement.execute(params![name, value])?;
    Ok(())
}

/// One is kept for whoever wants to know what happened; an older one gives way.
fn set_aside(path: &Path) -> Result<PathBuf> {
    let to = beside(path, ".set-aside");
    fs::rename(path, &to).map_err(ReadModelError::file(path))?;
    remove_companions(path)?;
    Ok(to)
}
