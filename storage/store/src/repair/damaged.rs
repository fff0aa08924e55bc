//! Items whose octets are lost: named for people, and removed where that is asked for.

use super::{Note, Repair, items::Covering, spelled};
use crate::{
    body::{Body, Content},
    change::Changed,
    collection::after,
    deleted::{Deleted, DeletedRow},
    fsck::{Finding, page},
    key::{Key, split_long, split_number},
    limits::{COLLECTION_DEPTH_MAX, REPAIR_PAGE_COUNT, SCAN_PAGE_COUNT},
    message::MessageRecord,
    record::{self, CollectionRow},
    stores::Store,
    writer::Writer,
};
use engine::{Snapshot, Table};
use model::{AccountId, BlobId, CollectionId, CollectionKind, ItemId, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// An item, named for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Whose it is.
    pub account: AccountId,
    /// Where it lies.
    pub collection: CollectionId,
    /// What it is.
    pub kind: CollectionKind,
    /// The names of the collection and those it lies in, with `/` between.
    pub path: String,
    /// Its name; a message's UID.
    pub name: String,
    /// Its number.
    pub item: ItemId,
    /// Its octets, as its row says.
    pub size: u64,
    /// The hash of its octets, where its row says it.
    pub hash: Option<BlobId>,
    /// The subject of a message, as it was written, where it is known.
    pub subject: Option<String>,
    /// Its key.
    pub(crate) key: Vec<u8>,
}

/// The number in the key of a record of octets.
pub(super) fn item_of(key: &[u8]) -> Option<ItemId> {
    let (_, rest) = split_number(key)?;
    let (item, rest) = split_long(rest)?;
    rest.is_empty().then_some(ItemId(item))
}

impl Store {
    /// Where these items of an account are.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn damaged(&self, account: AccountId, items: &BTreeSet<ItemId>) -> Result<Vec<Damaged>> {
        let mut found = Vec::new();
        if items.is_empty() {
            return Ok(found);
        }
        let snapshot = self.inner.engine.snapshot().await?;
        let mut rows = collections(&snapshot, account).await?;
        found.extend(kept(&snapshot, account, items, &mut rows).await?);
        for (id, row) in &rows {
            let prefix = Key::collection(account, *id);
            let mut range = prefix.prefix();
            loop {
                let page = snapshot.scan(Table::Item, &range, SCAN_PAGE_COUNT, false).await?;
                for (key, value) in &page {
                    let Ok(item) = Covering::decode(row.kind, value) else { continue };
                    if !items.contains(&item.item()) {
                        continue;
                    }
                    let (size, hash) = match &item {
                        Covering::Message(row) => (row.size, None),
                        Covering::Object(row) => (row.size, Some(row.hash)),
                    };
                    found.push(Damaged {
                        account,
                        collection: *id,
                        kind: row.kind,
                        path: path(&rows, *id),
                        name: spelled(key.get(prefix.len()..).unwrap_or_default()),
                        item: item.item(),
                        size,
                        hash,
                        subject: subject(&snapshot, account, item.item()).await?,
                        key: key.to_vec(),
                    });
                }
                match page.last() {
                    Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                    _ => break,
                }
            }
        }
        Ok(found)
    }
}

