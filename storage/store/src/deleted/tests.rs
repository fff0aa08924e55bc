//! What is removed is kept, counted, and goes when its time or its room is over; a hold keeps everything.

use super::*;
use crate::{
    Depth, NewCollection, Options,
    testing::{ALICE, content, files, object, principal, put, reader, remove, writer},
};
use engine::sim::{SimDisk, SimEnv};
use model::Rights;
use std::sync::Arc;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn keeping(disk: &SimDisk) -> (Store, Arc<SimEnv>) {
    let env = Arc::new(SimEnv::new(1));
    let options = Options { undelete_ms: 1, ..Options::default() };
    (Store::new(disk.engine(), disk.blobs(), env.clone(), options), env)
}

async fn sound(store: &Store) {
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
}

async fn kept(store: &Store) -> (u64, u64) {
    let kept = reader(store).await.kept().await.unwrap();
    (kept.bytes, kept.count)
}

async fn purge(store: &Store, env: &SimEnv) -> Purged {
    let _ = env;
    store.purge_deleted(ALICE, Timestamp(store.env().now().0 + 1)).await.unwrap()
}

#[tokio::test]
async fn a_removed_file_and_its_versions_are_kept_outside_of_the_quota_and_purged() {
    let (store, env) = keeping(&SimDisk::new(1));
    put(&store, "a", &[1; 20_000]).await;
    put(&store, "a", &[2; 30_000]).await;
    put(&store, "a", b"three").await;
    put(&store, "a", b"three").await;
    remove(&store, "a").await;
    let quota = reader(&store).await.quota();
    assert_eq!((quota.used_bytes, quota.used_count), (0, 0));
    assert_eq!(kept(&store).await, (50_005, 3));
    sound(&store).await;
    let before = store.purge_deleted(ALICE, Timestamp(store.env().now().0 - DAY_MS)).await.unwrap();
    assert_eq!(before, Purged::default());
    assert_eq!(purge(&store, &env).await, Purged { count: 3, bytes: 50_005 });
    assert_eq!(kept(&store).await, (0, 0));
    sound(&store).await;
    let snapshot = store.inner.engine.snapshot().await.unwrap();
    for table in [Table::BlobRef, Table::Body] {
        assert!(snapshot.scan(table, &engine::Range::prefix(b""), 1, false).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn nothing_is_kept_without_a_window_but_collections_until_the_purge() {
    let store = crate::testing::store();
    put(&store, "a", &[1; 20_000]).await;
    put(&store, "a", &[2; 20_000]).await;
    remove(&store, "a").await;
    assert_eq!(kept(&store).await, (0, 0));
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let sub = turn.create::<crate::Folder>(root.id(), "sub", NewCollection::default()).await.unwrap();
    for n in 0..PURGE_BATCH_COUNT * 2 + 1 {
        let new = object(&store, b"12345").await;
        turn.put_object(&sub, &format!("{n}"), new).await.unwrap();
    }
    turn.commit(()).await.unwrap();
    let mut turn = writer(&store).await;
    let sub = turn.open::<crate::Folder>(sub.id(), Rights::OWNER).await.unwrap();
    turn.remove_collection(&sub).await.unwrap();
    turn.commit(()).await.unwrap();
    let count = PURGE_BATCH_COUNT as u64 * 2 + 1;
    assert_eq!(kept(&store).await, (5 * count, count));
    sound(&store).await;
    // Not kept: it goes at the next purge, however young.
    let mut steps = 0;
    loop {
        let mut turn = store.begin_as_owner(ALICE).await.unwrap();
        let step = turn.purge_deleted_page(ItemId(AT_ONCE - 1), Timestamp(1), u64::MAX).await.unwrap();
        turn.commit(()).await.unwrap();
        sound(&store).await;
        steps += 1;
        if step.next.is_none() {
            break;
        }
        let number = reader(&store).await.deleted(ItemId(0), 10).await.unwrap()[0].0;
        assert_eq!(
            store.undelete(ALICE, number, &crate::Recover::default()).await.err(),
            Some(Error::Conflict)
        );
    }
    // Items, items, the last item and a page of slots, the last slots.
    assert_eq!((steps, kept(&store).await), (4, (0, 0)));
    let snapshot = store.inner.engine.snapshot().await.unwrap();
    let range = Key::collection(ALICE, sub.id()).prefix();
    for table in [Table::Item, Table::Changed] {
        assert!(snapshot.scan(table, &range, 1, false).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_hold_forbids_the_purge_and_keeps_without_a_window() {
    let store = crate::testing::store();
    let mut turn = writer(&store).await;
    turn.set_hold(true).await.unwrap();
    turn.commit(()).await.unwrap();
    put(&store, "a", &[1; 20_000]).await;
    remove(&store, "a").await;
    assert_eq!(kept(&store).await, (20_000, 1));
    assert_eq!(store.purge_deleted(ALICE, Timestamp(i64::MAX)).await.unwrap(), Purged::default());
    let mut turn = writer(&store).await;
    turn.set_hold(false).await.unwrap();
    turn.commit(()).await.unwrap();
    let purged = store.purge_deleted(ALICE, Timestamp(i64::MAX)).await.unwrap();
    assert_eq!(purged, Purged { count: 1, bytes: 20_000 });
    sound(&store).await;
}

#[tokio::test]
async fn as_much_is_kept_as_the_quota_allows_to_hold_and_the_oldest_makes_room() {
    let (store, _) = keeping(&SimDisk::new(1));
    let mut turn = writer(&store).await;
    turn.set_quota(Some(100_000));
    turn.commit(()).await.unwrap();
    for n in 0..12 {
        let name = format!("f{n}");
        put(&store, &name, &[n; 10_000]).await;
        remove(&store, &name).await;
    }
    // At the limit; the next two were let go of at once.
    assert_eq!(kept(&store).await, (100_000, 10));
    let purged = store.purge_deleted(ALICE, Timestamp(0)).await.unwrap();
    assert_eq!(purged, Purged { count: 5, bytes: 50_000 });
    let left = reader(&store).await.deleted(ItemId(0), 100).await.unwrap();
    let names: Vec<_> = left
        .iter()
        .map(|(_, row)| match &row.what {
            Deleted::Object(object) => object.name.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["f5", "f6", "f7", "f8", "f9"]);
    sound(&store).await;
}

#[tokio::test]
async fn a_clock_that_was_years_ahead_does_not_keep_things_for_years() {
    let (store, env) = keeping(&SimDisk::new(1));
    env.step(3_650 * DAY_MS);
    put(&store, "a", b"1").await;
    remove(&store, "a").await;
    env.step(-3_650 * DAY_MS);
    put(&store, "b", b"1").await;
    remove(&store, "b").await;
    assert_eq!(purge(&store, &env).await, Purged { count: 1, bytes: 1 });
    env.step(DAY_MS);
    assert_eq!(purge(&store, &env).await, Purged { count: 1, bytes: 1 });
}

#[tokio::test]
async fn collection_leaves_what_is_kept_alone() {
    let (store, _) = keeping(&SimDisk::new(1));
    put(&store, "a", &[7; 50_000]).await;
    remove(&store, "a").await;
    store.collect().await.unwrap();
    sound(&store).await;
    let number = reader(&store).await.deleted(ItemId(0), 1).await.unwrap()[0].0;
    store.undelete(ALICE, number, &crate::Recover::default()).await.unwrap();
    assert_eq!(content(&store, "a").await.unwrap(), vec![7; 50_000]);
}

#[tokio::test]
async fn a_removed_account_is_told_until_it_comes_back() {
    let (store, _) = keeping(&SimDisk::new(1));
    put(&store, "a", b"1").await;
    let mut turn = writer(&store).await;
    let removed = RemovedAccount { at: store.env().now(), address: principal(ALICE).address.to_string() };
    turn.set_removed(Some(removed.clone())).await.unwrap();
    turn.commit(()).await.unwrap();
    let found = store.removed_accounts().await.unwrap();
    assert_eq!(found, [(ALICE, Kept { removed: Some(removed), ..Kept::default() })]);
    let mut turn = writer(&store).await;
    turn.set_removed(None).await.unwrap();
    turn.commit(()).await.unwrap();
    assert_eq!(store.removed_accounts().await.unwrap(), []);
}

#[tokio::test]
async fn one_commit_of_a_purge_is_bounded_whatever_the_rows_stand_for() {
    let (store, _) = keeping(&SimDisk::new(1));
    let (folders, items) = (8, PURGE_BATCH_COUNT / 2);
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let mut made = Vec::new();
    for folder in 0..folders {
        let name = format!("{folder}");
        let sub = turn.create::<crate::Folder>(root.id(), &name, NewCollection::default()).await.unwrap();
        for n in 0..items {
            let new = object(&store, b"12345").await;
            turn.put_object(&sub, &format!("{n}"), new).await.unwrap();
        }
        made.push(sub.id());
    }
    turn.commit(()).await.unwrap();
    for id in made {
        let mut turn = writer(&store).await;
        let sub = turn.open::<crate::Folder>(id, Rights::OWNER).await.unwrap();
        turn.remove_collection(&sub).await.unwrap();
        turn.commit(()).await.unwrap();
    }
    let before = Timestamp(store.env().now().0 + 1);
    let mut turn = writer(&store).await;
    let step = turn.purge_deleted_page(ItemId(0), before, u64::MAX).await.unwrap();
    assert!(step.purged.count < 2 * PURGE_BATCH_COUNT as u64, "{:?}", step.purged);
    assert!(step.next.is_some());
    drop(turn);
    let all = store.purge_deleted(ALICE, before).await.unwrap();
    assert_eq!(all.count, folders * items as u64);
    assert_eq!(kept(&store).await, (0, 0));
    sound(&store).await;
}
