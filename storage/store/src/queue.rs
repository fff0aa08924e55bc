//! Mail in flight: an entry per accepted message, a record per recipient that still waits, and an index of
//! when each entry is next to be looked at.
//!
//! Keys of [`Table::Queue`]: `e` id -> [`Entry`]; `r` id number -> [`QueueRecipient`]; `d` time id -> nothing.
//!
//! *Invariant:* a recipient's record goes away in the very batch that delivers to it, stores its bounce, or
//! gives it up. A crash anywhere therefore neither loses a recipient nor serves one twice. (A remote server
//! can still see a message twice when the connection breaks behind the final dot: RFC 5321 6.1.)
//! *Invariant:* an entry without recipients exists only until it is looked at again.

use crate::{
    body::{Body, Content},
    key::{Key, split_long, split_number},
    message::MessageRecord,
    record,
    stores::Store,
    writer::{Committed, Writer},
};
use bytes::Bytes;
use engine::{Batch, Op, Precondition, Range, Snapshot, Table};
use model::{AccountId, Address, Error, ItemId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};

/// Who holds the blobs of queued mail in [`Table::BlobRef`]; no account has this number.
pub const QUEUE_HOLDER: AccountId = AccountId(0);
/// The most recipients of one entry: the largest group that the directory resolves, and some.
pub const QUEUE_RECIPIENT_COUNT_MAX: usize = 60_000;

/// A queued message. Unpredictable, so that it may be shown to senders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueueId(pub u64);

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for QueueId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.len() == 16 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
        let id = u64::from_str_radix(text, 16).ok().filter(|_| digits);
        id.map(Self).ok_or(Error::Invalid("not a queue id"))
    }
}

/// What is kept of a message in flight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The reverse path; `None` is the null one of bounces.
    pub sender: Option<Address>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// The message as local recipients get it, with what was read from it at arrival.
    pub message: MessageRecord,
    /// How many octets at its front (Return-Path) are not for other servers (RFC 5321 4.4).
    pub local_prefix_bytes: u64,
    /// Octets of its header section, that front included.
    pub header_bytes: u64,
    /// It may only go to servers with 8BITMIME.
    pub eight_bit: bool,
    /// It may only go to servers with SMTPUTF8.
    pub smtputf8: bool,
}

/// Where a recipient's mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// Into this account's inbox.
    Account(AccountId),
    /// To the relay.
    Relay,
}

/// A recipient that still waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRecipient {
    /// The address that the sender wrote, in its canonical form; the group's for each of its members.
    pub address: Address,
    /// The same, letter for letter: another server may tell capitals apart (RFC 5321 2.4), and tokens in
    /// addresses of lists and bounces live by them.
    pub spelled: String,
    /// Where it leads.
    pub target: Target,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last try came to, printable and short.
    pub last_reply: String,
}

/// An entry with what is left of its recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its number.
    pub id: QueueId,
    /// The message.
    pub entry: Entry,
    /// The recipients that wait, each with its number in the entry.
    pub recipients: Vec<(u32, QueueRecipient)>,
    /// When it is next looked at.
    pub due: Timestamp,
}

/// What a look at an entry came to; applied in one batch.
#[derive(Clone, Debug, Default)]
pub struct Settlement {
    /// Recipients that are served, bounced or given up.
    pub done: Vec<u32>,
    /// Recipients that wait on, changed.
    pub waiting: Vec<(u32, QueueRecipient)>,
    /// When to look again; ignored when nobody waits any more.
    pub due: Timestamp,
    /// A bounce to be queued in the same batch, with when it is due.
    pub bounce: Option<(Entry, Vec<QueueRecipient>, Timestamp)>,
}

/// The queue of a store.
#[derive(Clone)]
pub struct Queue(Store);

pub(crate) fn entry_key(id: QueueId) -> Vec<u8> {
    Key::default().bytes(b"e").long(id.0).done()
}

fn recipient_key(id: QueueId, number: u32) -> Vec<u8> {
    Key::default().bytes(b"r").long(id.0).number(number).done()
}

