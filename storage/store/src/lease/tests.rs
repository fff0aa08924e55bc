//! Where one process alone has the data, nothing is leased; among several a turn is waited for, but not for ever.

use crate::{
    Options, Store,
    key::Key,
    limits::{LEASE_AGE_MAX, LEASE_WAIT_MAX},
    testing::{ALICE, principal, put, store, writer},
};
use engine::{
    Batch, BoxFuture, Company, Durable, Engine, Op, ProcessId, Range, Snapshot, Table,
    sim::{SimDisk, SimEnv},
};
use model::Error;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

#[tokio::test]
async fn alone_nothing_is_leased_and_every_duty_is_ours() {
    let store = store();
    put(&store, "a", b"1").await;
    let writer = store.write(&principal(ALICE), ALICE).await.unwrap();
    let rows = store.inner.engine.newest().await.unwrap();
    assert_eq!(rows.scan(Table::Lease, &Range::prefix(b""), 10, false).await.unwrap(), []);
    drop(writer);
    assert!(!store.has_company());
    assert!(store.take_duty("queue").await.unwrap());
    assert!(store.take_duty("queue").await.unwrap());
    store.leave_duty("queue").await.unwrap();
}

const OTHER: ProcessId = ProcessId([7; 8]);

/// An engine that another process has open too.
struct Shared(Arc<dyn Engine>);

#[async_trait::async_trait]
impl Engine for Shared {
    async fn snapshot(&self) -> model::Result<Arc<dyn Snapshot>> {
        self.0.snapshot().await
    }

    fn company(&self) -> Option<Company> {
        Some(Company { own: ProcessId([1; 8]), others: vec![OTHER] })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, model::Result<Durable>> {
        self.0.commit(batch)
    }

    async fn poisoned(&self) {
        std::future::pending().await
    }

    async fn close(&self) {}
}

/// A store on an engine where the other process has the account's turn.
async fn taken(holding: u8) -> (Store, Arc<dyn Engine>) {
    let disk = SimDisk::new(1);
    let engine: Arc<dyn Engine> = disk.engine();
    let shared = Arc::new(Shared(engine.clone()));
    let store = Store::new(shared, disk.blobs(), Arc::new(SimEnv::new(1)), Options::default());
    drop(writer(&store).await);
    hold(&engine, holding).await;
    (store, engine)
}

/// What the other process writes when it takes the turn once more.
async fn hold(engine: &Arc<dyn Engine>, holding: u8) {
    let row = [OTHER.0, [holding; 8]].concat();
    let ops = vec![Op::Put(Table::Lease, Key::account(ALICE).done(), row.into())];
    let _durable = engine.commit(Batch { ops, ..Batch::default() }).await.unwrap();
}

#[tokio::test]
async fn a_turn_that_nobody_uses_is_taken_away_past_its_age_and_not_before() {
    let (store, _) = taken(1).await;
    let begun = Instant::now();
    let writer = store.write(&principal(ALICE), ALICE).await.unwrap();
    assert!(begun.elapsed() > LEASE_AGE_MAX, "{:?}", begun.elapsed());
    drop(writer);
}

#[tokio::test]
async fn a_turn_that_others_use_is_waited_for_as_long_as_the_limit_says_and_then_refused() {
    let (store, engine) = taken(1).await;
    let other = tokio::spawn(async move {
        for holding in 2.. {
            tokio::time::sleep(Duration::from_secs(1)).await;
            hold(&engine, holding).await;
        }
    });
    let begun = Instant::now();
    let refused = store.write(&principal(ALICE), ALICE).await.err();
    other.abort();
    assert_eq!(refused, Some(Error::Unavailable));
    assert!(begun.elapsed() > LEASE_WAIT_MAX, "{:?}", begun.elapsed());
}
