//! Folders and files: objects of any size, in collections that lie in one another.
//!
//! A MOVE changes the record of what is moved and nothing below it; a COPY shares the blobs of the files.

use crate::{
    body::Body,
    collection::{Collection, NewCollection},
    kind::Folder,
    limits::SCAN_PAGE_COUNT,
    object::NewObject,
    reader::Reader,
    record::ObjectRow,
    writer::Writer,
};
use model::{CollectionId, CollectionKind, Error, Result, Rights};

/// The most files and folders that one copy of a tree touches, and the most folders that one removal does: it is
/// one batch.
pub const TREE_COUNT_MAX: usize = 100_000;

impl Writer {
    /// Stores a file, new or over an earlier one.
    ///
    /// # Errors
    /// `Forbidden`; `Exists` when a folder has the name; `OverQuota`; `Invalid` or `TooLarge` for the name.
    pub async fn put_file(
        &mut self,
        folder: &Collection<Folder>,
        name: &str,
        new: NewObject,
    ) -> Result<ObjectRow> {
        self.put_object(folder, name, new).await
    }

    /// Removes a file with its properties and locks.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without [`Rights::DELETE`].
    pub async fn remove_file(&mut self, folder: &Collection<Folder>, name: &str) -> Result<()> {
        let row = self.remove_object(folder, name).await?;
        self.remove_item_properties(folder.id(), row.item);
        self.remove_item_locks(folder.id(), row.item).await
    }

    /// Gives a file another name or folder; its number, octets and properties go along, its locks do not
    /// (RFC 4918 7.5). The target name must be free.
    ///
    /// # Errors
    /// `NotFound`; `Exists`; `Forbidden`.
    pub async fn move_file(
        &mut self,
        from: (&Collection<Folder>, &str),
        to: (&Collection<Folder>, &str),
    ) -> Result<ObjectRow> {
        if self.child(to.0.id(), CollectionKind::Folder, to.1).await?.is_some() {
            return Err(Error::Exists);
        }
        let row = self.move_object(from, to).await?;
        self.remove_item_locks(from.0.id(), row.item).await?;
        self.move_item_properties(row.item, from.0.id(), to.0.id()).await?;
        Ok(row)
    }

    /// Copies a file, possibly of another account, whose row and body were read before; its octets are shared.
    ///
    /// # Errors
    /// As [`Writer::put_file`].
    pub async fn copy_file(
        &mut self,
        source: (&ObjectRow, Body),
        folder: &Collection<Folder>,
        name: &str,
    ) -> Result<ObjectRow> {
        let (row, body) = source;
        let new = NewObject {
            body,
            content_type: row.content_type.clone(),
            modified: Some(row.modified),
            mark: row.mark,
        };
        self.put_object(folder, name, new).await
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub async fn create_folder(
        &mut self,
        parent: CollectionId,
        name: &str,
        properties: crate::Properties,
    ) -> Result<Collection<Folder>> {
        self.create(parent, name, NewCollection { properties, ..NewCollection::default() }).await
    }

    /// Removes a folder with everything below it.
    ///
    /// # Errors
    /// `Forbidden` when any folder below may not be removed (nothing happens then); `TooLarge` past
    /// [`TREE_COUNT_MAX`].
    pub async fn remove_tree(&mut self, folder: &Collection<Folder>) -> Result<()> {
        let below = self.below(folder).await?;
        for inner in below.iter().rev() {
            self.remove_collection(inner).await?;
        }
        Ok(())
    }

    /// Gives a folder another parent or name; what is below comes along, the locks do not.
    ///
    /// # Errors
    /// As [`Writer::rename`].
    pub async fn move_tree(
        &mut self,
        folder: &Collection<Folder>,
        parent: CollectionId,
        name: &str,
    ) -> Result<()> {
        if !self.locks().await?.is_empty() {
            for inner in self.below(folder).await? {
                self.remove_collection_locks(inner.id()).await?;
            }
        }
        self.rename(folder, parent, name).await
    }

    /// Copies the files of a folder with everything below it, read through `source` (a snapshot of this account
    /// or another), into a folder that is there and empty.
    ///
    /// # Errors
    /// As [`Writer::put_file`] and [`Writer::create`]; `TooLarge` past [`TREE_COUNT_MAX`].
    pub async fn copy_tree(
        &mut self,
        source: &Reader,
        from: &Collection<Folder>,
        to: &Collection<Folder>,
    ) -> Result<()> {
        let mut left = TREE_COUNT_MAX;
        let mut work = vec![(from.clone(), to.clone())];
        while let Some((from, to)) = work.pop() {
            self.copy_files(source, &from, &to, &mut left).await?;
            for (id, row) in source.children(from.id(), CollectionKind::Folder).await? {
                left = left.checked_sub(1).ok_or(Error::TooLarge(TREE_COUNT_MAX as u64))?;
                let inner = source.open::<Folder>(id, Rights::READ).await?;
                let copy = self.create_folder(to.id(), &row.name, row.properties.clone()).await?;
                work.push((inner, copy));
            }
        }
        Ok(())
    }

    async fn copy_files(
        &mut self,
        source: &Reader,
        from: &Collection<Folder>,
        to: &Collection<Folder>,
        left: &mut usize,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let page = source.entries(from, after.as_ref(), SCAN_PAGE_COUNT).await?;
            *left = left.checked_sub(page.len()).ok_or(Error::TooLarge(TREE_COUNT_MAX as u64))?;
            let items: Vec<_> = page.iter().map(|(_, row)| row.item).collect();
            let bodies = source.object_bodies(&items).await?;
            let properties = source.item_properties(from, &items).await?;
            for (((name, row), body), properties) in page.iter().zip(bodies).zip(properties) {
                self.copy_file((row, body), to, name).await?;
                if !properties.is_empty() {
                    self.set_item_properties(to, name, &properties).await?;
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => after = Some(last.clone()),
                _ => return Ok(()),
            }
        }
    }

    /// The folder and every folder below it, outer ones before inner ones.
    async fn below(&self, folder: &Collection<Folder>) -> Result<Vec<Collection<Folder>>> {
        let mut all = vec![folder.clone()];
        let mut next = 0;
        while let Some(id) = all.get(next).map(Collection::id) {
            next += 1;
            for (id, _) in self.children(id, CollectionKind::Folder).await? {
                if all.len() >= TREE_COUNT_MAX {
                    return Err(Error::TooLarge(TREE_COUNT_MAX as u64));
                }
                all.push(self.open::<Folder>(id, Rights::LOOKUP).await?);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