pub(crate) fn due_key(due: Timestamp, id: QueueId) -> Vec<u8> {
    Key::default().bytes(b"d").long(sortable(due)).long(id.0).done()
}

/// Times before 1970 sort as 1970: nothing is due earlier.
fn sortable(time: Timestamp) -> u64 {
    u64::try_from(time.0).unwrap_or(0)
}

fn time_of(sorted: u64) -> Timestamp {
    Timestamp(i64::try_from(sorted).unwrap_or(i64::MAX))
}

/// The row of an entry: the time under which it stands in the index, and the entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryRow {
    pub(crate) due: Timestamp,
    pub(crate) entry: Entry,
}

impl Store {
    /// The mail in flight.
    #[must_use]
    pub fn queue(&self) -> Queue {
        Queue(self.clone())
    }
}

impl Queue {
    /// Takes a message over: the one act that makes a 250 after DATA true. It is looked at when `due`.
    ///
    /// # Errors
    /// `TooLarge` for too many recipients, `Invalid` for none; `Unavailable`.
    pub async fn accept(
        &self,
        entry: Entry,
        recipients: Vec<QueueRecipient>,
        due: Timestamp,
    ) -> Result<Committed<QueueId>> {
        let mut batch = Batch::default();
        // Held until the batch has its place in the order of commits.
        let pin = entry.message.body.pin.clone();
        pin.iter().try_for_each(|pin| self.0.inner.still_rests(pin))?;
        let id = self.add(&mut batch, entry, &recipients, due)?;
        let durable = self.0.inner.engine.commit(batch);
        drop(pin);
        let durable = durable.await?;
        Ok(Committed::by_engine(id, durable))
    }

    fn add(
        &self,
        batch: &mut Batch,
        entry: Entry,
        recipients: &[QueueRecipient],
        due: Timestamp,
    ) -> Result<QueueId> {
        if recipients.is_empty() {
            return Err(Error::Invalid("a message without recipients"));
        }
        if recipients.len() > QUEUE_RECIPIENT_COUNT_MAX {
            return Err(Error::TooLarge(QUEUE_RECIPIENT_COUNT_MAX as u64));
        }
        let mut dice = [0; 8];
        self.0.env().random(&mut dice);
        let id = QueueId(u64::from_be_bytes(dice));
        batch.expect.push(Precondition::Absent(Table::Queue, entry_key(id)));
        hold(batch, id, &entry.message.body);
        let row = EntryRow { due, entry };
        batch.ops.push(Op::Put(Table::Queue, entry_key(id), record::encode(&row)?));
        batch.ops.push(Op::Put(Table::Queue, due_key(due, id), Bytes::new()));
        for (number, recipient) in (0..).zip(recipients) {
            batch.ops.push(Op::Put(Table::Queue, recipient_key(id, number), record::encode(recipient)?));
        }
        Ok(id)
    }

