//! What is portable of a store: rows as any engine holds them, what they need, and how they begin a new life when
//! they go back in time.

use crate::{
    body::{Body, Content},
    deleted::{Deleted, DeletedRow},
    key::{Key, split_long, split_number},
    message::MessageRecord,
    pin::Pin,
    queue::{EntryRow, QUEUE_HOLDER},
    record::{self, AccountRow, CollectionRow},
    stores::Store,
};
use bytes::Bytes;
use engine::Table;
use model::{AccountId, BlobId, CollectionId, Error, ItemId, Modseq, Result, Timestamp, UidValidity};

/// How far a restored account's Modseq and numbers of items jump: further than anything that can have been given
/// since the backup, and small enough for two thousand million restores.
const JUMP: u64 = 1 << 32;
/// The same for the numbers of collections, of which an account has at most 100,000.
const COLLECTION_JUMP: u32 = 1 << 17;
/// Where an account goes on whose Modseq cannot be read: further than any number of restores can have come, and far
/// enough from the largest Modseq that there is (RFC 7162 7) for as many more.
const UNKNOWN_MODSEQ: Modseq = Modseq(1 << 62);

/// The key of a blob's place in [`Table::Blob`].
#[must_use]
pub fn blob_key(id: &BlobId) -> Vec<u8> {
    Key::blob(id).done()
}

/// The body that a row holds, and who holds it.
fn body_of(table: Table, key: &[u8], value: &[u8]) -> Result<Option<(Body, AccountId, ItemId)>> {
    let body = match table {
        Table::Message => record::decode::<MessageRecord>(value)?.body,
        Table::Body => record::decode(value)?,
        Table::Queue => {
            let Some(id) = key.strip_prefix(b"e").and_then(split_long) else { return Ok(None) };
            let row: EntryRow = record::decode(value)?;
            return Ok(Some((row.entry.message.body, QUEUE_HOLDER, ItemId(id.0))));
        }
        _ => return Ok(None),
    };
    let (account, rest) = split_number(key).ok_or(Error::Corrupt)?;
    let (item, _) = split_long(rest).ok_or(Error::Corrupt)?;
    Ok(Some((body, AccountId(account), ItemId(item))))
}

fn chunks_of(body: &Body) -> impl Iterator<Item = BlobId> {
    let chunks = match &body.content {
        Content::Chunks(chunks) => chunks.as_slice(),
        Content::Inline(_) => &[],
    };
    chunks.iter().map(|chunk| chunk.id)
}

/// The blobs that a row needs.
///
/// # Errors
/// `Corrupt` when the row cannot be read.
pub fn needed(table: Table, key: &[u8], value: &[u8]) -> Result<Vec<BlobId>> {
    Ok(body_of(table, key, value)?.map(|(body, ..)| chunks_of(&body).collect()).unwrap_or_default())
}

/// The keys in [`Table::BlobRef`] that say so.
///
/// # Errors
/// As [`needed`].
pub fn reference_keys(table: Table, key: &[u8], value: &[u8]) -> Result<Vec<Vec<u8>>> {
    let Some((body, account, item)) = body_of(table, key, value)? else { return Ok(Vec::new()) };
    Ok(chunks_of(&body).map(|id| Key::blob_ref(&id, account, item).done()).collect())
}

/// The rule for rows of an account that goes back in time under clients that may have seen later states.
///
/// *Invariant:* no UID, Modseq, number or token that was ever given means something else afterwards. Every mailbox
/// has a new UIDVALIDITY; the account's Modseq and its numbers of items and collections go on far above any that can
/// have been given since; every collection's floor is at that Modseq, so that each older token is refused and the
/// client reads anew. Items keep their rows. Locks are let go of: who held one learns it by its next condition.
///
/// Rows come in the order of their tables, the account's own first. A row that cannot be read goes back as it is, for
/// fsck to tell of and repair to mend, and keeps nothing else from coming back.
#[derive(Clone, Debug)]
pub struct Rebirth {
    now: Timestamp,
    modseq: Modseq,
    /// The validity of the collection with number 0.
    validity: u32,
}

