//! Mailboxes over the simulated disk: counts, shared records, UIDs, names, rights.

use crate::testing::{self, ALICE, BOB};
use crate::{
    Arrival, Collection, FlagChange, GONE_SUBSCRIPTION_COUNT_MAX, INBOX, Mailbox, NewCollection, NewMessage,
    Reader, Store,
};
use model::{Error, Flags, Keyword, Rights, SystemFlags, Uid, ZonedTime};

fn flags(system: SystemFlags) -> Flags {
    Flags { system, ..Flags::default() }
}

async fn message(store: &Store, bytes: &[u8], system: SystemFlags) -> NewMessage {
    let mut arrival = Arrival::new(store, u64::MAX);
    arrival.write(bytes).await.unwrap();
    arrival.finish(flags(system), ZonedTime::default()).await.unwrap()
}

async fn append(store: &Store, path: &str, bytes: &[u8], system: SystemFlags) -> Uid {
    let message = message(store, bytes, system).await;
    let mut writer = testing::writer(store).await;
    let mailbox = writer.open_mailbox(path, Rights::INSERT).await.unwrap();
    let uid = writer.append(&mailbox, message).await.unwrap();
    writer.commit(uid).await.unwrap().into_inner()
}

async fn open(reader: &Reader, path: &str) -> Collection<Mailbox> {
    reader.open_mailbox(path, Rights::READ).await.unwrap()
}

/// messages, octets, unseen, deleted
async fn counts(store: &Store, path: &str) -> (u64, u64, u64, u64) {
    let reader = testing::reader(store).await;
    let mailbox = open(&reader, path).await;
    let row = reader.row(&mailbox).await.unwrap();
    (row.count, row.bytes, row.unseen, row.deleted)
}

#[tokio::test]
async fn counts_follow_every_change() {
    let store = testing::store();
    for (uid, body) in [(1, "a: 1\r\n\r\n"), (2, "b: 22\r\n\r\n")] {
        assert_eq!(append(&store, INBOX, body.as_bytes(), SystemFlags::empty()).await, Uid(uid));
    }
    assert_eq!(counts(&store, INBOX).await, (2, 17, 2, 0));
    let mut writer = testing::writer(&store).await;
    let inbox = open(&writer, INBOX).await;
    let change = FlagChange::Add(flags(SystemFlags::SEEN | SystemFlags::DELETED));
    let told = writer.change_flags(&inbox, &[Uid(1), Uid(9)], &change).await.unwrap();
    assert_eq!(told.len(), 1);
    writer.commit(()).await.unwrap();
    assert_eq!(counts(&store, INBOX).await, (2, 17, 1, 1));
    let mut writer = testing::writer(&store).await;
    assert_eq!(writer.expunge_all(&inbox).await.unwrap(), [Uid(1)]);
    assert_eq!(writer.expunge(&inbox, &[Uid(2)]).await.unwrap(), []);
    writer.commit(()).await.unwrap();
    assert_eq!(counts(&store, INBOX).await, (1, 9, 1, 0));
    assert_eq!(append(&store, INBOX, b"c: 3\r\n\r\n", SystemFlags::empty()).await, Uid(3));
    assert_eq!(testing::reader(&store).await.quota().used_bytes, 17);
}

