//! The gate every login passes: what was verified before costs nothing, everything else waits for one of few
//! hashes (Argon2id, RFC 9106).

use super::Options;
use super::record::AccountRecord;
use crate::limits::{
    ARGON2_MEMORY_KIB, ARGON2_PASSES_COUNT, CACHE_COUNT_MAX, CACHE_TTL, HASH_WAITING_MAX,
    HASH_WAITING_PER_PEER_MAX,
};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use engine::Env;
use model::{AccountId, Error, Result, SECRET_BYTES_MAX, Secret};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use tokio::{sync::Semaphore, time::Instant};

/// What one Argon2id hash costs.
#[derive(Clone, Copy, Debug)]
pub struct HashCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes_count: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory_kib: ARGON2_MEMORY_KIB, passes_count: ARGON2_PASSES_COUNT }
    }
}

/// What a secret turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// The password.
    Password,
    /// An app password, by its number.
    AppPassword(u32),
}

impl Right {
    /// The number of the app password, where it is one.
    pub(crate) fn app_password(self) -> Option<u32> {
        match self {
            Self::Password => None,
            Self::AppPassword(number) => Some(number),
        }
    }
}

/// What is remembered of a credential.
#[derive(Clone, Copy)]
struct Verdict {
    right: bool,
    until: Instant,
}

/// Who waits for a hash.
#[derive(Default)]
struct Waiting {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// Verdicts by the name of their credential.
#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<[u8; 32], Verdict>>);

/// See the module.
pub(crate) struct Gate {
    /// Names remembered credentials; of this process only.
    cache_key: [u8; 32],
    cache: Arc<Cache>,
    waiting: Arc<Mutex<Waiting>>,
    hashing: Arc<Semaphore>,
    argon2: Argon2<'static>,
    /// Verified against when there is nothing to verify against.
    dummy: Arc<str>,
    pepper: [u8; 32],
    hash_count: AtomicU64,
}

/// A place among those who wait; given back on drop.
pub(super) struct Place {
    waiting: Arc<Mutex<Waiting>>,
    peer: IpAddr,
}

impl Place {
    fn take(waiting: &Arc<Mutex<Waiting>>, peer: IpAddr) -> Result<Self> {
        let mut all = lock(waiting);
        let mine = all.by_peer.get(&peer).copied().unwrap_or(0);
        if all.total >= HASH_WAITING_MAX || mine >= HASH_WAITING_PER_PEER_MAX {
            tracing::warn!(%peer, waiting = all.total, "too many logins wait");
            return Err(Error::Unavailable);
        }
        all.total += 1;
        *all.by_peer.entry(peer).or_default() += 1;
        Ok(Self { waiting: waiting.clone(), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = lock(&self.waiting);
        all.total = all.total.saturating_sub(1);
        if let Some(mine) = all.by_peer.get_mut(&self.peer) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                all.by_peer.remove(&self.peer);
            }
        }
    }
}

/// These locks guard plain maps that are whole after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    pub(super) fn get(&self, name: &[u8; 32]) -> Option<bool> {
        let verdict = lock(&self.0).get(name).copied()?;
        (verdict.until > Instant::now()).then_some(verdict.right)
    }

    pub(super) fn put(&self, name: [u8; 32], right: bool) {
        let now = Instant::now();
        let mut verdicts = lock(&self.0);
        if verdicts.len() >= CACHE_COUNT_MAX {
            verdicts.retain(|_, verdict| verdict.until > now && verdict.right);
            if verdicts.len() >= CACHE_COUNT_MAX {
                verdicts.clear();
            }
        }
        verdicts.insert(name, Verdict { right, until: now + CACHE_TTL });
    }
}

