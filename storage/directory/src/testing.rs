//! A directory in memory for the tests of other crates: plain secrets, no delays, no hashing.

use crate::scram::Keys;
use crate::{Account, AccountKind, Admitted, Directory, Proof, Recipient, ScramHash, ScramOffer};
use async_trait::async_trait;
use model::{AccountId, Address, Error, Principal, Result, Rights, Role, Secret};
use std::net::IpAddr;
use std::num::NonZeroU32;

/// The salt of every SCRAM exchange with a [`MemoryDirectory`].
const SALT: &[u8] = b"salt";
/// Its rounds: few, since nothing is to be protected here.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN;

/// Accounts `1, 2, ..` in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct MemoryDirectory {
    entries: Vec<Entry>,
    tokens: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    account: Account,
    password: Option<String>,
    members: Vec<AccountId>,
    hidden: Vec<String>,
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

    /// Takes bearer tokens: `address:password` is one.
    #[must_use]
    pub fn with_tokens(mut self) -> Self {
        self.tokens = true;
        self
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

    /// Hides capabilities from the account added last.
    #[must_use]
    pub fn hiding(mut self, names: &[&str]) -> Self {
        if let Some(entry) = self.entries.last_mut() {
            entry.hidden = names.iter().map(|name| (*name).to_owned()).collect();
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
        self.entries.push(Entry { account, password, members, hidden: Vec::new() });
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
    async fn admit(&self, proof: Proof<'_>, peer: IpAddr) -> Result<Admitted> {
        let refused = Error::Forbidden(Rights::empty());
        let login = match proof {
            Proof::Token { login, token } if self.tokens => {
                let (address, password) = token.split_once(':').ok_or(refused)?;
                if !login.is_empty() && login != address {
                    return Err(refused);
                }
                let secret = &Secret::new(password);
                return Box::pin(self.admit(Proof::Password { login: address, secret }, peer)).await;
            }
            Proof::Token { .. } => return Err(refused),
            Proof::Password { login, .. } | Proof::Scram { login, .. } => login,
            Proof::Certificate { addresses: [only], login: "" } => only.as_str(),
            Proof::Certificate { addresses, login } => {
                let address = Address::parse(login).map_err(|_| refused)?;
                if addresses.contains(&address) { login } else { return Err(refused) }
            }
        };
        let address = Address::parse(login).map_err(|_| refused)?;
        let entry = self.entries.iter().find(|entry| entry.account.address == address).ok_or(refused)?;
        let password = entry.password.as_deref().filter(|_| !entry.account.disabled).ok_or(refused)?;
        let signature = match proof {
            Proof::Password { secret, .. } if password == secret.expose() => Vec::new(),
            Proof::Password { .. } => return Err(refused),
            Proof::Scram { hash, message, proof, .. } => {
                let keys = Keys::derive(hash, password, SALT, ROUNDS);
                keys.verify(hash, message, proof).ok_or(refused)?
            }
            Proof::Certificate { .. } | Proof::Token { .. } => Vec::new(),
        };
        let principal = self.principal_of(entry);
        Ok(Admitted { principal, app_password: None, signature, hidden: entry.hidden.clone() })
    }

    async fn scram(&self, _login: &str, _hash: ScramHash) -> Result<ScramOffer> {
        let nonce = "server-nonce".to_owned();
        Ok(ScramOffer { salt: SALT.to_vec(), iteration_count: ROUNDS.get(), nonce })
    }

    fn offers_tokens(&self) -> bool {
        self.tokens
    }

    fn offers_scram(&self) -> bool {
        true
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
        let found = self.entry(account).filter(|entry| !entry.account.disabled);
        Ok(found.map(|entry| entry.account.addresses.clone()).unwrap_or_default())
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        Ok(self.entry(id).map(|entry| entry.account.clone()))
    }

    async fn by_address(&self, address: &Address) -> Result<Option<Account>> {
        let found = self.entries.iter().find(|entry| entry.account.addresses.contains(address));
        Ok(found.map(|entry| entry.account.clone()))
    }

    async fn limit_quota(&self, account: AccountId, _quota_bytes: Option<u64>) -> Result<()> {
        self.entry(account).map(drop).ok_or(Error::NotFound)
    }

    async fn members(&self, group: AccountId) -> Result<Vec<AccountId>> {
        Ok(self.entry(group).map(|entry| entry.members.clone()).unwrap_or_default())
    }
}
