//! Trees of folders: moved, copied and removed whole, counts and quota with them.

use crate::testing::{files, object, reader, store, writer};
use crate::{Collection, Folder, Properties, Store, Writer};
use model::{CollectionKind, Error};

async fn file(store: &Store, turn: &mut Writer, folder: &Collection<Folder>, name: &str, bytes: usize) {
    let new = object(store, &vec![7; bytes]).await;
    turn.put_file(folder, name, new).await.unwrap();
}

#[tokio::test]
async fn a_tree_is_copied_moved_and_removed() {
    let store = store();
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let one = turn.create_folder(root.id(), "one", Properties::new()).await.unwrap();
    let two = turn.create_folder(one.id(), "two", Properties::new()).await.unwrap();
    file(&store, &mut turn, &one, "small", 10).await;
    file(&store, &mut turn, &two, "large", 300_000).await;
    turn.commit(()).await.map(drop).unwrap();

    let snapshot = reader(&store).await;
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let copy = turn.create_folder(root.id(), "copy", Properties::new()).await.unwrap();
    turn.copy_tree(&snapshot, &one, &copy).await.unwrap();
    assert_eq!(turn.quota().used_bytes, 2 * 300_010);
    turn.move_tree(&copy, one.id(), "inside").await.unwrap();
    assert_eq!(turn.move_tree(&one, copy.id(), "cycle").await, Err(Error::Conflict));
    turn.remove_tree(&one).await.unwrap();
    turn.commit(()).await.map(drop).unwrap();
    let after = reader(&store).await;
    assert_eq!((after.quota().used_bytes, after.quota().used_count), (0, 0));
    assert!(after.children(root.id(), CollectionKind::Folder).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_copy_outlives_its_source() {
    let store = store();
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    file(&store, &mut turn, &root, "a", 300_000).await;
    turn.commit(()).await.map(drop).unwrap();
    let mut turn = writer(&store).await;
    let row = turn.entry(&root, &"a".to_owned()).await.unwrap().unwrap();
    let body = turn.object_body(row.item).await.unwrap();
    turn.copy_file((&row, body), &root, "b").await.unwrap();
    turn.remove_file(&root, "a").await.unwrap();
    turn.commit(()).await.map(drop).unwrap();
    let reader = reader(&store).await;
    let row = reader.entry(&root, &"b".to_owned()).await.unwrap().unwrap();
    let body = reader.object_body(row.item).await.unwrap();
    let octets = store.body(&body, 0..body.size).collect().await.unwrap();
    assert_eq!(octets, vec![7; 300_000]);
}

#[tokio::test]
async fn names_are_of_files_or_folders() {
    let store = store();
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    turn.create_folder(root.id(), "d", Properties::new()).await.unwrap();
    let new = object(&store, b"x").await;
    assert_eq!(turn.put_file(&root, "d", new).await.err(), Some(Error::Exists));
    file(&store, &mut turn, &root, "f", 1).await;
    assert_eq!(turn.create_folder(root.id(), "f", Properties::new()).await.err(), Some(Error::Exists));
    assert_eq!(turn.move_file((&root, "f"), (&root, "d")).await.err(), Some(Error::Exists));
}
