//! The directory kept in the engine itself: the default backend.
//!
//! Reads never wait for a change. Changes are rare: one at a time in this process,
//! each under the generation number it has read, so that several processes could share one engine.

mod account;
mod change;
mod credential;
mod devices;
mod domain;
mod fsck;
mod group;
mod key;
mod record;
mod repair;
mod scram;
mod switches;
#[cfg(test)]
mod tests;

pub use account::{AppPassword, NewAccount};
pub use credential::HashCost;
pub use devices::Device;
pub use domain::{Domain, Tenant};
pub use fsck::{DirectoryFault, DirectoryFinding};

use crate::limits::{FAILURE_DELAY, GROUP_COUNT_MAX, GROUP_DEPTH_MAX, GROUP_REACH_MAX};
use crate::{
    Account, AccountKind, Admitted, Directory, Issuer, Outcome, Proof, Recipient, ScramHash, ScramOffer,
};
use async_trait::async_trait;
use change::{Change, View};
use credential::Gate;
use engine::{Engine, Env};
use model::{AccountId, Address, Error, Principal, Result, Rights, Secret};
use record::{AccountRecord, Kind};
use std::{collections::HashSet, net::IpAddr, sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// What an installation may tune.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long after an attempt began a refusal is told.
    pub failure_delay: Duration,
    /// What one hash costs.
    pub hash_cost: HashCost,
    /// How many hashes run at once; `None` for the number of cores.
    pub hash_count_max: Option<usize>,
    /// Whether keys for SCRAM are kept of passwords too (of app passwords they always are), and SCRAM offered.
    pub scram: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            failure_delay: FAILURE_DELAY,
            hash_cost: HashCost::default(),
            hash_count_max: None,
            scram: true,
        }
    }
}

/// The directory of an installation that keeps its own accounts.
pub struct LocalDirectory {
    engine: Arc<dyn Engine>,
    env: Arc<dyn Env>,
    turn: Arc<Mutex<()>>,
    gate: Gate,
    failure_delay: Duration,
    scram: bool,
    issuer: Option<Issuer>,
}

/// An account, and the number of the app password that opened it.
type Opened = (AccountId, AccountRecord, Option<u32>);

impl LocalDirectory {
    /// Takes the directory of this engine; an empty one gets the tenant [`domain::DEFAULT_TENANT`].
    ///
    /// # Errors
    /// Of the engine.
    pub async fn open(engine: Arc<dyn Engine>, env: Arc<dyn Env>, options: Options) -> Result<Self> {
        let turn = Arc::new(Mutex::new(()));
        let pepper = Self::prepare(&engine, &env, &turn).await?;
        let gate = Gate::new(env.as_ref(), pepper, options)?;
        Ok(Self {
            engine,
            env,
            turn,
            gate,
            failure_delay: options.failure_delay,
            scram: options.scram,
            issuer: None,
        })
    }

    /// With an issuer whose tokens are taken.
    #[must_use]
    pub fn with_issuer(self, issuer: Issuer) -> Self {
        Self { issuer: Some(issuer), ..self }
    }

    /// Secrets that had to be hashed since the start: logins that nothing was remembered of.
    #[must_use]
    pub fn hash_count(&self) -> u64 {
        self.gate.hash_count()
    }

    /// Makes what every directory has, on first use.
    async fn prepare(
        engine: &Arc<dyn Engine>,
        env: &Arc<dyn Env>,
        turn: &Arc<Mutex<()>>,
    ) -> Result<[u8; 32]> {
        let view = View(engine.newest().await?);
        if let Some(bytes) = view.get(key::PEPPER).await? {
            return record::decode(&bytes);
        }
        let mut change = Change::begin(engine.clone(), env.now(), turn.clone().lock_owned().await).await?;
        let mut pepper = [0; 32];
        env.random(&mut pepper);
        let created = change.now();
        change.put(key::PEPPER.to_vec(), &pepper)?;
        change.put(key::NEXT_ACCOUNT.to_vec(), &AccountId(1))?;
        change.put(key::tenant(domain::DEFAULT_TENANT), &record::TenantRecord { id: 1, created })?;
        Ok(change.commit(pepper).await?.into_inner())
    }

    async fn view(&self) -> Result<View> {
        Ok(View(self.engine.newest().await?))
    }

