//! A directory in memory for the tests of other crates: plain secrets, no delays, no hashing.

use crate::{Account, AccountKind, Directory, Recipient};
use async_trait::async_trait;
use model::{AccountId, Address, Error, Principal, Result, Rights, Role, Secret};
use std::net::IpAddr;

/// Accounts `1, 2, ..` in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct MemoryDirectory {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    account: Account,
    password: Option<String>,
    members: Vec<AccountId>,
}

impl MemoryDirectory {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// alice (1) and bob (2) at example.org, their passwords `alice-secret` and `bob-secret`; the group
    /// team@example.org (3) holds both.
    #[must_use]
    pub fn sample() -> Self {
        Self::new()
            .with_account("alice@example.org", "alice-secret")
            .with_account("bob@example.org", "bob-secret")
            .with_group("team@example.org", &[AccountId(1), AccountId(2)])
    }

    /// Adds an account; an address that does not parse adds nothing.
    #[must_use]
    pub fn with_account(self, address: &str, password: &str) -> Self {
        self.with(address, Some(password.to_owned()), Vec::new())
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(self, address: &str, members: &[AccountId]) -> Self {
        self.with(address, None, members.to_vec())
    }

    /// Adds an alias to the account or group added last.
    #[must_use]
    pub fn with_alias(mut self, address: &str) -> Self {
        if let (Ok(address), Some(entry)) = (Address::parse(address), self.entries.last_mut()) {
            entry.account.addresses.push(address);
        }
        self
    }

    /// Changes the account added last.
    #[must_use]
    pub fn edit(mut self, change: impl FnOnce(&mut Account)) -> Self {
        if let Some(entry) = self.entries.last_mut() {
            change(&mut entry.account);
        }
        self
    }

    fn with(mut self, address: &str, password: Option<String>, members: Vec<AccountId>) -> Self {
        let Ok(address) = Address::parse(address) else { return self };
        let id = AccountId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX).saturating_add(1));
        let kind = if password.is_some() { AccountKind::Person } else { AccountKind::Group };
        let account = Account {
            id,
            kind,
            name: address.local().to_owned(),
            addresses: vec![address.clone()],
            address,
            role: Role::Member,
            disabled: false,
            quota_bytes: None,
        };
        self.entries.push(Entry { account, password, members });
        self
    }

    fn entry(&self, id: AccountId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.account.id == id)
    }

    fn principal_of(&self, entry: &Entry) -> Principal {
        let id = entry.account.id;
        let groups =
            self.entries.iter().filter(|other| other.members.contains(&id)).map(|other| other.account.id);
        Principal {
            account: id,
            address: entry.account.address.clone(),
            groups: groups.collect(),
            role: entry.account.role,
        }
    }
}

#[async_trait]
impl Directory for MemoryDirectory {
    async fn authenticate(&self, login: &str, secret: &Secret, _peer: IpAddr) -> Result<Principal> {
        let refused = Error::Forbidden(Rights::empty());
        let login = Address::parse(login).map_err(|_| refused)?;
        let entry = self.entries.iter().find(|entry| entry.account.address == login).ok_or(refused)?;
        match &entry.password {
            Some(password) if password == secret.expose() && !entry.account.disabled => {
                Ok(self.principal_of(entry))
            }
            _ => Err(refused),
        }
    }

    async fn principal(&self, id: AccountId) -> Result<Principal> {
        self.entry(id).map(|entry| self.principal_of(entry)).ok_or(Error::NotFound)
    }

    async fn find(&self, address: &Address) -> Result<Option<Recipient>> {
        let Some(account) = self.by_address(address).await?.filter(|account| !account.disabled) else {
            return Ok(None);
        };
        Ok(Some(match account.kind {
            AccountKind::Person => Recipient::Account(account.id),
            AccountKind::Group => Recipient::Group(self.members(account.id).await?),
        }))
    }

    async fn is_local(&self, domain: &str) -> Result<bool> {
        let domain = domain.to_lowercase();
        Ok(self.entries.iter().any(|entry| entry.account.address.domain() == domain))
    }

    async fn identities(&self, account: AccountId) -> Result<Vec<Address>> {
        Ok(self.entry(account).map(|entry| entry.account.addresses.clone()).unwrap_or_default())
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        Ok(self.entry(id).map(|entry| entry.account.clone()))
    }

    async fn by_address(&self, address: &Address) -> Result<Option<Account>> {
        let found = self.entries.iter().find(|entry| entry.account.addresses.contains(address));
        Ok(found.map(|entry| entry.account.clone()))
    }

    async fn members(&self, group: AccountId) -> Result<Vec<AccountId>> {
        Ok(self.entry(group).map(|entry| entry.members.clone()).unwrap_or_default())
    }
}
