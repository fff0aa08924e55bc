//! Damage of every kind, and what comes back: all items byte for byte, sound records, counters that never go back.

mod house;
mod losses;
mod random;

use super::*;
use crate::{
    record::{AccountRow, CollectionRow, decode, encode},
    testing::ALICE,
};
use bytes::Bytes;
use engine::{Batch, Engine, Op, Range, sim::SimEngine};
use house::{House, served};

const OPTIONS: RepairOptions = RepairOptions { depth: Depth::Bytes, drop_damaged: false };

async fn rows(engine: &SimEngine, table: Table) -> Vec<(Vec<u8>, Bytes)> {
    let snapshot = engine.snapshot().await.unwrap();
    let rows = snapshot.scan(table, &Range::prefix(b""), 10_000, false).await.unwrap();
    rows.into_iter().map(|(key, value)| (key.to_vec(), value)).collect()
}

async fn damage(engine: &SimEngine, ops: Vec<Op>) {
    let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
}

/// Repairs, and demands that nothing is left to be said.
async fn mended(house: &House, what: &str) -> Repaired {
    let repaired = house.store.repair_all(OPTIONS).await.unwrap();
    assert_eq!(repaired.remaining, [], "{what}");
    assert_eq!(house.store.fsck_all(Depth::Bytes).await.unwrap(), [], "{what}");
    let again = house.store.repair_all(OPTIONS).await.unwrap();
    assert_eq!(again, Repaired::default(), "a second repair does nothing: {what}");
    repaired
}

/// Tables whose every row can be made anew with all that is in it.
const DERIVED: [Table; 8] = [
    Table::Child,
    Table::Changed,
    Table::ByUid,
    Table::Time,
    Table::Blob,
    Table::BlobRef,
    Table::Grant,
    Table::Copies,
];

#[tokio::test]
async fn a_sound_store_is_left_alone() {
    let house = House::new(1).await;
    let before = rows(&house.engine, Table::Account).await;
    mended(&house, "sound").await;
    assert_eq!(rows(&house.engine, Table::Account).await, before);
}

