//! A backup has everything of one moment; the next has only what changed; one that is cut short leaves the others.

use super::Spot;
use crate::testing::{ALICE, BOB, World, files, mail};
use crate::{Access, Manifest, Repository, load_whole, verify};
use crate::{Backup, create};
use async_trait::async_trait;
use bytes::Bytes;
use engine::{
    Batch, BlobStore, BoxFuture, Company, Durable, Engine, Frame, Op, Place, ProcessId, Range, Snapshot,
    Table, sim::SimDisk,
};
use model::{BlobId, Error, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use store::{Depth, INBOX, Options, Store};

async fn restored(world: &World, manifest: &Manifest) -> Store {
    let disk = SimDisk::new(9);
    let engine: Arc<dyn Engine> = disk.engine();
    let blobs: Arc<dyn BlobStore> = disk.blobs();
    let loaded = load_whole(&world.repository(), manifest, &engine, &blobs, Timestamp(5_000)).await.unwrap();
    assert_eq!((loaded.account_count, loaded.missing_count), (manifest.accounts.len() as u64, 0));
    let again = load_whole(&world.repository(), manifest, &engine, &blobs, Timestamp(5_000)).await;
    assert_eq!(again.err(), Some(Error::Exists));
    let store = Store::new(engine, blobs, world.env.clone(), Options::default());
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
    store
}

#[tokio::test]
async fn a_whole_restore_has_what_the_backup_saw() {
    let world = World::furnished().await;
    let before = (files(&world.read(ALICE).await).await, mail(&world.read(BOB).await, INBOX).await);
    let done = world.backup(false).await;
    assert_eq!((done.account_count, done.changed_count, done.missing_count), (2, 2, 0));
    world.file(ALICE, "later", b"later").await;
    let manifest = world.repository().at(None).unwrap();
    let store = restored(&world, &manifest).await;
    let alice = store.read(&crate::testing::who(ALICE), ALICE).await.unwrap();
    let bob = store.read(&crate::testing::who(BOB), BOB).await.unwrap();
    assert_eq!((files(&alice).await, mail(&bob, INBOX).await), before);
    assert_eq!(alice.kept().await.unwrap(), world.read(ALICE).await.kept().await.unwrap());
    assert_eq!(alice.deleted(model::ItemId(0), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_next_one_writes_what_changed_and_nothing_for_nothing() {
    let world = World::furnished().await;
    let first = world.backup(false).await;
    let same = world.backup(false).await;
    assert_eq!((same.changed_count, same.added_bytes), (0, 0));
    // The same bodies in both accounts are there once: five, two large ones, and rows.
    assert!(first.added_bytes < 5 * 30_000 + 2 * 600_000 + 50_000, "{}", first.added_bytes);
    world.mail(BOB, INBOX, &[99; 10_000]).await;
    let third = world.backup(false).await;
    assert_eq!(third.changed_count, 1);
    assert!((10_000..40_000).contains(&third.added_bytes), "{}", third.added_bytes);
    let full = world.backup(true).await;
    assert_eq!((full.changed_count, full.added_bytes), (2, 0));
    let names: Vec<_> =
        world.repository().manifests().unwrap().into_iter().map(|manifest| manifest.name).collect();
    assert_eq!(names, [first.name, same.name, third.name, full.name]);
}

#[tokio::test]
async fn a_moment_chooses_its_backup() {
    let world = World::furnished().await;
    world.backup(false).await;
    let first = world.repository().at(None).unwrap();
    world.env.step(10_000);
    world.file(ALICE, "later", b"later").await;
    world.backup(false).await;
    let repository = world.repository();
    let second = repository.at(None).unwrap();
    assert!(second.at_ms > first.at_ms);
    assert_eq!(repository.at(Some(Timestamp(second.at_ms - 1))).unwrap(), first);
    assert_eq!(repository.at(Some(Timestamp(second.at_ms))).unwrap(), second);
    assert_eq!(repository.at(Some(Timestamp(first.at_ms - 1))).err(), Some(Error::NotFound));
    let old = restored(&world, &first).await;
    let alice = old.read(&crate::testing::who(ALICE), ALICE).await.unwrap();
    assert!(!files(&alice).await.contains_key("later"));
}

#[tokio::test]
async fn what_a_cut_run_left_is_swept_and_taken_up() {
    let world = World::furnished().await;
    world.backup(false).await;
    world.file(ALICE, "more", &[3; 700_000]).await;
    let done = world.backup(false).await;
    // As if it had been cut short before its manifest: the pack is there, and half of another.
    let repository = world.repository();
    std::fs::remove_file(repository.manifest_path(&done.name)).unwrap();
    drop(repository);
    std::fs::write(world.path().join("tmp/1"), b"half a pack").unwrap();
    assert_eq!(world.repository().manifests().unwrap().len(), 1);
    let again = world.backup(false).await;
    assert_eq!((again.changed_count, again.added_bytes), (1, 0));
    assert_eq!(std::fs::read_dir(world.path().join("tmp")).unwrap().count(), 0);
    let manifest = world.repository().at(None).unwrap();
    restored(&world, &manifest).await;
}

#[tokio::test]
async fn damage_in_the_store_is_told_and_the_rest_backed_up() {
    let world = World::furnished().await;
    let snapshot = world.engine.snapshot().await.unwrap();
    let range = engine::Range::prefix(b"");
    let (_, place) = snapshot.scan(engine::Table::Blob, &range, 1, false).await.unwrap().remove(0);
    world.memory.flip(&engine::Place(place), 99).unwrap();
    let done = world.backup(false).await;
    assert_eq!(done.missing_count, 1);
    let repository = world.repository();
    let manifest = repository.at(None).unwrap();
    let engine: Arc<dyn Engine> = SimDisk::new(3).engine();
    let verified = verify(repository, &manifest, &engine, world.env.clone()).await.unwrap();
    assert_eq!((verified.missing_count, verified.damage), (1, Vec::<String>::new()));
}

#[tokio::test]
async fn what_is_missing_is_told_each_time_and_mended_when_it_is_there_again() {
    let world = World::furnished().await;
    let snapshot = world.engine.snapshot().await.unwrap();
    let range = engine::Range::prefix(b"");
    let (key, place) = snapshot.scan(engine::Table::Blob, &range, 1, false).await.unwrap().remove(0);
    let place = engine::Place(place);
    world.memory.flip(&place, 99).unwrap();
    assert_eq!(world.backup(false).await.missing_count, 1);
    let second = world.backup(false).await;
    assert_eq!(second.missing_count, 1, "nothing has changed, and it is missing still");
    assert_eq!(second.added_bytes, 0);
    world.memory.flip(&place, 99).unwrap();
    let third = world.backup(false).await;
    assert_eq!(third.missing_count, 0);
    assert!(third.added_bytes > 10_000, "{}", third.added_bytes);
    let id = model::BlobId(key.as_ref().try_into().unwrap());
    assert!(world.repository().object(&id).is_ok());
    assert_eq!(world.backup(false).await.changed_count, 0);
}

#[tokio::test]
async fn a_body_that_the_repository_lost_is_brought_again() {
    let world = World::furnished().await;
    world.mail(BOB, INBOX, &[99; 10_000]).await;
    world.backup(false).await;
    let packs = world.repository().pack_names().unwrap();
    world.file(ALICE, "later", &[98; 50_000]).await;
    world.backup(false).await;
    let now = world.repository().pack_names().unwrap();
    let newest: Vec<_> = now.into_iter().filter(|name| !packs.contains(name)).collect();
    // It holds the body alone that is brought again, and rows.
    assert_eq!(newest.len(), 1);
    let path = world.repository().pack_path(&newest[0]);
    std::fs::remove_file(path).unwrap();
    world.backup(false).await;
    let manifest = world.repository().at(None).unwrap();
    let store = restored(&world, &manifest).await;
    let alice = store.read(&crate::testing::who(ALICE), ALICE).await.unwrap();
    assert_eq!(files(&alice).await["later"], [98; 50_000].as_slice());
}

#[tokio::test]
async fn a_damaged_manifest_does_not_keep_the_next_backup_from_being_made() {
    let world = World::furnished().await;
    let first = world.backup(false).await;
    world.file(ALICE, "later", b"later").await;
    let second = world.backup(false).await;
    for name in [&second.name, &first.name] {
        let path = world.repository().manifest_path(name);
        let mut octets = std::fs::read(&path).unwrap();
        octets[30] ^= 1;
        std::fs::write(&path, octets).unwrap();
        let next = world.backup(false).await;
        assert!(next.name > second.name, "it comes behind those that cannot be read");
        let manifest = world.repository().at(None).unwrap();
        assert_eq!(manifest.name, next.name);
    }
}

#[tokio::test]
async fn one_writes_at_a_time_and_only_into_its_own_kind_of_directory() {
    let world = World::furnished().await;
    let held = Repository::open(world.path(), Access::Write).unwrap();
    assert_eq!(Repository::open(world.path(), Access::Write).err(), Some(Error::Conflict));
    assert_eq!(Repository::open(world.path(), Access::Read).err(), Some(Error::Conflict));
    drop(held);
    let other = tempfile::tempdir().unwrap();
    assert_eq!(Repository::open(other.path(), Access::Read).err(), Some(Error::NotFound));
    std::fs::write(other.path().join("letter.txt"), b"dear").unwrap();
    assert!(matches!(Repository::open(other.path(), Access::Write).err(), Some(Error::Invalid(_))));
}

/// Counts the states of an engine that are held.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

struct Held(Arc<dyn Snapshot>, Count);

impl Drop for Held {
    fn drop(&mut self) {
        self.1.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Snapshot for Held {
    async fn get(&self, table: Table, key: &[u8]) -> model::Result<Option<Bytes>> {
        self.0.get(table, key).await
    }

    async fn get_many(&self, table: Table, keys: &[Vec<u8>]) -> model::Result<Vec<Option<Bytes>>> {
        self.0.get_many(table, keys).await
    }

    async fn scan(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        reverse: bool,
    ) -> model::Result<Vec<(Bytes, Bytes)>> {
        self.0.scan(table, range, limit, reverse).await
    }
}

/// An engine, which others may share.
struct Shared(Arc<dyn Engine>, Count, bool);

#[async_trait]
impl Engine for Shared {
    async fn snapshot(&self) -> model::Result<Arc<dyn Snapshot>> {
        self.1.0.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(Held(self.0.snapshot().await?, self.1.clone())))
    }

    async fn newest(&self) -> model::Result<Arc<dyn Snapshot>> {
        self.0.snapshot().await
    }

    fn company(&self) -> Option<Company> {
        self.2.then(|| Company { own: ProcessId([1; 8]), others: Vec::new() })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, model::Result<Durable>> {
        self.0.commit(batch)
    }

    async fn poisoned(&self) {
        self.0.poisoned().await
    }

    async fn close(&self) {}
}

/// Bodies of which each is counted that is read while a state is held. Before the first one is read, the places of all
/// are forgotten, where there is an engine.
struct Watched(Arc<dyn BlobStore>, Count, AtomicUsize, AtomicUsize, Option<Arc<dyn Engine>>);

#[async_trait]
impl BlobStore for Watched {
    fn blob_bytes_max(&self) -> usize {
        self.0.blob_bytes_max()
    }

    async fn append(&self, bytes: Bytes) -> model::Result<Frame> {
        self.0.append(bytes).await
    }

    async fn sync(&self, sequence: u64) -> model::Result<()> {
        self.0.sync(sequence).await
    }

    async fn read(&self, id: &BlobId, place: &Place) -> model::Result<Bytes> {
        if let Some(engine) = self.4.as_ref().filter(|_| self.2.load(Ordering::SeqCst) == 0) {
            let rows = engine.snapshot().await?.scan(Table::Blob, &Range::prefix(b""), 1_000, false).await?;
            assert!(rows.len() >= 5);
            let ops = rows.into_iter().map(|(key, _)| Op::Delete(Table::Blob, key.to_vec())).collect();
            let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await?;
        }
        self.2.fetch_add(1, Ordering::SeqCst);
        self.3.fetch_add(self.1.0.load(Ordering::SeqCst), Ordering::SeqCst);
        self.0.read(id, place).await
    }

    async fn poisoned(&self) {
        self.0.poisoned().await
    }
}

/// Backs up and restores, with an engine that others share or not.
async fn lets_go(is_shared: bool, forgets: bool) {
    let world = World::furnished().await;
    let before = mail(&world.read(BOB).await, INBOX).await;
    let count = Count::default();
    let engine: Arc<dyn Engine> = Arc::new(Shared(world.engine.clone(), count.clone(), is_shared));
    let (none, nor) = (AtomicUsize::default(), AtomicUsize::default());
    let forgetting = forgets.then(|| world.engine.clone());
    let watched = Arc::new(Watched(world.blobs.clone(), count.clone(), none, nor, forgetting));
    let blobs: Arc<dyn BlobStore> = watched.clone();
    let (store, addresses) = (&world.store, BTreeMap::new());
    let backup = Backup { store, engine: &engine, blobs: &blobs, addresses, build: "0", full: false };
    let done = create(&backup, world.path()).await.unwrap();
    assert_eq!(done.missing_count, 0);
    assert!(watched.2.load(Ordering::SeqCst) >= 5);
    assert_eq!((watched.3.load(Ordering::SeqCst), count.0.load(Ordering::SeqCst)), (0, 0));
    let store = restored(&world, &world.repository().at(None).unwrap()).await;
    let bob = store.read(&crate::testing::who(BOB), BOB).await.unwrap();
    assert_eq!(mail(&bob, INBOX).await, before);
}

#[tokio::test]
async fn the_state_is_let_go_before_the_bodies_are_read() {
    lets_go(true, false).await;
    lets_go(false, false).await;
}

#[tokio::test]
async fn bodies_are_read_where_the_rows_had_them() {
    lets_go(false, true).await;
}

#[test]
fn a_place_is_noted_at_the_limit_and_asked_for_one_past() {
    let place = [7; 16];
    assert_eq!(Spot::of(&place[..12]).place(), Some(Place(Bytes::copy_from_slice(&place[..12]))));
    assert_eq!(Spot::of(&place[..15]).place(), Some(Place(Bytes::copy_from_slice(&place[..15]))));
    assert_eq!(Spot::of(&place).place(), None);
    assert_eq!(size_of::<Spot>(), 16);
}
