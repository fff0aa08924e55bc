//! Where blobs are: found again by looking through every segment, damaged ones too.

use crate::{
    fsck::{Fault, Finding},
    key::Key,
    limits::COLLECT_BATCH_COUNT,
    stores::Store,
};
use engine::{Batch, Found, Op, Place, Precondition, Snapshot, Table};
use model::{BlobId, Error, Result};
use std::{collections::BTreeSet, sync::Arc};

/// Gives blobs that are needed and have no place the place they are found in, and damaged ones another whole
/// copy, where there is one.
pub(super) async fn find(store: &Store, findings: &[Finding]) -> Result<()> {
    let damaged: BTreeSet<BlobId> = findings
        .iter()
        .filter_map(|finding| match &finding.fault {
            Fault::DamagedBlob(_, id) => Some(*id),
            _ => None,
        })
        .collect();
    for segment in store.inner.blobs.segments().await? {
        let found = match store.inner.blobs.survey(segment).await {
            // It was collected meanwhile: what was needed of it is elsewhere.
            Err(Error::Corrupt) => continue,
            found => found?,
        };
        for page in found.chunks(COLLECT_BATCH_COUNT) {
            let snapshot = store.inner.engine.snapshot().await?;
            place(store, &snapshot, page, &damaged).await?;
        }
    }
    Ok(())
}

async fn place(
    store: &Store,
    snapshot: &Arc<dyn Snapshot>,
    page: &[Found],
    damaged: &BTreeSet<BlobId>,
) -> Result<()> {
    let keys: Vec<_> = page.iter().map(|found| Key::blob(&found.id).done()).collect();
    let places = snapshot.get_many(Table::Blob, &keys).await?;
    for ((found, key), stored) in page.iter().zip(keys).zip(places) {
        let expect = match stored {
            None if is_needed(snapshot, &found.id).await? => Precondition::Absent(Table::Blob, key.clone()),
            Some(stored) if damaged.contains(&found.id) && stored != found.place.0 => {
                if is_whole(store, &found.id, &Place(stored.clone())).await? {
                    continue;
                }
                Precondition::Equals(Table::Blob, key.clone(), stored)
            }
            _ => continue,
        };
        // Its segment must not go between the look and the batch.
        let _turn = store.inner.removing.lock().await;
        if !is_whole(store, &found.id, &found.place).await? {
            continue;
        }
        // What is found may not be stable yet; a place must never be before its bytes.
        store.inner.blobs.sync(found.sequence).await?;
        let ops = vec![Op::Put(Table::Blob, key, found.place.0.clone())];
        match store.inner.engine.commit(Batch { expect: vec![expect], ops }).await {
            Ok(_) | Err(Error::PreconditionFailed) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn is_needed(snapshot: &Arc<dyn Snapshot>, id: &BlobId) -> Result<bool> {
    Ok(!snapshot.scan(Table::BlobRef, &Key::blob(id).prefix(), 1, false).await?.is_empty())
}

async fn is_whole(store: &Store, id: &BlobId, place: &Place) -> Result<bool> {
    match store.inner.blobs.read(id, place).await {
        Ok(_) => Ok(true),
        Err(Error::Corrupt) => Ok(false),
        Err(error) => Err(error),
    }
}
