//! Whoever comes between the collector's last look and the removal of a segment.

use super::*;
use crate::{
    Options,
    portable::Hold,
    repair::RepairOptions,
    testing::{ALICE, reader},
};
use async_trait::async_trait;
use bytes::Bytes;
use engine::{Frame, sim::SimEnv};
use std::sync::Mutex;
use tokio::sync::Notify;

/// The simulated blob store, which waits for a word when something is moved or removed.
struct Paused {
    inner: Arc<dyn engine::BlobStore>,
    /// Waits there once.
    at: Mutex<Option<At>>,
    reached: Notify,
    word: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Append,
    Remove,
}

impl Paused {
    fn new(disk: &SimDisk) -> Arc<Self> {
        let (at, reached, word) = (Mutex::new(None), Notify::new(), Notify::new());
        Arc::new(Self { inner: disk.blobs(), at, reached, word })
    }

    fn pause_at(&self, at: At) {
        *self.at.lock().unwrap() = Some(at);
    }

    async fn pass(&self, at: At) {
        let waits = self.at.lock().unwrap().take_if(|wanted| *wanted == at).is_some();
        if waits {
            self.reached.notify_one();
            self.word.notified().await;
        }
    }
}

#[async_trait]
impl engine::BlobStore for Paused {
    fn blob_bytes_max(&self) -> usize {
        self.inner.blob_bytes_max()
    }

    async fn append(&self, bytes: Bytes) -> Result<Frame> {
        self.pass(At::Append).await;
        self.inner.append(bytes).await
    }

    async fn sync(&self, sequence: u64) -> Result<()> {
        self.inner.sync(sequence).await
    }

    async fn read(&self, id: &BlobId, place: &Place) -> Result<Bytes> {
        self.inner.read(id, place).await
    }

    async fn poisoned(&self) {
        self.inner.poisoned().await;
    }

    async fn sealed(&self) -> Result<Vec<u32>> {
        self.inner.sealed().await
    }

    async fn segments(&self) -> Result<Vec<u32>> {
        self.inner.segments().await
    }

    async fn found(&self, segment: u32) -> Result<Vec<Found>> {
        self.inner.found(segment).await
    }

    async fn remove(&self, segment: u32) -> Result<()> {
        self.pass(At::Remove).await;
        self.inner.remove(segment).await
    }
}

fn paused(disk: &SimDisk) -> (Store, Arc<Paused>) {
    let blobs = Paused::new(disk);
    let env = Arc::new(SimEnv::new(1));
    (Store::new(disk.engine(), blobs.clone(), env, Options::default()), blobs)
}

/// The blob of a file of one chunk, and its place.
async fn placed_at(store: &Store, name: &str) -> (BlobId, Place) {
    let reader = reader(store).await;
    let files = files(&reader).await;
    let row = reader.entry(&files, &name.to_owned()).await.unwrap().unwrap();
    let body = reader.object_body(row.item).await.unwrap();
    let crate::Content::Chunks(chunks) = body.content else { panic!("inline") };
    let place = reader.view().get(Table::Blob, &Key::blob(&chunks[0].id).done()).await.unwrap();
    (chunks[0].id, Place(place.unwrap()))
}

/// A rotten file "x", and in a segment with one live file a sound second copy of its octets.
async fn rotten(disk: &SimDisk, store: &Store) {
    put(store, "x", &bytes(1)).await;
    for seed in 2..5 {
        put(store, &format!("{seed}"), &bytes(seed)).await;
    }
    // The second segment: the copy, a file that stays and two that go.
    drop(object(store, &bytes(1)).await);
    for seed in 5..9 {
        put(store, &format!("{seed}"), &bytes(seed)).await;
    }
    remove(store, "6").await;
    remove(store, "7").await;
    let (_, place) = placed_at(store, "x").await;
    disk.blobs().flip(&place, 1_234).unwrap();
}

async fn mend(store: &Store) {
    let options = RepairOptions { depth: Depth::Bytes, drop_damaged: false };
    store.repair(ALICE, options).await.unwrap();
}

#[tokio::test]
async fn a_copy_that_repair_takes_up_while_its_segment_is_emptied_stays() {
    for at in [At::Append, At::Remove] {
        let disk = SimDisk::new(1);
        let (store, blobs) = paused(&disk);
        rotten(&disk, &store).await;
        let (_, before) = placed_at(&store, "x").await;
        blobs.pause_at(at);
        let collection = tokio::spawn({
            let store = store.clone();
            async move { store.collect().await.unwrap() }
        });
        blobs.reached.notified().await;
        let repair = tokio::spawn({
            let store = store.clone();
            async move { mend(&store).await }
        });
        // As far as it comes.
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        blobs.word.notify_one();
        collection.await.unwrap();
        repair.await.unwrap();
        let (id, place) = placed_at(&store, "x").await;
        let still_rotten = store.inner.blobs.read(&id, &place).await.is_err();
        // The copy is taken up before the last look, or it is gone and is no place.
        assert_eq!(still_rotten, at == At::Remove);
        assert_eq!(place == before, still_rotten, "the place is one that was removed");
    }
}

#[tokio::test]
async fn a_reader_that_comes_while_a_segment_is_emptied_keeps_it() {
    let disk = SimDisk::new(1);
    let (store, blobs) = paused(&disk);
    for seed in 0..8 {
        put(&store, &format!("{seed}"), &bytes(seed)).await;
    }
    for seed in 1..4 {
        remove(&store, &format!("{seed}")).await;
    }
    blobs.pause_at(At::Append);
    let collection = tokio::spawn({
        let store = store.clone();
        async move { store.collect().await.unwrap() }
    });
    blobs.reached.notified().await;
    // As a check and a backup begin.
    let hold: Hold = store.hold_segments();
    let (id, place) = placed_at(&store, "0").await;
    blobs.word.notify_one();
    assert_eq!(collection.await.unwrap().segment_count, 0);
    assert!(store.inner.blobs.read(&id, &place).await.is_ok(), "what the held state refers to is there");
    assert_ne!(placed_at(&store, "0").await.1, place, "it has moved, too");
    drop(hold);
    assert_eq!(store.collect().await.unwrap().segment_count, 1);
    sound(&store).await;
}