    async fn change(&self) -> Result<Change> {
        Change::begin(self.engine.clone(), self.env.now(), self.turn.clone().lock_owned().await).await
    }

    /// The account behind a login, and whether the secret is its own. Costs the same for every wrong login.
    async fn verify(
        &self,
        view: &View,
        login: &str,
        secret: &Secret,
        peer: IpAddr,
    ) -> Result<Option<Opened>> {
        let mut found = None;
        if let Ok(address) = Address::parse(login)
            && let Some(id) = view.owner(&address).await?
            && let Some(record) = view.account(id).await?
            // Aliases are no logins: one account, one name to guess at.
            && record.address == address
        {
            found = Some((id, record));
        }
        let known = found.as_ref().map(|(id, record)| (*id, record));
        let right = self.gate.verify(login, known, secret, peer).await?;
        let found = found.filter(|(_, record)| !record.disabled && record.kind == Kind::Person);
        Ok(found.zip(right).map(|((id, record), which)| (id, record, which.app_password())))
    }

    /// The account that a verified certificate or token speaks for: the one whose primary address is in it. Where it
    /// names several, its bearer must say which.
    async fn certified(view: &View, addresses: &[Address], login: &str) -> Result<Option<Opened>> {
        let wanted = match (login, addresses) {
            ("", [only]) => only.clone(),
            ("", _) => return Ok(None),
            (login, _) => match Address::parse(login) {
                Ok(address) if addresses.contains(&address) => address,
                _ => return Ok(None),
            },
        };
        let Some(id) = view.owner(&wanted).await? else { return Ok(None) };
        let record = view
            .account(id)
            .await?
            .filter(|record| record.address == wanted && !record.disabled && record.kind == Kind::Person);
        Ok(record.map(|record| (id, record, None)))
    }

    /// Every group the account is in, through groups too, bounded by depth and number.
    async fn groups(view: &View, record: &AccountRecord) -> Result<Vec<AccountId>> {
        let mut found: Vec<AccountId> = Vec::new();
        let mut level = record.groups.clone();
        for _ in 0..GROUP_DEPTH_MAX {
            let mut above = Vec::new();
            for id in level {
                if found.contains(&id) || found.len() >= GROUP_COUNT_MAX {
                    continue;
                }
                if let Some(group) = view.account(id).await?.filter(|group| !group.disabled) {
                    found.push(id);
                    above.extend(group.groups);
                }
            }
            level = above;
        }
        Ok(found)
    }

    async fn principal_of(view: &View, id: AccountId, record: &AccountRecord) -> Result<Principal> {
        let groups = Self::groups(view, record).await?;
        Ok(Principal { account: id, address: record.address.clone(), groups, role: record.role })
    }

    /// The people a group stands for, each once, nested groups resolved; `TooLarge` for more than
    /// [`GROUP_REACH_MAX`], since a mail to some of them would look like one to all.
    async fn reach(view: &View, group: AccountId, record: AccountRecord) -> Result<Vec<AccountId>> {
        let mut people = Vec::new();
        let mut seen = HashSet::from([group]);
        let mut level = record.members;
        for _ in 0..=GROUP_DEPTH_MAX {
            let mut below = Vec::new();
            for id in level {
                if !seen.insert(id) {
                    continue;
                }
                match view.account(id).await?.filter(|member| !member.disabled) {
                    Some(member) if member.kind == Kind::Person && people.len() >= GROUP_REACH_MAX => {
                        return Err(Error::TooLarge(GROUP_REACH_MAX as u64));
                    }
                    Some(member) if member.kind == Kind::Person => people.push(id),
                    Some(inner) => below.extend(inner.members),
                    None => {}
                }
            }
            level = below;
        }
        Ok(people)
    }
}

/// What doors may see of a record.
fn account_of(id: AccountId, record: &AccountRecord) -> Account {
    let mut addresses = vec![record.address.clone()];
    addresses.extend(record.aliases.iter().cloned());
    Account {
        id,
        kind: match record.kind {
            Kind::Person => AccountKind::Person,
            Kind::Group => AccountKind::Group,
        },
        address: record.address.clone(),
        name: if record.name.is_empty() { record.address.to_string() } else { record.name.clone() },
        addresses,
        role: record.role,
        disabled: record.disabled,
        quota_bytes: record.quota_bytes,
    }
}

