//! What comes back: messages, objects, versions, collections; never over something that is there.

use super::*;
use crate::{
    Depth, FlagChange, INBOX, MessageRecord, NewCollection, NewMessage, Options, Properties,
    testing::{ALICE, content, files, object, put, reader, remove, writer},
};
use bytes::Bytes;
use engine::sim::{SimDisk, SimEnv};
use format::icalendar::span::Span;
use model::{Flags, Uid, ZonedTime};
use std::sync::Arc;

fn store() -> Store {
    let disk = SimDisk::new(1);
    let options = Options { undelete_ms: 1, ..Options::default() };
    Store::new(disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)), options)
}

async fn numbers(store: &Store) -> Vec<ItemId> {
    let rows = reader(store).await.deleted(ItemId(0), 1_000).await.unwrap();
    rows.into_iter().map(|(number, _)| number).collect()
}

async fn back(store: &Store, number: ItemId) -> Result<Recovered> {
    let done = store.undelete(ALICE, number, &Recover::default()).await;
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
    done.map(Committed::into_inner)
}

async fn replaced(store: &Store, number: ItemId) -> Result<Recovered> {
    let done = store.undelete(ALICE, number, &Recover { into: None, replace: true }).await;
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
    done.map(Committed::into_inner)
}

async fn arrive(store: &Store, bytes: &[u8], flags: SystemFlags) -> NewMessage {
    let mut upload = store.upload(u64::MAX);
    upload.write(bytes).await.unwrap();
    let record = MessageRecord {
        copies: 1,
        body: upload.finish().await.unwrap(),
        envelope: Bytes::new(),
        structure: Bytes::new(),
        extended_structure: Bytes::new(),
        parts: Bytes::new(),
        sent: None,
    };
    let received = ZonedTime { seconds: 77, offset_minutes: 60 };
    NewMessage { record, flags: Flags { system: flags, ..Flags::default() }, received, keys: None }
}

#[tokio::test]
async fn an_expunged_message_comes_back_under_a_new_uid_without_deleted() {
    let store = store();
    let mut turn = writer(&store).await;
    let inbox = turn.open_mailbox(INBOX, Rights::OWNER).await.unwrap();
    let sent = turn.open_mailbox("Sent", Rights::OWNER).await.unwrap();
    let new = arrive(&store, &[5; 30_000], SystemFlags::SEEN).await;
    let uid = turn.append(&inbox, new).await.unwrap();
    turn.copy_messages(&inbox, &sent, &[uid]).await.unwrap();
    let deleted = FlagChange::Add(Flags { system: SystemFlags::DELETED, ..Flags::default() });
    turn.change_flags(&inbox, &[uid], &deleted).await.unwrap();
    assert_eq!(turn.expunge_all(&inbox).await.unwrap(), [uid]);
    turn.commit(()).await.unwrap();
    let number = numbers(&store).await[0];
    let recovered = back(&store, number).await.unwrap();
    assert_eq!(recovered, Recovered { collection: inbox.id(), name: uid.next().0.to_string() });
    let reader = reader(&store).await;
    let row = reader.entry(&inbox, &uid.next()).await.unwrap().unwrap();
    assert_eq!((row.flags.system, row.received.seconds), (SystemFlags::SEEN, 77));
    let copy = reader.entry(&sent, &Uid(1)).await.unwrap().unwrap();
    assert_eq!(copy.message, row.message, "the copy in Sent shares the record still");
    assert_eq!(back(&store, number).await.err(), Some(Error::NotFound));
}

