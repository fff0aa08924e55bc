//! Chunks are cut where the keys say so: a change far in front moves none behind it.

use super::*;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN};

fn cut(rows: impl Iterator<Item = u64>) -> Vec<Chunk> {
    let mut cutter = Cutter::new();
    let mut chunks = Vec::new();
    for n in rows {
        let row = cutter.row(Table::Item, Bytes::from(n.to_be_bytes().to_vec()), Bytes::from(vec![0; 500]));
        chunks.extend(row.unwrap());
    }
    chunks.extend(cutter.end());
    chunks
}

#[test]
fn an_inserted_row_changes_few_chunks() {
    let before = cut((0..20_000).map(|n| n * 2));
    let after =
        cut((0..20_000).map(|n| n * 2).chain([101]).collect::<std::collections::BTreeSet<_>>().into_iter());
    assert!(before.len() > 20, "{}", before.len());
    let changed = after.iter().filter(|chunk| !before.contains(chunk)).count();
    assert!(changed <= 3, "{changed} of {}", after.len());
    for chunk in &before {
        let bytes: usize = chunk.rows.iter().map(|(_, key, value)| key.len() + value.len()).sum();
        assert!(bytes <= CHUNK_BYTES_MAX + 508);
    }
    assert!(before.iter().rev().skip(1).all(|chunk| chunk.rows.len() * 508 >= CHUNK_BYTES_MIN));
}

#[test]
fn every_table_has_its_number() {
    for table in Table::ALL {
        assert_eq!(table_of(*table as u8).unwrap(), *table);
    }
    assert!(table_of(250).is_err());
}
