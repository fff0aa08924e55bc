//! The records of octets: made anew from who is said to need the blobs, where they are lost; and who is said to
//! need the blobs, made anew from the records.

use super::{Note, Repair, damaged::item_of};
use crate::{
    body::{Body, Chunk, Content},
    collection::after,
    fsck::{Fault, Finding, split_reference},
    key::Key,
    limits::{REPAIR_PAGE_COUNT, SCAN_PAGE_COUNT, SMALL_CHUNK_BYTES, SMALL_CHUNKS_MAX},
    listing::{Listed, Lists},
    message::MessageRecord,
    record,
    writer::Writer,
};
use bytes::Bytes;
use engine::{Place, Range, Table};
use format::mime::{Scanner, limits::Limits};
use model::{BlobId, CollectionKind, Error, ItemId, Result};
use std::collections::{BTreeMap, BTreeSet};

/// A blob with its place, in the order of places, which is that of arrival.
type Held = BTreeMap<Bytes, BlobId>;

impl Repair {
    /// Makes records that are lost or unreadable anew from their blobs, where the blobs tell.
    pub(super) async fn contents_from_blobs(&mut self, findings: &[Finding]) -> Result<()> {
        let lost = |finding: &Finding| match &finding.fault {
            Fault::NoContent(_, item) => Some(*item),
            Fault::Unreadable(Table::Message | Table::Body, key) => item_of(key),
            _ => None,
        };
        let items: BTreeSet<_> = findings.iter().filter_map(lost).collect();
        if items.is_empty() {
            return Ok(());
        }
        let held = self.held_by(&items).await?;
        let before = self.notes.len();
        for (item, kind, expected) in self.rows_of(&items).await? {
            let Some(blobs) = held.get(&item) else { continue };
            self.content_from_blobs((item, kind), expected, blobs).await?;
        }
        if self.notes.len() > before {
            // The search index has passed these messages by when they were not there.
            self.store.forget_index(self.account).await?;
        }
        Ok(())
    }

