//! Dead properties of items: kept, moved along, forgotten, bounded.

use crate::testing::{files, object, put, store, writer};
use crate::{COLLECTION_PROPERTIES_BYTES_MAX, Properties};
use model::Error;

fn properties(bytes: usize) -> Properties {
    Properties::from([("{urn:x}y".to_owned(), "v".repeat(bytes - "{urn:x}y".len()))])
}

#[tokio::test]
async fn at_the_limit_and_one_past_it() {
    let store = store();
    put(&store, "a", b"x").await;
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let most = properties(COLLECTION_PROPERTIES_BYTES_MAX);
    turn.set_item_properties(&root, "a", &most).await.unwrap();
    let past = turn.set_item_properties(&root, "a", &properties(COLLECTION_PROPERTIES_BYTES_MAX + 1)).await;
    assert_eq!(past.err(), Some(Error::TooLarge(COLLECTION_PROPERTIES_BYTES_MAX as u64)));
    assert_eq!(turn.set_item_properties(&root, "b", &most).await.err(), Some(Error::NotFound));
}

#[tokio::test]
async fn they_follow_their_item() {
    let store = store();
    let before = put(&store, "a", b"x").await;
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let inner = turn.create_folder(root.id(), "d", Properties::new()).await.unwrap();
    let some = properties(20);
    let row = turn.set_item_properties(&root, "a", &some).await.unwrap();
    assert!(row.has_properties);
    let row = turn.move_file((&root, "a"), (&inner, "b")).await.unwrap();
    assert_eq!(turn.item_properties(&inner, &[row.item]).await.unwrap(), [some]);
    assert_eq!(turn.item_properties(&root, &[row.item]).await.unwrap(), [Properties::new()]);
    let new = object(&store, b"new").await;
    let row = turn.put_file(&inner, "b", new).await.unwrap();
    assert!(row.has_properties && turn.touch() > before);
    turn.remove_file(&inner, "b").await.unwrap();
    assert_eq!(turn.item_properties(&inner, &[row.item]).await.unwrap(), [Properties::new()]);
}
