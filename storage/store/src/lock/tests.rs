//! Locks are kept, lapse, and are bounded.

use crate::testing::{files, put, reader, store, writer};
use crate::{LOCK_COUNT_MAX, Lock, Store};
use model::{AccountId, CollectionId, Error, ItemId, Timestamp};

fn lock(number: usize, collection: CollectionId, expires: Timestamp) -> Lock {
    Lock {
        token: format!("urn:uuid:{number:04}"),
        collection,
        item: None,
        principal: AccountId(1),
        shared: true,
        infinite: false,
        timeout_seconds: 60,
        expires,
        root: "/".to_owned(),
        owner: String::new(),
    }
}

fn later(store: &Store) -> Timestamp {
    Timestamp(store.env().now().0 + 60_000)
}

#[tokio::test]
async fn at_the_limit_and_one_past_it() {
    let store = store();
    let mut turn = writer(&store).await;
    let folder = files(&turn).await.id();
    let expires = later(&store);
    for number in 0..LOCK_COUNT_MAX {
        turn.put_lock(&lock(number, folder, expires)).await.unwrap();
    }
    let one_more = turn.put_lock(&lock(LOCK_COUNT_MAX, folder, expires)).await;
    assert_eq!(one_more, Err(Error::TooLarge(LOCK_COUNT_MAX as u64)));
    turn.put_lock(&lock(0, folder, expires)).await.unwrap();
    turn.commit(()).await.map(drop).unwrap();
    assert_eq!(reader(&store).await.locks().await.unwrap().len(), LOCK_COUNT_MAX);
}

#[tokio::test]
async fn lapsed_locks_are_gone_and_swept() {
    let store = store();
    let mut turn = writer(&store).await;
    let folder = files(&turn).await.id();
    turn.put_lock(&lock(1, folder, store.env().now())).await.unwrap();
    turn.put_lock(&lock(2, folder, later(&store))).await.unwrap();
    turn.commit(()).await.map(drop).unwrap();
    let reader = reader(&store).await;
    assert_eq!(reader.locks().await.unwrap().len(), 1);
    assert_eq!(reader.all_locks().await.unwrap().len(), 1);
}

#[tokio::test]
async fn locks_go_with_what_they_lock() {
    let store = store();
    put(&store, "a", b"x").await;
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let item = turn.entry(&root, &"a".to_owned()).await.unwrap().unwrap().item;
    let inner = turn.create_folder(root.id(), "d", crate::Properties::new()).await.unwrap();
    let expires = later(&store);
    turn.put_lock(&Lock { item: Some(item), ..lock(1, root.id(), expires) }).await.unwrap();
    turn.put_lock(&Lock { item: Some(ItemId(item.0 + 1)), ..lock(2, root.id(), expires) }).await.unwrap();
    turn.put_lock(&lock(3, inner.id(), expires)).await.unwrap();
    assert_eq!(turn.ancestors(inner.id()).await.unwrap(), [inner.id(), root.id()]);
    turn.remove_file(&root, "a").await.unwrap();
    turn.remove_tree(&inner).await.unwrap();
    let left: Vec<_> = turn.locks().await.unwrap().into_iter().map(|lock| lock.token).collect();
    assert_eq!(left, ["urn:uuid:0002"]);
}
