//! Calendars, address books and folders, with their objects.

use super::{Sides, goes_to};
use crate::limits::{BRING_BATCH_COUNT, NAME_TRIES_MAX};
use model::{CollectionId, CollectionKind, Error, Result, Rights};
use store::{Collection, CollectionRow, NewCollection, NewObject, ObjectKind, ObjectRow, Writer};

impl Sides<'_> {
    /// Whether any was wanted.
    pub(super) async fn collections<K: ObjectKind>(&mut self) -> Result<bool> {
        let mut found = false;
        let mut waiting = vec![(CollectionId::ROOT, String::new())];
        while let Some((parent, path)) = waiting.pop() {
            for (id, row) in self.from.children(parent, K::KIND).await? {
                let path = if path.is_empty() { row.name.clone() } else { format!("{path}/{}", row.name) };
                if let Some(to) = goes_to(&path, self.wanted) {
                    found = true;
                    self.collection::<K>(id, &row, &to).await?;
                }
                waiting.push((id, path));
            }
        }
        Ok(found)
    }

    async fn collection<K: ObjectKind>(
        &mut self,
        id: CollectionId,
        row: &CollectionRow,
        path: &str,
    ) -> Result<()> {
        let mut writer = self.write().await?;
        let to = make::<K>(&mut writer, path, row).await?;
        let _durable = writer.commit(()).await?;
        let source: Collection<K> = self.from.open(id, Rights::READ).await?;
        let mut after: Option<String> = None;
        loop {
            let page = self.from.entries(&source, after.as_ref(), BRING_BATCH_COUNT).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            let rows: Vec<_> = page.into_iter().filter(|(name, _)| self.wants_item(name)).collect();
            if !rows.is_empty() {
                self.objects(&source, to, path, rows).await?;
            }
        }
    }

    async fn objects<K: ObjectKind>(
        &mut self,
        source: &Collection<K>,
        to: CollectionId,
        path: &str,
        rows: Vec<(String, ObjectRow)>,
    ) -> Result<()> {
        let items: Vec<_> = rows.iter().map(|(_, row)| row.item).collect();
        let bodies = self.from.object_bodies(&items).await?;
        let mut ready = Vec::new();
        for ((name, row), body) in rows.into_iter().zip(bodies) {
            match self.target.adopt(self.source, &body).await {
                Ok(body) => ready.push((name, row, body)),
                Err(Error::Corrupt) => self.refuse(path, &name, "its octets are damaged in the backup"),
                Err(error) => return Err(error),
            }
        }
        let mut writer = self.write().await?;
        let folder: Collection<K> = writer.open(to, Rights::INSERT).await?;
        for (name, row, body) in ready {
            let there = writer.entry(&folder, &name).await?;
            if there.as_ref().is_some_and(|there| there.hash == row.hash) {
                self.brought.present_count += 1;
                continue;
            }
            let facts = self.from.object_facts(source, &name, row.item).await?;
            let holder = match &facts.uid {
                Some(uid) => writer.name_of_uid(&folder, uid).await?,
                None => None,
            };
            let place = match (holder, self.wanted.replace) {
                (Some(holder), true) => holder,
                (Some(holder), false) => {
                    let same =
                        writer.entry(&folder, &holder).await?.is_some_and(|there| there.hash == row.hash);
                    if same {
                        self.brought.present_count += 1;
                    } else {
                        self.refuse(path, &name, "a newer one with its UID is there (--replace)");
                    }
                    continue;
                }
                (None, true) if K::KIND == CollectionKind::Folder => name.clone(),
                (None, _) => match free::<K>(&writer, &folder, &name).await? {
                    Some(free) => free,
                    None => {
                        self.refuse(path, &name, "no free name");
                        continue;
                    }
                },
            };
            let new = NewObject {
                body,
                content_type: row.content_type.clone(),
                modified: Some(row.modified),
                mark: row.mark,
            };
            match writer.put_with_facts(&folder, &place, new, &facts).await {
                Ok(()) => {
                    self.brought.restored_count += 1;
                    if row.has_properties {
                        let properties = self.from.item_properties(source, &[row.item]).await?;
                        let properties = properties.into_iter().next().unwrap_or_default();
                        writer.set_item_properties(&folder, &place, &properties).await?;
                    }
                }
                Err(Error::Exists) => self.refuse(path, &name, "a folder has its name"),
                Err(error) => return Err(error),
            }
        }
        let _durable = writer.commit(()).await?;
        Ok(())
    }
}

/// The collection at a path, made with those above it where it is missing.
async fn make<K: ObjectKind>(writer: &mut Writer, path: &str, row: &CollectionRow) -> Result<CollectionId> {
    let mut at = CollectionId::ROOT;
    for level in path.split('/') {
        at = match writer.child(at, K::KIND, level).await? {
            Some(id) => id,
            None => {
                let new = NewCollection { properties: row.properties.clone(), ..NewCollection::default() };
                writer.create::<K>(at, level, new).await?.id()
            }
        };
    }
    Ok(at)
}

/// The first name that nothing has.
async fn free<K: ObjectKind>(writer: &Writer, folder: &Collection<K>, name: &str) -> Result<Option<String>> {
    for n in 0..NAME_TRIES_MAX {
        let name = store::other_name(name, n, true);
        let item = writer.entry(folder, &name).await?.is_some();
        if !item && writer.child(folder.id(), K::KIND, &name).await?.is_none() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
