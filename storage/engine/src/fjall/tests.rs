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
    assert_eq!(homes, [0, 0, 0, 0, 1, 2, 3, 3, 4, 4, 3, 2, 0, 4, 4, 0, 2, 2, 2, 2, 3, 4, 2, 4, 4, 4]);
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

/// The engine's files, journals apart: these have a bound of their own.
fn table_bytes(directory: &Path) -> u64 {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let (path, meta) = entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap();
            if meta.is_dir() {
                table_bytes(&path)
            } else if path.extension().is_some() {
                0
            } else {
                meta.len()
            }
        })
        .sum()
}

#[tokio::test]
async fn what_is_removed_gives_its_room_back_once_it_is_much() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_fjall_with(directory.path(), 8 << 20, 4 << 20).unwrap();
    let mut noise = crate::sim::Dice::new(7);
    let commit = |ops: Vec<Op>| engine.commit(Batch { expect: Vec::new(), ops });
    for page in 0..200_u32 {
        let row = |n: u32| {
            let mut value = vec![0; 2_000];
            noise.fill(&mut value);
            Op::Put(Table::Message, (page * 100 + n).to_be_bytes().to_vec(), Bytes::from(value))
        };
        let _durable = commit((0..100).map(row).collect()).await.unwrap();
    }
    engine.reclaim().await.unwrap();
    let filled = table_bytes(directory.path());
    assert!(filled > 38 << 20, "{filled}");
    let remove =
        |from: u32, to: u32| (from..to).map(|n| Op::Delete(Table::Message, n.to_be_bytes().to_vec()));
    let _durable = commit(remove(0, 1_000).collect()).await.unwrap();
    engine.reclaim().await.unwrap();
    assert!(table_bytes(directory.path()) > filled - (1 << 20), "a twentieth is not worth it");
    for page in 1..10 {
        let _durable = commit(remove(page * 1_000, (page + 1) * 1_000).collect()).await.unwrap();
    }
    engine.reclaim().await.unwrap();
    let halved = table_bytes(directory.path());
    assert!(halved < filled * 6 / 10, "{halved} of {filled}");
    let left =
        engine.snapshot().await.unwrap().scan(Table::Message, &Range::prefix(b""), 30_000, false).await;
    assert_eq!(left.unwrap().len(), 10_000);
    engine.close().await;
    drop(engine);
    let engine = open_fjall(directory.path(), 8 << 20).unwrap();
    let left =
        engine.snapshot().await.unwrap().scan(Table::Message, &Range::prefix(b""), 30_000, false).await;
    assert_eq!(left.unwrap().len(), 10_000);
}

#[tokio::test]
async fn a_making_that_was_cut_short_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine");
    let draft = folder.path().join("engine.making");
    std::fs::create_dir_all(draft.join("keyspaces")).unwrap();
    std::fs::write(draft.join("0.jnl"), "half").unwrap();
    std::fs::create_dir(&path).unwrap();
    let engine = super::open_fjall(&path, 1 << 20).unwrap();
    let put = crate::Op::Put(crate::Table::Meta, b"a".to_vec(), bytes::Bytes::from_static(b"b"));
    let _durable = engine.commit(crate::Batch { expect: Vec::new(), ops: vec![put] }).await.unwrap();
    engine.close().await;
    drop(engine);
    assert!(!draft.exists());
    let engine = super::open_fjall(&path, 1 << 20).unwrap();
    let found = engine.snapshot().await.unwrap().get(crate::Table::Meta, b"a").await.unwrap();
    assert_eq!(found.as_deref(), Some(b"b".as_slice()));
}

#[test]
fn the_probe_tells_when_a_worker_has_died() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine");
    let mut raw = super::open_raw(&path, 1 << 20, crate::limits::MEMTABLE_BYTES_MIN).unwrap();
    let probe = raw.probe().unwrap();
    let mut put = |number: u32| {
        let (key, value) = (number.to_be_bytes().to_vec(), Some(Bytes::from(vec![7; 100_000])));
        raw.apply(vec![vec![Change { table: Table::Item, key, value }]])?;
        raw.sync()
    };
    put(0).unwrap();
    assert!(!probe());
    // No memtable can be written out any more.
    for keyspace in std::fs::read_dir(path.join("keyspaces")).unwrap() {
        std::fs::remove_dir_all(keyspace.unwrap().path().join("tables")).unwrap();
    }
    let mut number = 1;
    while put(number).is_ok() && number < 4 {
        number += 1;
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(probe());
}

#[test]
fn workers_at_the_limits_and_one_past_them() {
    let least = [0, 1, WORKER_COUNT_MIN].map(worker_count);
    assert_eq!(least, [WORKER_COUNT_MIN; 3]);
    assert_eq!(worker_count(WORKER_COUNT_MIN + 1), WORKER_COUNT_MIN + 1);
    assert_eq!([WORKER_COUNT_MAX, WORKER_COUNT_MAX + 1].map(worker_count), [WORKER_COUNT_MAX; 2]);
}

#[test]
fn memtables_at_the_limits_and_one_past_them() {
    let memtable = |bytes| Sizes::within_limits(1, bytes).memtable_bytes;
    assert_eq!([MEMTABLE_BYTES_MIN - 1, MEMTABLE_BYTES_MIN].map(memtable), [MEMTABLE_BYTES_MIN; 2]);
    assert_eq!(memtable(MEMTABLE_BYTES_MIN + 1), MEMTABLE_BYTES_MIN + 1);
    assert_eq!([MEMTABLE_BYTES_MAX, MEMTABLE_BYTES_MAX + 1].map(memtable), [MEMTABLE_BYTES_MAX; 2]);
}
