//! Copies are counted beside the record, and nothing of it is written anew for one.

use crate::{
    Arrival, Collection, Depth, INBOX, Mailbox, NewMessage, Reader, Store,
    key::Key,
    record,
    testing::{ALICE, reader, store, writer},
};
use engine::{Batch, Op, Range, Table};
use model::{Flags, Rights, SystemFlags, Uid, ZonedTime};

async fn message(store: &Store, bytes: &[u8]) -> NewMessage {
    let mut arrival = Arrival::new(store, u64::MAX);
    arrival.write(bytes).await.unwrap();
    let flags = Flags { system: SystemFlags::DELETED, ..Flags::default() };
    arrival.finish(flags, ZonedTime::default()).await.unwrap()
}

async fn append(store: &Store, new: &NewMessage, count: usize) {
    let mut writer = writer(store).await;
    let inbox = open(&writer, INBOX).await;
    for _ in 0..count {
        writer.append(&inbox, new.clone()).await.unwrap();
    }
    let _committed = writer.commit(()).await.unwrap();
}

async fn open(reader: &Reader, path: &str) -> Collection<Mailbox> {
    reader.open_mailbox(path, Rights::OWNER).await.unwrap()
}

async fn copy(store: &Store, from: &str, to: &str, uids: &[Uid]) -> usize {
    let mut writer = writer(store).await;
    let (from, to) = (open(&writer, from).await, open(&writer, to).await);
    let pairs = writer.copy_messages(&from, &to, uids).await.unwrap();
    writer.commit(pairs).await.unwrap().len()
}

async fn expunge(store: &Store, path: &str) {
    let mut writer = writer(store).await;
    let mailbox = open(&writer, path).await;
    writer.expunge_all(&mailbox).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
}

async fn rows(store: &Store, table: Table) -> Vec<(bytes::Bytes, bytes::Bytes)> {
    let snapshot = store.inner.engine.snapshot().await.unwrap();
    snapshot.scan(table, &Range::prefix(b""), 10, false).await.unwrap()
}

async fn sound(store: &Store) {
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
}

#[tokio::test]
async fn a_record_stays_as_it_is_until_its_last_copy_goes() {
    let store = store();
    append(&store, &message(&store, b"Subject: a\r\n\r\n").await, 1).await;
    let before = rows(&store, Table::Message).await;
    // The second one copies the message twice at once: it is in the Archive by then.
    assert_eq!(copy(&store, INBOX, "Archive", &[Uid(1)]).await, 1);
    assert_eq!(copy(&store, "Archive", "Archive", &[Uid(1)]).await, 1);
    assert_eq!(copy(&store, "Archive", "Sent", &[Uid(1), Uid(2)]).await, 2);
    let row = {
        let reader = reader(&store).await;
        let inbox = open(&reader, INBOX).await;
        reader.entry(&inbox, &Uid(1)).await.unwrap().unwrap()
    };
    assert_eq!(reader(&store).await.copies(row.message).await.unwrap(), 5);
    assert_eq!(rows(&store, Table::Message).await, before);
    sound(&store).await;
    for (path, left) in [("Archive", 3), (INBOX, 2)] {
        expunge(&store, path).await;
        assert_eq!(reader(&store).await.copies(row.message).await.unwrap(), left);
        assert_eq!(rows(&store, Table::Message).await, before);
        sound(&store).await;
    }
    expunge(&store, "Sent").await;
    assert_eq!((rows(&store, Table::Message).await, rows(&store, Table::Copies).await), (vec![], vec![]));
    sound(&store).await;
}

#[tokio::test]
async fn copies_that_an_earlier_build_counted_in_the_record_are_counted_off_it() {
    let store = store();
    append(&store, &message(&store, b"Subject: a\r\n\r\n").await, 1).await;
    copy(&store, INBOX, "Archive", &[Uid(1)]).await;
    let (key, value) = rows(&store, Table::Message).await.remove(0);
    let mut old: crate::MessageRecord = record::decode(&value).unwrap();
    old.copies = 2;
    let ops = vec![
        Op::Put(Table::Message, key.to_vec(), record::encode(&old).unwrap()),
        Op::Delete(Table::Copies, key.to_vec()),
    ];
    let _durable = store.inner.engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
    sound(&store).await;
    copy(&store, INBOX, "Sent", &[Uid(1)]).await;
    sound(&store).await;
    for path in ["Archive", "Sent"] {
        expunge(&store, path).await;
        sound(&store).await;
    }
    expunge(&store, INBOX).await;
    assert!(rows(&store, Table::Message).await.is_empty());
    sound(&store).await;
}

#[tokio::test]
async fn a_check_finds_copies_of_a_record_that_is_not_there() {
    let store = store();
    let key = Key::item(ALICE, model::ItemId(77)).done();
    drop(writer(&store).await);
    let ops = vec![Op::Put(Table::Copies, key, record::encode(&super::Copies(3)).unwrap())];
    let _durable = store.inner.engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
    let found = store.fsck_all(Depth::Records).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let options = crate::RepairOptions { depth: Depth::Bytes, drop_damaged: false };
    assert_eq!(store.repair_all(options).await.unwrap().remaining, []);
    sound(&store).await;
}

#[tokio::test]
async fn more_is_copied_at_once_than_the_records_would_fill_a_batch() {
    let store = crate::testing::store_on(&engine::sim::SimDisk::new(1));
    let new = message(&store, &[&b"Subject: a\r\n\r\n"[..], &[b'x'; 3_900]].concat()).await;
    let count: u32 = 18_000;
    assert!(count as usize * 3_900 > engine::limits::BATCH_BYTES_MAX);
    for _ in 0..count / 1_000 {
        append(&store, &new, 1_000).await;
    }
    let uids: Vec<_> = (1..=count).map(Uid).collect();
    assert_eq!(copy(&store, INBOX, "Archive", &uids).await, count as usize);
}
