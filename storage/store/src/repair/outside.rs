//! What belongs to no account: the order of the queue, who is said to need blobs, keys that are nobody's.

use super::Note;
use crate::{
    body::Content,
    fsck::{Fault, Finding, needs},
    grant::grant_key,
    key::{Key, split_long, split_number},
    queue::{EntryRow, QUEUE_HOLDER, due_key, entry_key, split_due},
    record,
    stores::Store,
};
use bytes::Bytes;
use engine::{Batch, Op, Precondition, Range, Snapshot, Table};
use model::{AccountId, Error, ItemId, Result};
use std::{collections::BTreeSet, sync::Arc};

pub(super) async fn repair(
    store: &Store,
    findings: &[Finding],
    kept: &BTreeSet<(AccountId, ItemId)>,
) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    for finding in findings {
        match &finding.fault {
            // A queued message, or a recipient of one, that cannot be read stays: it was accepted, it is told, and
            // whoever can may save it.
            Fault::Unreadable(Table::Queue, key) if matches!(key.first(), Some(b'e' | b'r')) => {}
            Fault::Unreadable(table, key) => {
                taken(store, Batch { ops: vec![Op::Delete(*table, key.clone())], ..Batch::default() })
                    .await?;
                notes.push(Note::Removed(*table, key.clone()));
            }
            Fault::DanglingReference(item, id) if !kept.contains(&(finding.account, *item)) => {
                let key = Key::blob_ref(id, finding.account, *item).done();
                unrefer(store, finding.account, *item, (id, key)).await?;
            }
            Fault::Grant(id, to) => {
                // Given and not told is the account's own repair.
                let key = grant_key(*to, finding.account, *id);
                taken(store, Batch { ops: vec![Op::Delete(Table::Grant, key)], ..Batch::default() }).await?;
            }
            _ => {}
        }
    }
    order_queue(store).await?;
    let places = |finding: &Finding| {
        finding.account == QUEUE_HOLDER && matches!(finding.fault, Fault::NoBlob(..) | Fault::DamagedBlob(..))
    };
    if findings.iter().any(places) {
        super::places::find(store, findings).await?;
    }
    Ok(notes)
}

/// Commits; false when somebody came between.
pub(super) async fn taken(store: &Store, batch: Batch) -> Result<bool> {
    match store.inner.engine.commit(batch).await {
        Ok(_) => Ok(true),
        Err(Error::PreconditionFailed) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a reference of nobody away, unless somebody has come to need it.
async fn unrefer(
    store: &Store,
    account: AccountId,
    item: ItemId,
    (id, key): (&model::BlobId, Vec<u8>),
) -> Result<()> {
    if account == QUEUE_HOLDER {
        let expect = vec![Precondition::Absent(Table::Queue, entry_key(crate::QueueId(item.0)))];
        let snapshot = store.inner.engine.snapshot().await?;
        if !needs(&snapshot, account, item, id).await? {
            let ops = vec![Op::Delete(Table::BlobRef, key)];
            taken(store, Batch { expect, ops }).await?;
        }
        return Ok(());
    }
    let state = store.inner.state(account);
    let turn = state.turn.clone().lock_owned().await;
    if state.flying().is_empty() {
        let snapshot = store.inner.engine.snapshot().await?;
        if !needs(&snapshot, account, item, id).await? {
            taken(store, Batch { ops: vec![Op::Delete(Table::BlobRef, key)], ..Batch::default() }).await?;
        }
    }
    drop(turn);
    store.inner.release(account, state);
    Ok(())
}

/// Each queued message stands in the order under its time, is recorded as needing its blobs, and nothing else is.
async fn order_queue(store: &Store) -> Result<()> {
    let snapshot = store.inner.engine.snapshot().await?;
    let mut range = Range::prefix(b"");
    loop {
        let page = crate::fsck::page(&snapshot, Table::Queue, &mut range).await?;
        if page.is_empty() {
            return Ok(());
        }
        for (key, value) in page {
            order(store, &snapshot, &key, &value).await?;
        }
    }
}

async fn order(store: &Store, snapshot: &Arc<dyn Snapshot>, key: &Bytes, value: &Bytes) -> Result<()> {
    let split = key.split_first().and_then(|(sort, rest)| Some((*sort, split_long(rest)?)));
    match split {
        Some((b'e', (id, []))) => {
            let Ok(EntryRow { due, entry }) = record::decode(value) else { return Ok(()) };
            let mut ops = vec![Op::Put(Table::Queue, due_key(due, crate::QueueId(id)), Bytes::new())];
            if let Content::Chunks(chunks) = &entry.message.body.content {
                ops.extend(chunks.iter().map(|chunk| {
                    let held = Key::blob_ref(&chunk.id, QUEUE_HOLDER, ItemId(id)).done();
                    Op::Put(Table::BlobRef, held, Bytes::new())
                }));
            }
            let expect = vec![Precondition::Equals(Table::Queue, key.to_vec(), value.clone())];
            taken(store, Batch { expect, ops }).await.map(drop)
        }
        Some((b'r', (id, rest))) if split_number(rest).is_some() => {
            let entry = entry_key(crate::QueueId(id));
            if snapshot.get(Table::Queue, &entry).await?.is_some() {
                return Ok(());
            }
            let expect = vec![Precondition::Absent(Table::Queue, entry)];
            let ops = vec![Op::Delete(Table::Queue, key.to_vec())];
            taken(store, Batch { expect, ops }).await.map(drop)
        }
        Some((b'd', _)) if key.len() == 17 => {
            let (due, id) = split_due(key)?;
            match store.queue().sweep(due, id).await {
                // A message that cannot be read keeps its line.
                Err(Error::Corrupt) => Ok(()),
                swept => swept,
            }
        }
        _ => Ok(()),
    }
}
