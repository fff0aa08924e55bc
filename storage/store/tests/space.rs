//! Space on the real disk: it follows what is needed, and damage does not stand in its way.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use engine::{Engine, LocalOptions, OsEnv, sim::Dice};
use model::{AccountId, Address, CollectionId, CollectionKind, Principal, Rights, Role};
use std::{path::Path, sync::Arc};
use store::{Collected, Collection, Depth, FILES_ROOT, Fault, Folder, NewObject, Options, Reader, Store};

const OWNER: AccountId = AccountId(1);
const BODY_BYTES: usize = 20_000;

fn owner() -> Principal {
    let address = Address::parse("owner@example.org").unwrap();
    Principal { account: OWNER, address, groups: Vec::new(), role: Role::Member }
}

fn open(path: &Path, segment_bytes: u64) -> (Store, Arc<dyn Engine>) {
    let options = LocalOptions { cache_bytes: 8 << 20, segment_bytes, ..LocalOptions::default() };
    let (engine, blobs) = engine::open_local(path, options).unwrap();
    (Store::new(engine.clone(), Arc::new(blobs), Arc::new(OsEnv), Options::default()), engine)
}

async fn root(reader: &Reader) -> Collection<Folder> {
    let id = reader.child(CollectionId::ROOT, CollectionKind::Folder, FILES_ROOT).await.unwrap().unwrap();
    reader.open(id, Rights::OWNER).await.unwrap()
}

fn content(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; BODY_BYTES];
    Dice::new(seed).fill(&mut bytes);
    bytes
}

async fn put(store: &Store, seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        let mut upload = store.upload(u64::MAX);
        upload.write(&content(seed)).await.unwrap();
        let body = upload.finish().await.unwrap();
        let mut writer = store.write(&owner(), OWNER).await.unwrap();
        let files = root(&writer).await;
        let new = NewObject { body, content_type: "x/y".to_owned(), modified: None, mark: 0 };
        writer.put_file(&files, &seed.to_string(), new).await.unwrap();
        let _committed = writer.commit(()).await.unwrap();
    }
}

async fn remove(store: &Store, seeds: impl Iterator<Item = u64>) {
    let mut writer = store.write(&owner(), OWNER).await.unwrap();
    let files = root(&writer).await;
    for seed in seeds {
        writer.remove_file(&files, &seed.to_string()).await.unwrap();
    }
    let _committed = writer.commit(()).await.unwrap();
}

async fn read(store: &Store, seed: u64) -> model::Result<Vec<u8>> {
    let reader = store.read(&owner(), OWNER).await.unwrap();
    let row = reader.entry(&root(&reader).await, &seed.to_string()).await.unwrap().unwrap();
    let body = reader.object_body(row.item).await.unwrap();
    store.body(&body, 0..u64::MAX).collect().await.map(|bytes| bytes.to_vec())
}

fn segments_bytes(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path.join("blobs")).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| entry.metadata().unwrap().len()).sum()
}

/// The first look at a store finds nothing to do.
async fn first_look(store: &Store) {
    assert_eq!(store.collect().await.unwrap(), Collected::default());
}

#[tokio::test]
async fn after_half_of_everything_is_removed_the_space_comes_back() {
    for segment_bytes in [1 << 20, 256 << 20] {
        let directory = tempfile::tempdir().unwrap();
        let (store, engine) = open(directory.path(), segment_bytes);
        first_look(&store).await;
        put(&store, 0..200).await;
        let sum = 200 * BODY_BYTES as u64;
        assert!(segments_bytes(directory.path()) < sum * 102 / 100);
        assert_eq!(store.collect().await.unwrap(), Collected::default());
        remove(&store, (0..200).filter(|seed| seed % 2 == 0)).await;
        let collected = store.collect().await.unwrap();
        assert_eq!(collected.forgotten_count, 100);
        let left = segments_bytes(directory.path());
        assert!(left < sum / 2 * 130 / 100, "{left} of {sum}, {collected:?}");
        for seed in (1..200).step_by(2) {
            assert_eq!(read(&store, seed).await.unwrap(), content(seed));
        }
        assert_eq!(store.collect().await.unwrap(), Collected::default(), "nothing is left to do");
        remove(&store, (0..200).filter(|seed| seed % 2 == 1)).await;
        store.collect().await.unwrap();
        assert!(segments_bytes(directory.path()) < 128 << 10);
        assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
        engine.close().await;
    }
}

#[tokio::test]
async fn counts_survive_the_end_of_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let (store, engine) = open(directory.path(), 1 << 20);
    first_look(&store).await;
    put(&store, 0..60).await;
    remove(&store, 0..40).await;
    engine.close().await;
    drop((store, engine));
    let (store, engine) = open(directory.path(), 1 << 20);
    let collected = store.collect().await.unwrap();
    assert_eq!(collected.forgotten_count, 40);
    assert!(collected.segment_count >= 1, "{collected:?}");
    assert!(segments_bytes(directory.path()) < 20 * BODY_BYTES as u64 * 130 / 100 + (64 << 10));
    engine.close().await;
}

#[tokio::test]
async fn what_two_share_is_kept_until_both_have_let_go() {
    let directory = tempfile::tempdir().unwrap();
    let (store, engine) = open(directory.path(), 1 << 20);
    first_look(&store).await;
    put(&store, 0..1).await;
    let mut writer = store.write(&owner(), OWNER).await.unwrap();
    let files = root(&writer).await;
    let row = writer.entry(&files, &"0".to_owned()).await.unwrap().unwrap();
    let body = writer.object_body(row.item).await.unwrap();
    writer.copy_file((&row, body), &files, "copy").await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
    remove(&store, 0..1).await;
    assert_eq!(store.collect().await.unwrap().forgotten_count, 0);
    let mut writer = store.write(&owner(), OWNER).await.unwrap();
    let files = root(&writer).await;
    writer.remove_file(&files, "copy").await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
    assert_eq!(store.collect().await.unwrap().forgotten_count, 1);
    engine.close().await;
}

#[tokio::test]
async fn a_damaged_segment_is_put_aside_and_costs_only_what_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let (store, engine) = open(directory.path(), 1 << 20);
    first_look(&store).await;
    put(&store, 0..80).await;
    engine.close().await;
    drop((store, engine));
    let segment = directory.path().join("blobs/00000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    let frame = BODY_BYTES + 64;
    // One header and one body.
    bytes[frame * 3 + 9] ^= 1;
    bytes[frame * 7 + 5_000] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let (store, engine) = open(directory.path(), 1 << 20);
    let collected = store.collect_thoroughly().await.unwrap();
    assert_eq!(collected.segment_count, 1, "{collected:?}");
    let kept = std::fs::read(directory.path().join("blobs/00000001.damaged")).unwrap();
    assert_eq!(kept, bytes, "as it was, for whoever wants to look");
    for seed in 0..80 {
        let read = read(&store, seed).await;
        assert_eq!(read.is_ok(), ![3, 7].contains(&seed), "{seed}");
        assert!(read.is_err() || read.unwrap() == content(seed));
    }
    let findings = store.fsck_all(Depth::Bytes).await.unwrap();
    let named = findings.iter().filter(|finding| matches!(finding.fault, Fault::DamagedBlob(..))).count();
    assert_eq!((named, findings.len()), (2, 2), "{findings:?}");
    engine.close().await;
    drop((store, engine));
    drop(open(directory.path(), 1 << 20));
}
