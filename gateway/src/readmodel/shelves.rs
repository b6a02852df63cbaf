//! The search index (decision 23): which cases have which tokens. A case's tokens first stand in a row of their own; when
//! enough cases have come together, they and those just told are turned round, token to cases, into a shelf: a fixed
//! number of pages, written one after the other and never changed. A shelf costs a question one page for each token,
//! whatever stands in the rest.
//!
//! Rows and pages are sealed. Without the master key the file says how much was written, and not what.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _};

use super::{ReadModelError, Result};
use crate::words::{IndexKey, Token};

/// So many cases make a shelf, with all of the batch that brings the last of them.
const CASES: usize = 2_048;
/// Pages of a shelf.
const PAGES: u64 = 64;

/// How many cases have words that are on no shelf.
pub(super) fn unshelved(db: &Connection) -> Result<usize> {
    let count: i64 = db.query_row("SELECT count(*) FROM words", [], |row| row.get(0))?;
    Ok(count as usize)
}

/// Adds tokens of cases to an index where so many cases are on no shelf; returns how many are so afterwards.
pub(super) fn put(
    db: &Connection,
    key: &IndexKey,
    words: BTreeMap<i64, Vec<Token>>,
    unshelved: usize,
) -> Result<usize> {
    if unshelved + words.len() >= CASES {
        shelve(db, key, words)?;
        return Ok(0);
    }
    let mut unshelved = unshelved;
    for (case, mut tokens) in words {
        let mut known = db.prepare_cached("SELECT sealed FROM words WHERE key = ?1")?;
        match known.query_row([case], |row| row.get::<_, Vec<u8>>(0)).optional()? {
            Some(sealed) => tokens.extend(open_row(key, case, &sealed)?),
            None => unshelved += 1,
        }
        tokens.sort_unstable();
        tokens.dedup();
        let sealed = seal(key, &row_of(&tokens), &row_name(case))?;
        db.prepare_cached("INSERT OR REPLACE INTO words VALUES (?1, ?2)")?.execute((case, sealed))?;
    }
    Ok(unshelved)
}

/// The cases that have all of these tokens, newest first.
pub(super) fn cases_with(db: &Connection, key: &IndexKey, tokens: &[Token]) -> Result<Vec<i64>> {
    let mut found = vec![Vec::new(); tokens.len()];
    let mut statement = db.prepare_cached("SELECT key, sealed FROM words")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (case, sealed) = (row.get(0)?, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
        let has = open_row(key, case, sealed)?;
        for (token, cases) in tokens.iter().zip(&mut found) {
            if has.binary_search(token).is_ok() {
                cases.push(case);
            }
        }
    }
    let mut page = db.prepare_cached("SELECT sealed FROM shelves WHERE page = ?1")?;
    for shelf in 0..shelves(db)? {
        for (token, cases) in tokens.iter().zip(&mut found) {
            let number = shelf * PAGES + key.page_of(*token, PAGES);
            let sealed = page.query_row([number.cast_signed()], |row| row.get::<_, Vec<u8>>(0)).optional()?;
            if let Some(sealed) = sealed {
                find(&open(key, &sealed, &page_name(number))?, *token, cases);
            }
        }
    }
    Ok(in_all(found))
}

/// Those that stand in each list, largest first.
fn in_all(mut lists: Vec<Vec<i64>>) -> Vec<i64> {
    for list in &mut lists {
        list.sort_unstable_by(|a, b| b.cmp(a));
        list.dedup();
    }
    lists.sort_by_key(Vec::len);
    let mut lists = lists.into_iter();
    let Some(shortest) = lists.next() else { return Vec::new() };
    lists.fold(shortest, |kept, list| {
        kept.into_iter().filter(|case| list.binary_search_by(|other| case.cmp(other)).is_ok()).collect()
    })
}

fn shelves(db: &Connection) -> Result<u64> {
    let last: Option<i64> = db.query_row("SELECT max(page) FROM shelves", [], |row| row.get(0))?;
    Ok(last.map_or(0, |last| last.cast_unsigned() / PAGES + 1))
}

/// Turns round what stands in rows, and `more`, which then never does.
fn shelve(db: &Connection, key: &IndexKey, more: BTreeMap<i64, Vec<Token>>) -> Result<()> {
    let mut all: Vec<(u64, Token, i64)> = Vec::new();
    let mut add = |case, tokens: Vec<Token>| {
        all.extend(tokens.into_iter().map(|token| (key.page_of(token, PAGES), token, case)));
    };
    more.into_iter().for_each(|(case, tokens)| add(case, tokens));
    let mut statement = db.prepare_cached("SELECT key, sealed FROM words")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (case, sealed) = (row.get(0)?, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
        add(case, open_row(key, case, sealed)?);
    }
    all.sort_unstable();
    all.dedup();
    let first = shelves(db)? * PAGES;
    for page in all.chunk_by(|a, b| a.0 == b.0) {
        let number = first + page[0].0;
        let sealed = seal(key, &page_of(page), &page_name(number))?;
        db.prepare_cached("INSERT INTO shelves VALUES (?1, ?2)")?.execute((number.cast_signed(), sealed))?;
    }
    db.execute("DELETE FROM words", [])?;
    Ok(())
}

fn row_name(case: i64) -> String {
    format!("words/{case}")
}

fn page_name(number: u64) -> String {
    format!("shelves/{number}")
}

fn seal(key: &IndexKey, plain: &[u8], name: &str) -> Result<Vec<u8>> {
    key.seal(plain, name).map_err(|_| ReadModelError::Sealed(name.to_owned()))
}

