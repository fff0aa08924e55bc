//! The bounds of the queue, each at its limit and one past it.

use super::{Queue, measure};
use crate::{
    Batch, Op, Table,
    limits::{BATCH_BYTES_MAX, GROUP_BATCHES_MAX, GROUP_BYTES_MAX, QUEUE_BATCHES_MAX, QUEUE_BYTES_MAX},
};
use bytes::Bytes;
use model::Error;

fn batch(bytes: usize) -> Batch {
    let ops = vec![Op::Put(Table::Item, vec![0; 4], Bytes::from(vec![0; bytes - 4]))];
    Batch { expect: Vec::new(), ops }
}

#[test]
fn batch_bytes_at_the_limit_and_one_past() {
    assert_eq!(measure(&batch(BATCH_BYTES_MAX)), Ok(BATCH_BYTES_MAX));
    assert_eq!(measure(&batch(BATCH_BYTES_MAX + 1)), Err(Error::TooLarge(BATCH_BYTES_MAX as u64)));
}

#[test]
fn batches_at_the_limit_and_one_past() {
    let mut queue = Queue::default();
    let waiting: Vec<_> = (0..QUEUE_BATCHES_MAX).map(|_| queue.enter(Batch::default(), 0).unwrap()).collect();
    assert_eq!(queue.enter(Batch::default(), 0).err(), Some(Error::Unavailable));
    assert_eq!(queue.cut().len(), GROUP_BATCHES_MAX);
    assert!(queue.enter(Batch::default(), 0).is_ok(), "what was taken is counted off");
    drop(waiting);
}

#[test]
fn bytes_at_the_limit_and_one_past() {
    let mut queue = Queue::default();
    assert!(queue.enter(Batch::default(), QUEUE_BYTES_MAX - 1).is_ok());
    assert!(queue.enter(Batch::default(), 1).is_ok());
    assert_eq!(queue.enter(Batch::default(), 1).err(), Some(Error::Unavailable));
    assert_eq!(queue.cut().len(), 1, "what is larger than a group goes alone");
    assert!(queue.enter(Batch::default(), QUEUE_BYTES_MAX - 1).is_ok());
}

#[test]
fn a_group_at_the_limit_and_one_past() {
    for (second, expected) in [(1, 2), (2, 1)] {
        let mut queue = Queue::default();
        queue.enter(Batch::default(), GROUP_BYTES_MAX - 1).unwrap();
        queue.enter(Batch::default(), second).unwrap();
        assert_eq!(queue.cut().len(), expected);
    }
}

#[tokio::test]
async fn who_waits_at_the_end_is_refused() {
    let mut queue = Queue::default();
    let waiting = queue.enter(Batch::default(), 1).unwrap();
    queue.close();
    assert!(queue.is_closed() && !queue.is_empty());
    assert_eq!(queue.enter(Batch::default(), 1).err(), Some(Error::Unavailable));
    queue.end();
    assert!(queue.is_empty());
    assert_eq!(waiting.await.unwrap(), Err(Error::Unavailable));
}