    /// Which blobs these items are said to need.
    async fn held_by(&self, items: &BTreeSet<ItemId>) -> Result<BTreeMap<ItemId, Held>> {
        let snapshot = self.store.inner.engine.snapshot().await?;
        let mut range = Range::prefix(b"");
        let mut held: BTreeMap<ItemId, Held> = BTreeMap::new();
        loop {
            let page = snapshot.scan(Table::BlobRef, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, _) in &page {
                let Some((id, account, item)) = split_reference(key) else { continue };
                if account == self.account
                    && items.contains(&item)
                    && let Some(place) = snapshot.get(Table::Blob, &Key::blob(&id).done()).await?
                {
                    held.entry(item).or_default().insert(place, id);
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(held),
            }
        }
    }

    /// The rows of these items: what they are, their size and, of objects, their hash.
    async fn rows_of(
        &self,
        items: &BTreeSet<ItemId>,
    ) -> Result<Vec<(ItemId, CollectionKind, (u64, Option<BlobId>))>> {
        let mut found = BTreeMap::new();
        for damaged in self.store.damaged(self.account, items).await? {
            found.insert(damaged.item, (damaged.kind, (damaged.size, damaged.hash)));
        }
        Ok(found.into_iter().map(|(item, (kind, expected))| (item, kind, expected)).collect())
    }

    async fn content_from_blobs(
        &mut self,
        (item, kind): (ItemId, CollectionKind),
        (size, hash): (u64, Option<BlobId>),
        blobs: &Held,
    ) -> Result<()> {
        let Some((body, message)) = self.assemble(blobs, kind).await? else { return Ok(()) };
        if body.size != size || hash.is_some_and(|hash| hash != body.hash) {
            return Ok(());
        }
        let table = if kind == CollectionKind::Mailbox { Table::Message } else { Table::Body };
        let mut writer = self.turn().await?;
        let key = Key::item(self.account, item).done();
        let there = writer.view().get(table, &key).await?;
        let sound = match (&there, table) {
            (None, _) => false,
            (Some(value), Table::Message) => record::decode::<MessageRecord>(value).is_ok(),
            (Some(value), _) => record::decode::<Body>(value).is_ok(),
        };
        if !sound {
            let value = match message {
                Some(scanner) => {
                    record::encode(&crate::arrival::record_of(scanner.finish().digest(), body)?)?
                }
                None => record::encode(&body)?,
            };
            writer.put_raw(table, key, value);
            self.notes.push(Note::ContentRebuilt(item));
        }
        writer.commit(()).await.map(drop)
    }

    /// The list among these blobs, which tells the others' order.
    async fn listed(&self, blobs: &Held) -> Result<Option<Listed>> {
        let mut lists = Lists::default();
        for (place, id) in blobs {
            lists.take(*id, &self.store.inner.blobs.read(id, &Place(place.clone())).await?);
        }
        Ok(lists.whole().into_iter().find(|listed| listed.chunks.len() + listed.parts.len() >= blobs.len()))
    }

    /// A body of these blobs, in the order that their list tells, or in this one when their lengths are those that
    /// an upload makes.
    async fn assemble(&self, blobs: &Held, kind: CollectionKind) -> Result<Option<(Body, Option<Scanner>)>> {
        let mut hasher = blake3::Hasher::new();
        let mut scanner = (kind == CollectionKind::Mailbox).then(|| Scanner::new(Limits::default()));
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut size = 0_u64;
        let largest = self.store.inner.blobs.blob_bytes_max();
        let listed = match self.listed(blobs).await {
            Err(Error::Corrupt) => return Ok(None),
            listed => listed?,
        };
        let by_id: BTreeMap<_, _> = blobs.iter().map(|(place, id)| (*id, place)).collect();
        let order: Vec<_> = match &listed {
            Some(listed) => listed.chunks.iter().map(|chunk| chunk.id).collect(),
            None => blobs.values().copied().collect(),
        };
        for (number, id) in order.iter().enumerate() {
            let Some(place) = by_id.get(id) else { return Ok(None) };
            let octets = match self.store.inner.blobs.read(id, &Place((*place).clone())).await {
                Ok(octets) => octets,
                Err(Error::Corrupt) => return Ok(None),
                Err(error) => return Err(error),
            };
            let whole = if number < SMALL_CHUNKS_MAX { SMALL_CHUNK_BYTES.min(largest) } else { largest };
            let is_likely = octets.len() == whole || octets.len() < whole && number + 1 == order.len();
            // What a list says is proved by the hash of the whole.
            if listed.is_none() && !is_likely {
                return Ok(None);
            }
            size += octets.len() as u64;
            hasher.update(&octets);
            if let Some(scanner) = &mut scanner {
                scanner.push(&octets);
            }
            chunks.push(Chunk { id: *id, bytes: u32::try_from(octets.len()).unwrap_or(u32::MAX) });
        }
        let hash = BlobId(*hasher.finalize().as_bytes());
        if listed.as_ref().is_some_and(|listed| listed.hash != hash) {
            return Ok(None);
        }
        chunks.extend(listed.into_iter().flat_map(|listed| listed.parts));
        let body = Body { size, hash, content: Content::Chunks(chunks), fresh: Vec::new(), pin: None };
        Ok(Some((body, scanner)))
    }

    /// Every body is recorded as needing its blobs.
    pub(super) async fn references(&mut self) -> Result<()> {
        let prefix = self.prefix();
        for table in [Table::Message, Table::Body] {
            let mut range = prefix.prefix();
            loop {
                let mut writer = self.turn().await?;
                let page = writer.view().scan(table, &range, REPAIR_PAGE_COUNT, false).await?;
                for (key, value) in &page {
                    let Some(item) = item_of(key) else {
                        self.discard(&mut writer, table, key);
                        continue;
                    };
                    let body = match table {
                        Table::Message => record::decode::<MessageRecord>(value).map(|message| message.body),
                        _ => record::decode::<Body>(value),
                    };
                    let Ok(Body { content: Content::Chunks(chunks), .. }) = body else { continue };
                    self.refer(&mut writer, item, &chunks).await?;
                }
                let _committed = writer.commit(()).await?;
                match page.last() {
                    Some((last, _)) if page.len() == REPAIR_PAGE_COUNT => range.start = after(last),
                    _ => break,
                }
            }
        }
        Ok(())
    }

    async fn refer(&self, writer: &mut Writer, item: ItemId, chunks: &[Chunk]) -> Result<()> {
        let held = chunks.iter().map(|chunk| Key::blob_ref(&chunk.id, self.account, item).done());
        let held: Vec<_> = held.collect();
        let there = writer.view().get_many(Table::BlobRef, &held).await?;
        for (key, _) in held.into_iter().zip(there).filter(|(_, there)| there.is_none()) {
            writer.put_raw(Table::BlobRef, key, Bytes::new());
        }
        Ok(())
    }
}