    /// At most `limit` entries that are due at `until`, the longest due first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn due(&self, until: Timestamp, limit: usize) -> Result<Vec<(Timestamp, QueueId)>> {
        let end = due_key(Timestamp(until.0.saturating_add(1)), QueueId(0));
        self.indexed(Range { start: b"d".to_vec(), end }, limit).await
    }

    /// At most `limit` entries that are due later than `from`: when no wait is that long, the clock was wrong
    /// when they were put there.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn due_behind(&self, from: Timestamp, limit: usize) -> Result<Vec<(Timestamp, QueueId)>> {
        let start = due_key(Timestamp(from.0.saturating_add(1)), QueueId(0));
        self.indexed(Range { start, ..Range::prefix(b"d") }, limit).await
    }

    async fn indexed(&self, range: Range, limit: usize) -> Result<Vec<(Timestamp, QueueId)>> {
        let snapshot = self.0.inner.engine.newest().await?;
        let page = snapshot.scan(Table::Queue, &range, limit, false).await?;
        page.iter().map(|(key, _)| split_due(key)).collect()
    }

    /// Removes a line of the index whose entry is gone or stands elsewhere in it.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn sweep(&self, due: Timestamp, id: QueueId) -> Result<()> {
        if self.load(id).await?.is_some_and(|queued| queued.due == due) {
            return Ok(());
        }
        let ops = vec![Op::Delete(Table::Queue, due_key(due, id))];
        self.0.inner.engine.commit(Batch { ops, ..Batch::default() }).await.map(drop)
    }

    /// When the next entry is due.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        let snapshot = self.0.inner.engine.newest().await?;
        let first = snapshot.scan(Table::Queue, &Range::prefix(b"d"), 1, false).await?;
        first.first().map(|(key, _)| split_due(key).map(|(due, _)| due)).transpose()
    }

    /// One entry as it stands on stable storage.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn load(&self, id: QueueId) -> Result<Option<Queued>> {
        let snapshot = self.0.inner.engine.newest().await?;
        Self::load_in(&snapshot, id).await
    }

    /// One entry as it stands in a snapshot.
    pub(crate) async fn load_in(snapshot: &Arc<dyn Snapshot>, id: QueueId) -> Result<Option<Queued>> {
        let Some(row) = snapshot.get(Table::Queue, &entry_key(id)).await? else { return Ok(None) };
        let EntryRow { due, entry } = record::decode(&row)?;
        let prefix = Key::default().bytes(b"r").long(id.0);
        let page = snapshot.scan(Table::Queue, &prefix.prefix(), QUEUE_RECIPIENT_COUNT_MAX, false).await?;
        let mut recipients = Vec::with_capacity(page.len());
        for (key, value) in page {
            let number = key.get(prefix.len()..).and_then(split_number).ok_or(Error::Corrupt)?.0;
            recipients.push((number, record::decode(&value)?));
        }
        Ok(Some(Queued { id, entry, recipients, due }))
    }

    /// At most `limit` entries behind `after`, in the order of their numbers.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn list(&self, after: Option<QueueId>, limit: usize) -> Result<Vec<Queued>> {
        let snapshot = self.0.inner.engine.newest().await?;
        let mut range = Range::prefix(b"e");
        if let Some(after) = after {
            range.start = entry_key(after);
            range.start.push(0);
        }
        let mut found = Vec::new();
        for (key, _) in snapshot.scan(Table::Queue, &range, limit, false).await? {
            let (id, _) = key.get(1..).and_then(split_long).ok_or(Error::Corrupt)?;
            found.extend(self.load(QueueId(id)).await?);
        }
        Ok(found)
    }

    /// Applies what a look at an entry came to.
    ///
    /// # Errors
    /// `Conflict` when a recipient was settled by somebody else meanwhile (nothing has happened then);
    /// `Unavailable`.
    pub async fn settle(
        &self,
        queued: &Queued,
        settlement: Settlement,
    ) -> Result<Committed<Option<QueueId>>> {
        let mut batch = Batch::default();
        let id = queued.id;
        for number in &settlement.done {
            batch.expect.push(Precondition::Present(Table::Queue, recipient_key(id, *number)));
            batch.ops.push(Op::Delete(Table::Queue, recipient_key(id, *number)));
        }
        for (number, recipient) in &settlement.waiting {
            batch.expect.push(Precondition::Present(Table::Queue, recipient_key(id, *number)));
            let row = record::encode(recipient)?;
            batch.ops.push(Op::Put(Table::Queue, recipient_key(id, *number), row));
        }
        let waits = queued.recipients.iter().any(|(number, _)| !settlement.done.contains(number));
        batch.ops.push(Op::Delete(Table::Queue, due_key(queued.due, id)));
        if waits {
            let row = EntryRow { due: settlement.due, entry: queued.entry.clone() };
            batch.expect.push(Precondition::Present(Table::Queue, entry_key(id)));
            batch.ops.push(Op::Put(Table::Queue, entry_key(id), record::encode(&row)?));
            batch.ops.push(Op::Put(Table::Queue, due_key(settlement.due, id), Bytes::new()));
        } else {
            batch.ops.push(Op::Delete(Table::Queue, entry_key(id)));
            release(&mut batch, id, &queued.entry.message.body);
        }
        let pin = settlement.bounce.as_ref().and_then(|(entry, ..)| entry.message.body.pin.clone());
        let bounce = match settlement.bounce {
            Some((entry, recipients, due)) => Some(self.add(&mut batch, entry, &recipients, due)?),
            None => None,
        };
        let durable = self.0.inner.engine.commit(batch);
        drop(pin);
        let durable = durable.await.map_err(settled_meanwhile)?;
        Ok(Committed::by_engine(bounce, durable))
    }

    /// Makes an entry due at once, for whoever administers.
    ///
    /// # Errors
    /// `NotFound` when there is no such entry; `Conflict` when it is being settled right now; `Unavailable`.
    pub async fn retry(&self, id: QueueId) -> Result<Committed<()>> {
        let queued = self.load(id).await?.ok_or(Error::NotFound)?;
        let due = self.0.env().now();
        let settlement = Settlement { due, ..Settlement::default() };
        Ok(self.settle(&queued, settlement).await?.map(|_| ()))
    }

    /// Throws an entry away without a bounce, for whoever administers.
    ///
    /// # Errors
    /// As [`Queue::retry`].
    pub async fn remove(&self, id: QueueId) -> Result<Committed<()>> {
        let queued = self.load(id).await?.ok_or(Error::NotFound)?;
        let done = queued.recipients.iter().map(|(number, _)| *number).collect();
        Ok(self.settle(&queued, Settlement { done, ..Settlement::default() }).await?.map(|_| ()))
    }
}

