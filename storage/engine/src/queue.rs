//! Batches that wait for a committer, in their order, and how much of them goes together. The same for every engine.

use crate::{
    Batch, Durable, Op, Precondition,
    limits::{
        BATCH_BYTES_MAX, GROUP_BATCHES_MAX, GROUP_BYTES_MAX, KEY_BYTES_MAX, QUEUE_BATCHES_MAX,
        QUEUE_BYTES_MAX,
    },
};
use model::{Error, Result};
use std::collections::VecDeque;
use tokio::{sync::oneshot, time::Instant};

/// A batch and who waits for it.
pub(crate) struct Request {
    pub(crate) batch: Batch,
    /// Of its keys and values.
    pub(crate) bytes: usize,
    pub(crate) entered: Instant,
    pub(crate) reply: oneshot::Sender<Result<Durable>>,
}

/// What becomes of a batch, for who brought it.
pub(crate) type Answer = oneshot::Receiver<Result<Durable>>;

/// See the module.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Request>,
    bytes: usize,
    closed: bool,
}

impl Queue {
    /// Gives the batch, which has so many bytes, its place in the order.
    ///
    /// # Errors
    /// `Unavailable` for a queue that is full or closed.
    pub(crate) fn enter(&mut self, batch: Batch, bytes: usize) -> Result<Answer> {
        if self.closed || self.waiting.len() >= QUEUE_BATCHES_MAX || self.bytes + bytes > QUEUE_BYTES_MAX {
            return Err(Error::Unavailable);
        }
        let (reply, answer) = oneshot::channel();
        self.bytes += bytes;
        self.waiting.push_back(Request { batch, bytes, entered: Instant::now(), reply });
        Ok(answer)
    }

    /// Takes one group's worth from the front: a batch that is larger than a group goes alone.
    pub(crate) fn cut(&mut self) -> VecDeque<Request> {
        let (mut bytes, mut group) = (0, VecDeque::new());
        while group.len() < GROUP_BATCHES_MAX {
            let Some(next) = self.waiting.front() else { break };
            if !group.is_empty() && bytes + next.bytes > GROUP_BYTES_MAX {
                break;
            }
            let Some(request) = self.waiting.pop_front() else { break };
            bytes += request.bytes;
            group.push_back(request);
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        group
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes nothing any more; what waits can still be cut.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Closes it and refuses what waits: nobody is left waiting.
    pub(crate) fn end(&mut self) {
        self.closed = true;
        self.bytes = 0;
        for request in self.waiting.drain(..) {
            let _ = request.reply.send(Err(Error::Unavailable));
        }
    }
}

/// Bytes of the batch's keys and values, or the limit it passes.
pub(crate) fn measure(batch: &Batch) -> Result<usize> {
    let mut bytes = 0_usize;
    let expected = batch.expect.iter().map(|expected| match expected {
        Precondition::Absent(_, key) | Precondition::Present(_, key) => (key.len(), 0),
        Precondition::Equals(_, key, value) => (key.len(), value.len()),
        Precondition::Empty(_, range) => (range.start.len().max(range.end.len()), 0),
    });
    let changed = batch.ops.iter().map(|op| match op {
        Op::Put(_, key, value) | Op::PutIfAbsent(_, key, value) => (key.len(), value.len()),
        Op::Delete(_, key) => (key.len(), 0),
    });
    for (key, value) in expected.chain(changed) {
        if key > KEY_BYTES_MAX {
            return Err(Error::TooLarge(KEY_BYTES_MAX as u64));
        }
        bytes = bytes.saturating_add(key).saturating_add(value);
    }
    if bytes > BATCH_BYTES_MAX {
        return Err(Error::TooLarge(BATCH_BYTES_MAX as u64));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