impl Rebirth {
    /// For one account.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        // As long as the account's own record has not told better.
        Self { now, modseq: UNKNOWN_MODSEQ, validity: u32::try_from(now.seconds()).unwrap_or(0) }
    }

    /// The row as it is to be stored; `None` for one that is left out.
    ///
    /// # Errors
    /// `Corrupt` when it cannot be written.
    pub fn row(&mut self, table: Table, value: Bytes) -> Result<Option<Bytes>> {
        match table {
            Table::Account => match record::decode(&value) {
                Ok(row) => self.account(row).map(Some),
                Err(_) => Ok(Some(value)),
            },
            Table::Collection => match record::decode(&value) {
                Ok(row) => record::encode(&self.collection(row)).map(Some),
                Err(_) => Ok(Some(value)),
            },
            Table::Deleted => self.deleted(value).map(Some),
            Table::Lock => Ok(None),
            _ => Ok(Some(value)),
        }
    }

    fn account(&mut self, mut row: AccountRow) -> Result<Bytes> {
        let seconds = u32::try_from(self.now.seconds()).unwrap_or(0);
        self.validity = row.uid_validity.0.saturating_add(1).max(seconds);
        // One for each number that a collection can have.
        row.uid_validity = UidValidity(self.validity.saturating_add(row.next_collection.0));
        row.modseq = Modseq(row.modseq.0.saturating_add(JUMP));
        row.next_item = ItemId(row.next_item.0.saturating_add(JUMP));
        row.next_collection = CollectionId(row.next_collection.0.saturating_add(COLLECTION_JUMP));
        self.modseq = row.modseq;
        record::encode(&row)
    }

    fn collection(&mut self, mut row: CollectionRow) -> CollectionRow {
        self.validity = self.validity.saturating_add(1);
        row.uid_validity = UidValidity(self.validity);
        (row.modseq, row.floor) = (self.modseq, self.modseq);
        row
    }

    /// A removed collection may come back: its tokens are as old as the others.
    fn deleted(&mut self, value: Bytes) -> Result<Bytes> {
        let Ok(row) = record::decode::<DeletedRow>(&value) else { return Ok(value) };
        let Deleted::Collection(id, mut removed) = row.what else { return Ok(value) };
        (removed.row.modseq, removed.row.floor) = (self.modseq, self.modseq);
        record::encode(&DeletedRow { at: row.at, what: Deleted::Collection(id, removed) })
    }
}

/// Keeps every segment from being collected as long as it lives.
#[derive(Debug)]
pub struct Hold {
    _pin: Pin,
}

impl Store {
    /// Keeps what snapshots taken from now on refer to where it is: nothing is collected until it is dropped.
    #[must_use]
    pub fn hold_segments(&self) -> Hold {
        Hold { _pin: self.inner.pins.set() }
    }

    /// Brings a body of another store into this one: what is here already is referred to, the rest is copied and on
    /// stable storage.
    ///
    /// # Errors
    /// `Corrupt` when its octets there are damaged; `Unavailable`.
    pub async fn adopt(&self, from: &Store, body: &Body) -> Result<Body> {
        let mut adopted = Body { fresh: Vec::new(), pin: None, ..body.clone() };
        let Content::Chunks(chunks) = &body.content else { return Ok(adopted) };
        let keys: Vec<_> = chunks.iter().map(|chunk| blob_key(&chunk.id)).collect();
        let places = self.inner.engine.snapshot().await?.get_many(Table::Blob, &keys).await?;
        let pin = self.inner.pins.set();
        let mut sequence = 0;
        for (chunk, place) in chunks.iter().zip(places) {
            if place.is_none() {
                let frame = self.inner.blobs.append(from.inner.blob(&chunk.id).await?).await?;
                sequence = sequence.max(frame.sequence);
                adopted.fresh.push((frame.id, frame.place));
            }
        }
        if !adopted.fresh.is_empty() {
            self.inner.blobs.sync(sequence).await?;
            adopted.pin = Some(std::sync::Arc::new(pin));
        }
        Ok(adopted)
    }
}

#[cfg(test)]
mod tests;
