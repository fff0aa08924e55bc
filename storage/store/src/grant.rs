//! Who else may do what with a collection (RFC 4314, RFC 3744): grants to accounts, groups and everybody.
//!
//! They stand in the collection's own record, where every `open` reads them; the table `Grant` tells the other
//! way round which accounts have granted something to somebody, so that a listing need not look at all accounts.

use crate::{
    collection::{Collection, after},
    key::{Key, split_number},
    kind::Kind,
    limits::{GRANT_COUNT_MAX, SHARING_ACCOUNT_COUNT_MAX},
    reader::Reader,
    record::{self, CollectionRow},
    stores::Store,
    view::View,
    writer::Writer,
};
use bytes::Bytes;
use engine::Table;
use model::{AccountId, CollectionId, Error, Principal, Result, Rights};
use std::collections::BTreeSet;

/// `grantee, owner, collection`.
pub(crate) fn grant_key(to: AccountId, owner: AccountId, collection: CollectionId) -> Vec<u8> {
    Key::account(to).number(owner.0).number(collection.0).done()
}

impl Store {
    /// The accounts that let this principal see something of theirs: by name, as a member of a group, or as
    /// everybody. Those of its groups are not among them. At most [`SHARING_ACCOUNT_COUNT_MAX`].
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn sharing(&self, who: &Principal) -> Result<Vec<AccountId>> {
        let view = View::new(self.inner.engine.snapshot().await?, Vec::new());
        let mut owners = BTreeSet::new();
        let mine = [who.account, AccountId::ANYONE];
        for id in mine.iter().chain(&who.groups) {
            let prefix = Key::account(*id);
            let mut range = prefix.prefix();
            loop {
                // One key of an owner is enough: the next look begins behind its last.
                let page = view.scan(Table::Grant, &range, 1, false).await?;
                let Some((key, _)) = page.first() else { break };
                let rest = key.get(prefix.len()..).ok_or(Error::Corrupt)?;
                let (owner, _) = split_number(rest).ok_or(Error::Corrupt)?;
                if !who.is(AccountId(owner)) {
                    owners.insert(AccountId(owner));
                }
                if owners.len() >= SHARING_ACCOUNT_COUNT_MAX {
                    return Ok(owners.into_iter().collect());
                }
                range.start = after(&grant_key(*id, AccountId(owner), CollectionId(u32::MAX)).into());
            }
        }
        Ok(owners.into_iter().collect())
    }

    /// Whether an account lets this principal see something of its, or is a group that it is in.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn shares(&self, owner: AccountId, who: &Principal) -> Result<bool> {
        if who.is(owner) {
            return Ok(true);
        }
        let view = View::new(self.inner.engine.snapshot().await?, Vec::new());
        for id in [who.account, AccountId::ANYONE].iter().chain(&who.groups) {
            let range = Key::account(*id).number(owner.0).prefix();
            if !view.scan(Table::Grant, &range, 1, false).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// As [`Store::read`], of an account that holds something; one that nobody has used yet is not laid out.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn read_if_there(&self, who: &Principal, account: AccountId) -> Result<Option<Reader>> {
        let view = View::new(self.inner.engine.snapshot().await?, Vec::new());
        let Some(row) = view.get(Table::Account, &Key::account(account).done()).await? else {
            return Ok(None);
        };
        Ok(Some(Reader::new(self.clone(), view, who.clone(), account, record::decode(&row)?)))
    }
}

impl Reader {
    /// Who may do what with a collection besides its owner.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::ADMINISTER`].
    pub async fn grants<K: Kind>(&self, collection: &Collection<K>) -> Result<Vec<(AccountId, Rights)>> {
        collection.need(Rights::ADMINISTER)?;
        Ok(self.row(collection).await?.grants)
    }
}

impl Writer {
    /// Sets what somebody may do with a collection; no right at all takes the grant away. `to` is an account, a
    /// group or [`AccountId::ANYONE`]. The owner has every right and no grant.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::ADMINISTER`]; `Invalid` for the owner; `TooLarge` past
    /// [`GRANT_COUNT_MAX`] grants.
    pub async fn grant<K: Kind>(
        &mut self,
        collection: &Collection<K>,
        to: AccountId,
        rights: Rights,
    ) -> Result<()> {
        collection.need(Rights::ADMINISTER)?;
        if to == self.account() {
            return Err(Error::Invalid("the owner has every right"));
        }
        let mut row = self.row(collection).await?;
        let had = row.grants.iter().find(|(other, _)| *other == to).map(|(_, rights)| *rights);
        if had.unwrap_or_default() == rights {
            return Ok(());
        }
        match row.grants.iter_mut().find(|(other, _)| *other == to) {
            Some(grant) => grant.1 = rights,
            None => row.grants.push((to, rights)),
        }
        row.grants.retain(|(_, rights)| !rights.is_empty());
        if row.grants.len() > GRANT_COUNT_MAX {
            return Err(Error::TooLarge(GRANT_COUNT_MAX as u64));
        }
        row.modseq = self.touch();
        let key = grant_key(to, self.account(), collection.id());
        if rights.is_empty() {
            self.delete_raw(Table::Grant, key);
        } else {
            self.put_raw(Table::Grant, key, Bytes::new());
        }
        self.set_collection_row(collection.id(), row);
        Ok(())
    }

    /// Enters the grants that a new collection has from its parent (RFC 4314 6).
    pub(crate) fn enter_grants(&mut self, id: CollectionId, row: &CollectionRow) {
        for (to, _) in &row.grants {
            self.put_raw(Table::Grant, grant_key(*to, self.account(), id), Bytes::new());
        }
    }

    /// Forgets the grants of a collection that goes.
    pub(crate) fn forget_grants(&mut self, id: CollectionId, row: &CollectionRow) {
        for (to, _) in &row.grants {
            self.delete_raw(Table::Grant, grant_key(*to, self.account(), id));
        }
    }
}

#[cfg(test)]
mod tests;
