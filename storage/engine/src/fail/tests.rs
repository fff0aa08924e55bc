//! The planned call fails, once, and only that.

use super::*;
use crate::{
    Op,
    sim::{MemoryBlobs, SimEngine},
};

fn put(key: &[u8]) -> Batch {
    Batch { expect: Vec::new(), ops: vec![Op::Put(Table::Item, key.to_vec(), Bytes::new())] }
}

async fn has(engine: &Arc<FailEngine>, key: &[u8]) -> bool {
    engine.snapshot().await.unwrap().get(Table::Item, key).await.unwrap().is_some()
}

#[tokio::test]
async fn reads_and_commits_fail_when_planned() {
    let plan = FailPlan::new();
    let engine = FailEngine::new(SimEngine::new(1), Arc::clone(&plan));
    plan.fail(Call::Commit, 2);
    assert!(engine.commit(put(b"a")).await.is_ok());
    assert_eq!(engine.commit(put(b"b")).await, Err(Error::Unavailable));
    assert!(engine.commit(put(b"c")).await.is_ok());
    assert!(has(&engine, b"a").await && !has(&engine, b"b").await && has(&engine, b"c").await);
    assert_eq!(plan.count(Call::Commit), 3);

    let snapshot = engine.snapshot().await.unwrap();
    plan.fail(Call::Get, 1);
    assert_eq!(snapshot.get(Table::Item, b"a").await, Err(Error::Unavailable));
    assert!(snapshot.get_many(Table::Item, &[b"a".to_vec()]).await.is_ok());
    plan.fail(Call::Scan, 1);
    assert_eq!(snapshot.scan(Table::Item, &Range::prefix(b""), 1, false).await, Err(Error::Unavailable));
    assert!(snapshot.scan(Table::Item, &Range::prefix(b""), 1, false).await.is_ok());
}

#[tokio::test]
async fn a_failed_sync_of_the_engine_poisons() {
    let plan = FailPlan::new();
    let engine = FailEngine::new(SimEngine::new(1), Arc::clone(&plan));
    plan.fail(Call::CommitSync, 1);
    assert_eq!(engine.commit(put(b"a")).await, Err(Error::Unavailable));
    engine.poisoned().await;
    assert_eq!(engine.commit(put(b"b")).await, Err(Error::Unavailable));
    assert!(!has(&engine, b"b").await);
}

#[tokio::test]
async fn blobs_fail_when_planned() {
    let plan = FailPlan::new();
    let blobs = FailBlobs::new(MemoryBlobs::new(1), Arc::clone(&plan));
    plan.fail(Call::Append, 1);
    assert_eq!(blobs.append(Bytes::new()).await.err(), Some(Error::Unavailable));
    let frame = blobs.append(Bytes::new()).await.unwrap();
    plan.fail(Call::Read, 1);
    assert_eq!(blobs.read(&frame.id, &frame.place).await, Err(Error::Unavailable));
    assert!(blobs.read(&frame.id, &frame.place).await.is_ok());
    plan.fail(Call::Sync, 1);
    assert_eq!(blobs.sync(frame.sequence).await, Err(Error::Unavailable));
    blobs.poisoned().await;
    assert_eq!(blobs.sync(frame.sequence).await, Err(Error::Unavailable));
    assert_eq!(blobs.append(Bytes::new()).await.err(), Some(Error::Unavailable));
}