/// Those among what was removed one by one; adds the removed collections, whose items lie where they lay.
async fn kept(
    snapshot: &Arc<dyn Snapshot>,
    account: AccountId,
    items: &BTreeSet<ItemId>,
    rows: &mut BTreeMap<CollectionId, CollectionRow>,
) -> Result<Vec<Damaged>> {
    let (mut found, mut removed) = (Vec::new(), Vec::new());
    let mut range = Key::account(account).prefix();
    loop {
        let page = page(snapshot, Table::Deleted, &mut range).await?;
        if page.is_empty() {
            break;
        }
        for row in page.iter().filter_map(|(_, value)| record::decode::<DeletedRow>(value).ok()) {
            let (collection, name, item, kind, size, hash) = match row.what {
                Deleted::Message(id, uid, row) => {
                    (id, uid.to_string(), row.message, CollectionKind::Mailbox, row.size, None)
                }
                Deleted::Object(object) => {
                    let row = object.row;
                    (object.collection, object.name, row.item, object.kind, row.size, Some(row.hash))
                }
                Deleted::Collection(id, collection) => {
                    removed.push((id, collection.row));
                    continue;
                }
            };
            if items.contains(&item) {
                let path = format!("removed from {}", path(rows, collection));
                let subject = subject(snapshot, account, item).await?;
                let key = Vec::new();
                found.push(Damaged { account, collection, kind, path, name, item, size, hash, subject, key });
            }
        }
    }
    rows.extend(removed);
    Ok(found)
}

async fn collections(
    snapshot: &Arc<dyn Snapshot>,
    account: AccountId,
) -> Result<BTreeMap<CollectionId, CollectionRow>> {
    let prefix = Key::account(account);
    let mut range = prefix.prefix();
    let mut rows = BTreeMap::new();
    loop {
        let page = snapshot.scan(Table::Collection, &range, SCAN_PAGE_COUNT, false).await?;
        for (key, value) in &page {
            let id = key.get(prefix.len()..).and_then(split_number);
            if let (Some((id, [])), Ok(row)) = (id, record::decode(value)) {
                rows.insert(CollectionId(id), row);
            }
        }
        match page.last() {
            Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
            _ => return Ok(rows),
        }
    }
}

fn path(rows: &BTreeMap<CollectionId, CollectionRow>, id: CollectionId) -> String {
    let mut names = Vec::new();
    let mut at = id;
    while let Some(row) = rows.get(&at).filter(|_| names.len() <= COLLECTION_DEPTH_MAX) {
        names.push(row.name.as_str());
        at = row.parent;
    }
    names.reverse();
    names.join("/")
}

/// The subject in the ENVELOPE that was made at arrival.
async fn subject(snapshot: &Arc<dyn Snapshot>, account: AccountId, item: ItemId) -> Result<Option<String>> {
    let value = snapshot.get(Table::Message, &Key::item(account, item).done()).await?;
    let message = value.and_then(|value| record::decode::<MessageRecord>(&value).ok());
    Ok(message.and_then(|message| {
        let rest = message.envelope.strip_prefix(b"(")?;
        let (_, rest) = nstring(rest)?;
        let (subject, _) = nstring(rest.strip_prefix(b" ")?)?;
        subject.map(|octets| String::from_utf8_lossy(&octets).into_owned())
    }))
}

/// NIL, a quoted string or a literal, and what follows (RFC 9051 9).
fn nstring(wire: &[u8]) -> Option<(Option<Vec<u8>>, &[u8])> {
    if let Some(rest) = wire.strip_prefix(b"NIL") {
        return Some((None, rest));
    }
    if let Some(rest) = wire.strip_prefix(b"{") {
        let end = rest.windows(3).position(|three| three == b"}\r\n")?;
        let length: usize = std::str::from_utf8(rest.get(..end)?).ok()?.trim_end_matches('+').parse().ok()?;
        let (text, rest) = rest.get(end + 3..)?.split_at_checked(length)?;
        return Some((Some(text.to_vec()), rest));
    }
    let mut text = Vec::new();
    let mut octets = wire.strip_prefix(b"\"")?.iter().enumerate();
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'"' => return Some((Some(text), wire.get(at + 2..)?)),
            b'\\' => text.push(*octets.next()?.1),
            other => text.push(*other),
        }
    }
    None
}

