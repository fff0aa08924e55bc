//! What the tests of this crate share: a store on a simulated disk, and a principal.

use crate::{Folder, NewObject, Options, Reader, Store, Writer, collection::Collection};
use bytes::Bytes;
use engine::{
    PostgresOptions, open_postgres,
    sim::{SimDisk, SimEnv},
};
use model::{AccountId, Address, CollectionId, CollectionKind, Principal, Rights, Role};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

pub(crate) const ALICE: AccountId = AccountId(1);
pub(crate) const BOB: AccountId = AccountId(2);

pub(crate) fn principal(account: AccountId) -> Principal {
    let address = Address::parse(&format!("p{}@example.org", account.0)).unwrap();
    Principal { account, address, groups: Vec::new(), role: Role::Member }
}

pub(crate) fn store_on(disk: &SimDisk) -> Store {
    Store::new(disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)), Options::default())
}

/// A store with nothing in it: on a simulated disk, or, where `COLLEGIUM_STORE_TESTS` says `postgres`, in a schema of
/// its own in the database that `COLLEGIUM_POSTGRES` names.
pub(crate) fn store() -> Store {
    match std::env::var("COLLEGIUM_STORE_TESTS") {
        Ok(engine) if engine == "postgres" => in_postgres(),
        Ok(engine) => panic!("COLLEGIUM_STORE_TESTS={engine}"),
        Err(_) => store_on(&SimDisk::new(1)),
    }
}

fn in_postgres() -> Store {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // The engine's tasks outlive a test's own runtime.
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    });
    let url = std::env::var("COLLEGIUM_POSTGRES").expect("COLLEGIUM_POSTGRES names no database");
    let mut options = PostgresOptions::new(&url);
    options.schema = format!("store_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    options.reader_count_max = 4;
    let (tell, told) = std::sync::mpsc::channel();
    runtime.spawn(async move { tell.send(open_postgres(&options).await) });
    let (engine, blobs) = told.recv().unwrap().unwrap();
    Store::new(engine, blobs, Arc::new(SimEnv::new(1)), Options::default())
}

pub(crate) async fn reader(store: &Store) -> Reader {
    store.read(&principal(ALICE), ALICE).await.unwrap()
}

pub(crate) async fn writer(store: &Store) -> Writer {
    store.write(&principal(ALICE), ALICE).await.unwrap()
}

pub(crate) async fn files(reader: &Reader) -> Collection<Folder> {
    let root =
        reader.child(CollectionId::ROOT, CollectionKind::Folder, crate::FILES_ROOT).await.unwrap().unwrap();
    reader.open(root, Rights::READ).await.unwrap()
}

pub(crate) async fn object(store: &Store, bytes: &[u8]) -> NewObject {
    let mut upload = store.upload(u64::MAX);
    upload.write(bytes).await.unwrap();
    let body = upload.finish().await.unwrap();
    NewObject { body, content_type: "text/plain".to_owned(), modified: None, mark: 0 }
}

pub(crate) async fn put(store: &Store, name: &str, bytes: &[u8]) -> model::Modseq {
    let new = object(store, bytes).await;
    let mut writer = writer(store).await;
    let files = files(&writer).await;
    writer.put_object(&files, name, new).await.unwrap();
    writer.commit(()).await.unwrap().modseq()
}

pub(crate) async fn remove(store: &Store, name: &str) -> model::Modseq {
    let mut writer = writer(store).await;
    let files = files(&writer).await;
    writer.remove_object(&files, name).await.unwrap();
    writer.commit(()).await.unwrap().modseq()
}

pub(crate) async fn content(store: &Store, name: &str) -> Option<Bytes> {
    let reader = reader(store).await;
    let files = files(&reader).await;
    let row = reader.entry(&files, &name.to_owned()).await.unwrap()?;
    let body = reader.object_body(row.item).await.unwrap();
    Some(store.body(&body, 0..u64::MAX).collect().await.unwrap())
}