impl Writer {
    /// Settles one recipient in the batch that delivers to it: the batch holds only if the recipient still
    /// waits, so no crash and no second runner can deliver twice. With `last` the whole entry goes.
    pub fn settle(&mut self, queued: &Queued, number: u32, last: bool) {
        let id = queued.id;
        self.expect(Precondition::Present(Table::Queue, recipient_key(id, number)));
        self.delete_raw(Table::Queue, recipient_key(id, number));
        if !last {
            return;
        }
        self.delete_raw(Table::Queue, entry_key(id));
        self.delete_raw(Table::Queue, due_key(queued.due, id));
        if let Content::Chunks(chunks) = &queued.entry.message.body.content {
            for chunk in chunks {
                self.delete_raw(Table::BlobRef, held_key(&chunk.id, id));
            }
        }
    }
}

fn settled_meanwhile(error: Error) -> Error {
    if error == Error::PreconditionFailed { Error::Conflict } else { error }
}

pub(crate) fn split_due(key: &[u8]) -> Result<(Timestamp, QueueId)> {
    let (due, rest) = key.get(1..).and_then(split_long).ok_or(Error::Corrupt)?;
    let (id, _) = split_long(rest).ok_or(Error::Corrupt)?;
    Ok((time_of(due), QueueId(id)))
}

fn held_key(blob: &model::BlobId, id: QueueId) -> Vec<u8> {
    Key::blob_ref(blob, QUEUE_HOLDER, ItemId(id.0)).done()
}

/// As [`Writer::hold_blobs`], for an owner outside of any account.
fn hold(batch: &mut Batch, id: QueueId, body: &Body) {
    let Content::Chunks(chunks) = &body.content else { return };
    for (blob, place) in &body.fresh {
        batch.ops.push(Op::PutIfAbsent(Table::Blob, Key::blob(blob).done(), place.0.clone()));
    }
    for chunk in chunks {
        if body.fresh.is_empty() {
            batch.expect.push(Precondition::Present(Table::Blob, Key::blob(&chunk.id).done()));
        }
        batch.ops.push(Op::Put(Table::BlobRef, held_key(&chunk.id, id), Bytes::new()));
    }
}

fn release(batch: &mut Batch, id: QueueId, body: &Body) {
    let Content::Chunks(chunks) = &body.content else { return };
    for chunk in chunks {
        batch.ops.push(Op::Delete(Table::BlobRef, held_key(&chunk.id, id)));
    }
}

#[cfg(test)]
mod tests;