fn open(key: &IndexKey, sealed: &[u8], name: &str) -> Result<Vec<u8>> {
    key.open(sealed, name).map_err(|_| ReadModelError::Sealed(name.to_owned()))
}

fn open_row(key: &IndexKey, case: i64, sealed: &[u8]) -> Result<Vec<Token>> {
    Ok(tokens_of(&open(key, sealed, &row_name(case))?))
}

/// Rising tokens, each as its distance from the one before.
fn row_of(tokens: &[Token]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(tokens.len() * 4);
    let mut before = 0;
    for token in tokens {
        write(&mut bytes, token.0 - before);
        before = token.0;
    }
    bytes
}

fn tokens_of(mut bytes: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(bytes.len() / 3);
    let mut before = 0;
    while let Some(step) = read(&mut bytes) {
        before += step;
        tokens.push(Token(before));
    }
    tokens
}

/// Rising tokens as distances; behind each, how many bytes its cases take, and those as distances.
fn page_of(entries: &[(u64, Token, i64)]) -> Vec<u8> {
    let (mut bytes, mut cases, mut before) = (Vec::with_capacity(entries.len() * 2), Vec::new(), 0);
    for same in entries.chunk_by(|a, b| a.1 == b.1) {
        write(&mut bytes, same[0].1.0 - before);
        before = same[0].1.0;
        cases.clear();
        let mut last = 0;
        for (_, _, case) in same {
            write(&mut cases, (case - last).cast_unsigned());
            last = *case;
        }
        write(&mut bytes, cases.len() as u64);
        bytes.extend_from_slice(&cases);
    }
    bytes
}

/// Adds the cases that have a token.
fn find(mut page: &[u8], token: Token, found: &mut Vec<i64>) {
    let mut before = 0;
    while let (Some(step), Some(length)) = (read(&mut page), read(&mut page)) {
        before += step;
        let (mut cases, rest) = page.split_at((length as usize).min(page.len()));
        if before > token.0 {
            return;
        }
        if before == token.0 {
            let mut case = 0;
            while let Some(step) = read(&mut cases) {
                case += step.cast_signed();
                found.push(case);
            }
            return;
        }
        page = rest;
    }
}

/// Seven bits a byte, the least significant first; the highest bit says that more follow.
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::MasterKey;
    use proptest::prelude::*;

    fn key() -> IndexKey {
        IndexKey::of(&MasterKey::parse(&"5".repeat(64)).expect("a key"))
    }

    fn index(shelved: bool, cases: &BTreeMap<i64, Vec<Token>>) -> Connection {
        let db = Connection::open_in_memory().expect("memory");
        db.execute_batch(crate::readmodel::schema::TABLES).expect("tables");
        put(&db, &key(), cases.clone(), 0).expect("written");
        if shelved {
            shelve(&db, &key(), BTreeMap::new()).expect("shelved");
        }
        db
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(numbers in proptest::collection::vec(any::<u64>(), 0..20)) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|n| write(&mut bytes, *n));
            let mut rest = bytes.as_slice();
            for number in numbers {
                prop_assert_eq!(read(&mut rest), Some(number));
            }
            prop_assert_eq!(read(&mut rest), None);
        }

        #[test]
        fn on_a_shelf_or_not_a_token_has_the_same_cases(
            cases in proptest::collection::btree_map(1i64..60, proptest::collection::vec(0u64..40, 0..20), 0..40),
            later in proptest::collection::btree_map(1i64..80, proptest::collection::vec(0u64..40, 0..20), 0..40),
            asked in proptest::collection::vec(0u64..40, 1..4),
        ) {
            let tokens = |of: BTreeMap<i64, Vec<u64>>| -> BTreeMap<i64, Vec<Token>> {
                of.into_iter().map(|(case, all)| (case, all.into_iter().map(|t| Token(t * t * t)).collect())).collect()
            };
            let (cases, later, asked) = (tokens(cases), tokens(later), asked.into_iter().map(|t| Token(t * t * t)).collect::<Vec<_>>());
            let has = |case: &i64, token: &Token| [&cases, &later].iter().any(|of| of.get(case).is_some_and(|all| all.contains(token)));
            let expected: Vec<i64> = (1..80).rev().filter(|case| asked.iter().all(|token| has(case, token))).collect();
            for shelved in [false, true] {
                let db = index(shelved, &cases);
                put(&db, &key(), later.clone(), 0).expect("written");
                prop_assert_eq!(&cases_with(&db, &key(), &asked).expect("found"), &expected, "shelved: {}", shelved);
            }
        }
    }

    #[test]
    fn enough_cases_become_a_shelf_and_another_key_opens_nothing() {
        let tokens = |case: i64| vec![Token(1), Token(case.cast_unsigned() + 10)];
        let cases: BTreeMap<i64, Vec<Token>> = (1..=CASES as i64).map(|case| (case, tokens(case))).collect();
        let db = Connection::open_in_memory().expect("memory");
        db.execute_batch(crate::readmodel::schema::TABLES).expect("tables");
        assert_eq!(put(&db, &key(), cases, 0).expect("written"), 0);
        assert_eq!((unshelved(&db).expect("counted"), shelves(&db).expect("counted")), (0, 1));
        assert_eq!(cases_with(&db, &key(), &[Token(1)]).expect("found").len(), CASES);
        assert_eq!(cases_with(&db, &key(), &[Token(1), Token(17)]).expect("found"), [7]);
        let other = IndexKey::of(&MasterKey::parse(&"6".repeat(64)).expect("a key"));
        assert!(cases_with(&db, &other, &[Token(1)]).expect_err("sealed").needs_rebuild());
    }
}
