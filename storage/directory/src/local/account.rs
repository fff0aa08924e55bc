//! Accounts, their aliases and credentials: what an administrator changes.

use super::change::Change;
use super::record::{self, AccountRecord, AppPasswordRecord, Kind};
use super::{LocalDirectory, account_of, key};
use crate::limits::{ALIAS_COUNT_MAX, APP_PASSWORD_COUNT_MAX, NAME_BYTES_MAX, PASSWORD_CHARS_MIN};
use crate::scram::KeyPair;
use crate::{Account, Outcome};
use model::{AccountId, Address, Error, Result, Role, Secret, Timestamp};

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its primary address.
    pub address: Address,
    /// For people to read; may be empty.
    pub name: String,
    /// Without one only app passwords let it in.
    pub password: Option<Secret>,
    /// What it may do beyond its own data.
    pub role: Role,
    /// The most octets it may hold.
    pub quota_bytes: Option<u64>,
}

/// An app password as it can be listed: without the secret, which is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppPassword {
    /// Its number in the account; never reused.
    pub id: u32,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
}

/// Letters of an app password: base32 without what looks alike.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 28 letters of 5 bits: 140 bits.
const APP_PASSWORD_LETTERS: usize = 28;

/// Refuses a name that is too long or would spoil a terminal or log.
fn check_name(name: &str) -> Result<()> {
    if name.len() > NAME_BYTES_MAX {
        return Err(Error::TooLarge(NAME_BYTES_MAX as u64));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::Invalid("control characters in a name"));
    }
    Ok(())
}

fn check_password(secret: &Secret) -> Result<()> {
    if secret.expose().chars().count() < PASSWORD_CHARS_MIN {
        return Err(Error::Invalid("a password has at least 8 characters"));
    }
    Ok(())
}

/// A random secret people can copy: groups of four letters.
pub(crate) fn random_secret(env: &dyn engine::Env) -> Secret {
    let mut bytes = [0_u8; APP_PASSWORD_LETTERS];
    env.random(&mut bytes);
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        let letter = LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'a');
        text.push(char::from(letter));
    }
    Secret::new(text)
}

/// A hash of the password, and keys made of it.
type Proofs = (Option<String>, Option<KeyPair>);

/// Claims the address and puts a new record.
async fn put_new(
    change: &mut Change,
    id: AccountId,
    kind: Kind,
    (new, (password, keys)): (NewAccount, Proofs),
) -> Result<()> {
    change.claim(&new.address, id).await?;
    let record = AccountRecord {
        kind,
        address: new.address,
        name: new.name,
        aliases: Vec::new(),
        role: new.role,
        disabled: false,
        quota_bytes: new.quota_bytes,
        password,
        revision: 0,
        app_passwords: Vec::new(),
        app_password_next: 1,
        members: Vec::new(),
        groups: Vec::new(),
        created: change.now(),
    };
    change.put_account(id, &record)?;
    if keys.is_some() {
        change.edit_scram(id, |scram| scram.password = keys).await?;
    }
    Ok(())
}

impl LocalDirectory {
    /// A random password in the form of app passwords, for accounts whose owner gave none.
    #[must_use]
    pub fn random_secret(&self) -> Secret {
        random_secret(self.env.as_ref())
    }

    /// Adds an account.
    ///
    /// # Errors
    /// `Exists` when the address is taken, `NotFound` when its domain is not ours, `Invalid` or `TooLarge`
    /// for its name and password.
    pub async fn add_account(&self, new: NewAccount) -> Result<Outcome<AccountId>> {
        check_name(&new.name)?;
        let proofs = self.proofs(&new).await?;
        self.add(Kind::Person, new, proofs).await
    }

    /// What proves the first password of an account.
    async fn proofs(&self, new: &NewAccount) -> Result<Proofs> {
        let password = match &new.password {
            Some(secret) => {
                check_password(secret)?;
                Some(self.gate.hash(&self.env, secret).await?)
            }
            None => None,
        };
        Ok((password, self.password_keys(&new.address, new.password.as_ref()).await?))
    }

    /// Adds a group with nobody in it.
    ///
    /// # Errors
    /// As [`LocalDirectory::add_account`].
    pub async fn add_group(&self, address: Address, name: &str) -> Result<Outcome<AccountId>> {
        check_name(name)?;
        let name = name.to_owned();
        let new = NewAccount { address, name, password: None, role: Role::Member, quota_bytes: None };
        self.add(Kind::Group, new, (None, None)).await
    }