impl Repair {
    /// Removes items whose octets are lost, leaving their tombstones; whether there was one.
    pub(super) async fn drop_damaged(&mut self, findings: &[Finding]) -> Result<bool> {
        let lost: BTreeSet<_> = findings.iter().filter_map(|finding| finding.fault.lost()).collect();
        let damaged = self.store.damaged(self.account, &lost).await?;
        for item in damaged.iter().filter(|item| !item.key.is_empty()) {
            let mut writer = self.turn().await?;
            let there = writer.view().get(Table::Item, &item.key).await?;
            let there = there.and_then(|value| Covering::decode(item.kind, &value).ok());
            let Some(old) = there.filter(|there| there.item() == item.item) else { continue };
            // Somebody may have written it anew since it was found damaged.
            if self.content(&writer, item.item).await?.is_some_and(|(_, whole)| whole) {
                continue;
            }
            let Some(mut row) = self.row_of(&writer, item.collection).await? else { continue };
            let name = item.key.get(8..).unwrap_or_default();
            let slot = |modseq| Key::changed(self.account, item.collection, modseq).bytes(name).done();
            row.modseq = writer.touch();
            let gone = Changed::item(item.item).gone(writer.store().env().now());
            writer.delete_raw(Table::Changed, slot(old.modseq()));
            writer.put_raw(Table::Changed, slot(row.modseq), gone.encode()?);
            writer.delete_raw(Table::Item, item.key.clone());
            self.set_row(&mut writer, item.collection, row).await?;
            let _committed = writer.commit(()).await?;
            self.notes.push(Note::Dropped(item.collection, item.name.clone()));
        }
        self.drop_kept(&lost).await?;
        for item in &lost {
            self.drop_content(*item).await?;
        }
        // Counts and what hangs on them are set right by the next pass.
        Ok(!lost.is_empty())
    }

    /// Removes what is kept of removed items whose octets are lost.
    async fn drop_kept(&mut self, lost: &BTreeSet<ItemId>) -> Result<()> {
        let mut range = self.prefix().prefix();
        loop {
            let mut writer = self.turn().await?;
            let page = writer.view().scan(Table::Deleted, &range, REPAIR_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let row = record::decode::<DeletedRow>(value).map(|row| row.what);
                let item = match &row {
                    Ok(Deleted::Message(_, _, row)) => row.message,
                    Ok(Deleted::Object(object)) => object.row.item,
                    _ => continue,
                };
                // It may have been made whole since it was found damaged.
                let is_whole = || self.content(&writer, item);
                if lost.contains(&item) && !is_whole().await?.is_some_and(|(_, whole)| whole) {
                    self.discard(&mut writer, Table::Deleted, key);
                }
            }
            let _committed = writer.commit(()).await?;
            match page.last() {
                Some((last, _)) if page.len() == REPAIR_PAGE_COUNT => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }

    /// The body of an item as its record tells it, and whether all its octets are there; none without a record
    /// that can be read.
    async fn content(&self, writer: &Writer, item: ItemId) -> Result<Option<(Body, bool)>> {
        let key = Key::item(self.account, item).done();
        for table in [Table::Message, Table::Body] {
            let Some(value) = writer.view().get(table, &key).await? else { continue };
            let body = match table {
                Table::Message => record::decode::<MessageRecord>(&value).map(|message| message.body),
                _ => record::decode::<Body>(&value),
            };
            if let Ok(body) = body {
                let whole = self.is_whole(writer, &body).await?;
                return Ok(Some((body, whole)));
            }
        }
        Ok(None)
    }

    /// Removes what an item held, unless it is whole.
    pub(super) async fn drop_content(&mut self, item: ItemId) -> Result<()> {
        let mut writer = self.turn().await?;
        let content = self.content(&writer, item).await?;
        if content.as_ref().is_some_and(|(_, whole)| *whole) {
            return Ok(());
        }
        if let Some((Body { content: Content::Chunks(chunks), .. }, _)) = content {
            for chunk in chunks {
                writer.delete_raw(Table::BlobRef, Key::blob_ref(&chunk.id, self.account, item).done());
            }
        }
        for table in [Table::Message, Table::Body, Table::Copies] {
            writer.delete_raw(table, Key::item(self.account, item).done());
        }
        writer.news.gone.push(item);
        writer.commit(()).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