impl Gate {
    pub(crate) fn new(env: &dyn Env, pepper: [u8; 32], options: Options) -> Result<Self> {
        let mut cache_key = [0; 32];
        env.random(&mut cache_key);
        let cost = options.hash_cost;
        let params = Params::new(cost.memory_kib, cost.passes_count, 1, None)
            .map_err(|_| Error::Invalid("parameters of the password hash"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let permits = options.hash_count_max.unwrap_or(cores).max(1);
        let mut nobody = [0; 32];
        env.random(&mut nobody);
        let dummy = hash(&argon2, env, &nobody)?.into();
        Ok(Self {
            cache_key,
            cache: Arc::default(),
            waiting: Arc::default(),
            hashing: Arc::new(Semaphore::new(permits)),
            argon2,
            dummy,
            pepper,
            hash_count: AtomicU64::new(0),
        })
    }

    /// The PHC string of a new password.
    ///
    /// # Errors
    /// `TooLarge` past [`SECRET_BYTES_MAX`].
    pub(crate) async fn hash(&self, env: &Arc<dyn Env>, secret: &Secret) -> Result<String> {
        if secret.expose().len() > SECRET_BYTES_MAX {
            return Err(Error::TooLarge(SECRET_BYTES_MAX as u64));
        }
        let _permit = self.hashing.clone().acquire_owned().await.map_err(|_| Error::Unavailable)?;
        let (argon2, env, secret) = (self.argon2.clone(), env.clone(), secret.clone());
        let hashed =
            tokio::task::spawn_blocking(move || hash(&argon2, env.as_ref(), secret.expose().as_bytes()));
        hashed.await.map_err(|_| Error::Unavailable)?
    }

    /// What is kept of an app password.
    pub(crate) fn app_hash(&self, id: AccountId, secret: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.pepper);
        hasher.update(&id.0.to_be_bytes());
        hasher.update(plain(secret).as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// Whether the secret is one of the account's. Without an account the work is the same and the answer no.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub(crate) async fn verify(
        &self,
        login: &str,
        account: Option<(AccountId, &AccountRecord)>,
        secret: &Secret,
        peer: IpAddr,
    ) -> Result<Option<Right>> {
        if secret.expose().len() > SECRET_BYTES_MAX {
            return Ok(None);
        }
        if let Some(number) = account.and_then(|(id, record)| self.app_password(id, record, secret)) {
            return Ok(Some(Right::AppPassword(number)));
        }
        let name = self.cache_name(login, account, secret);
        if let Some(right) = self.cache.get(&name) {
            return Ok(right.then_some(Right::Password));
        }
        let _place = self.wait(peer)?;
        let permit = self.hashing.clone().acquire_owned().await.map_err(|_| Error::Unavailable)?;
        // A client opens several sessions at once: the first pays for all.
        if let Some(right) = self.cache.get(&name) {
            return Ok(right.then_some(Right::Password));
        }
        let password = account.and_then(|(_, record)| record.password.as_deref());
        let stored: Arc<str> = password.map_or_else(|| self.dummy.clone(), Arc::from);
        let (argon2, secret) = (self.argon2.clone(), secret.clone());
        let known = password.is_some();
        self.hash_count.fetch_add(1, Ordering::Relaxed);
        let cache = self.cache.clone();
        let verified = tokio::task::spawn_blocking(move || {
            let right = match PasswordHash::new(&stored) {
                Ok(parsed) => argon2.verify_password(secret.expose().as_bytes(), &parsed).is_ok() && known,
                Err(cause) => {
                    tracing::error!(%cause, "a stored password hash does not parse");
                    false
                }
            };
            // Before the next hash begins, and also when the client has gone meanwhile.
            cache.put(name, right);
            drop(permit);
            right
        });
        let right = verified.await.map_err(|_| Error::Unavailable)?;
        Ok(right.then_some(Right::Password))
    }

    /// Names secrets of this installation.
    pub(super) fn pepper(&self) -> &[u8; 32] {
        &self.pepper
    }

    /// Takes a place among those who wait for a hash.
    pub(super) fn wait(&self, peer: IpAddr) -> Result<Place> {
        Place::take(&self.waiting, peer)
    }

    /// Secrets that had to be hashed since the start.
    pub(crate) fn hash_count(&self) -> u64 {
        self.hash_count.load(Ordering::Relaxed)
    }

    /// The number of the app password that it is. Every one is compared, in constant time.
    fn app_password(&self, id: AccountId, record: &AccountRecord, secret: &Secret) -> Option<u32> {
        let given = self.app_hash(id, secret.expose());
        let matches = record.app_passwords.iter().map(|app| (app.id, app.hash.ct_eq(&given)));
        let (number, found) = matches.fold((0, subtle::Choice::from(0)), |(number, any), (id, one)| {
            (u32::conditional_select(&number, &id, one), any | one)
        });
        bool::from(found).then_some(number)
    }

    /// Account, its revision and the whole secret under a key of this process: a changed credential has
    /// another name, so nothing remembered of the old one is ever found again.
    fn cache_name(
        &self,
        login: &str,
        account: Option<(AccountId, &AccountRecord)>,
        secret: &Secret,
    ) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.cache_key);
        match account {
            Some((id, record)) => {
                hasher.update(b"a");
                hasher.update(&id.0.to_be_bytes());
                hasher.update(&record.revision.to_be_bytes());
            }
            None => {
                hasher.update(b"n");
                hasher.update(&(login.len() as u64).to_be_bytes());
                hasher.update(login.as_bytes());
            }
        }
        hasher.update(secret.expose().as_bytes());
        *hasher.finalize().as_bytes()
    }
}

/// App passwords are shown in groups for reading; people type them with or without the dashes.
pub(super) fn plain(secret: &str) -> String {
    secret.chars().filter(|c| !matches!(c, '-' | ' ')).collect()
}

fn hash(argon2: &Argon2<'_>, env: &dyn Env, secret: &[u8]) -> Result<String> {
    let mut salt = [0; 16];
    env.random(&mut salt);
    let salt = SaltString::encode_b64(&salt).map_err(|_| Error::Invalid("salt"))?;
    let hashed = argon2.hash_password(secret, &salt).map_err(|_| Error::Invalid("password"))?;
    Ok(hashed.to_string())
}
