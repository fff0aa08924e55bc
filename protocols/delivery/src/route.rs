//! Where mail for an address goes.

use crate::runner::Delivery;
use directory::Recipient;
use model::{AccountId, Address, Error, Result, Rights};

/// Where mail for an address goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Into the inboxes of these accounts: one, or a group's members.
    Accounts(Vec<AccountId>),
    /// To the relay.
    Relay,
}

impl Route {
    /// How many accounts and remote addresses it leads to.
    #[must_use]
    pub fn reach(&self) -> usize {
        match self {
            Self::Accounts(accounts) => accounts.len(),
            Self::Relay => 1,
        }
    }
}

impl Delivery {
    /// Where mail for this address goes, asked when a recipient is named.
    ///
    /// # Errors
    /// `NotFound` when the domain is ours and the address is not there (or a group without members);
    /// `OverQuota` when its account takes nothing more; `TooLarge` for a group of too many; `Forbidden` (no rights named) when it is elsewhere
    /// and there is no relay; `Unavailable`.
    pub async fn route(&self, address: &Address) -> Result<Route> {
        if !self.directory().is_local(address.domain()).await? {
            return if self.relay().is_some() {
                Ok(Route::Relay)
            } else {
                Err(Error::Forbidden(Rights::empty()))
            };
        }
        match self.directory().find(address).await? {
            None => Err(Error::NotFound),
            Some(Recipient::Group(members)) if members.is_empty() => Err(Error::NotFound),
            Some(Recipient::Group(members)) => Ok(Route::Accounts(members)),
            Some(Recipient::Account(id)) => {
                self.room(id).await?;
                Ok(Route::Accounts(vec![id]))
            }
        }
    }

    async fn room(&self, id: AccountId) -> Result<()> {
        let principal = self.directory().principal(id).await?;
        let reader = self.store().read(&principal, id).await?;
        let quota = reader.quota();
        let full = quota.limit_bytes.is_some_and(|limit| quota.used_bytes >= limit)
            || !reader.message_quota().has_room(1);
        if full { Err(Error::OverQuota) } else { Ok(()) }
    }
}
