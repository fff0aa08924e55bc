//! What the directory keeps on disk: a version byte, then postcard. Fields are only ever added at the end
//! together with a new version.

use bytes::Bytes;
use model::{AccountId, Address, Error, Result, Role, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The version written.
const VERSION: u8 = 1;

/// A tenant: owner of domains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TenantRecord {
    pub(crate) id: u32,
    pub(crate) created: Timestamp,
}

/// A domain whose addresses are ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DomainRecord {
    pub(crate) tenant: String,
    pub(crate) created: Timestamp,
}

/// A credential that a program keeps instead of the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppPasswordRecord {
    pub(crate) id: u32,
    pub(crate) label: String,
    /// Keyed BLAKE3: the secret is random and long, so a slow hash would add nothing.
    pub(crate) hash: [u8; 32],
    pub(crate) created: Timestamp,
}

/// Person or group, as [`crate::AccountKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Person,
    Group,
}

/// An account or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub(crate) kind: Kind,
    pub(crate) address: Address,
    pub(crate) name: String,
    pub(crate) aliases: Vec<Address>,
    pub(crate) role: Role,
    pub(crate) disabled: bool,
    pub(crate) quota_bytes: Option<u64>,
    /// PHC string of Argon2id.
    pub(crate) password: Option<String>,
    /// Grows with every change of a credential, so that what was remembered of the old ones counts no more.
    pub(crate) revision: u64,
    pub(crate) app_passwords: Vec<AppPasswordRecord>,
    pub(crate) app_password_next: u32,
    /// Of a group: its direct members.
    pub(crate) members: Vec<AccountId>,
    /// Groups it is directly in; the other side of `members`.
    pub(crate) groups: Vec<AccountId>,
    pub(crate) created: Timestamp,
}

/// One record as bytes.
///
/// # Errors
/// `Corrupt` when it cannot be written, which would be a fault of this file.
pub(crate) fn encode<T: Serialize>(record: &T) -> Result<Bytes> {
    let mut bytes = vec![VERSION];
    let tail = postcard::to_stdvec(record).map_err(|_| Error::Corrupt)?;
    bytes.extend_from_slice(&tail);
    Ok(bytes.into())
}

/// A record from its bytes.
///
/// # Errors
/// `Corrupt` for a version from the future and for what does not parse; the log says which.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&VERSION, tail)) => postcard::from_bytes(tail).map_err(|cause| {
            tracing::error!(%cause, "a directory record does not parse");
            Error::Corrupt
        }),
        Some((version, _)) => {
            tracing::error!(version, known = VERSION, "a directory record was written by a newer build");
            Err(Error::Corrupt)
        }
        None => Err(Error::Corrupt),
    }
}
