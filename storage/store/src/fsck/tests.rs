//! A sound store has no findings; each kind of damage has the one that names it.

mod octets;

use super::*;
use crate::{
    CalendarFacts, MessageRecord, NewMessage,
    kind::{Calendar, Mailbox},
    record::{ObjectRow, encode},
    testing::{ALICE, BOB, files, object, principal, put, reader, writer},
};
use engine::{
    Batch, BlobStore, Engine, Op, Place,
    sim::{MemoryBlobs, SimDisk, SimEngine, SimEnv},
};
use model::{Error, Flags, ZonedTime};

/// A store with a bit of everything, and what it stands on.
async fn laid() -> (Store, Arc<SimEngine>, Arc<MemoryBlobs>) {
    let disk = SimDisk::new(7);
    let (engine, blobs) = (disk.engine(), disk.blobs());
    let store =
        Store::new(engine.clone(), blobs.clone(), Arc::new(SimEnv::new(1)), crate::Options::default());
    put(&store, "small", b"small").await;
    put(&store, "large", &[7; 20_000]).await;
    put(&store, "large", &[8; 20_000]).await;
    put(&store, "gone", &[9; 20_000]).await;
    crate::testing::remove(&store, "gone").await;
    let mut upload = store.upload(u64::MAX);
    upload.write(&[1; 30_000]).await.unwrap();
    let record = MessageRecord {
        copies: 1,
        body: upload.finish().await.unwrap(),
        envelope: Bytes::new(),
        structure: Bytes::new(),
        extended_structure: Bytes::new(),
        parts: Bytes::new(),
        sent: None,
    };
    let mut writer = writer(&store).await;
    let inbox = writer.open_mailbox("INBOX", model::Rights::INSERT).await.unwrap();
    let sent = writer.open_mailbox("Sent", model::Rights::INSERT).await.unwrap();
    let new = NewMessage { record, flags: Flags::default(), received: ZonedTime::default(), keys: None };
    let uid = writer.append(&inbox, new).await.unwrap();
    writer.copy_messages(&inbox, &sent, &[uid]).await.unwrap();
    let files = files(&writer).await;
    writer.create_folder(files.id(), "inner", crate::Properties::new()).await.unwrap();
    let properties = [("a".to_owned(), "b".to_owned())].into();
    writer.set_item_properties(&files, "small", &properties).await.unwrap();
    let calendar = writer
        .child(model::CollectionId::ROOT, model::CollectionKind::Calendar, crate::DEFAULT_CALENDAR)
        .await
        .unwrap()
        .unwrap();
    let calendar = writer.open::<Calendar>(calendar, model::Rights::INSERT).await.unwrap();
    let event = object(&store, b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:uid\r\nDTSTART:19700101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").await;
    let kind = format::icalendar::object::Kind::Event;
    let span = format::icalendar::span::Span { kind, first: 0, last: 9, floating: false, exact: true };
    let facts = CalendarFacts { uid: "uid".to_owned(), span };
    writer.put_calendar_object(&calendar, "event", event, &facts).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
    let _committed = store.write(&principal(BOB), BOB).await.unwrap().commit(()).await.unwrap();
    (store, engine, blobs)
}

async fn rows(engine: &SimEngine, table: Table) -> Vec<(Vec<u8>, Bytes)> {
    let snapshot = engine.snapshot().await.unwrap();
    let rows = snapshot.scan(table, &Range::prefix(b""), 1_000, false).await.unwrap();
    rows.into_iter().map(|(key, value)| (key.to_vec(), value)).collect()
}

async fn damage(engine: &SimEngine, op: Op) {
    let _durable = engine.commit(Batch { expect: Vec::new(), ops: vec![op] }).await.unwrap();
}

async fn faults(store: &Store) -> Vec<Fault> {
    store.fsck_all(Depth::Bytes).await.unwrap().into_iter().map(|finding| finding.fault).collect()
}

#[tokio::test]
async fn a_sound_store_has_no_findings() {
    let (store, ..) = laid().await;
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
    assert_eq!(store.fsck(ALICE, Depth::Records).await.unwrap(), []);
}

#[tokio::test]
async fn every_lost_row_is_found() {
    for table in [
        Table::Account,
        Table::Collection,
        Table::Child,
        Table::Item,
        Table::Message,
        Table::Body,
        Table::Property,
        Table::ByUid,
        Table::Time,
        Table::Blob,
        Table::BlobRef,
    ] {
        let (_, engine, _) = laid().await;
        for (key, _) in rows(&engine, table).await {
            let (store, engine, _) = laid().await;
            // A blob that nobody needs any more may lose its place.
            let needed = table != Table::Blob
                || rows(&engine, Table::BlobRef).await.iter().any(|(held, _)| held.starts_with(&key));
            damage(&engine, Op::Delete(table, key.clone())).await;
            assert_eq!(!faults(&store).await.is_empty(), needed, "{table:?} {key:?}");
        }
    }
}

#[tokio::test]
async fn every_rubbish_row_is_found() {
    for table in [Table::Account, Table::Collection, Table::Child, Table::Item, Table::Changed, Table::Body] {
        let (store, engine, _) = laid().await;
        let (key, _) = rows(&engine, table).await.pop().unwrap();
        damage(&engine, Op::Put(table, key.clone(), Bytes::from_static(b"\xffrubbish"))).await;
        assert!(faults(&store).await.contains(&Fault::Unreadable(table, key)), "{table:?}");
    }
}

#[tokio::test]
async fn a_lost_slot_and_an_old_one_are_found() {
    let (store, engine, _) = laid().await;
    let reader = reader(&store).await;
    let files = files(&reader).await;
    let row: ObjectRow = reader.entry(&files, &"small".to_owned()).await.unwrap().unwrap();
    let key = Key::changed(ALICE, files.id(), row.modseq).bytes(b"small").done();
    let slots = rows(&engine, Table::Changed).await;
    let (_, slot) = slots.into_iter().find(|(found, _)| *found == key).unwrap();
    damage(&engine, Op::Delete(Table::Changed, key)).await;
    assert_eq!(faults(&store).await, [Fault::NoSlot(files.id(), row.item)]);
    let old = Key::changed(ALICE, files.id(), Modseq(1)).bytes(b"small").done();
    damage(&engine, Op::Put(Table::Changed, old, slot)).await;
    assert_eq!(faults(&store).await, [Fault::DanglingSlot(files.id(), Modseq(1))]);
}

#[tokio::test]
async fn messages_are_counted_when_they_are_first_limited() {
    let (store, engine, _) = laid().await;
    let key = Key::account(ALICE).done();
    let (_, value) = rows(&engine, Table::Account).await.swap_remove(0);
    let mut row: AccountRow = record::decode(&value).unwrap();
    let counted = row.messages.count.take();
    assert_eq!(counted, Some(2), "a message and its copy");
    damage(&engine, Op::Put(Table::Account, key, encode(&row).unwrap())).await;
    assert_eq!(faults(&store).await, [], "a record of before, which did not count");
    let mut writer = writer(&store).await;
    writer.set_message_limit(Some(2)).await.unwrap();
    let inbox = writer.open_mailbox("INBOX", model::Rights::READ).await.unwrap();
    let sent = writer.open_mailbox("Sent", model::Rights::OWNER).await.unwrap();
    let uids = [model::Uid(1)];
    assert_eq!(writer.copy_messages(&inbox, &sent, &uids).await, Err(Error::OverQuota));
    drop(writer);
    let mut writer = crate::testing::writer(&store).await;
    writer.set_message_limit(Some(2)).await.unwrap();
    writer.move_messages(&sent, &inbox, &uids).await.unwrap();
    assert_eq!(writer.message_quota(), model::MessageQuota { count: counted, limit: Some(2) });
    let _committed = writer.commit(()).await.unwrap();
    assert_eq!(faults(&store).await, []);
}

#[tokio::test]
async fn wrong_sums_are_found() {
    let (store, engine, _) = laid().await;
    let key = Key::account(ALICE).done();
    let (_, value) = rows(&engine, Table::Account).await.swap_remove(0);
    let mut row: AccountRow = record::decode(&value).unwrap();
    row.quota.used_bytes += 1;
    row.collection_count += 1;
    row.messages.count = row.messages.count.map(|count| count + 1);
    damage(&engine, Op::Put(Table::Account, key, encode(&row).unwrap())).await;
    let found = faults(&store).await;
    assert!(
        matches!(found.as_slice(), [Fault::CollectionCount(..), Fault::Quota(..), Fault::MessageCount(..)]),
        "{found:?}"
    );

    let (store, engine, _) = laid().await;
    let inbox = reader(&store).await.open_mailbox("INBOX", model::Rights::READ).await.unwrap();
    let key = Key::collection(ALICE, inbox.id()).done();
    let row = CollectionRow { unseen: 5, uid_next: model::Uid(1), ..inbox.row().clone() };
    damage(&engine, Op::Put(Table::Collection, key, encode(&row).unwrap())).await;
    let found = faults(&store).await;
    assert_eq!(found, [Fault::UidAhead(inbox.id(), 1), Fault::Counts(inbox.id())]);
}

#[tokio::test]
async fn a_flipped_bit_in_a_blob_is_found_by_depth() {
    let (store, _, blobs) = laid().await;
    let reader = reader(&store).await;
    let inbox = reader.open_mailbox("INBOX", model::Rights::READ).await.unwrap();
    let (_, row) = reader.entries::<Mailbox>(&inbox, None, 1).await.unwrap().remove(0);
    let body = reader.message(row.message).await.unwrap().body;
    let crate::body::Content::Chunks(chunks) = body.content else { panic!("inline") };
    let place = reader.view().get(Table::Blob, &Key::blob(&chunks[0].id).done()).await.unwrap().unwrap();
    blobs.flip(&Place(place.clone()), 12_345).unwrap();
    assert_eq!(blobs.read(&chunks[0].id, &Place(place)).await, Err(Error::Corrupt));
    assert_eq!(store.fsck_all(Depth::Records).await.unwrap(), []);
    assert_eq!(faults(&store).await, [Fault::DamagedBlob(row.message, chunks[0].id)]);
}

#[tokio::test]
async fn findings_at_the_limit_and_one_past() {
    let (store, ..) = laid().await;
    let snapshot = store.inner.engine.snapshot().await.unwrap();
    let mut check = Check::new(store, snapshot, ALICE, Depth::Records);
    for _ in 0..FINDING_COUNT_MAX {
        check.find(Fault::NoAccount);
    }
    assert_eq!(check.findings.len(), FINDING_COUNT_MAX);
    check.find(Fault::NoAccount);
    let told = check.told();
    assert_eq!(told.len(), FINDING_COUNT_MAX + 1);
    assert_eq!(told.last().map(|finding| &finding.fault), Some(&Fault::More(1)));
}

#[tokio::test]
async fn a_reference_of_nobody_is_found() {
    let (store, engine, _) = laid().await;
    let stray = Key::blob_ref(&BlobId([3; 32]), ALICE, ItemId(999)).done();
    damage(&engine, Op::Put(Table::BlobRef, stray, Bytes::new())).await;
    let found = faults(&store).await;
    assert_eq!(found, [Fault::DanglingReference(ItemId(999), BlobId([3; 32]))]);
}
