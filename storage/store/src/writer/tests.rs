//! Batches, turns, counts, quota and what a dropped writer leaves.

use crate::testing::{ALICE, content, files, object, put, reader, remove, store, store_on, writer};
use crate::{NewCollection, Options, Store};
use bytes::Bytes;
use engine::{
    Batch, BoxFuture, Durable, Engine, Snapshot, Table,
    limits::BATCH_BYTES_MAX,
    sim::{SimDisk, SimEnv},
};
use model::{Error, Modseq, Rights};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

#[tokio::test]
async fn writers_of_one_account_build_on_each_other_before_the_sync() {
    let store = store();
    let before = reader(&store).await.modseq();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { put(&store, &format!("f{n}"), b"x").await })
        })
        .collect();
    let mut given = Vec::new();
    for task in tasks {
        given.push(task.await.unwrap());
    }
    given.sort_unstable();
    let expected: Vec<_> = (1..=50).map(|n| Modseq(before.0 + n)).collect();
    assert_eq!(given, expected, "each commit has a Modseq of its own");
    assert_eq!(reader(&store).await.quota().used_count, 50);
}

#[tokio::test]
async fn nothing_of_a_batch_is_held_once_it_has_landed() {
    let store = store();
    put(&store, "a", &[7; 4096]).await;
    assert_eq!(store.inner.account_count(), 0, "an account that is at rest costs no memory");
    let watch = store.watch(ALICE);
    put(&store, "b", &[7; 4096]).await;
    let state = store.inner.state(ALICE);
    let held = state.flying_count();
    assert_eq!(held, 0, "a watched account keeps its watchers, not its last batch");
    drop((watch, state));
    drop(store.watch(ALICE));
    assert_eq!(store.inner.account_count(), 0, "whoever looked away is forgotten");
}

#[tokio::test]
async fn a_dropped_writer_changes_nothing() {
    let store = store();
    let before = reader(&store).await;
    let mut dropped = writer(&store).await;
    let root = files(&dropped).await;
    let new = object(&store, b"x").await;
    dropped.put_object(&root, "a", new).await.unwrap();
    drop(dropped);
    assert_eq!(content(&store, "a").await, None);
    assert_eq!(reader(&store).await.account_row(), before.account_row());
    let idle = writer(&store).await.commit(()).await.unwrap();
    assert_eq!(idle.modseq(), before.modseq());
}

#[tokio::test]
async fn quota_is_counted_with_the_change_and_refuses_growth_only() {
    let store = store();
    put(&store, "a", &[0; 100]).await;
    let mut limit = writer(&store).await;
    limit.set_quota(Some(150));
    limit.commit(()).await.unwrap();
    let new = object(&store, &[0; 51]).await;
    let mut over = writer(&store).await;
    let root = files(&over).await;
    assert_eq!(over.put_object(&root, "b", new).await.err(), Some(Error::OverQuota));
    drop(over);
    put(&store, "b", &[0; 50]).await;
    put(&store, "b", &[0; 40]).await;
    assert_eq!(reader(&store).await.quota().used_bytes, 140);
    remove(&store, "a").await;
    assert_eq!(reader(&store).await.quota().used_bytes, 40);
}

#[tokio::test]
async fn a_watch_wakes_after_the_commit_is_readable() {
    let store = store();
    reader(&store).await;
    let mut watch = store.watch(ALICE);
    let task = tokio::spawn({
        let store = store.clone();
        async move {
            watch.changed().await;
            content(&store, "a").await
        }
    });
    tokio::task::yield_now().await;
    put(&store, "a", b"seen").await;
    assert_eq!(task.await.unwrap().unwrap(), "seen");
}

#[tokio::test]
async fn what_was_committed_outlives_a_power_cut() {
    let disk = SimDisk::new(7);
    let store = store_on(&disk);
    let large = vec![7; 600_000];
    put(&store, "large", &large).await;
    let modseq = put(&store, "small", b"s").await;
    disk.cut();
    drop(store);
    disk.restore();
    let store = store_on(&disk);
    assert_eq!(content(&store, "large").await.unwrap(), large);
    assert_eq!(content(&store, "small").await.unwrap(), "s");
    assert_eq!(reader(&store).await.modseq(), modseq);
}

/// An engine whose commits wait at a gate.
struct Gated(Arc<dyn Engine>, watch::Sender<bool>);

#[async_trait::async_trait]
impl Engine for Gated {
    async fn snapshot(&self) -> model::Result<Arc<dyn Snapshot>> {
        self.0.snapshot().await
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, model::Result<Durable>> {
        let (inner, mut open) = (self.0.clone(), self.1.subscribe());
        Box::pin(async move {
            drop(open.wait_for(|open| *open).await);
            inner.commit(batch).await
        })
    }

    async fn poisoned(&self) {
        std::future::pending().await
    }

    async fn close(&self) {}
}

#[tokio::test]
async fn who_is_refused_for_what_is_in_flight_finds_it_at_the_next_look() {
    let disk = SimDisk::new(1);
    let gated = Arc::new(Gated(disk.engine(), watch::Sender::new(true)));
    let store = Store::new(gated.clone(), disk.blobs(), Arc::new(SimEnv::new(1)), Options::default());
    let before = reader(&store).await.modseq();
    gated.1.send_replace(false);
    let mut first = writer(&store).await;
    first.create_mailbox("new", NewCollection::default()).await.unwrap();
    let first = tokio::spawn(first.commit(()));
    tokio::task::yield_now().await;
    // Whoever has been told nothing need not wait.
    assert_eq!(reader(&store).await.modseq(), before);
    let mut second = writer(&store).await;
    let told = second.create_mailbox("new", NewCollection::default()).await.err();
    drop(second);
    assert_eq!(told, Some(Error::Exists));
    let mut look = Box::pin(reader(&store));
    assert!(
        tokio::time::timeout(Duration::from_millis(50), &mut look).await.is_err(),
        "it is not durable yet"
    );
    gated.1.send_replace(true);
    let look = look.await;
    assert!(look.modseq() > before && look.open_mailbox("new", Rights::LOOKUP).await.is_ok());
    assert!(first.await.unwrap().is_ok());
}

#[tokio::test]
async fn what_no_batch_holds_is_refused_before_it_is_in_memory() {
    let store = store();
    let mut writer = writer(&store).await;
    let root = files(&writer).await;
    // Written over, it counts once; removed, its key does.
    let large = Bytes::from(vec![0; BATCH_BYTES_MAX - 10_000]);
    for value in [Bytes::from(vec![1; BATCH_BYTES_MAX]), large] {
        writer.put_raw(Table::Property, b"large".to_vec(), value);
    }
    let new = object(&store, b"x").await;
    writer.put_object(&root, "fits", new).await.unwrap();
    writer.put_raw(Table::Property, b"more".to_vec(), Bytes::from(vec![0; 10_000]));
    let new = object(&store, b"x").await;
    let past = writer.put_object(&root, "does not", new).await;
    assert_eq!(past.err(), Some(Error::TooLarge(BATCH_BYTES_MAX as u64)));
    writer.delete_raw(Table::Property, b"large".to_vec());
    let new = object(&store, b"x").await;
    writer.put_object(&root, "fits again", new).await.unwrap();
}