#[tokio::test]
async fn many_flags_at_once_count_each_message_once() {
    let store = testing::store();
    for _ in 0..12 {
        append(&store, INBOX, b"a: 1\r\n\r\n", SystemFlags::empty()).await;
    }
    let uids: Vec<Uid> = (1..=12).map(Uid).collect();
    let mut writer = testing::writer(&store).await;
    let inbox = open(&writer, INBOX).await;
    let seen = FlagChange::Add(flags(SystemFlags::SEEN));
    assert_eq!(writer.change_flags(&inbox, &uids, &seen).await.unwrap().len(), 12);
    let again = [Uid(3), Uid(2), Uid(3)];
    let gone = FlagChange::Remove(flags(SystemFlags::SEEN));
    assert_eq!(writer.change_flags(&inbox, &again, &gone).await.unwrap().len(), 2);
    writer.commit(()).await.unwrap();
    assert_eq!(counts(&store, INBOX).await, (12, 96, 2, 0));
    let mut writer = testing::writer(&store).await;
    writer.change_flags(&inbox, &uids, &FlagChange::Add(flags(SystemFlags::DELETED))).await.unwrap();
    assert_eq!(writer.expunge(&inbox, &uids).await.unwrap(), uids);
    writer.commit(()).await.unwrap();
    assert_eq!(counts(&store, INBOX).await, (0, 0, 0, 0));
}

#[tokio::test]
async fn copies_share_one_record_until_the_last_goes() {
    let store = testing::store();
    let body = vec![b'x'; 20_000];
    append(&store, INBOX, &body, SystemFlags::DELETED).await;
    let mut writer = testing::writer(&store).await;
    let (inbox, archive) = (open(&writer, INBOX).await, open(&writer, "Archive").await);
    let pairs = writer.copy_messages(&inbox, &archive, &[Uid(1), Uid(7)]).await.unwrap();
    assert_eq!(pairs, [(Uid(1), Uid(1))]);
    writer.commit(()).await.unwrap();
    let reader = testing::reader(&store).await;
    let row = reader.entry(&archive, &Uid(1)).await.unwrap().unwrap();
    assert_eq!(reader.copies(row.message).await.unwrap(), 2);
    assert_eq!(row.flags, flags(SystemFlags::DELETED));
    let mut writer = testing::writer(&store).await;
    writer.expunge_all(&inbox).await.unwrap();
    writer.commit(()).await.unwrap();
    let reader = testing::reader(&store).await;
    let record = reader.message(row.message).await.unwrap();
    assert_eq!(record.copies, 1);
    let back = store.body(&record.body, 0..u64::MAX).collect().await.unwrap();
    assert_eq!(back, body);
    let mut writer = testing::writer(&store).await;
    writer.expunge_all(&archive).await.unwrap();
    writer.commit(()).await.unwrap();
    assert!(testing::reader(&store).await.message(row.message).await.is_err());
}

#[tokio::test]
async fn a_moved_message_is_in_one_place() {
    let store = testing::store();
    append(&store, INBOX, b"a: 1\r\n\r\n", SystemFlags::FLAGGED).await;
    let mut writer = testing::writer(&store).await;
    let (inbox, trash) = (open(&writer, INBOX).await, open(&writer, "Trash").await);
    let pairs = writer.move_messages(&inbox, &trash, &[Uid(1), Uid(2)]).await.unwrap();
    assert_eq!(pairs, [(Uid(1), Uid(1))]);
    // Within one mailbox too: a new UID at the end.
    let again = writer.move_messages(&trash, &trash, &[Uid(1)]).await.unwrap();
    assert_eq!(again, [(Uid(1), Uid(2))]);
    writer.commit(()).await.unwrap();
    assert_eq!(counts(&store, INBOX).await, (0, 0, 0, 0));
    assert_eq!(counts(&store, "Trash").await, (1, 8, 1, 0));
    let changes =
        testing::reader(&store).await.changes(&inbox, inbox.row().created_modseq, 10).await.unwrap();
    assert_eq!(changes.removed.len(), 1);
}

