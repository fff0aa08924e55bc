//! The whole store on the real disk: writers on many threads while collection runs beside them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use engine::{LocalOptions, OsEnv, open_local, sim::Dice};
use model::{AccountId, Address, CollectionId, CollectionKind, Principal, Rights, Role};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use store::{Depth, FILES_ROOT, Folder, NewObject, Options, Store};

const WRITERS: u32 = 8;
const ROUNDS: u32 = 40;
/// Small, so that there is something to collect.
const SEGMENT_BYTES: u64 = 256 << 10;

fn owner(account: AccountId) -> Principal {
    let address = Address::parse("owner@example.org").unwrap();
    Principal { account, address, groups: Vec::new(), role: Role::Member }
}

async fn open(path: &Path) -> (Store, Arc<dyn engine::Engine>) {
    let options =
        LocalOptions { cache_bytes: 8 << 20, segment_bytes: SEGMENT_BYTES, ..LocalOptions::default() };
    let (engine, blobs) = open_local(path, options).unwrap();
    (Store::new(engine.clone(), Arc::new(blobs), Arc::new(OsEnv), Options::default()), engine)
}

/// What a writer's file holds after a round; several writers share some contents.
fn content(writer: u32, round: u32) -> Vec<u8> {
    let seed = if round.is_multiple_of(3) { round } else { writer * 1_000 + round };
    let mut bytes = vec![0; 20_000];
    Dice::new(u64::from(seed)).fill(&mut bytes);
    bytes
}

async fn work(store: Store, writer: u32) {
    let account = AccountId(writer % 3 + 1);
    for round in 0..ROUNDS {
        let mut upload = store.upload(u64::MAX);
        upload.write(&content(writer, round)).await.unwrap();
        let body = upload.finish().await.unwrap();
        let mut turn = store.write(&owner(account), account).await.unwrap();
        let root = turn.child(CollectionId::ROOT, CollectionKind::Folder, FILES_ROOT).await.unwrap().unwrap();
        let root = turn.open::<Folder>(root, Rights::OWNER).await.unwrap();
        let new = NewObject { body, content_type: "text/plain".to_owned(), modified: None, mark: 0 };
        // One name is written over again and again, another one is kept.
        turn.put_file(&root, &format!("{writer}"), new.clone()).await.unwrap();
        if round == ROUNDS / 2 {
            turn.put_file(&root, &format!("{writer}-kept"), new).await.unwrap();
        }
        let _committed = turn.commit(()).await.unwrap();
    }
}

async fn holds(store: &Store, writer: u32, name: &str, round: u32) {
    let account = AccountId(writer % 3 + 1);
    let reader = store.read(&owner(account), account).await.unwrap();
    let root = reader.child(CollectionId::ROOT, CollectionKind::Folder, FILES_ROOT).await.unwrap().unwrap();
    let root = reader.open::<Folder>(root, Rights::READ).await.unwrap();
    let row = reader.entry(&root, &name.to_owned()).await.unwrap().unwrap();
    let body = reader.object_body(row.item).await.unwrap();
    let bytes = store.body(&body, 0..u64::MAX).collect().await.unwrap();
    assert!(bytes == content(writer, round), "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn collection_beside_writers_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (store, engine) = open(directory.path()).await;
    let writing = Arc::new(AtomicBool::new(true));
    let collector = {
        let (store, writing) = (store.clone(), Arc::clone(&writing));
        tokio::spawn(async move {
            let mut segments = 0;
            while writing.load(Ordering::Relaxed) {
                segments += store.collect().await.unwrap().segment_count;
            }
            segments
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(work(store.clone(), writer))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    writing.store(false, Ordering::Relaxed);
    let segments = collector.await.unwrap() + store.collect().await.unwrap().segment_count;
    assert!(segments > 10, "{segments} segments were collected");
    engine.close().await;
    drop((store, engine));

    let (store, engine) = open(directory.path()).await;
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
    for writer in 0..WRITERS {
        holds(&store, writer, &format!("{writer}"), ROUNDS - 1).await;
        holds(&store, writer, &format!("{writer}-kept"), ROUNDS / 2).await;
    }
    let left = std::fs::read_dir(directory.path().join("blobs")).unwrap();
    let bytes: u64 = left.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    let live = u64::from(WRITERS) * 2 * 20_000;
    assert!(bytes < 4 * live + 2 * SEGMENT_BYTES, "{bytes} octets on disk for {live}");
    engine.close().await;
}