/// `local+tag@domain` is delivered to `local@domain` when nobody has the longer name (RFC 5233 names it
/// subaddressing).
fn without_tag(address: &Address) -> Option<Address> {
    let (local, _tag) = address.local().split_once('+')?;
    Address::parse(&format!("{local}@{}", address.domain())).ok()
}

#[async_trait]
impl Directory for LocalDirectory {
    async fn admit(&self, proof: Proof<'_>, peer: IpAddr) -> Result<Admitted> {
        let began = Instant::now();
        let view = self.view().await?;
        let (login, opened) = match proof {
            Proof::Password { login, secret } => {
                let opened = self.verify(&view, login, secret, peer).await?;
                (login, opened.map(|opened| (opened, Vec::new())))
            }
            Proof::Scram { login, hash, message, proof } => {
                let opened = self.verify_scram(&view, login, (hash, message, proof)).await?;
                (login, opened.map(|(id, record, app, signature)| ((id, record, app), signature)))
            }
            Proof::Token { login, token } => {
                let named = self.issuer.as_ref().and_then(|issuer| issuer.verify(token, self.env.now()));
                let opened = match named {
                    Some(address) => Self::certified(&view, &[address], login).await?,
                    None => None,
                };
                (login, opened.map(|opened| (opened, Vec::new())))
            }
            Proof::Certificate { addresses, login } => {
                let opened = Self::certified(&view, addresses, login).await?;
                (login, opened.map(|opened| (opened, Vec::new())))
            }
        };
        if let Some(((id, record, app_password), signature)) = opened {
            let principal = Self::principal_of(&view, id, &record).await?;
            let hidden = Self::hidden_of(&view, id, app_password).await?;
            return Ok(Admitted { principal, app_password, signature, hidden });
        }
        drop(view);
        tracing::info!(%peer, login = %login.escape_debug(), "login refused");
        // One moment for every reason: what was slow or fast inside cannot be told apart from outside.
        tokio::time::sleep_until(began + self.failure_delay).await;
        Err(Error::Forbidden(Rights::empty()))
    }

    async fn scram(&self, login: &str, hash: ScramHash) -> Result<ScramOffer> {
        Ok(self.scram_offer(login, hash))
    }

    fn offers_tokens(&self) -> bool {
        self.issuer.is_some()
    }

    fn offers_scram(&self) -> bool {
        self.scram
    }

    async fn principal(&self, id: AccountId) -> Result<Principal> {
        let view = self.view().await?;
        let record = view.account(id).await?.ok_or(Error::NotFound)?;
        Self::principal_of(&view, id, &record).await
    }

    async fn find(&self, address: &Address) -> Result<Option<Recipient>> {
        let view = self.view().await?;
        let mut owner = view.owner(address).await?;
        if let (None, Some(shorter)) = (owner, without_tag(address)) {
            owner = view.owner(&shorter).await?;
        }
        let Some(id) = owner else { return Ok(None) };
        let Some(record) = view.account(id).await?.filter(|record| !record.disabled) else {
            return Ok(None);
        };
        Ok(Some(match record.kind {
            Kind::Person => Recipient::Account(id),
            Kind::Group => Recipient::Group(Self::reach(&view, id, record).await?),
        }))
    }

    async fn is_local(&self, domain: &str) -> Result<bool> {
        Ok(self.view().await?.get(&key::domain(&domain.to_lowercase())).await?.is_some())
    }

    async fn identities(&self, account: AccountId) -> Result<Vec<Address>> {
        let found = self.account(account).await?.filter(|account| !account.disabled);
        Ok(found.map(|account| account.addresses).unwrap_or_default())
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>> {
        let record = self.view().await?.account(id).await?;
        Ok(record.map(|record| account_of(id, &record)))
    }

    async fn by_address(&self, address: &Address) -> Result<Option<Account>> {
        let view = self.view().await?;
        let Some(id) = view.owner(address).await? else { return Ok(None) };
        Ok(view.account(id).await?.map(|record| account_of(id, &record)))
    }

    async fn limit_quota(&self, account: AccountId, quota_bytes: Option<u64>) -> Result<()> {
        self.set_quota(account, quota_bytes).await.map(Outcome::into_inner)
    }

    async fn members(&self, group: AccountId) -> Result<Vec<AccountId>> {
        Ok(self.view().await?.account(group).await?.map(|record| record.members).unwrap_or_default())
    }
}
