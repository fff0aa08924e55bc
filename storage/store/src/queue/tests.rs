//! The queue's records: taken over whole, settled once, swept.

use super::*;
use crate::body::Content;
use crate::testing::{ALICE, BOB, store, writer};
use engine::sim::SimDisk;

async fn entry(store: &Store, octets: &[u8]) -> Entry {
    let mut upload = store.upload(1 << 30);
    upload.write(octets).await.unwrap();
    let message = MessageRecord {
        copies: 1,
        body: upload.finish().await.unwrap(),
        envelope: Bytes::new(),
        structure: Bytes::new(),
        extended_structure: Bytes::new(),
        parts: Bytes::new(),
        sent: None,
    };
    Entry {
        sender: None,
        created: Timestamp(0),
        expires: Timestamp(1_000),
        message,
        local_prefix_bytes: 0,
        header_bytes: 0,
        eight_bit: false,
        smtputf8: false,
    }
}

fn recipient(target: Target) -> QueueRecipient {
    QueueRecipient {
        address: Address::parse("r@example.org").unwrap(),
        spelled: "R@example.org".to_owned(),
        target,
        attempts: 0,
        last_reply: String::new(),
    }
}

fn accounts() -> Vec<QueueRecipient> {
    [ALICE, BOB].map(|id| recipient(Target::Account(id))).into()
}

#[tokio::test]
async fn recipients_at_the_limit_and_one_past_it() {
    let store = store();
    let queue = store.queue();
    let many = |count: usize| vec![recipient(Target::Relay); count];
    let new = entry(&store, b"x").await;
    assert!(matches!(queue.accept(new.clone(), many(0), Timestamp(0)).await, Err(Error::Invalid(_))));
    let past = queue.accept(new.clone(), many(QUEUE_RECIPIENT_COUNT_MAX + 1), Timestamp(0)).await;
    assert_eq!(past.map(|_| ()), Err(Error::TooLarge(QUEUE_RECIPIENT_COUNT_MAX as u64)));
    assert!(queue.list(None, 10).await.unwrap().is_empty());
    let id = *queue.accept(new, many(QUEUE_RECIPIENT_COUNT_MAX), Timestamp(0)).await.unwrap();
    assert_eq!(queue.load(id).await.unwrap().unwrap().recipients.len(), QUEUE_RECIPIENT_COUNT_MAX);
}

#[tokio::test]
async fn what_is_due_comes_in_its_order() {
    let store = store();
    let queue = store.queue();
    let mut ids = Vec::new();
    for due in [30, 10, 20] {
        let new = entry(&store, b"x").await;
        ids.push(*queue.accept(new, accounts(), Timestamp(due)).await.unwrap());
    }
    assert_eq!(queue.next_due().await.unwrap(), Some(Timestamp(10)));
    assert_eq!(queue.due(Timestamp(9), 10).await.unwrap(), []);
    let expect = [(Timestamp(10), ids[1]), (Timestamp(20), ids[2])];
    assert_eq!(queue.due(Timestamp(20), 10).await.unwrap(), expect);
    assert_eq!(queue.due(Timestamp(20), 1).await.unwrap(), expect[..1]);
    assert_eq!(queue.due_behind(Timestamp(20), 10).await.unwrap(), [(Timestamp(30), ids[0])]);
    assert_eq!(queue.due_behind(Timestamp(30), 10).await.unwrap(), []);
    let listed = queue.list(None, 2).await.unwrap();
    let rest = queue.list(listed.last().map(|queued| queued.id), 10).await.unwrap();
    assert_eq!((listed.len(), rest.len()), (2, 1));
}

#[tokio::test]
async fn a_recipient_is_settled_once() {
    let store = store();
    let queue = store.queue();
    let new = entry(&store, b"x").await;
    let id = *queue.accept(new, accounts(), Timestamp(10)).await.unwrap();
    let queued = queue.load(id).await.unwrap().unwrap();
    let mut first = writer(&store).await;
    first.touch();
    first.settle(&queued, 0, false);
    let _ = first.commit(()).await.unwrap();
    // A second runner that still believes in it changes nothing, by account or by queue.
    let mut second = writer(&store).await;
    second.touch();
    second.settle(&queued, 0, false);
    assert_eq!(second.commit(()).await.map(|_| ()), Err(store.collided(Error::PreconditionFailed)));
    let settlement = Settlement { done: vec![0, 1], ..Settlement::default() };
    assert_eq!(queue.settle(&queued, settlement).await.map(|_| ()), Err(Error::Conflict));
    let left = queue.load(id).await.unwrap().unwrap();
    assert_eq!(left.recipients.len(), 1);
    let settlement = Settlement { done: vec![1], ..Settlement::default() };
    let _ = queue.settle(&left, settlement).await.unwrap();
    assert_eq!((queue.load(id).await.unwrap(), queue.next_due().await.unwrap()), (None, None));
}

