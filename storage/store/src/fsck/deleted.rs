//! What was removed and is kept: it holds message records and bodies as live items do, and its sums are right.

use super::{Check, Fault};
use crate::{
    deleted::{AT_ONCE, Deleted, DeletedRow, Kept, number_of},
    key::Key,
    record::AccountRow,
};
use engine::Table;
use model::{CollectionId, Result};

impl Check {
    pub(super) async fn check_deleted(&mut self, account: &AccountRow) -> Result<()> {
        let mut range = Key::account(self.account).prefix();
        let (mut stored, mut counted) = ((0, 0), (0, 0));
        loop {
            let page = self.page(Table::Deleted, &mut range).await?;
            if page.is_empty() {
                break;
            }
            for (key, value) in page {
                let Some(number) = number_of(&key) else {
                    if let Some(kept) = self.read::<Kept>(Table::Deleted, &key, &value) {
                        stored = (kept.bytes, kept.count);
                    }
                    continue;
                };
                let Some(row) = self.read::<DeletedRow>(Table::Deleted, &key, &value) else { continue };
                let (bytes, count) = row.what.size();
                counted = (counted.0 + bytes, counted.1 + count);
                if number >= account.next_item && number.0 & AT_ONCE == 0 {
                    self.find(Fault::NumberAhead(CollectionId::ROOT));
                }
                self.hold_deleted(row.what);
            }
        }
        if stored != counted {
            self.find(Fault::Kept(stored, counted));
        }
        Ok(())
    }

    /// Says that its content is needed.
    fn hold_deleted(&mut self, what: Deleted) {
        match what {
            Deleted::Message(mailbox, _, row) => {
                *self.messages.entry(row.message).or_default() += 1;
                self.sizes.insert(row.message, (mailbox, row.size));
            }
            Deleted::Object(object) => {
                let row = &object.row;
                if self.objects.insert(row.item, (object.collection, row.size, row.hash)).is_some() {
                    self.find(Fault::NoContent(object.collection, row.item));
                }
            }
            Deleted::Collection(id, removed) => {
                if self.collections.contains_key(&id) {
                    self.find(Fault::DanglingRecord(Table::Deleted, id));
                }
                self.removed.insert(id, (removed.row, removed.purging));
            }
        }
    }
}
