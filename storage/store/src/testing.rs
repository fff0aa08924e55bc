//! What the tests of this crate share: a store on a simulated disk, and a principal.

use crate::{Folder, NewObject, Options, Reader, Store, Writer, collection::Collection};
use bytes::Bytes;
use engine::sim::{SimDisk, SimEnv};
use model::{AccountId, Address, CollectionId, CollectionKind, Principal, Rights, Role};
use std::sync::Arc;

pub(crate) const ALICE: AccountId = AccountId(1);
pub(crate) const BOB: AccountId = AccountId(2);

pub(crate) fn principal(account: AccountId) -> Principal {
    let address = Address::parse(&format!("p{}@example.org", account.0)).unwrap();
    Principal { account, address, groups: Vec::new(), role: Role::Member }
}

pub(crate) fn store_on(disk: &SimDisk) -> Store {
    Store::new(disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)), Options::default())
}

pub(crate) fn store() -> Store {
    store_on(&SimDisk::new(1))
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
