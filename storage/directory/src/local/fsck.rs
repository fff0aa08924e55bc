//! Do the directory's records fit each other? Changes nothing.

use super::record::{self, Kind};
use super::{LocalDirectory, View, key};
use bytes::Bytes;
use engine::{Range, Table};
use model::{AccountId, Address, Error, Result};
use std::collections::BTreeMap;
use std::fmt;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryFinding {
    /// The account or group.
    pub account: AccountId,
    /// What is wrong.
    pub fault: DirectoryFault,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectoryFault {
    /// Its record cannot be read.
    Unreadable,
    /// Its number has not been given yet: it could be given again.
    NumberAhead,
    /// One of its addresses leads elsewhere or nowhere.
    AddressLost(Address),
    /// An address leads to it that is not its own, or it is not there.
    AddressDangling(String),
    /// An address of a domain that is not ours.
    DomainUnknown(Address),
    /// One side of a membership knows nothing of the other.
    Membership(AccountId),
    /// A person with members.
    PersonWithMembers,
}

impl fmt::Display for DirectoryFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}: {:?}", self.account, self.fault)
    }
}

/// The highest account that has something in the store.
pub(super) async fn highest_stored(view: &View) -> Result<Option<AccountId>> {
    let last = view.0.scan(Table::Account, &Range::prefix(b""), 1, true).await?;
    let number = last.first().and_then(|(key, _)| key.first_chunk::<4>().copied());
    Ok(number.map(|number| AccountId(u32::from_be_bytes(number))))
}

impl LocalDirectory {
    /// Checks every record on one snapshot.
    ///
    /// # Errors
    /// `Unavailable` when the engine cannot be read; what is wrong with the records is in the findings.
    pub async fn fsck(&self) -> Result<Vec<DirectoryFinding>> {
        let view = self.view().await?;
        let next: AccountId = match view.get(key::NEXT_ACCOUNT).await? {
            Some(bytes) => record::decode(&bytes).unwrap_or_default(),
            None => AccountId(0),
        };
        let mut found = Vec::new();
        let mut tell = |account, fault| found.push(DirectoryFinding { account, fault });
        let mut all = BTreeMap::new();
        for (key, bytes) in view.list(key::ACCOUNTS, None, usize::MAX).await? {
            let id = key::account_of(&key).ok_or(Error::Corrupt)?;
            match record::decode::<record::AccountRecord>(&bytes) {
                Ok(account) => drop(all.insert(id, account)),
                Err(_) => tell(id, DirectoryFault::Unreadable),
            }
            if id >= next {
                tell(id, DirectoryFault::NumberAhead);
            }
        }
        let mut names: BTreeMap<Bytes, AccountId> = BTreeMap::new();
        for (key, bytes) in view.list(key::ADDRESSES, None, usize::MAX).await? {
            names.insert(key, record::decode(&bytes).unwrap_or_default());
        }
        // Whatever is stored under a number that is given again would be shown to a stranger.
        if let Some(id) = highest_stored(&view).await?.filter(|id| *id >= next && !all.contains_key(id)) {
            tell(id, DirectoryFault::NumberAhead);
        }
        for (id, account) in &all {
            for address in std::iter::once(&account.address).chain(&account.aliases) {
                if names.remove(key::address(address).as_slice()) != Some(*id) {
                    tell(*id, DirectoryFault::AddressLost(address.clone()));
                }
                if view.get(&key::domain(address.domain())).await?.is_none() {
                    tell(*id, DirectoryFault::DomainUnknown(address.clone()));
                }
            }
            let knows = |other: &AccountId, side: fn(&record::AccountRecord) -> &Vec<AccountId>| {
                all.get(other).is_some_and(|other| side(other).contains(id))
            };
            let lost = account.members.iter().filter(|member| !knows(member, |other| &other.groups));
            let stray = account.groups.iter().filter(|group| !knows(group, |other| &other.members));
            lost.chain(stray).for_each(|other| tell(*id, DirectoryFault::Membership(*other)));
            if account.kind == Kind::Person && !account.members.is_empty() {
                tell(*id, DirectoryFault::PersonWithMembers);
            }
        }
        for (key, id) in names {
            let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).replace('\0', " ");
            tell(id, DirectoryFault::AddressDangling(name));
        }
        Ok(found)
    }
}