#[tokio::test]
async fn a_file_comes_back_beside_a_newer_one_and_a_version_over_it() {
    let store = store();
    put(&store, "a.txt", b"one").await;
    put(&store, "a.txt", &[2; 20_000]).await;
    remove(&store, "a.txt").await;
    put(&store, "a.txt", b"three").await;
    let [version, removed] = numbers(&store).await[..] else { panic!("two rows") };
    assert_eq!(back(&store, removed).await.unwrap().name, "a (restored).txt");
    assert_eq!(content(&store, "a (restored).txt").await.unwrap(), vec![2; 20_000]);
    assert_eq!(back(&store, version).await.err(), Some(Error::Conflict));
    assert_eq!(replaced(&store, version).await.unwrap().name, "a.txt");
    assert_eq!(content(&store, "a.txt").await.unwrap(), "one");
    // What was replaced can be brought back in its turn.
    let swapped = *numbers(&store).await.last().unwrap();
    replaced(&store, swapped).await.unwrap();
    assert_eq!(content(&store, "a.txt").await.unwrap(), "three");
}

async fn event(store: &Store, name: &str, uid: &str, bytes: &[u8]) {
    let new = object(store, bytes).await;
    let mut turn = writer(store).await;
    let calendar = calendar(&turn).await;
    let kind = format::icalendar::object::Kind::Event;
    let span = Span { kind, first: 0, last: 9, floating: false, exact: true };
    let facts = CalendarFacts { uid: uid.to_owned(), span };
    turn.put_calendar_object(&calendar, name, new, &facts).await.unwrap();
    turn.commit(()).await.unwrap();
}

async fn calendar(reader: &crate::Reader) -> Collection<Calendar> {
    let id = reader.child(CollectionId::ROOT, CollectionKind::Calendar, crate::DEFAULT_CALENDAR).await;
    reader.open(id.unwrap().unwrap(), Rights::OWNER).await.unwrap()
}

#[tokio::test]
async fn an_event_comes_back_with_its_indexes_unless_its_uid_is_there() {
    let store = store();
    event(&store, "e.ics", "uid-1", b"first").await;
    let mut turn = writer(&store).await;
    let open = calendar(&turn).await;
    let properties: Properties = [("colour".to_owned(), "red".to_owned())].into();
    turn.set_item_properties(&open, "e.ics", &properties).await.unwrap();
    turn.commit(()).await.unwrap();
    let mut turn = writer(&store).await;
    turn.remove_calendar_object(&open, "e.ics").await.unwrap();
    turn.commit(()).await.unwrap();
    let number = numbers(&store).await[0];
    assert_eq!(back(&store, number).await.unwrap().name, "e.ics");
    let after = reader(&store).await;
    let row = after.entry(&open, &"e.ics".to_owned()).await.unwrap().unwrap();
    assert_eq!(after.name_of_uid(&open, "uid-1").await.unwrap().unwrap(), "e.ics");
    assert_eq!(after.item_properties(&open, &[row.item]).await.unwrap(), [properties]);

    event(&store, "e.ics", "uid-1", b"second").await;
    let version = numbers(&store).await[0];
    assert_eq!(back(&store, version).await.err(), Some(Error::Conflict));
    replaced(&store, version).await.unwrap();
    let after = reader(&store).await;
    let row = after.entry(&open, &"e.ics".to_owned()).await.unwrap().unwrap();
    let body = after.object_body(row.item).await.unwrap();
    assert_eq!(store.body(&body, 0..u64::MAX).collect().await.unwrap(), "first");
}

#[tokio::test]
async fn a_mailbox_comes_back_whole_with_a_new_validity_and_its_uids() {
    let store = store();
    let mut turn = writer(&store).await;
    let old = turn.create_mailbox("Old", NewCollection::default()).await.unwrap();
    for n in 0..3 {
        let new = arrive(&store, &[n; 20_000], SystemFlags::empty()).await;
        turn.append(&old, new).await.unwrap();
    }
    turn.commit(()).await.unwrap();
    let mut turn = writer(&store).await;
    turn.remove_mailbox("Old").await.unwrap();
    turn.commit(()).await.unwrap();
    assert_eq!(reader(&store).await.quota().used_bytes, 0);
    let mut turn = writer(&store).await;
    turn.create_mailbox("Old", NewCollection::default()).await.unwrap();
    turn.commit(()).await.unwrap();
    let number = numbers(&store).await[0];
    let recovered = back(&store, number).await.unwrap();
    assert_eq!(recovered, Recovered { collection: old.id(), name: "Old (restored)".to_owned() });
    let reader = reader(&store).await;
    let row = reader.open_mailbox("Old (restored)", Rights::READ).await.unwrap().row;
    assert!(row.uid_validity > old.row.uid_validity);
    assert_eq!((row.count, row.uid_next, reader.quota().used_bytes), (3, Uid(4), 60_000));
}

