//! From one simulated disk to another.

use super::*;
use crate::testing::{content, put, remove, store_on};
use engine::sim::SimDisk;

fn side(disk: &SimDisk) -> Side {
    Side { engine: disk.engine(), blobs: disk.blobs() }
}

/// A store with something in it.
async fn source(disk: &SimDisk) -> Side {
    let side = side(disk);
    admission::admit(&side.engine, "test").await.unwrap();
    side
}

async fn fill(disk: &SimDisk) {
    let store = store_on(disk);
    for n in 0..30_u8 {
        put(&store, &format!("small-{n}"), &[n; 10]).await;
        put(&store, &format!("large-{n}"), &vec![n; 9_000]).await;
    }
    remove(&store, "small-3").await;
}

async fn whole(from: &SimDisk, to: &SimDisk) -> Migrated {
    let target = side(to);
    let migration = Migration::begin(source(from).await, target.clone()).await.unwrap();
    assert!(is_migrating(&target.engine).await.unwrap());
    let mut told = 0;
    let migrated = migration.copy(|count| told += count).await.unwrap();
    assert_eq!(told, migration.count().await.unwrap());
    assert_eq!(migration.compare(|_| {}).await.unwrap(), []);
    migration.finish().await.unwrap();
    assert!(!is_migrating(&target.engine).await.unwrap());
    migrated
}

#[tokio::test]
async fn everything_goes_over_and_nothing_that_is_the_engines_own() {
    let (from, to) = (SimDisk::new(1), SimDisk::new(2));
    fill(&from).await;
    let own = vec![
        Op::Put(Table::Lease, b"lease".to_vec(), Bytes::from_static(b"1")),
        Op::Put(Table::Meta, b"ledger".to_vec(), Bytes::from_static(b"1")),
    ];
    let _durable = from.engine().commit(Batch { expect: Vec::new(), ops: own }).await.unwrap();
    let migrated = whole(&from, &to).await;
    assert_eq!(migrated.body_bytes, 30 * 9_000);
    let store = store_on(&to);
    assert_eq!(content(&store, "large-7").await.unwrap().as_ref(), vec![7; 9_000]);
    assert_eq!(content(&store, "small-3").await, None);
    assert_eq!(store.fsck_all(crate::Depth::Bytes).await.unwrap(), []);
    let view = to.engine().newest().await.unwrap();
    assert_eq!(view.get(Table::Lease, b"lease").await.unwrap(), None);
    assert_eq!(view.get(Table::Meta, b"ledger").await.unwrap(), None);
}

#[tokio::test]
async fn a_second_run_goes_on_and_takes_up_what_has_changed() {
    let (from, to) = (SimDisk::new(3), SimDisk::new(4));
    fill(&from).await;
    let first = Migration::begin(source(&from).await, side(&to)).await.unwrap();
    first.copy(|_| {}).await.unwrap();
    drop(first);
    // The source was served again before the migration was ended.
    let store = store_on(&from);
    put(&store, "new", &[99; 7_000]).await;
    remove(&store, "large-1").await;
    drop(store);
    let second = Migration::begin(source(&from).await, side(&to)).await.unwrap();
    let differs = second.compare(|_| {}).await.unwrap();
    assert!(
        differs.contains(&Difference { table: Table::Item as u8, account: Some(AccountId(1)) }),
        "{differs:?}"
    );
    let migrated = second.copy(|_| {}).await.unwrap();
    assert_eq!(migrated.body_bytes, 7_000, "only what was not there");
    assert_eq!(second.compare(|_| {}).await.unwrap(), []);
    second.finish().await.unwrap();
    assert_eq!(content(&store_on(&to), "large-1").await, None);
}

#[tokio::test]
async fn a_target_with_a_store_in_it_is_refused() {
    let (from, to) = (SimDisk::new(5), SimDisk::new(6));
    fill(&from).await;
    fill(&to).await;
    let refused = Migration::begin(source(&from).await, side(&to)).await;
    assert_eq!(refused.err(), Some(Error::Exists));
    let nothing = Migration::begin(side(&SimDisk::new(7)), side(&SimDisk::new(8))).await;
    assert_eq!(nothing.err(), Some(Error::NotFound));
    // Nor may an unfinished copy be copied.
    let (half, other) = (SimDisk::new(9), SimDisk::new(10));
    drop(Migration::begin(source(&from).await, side(&half)).await.unwrap());
    assert_eq!(Migration::begin(side(&half), side(&other)).await.err(), Some(Error::Conflict));
}
