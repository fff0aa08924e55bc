//! Makes anew what the directory derives: who has an address, the domains of addresses, both sides of a membership,
//! the next number. Accounts themselves are derived from nothing: one that cannot be read stays as it is.

use super::domain::DEFAULT_TENANT;
use super::fsck::{DirectoryFault, DirectoryFinding, highest_stored};
use super::record::{self, AccountRecord, DomainRecord, Kind, TenantRecord};
use super::{Change, LocalDirectory, key};
use model::{AccountId, Error, Result};
use std::collections::{BTreeMap, BTreeSet};

impl LocalDirectory {
    /// Repairs what can be derived, in one change; what is still wrong.
    ///
    /// # Errors
    /// `Unavailable`; nothing has changed then.
    pub async fn repair(&self) -> Result<Vec<DirectoryFinding>> {
        let found = self.fsck().await?;
        if found.is_empty() {
            return Ok(found);
        }
        let mut change = self.change().await?;
        let (mut accounts, mut lost) = (BTreeMap::new(), BTreeSet::new());
        for (key, bytes) in change.view().list(key::ACCOUNTS, None, usize::MAX).await? {
            let id = key::account_of(&key).ok_or(Error::Corrupt)?;
            match record::decode::<AccountRecord>(&bytes) {
                Ok(account) => drop(accounts.insert(id, account)),
                Err(_) => drop(lost.insert(id)),
            }
        }
        addresses(&mut change, &accounts, &lost).await?;
        domains(&mut change, &accounts).await?;
        if found.iter().any(|finding| finding.fault == DirectoryFault::NumberAhead) {
            let stored = highest_stored(change.view()).await?;
            let highest = accounts.keys().chain(&lost).chain(&stored).max().map_or(0, |id| id.0);
            change.put(key::NEXT_ACCOUNT.to_vec(), &AccountId(highest.saturating_add(1)))?;
        }
        memberships(&mut change, &accounts)?;
        change.commit(()).await?.into_inner();
        self.fsck().await
    }
}

/// Each address leads to the account that says it is its own; the first one, where several do.
async fn addresses(
    change: &mut Change,
    accounts: &BTreeMap<AccountId, AccountRecord>,
    lost: &BTreeSet<AccountId>,
) -> Result<()> {
    let mut wanted = BTreeMap::new();
    for (id, account) in accounts {
        for address in std::iter::once(&account.address).chain(&account.aliases) {
            wanted.entry(key::address(address)).or_insert(*id);
        }
    }
    for (key, bytes) in change.view().list(key::ADDRESSES, None, usize::MAX).await? {
        let told = record::decode::<AccountId>(&bytes).ok();
        match wanted.get(key.as_ref()) {
            Some(id) if told == Some(*id) => drop(wanted.remove(key.as_ref())),
            Some(_) => {}
            // Whoever mends the account's record by hand finds its addresses still.
            None if told.is_some_and(|id| lost.contains(&id)) => {}
            None => change.remove(key.to_vec()),
        }
    }
    wanted.into_iter().try_for_each(|(key, id)| change.put(key, &id))
}

/// The domain of every address is ours: of the tenant of all, where it is not known any more whose it was.
async fn domains(change: &mut Change, accounts: &BTreeMap<AccountId, AccountRecord>) -> Result<()> {
    let created = change.now();
    for account in accounts.values() {
        for address in std::iter::once(&account.address).chain(&account.aliases) {
            let key = key::domain(address.domain());
            let there = change.get(&key).await?;
            if there.is_some_and(|bytes| record::decode::<DomainRecord>(&bytes).is_ok()) {
                continue;
            }
            if change.get(&key::tenant(DEFAULT_TENANT)).await?.is_none() {
                change.put(key::tenant(DEFAULT_TENANT), &TenantRecord { id: 1, created })?;
            }
            change.put(key, &DomainRecord { tenant: DEFAULT_TENANT.to_owned(), created })?;
        }
    }
    Ok(())
}

/// A membership of which only one side knows is none: rights are never given by a guess.
fn memberships(change: &mut Change, accounts: &BTreeMap<AccountId, AccountRecord>) -> Result<()> {
    for (id, account) in accounts {
        let both = |other: &AccountId, side: fn(&AccountRecord) -> &Vec<AccountId>| {
            accounts.get(other).is_some_and(|other| side(other).contains(id))
        };
        let is_group = |other: &AccountId| accounts.get(other).is_some_and(|other| other.kind == Kind::Group);
        let mut mended = account.clone();
        mended.members.retain(|member| account.kind == Kind::Group && both(member, |other| &other.groups));
        mended.groups.retain(|group| is_group(group) && both(group, |other| &other.members));
        if mended != *account {
            change.put_account(*id, &mended)?;
        }
    }
    Ok(())
}
