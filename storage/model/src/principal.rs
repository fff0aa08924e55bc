//! Who acts: the authenticated principal, addresses, roles, quotas.

use crate::{AccountId, Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest address taken, in octets (RFC 5321 4.5.3.1.3 allows a path of 256 with its brackets).
pub const ADDRESS_BYTES_MAX: usize = 254;

/// A mail address in its canonical form: local part as given, lower-cased; domain lower-cased.
///
/// Local parts are compared without case here, as every large mail service does (RFC 5321 2.4 leaves it to
/// the receiving host).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Takes `local@domain`; quoted local parts are kept as they are.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is no local part or domain, a control or space octet, or the whole is
    /// longer than [`ADDRESS_BYTES_MAX`].
    pub fn parse(text: &str) -> Result<Self> {
        let bad = Err(Error::Invalid("not a mail address"));
        let Some((local, domain)) = text.rsplit_once('@') else { return bad };
        let quoted = local.starts_with('"') && local.ends_with('"') && local.len() > 2;
        let clean =
            |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_control() || c.is_whitespace());
        if text.len() > ADDRESS_BYTES_MAX || !(quoted && !local.chars().any(char::is_control) || clean(local))
        {
            return bad;
        }
        if !clean(domain)
            || domain.contains(['<', '>', '"', ',', ';'])
            || !quoted && local.contains(['<', '>', '"', '@', ',', ';', '(', ')'])
        {
            return bad;
        }
        Ok(Self(text.to_lowercase()))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the last `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// What stands behind the last `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a principal may do beyond its own data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Its own data and what is shared with it.
    #[default]
    Member,
    /// The installation itself: accounts, queue, fsck. Gives no right on others' data by itself.
    Administrator,
}

/// An authenticated actor (RFC 3744 2): the account it logged in as and the groups it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub account: AccountId,
    /// Its primary address.
    pub address: Address,
    /// Groups it is in, itself not among them.
    pub groups: Vec<AccountId>,
    /// What else it may do.
    pub role: Role,
}

impl Principal {
    /// Whether this principal is the account or in the group of that id; everybody is [`AccountId::ANYONE`].
    #[must_use]
    pub fn is(&self, id: AccountId) -> bool {
        self.account == id || id == AccountId::ANYONE || self.groups.contains(&id)
    }
}

/// How much an account holds and may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Sum of the items' sizes, in octets.
    pub used_bytes: u64,
    /// Number of items.
    pub used_count: u64,
    /// The most octets; `None` is no limit.
    pub limit_bytes: Option<u64>,
}

/// How many messages an account holds and may hold (RFC 9208 5.2): in all its mailboxes, copies counted each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageQuota {
    /// Messages there are; `None` where nobody has counted them yet, which setting a limit does.
    pub count: Option<u64>,
    /// The most messages; `None` is no limit.
    pub limit: Option<u64>,
}

impl MessageQuota {
    /// Whether there is room for so many more.
    #[must_use]
    pub fn has_room(&self, more: u64) -> bool {
        match (self.count, self.limit) {
            (Some(count), Some(limit)) => count.saturating_add(more) <= limit,
            _ => true,
        }
    }
}
