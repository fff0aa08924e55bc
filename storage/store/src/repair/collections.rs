//! Collections' records and names: every collection lies under a parent that is there, has a name of its own, and
//! is found under it; a record that is lost is made anew from the name that leads to it and from its items.

use super::{Note, Repair};
use crate::{
    change::Changed,
    collection::{after, child_key},
    grant::grant_key,
    key::{Key, split_number},
    limits::{COLLECTION_DEPTH_MAX, SCAN_PAGE_COUNT},
    provision::{FILES_ROOT, special_use_of},
    record::{self, CollectionRow},
    writer::Writer,
};
use bytes::Bytes;
use engine::{Range, Table};
use model::{CollectionId, CollectionKind, Result, Uid};
use std::collections::{BTreeMap, BTreeSet};

type Rows = BTreeMap<CollectionId, CollectionRow>;

/// A name that leads to a collection.
struct Link {
    key: Vec<u8>,
    parent: CollectionId,
    kind: CollectionKind,
    name: String,
    to: CollectionId,
}

impl Repair {
    /// Mends records and names in one turn; returns the collections that are there.
    pub(super) async fn collections(&mut self) -> Result<Vec<CollectionId>> {
        let mut writer = self.turn().await?;
        self.look_for_removed(&writer).await?;
        let mut rows = self.readable_rows(&mut writer).await?;
        let before = rows.clone();
        let links = self.links(&mut writer).await?;
        for id in self.lost_rows(&writer, &rows, &links).await? {
            let row = self.row_anew(&mut writer, id, links.iter().find(|link| link.to == id)).await?;
            self.notes.push(Note::CollectionRebuilt(id, row.name.clone()));
            rows.insert(id, row);
        }
        self.find_parents(&mut writer, &mut rows);
        self.tell_names_apart(&mut writer, &mut rows, &links);
        self.link(&mut writer, &rows, &links)?;
        for (id, row) in &rows {
            for (to, _) in &row.grants {
                let key = grant_key(*to, self.account, *id);
                if writer.view().get(Table::Grant, &key).await?.is_none() {
                    writer.put_raw(Table::Grant, key, Bytes::new());
                }
            }
        }
        self.slots_of_collections(&mut writer, &mut rows).await?;
        let ids = rows.keys().copied().collect();
        for (id, mut row) in rows {
            row.floor = row.floor.min(row.modseq);
            if row.modseq > writer.account_row().modseq {
                row.modseq = writer.touch();
            }
            if before.get(&id) != Some(&row) {
                writer.set_collection_row(id, row);
            }
        }
        let _committed = writer.commit(()).await?;
        Ok(ids)
    }

    async fn readable_rows(&mut self, writer: &mut Writer) -> Result<Rows> {
        let mut rows = Rows::new();
        for (key, value) in self.all(writer, Table::Collection).await? {
            match key.get(self.prefix().len()..).and_then(split_number) {
                Some((id, [])) if id != 0 => {
                    if let Ok(row) = record::decode(&value) {
                        rows.insert(CollectionId(id), row);
                    }
                }
                _ => self.discard(writer, Table::Collection, &key),
            }
        }
        Ok(rows)
    }

    async fn links(&mut self, writer: &mut Writer) -> Result<Vec<Link>> {
        let mut links = Vec::new();
        for (key, value) in self.all(writer, Table::Child).await? {
            let rest = key.get(self.prefix().len()..).and_then(split_number);
            let split = rest.and_then(|(parent, rest)| Some((parent, rest.split_first()?)));
            let link = split.and_then(|(parent, (space, name))| {
                Some(Link {
                    key: key.to_vec(),
                    parent: CollectionId(parent),
                    kind: kind_of_space(*space)?,
                    name: String::from_utf8(name.to_vec()).ok()?,
                    to: record::decode(&value).ok().filter(|id| *id != CollectionId::ROOT)?,
                })
            });
            match link {
                Some(link) => links.push(link),
                None => self.discard(writer, Table::Child, &key),
            }
        }
        Ok(links)
    }

    /// Collections of which there is a name or an item, but no record.
    async fn lost_rows(
        &self,
        writer: &Writer,
        rows: &Rows,
        links: &[Link],
    ) -> Result<BTreeSet<CollectionId>> {
        // A name that belongs to a record that is there leads to that one, whatever it says.
        let owned = |link: &&Link| {
            rows.values()
                .any(|row| row.parent == link.parent && row.kind == link.kind && row.name == link.name)
        };
        let unowned = links.iter().filter(|link| !owned(link));
        let mut lost: BTreeSet<_> = unowned.map(|link| link.to).collect();
        for table in [Table::Collection, Table::Item, Table::Changed] {
            let mut range = self.prefix().prefix();
            while let Some((key, _)) = writer.view().scan(table, &range, 1, false).await?.into_iter().next() {
                let Some((id, _)) = key.get(self.prefix().len()..).and_then(split_number) else {
                    range.start = after(&key);
                    continue;
                };
                let id = CollectionId(id);
                if table != Table::Changed || self.has_live_slot(writer, id).await? {
                    lost.insert(id);
                }
                range.start = self.prefix().number(id.0.saturating_add(1)).done();
                if id.0 == u32::MAX {
                    break;
                }
            }
        }
        lost.retain(|id| {
            *id != CollectionId::ROOT && !rows.contains_key(id) && !self.removed.contains_key(id)
        });
        Ok(lost)
    }

