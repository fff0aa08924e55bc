//! Bodies and blobs: every item has its content, every blob that is needed has a place and a reference, and
//! nothing refers to blobs but what needs them.

use super::{Check, Fault, Finding, page};
use crate::{
    body::{Body, Content},
    copies::Copies,
    key::{Key, split_long, split_number},
    message::MessageRecord,
    queue::{QUEUE_HOLDER, Queue, QueueId},
    record,
};
use engine::{Range, Snapshot, Table};
use model::{AccountId, BlobId, CollectionId, Error, ItemId, Result};
use std::sync::Arc;

impl Check {
    /// Message records and bodies against the items that have them; every message, ascending.
    pub(super) async fn check_contents(&mut self) -> Result<Vec<ItemId>> {
        let prefix = Key::account(self.account);
        self.load_copies().await?;
        let mut messages = Vec::new();
        for table in [Table::Message, Table::Body] {
            let mut range = prefix.prefix();
            loop {
                let page = self.page(table, &mut range).await?;
                if page.is_empty() {
                    break;
                }
                for (key, value) in page {
                    let Some((item, [])) = key.get(prefix.len()..).and_then(split_long) else {
                        self.strange(table, &key);
                        continue;
                    };
                    if table == Table::Message {
                        messages.push(ItemId(item));
                    }
                    self.check_content(table, ItemId(item), &key, &value).await?;
                }
            }
        }
        for (item, _) in std::mem::take(&mut self.messages) {
            let id = self.sizes.get(&item).map_or(CollectionId::ROOT, |(id, _)| *id);
            self.find(Fault::NoContent(id, item));
        }
        for (item, (id, _, _)) in std::mem::take(&mut self.objects) {
            self.find(Fault::NoContent(id, item));
        }
        // Of messages without a record.
        for (item, copies) in std::mem::take(&mut self.copies) {
            self.find(Fault::Copies(item, copies, 0));
        }
        Ok(messages)
    }

    /// Copies that message records do not count.
    async fn load_copies(&mut self) -> Result<()> {
        let prefix = Key::account(self.account);
        let mut range = prefix.prefix();
        loop {
            let page = self.page(Table::Copies, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, value) in page {
                let Some((item, [])) = key.get(prefix.len()..).and_then(split_long) else {
                    self.strange(Table::Copies, &key);
                    continue;
                };
                if let Some(Copies(count)) = self.read(Table::Copies, &key, &value) {
                    self.copies.insert(ItemId(item), count);
                }
            }
        }
    }

    async fn check_content(&mut self, table: Table, item: ItemId, key: &[u8], value: &[u8]) -> Result<()> {
        let body = if table == Table::Message {
            let beside = self.copies.remove(&item).unwrap_or(0);
            let Some(message) = self.read::<MessageRecord>(table, key, value) else { return Ok(()) };
            let stored = message.copies.saturating_add(beside);
            match self.messages.remove(&item) {
                Some(copies) if copies != stored => {
                    self.find(Fault::Copies(item, stored, copies));
                }
                Some(_) => {}
                None => self.find(Fault::Orphan(item)),
            }
            if let Some((id, size)) = self.sizes.get(&item).copied()
                && size != message.body.size
            {
                self.find(Fault::WrongSize(id, item));
            }
            message.body
        } else {
            let Some(body) = self.read::<Body>(table, key, value) else { return Ok(()) };
            match self.objects.remove(&item) {
                Some((id, size, hash)) if size != body.size || hash != body.hash => {
                    self.find(Fault::WrongSize(id, item));
                }
                Some(_) => {}
                None => self.find(Fault::Orphan(item)),
            }
            body
        };
        self.check_body(item, &body).await
    }

    pub(super) async fn check_body(&mut self, item: ItemId, body: &Body) -> Result<()> {
        let Content::Chunks(chunks) = &body.content else { return Ok(()) };
        let places: Vec<_> = chunks.iter().map(|chunk| Key::blob(&chunk.id).done()).collect();
        let held = chunks.iter().map(|chunk| Key::blob_ref(&chunk.id, self.account, item).done());
        let held: Vec<_> = held.collect();
        let places = self.snapshot.get_many(Table::Blob, &places).await?;
        let held = self.snapshot.get_many(Table::BlobRef, &held).await?;
        for ((chunk, place), held) in chunks.iter().zip(places).zip(held) {
            if held.is_none() {
                self.find(Fault::NoReference(item, chunk.id));
            }
            // A message in flight does without: it has gone before a list is of use.
            if chunk.is_list() && self.account == QUEUE_HOLDER {
                continue;
            }
            let lost = |fault| if chunk.is_list() { Fault::NoList(item, chunk.id) } else { fault };
            if place.is_none() {
                self.find(lost(Fault::NoBlob(item, chunk.id)));
            }
        }
        Ok(())
    }
}

/// Every reference to a blob, from the blob's side.
pub(super) async fn references(snapshot: &Arc<dyn Snapshot>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut range = Range::prefix(b"");
    loop {
        let page = page(snapshot, Table::BlobRef, &mut range).await?;
        if page.is_empty() {
            return Ok(findings);
        }
        for (key, _) in page {
            let Some((id, account, item)) = split_reference(&key) else {
                let fault = Fault::Unreadable(Table::BlobRef, key.to_vec());
                findings.push(Finding { account: QUEUE_HOLDER, fault });
                continue;
            };
            if !needs(snapshot, account, item, &id).await? {
                findings.push(Finding { account, fault: Fault::DanglingReference(item, id) });
            }
        }
    }
}

pub(crate) fn split_reference(key: &[u8]) -> Option<(BlobId, AccountId, ItemId)> {
    let (hash, rest) = key.split_first_chunk::<32>()?;
    let (account, rest) = split_number(rest)?;
    let (item, rest) = split_long(rest)?;
    rest.is_empty().then_some((BlobId(*hash), AccountId(account), ItemId(item)))
}

/// Whether this holder has a body with that blob.
pub(crate) async fn needs(
    snapshot: &Arc<dyn Snapshot>,
    account: AccountId,
    item: ItemId,
    id: &BlobId,
) -> Result<bool> {
    let has = |body: &Body| match &body.content {
        Content::Chunks(chunks) => chunks.iter().any(|chunk| chunk.id == *id),
        Content::Inline(_) => false,
    };
    if account == QUEUE_HOLDER {
        // One that cannot be read is found by the check of the queue, and may still need its octets.
        return match Queue::load_in(snapshot, QueueId(item.0)).await {
            Ok(queued) => Ok(queued.is_some_and(|queued| has(&queued.entry.message.body))),
            Err(Error::Corrupt) => Ok(true),
            Err(error) => Err(error),
        };
    }
    let key = Key::item(account, item).done();
    // Who is recorded as needing the bytes of a record that cannot be read is the way to make it anew.
    if let Some(value) = snapshot.get(Table::Message, &key).await?
        && record::decode::<MessageRecord>(&value).map_or(true, |message| has(&message.body))
    {
        return Ok(true);
    }
    let body = snapshot.get(Table::Body, &key).await?;
    Ok(body.is_some_and(|value| record::decode::<Body>(&value).map_or(true, |body| has(&body))))
}