#[tokio::test]
async fn a_tree_comes_back_as_it_was_removed() {
    let store = store();
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let one = turn.create_folder(root.id(), "one", Properties::new()).await.unwrap();
    let two = turn.create_folder(one.id(), "two", Properties::new()).await.unwrap();
    let gone = turn.create_folder(one.id(), "gone", Properties::new()).await.unwrap();
    let new = object(&store, &[1; 20_000]).await;
    turn.put_file(&two, "deep", new).await.unwrap();
    turn.remove_tree(&gone).await.unwrap();
    turn.commit(()).await.unwrap();
    let mut turn = writer(&store).await;
    let one = turn.open::<Folder>(one.id(), Rights::OWNER).await.unwrap();
    turn.remove_tree(&one).await.unwrap();
    turn.commit(()).await.unwrap();
    let rows = reader(&store).await.deleted(ItemId(0), 10).await.unwrap();
    let number = |id: CollectionId| {
        let found =
            rows.iter().find(|(_, row)| matches!(row.what, Deleted::Collection(other, _) if other == id));
        found.unwrap().0
    };
    assert_eq!(back(&store, number(two.id())).await.err(), Some(Error::NotFound), "its parent is gone");
    back(&store, number(one.id())).await.unwrap();
    let after = reader(&store).await;
    assert_eq!(after.child(one.id(), CollectionKind::Folder, "two").await.unwrap(), Some(two.id()));
    assert_eq!(after.child(one.id(), CollectionKind::Folder, "gone").await.unwrap(), None);
    let deep = after.entry(&two, &"deep".to_owned()).await.unwrap();
    assert!(deep.is_some());
    assert_eq!(numbers(&store).await, [number(gone.id())]);
}

#[tokio::test]
async fn what_comes_back_may_pass_the_quota() {
    let store = store();
    put(&store, "a", &[1; 10_000]).await;
    remove(&store, "a").await;
    let mut turn = writer(&store).await;
    turn.set_quota(Some(5_000));
    turn.commit(()).await.unwrap();
    back(&store, numbers(&store).await[0]).await.unwrap();
    let mut turn = writer(&store).await;
    let root = files(&turn).await;
    let new = object(&store, b"more").await;
    assert_eq!(turn.put_file(&root, "b", new).await.err(), Some(Error::OverQuota));
}

#[test]
fn names_beside_taken_ones() {
    assert_eq!(other_name("a.txt", 0, true), "a.txt");
    assert_eq!(other_name("a.txt", 1, true), "a (restored).txt");
    assert_eq!(other_name(".profile", 2, true), ".profile (restored 2)");
    assert_eq!(other_name("v1.0", 1, false), "v1.0 (restored)");
}

#[tokio::test]
async fn a_tree_comes_back_up_to_the_limit_of_collections_and_not_one_past() {
    for (count, comes) in [(COLLECTION_COUNT_MAX - 2, true), (COLLECTION_COUNT_MAX - 1, false)] {
        let store = store();
        let mut turn = writer(&store).await;
        let root = files(&turn).await;
        let outer = turn.create_folder(root.id(), "outer", Properties::new()).await.unwrap();
        turn.create_folder(outer.id(), "inner", Properties::new()).await.unwrap();
        turn.commit(()).await.unwrap();
        let mut turn = writer(&store).await;
        turn.remove_tree(&outer).await.unwrap();
        turn.commit(()).await.unwrap();
        let mut turn = writer(&store).await;
        // As if all the others were there.
        turn.account_row_mut().collection_count = count;
        let back = turn.return_tree(outer.id()).await;
        let past = Err(Error::TooLarge(COLLECTION_COUNT_MAX));
        assert!(if comes { back.is_ok() } else { back == past }, "{back:?}");
    }
}