    async fn has_live_slot(&self, writer: &Writer, id: CollectionId) -> Result<bool> {
        let range = Key::collection(self.account, id).prefix();
        let page = writer.view().scan(Table::Changed, &range, SCAN_PAGE_COUNT, true).await?;
        let live =
            |value: &Bytes| record::decode::<Changed>(value).is_ok_and(|slot| slot.alive && !slot.collection);
        Ok(page.iter().any(|(_, value)| live(value)))
    }

    /// The record of a collection as it can be told from its name and items.
    async fn row_anew(
        &self,
        writer: &mut Writer,
        id: CollectionId,
        link: Option<&Link>,
    ) -> Result<CollectionRow> {
        let (kind, parent, name) = match link {
            Some(link) => (link.kind, link.parent, link.name.clone()),
            None => (self.kind_from_items(writer, id).await?, CollectionId::ROOT, format!("Recovered-{id}")),
        };
        let now = writer.store().env().now();
        let modseq = writer.touch();
        let uid_validity = writer.next_uid_validity(now);
        let special_use = special_use_of(kind, parent, &name);
        // Older tokens are refused: what they would have been told is not known.
        let empty = CollectionRow::empty(kind, (parent, name), uid_validity, modseq, now);
        Ok(CollectionRow {
            special_use,
            subscribed: kind == CollectionKind::Mailbox,
            uid_next: self.uid_above(writer, id).await?,
            ..empty
        })
    }

    async fn kind_from_items(&self, writer: &Writer, id: CollectionId) -> Result<CollectionKind> {
        let prefix = Key::collection(self.account, id);
        if !writer.view().scan(Table::Time, &prefix.prefix(), 1, false).await?.is_empty() {
            return Ok(CollectionKind::Calendar);
        }
        if !writer.view().scan(Table::ByUid, &prefix.prefix(), 1, false).await?.is_empty() {
            return Ok(CollectionKind::AddressBook);
        }
        for (_, value) in writer.view().scan(Table::Changed, &prefix.prefix(), SCAN_PAGE_COUNT, true).await? {
            let Ok(slot) = record::decode::<Changed>(&value) else { continue };
            let item = Key::item(self.account, slot.item).done();
            if writer.view().get(Table::Message, &item).await?.is_some() {
                return Ok(CollectionKind::Mailbox);
            }
            if let Some(body) = super::body::octets(writer, slot.item).await? {
                return Ok(super::body::kind_by_content(&body));
            }
        }
        Ok(CollectionKind::Folder)
    }

    /// A UID above all that were seen. Names of other kinds of items are no UIDs, and do no harm.
    async fn uid_above(&self, writer: &Writer, id: CollectionId) -> Result<Uid> {
        let prefix = Key::collection(self.account, id);
        let uid = |name: &[u8]| <[u8; 4]>::try_from(name).map_or(0, u32::from_be_bytes);
        let mut highest = 0;
        for (table, skipped) in [(Table::Item, 0), (Table::Changed, 8)] {
            let mut range = prefix.prefix();
            loop {
                let page = writer.view().scan(table, &range, SCAN_PAGE_COUNT, false).await?;
                let names = page.iter().filter_map(|(key, _)| key.get(prefix.len() + skipped..));
                highest = names.map(uid).max().unwrap_or(0).max(highest);
                match page.last() {
                    Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                    _ => break,
                }
            }
        }
        Ok(Uid(highest.min(u32::MAX - 1)).next())
    }

    /// A parent must be there and of the same kind, and the way up must end.
    fn find_parents(&mut self, writer: &mut Writer, rows: &mut Rows) {
        let root = rows.iter().find(|(_, row)| {
            row.kind == CollectionKind::Folder && row.parent == CollectionId::ROOT && row.name == FILES_ROOT
        });
        let files = root.map_or(CollectionId::ROOT, |(id, _)| *id);
        for id in rows.keys().copied().collect::<Vec<_>>() {
            let Some(kind) = rows.get(&id).map(|row| row.kind) else { continue };
            if ends(rows, id, kind) {
                continue;
            }
            let modseq = writer.touch();
            if let Some(row) = rows.get_mut(&id) {
                row.parent =
                    if kind == CollectionKind::Folder && id != files { files } else { CollectionId::ROOT };
                (row.modseq, row.slot) = (modseq, modseq);
                self.notes.push(Note::CollectionMoved(id, row.name.clone()));
            }
        }
    }

