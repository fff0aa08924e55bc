//! Tables on a disk that fails: what it does not give costs its own blocks.

use super::*;
use crate::{Batch, Op, Table, fjall::open_fjall_with, limits::MEMTABLE_BYTES_MIN, patient::tests::Dying};

/// A table file with many blocks.
async fn table(directory: &Path) -> PathBuf {
    let path = directory.join("engine");
    let engine = open_fjall_with(&path, 8 << 20, MEMTABLE_BYTES_MIN).unwrap();
    for round in 0..8_u32 {
        let value =
            |number: u32| Bytes::copy_from_slice(&blake3::hash(&number.to_be_bytes()).as_bytes().repeat(9));
        let numbers = (0..400).map(|number| round * 400 + number);
        let ops = numbers.map(|number| Op::Put(Table::Item, number.to_be_bytes().to_vec(), value(number)));
        let _durable = engine.commit(Batch { expect: Vec::new(), ops: ops.collect() }).await.unwrap();
    }
    engine.close().await;
    drop(engine);
    let largest = survey(&path).unwrap().into_iter().max_by_key(|table| table.blocks.len()).unwrap();
    assert!(largest.blocks.len() > 5 && largest.damage.is_empty(), "{largest:?}");
    largest.path
}

fn rows(table: &mut TableFile) -> usize {
    let mut count = 0;
    while table.next().unwrap().is_some() {
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_page_that_the_disk_does_not_give_costs_the_blocks_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = table(directory.path()).await;
    let octets = std::fs::read(&path).unwrap();
    let mut sound = TableFile::of(&path, &octets);
    let (blocks, all) = (sound.blocks.len(), rows(&mut sound));
    let dying = Dying { octets: octets.clone(), bad: 2, tried: 0.into() };
    let mut read = vec![0; octets.len()];
    Patient::new(&dying).read_exact_at(&mut read, 0).unwrap();
    let mut table = TableFile::of(&path, &read);
    let damaged: u64 = table.damage.iter().map(|(_, bytes)| bytes).sum();
    assert!((1..20_000).contains(&damaged), "{:?}", table.damage);
    assert!((blocks - 10..blocks).contains(&table.blocks.len()), "{} of {blocks}", table.blocks.len());
    let left = rows(&mut table);
    assert!(left < all && left > all / 2, "{left} of {all}");
}

#[tokio::test]
async fn what_is_damaged_by_the_time_it_is_read_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = table(directory.path()).await;
    let mut octets = std::fs::read(&path).unwrap();
    let mut table = TableFile::of(&path, &octets);
    let (at, length) = table.blocks[1];
    octets[at as usize + HEADER_BYTES] ^= 1;
    std::fs::write(&path, &octets).unwrap();
    assert!(rows(&mut table) > 0);
    assert_eq!(table.damage, [(at, length as u64)]);
}