#[tokio::test]
async fn paths_make_their_parents_and_sort_behind_inbox() {
    let store = testing::store();
    let mut writer = testing::writer(&store).await;
    writer.create_mailbox("A/b/c", NewCollection::default()).await.unwrap();
    let twice = writer.create_mailbox("A/b/c", NewCollection::default()).await;
    assert_eq!(twice.err(), Some(Error::Exists));
    for bad in ["", "/a", "a/", "a//b", "..", "a/."] {
        assert!(writer.create_mailbox(bad, NewCollection::default()).await.is_err(), "{bad}");
    }
    writer.commit(()).await.unwrap();
    let reader = testing::reader(&store).await;
    let paths: Vec<_> = reader.mailboxes().await.unwrap().into_iter().map(|entry| entry.path).collect();
    let expect = ["INBOX", "A", "A/b", "A/b/c", "Archive", "Drafts", "Junk", "Sent", "Trash"];
    assert_eq!(paths, expect);
    let mut writer = testing::writer(&store).await;
    assert_eq!(writer.remove_mailbox("A").await, Err(Error::Conflict));
    assert_eq!(writer.rename_mailbox("A", "A/b/d").await, Err(Error::Conflict));
    writer.rename_mailbox("A/b", "B/new").await.unwrap();
    assert!(writer.mailbox_at("B/new/c").await.unwrap().is_some());
    assert!(writer.mailbox_at("A/b").await.unwrap().is_none());
    assert!(writer.remove_mailbox(INBOX).await.is_err());
}

#[tokio::test]
async fn subscriptions_of_gone_mailboxes_at_the_limit_and_one_past_it() {
    let store = testing::store();
    let mut writer = testing::writer(&store).await;
    let subscribed = || NewCollection { subscribed: true, ..NewCollection::default() };
    for number in 0..GONE_SUBSCRIPTION_COUNT_MAX {
        let name = format!("m{number}");
        writer.create_mailbox(&name, subscribed()).await.unwrap();
        writer.remove_mailbox(&name).await.unwrap();
    }
    writer.create_mailbox("one more", subscribed()).await.unwrap();
    assert!(matches!(writer.remove_mailbox("one more").await, Err(Error::TooLarge(_))));
    writer.subscribe_mailbox("m0", false).await.unwrap();
    assert_eq!(writer.subscribe_mailbox("m0", false).await, Err(Error::NotFound));
    assert_eq!(writer.gone_subscriptions().await.unwrap().len(), GONE_SUBSCRIPTION_COUNT_MAX - 1);
    let back = writer.create_mailbox("m1", NewCollection::default()).await.unwrap();
    assert!(back.row().subscribed);
}

#[tokio::test]
async fn a_stranger_sees_nothing_and_a_guest_what_was_granted() {
    let store = testing::store();
    append(&store, INBOX, b"a: 1\r\n\r\n", SystemFlags::empty()).await;
    let bob = testing::principal(BOB);
    let reader = store.read(&bob, ALICE).await.unwrap();
    assert_eq!(reader.open_mailbox(INBOX, Rights::READ).await.err(), Some(Error::NotFound));
    assert!(reader.mailboxes().await.unwrap().is_empty());
    let mut writer = testing::writer(&store).await;
    let inbox = open(&writer, INBOX).await;
    let grant = Rights::LOOKUP | Rights::READ | Rights::SEEN;
    writer.grant(&inbox, BOB, grant).await.unwrap();
    writer.commit(()).await.unwrap();
    let mut writer = store.write(&bob, ALICE).await.unwrap();
    let inbox = writer.open_mailbox(INBOX, Rights::READ).await.unwrap();
    let mut attempt = flags(SystemFlags::SEEN);
    assert!(writer.change_flags(&inbox, &[Uid(1)], &FlagChange::Add(attempt.clone())).await.is_ok());
    attempt.keywords.push(Keyword::parse("Work").unwrap());
    let refused = writer.change_flags(&inbox, &[Uid(1)], &FlagChange::Add(attempt)).await;
    assert_eq!(refused.err(), Some(Error::Forbidden(Rights::WRITE)));
    let refused = writer.expunge(&inbox, &[Uid(1)]).await;
    assert_eq!(refused.err(), Some(Error::Forbidden(Rights::EXPUNGE)));
    let refused = writer.append(&inbox, message(&store, b"x", SystemFlags::empty()).await).await;
    assert_eq!(refused.err(), Some(Error::Forbidden(Rights::INSERT)));
}
