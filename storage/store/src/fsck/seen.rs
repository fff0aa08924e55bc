//! What people have seen of mailboxes where that is their own: each page is of such a mailbox, can be read, and ends
//! below the next UID.

use super::{Check, Fault};
use crate::{
    key::Key,
    seen::{SeenPage, SeenRuns, split_seen},
};
use engine::Table;
use model::{CollectionKind, Result};

impl Check {
    pub(super) async fn check_seen(&mut self) -> Result<()> {
        let prefix = Key::account(self.account);
        let mut range = prefix.prefix();
        loop {
            let page = self.page(Table::Seen, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, value) in page {
                // What the owner has seen is in the rows.
                let split = key.get(prefix.len()..).and_then(split_seen);
                let Some((id, _, number)) = split.filter(|(_, who, _)| *who != self.account) else {
                    self.strange(Table::Seen, &key);
                    continue;
                };
                let removed = || self.removed.get(&id).map(|(row, _)| row);
                let row = self.collections.get(&id).or_else(removed);
                let own = row.filter(|row| row.kind == CollectionKind::Mailbox && row.seen_is_own());
                let Some(uid_next) = own.map(|row| row.uid_next) else {
                    self.find(Fault::DanglingRecord(Table::Seen, id));
                    continue;
                };
                let Some(runs) = self.read::<SeenRuns>(Table::Seen, &key, &value) else { continue };
                let Some(mut seen) = SeenPage::read(&runs) else {
                    self.strange(Table::Seen, &key);
                    continue;
                };
                if seen.cut(number, uid_next) {
                    self.find(Fault::UidAhead(id, uid_next.0));
                }
            }
        }
    }
}
