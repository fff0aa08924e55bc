//! What the doors ask of a directory, whatever stands behind it.

use crate::proof::{Admitted, Proof, ScramHash, ScramOffer};
use async_trait::async_trait;
use model::{AccountId, Address, Principal, Result, Role, Secret};
use std::net::IpAddr;

/// A person's account, or a group: both are principals and both own addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Someone (or something) that logs in and owns data.
    Person,
    /// A set of accounts and further groups.
    Group,
}

/// What doors may know of an account or a group. Nothing of its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Never reused.
    pub id: AccountId,
    /// Person or group.
    pub kind: AccountKind,
    /// The primary address: the login, and the name in DAV paths.
    pub address: Address,
    /// For people to read; the address when none was given.
    pub name: String,
    /// The primary address first, then the aliases.
    pub addresses: Vec<Address>,
    /// What it may do beyond its own data.
    pub role: Role,
    /// Cannot log in; mail for it is refused.
    pub disabled: bool,
    /// The most octets it may hold; `None` is no limit.
    pub quota_bytes: Option<u64>,
}

/// Where mail for a local address goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// To this account.
    Account(AccountId),
    /// To each of these accounts once: the members of a group, nested groups resolved, disabled left out.
    Group(Vec<AccountId>),
}

/// Accounts, addresses and proofs of identity.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Proves who is at the other end. `login` is the full primary address.
    ///
    /// Takes its time after a failure and never runs more hashes at once than there are cores, so that
    /// guessing is slow and costs others nothing.
    ///
    /// # Errors
    /// `Forbidden` (with no rights named) for every wrong login alike: unknown, disabled, wrong secret.
    /// `Unavailable` when too many logins already wait.
    async fn authenticate(&self, login: &str, secret: &Secret, peer: IpAddr) -> Result<Principal> {
        Ok(self.admit(Proof::Password { login, secret }, peer).await?.principal)
    }

    /// As [`Directory::authenticate`], by any proof, and with what else a door must know of this login.
    ///
    /// # Errors
    /// As [`Directory::authenticate`].
    async fn admit(&self, proof: Proof<'_>, peer: IpAddr) -> Result<Admitted>;

    /// Whether bearer tokens are taken here.
    fn offers_tokens(&self) -> bool {
        false
    }

    /// What a SCRAM exchange with this name begins with. A name that is not known gets the same form, and the
    /// same salt every time.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn scram(&self, login: &str, hash: ScramHash) -> Result<ScramOffer>;

    /// Whether passwords can be proved by SCRAM here.
    fn offers_scram(&self) -> bool;

    /// The principal of an account without any proof: for deliveries and administration, never for a client.
    ///
    /// # Errors
    /// `NotFound` when there is no such account.
    async fn principal(&self, id: AccountId) -> Result<Principal>;

    /// Where mail for this address goes, aliases followed. `None`: no such address here, or it is disabled.
    async fn find(&self, address: &Address) -> Result<Option<Recipient>>;

    /// Whether addresses of this domain are ours.
    async fn is_local(&self, domain: &str) -> Result<bool>;

    /// The addresses this account may send as now, its primary one first; none while it is disabled.
    async fn identities(&self, account: AccountId) -> Result<Vec<Address>>;

    /// What is known of an account or group; also when it is disabled.
    async fn account(&self, id: AccountId) -> Result<Option<Account>>;

    /// As [`Directory::account`], by primary address or alias.
    async fn by_address(&self, address: &Address) -> Result<Option<Account>>;

    /// Sets the most octets an account may hold, durably; for administrators.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable` where the directory is not kept here.
    async fn limit_quota(&self, account: AccountId, quota_bytes: Option<u64>) -> Result<()>;

    /// The direct members of a group: accounts and groups. Empty for a person.
    async fn members(&self, group: AccountId) -> Result<Vec<AccountId>>;
}
