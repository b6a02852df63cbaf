//! What no question may do to the others.

use std::time::Duration;

use super::ReadHandle;
use crate::readmodel::tests::keeping::busy_world;
use crate::readmodel::tests::world::Folder;
use crate::readmodel::{ReadModel, ReadModelError, Result};

/// A question that walks over many rows.
fn count(reads: &ReadHandle) -> Result<i64> {
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT count(*) FROM n";
    reads.ask(|db| Ok(db.query_row(sql, [], |row| row.get(0))?))
}

#[tokio::test]
async fn a_question_that_takes_too_long_is_ended_and_the_next_is_answered() {
    let (folder, world) = (Folder::new(), busy_world());
    let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    model.apply(&world.log).expect("apply");
    let patient = model.reader();
    let hurried = patient.clone().within(Duration::ZERO);
    for _ in 0..2 {
        let told = hurried.aside(count).await;
        assert!(matches!(told, Err(ReadModelError::TooLong { seconds: 0 })), "{told:?}");
        assert_eq!(patient.aside(count).await.expect("an answer"), 100_000);
    }
    assert!(patient.readers.take_damage().is_none(), "nothing is to be built anew for it");
}
