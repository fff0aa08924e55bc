//! Rights, names, depth and trees of collections.

use crate::{
    COLLECTION_DEPTH_MAX, Folder, NAME_BYTES_MAX, NewCollection, SCAN_PAGE_COUNT,
    testing::{ALICE, BOB, content, files, object, principal, put, reader, store, writer},
    valid_item_name, valid_name,
};
use model::{CollectionId, CollectionKind, Error, Rights};

#[test]
fn names_have_a_limit_and_no_path_in_them() {
    assert_eq!(valid_name(&"n".repeat(NAME_BYTES_MAX)), Ok(()));
    assert_eq!(valid_name(&"n".repeat(NAME_BYTES_MAX + 1)), Err(Error::TooLarge(NAME_BYTES_MAX as u64)));
    for bad in ["", ".", "..", "a/b", "a\0b", "a\nb"] {
        assert!(valid_name(bad).is_err(), "{bad:?}");
    }
    assert_eq!(valid_name("..."), Ok(()));
    // Clients name items by UIDs that say `%0A`.
    assert_eq!(valid_item_name("a\nb"), Ok(()));
    assert_eq!(valid_item_name(&"\n".repeat(NAME_BYTES_MAX)), Ok(()));
    assert!(valid_item_name(&"\n".repeat(NAME_BYTES_MAX + 1)).is_err());
    for bad in ["", ".", "..", "a/b", "a\0b", "a\rb", "a\u{85}b"] {
        assert!(valid_item_name(bad).is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn collections_nest_to_a_limit() {
    let store = store();
    let mut writer = writer(&store).await;
    let mut at = files(&writer).await.id();
    for _ in 1..COLLECTION_DEPTH_MAX {
        at = writer.create::<Folder>(at, "below", NewCollection::default()).await.unwrap().id();
    }
    let deeper = writer.create::<Folder>(at, "below", NewCollection::default()).await;
    assert_eq!(deeper.err(), Some(Error::TooLarge(COLLECTION_DEPTH_MAX as u64)));
}

#[tokio::test]
async fn a_tree_moves_in_one_record_and_never_into_itself() {
    let store = store();
    let mut writer = writer(&store).await;
    let root = files(&writer).await;
    let a = writer.create::<Folder>(root.id(), "a", NewCollection::default()).await.unwrap();
    let b = writer.create::<Folder>(a.id(), "b", NewCollection::default()).await.unwrap();
    assert_eq!(writer.rename(&a, b.id(), "a").await, Err(Error::Conflict));
    assert_eq!(writer.rename(&b, root.id(), "a").await, Err(Error::Exists));
    writer.rename(&a, root.id(), "z").await.unwrap();
    writer.commit(()).await.unwrap();
    let reader = reader(&store).await;
    assert_eq!(reader.child(root.id(), CollectionKind::Folder, "a").await.unwrap(), None);
    assert_eq!(reader.child(root.id(), CollectionKind::Folder, "z").await.unwrap(), Some(a.id()));
    assert_eq!(reader.child(a.id(), CollectionKind::Folder, "b").await.unwrap(), Some(b.id()));
    let log = reader.changes(&root, root.row().floor, 10).await.unwrap();
    let name =
        |list: &[(String, crate::Changed)]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!((name(&log.changed), name(&log.removed)), (vec!["z".to_owned()], vec!["a".to_owned()]));
}

#[tokio::test]
async fn removing_a_collection_frees_what_it_held() {
    let store = store();
    let before = reader(&store).await.quota();
    let mut first = writer(&store).await;
    let root = files(&first).await;
    let sub = first.create::<Folder>(root.id(), "sub", NewCollection::default()).await.unwrap();
    first.commit(()).await.unwrap();
    let mut second = writer(&store).await;
    let sub = second.open::<Folder>(sub.id(), Rights::OWNER).await.unwrap();
    for n in 0..SCAN_PAGE_COUNT + 1 {
        let new = object(&store, b"12345").await;
        second.put_object(&sub, &format!("{n}"), new).await.unwrap();
    }
    second.commit(()).await.unwrap();
    assert_eq!(reader(&store).await.quota().used_bytes, 5 * (SCAN_PAGE_COUNT as u64 + 1));
    let mut third = writer(&store).await;
    third.remove_collection(&sub).await.unwrap();
    third.commit(()).await.unwrap();
    let after = reader(&store).await;
    assert_eq!(after.quota(), before);
    assert_eq!(after.open::<Folder>(sub.id(), Rights::READ).await.err(), Some(Error::NotFound));
}

#[tokio::test]
async fn absent_and_forbidden_look_the_same_until_it_is_shared() {
    let store = store();
    put(&store, "secret", b"x").await;
    let root = files(&reader(&store).await).await;
    let as_bob = store.read(&principal(BOB), ALICE).await.unwrap();
    assert_eq!(as_bob.open::<Folder>(root.id(), Rights::READ).await.err(), Some(Error::NotFound));
    assert_eq!(as_bob.open::<Folder>(CollectionId(9999), Rights::READ).await.err(), Some(Error::NotFound));
    assert_eq!(
        as_bob.child(CollectionId::ROOT, CollectionKind::Folder, crate::FILES_ROOT).await.unwrap(),
        None
    );
    let mut intruder = store.write(&principal(BOB), ALICE).await.unwrap();
    let made = intruder.create::<Folder>(CollectionId::ROOT, "mine", NewCollection::default()).await;
    assert_eq!(made.err(), Some(Error::NotFound));
    drop(intruder);
    let mut owner = writer(&store).await;
    let grant = (BOB, Rights::LOOKUP | Rights::READ);
    owner.grant(&root, grant.0, grant.1).await.unwrap();
    owner.commit(()).await.unwrap();
    let mut as_bob = store.write(&principal(BOB), ALICE).await.unwrap();
    let shared = as_bob.open::<Folder>(root.id(), Rights::READ).await.unwrap();
    let new = object(&store, b"y").await;
    let refused = as_bob.put_object(&shared, "secret", new).await;
    assert_eq!(refused.err(), Some(Error::Forbidden(Rights::WRITE)));
    drop(as_bob);
    assert_eq!(content(&store, "secret").await.unwrap(), "x");
}

#[tokio::test]
async fn collections_at_the_limit_and_one_past_it() {
    use crate::{NewCollection, limits::COLLECTION_COUNT_MAX};
    let store = crate::testing::store();
    let mut writer = crate::testing::writer(&store).await;
    // As if all but the last were there.
    writer.account_row_mut().collection_count = COLLECTION_COUNT_MAX - 1;
    writer.create_mailbox("last", NewCollection::default()).await.unwrap();
    let past = writer.create_mailbox("past", NewCollection::default()).await;
    assert_eq!(past.err(), Some(model::Error::TooLarge(COLLECTION_COUNT_MAX)));
}
