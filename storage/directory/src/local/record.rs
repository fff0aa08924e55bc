//! What the directory keeps on disk: a version byte, then postcard, each kind of record with a version of its
//! own, by the same rules as the store's (`storage/store/src/record.rs` tells how a record is changed). The two
//! are twins and not one because a crate can only give versions to types through a trait of its own.

use super::devices::DevicesRecord;
use super::scram::ScramRecord;
use super::switches::SwitchesRecord;
use bytes::Bytes;
use model::{AccountId, Address, Error, Result, Role, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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

/// A kind of record.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// What the log calls it.
    const NAME: &'static str;
    /// The version that this build writes.
    const VERSION: u8;

    /// Reads the octets, without the version's, of an earlier version; `None` for a version that is not known.
    fn upgrade(version: u8, octets: &[u8]) -> Option<postcard::Result<Self>>;
}

/// The kinds of record with their versions: `Kind: present version, former version => former struct, ...;`
macro_rules! records {
    ($($kind:ty: $version:literal $(, $old:literal => $former:ty)*;)*) => {$(
        impl Record for $kind {
            const NAME: &'static str = stringify!($kind);
            const VERSION: u8 = $version;

            fn upgrade(version: u8, octets: &[u8]) -> Option<postcard::Result<Self>> {
                match version {
                    $($old => Some(postcard::from_bytes::<$former>(octets).map(Self::from)),)*
                    _ => { let _ = octets; None }
                }
            }
        }
    )*};
}

records! {
    TenantRecord: 1;
    DomainRecord: 1;
    AccountRecord: 1;
    ScramRecord: 1;
    SwitchesRecord: 1;
    DevicesRecord: 1;
    AccountId: 1;
    u64: 1;
    [u8; 32]: 1;
}

/// One record as bytes.
///
/// # Errors
/// `Corrupt` when it cannot be written, which would be a fault of this file.
pub(crate) fn encode<T: Record>(record: &T) -> Result<Bytes> {
    postcard::to_extend(record, vec![T::VERSION]).map(Bytes::from).map_err(|cause| {
        tracing::error!(record = T::NAME, %cause, "a directory record cannot be written");
        Error::Corrupt
    })
}

/// A record from its bytes.
///
/// # Errors
/// `Corrupt` for a version from the future and for what does not parse; the log says which.
pub(crate) fn decode<T: Record>(bytes: &[u8]) -> Result<T> {
    let (version, octets) = bytes.split_first().ok_or(Error::Corrupt)?;
    let present = *version == T::VERSION;
    let read = if present { Some(postcard::from_bytes(octets)) } else { T::upgrade(*version, octets) };
    let Some(read) = read else {
        tracing::error!(
            record = T::NAME,
            found = version,
            known = T::VERSION,
            "a directory record of a version that this build does not know"
        );
        return Err(Error::Corrupt);
    };
    read.map_err(|cause| {
        tracing::error!(record = T::NAME, version, %cause, "a directory record does not parse");
        Error::Corrupt
    })
}

#[cfg(test)]
mod tests;
