//! Annotations: each is of the account itself or of a mailbox that is there, and has a name.

use super::{Check, Fault};
use crate::key::{Key, split_number};
use engine::Table;
use model::{CollectionId, Result};

/// What an annotation is of; `None` for a key that is none of the table's. `rest` is the key behind the account.
pub(crate) fn annotated(rest: &[u8]) -> Option<CollectionId> {
    let (id, rest) = split_number(rest)?;
    let (_whose, name) = split_number(rest)?;
    let named = !name.is_empty() && std::str::from_utf8(name).is_ok();
    named.then_some(CollectionId(id))
}

impl Check {
    pub(super) async fn check_metadata(&mut self) -> Result<()> {
        let prefix = Key::account(self.account);
        let mut range = prefix.prefix();
        loop {
            let page = self.page(Table::Metadata, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, _) in page {
                match key.get(prefix.len()..).and_then(annotated) {
                    None => self.strange(Table::Metadata, &key),
                    Some(id) => {
                        let there = self.collections.contains_key(&id) || self.removed.contains_key(&id);
                        if id != CollectionId::ROOT && !there {
                            self.find(Fault::DanglingRecord(Table::Metadata, id));
                        }
                    }
                }
            }
        }
    }
}
