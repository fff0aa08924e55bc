//! Tombstones go, the floor rises, old tokens are refused.

use crate::testing::{ALICE, files, object, put, reader, remove, store, writer};
use model::{Error, Timestamp};

const LATER: Timestamp = Timestamp(i64::MAX);

#[tokio::test]
async fn purged_tombstones_raise_the_floor_and_nothing_else() {
    let store = store();
    let old = put(&store, "a", b"1").await;
    put(&store, "b", b"1").await;
    let gone = remove(&store, "a").await;
    let now = put(&store, "c", b"1").await;
    assert_eq!(store.purge(ALICE, Timestamp(i64::MIN)).await, Ok(0));
    assert_eq!(store.purge(ALICE, LATER).await, Ok(1));
    assert_eq!(store.purge(ALICE, LATER).await, Ok(0));
    let reader = reader(&store).await;
    let files = files(&reader).await;
    assert_eq!(files.row().floor, gone);
    assert_eq!(reader.changes(&files, old, 10).await, Err(Error::StaleToken));
    let since = reader.changes(&files, gone, 10).await.unwrap();
    assert_eq!((since.changed.len(), since.removed.len(), since.upto), (1, 0, now));
}

#[tokio::test]
async fn a_removed_folder_at_a_batch_and_one_past_is_purged_whole() {
    for count in [crate::PURGE_BATCH_COUNT, crate::PURGE_BATCH_COUNT + 1] {
        let store = store();
        let mut filling = writer(&store).await;
        let root = files(&filling).await;
        let inner = filling.create_folder(root.id(), "inner", crate::Properties::new()).await.unwrap();
        for n in 0..count {
            let new = object(&store, b"x").await;
            filling.put_object(&inner, &format!("{n}"), new).await.unwrap();
        }
        filling.commit(()).await.unwrap();
        let mut emptying = writer(&store).await;
        emptying.remove_tree(&inner).await.unwrap();
        emptying.commit(()).await.unwrap();
        store.purge_deleted(ALICE, LATER).await.unwrap();
        assert_eq!(store.fsck_all(crate::Depth::Bytes).await.unwrap(), [], "{count}");
        assert_eq!(reader(&store).await.kept().await.unwrap().count, 0, "{count}");
    }
}

#[tokio::test]
async fn a_commit_that_removed_more_than_a_page_is_purged_whole() {
    let store = store();
    let count = crate::SCAN_PAGE_COUNT + 200;
    let mut filling = writer(&store).await;
    let root = files(&filling).await;
    for n in 0..count {
        let new = object(&store, b"x").await;
        filling.put_object(&root, &format!("{n}"), new).await.unwrap();
    }
    filling.commit(()).await.unwrap();
    assert_eq!(store.purge(ALICE, LATER).await, Ok(0));
    let mut emptying = writer(&store).await;
    for n in 0..count {
        emptying.remove_object(&root, &format!("{n}")).await.unwrap();
    }
    emptying.commit(()).await.unwrap();
    assert_eq!(store.purge(ALICE, LATER).await, Ok(count as u64));
}
