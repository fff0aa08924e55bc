//! What is fjall's own: its directory and its format.

use super::*;
use crate::{Batch, Op};

#[tokio::test]
async fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_fjall(directory.path(), 8 << 20).unwrap();
    assert_eq!(open_fjall(directory.path(), 8 << 20).err(), Some(Error::Conflict));
    engine.close().await;
    assert!(open_fjall(directory.path(), 8 << 20).is_ok());
}

#[test]
fn the_homes_of_tables_are_part_of_the_format() {
    let homes: Vec<_> = Table::ALL.iter().map(|table| home(*table)).collect();
    assert_eq!(homes, [0, 0, 0, 0, 1, 2, 3, 3, 4, 4, 3, 2, 0, 4, 4, 0, 2, 2]);
    assert!(Table::ALL.iter().all(|table| (*table as u8) < u8::MAX), "a table's end is the next number");
}

#[tokio::test]
async fn what_outgrows_the_memtables_is_all_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let value = Bytes::from(vec![7; 64 << 10]);
    let engine = open_fjall(directory.path(), 8 << 20).unwrap();
    for round in 0..40_u32 {
        let ops = (0..20_u32).map(|n| {
            let key = [round.to_be_bytes(), n.to_be_bytes()].concat();
            Op::Put(Table::Body, key, value.clone())
        });
        let _durable = engine.commit(Batch { expect: Vec::new(), ops: ops.collect() }).await.unwrap();
    }
    engine.close().await;
    let engine = open_fjall(directory.path(), 8 << 20).unwrap();
    let rows = engine.snapshot().await.unwrap().scan(Table::Body, &Range::prefix(b""), 10_000, false).await;
    let rows = rows.unwrap();
    assert_eq!(rows.len(), 800);
    assert!(rows.iter().all(|(_, found)| *found == value));
    engine.close().await;
}
