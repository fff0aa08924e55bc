//! SCRAM keys beside the hashes: written with every credential, checked at login.
//!
//! One salt serves all credentials of a name, since a client is told it before anybody knows which of them it
//! has. It is derived from the name alone, so that a name nobody has gets one in the same way.

use super::LocalDirectory;
use super::change::Change;
use super::credential::plain;
use super::key;
use super::record::{self, AccountRecord, Kind};
use crate::limits::SCRAM_ITERATION_COUNT;
use crate::proof::{ScramHash, ScramOffer};
use crate::scram::KeyPair;
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use model::{AccountId, Address, Error, Result, Secret};
use serde::{Deserialize, Serialize};

/// Octets of a salt.
const SALT_BYTES: usize = 16;
/// Octets of randomness in the server's share of the nonce.
const NONCE_BYTES: usize = 18;

/// The SCRAM keys of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScramRecord {
    /// Of the password, where that is wished.
    pub(crate) password: Option<KeyPair>,
    /// Of app passwords by their number: as shown, and without the dashes.
    pub(crate) apps: Vec<(u32, [KeyPair; 2])>,
}

impl LocalDirectory {
    fn salt(&self, login: &str, hash: ScramHash) -> Vec<u8> {
        let login = login.to_lowercase();
        let mut hasher = blake3::Hasher::new_keyed(self.gate.pepper());
        hasher.update(match hash {
            ScramHash::Sha1 => b"scram salt sha-1\0",
            ScramHash::Sha256 => b"scram salt sha-256\0",
        });
        hasher.update(login.as_bytes());
        hasher.finalize().as_bytes().iter().copied().take(SALT_BYTES).collect()
    }

    pub(super) fn scram_offer(&self, login: &str, hash: ScramHash) -> ScramOffer {
        let mut nonce = [0; NONCE_BYTES];
        self.env.random(&mut nonce);
        ScramOffer {
            salt: self.salt(login, hash),
            iteration_count: SCRAM_ITERATION_COUNT,
            nonce: BASE64_STANDARD_NO_PAD.encode(nonce),
        }
    }

    /// The keys of a secret; off the thread, since PBKDF2 takes its time.
    async fn key_pair(&self, address: &Address, secret: String) -> Result<KeyPair> {
        let salts = [ScramHash::Sha1, ScramHash::Sha256].map(|hash| self.salt(address.as_str(), hash));
        let derived = tokio::task::spawn_blocking(move || {
            let [sha1, sha256] = salts;
            let pair = KeyPair::derive(&secret, |hash| match hash {
                ScramHash::Sha1 => sha1.clone(),
                ScramHash::Sha256 => sha256.clone(),
            });
            model::wipe(secret.into_bytes());
            pair
        });
        derived.await.map_err(|_| Error::Unavailable)
    }

    /// The keys of a password, unless the installation keeps none.
    pub(super) async fn password_keys(
        &self,
        address: &Address,
        password: Option<&Secret>,
    ) -> Result<Option<KeyPair>> {
        match password {
            Some(secret) if self.scram => self.key_pair(address, secret.expose().to_owned()).await.map(Some),
            _ => Ok(None),
        }
    }

    /// The keys of an app password, with and without its dashes.
    pub(super) async fn app_keys(&self, address: &Address, secret: &Secret) -> Result<[KeyPair; 2]> {
        let shown = self.key_pair(address, secret.expose().to_owned()).await?;
        Ok([shown, self.key_pair(address, plain(secret.expose())).await?])
    }

    /// The signature for a right proof, and which app password it was.
    pub(super) async fn verify_scram(
        &self,
        view: &super::change::View,
        login: &str,
        (hash, message, proof): (ScramHash, &[u8], &[u8]),
    ) -> Result<Option<(AccountId, AccountRecord, Option<u32>, Vec<u8>)>> {
        let Ok(address) = Address::parse(login) else { return Ok(None) };
        let Some(id) = view.owner(&address).await? else { return Ok(None) };
        let Some(account) = view.account(id).await? else { return Ok(None) };
        if account.address != address || account.disabled || account.kind != Kind::Person {
            return Ok(None);
        }
        let Some(keys) = view.get(&key::scram(id)).await? else { return Ok(None) };
        let keys: ScramRecord = record::decode(&keys)?;
        let password = keys.password.iter().filter(|_| self.scram).map(|pair| (None, pair));
        let apps =
            keys.apps.iter().flat_map(|(number, pairs)| pairs.iter().map(|pair| (Some(*number), pair)));
        let found = password
            .chain(apps)
            .find_map(|(app, pair)| pair.of(hash).verify(hash, message, proof).map(|signed| (app, signed)));
        Ok(found.map(|(app, signature)| (id, account, app, signature)))
    }
}

impl Change {
    /// Changes the SCRAM keys of an account together with what else is changed.
    pub(super) async fn edit_scram(
        &mut self,
        id: AccountId,
        edit: impl FnOnce(&mut ScramRecord),
    ) -> Result<()> {
        let key = key::scram(id);
        let mut keys = match self.get(&key).await? {
            Some(bytes) => record::decode(&bytes)?,
            None => ScramRecord::default(),
        };
        edit(&mut keys);
        self.put(key, &keys)
    }
}
