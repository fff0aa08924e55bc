//! What an index says it knows, with all its rows counted: for checks.

use super::{
    index::{self, Segment},
    segment::{DOCUMENTS, Documents, FEW, MANY, TERMS, row},
};
use crate::{collection::after, limits::SEARCH_CHUNKS_AT_ONCE, view::View};
use engine::{Snapshot, Table};
use model::{AccountId, Error, ItemId, Result};
use std::sync::Arc;

/// What an index knows.
#[derive(Debug)]
pub(crate) enum Covered {
    /// There is no index yet, or one of another layout, which is built anew.
    None,
    /// Rows of it are missing or cannot be read.
    Damaged,
    /// These messages, and every one up to `known_to`.
    Messages { known_to: ItemId, items: Vec<ItemId> },
}

/// Reads all rows of an account's index.
///
/// # Errors
/// `Unavailable`.
pub(crate) async fn covered(snapshot: &Arc<dyn Snapshot>, account: AccountId) -> Result<Covered> {
    let view = View::new(Arc::clone(snapshot), Vec::new());
    let index = match index::load(&view, account).await? {
        Some(index) => index,
        None => return Ok(Covered::None),
    };
    let mut items = Vec::new();
    for segment in &index.segments {
        match documents(&view, account, segment).await {
            Ok(documents) => items.extend(documents.items),
            Err(Error::Corrupt) => return Ok(Covered::Damaged),
            Err(error) => return Err(error),
        }
    }
    Ok(Covered::Messages { known_to: index.known_to, items })
}

/// The messages of a segment, when its rows come to what they came to when it was written.
async fn documents(view: &View, account: AccountId, segment: &Segment) -> Result<Documents> {
    let (mut bytes, mut found) = (0, None);
    for part in [DOCUMENTS, TERMS, FEW, MANY] {
        let mut range = row(account, part, segment.id).prefix();
        loop {
            let page = view.scan(Table::Search, &range, SEARCH_CHUNKS_AT_ONCE, false).await?;
            for (key, value) in &page {
                bytes += (key.len() + value.len()) as u64;
                if part == DOCUMENTS {
                    found = Some(Documents::decode(value)?);
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == SEARCH_CHUNKS_AT_ONCE => range.start = after(last),
                _ => break,
            }
        }
    }
    let count = segment.count as usize;
    found.filter(|documents| documents.items.len() == count && bytes == segment.bytes).ok_or(Error::Corrupt)
}
