//! Which messages were purged and may still stand in the index: noted by the very batch that purges them, struck off
//! when no segment has them any more.
//!
//! A note is a row of [`Table::Search`] behind the account: octet 5, the time, its first message; the value is its
//! messages, as a segment's are written. Accounts that have never had enough items for an index note nothing.

use super::segment::{GONE, put_items, take_items};
use crate::{
    collection::after,
    key::{Key, split_long},
    limits::{SCAN_PAGE_COUNT, SEARCH_TAIL_COUNT_MAX},
    view::View,
};
use bytes::Bytes;
use engine::Table;
use model::{AccountId, Error, ItemId, Result, Timestamp};

/// A note.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) key: Bytes,
    /// When they were purged.
    pub(super) at: Timestamp,
    /// Ascending.
    pub(super) items: Vec<ItemId>,
}

fn prefix(account: AccountId) -> Key {
    Key::account(account).bytes(&[GONE])
}

/// What a batch has for the index.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Messages that come.
    pub(crate) has_new: bool,
    /// Those whose records the batch takes away for good.
    pub(crate) gone: Vec<ItemId>,
}

impl News {
    pub(crate) fn is_empty(&self) -> bool {
        !self.has_new && self.gone.is_empty()
    }

    /// The row that notes what goes from an account whose next item has this number; `None` where nothing does, or
    /// where there can be no index.
    pub(crate) fn note(
        &self,
        account: AccountId,
        next_item: ItemId,
        at: Timestamp,
    ) -> Option<(Vec<u8>, Bytes)> {
        let mut items = self.gone.clone();
        items.sort_unstable();
        let first = items.first().filter(|_| next_item.0 > SEARCH_TAIL_COUNT_MAX as u64)?;
        let key = prefix(account).long(u64::try_from(at.0).unwrap_or(0)).long(first.0).done();
        let mut value = Vec::new();
        put_items(&items, &mut value);
        Some((key, value.into()))
    }
}

/// Whether anything is noted.
pub(super) async fn is_noted(view: &View, account: AccountId) -> Result<bool> {
    Ok(!view.scan(Table::Search, &prefix(account).prefix(), 1, false).await?.is_empty())
}

/// All notes of an account. One that cannot be read names no message and so goes.
pub(super) async fn notes(view: &View, account: AccountId) -> Result<Vec<Note>> {
    let prefix = prefix(account);
    let (mut found, mut range) = (Vec::new(), prefix.prefix());
    loop {
        let page = view.scan(Table::Search, &range, SCAN_PAGE_COUNT, false).await?;
        for (key, value) in &page {
            let at = key.get(prefix.len()..).and_then(split_long).ok_or(Error::Corrupt)?.0;
            let at = Timestamp(i64::try_from(at).unwrap_or(i64::MAX));
            let items = take_items(&mut value.as_ref()).unwrap_or_default();
            found.push(Note { key: key.clone(), at, items });
        }
        match page.last() {
            Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
            _ => return Ok(found),
        }
    }
}