    fn tell_names_apart(&mut self, writer: &mut Writer, rows: &mut Rows, links: &[Link]) {
        let mut taken = BTreeSet::new();
        let linked = |id: &CollectionId, row: &CollectionRow| {
            links.iter().any(|link| {
                link.to == *id && link.parent == row.parent && link.kind == row.kind && link.name == row.name
            })
        };
        // Who is found under the name keeps it.
        let mut order: Vec<_> = rows.iter().map(|(id, row)| (!linked(id, row), *id)).collect();
        order.sort_unstable();
        for (_, id) in order {
            let modseq = writer.account_row().modseq;
            let Some(row) = rows.get_mut(&id) else { continue };
            let place = |row: &CollectionRow| (row.parent, row.kind as u8, row.name.clone());
            if taken.insert(place(row)) {
                continue;
            }
            let name = row.name.clone();
            let mut number = 2;
            while taken.contains(&place(row)) {
                row.name = format!("{name} ({number})");
                number += 1;
            }
            taken.insert(place(row));
            (row.modseq, row.slot) = (modseq.next(), modseq.next());
            writer.touch();
            self.notes.push(Note::CollectionMoved(id, row.name.clone()));
        }
    }

    fn link(&self, writer: &mut Writer, rows: &Rows, links: &[Link]) -> Result<()> {
        let mut wanted: BTreeMap<Vec<u8>, CollectionId> = BTreeMap::new();
        for (id, row) in rows {
            wanted.insert(child_key(self.account, row.parent, row.kind, &row.name), *id);
        }
        for link in links {
            match wanted.get(&link.key) {
                Some(id) if *id == link.to => drop(wanted.remove(&link.key)),
                Some(_) => {}
                None => writer.delete_raw(Table::Child, link.key.clone()),
            }
        }
        for (key, id) in wanted {
            writer.put_raw(Table::Child, key, record::encode(&id)?);
        }
        Ok(())
    }

    /// A folder's change log tells of the folders in it.
    async fn slots_of_collections(&self, writer: &mut Writer, rows: &mut Rows) -> Result<()> {
        for id in rows.keys().copied().collect::<Vec<_>>() {
            let Some(mut row) = rows.get(&id).cloned() else { continue };
            let Some(parent) = rows.get(&row.parent).filter(|_| row.kind != CollectionKind::Mailbox) else {
                continue;
            };
            let key = |row: &CollectionRow| {
                Key::changed(self.account, row.parent, row.slot).bytes(row.name.as_bytes()).done()
            };
            let value = Changed::collection(id).encode()?;
            if row.slot <= parent.modseq
                && writer.view().get(Table::Changed, &key(&row)).await?.as_ref() == Some(&value)
            {
                continue;
            }
            // A client that knows an older state of the parent must be told.
            writer.delete_raw(Table::Changed, key(&row));
            row.slot = writer.touch();
            writer.put_raw(Table::Changed, key(&row), value);
            if let Some(parent) = rows.get_mut(&row.parent) {
                parent.modseq = row.slot;
            }
            rows.insert(id, row);
        }
        Ok(())
    }

    /// A table of few rows, whole.
    async fn all(&self, writer: &Writer, table: Table) -> Result<Vec<(Bytes, Bytes)>> {
        let mut range: Range = self.prefix().prefix();
        let mut all = Vec::new();
        loop {
            let page = writer.view().scan(table, &range, SCAN_PAGE_COUNT, false).await?;
            let full = page.len() == SCAN_PAGE_COUNT;
            if let Some((last, _)) = page.last() {
                range.start = after(last);
            }
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    /// Where a change log lost something, no token from before can be answered.
    pub(super) async fn raise_floors(&mut self) -> Result<()> {
        let mut writer = self.turn().await?;
        for (id, mut row) in self.readable_rows(&mut writer).await? {
            if row.floor < row.modseq {
                row.floor = row.modseq;
                writer.set_collection_row(id, row);
            }
        }
        let _committed = writer.commit(()).await?;
        Ok(())
    }
}

/// Whether the way up from a collection ends at the root, through collections of its kind.
fn ends(rows: &Rows, id: CollectionId, kind: CollectionKind) -> bool {
    let mut at = id;
    for _ in 0..=COLLECTION_DEPTH_MAX {
        if at == CollectionId::ROOT {
            return true;
        }
        match rows.get(&at).filter(|row| row.kind == kind) {
            Some(row) => at = row.parent,
            None => return false,
        }
    }
    false
}

fn kind_of_space(space: u8) -> Option<CollectionKind> {
    match space {
        b'm' => Some(CollectionKind::Mailbox),
        b'c' => Some(CollectionKind::Calendar),
        b'a' => Some(CollectionKind::AddressBook),
        b'f' => Some(CollectionKind::Folder),
        _ => None,
    }
}
