//! Mailbox names and whose they are (RFC 2342): one's own stand by themselves, those of other people below
//! `Other Users/<address>/`, those of groups below `Shared/<address>/`.
//!
//! A name may be spelled in other forms of Unicode than it is kept in ([`Reader::spelled`]).
//!
//! A name that is not there, one of an account that is not there, and one that may not be known about all come to
//! the same answer.

use super::Session;
use crate::reply::Failure;
use directory::AccountKind;
use model::{AccountId, Address, Error, Rights};
pub(crate) use store::composed;
use store::{DELIMITER, INBOX, Reader, Writer};

/// What stands before the mailboxes of other people.
pub(crate) const OTHER_USERS: &str = "Other Users";
/// What stands before the mailboxes of groups.
pub(crate) const SHARED: &str = "Shared";

/// A mailbox name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Whose it is.
    pub account: AccountId,
    /// Its path in that account.
    pub path: String,
    /// The whole name, as LIST tells it.
    pub name: String,
}

impl Place {
    fn new(account: AccountId, above: &str, path: String) -> Self {
        Self { account, name: format!("{above}{path}"), path }
    }
}

/// Whether a name is one of the two stems themselves, which nobody can have a mailbox at.
pub(crate) fn is_stem(name: &str) -> bool {
    let mut levels = name.split(DELIMITER);
    let stem = levels.next().is_some_and(|first| first == OTHER_USERS || first == SHARED);
    // `Shared` and `Shared/team@example.org` are stems, what lies below is not.
    stem && levels.nth(1).is_none()
}

/// Whether a name is of somebody else's mailbox.
pub(crate) fn is_elsewhere(name: &str) -> bool {
    name.split_once(DELIMITER).is_some_and(|(stem, _)| stem == OTHER_USERS || stem == SHARED)
}

/// Whether others' mailboxes can be at a name or below it.
pub(crate) fn may_be_elsewhere(name: &str) -> bool {
    name.split(DELIMITER).next().is_some_and(|stem| stem == OTHER_USERS || stem == SHARED)
}

impl Session {
    /// Opens the mailbox of somebody else again, with the rights of now.
    ///
    /// # Errors
    /// Bye when there is none left to read it.
    pub(crate) async fn recheck(&mut self) -> Result<(), Failure> {
        let (Some(selected), Some(principal)) = (self.selected.as_deref(), &self.principal) else {
            return Ok(());
        };
        let (account, id) = (selected.mailbox.account(), selected.mailbox.id());
        if account == principal.account {
            return Ok(());
        }
        if !principal.groups.is_empty() {
            // Who has left a group since the login has lost what only its members may.
            match self.context.directory.principal(principal.account).await {
                Ok(now) => self.principal = Some(now),
                Err(Error::NotFound) => return Err(Failure::Bye("The account has gone")),
                Err(error) => return Err(error.into()),
            }
        }
        let opened = self.reader_of(account).await?.open(id, Rights::READ).await;
        match (opened, self.selected.as_deref_mut()) {
            (Ok(mailbox), Some(selected)) => {
                let had = std::mem::replace(&mut selected.mailbox, mailbox).rights();
                if had != selected.mailbox.rights() {
                    // RFC 4314 5.1.1
                    self.tell_changeable();
                }
                Ok(())
            }
            (Err(Error::NotFound | Error::Forbidden(_)), _) => Err(Failure::Bye("The mailbox has gone")),
            (Err(error), _) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Whose mailbox a name is.
    ///
    /// # Errors
    /// `NotFound` for a name below an address that nobody has.
    pub(crate) async fn place(&self, name: &str) -> Result<Place, Failure> {
        let (principal, own) = self.account()?;
        let (stem, rest) = name.split_once(DELIMITER).unwrap_or((name, ""));
        let kind = match stem {
            // From before these names stood for others: still reached, renamed and removed by it.
            OTHER_USERS | SHARED if self.reader().await?.mailbox_at(name).await?.is_some() => {
                return Ok(Place::new(own, "", name.to_owned()));
            }
            OTHER_USERS => AccountKind::Person,
            SHARED => AccountKind::Group,
            _ if name.is_ascii() => return Ok(Place::new(own, "", name.to_owned())),
            _ => {
                let path = self.reader().await?.spelled(name).await?.into_owned();
                return Ok(Place::new(own, "", path));
            }
        };
        let absent = Failure::Store(Error::NotFound);
        let (address, path) = rest.split_once(DELIMITER).ok_or(absent)?;
        let address = Address::parse(address).map_err(|_| absent)?;
        let found = self.context.directory.by_address(&address).await?;
        let account = found.filter(|found| found.kind == kind && found.address == address).ok_or(absent)?;
        // Who shares nothing with one is as absent as who is not here at all.
        if account.id == principal.account || !self.context.store.shares(account.id, principal).await? {
            return Err(absent);
        }
        let (first, below) = path.split_at(path.find(DELIMITER).unwrap_or(path.len()));
        let first = if first.eq_ignore_ascii_case(INBOX) { INBOX } else { first };
        let path = format!("{first}{below}");
        let path = match path.is_ascii() {
            true => path,
            false => self.reader_of(account.id).await?.spelled(&path).await?.into_owned(),
        };
        Ok(Place::new(account.id, &format!("{stem}{DELIMITER}{}{DELIMITER}", account.address), path))
    }

    /// A snapshot of an account. One of somebody else who has never used it is as absent as one that is not there.
    pub(crate) async fn reader_of(&self, account: AccountId) -> Result<Reader, Failure> {
        let (principal, own) = self.account()?;
        if account == own {
            return self.reader().await;
        }
        let reader = self.context.store.read_if_there(principal, account).await?;
        reader.ok_or(Failure::Store(Error::NotFound))
    }

    /// The turn of an account.
    pub(crate) async fn writer_of(&self, account: AccountId) -> Result<Writer, Failure> {
        let (principal, _) = self.account()?;
        // The mailboxes of a group begin when the first member makes one.
        if !principal.is(account) {
            drop(self.reader_of(account).await?);
        }
        Ok(self.context.store.write(principal, account).await?)
    }

    /// A snapshot of the account whose mailbox is open.
    pub(crate) async fn selected_reader(&self) -> Result<Reader, Failure> {
        self.reader_of(self.selected_account()?).await
    }

    /// The turn of the account whose mailbox is open.
    pub(crate) async fn selected_writer(&self) -> Result<Writer, Failure> {
        self.writer_of(self.selected_account()?).await
    }

    /// Whose mailbox is open; one's own account when none is.
    pub(crate) fn selected_account(&self) -> Result<AccountId, Failure> {
        let (_, own) = self.account()?;
        Ok(self.selected.as_ref().map_or(own, |selected| selected.mailbox.account()))
    }

    /// The other accounts that this principal may see something of, each with what stands before its names.
    pub(crate) async fn others(&self) -> Result<Vec<(String, AccountId)>, Failure> {
        let (principal, _) = self.account()?;
        let mut others = Vec::new();
        let mut ids = self.context.store.sharing(principal).await?;
        ids.extend(&principal.groups);
        for id in ids {
            let Some(account) = self.context.directory.account(id).await? else { continue };
            let stem = match account.kind {
                AccountKind::Person => OTHER_USERS,
                AccountKind::Group => SHARED,
            };
            others.push((format!("{stem}{DELIMITER}{}{DELIMITER}", account.address), id));
        }
        others.sort();
        Ok(others)
    }
}

#[cfg(test)]
mod tests;