#[tokio::test]
async fn every_derived_row_comes_back() {
    let count = {
        let house = House::new(1).await;
        let mut count = Vec::new();
        for table in DERIVED {
            count.push((table, rows(&house.engine, table).await.len()));
        }
        count
    };
    for (table, count) in count {
        assert!(count > 0, "{table:?} has no row: nothing is shown");
        for at in 0..count {
            let house = House::new(1).await;
            let before = served(&house.store, true).await;
            let (key, _) = rows(&house.engine, table).await.swap_remove(at);
            for op in [
                Op::Delete(table, key.clone()),
                Op::Put(table, key.clone(), Bytes::from_static(b"\xffrubbish")),
            ] {
                let what = format!("{op:?}");
                damage(&house.engine, vec![op]).await;
                mended(&house, &what).await;
                assert_eq!(served(&house.store, true).await, before, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn every_derived_table_comes_back_whole() {
    let all = || async {
        let house = House::new(2).await;
        let before = served(&house.store, true).await;
        (house, before)
    };
    for table in DERIVED {
        let (house, before) = all().await;
        drop_table(&house, table).await;
        mended(&house, &format!("{table:?}")).await;
        assert_eq!(served(&house.store, true).await, before, "{table:?}");
    }
    // The keyspace of all indexes at once.
    let (house, before) = all().await;
    for table in [Table::ByUid, Table::Time, Table::BlobRef, Table::Child, Table::Changed] {
        drop_table(&house, table).await;
    }
    mended(&house, "all indexes").await;
    assert_eq!(served(&house.store, true).await, before);
    let (house, before) = all().await;
    for table in [Table::ByUid, Table::Time, Table::Blob, Table::BlobRef] {
        drop_table(&house, table).await;
    }
    mended(&house, "the whole index keyspace").await;
    assert_eq!(served(&house.store, true).await, before);
}

async fn drop_table(house: &House, table: Table) {
    let rows = rows(&house.engine, table).await;
    assert!(!rows.is_empty(), "{table:?}");
    damage(&house.engine, rows.into_iter().map(|(key, _)| Op::Delete(table, key)).collect()).await;
}

#[tokio::test]
async fn rows_of_items_and_collections_come_back_without_flags_and_grants() {
    for table in [Table::Item, Table::Collection, Table::Account] {
        let count = rows(&House::new(3).await.engine, table).await.len();
        for at in (0..count).chain([usize::MAX]) {
            let house = House::new(3).await;
            let before = served(&house.store, false).await;
            let tokens = house.tokens().await;
            let all = rows(&house.engine, table).await;
            let hit: Vec<_> = all.iter().enumerate().filter(|(n, _)| at == usize::MAX || *n == at).collect();
            let ops = hit.iter().map(|(n, (key, _))| match n % 2 {
                0 => Op::Delete(table, key.clone()),
                _ => Op::Put(table, key.clone(), Bytes::from_static(b"\x01")),
            });
            damage(&house.engine, ops.collect()).await;
            let repaired = mended(&house, &format!("{table:?} {at}")).await;
            assert!(!repaired.notes.is_empty(), "{table:?} {at}");
            assert_eq!(served(&house.store, false).await, before, "{table:?} {at}: {:?}", repaired.notes);
            house.demand_growth(&tokens).await;
        }
    }
}

#[tokio::test]
async fn rows_of_removed_things_cost_nothing_else() {
    let count = rows(&House::new(3).await.engine, Table::Deleted).await.len();
    assert!(count >= 4, "{count}");
    for at in 0..count {
        let house = House::new(3).await;
        let before = served(&house.store, true).await;
        let (key, _) = rows(&house.engine, Table::Deleted).await.swap_remove(at);
        for op in [
            Op::Put(Table::Deleted, key.clone(), Bytes::from_static(b"\xffrubbish")),
            Op::Delete(Table::Deleted, key),
        ] {
            damage(&house.engine, vec![op.clone()]).await;
            mended(&house, &format!("{op:?}")).await;
            let now = served(&house.store, true).await;
            for (path, shown) in &before {
                assert_eq!(now.get(path), Some(shown), "{path}: {op:?}");
            }
        }
    }
}

#[tokio::test]
async fn records_of_octets_in_blobs_come_back() {
    for table in [Table::Message, Table::Body] {
        let count = rows(&House::new(4).await.engine, table).await.len();
        let mut came_back = 0;
        for at in 0..count {
            let house = House::new(4).await;
            let before = served(&house.store, true).await;
            let (key, _) = rows(&house.engine, table).await.swap_remove(at);
            damage(&house.engine, vec![Op::Delete(table, key.clone())]).await;
            let repaired = house.store.repair_all(OPTIONS).await.unwrap();
            if repaired.remaining.is_empty() {
                came_back += 1;
                assert_eq!(served(&house.store, true).await, before, "{table:?} {at}");
            } else {
                // Octets that lay in the record itself are gone with it: they are named.
                assert!(!repaired.lost().is_empty(), "{:?}", repaired.remaining);
            }
        }
        assert!(came_back > 0, "{table:?}");
    }
}

#[tokio::test]
async fn wrong_numbers_are_set_right() {
    let house = House::new(5).await;
    let before = served(&house.store, true).await;
    let (key, value) = rows(&house.engine, Table::Account).await.swap_remove(0);
    let mut row: AccountRow = decode(&value).unwrap();
    row.quota.used_bytes += 77;
    row.quota.used_count -= 1;
    row.collection_count = 3;
    row.messages.count = Some(1_000);
    row.next_item = ItemId(1);
    row.next_collection = CollectionId(2);
    row.uid_validity = model::UidValidity(0);
    let mut ops = vec![Op::Put(Table::Account, key, encode(&row).unwrap())];
    for (key, value) in rows(&house.engine, Table::Collection).await {
        let mut row: CollectionRow = decode(&value).unwrap();
        row.count += 5;
        row.bytes = 1;
        row.unseen += 9;
        row.deleted_bytes = 4;
        row.uid_next = model::Uid(1);
        ops.push(Op::Put(Table::Collection, key, encode(&row).unwrap()));
    }
    for (key, value) in rows(&house.engine, Table::Message).await {
        let mut message: crate::MessageRecord = decode(&value).unwrap();
        message.copies += 3;
        ops.push(Op::Put(Table::Message, key, encode(&message).unwrap()));
    }
    damage(&house.engine, ops).await;
    mended(&house, "numbers").await;
    assert_eq!(served(&house.store, true).await, before);
}

#[tokio::test]
async fn a_log_that_lost_something_refuses_older_tokens() {
    let house = House::new(6).await;
    let tokens = house.tokens().await;
    drop_table(&house, Table::Changed).await;
    mended(&house, "log").await;
    for (id, token) in tokens {
        let row = house.collection(id).await;
        assert!(row.floor >= token || row.modseq == token, "{id}: {token} {row:?}");
    }
}

#[tokio::test]
async fn a_repair_that_is_cut_off_anywhere_is_finished_by_the_next() {
    let mut step = 1;
    loop {
        let house = House::new(7).await;
        let before = served(&house.store, true).await;
        for table in [Table::Child, Table::ByUid, Table::Time, Table::BlobRef, Table::Changed] {
            drop_table(&house, table).await;
        }
        house.disk.cut_at(house.disk.steps() + step);
        let cut = house.store.repair_all(OPTIONS).await.is_err();
        house.disk.restore();
        let house = house.opened();
        mended(&house, &format!("step {step}")).await;
        assert_eq!(served(&house.store, true).await, before, "step {step}");
        if !cut {
            break;
        }
        step += 1;
    }
    assert!(step > 10, "{step} steps are no repair");
}

#[tokio::test]
async fn an_account_without_its_record_is_not_laid_out_anew() {
    let house = House::new(8).await;
    let (key, _) = rows(&house.engine, Table::Account).await.swap_remove(0);
    damage(&house.engine, vec![Op::Delete(Table::Account, key)]).await;
    let opened = house.store.read(&crate::testing::principal(ALICE), ALICE).await;
    assert_eq!(opened.err(), Some(model::Error::Corrupt));
    mended(&house, "record").await;
}

#[tokio::test]
async fn a_blob_without_a_place_keeps_its_segment() {
    let house = House::new(9).await;
    let before = served(&house.store, true).await;
    drop_table(&house, Table::Blob).await;
    house.store.collect().await.unwrap();
    mended(&house, "places").await;
    assert_eq!(served(&house.store, true).await, before);
}

#[tokio::test]
async fn a_page_of_a_folder_and_one_more_is_repaired_whole() {
    for count in [crate::REPAIR_PAGE_COUNT, crate::REPAIR_PAGE_COUNT + 1] {
        let house = House::new(6).await;
        let mut writer = crate::testing::writer(&house.store).await;
        let files = crate::testing::files(&writer).await;
        let page = writer.create_folder(files.id(), "page", crate::Properties::new()).await.unwrap();
        for number in 0..count {
            let new = crate::testing::object(&house.store, b"x").await;
            writer.put_file(&page, &format!("{number:04}"), new).await.unwrap();
        }
        let _committed = writer.commit(()).await.unwrap();
        let before = served(&house.store, true).await;
        for table in [Table::Changed, Table::Child, Table::BlobRef] {
            drop_table(&house, table).await;
        }
        mended(&house, &format!("{count} files")).await;
        assert_eq!(served(&house.store, true).await, before, "{count}");
    }
}

#[tokio::test]
async fn the_mark_of_an_engine_made_anew_goes_with_a_repair_that_read_every_octet() {
    let house = House::new(8).await;
    let engine: std::sync::Arc<dyn Engine> = house.engine.clone();
    // It came back where the block that took it away was lost; its segment has gone long since.
    let stray = vec![7; 32];
    let place = rows(&house.engine, Table::Blob).await.remove(0).1;
    let mark = Op::Put(Table::Meta, engine::MENDED.to_vec(), Bytes::from_static(b"1"));
    damage(&house.engine, vec![mark, Op::Put(Table::Blob, stray.clone(), place)]).await;
    let is_there = async || rows(&house.engine, Table::Blob).await.iter().any(|(key, _)| *key == stray);
    let records = RepairOptions { depth: Depth::Records, ..OPTIONS };
    house.store.fsck_all(Depth::Bytes).await.unwrap();
    house.store.repair_all(records).await.unwrap();
    assert!(
        awaits_repair(&engine).await.unwrap() && is_there().await,
        "places were not compared with octets"
    );
    for (account, _) in house.store.fsck_accounts().await.unwrap() {
        house.store.repair(account, OPTIONS).await.unwrap();
    }
    assert!(awaits_repair(&engine).await.unwrap(), "an account is not everything");
    house.store.repair_outside(OPTIONS, &BTreeSet::new()).await.unwrap();
    assert!(!awaits_repair(&engine).await.unwrap() && !is_there().await);
    assert_eq!(house.store.fsck_all(Depth::Bytes).await.unwrap(), []);
}
