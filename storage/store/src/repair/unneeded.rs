//! Places of blobs that nobody needs, after an engine was made anew from what could be read of a damaged one.
//!
//! The row of a blob that was forgotten comes back where the block that said so is lost, with a place in a segment that
//! has gone. It must not stay: the same octets come again, a row that is there keeps its place, and the new ones would
//! have none. Whatever is forgotten here without need costs an upload.

use super::outside::taken;
use crate::{key::Key, stores::Store};
use engine::{Batch, Op, Precondition, Range, Table};
use model::{BlobId, Result};

/// Forgets every blob that nobody is said to need. Who needs what must have been made right before.
pub(super) async fn forget(store: &Store) -> Result<()> {
    let snapshot = store.inner.engine.snapshot().await?;
    let mut range = Range::prefix(b"");
    loop {
        let page = crate::fsck::page(&snapshot, Table::Blob, &mut range).await?;
        if page.is_empty() {
            return Ok(());
        }
        for (key, place) in page {
            // A key that is no hash is told by fsck.
            let Ok(id) = <[u8; 32]>::try_from(key.as_ref()).map(BlobId) else { continue };
            let needed = Key::blob(&id).prefix();
            if !snapshot.scan(Table::BlobRef, &needed, 1, false).await?.is_empty() {
                continue;
            }
            let expect = vec![
                Precondition::Equals(Table::Blob, key.to_vec(), place),
                Precondition::Empty(Table::BlobRef, needed),
            ];
            let ops = vec![Op::Delete(Table::Blob, key.to_vec())];
            taken(store, Batch { expect, ops }).await?;
        }
    }
}
