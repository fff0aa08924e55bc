//! Keys: big-endian, beginning with the account, so that an account is one range of each table.

use engine::Range;
use model::{AccountId, BlobId, CollectionId, ItemId, Modseq};

/// Builds a key part by part.
#[derive(Clone, Default)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn account(account: AccountId) -> Self {
        Self(account.0.to_be_bytes().to_vec())
    }

    pub(crate) fn collection(account: AccountId, collection: CollectionId) -> Self {
        Self::account(account).number(collection.0)
    }

    pub(crate) fn item(account: AccountId, item: ItemId) -> Self {
        Self::account(account).long(item.0)
    }

    pub(crate) fn blob(id: &BlobId) -> Self {
        Self(id.0.to_vec())
    }

    pub(crate) fn blob_ref(id: &BlobId, account: AccountId, item: ItemId) -> Self {
        Self::blob(id).number(account.0).long(item.0)
    }

    pub(crate) fn changed(account: AccountId, collection: CollectionId, modseq: Modseq) -> Self {
        Self::collection(account, collection).long(modseq.0)
    }

    pub(crate) fn number(mut self, number: u32) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(crate) fn long(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }

    /// Every key that begins with this one.
    pub(crate) fn prefix(&self) -> Range {
        Range::prefix(&self.0)
    }

    /// Every key that begins with this one, from `start` (a whole key) on.
    pub(crate) fn prefix_from(&self, start: Vec<u8>) -> Range {
        Range { start, end: Range::prefix(&self.0).end }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Splits an 8-octet big-endian number off the front.
pub(crate) fn split_long(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*head), rest))
}

/// Splits a 4-octet big-endian number off the front.
pub(crate) fn split_number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*head), rest))
}
