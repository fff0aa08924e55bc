//! Rows as earlier builds wrote them, each under its version. Nothing here is ever changed.

use super::AccountRow;
use model::{CollectionId, ItemId, MessageQuota, Modseq, Quota, UidValidity};
use serde::Deserialize;

/// Before messages were counted by themselves.
#[derive(Deserialize)]
pub(super) struct AccountRow1 {
    modseq: Modseq,
    next_collection: CollectionId,
    next_item: ItemId,
    uid_validity: UidValidity,
    quota: Quota,
    collection_count: u64,
}

impl From<AccountRow1> for AccountRow {
    fn from(row: AccountRow1) -> Self {
        let AccountRow1 { modseq, next_collection, next_item, uid_validity, quota, collection_count } = row;
        let messages = MessageQuota::default();
        Self { modseq, next_collection, next_item, uid_validity, quota, collection_count, messages }
    }
}