#[tokio::test]
async fn a_bounce_comes_in_the_batch_that_gives_up() {
    let store = store();
    let queue = store.queue();
    let new = entry(&store, b"x").await;
    let id = *queue.accept(new, vec![recipient(Target::Relay)], Timestamp(10)).await.unwrap();
    let queued = queue.load(id).await.unwrap().unwrap();
    let bounce = Some((entry(&store, b"bounce").await, accounts(), Timestamp(20)));
    let settled = queue.settle(&queued, Settlement { done: vec![0], bounce, ..Settlement::default() }).await;
    let listed = queue.list(None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed.first().map(|queued| queued.id), *settled.unwrap());
}

#[tokio::test]
async fn the_index_is_swept_of_what_stands_elsewhere_only() {
    let store = store();
    let queue = store.queue();
    let new = entry(&store, b"x").await;
    let id = *queue.accept(new, accounts(), Timestamp(10)).await.unwrap();
    queue.sweep(Timestamp(10), id).await.unwrap();
    assert_eq!(queue.next_due().await.unwrap(), Some(Timestamp(10)), "it stands there rightly");
    let queued = queue.load(id).await.unwrap().unwrap();
    let _ = queue.retry(id).await.unwrap();
    // A look that began before the retry settles by what it saw, and leaves the retry's line behind.
    let settlement = Settlement { done: vec![0, 1], ..Settlement::default() };
    let _ = queue.settle(&queued, settlement).await.unwrap();
    let stale = queue.due(Timestamp(i64::MAX - 1), 10).await.unwrap();
    assert_eq!(stale.len(), 1);
    for (due, id) in stale {
        queue.sweep(due, id).await.unwrap();
    }
    assert_eq!(queue.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_large_body_is_held_until_the_last_recipient_is_gone() {
    let disk = SimDisk::new(5);
    let store = crate::testing::store_on(&disk);
    let queue = store.queue();
    let octets = vec![b'y'; 100_000];
    let new = entry(&store, &octets).await;
    let id = *queue.accept(new, vec![recipient(Target::Relay)], Timestamp(10)).await.unwrap();
    let snapshot = async || store.inner.engine.snapshot().await.unwrap();
    let held =
        async || snapshot().await.scan(Table::BlobRef, &Range::prefix(b""), 10, false).await.unwrap().len();
    assert!(held().await > 0);
    let queued = queue.load(id).await.unwrap().unwrap();
    let body = store.body(&queued.entry.message.body, 0..u64::MAX).collect().await.unwrap();
    assert_eq!(body, octets);
    let _ = queue.remove(id).await.unwrap();
    assert_eq!(held().await, 0);
    assert_eq!(queue.remove(id).await.map(|_| ()), Err(Error::NotFound));
}

#[tokio::test]
async fn a_lost_list_keeps_no_message_from_being_delivered() {
    let disk = SimDisk::new(6);
    let store = crate::testing::store_on(&disk);
    let queue = store.queue();
    let octets: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
    let id = *queue.accept(entry(&store, &octets).await, accounts(), Timestamp(10)).await.unwrap();
    let body = queue.load(id).await.unwrap().unwrap().entry.message.body;
    let Content::Chunks(chunks) = &body.content else { panic!("inline") };
    let forget = async |list: bool| {
        let chunk = chunks.iter().find(|chunk| chunk.is_list() == list).unwrap();
        let ops = vec![Op::Delete(Table::Blob, Key::blob(&chunk.id).done())];
        let _durable = store.inner.engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
    };
    let deliver = async || {
        let mut writer = writer(&store).await;
        writer.touch();
        writer.hold_blobs(ItemId(1), &body);
        writer.commit(()).await.map(drop)
    };
    forget(true).await;
    assert_eq!(deliver().await, Ok(()));
    forget(false).await;
    assert!(deliver().await.is_err(), "octets are needed");
}