    /// Adds an account under the number that it had before it was removed, so that what it held is its own again.
    ///
    /// # Errors
    /// As [`LocalDirectory::add_account`]; `Conflict` for a number that is in use or was never given.
    pub async fn return_account(&self, id: AccountId, new: NewAccount) -> Result<Outcome<AccountId>> {
        check_name(&new.name)?;
        let proofs = self.proofs(&new).await?;
        let mut change = self.change().await?;
        let next = change.get(key::NEXT_ACCOUNT).await?.ok_or(Error::Corrupt)?;
        let next: AccountId = record::decode(&next)?;
        if id >= next || id.0 == 0 || change.get(&key::account(id)).await?.is_some() {
            return Err(Error::Conflict);
        }
        put_new(&mut change, id, Kind::Person, (new, proofs)).await?;
        // What is remembered of its former credentials must not count: its revision begins where no other was.
        let mut record = change.account(id).await?;
        record.revision = u64::try_from(change.now().0).unwrap_or(u64::MAX / 2);
        change.put_account(id, &record)?;
        change.commit(id).await
    }

    async fn add(&self, kind: Kind, new: NewAccount, proofs: Proofs) -> Result<Outcome<AccountId>> {
        let mut change = self.change().await?;
        let next = change.get(key::NEXT_ACCOUNT).await?.ok_or(Error::Corrupt)?;
        let id: AccountId = record::decode(&next)?;
        let after = id.0.checked_add(1).ok_or(Error::Conflict)?;
        change.put(key::NEXT_ACCOUNT.to_vec(), &AccountId(after))?;
        put_new(&mut change, id, kind, (new, proofs)).await?;
        change.commit(id).await
    }

    /// Accounts and groups in the order of their ids, behind `after`, at most `limit`.
    ///
    /// # Errors
    /// Of the engine.
    pub async fn accounts(&self, after: Option<AccountId>, limit: usize) -> Result<Vec<Account>> {
        let behind = after.map(key::account);
        let rows = self.view().await?.list(key::ACCOUNTS, behind.as_deref(), limit).await?;
        let account = |(key, bytes): (bytes::Bytes, bytes::Bytes)| {
            let id = key::account_of(&key).ok_or(Error::Corrupt)?;
            Ok(account_of(id, &record::decode(&bytes)?))
        };
        rows.into_iter().map(account).collect()
    }

    /// Changes a record under its account's id; the directory's own invariants are the caller's.
    async fn edit(
        &self,
        id: AccountId,
        edit: impl FnOnce(&mut AccountRecord) -> Result<()>,
    ) -> Result<Outcome<()>> {
        let mut change = self.change().await?;
        let mut record = change.account(id).await?;
        edit(&mut record)?;
        change.put_account(id, &record)?;
        change.commit(()).await
    }

    /// Sets the password; `None` takes it away.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a short password or a group.
    pub async fn set_password(&self, id: AccountId, password: Option<&Secret>) -> Result<Outcome<()>> {
        let hashed = match password {
            Some(secret) => {
                check_password(secret)?;
                Some(self.gate.hash(&self.env, secret).await?)
            }
            None => None,
        };
        let address = self.view().await?.account(id).await?.ok_or(Error::NotFound)?.address;
        let keys = self.password_keys(&address, password).await?;
        let mut change = self.change().await?;
        let mut record = change.account(id).await?;
        if record.kind == Kind::Group {
            return Err(Error::Invalid("a group has no password"));
        }
        record.password = hashed;
        record.revision = record.revision.saturating_add(1);
        change.put_account(id, &record)?;
        change.edit_scram(id, |scram| scram.password = keys).await?;
        change.commit(()).await
    }

