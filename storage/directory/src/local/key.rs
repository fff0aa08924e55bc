//! Keys of the directory's table: one letter for the noun, then what names it.

use model::{AccountId, Address};

/// Counts every change; each change expects the number it has read.
pub(crate) const GENERATION: &[u8] = b"g";
/// The next account id; only grows.
pub(crate) const NEXT_ACCOUNT: &[u8] = b"c";
/// The key of the app passwords' hashes, made once.
pub(crate) const PEPPER: &[u8] = b"k";
/// All tenants.
pub(crate) const TENANTS: &[u8] = b"t";
/// All domains.
pub(crate) const DOMAINS: &[u8] = b"d";
/// All accounts and groups.
pub(crate) const ACCOUNTS: &[u8] = b"a";

/// SCRAM keys of all accounts.
pub(crate) const SCRAM: &[u8] = b"s";
/// What doors are told of all accounts.
pub(crate) const SWITCHES: &[u8] = b"w";
/// Which devices used the app passwords of all accounts.
pub(crate) const DEVICES: &[u8] = b"v";
/// All addresses.
pub(crate) const ADDRESSES: &[u8] = b"n";

/// A tenant by its name.
pub(crate) fn tenant(name: &str) -> Vec<u8> {
    [TENANTS, name.as_bytes()].concat()
}

/// A domain by its name.
pub(crate) fn domain(name: &str) -> Vec<u8> {
    [DOMAINS, name.as_bytes()].concat()
}

/// An account or group by its id.
pub(crate) fn account(id: AccountId) -> Vec<u8> {
    [ACCOUNTS, &id.0.to_be_bytes()].concat()
}

/// The SCRAM keys of an account.
pub(crate) fn scram(id: AccountId) -> Vec<u8> {
    [SCRAM, &id.0.to_be_bytes()].concat()
}

/// What doors are told of an account.
pub(crate) fn switches(id: AccountId) -> Vec<u8> {
    [SWITCHES, &id.0.to_be_bytes()].concat()
}

/// Which devices used the app passwords of an account.
pub(crate) fn devices(id: AccountId) -> Vec<u8> {
    [DEVICES, &id.0.to_be_bytes()].concat()
}

/// The id in the key of an account.
pub(crate) fn account_of(key: &[u8]) -> Option<AccountId> {
    let bytes = key.strip_prefix(ACCOUNTS)?;
    bytes.try_into().ok().map(|bytes| AccountId(u32::from_be_bytes(bytes)))
}

/// Owner of an address: the names of one domain lie together.
pub(crate) fn address(address: &Address) -> Vec<u8> {
    let mut key = addresses_of(address.domain());
    key.extend_from_slice(address.local().as_bytes());
    key
}

/// All addresses of a domain.
pub(crate) fn addresses_of(domain: &str) -> Vec<u8> {
    [ADDRESSES, domain.as_bytes(), &[0]].concat()
}
