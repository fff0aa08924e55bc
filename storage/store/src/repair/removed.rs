//! What was removed and is kept: rows that cannot be read go (their octets come back as nobody's), removed
//! collections are mended where they lie, and the sums are set right.

use super::{Note, Repair};
use crate::{
    collection::after,
    deleted::{Deleted, DeletedRow, Kept, RemovedCollection, number_of, row_key},
    limits::SCAN_PAGE_COUNT,
    record::{self, CollectionRow},
    writer::Writer,
};
use engine::Table;
use model::{CollectionId, ItemId, Result};

impl Repair {
    /// Looks at everything that is kept, in one turn.
    pub(super) async fn removed(&mut self) -> Result<()> {
        self.removed.clear();
        let mut writer = self.turn().await?;
        let mut range = self.prefix().prefix();
        loop {
            let page = writer.view().scan(Table::Deleted, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let Some(number) = number_of(key) else {
                    if record::decode::<Kept>(value).is_err() {
                        // Whether it was held is not known: what is held can be let go, not the other way round.
                        let kept = Kept { hold: true, ..Kept::default() };
                        writer.put_raw(Table::Deleted, key.to_vec(), record::encode(&kept)?);
                        self.notes.push(Note::Held);
                    }
                    continue;
                };
                match record::decode::<DeletedRow>(value) {
                    Ok(DeletedRow { what: Deleted::Collection(id, removed), .. }) => {
                        if writer.collection_row(id).await.is_ok_and(|live| live.is_some()) {
                            self.discard(&mut writer, Table::Deleted, key);
                        } else {
                            self.removed.insert(id, (number, removed.purging));
                        }
                    }
                    Ok(_) => {}
                    Err(_) => self.discard(&mut writer, Table::Deleted, key),
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => break,
            }
        }
        writer.commit(()).await.map(drop)
    }

    /// Takes note of collections that users have removed since the pass began: to be asked in the turn that is about
    /// to call a collection missing.
    pub(super) async fn look_for_removed(&mut self, writer: &Writer) -> Result<()> {
        let mut range = self.prefix().prefix();
        loop {
            let page = writer.view().scan(Table::Deleted, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let row = record::decode::<DeletedRow>(value);
                if let (Some(number), Ok(DeletedRow { what: Deleted::Collection(id, removed), .. })) =
                    (number_of(key), row)
                {
                    self.removed.insert(id, (number, removed.purging));
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }

    /// Removed collections that are whole.
    pub(super) fn removed_whole(&self) -> Vec<CollectionId> {
        self.removed.iter().filter(|(_, (_, purging))| !purging).map(|(id, _)| *id).collect()
    }

    async fn removed_row(
        &self,
        writer: &Writer,
        id: CollectionId,
    ) -> Result<Option<(ItemId, DeletedRow, RemovedCollection)>> {
        let Some((number, _)) = self.removed.get(&id) else { return Ok(None) };
        let value = writer.view().get(Table::Deleted, &row_key(self.account, *number)).await?;
        let Some(Ok(row)) = value.map(|value| record::decode::<DeletedRow>(&value)) else { return Ok(None) };
        match row.what.clone() {
            Deleted::Collection(_, removed) => Ok(Some((*number, row, *removed))),
            _ => Ok(None),
        }
    }

    /// A collection's record, of a removed one too; none of one whose purge has begun.
    pub(super) async fn row_of(&self, writer: &Writer, id: CollectionId) -> Result<Option<CollectionRow>> {
        if let Some(row) = writer.collection_row(id).await? {
            return Ok(Some(row));
        }
        let removed = self.removed_row(writer, id).await?;
        Ok(removed.filter(|(.., removed)| !removed.purging).map(|(.., removed)| removed.row))
    }

    /// Sets it, where it stands.
    pub(super) async fn set_row(
        &self,
        writer: &mut Writer,
        id: CollectionId,
        row: CollectionRow,
    ) -> Result<()> {
        if writer.collection_row(id).await?.is_some() {
            writer.set_collection_row(id, row);
            return Ok(());
        }
        if let Some((number, old, removed)) = self.removed_row(writer, id).await? {
            let what = Deleted::Collection(id, Box::new(RemovedCollection { row, ..removed }));
            let value = record::encode(&DeletedRow { what, ..old })?;
            writer.touch();
            writer.put_raw(Table::Deleted, row_key(self.account, number), value);
        }
        Ok(())
    }

    /// Sets the sums right by a difference.
    pub(super) async fn settle_kept(&self, by_bytes: i128, by_items: i128) -> Result<()> {
        if (by_bytes, by_items) == (0, 0) {
            return Ok(());
        }
        let mut writer = self.turn().await?;
        writer.touch();
        let kept = writer.kept_mut().await?;
        kept.bytes = super::counts::shifted(kept.bytes, by_bytes);
        kept.count = super::counts::shifted(kept.count, by_items);
        writer.commit(()).await.map(drop)
    }
}