    /// Lets it in or keeps it out; a disabled one takes no mail either.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn set_disabled(&self, id: AccountId, disabled: bool) -> Result<Outcome<()>> {
        self.edit(id, |record| {
            record.disabled = disabled;
            record.revision = record.revision.saturating_add(1);
            Ok(())
        })
        .await
    }

    /// Sets the display name.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `TooLarge`.
    pub async fn set_name(&self, id: AccountId, name: &str) -> Result<Outcome<()>> {
        check_name(name)?;
        self.edit(id, |record| {
            name.clone_into(&mut record.name);
            Ok(())
        })
        .await
    }

    /// Sets the role.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a group.
    pub async fn set_role(&self, id: AccountId, role: Role) -> Result<Outcome<()>> {
        self.edit(id, |record| {
            if record.kind == Kind::Group {
                return Err(Error::Invalid("a group has no role"));
            }
            record.role = role;
            Ok(())
        })
        .await
    }

    /// Sets the most octets it may hold.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn set_quota(&self, id: AccountId, quota_bytes: Option<u64>) -> Result<Outcome<()>> {
        self.edit(id, |record| {
            record.quota_bytes = quota_bytes;
            Ok(())
        })
        .await
    }

    /// Removes an account or group: its names are free again, its id is never given again.
    ///
    /// What it holds in the store is not touched here.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn remove_account(&self, id: AccountId) -> Result<Outcome<()>> {
        let mut change = self.change().await?;
        let record = change.account(id).await?;
        change.remove(key::address(&record.address));
        for alias in &record.aliases {
            change.remove(key::address(alias));
        }
        for group in &record.groups {
            let Some(mut other) = change.view().account(*group).await? else { continue };
            other.members.retain(|member| *member != id);
            change.put_account(*group, &other)?;
        }
        for member in &record.members {
            let Some(mut other) = change.view().account(*member).await? else { continue };
            other.groups.retain(|group| *group != id);
            change.put_account(*member, &other)?;
        }
        change.remove(key::account(id));
        change.remove(key::scram(id));
        change.remove(key::switches(id));
        change.remove(key::devices(id));
        change.commit(()).await
    }

    /// Gives one more address to an account or group.
    ///
    /// # Errors
    /// `Exists`, `NotFound` for the account or the domain, `TooLarge` past [`ALIAS_COUNT_MAX`].
    pub async fn add_alias(&self, id: AccountId, alias: &Address) -> Result<Outcome<()>> {
        let mut change = self.change().await?;
        let mut record = change.account(id).await?;
        if record.aliases.len() >= ALIAS_COUNT_MAX {
            return Err(Error::TooLarge(ALIAS_COUNT_MAX as u64));
        }
        change.claim(alias, id).await?;
        record.aliases.push(alias.clone());
        change.put_account(id, &record)?;
        change.commit(()).await
    }

    /// Takes an alias away.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a primary address.
    pub async fn remove_alias(&self, alias: &Address) -> Result<Outcome<()>> {
        let mut change = self.change().await?;
        let id = change.view().owner(alias).await?.ok_or(Error::NotFound)?;
        let mut record = change.account(id).await?;
        if record.address == *alias {
            return Err(Error::Conflict);
        }
        record.aliases.retain(|other| other != alias);
        change.remove(key::address(alias));
        change.put_account(id, &record)?;
        change.commit(()).await
    }

    /// Makes an app password; this is the only time its secret is known.
    ///
    /// # Errors
    /// `NotFound`, `TooLarge` past [`APP_PASSWORD_COUNT_MAX`], `Invalid` for a group or the label.
    pub async fn add_app_password(&self, id: AccountId, label: &str) -> Result<Outcome<(u32, Secret)>> {
        check_name(label)?;
        let secret = self.random_secret();
        let address = self.view().await?.account(id).await?.ok_or(Error::NotFound)?.address;
        let keys = self.app_keys(&address, &secret).await?;
        let mut change = self.change().await?;
        let mut record = change.account(id).await?;
        if record.kind == Kind::Group {
            return Err(Error::Invalid("a group has no password"));
        }
        if record.app_passwords.len() >= APP_PASSWORD_COUNT_MAX {
            return Err(Error::TooLarge(APP_PASSWORD_COUNT_MAX as u64));
        }
        let number = record.app_password_next;
        record.app_password_next = number.saturating_add(1);
        record.app_passwords.push(AppPasswordRecord {
            id: number,
            label: label.to_owned(),
            hash: self.gate.app_hash(id, secret.expose()),
            created: change.now(),
        });
        change.put_account(id, &record)?;
        change.edit_scram(id, |scram| scram.apps.push((number, keys))).await?;
        change.commit((number, secret)).await
    }

    /// The app passwords of an account.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn app_passwords(&self, id: AccountId) -> Result<Vec<AppPassword>> {
        let record = self.view().await?.account(id).await?.ok_or(Error::NotFound)?;
        let shown =
            |app: AppPasswordRecord| AppPassword { id: app.id, label: app.label, created: app.created };
        Ok(record.app_passwords.into_iter().map(shown).collect())
    }

    /// Revokes one: the next login with it fails.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn remove_app_password(&self, id: AccountId, number: u32) -> Result<Outcome<()>> {
        let mut change = self.change().await?;
        let mut record = change.account(id).await?;
        let before = record.app_passwords.len();
        record.app_passwords.retain(|app| app.id != number);
        record.revision = record.revision.saturating_add(1);
        if record.app_passwords.len() == before {
            return Err(Error::NotFound);
        }
        change.put_account(id, &record)?;
        change.edit_scram(id, |scram| scram.apps.retain(|(other, _)| *other != number)).await?;
        change.forget_device(id, number).await?;
        change.commit(()).await
    }
}
