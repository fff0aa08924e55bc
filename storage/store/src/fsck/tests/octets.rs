//! Octets are read when the state of the records has been let go, and what goes meanwhile is no damage.

use super::*;
use async_trait::async_trait;
use engine::{BoxFuture, Durable, Frame};
use std::sync::{Mutex, Weak};

/// A state that is nobody else's.
struct Held(Arc<dyn Snapshot>);

#[async_trait]
impl Snapshot for Held {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        self.0.get(table, key).await
    }

    async fn get_many(&self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        self.0.get_many(table, keys).await
    }

    async fn scan(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Bytes, Bytes)>> {
        self.0.scan(table, range, limit, reverse).await
    }
}

/// An engine that knows which of the states that were asked for are held.
struct Watched(Arc<SimEngine>, Mutex<Vec<Weak<Held>>>);

#[async_trait]
impl Engine for Watched {
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let snapshot = Arc::new(Held(self.0.snapshot().await?));
        self.1.lock().unwrap().push(Arc::downgrade(&snapshot));
        Ok(snapshot)
    }

    async fn newest(&self) -> Result<Arc<dyn Snapshot>> {
        self.0.newest().await
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Durable>> {
        self.0.commit(batch)
    }

    async fn poisoned(&self) {
        self.0.poisoned().await;
    }

    async fn close(&self) {}
}

/// Bodies that are read when no state is held; the first read finds none, once those changes have been made.
struct Meanwhile(Arc<MemoryBlobs>, Arc<Watched>, Mutex<Option<Vec<Op>>>);

#[async_trait]
impl BlobStore for Meanwhile {
    fn blob_bytes_max(&self) -> usize {
        self.0.blob_bytes_max()
    }

    async fn append(&self, bytes: Bytes) -> Result<Frame> {
        self.0.append(bytes).await
    }

    async fn sync(&self, sequence: u64) -> Result<()> {
        self.0.sync(sequence).await
    }

    async fn read(&self, id: &BlobId, place: &Place) -> Result<Bytes> {
        let held = self.1.1.lock().unwrap().iter().filter(|held| held.strong_count() > 0).count();
        assert_eq!(held, 0, "a state is held");
        let ops = self.2.lock().unwrap().take();
        match ops {
            Some(ops) => {
                let _durable = self.1.commit(Batch { expect: Vec::new(), ops }).await?;
                Err(Error::Corrupt)
            }
            None => self.0.read(id, place).await,
        }
    }

    async fn poisoned(&self) {
        self.0.poisoned().await;
    }
}

/// What a check of the octets finds when the first one is not there and such changes are made before it is told so.
async fn found(ops: impl AsyncFnOnce(&SimEngine, &MemoryBlobs) -> Vec<Op>) -> Vec<Fault> {
    let (_, engine, blobs) = laid().await;
    let ops = ops(&engine, &blobs).await;
    let watched = Arc::new(Watched(engine, Mutex::default()));
    let blobs = Arc::new(Meanwhile(blobs, watched.clone(), Mutex::new(Some(ops))));
    let store = Store::new(watched, blobs.clone(), Arc::new(SimEnv::new(1)), crate::Options::default());
    let faults = store.fsck(ALICE, Depth::Bytes).await.unwrap().into_iter().map(|finding| finding.fault);
    let faults = faults.collect();
    assert!(blobs.2.lock().unwrap().is_none(), "octets were read");
    faults
}

#[tokio::test]
async fn what_is_removed_while_octets_are_read_is_no_damage() {
    let still = found(async |_, _| Vec::new()).await;
    assert!(matches!(still.as_slice(), [Fault::DamagedBlob(..)]), "{still:?}");
    // The message's body is the first that is read.
    let gone = found(async |engine, _| {
        let messages = rows(engine, Table::Message).await;
        messages.into_iter().map(|(key, _)| Op::Delete(Table::Message, key)).collect()
    });
    assert_eq!(gone.await, []);
}

#[tokio::test]
async fn what_is_moved_while_octets_are_read_is_read_where_it_is_then() {
    let moved = found(async |engine, blobs| {
        let mut ops = Vec::new();
        for (key, place) in rows(engine, Table::Blob).await {
            let id = BlobId(key.as_slice().try_into().unwrap());
            let bytes = blobs.read(&id, &Place(place.clone())).await.unwrap();
            let frame = blobs.append(bytes).await.unwrap();
            assert_ne!(frame.place.0, place);
            ops.push(Op::Put(Table::Blob, key, frame.place.0));
        }
        ops
    });
    assert_eq!(moved.await, []);
}
