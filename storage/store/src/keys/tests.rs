//! Threads by message id and base subject, and that nothing is left behind.

use super::{MessageKeys, TRACED_COUNT_MAX};
use crate::testing;
use crate::{Arrival, INBOX, Mailbox, Reader, Store};
use engine::{Range, Table};
use model::{Flags, Rights, SystemFlags, Uid, ZonedTime};

async fn arrive(store: &Store, header: &str, with_keys: bool) -> Uid {
    let mut arrival = Arrival::new(store, 100_000);
    arrival.write(format!("{header}\r\n\r\nbody\r\n").as_bytes()).await.unwrap();
    let flags = Flags { system: SystemFlags::DELETED, ..Flags::default() };
    let mut new = arrival.finish(flags, ZonedTime::default()).await.unwrap();
    if !with_keys {
        new.keys = None;
    }
    let mut writer = testing::writer(store).await;
    let inbox = writer.open_mailbox(INBOX, Rights::INSERT).await.unwrap();
    let uid = writer.append(&inbox, new).await.unwrap();
    writer.commit(uid).await.unwrap().into_inner()
}

async fn keys(reader: &Reader) -> Vec<MessageKeys> {
    let inbox = reader.open_mailbox(INBOX, Rights::READ).await.unwrap();
    let rows = reader.entries::<Mailbox>(&inbox, None, 100).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|(_, row)| row).collect();
    reader.message_keys(&rows).await.unwrap()
}

#[tokio::test]
async fn replies_join_the_thread_and_other_subjects_do_not() {
    let store = testing::store();
    for (header, with_keys) in [
        ("Subject: x\r\nMessage-ID: <1@a>", true),
        ("Subject: Re: x\r\nMessage-ID: <2@a>\r\nIn-Reply-To: <1@a>", false),
        ("Subject: other\r\nMessage-ID: <3@a>\r\nIn-Reply-To: <1@a>", true),
        ("Subject: x\r\nMessage-ID: <4@a>\r\nReferences: <missing@a> <2@a>", true),
        ("Subject: x\r\nMessage-ID: <5@a>\r\nReferences: <missing@a>", true),
        ("Subject: x", true),
    ] {
        arrive(&store, header, with_keys).await;
    }
    let keys = keys(&testing::reader(&store).await).await;
    let thread = |at: usize| keys[at].thread;
    assert_eq!([thread(1), thread(3), thread(4)], [thread(0); 3]);
    assert!(thread(2) != thread(0) && thread(5) != thread(0) && thread(2) != thread(5));
    assert!(keys[1].is_reply && keys[1].references.len() == 1);
}

#[tokio::test]
async fn the_last_copy_takes_everything_with_it() {
    let store = testing::store();
    let many: String = (0..TRACED_COUNT_MAX).map(|number| format!(" <{number}@x>")).collect();
    let uid = arrive(&store, &format!("Message-ID: <own@x>\r\nReferences:{many}"), true).await;
    let rows = async |table| {
        let snapshot = store.inner.engine.snapshot().await.unwrap();
        snapshot.scan(table, &Range { start: Vec::new(), end: Vec::new() }, 1_000, false).await.unwrap().len()
    };
    assert_eq!((rows(Table::ByMessageId).await, rows(Table::MessageKeys).await), (TRACED_COUNT_MAX, 1));
    let mut writer = testing::writer(&store).await;
    let inbox = writer.open_mailbox(INBOX, Rights::EXPUNGE).await.unwrap();
    assert_eq!(writer.expunge(&inbox, &[uid]).await.unwrap(), [uid]);
    writer.commit(()).await.unwrap();
    assert_eq!((rows(Table::ByMessageId).await, rows(Table::MessageKeys).await), (0, 0));
}
