//! Bringing back an account, a collection or one item out of a backup into a store in use, beside what is there.
//!
//! What comes back is new: a message gets a new UID (the same octets, flags without \Deleted, and internal date),
//! an object comes under its name, or a free one where the name is taken by something else. What is there already -
//! the same octets under the same name, or in the same mailbox with the same internal date - is left out, so that a
//! second run adds nothing. An object whose iCalendar or vCard UID is there with other octets is told and left out,
//! unless `replace` says that the backup's version goes over it (the present one can then be undeleted). Collections
//! that are missing are made, with their properties and special use; who shared them must share them again. An
//! administrator does this: the quota may be passed.

mod exact;
mod mail;
mod objects;

use model::{AccountId, Address, CollectionKind, Error, Principal, Result, Role};
use store::{AddressBook, Calendar, Folder, Reader, Store, Writer};

/// What is to be brought back.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A collection and its path; everything without.
    pub collection: Option<(CollectionKind, String)>,
    /// One item of it: the UID of a message, the name of an object.
    pub item: Option<String>,
    /// The path of the collection to put it into, made when it is not there.
    pub into: Option<String>,
    /// Over newer objects with the same UID or name.
    pub replace: bool,
    /// What is there goes first, when all that is wanted can come back.
    pub exact: bool,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Items that came back.
    pub restored_count: u64,
    /// Items that are there already.
    pub present_count: u64,
    /// What did not come back: collection, item, why.
    pub refused: Vec<(String, String, String)>,
}

/// The owner of an account in person.
pub(crate) fn owner(account: AccountId) -> Result<Principal> {
    let address = Address::parse("owner@localhost")?;
    Ok(Principal { account, address, groups: Vec::new(), role: Role::Member })
}

/// The two sides.
pub(crate) struct Sides<'a> {
    source: &'a Store,
    from: Reader,
    target: &'a Store,
    who: Principal,
    wanted: &'a Wanted,
    brought: Brought,
}

impl Sides<'_> {
    async fn write(&self) -> Result<Writer> {
        let mut writer = self.target.write(&self.who, self.who.account).await?;
        writer.pass_quota();
        Ok(writer)
    }

    async fn read(&self) -> Result<Reader> {
        self.target.read(&self.who, self.who.account).await
    }

    fn wants(&self, kind: CollectionKind) -> bool {
        self.wanted.collection.as_ref().is_none_or(|(wanted, _)| *wanted == kind)
    }

    /// What is wanted, as one side spells the mailbox's name.
    async fn wanted_of(&self, side: &Reader) -> Result<Wanted> {
        let mut wanted = self.wanted.clone();
        if let Some((CollectionKind::Mailbox, path)) = &mut wanted.collection {
            *path = side.spelled(path).await?.into_owned();
        }
        Ok(wanted)
    }

    fn wants_item(&self, name: &str) -> bool {
        self.wanted.item.as_ref().is_none_or(|wanted| wanted == name)
    }

    fn refuse(&mut self, collection: &str, item: &str, why: &str) {
        self.brought.refused.push((collection.to_owned(), item.to_owned(), why.to_owned()));
    }
}

/// Brings back what is wanted from an account of a store over a backup into an account of a store in use.
///
/// # Errors
/// `NotFound` when the backup does not have what is wanted; `Unavailable`, `Corrupt`. What has come back by then stays.
pub async fn bring_back(
    (source, was): (&Store, AccountId),
    (target, to): (&Store, AccountId),
    wanted: &Wanted,
) -> Result<Brought> {
    let who = owner(to)?;
    let from = source.read(&owner(was)?, was).await?;
    let mut sides = Sides { source, from, target, who, wanted, brought: Brought::default() };
    if wanted.exact {
        if !sides.is_whole().await? {
            return Ok(sides.brought);
        }
        sides.clear().await?;
    }
    let mut found = false;
    if sides.wants(CollectionKind::Mailbox) {
        found |= sides.mailboxes().await?;
    }
    if sides.wants(CollectionKind::Calendar) {
        found |= sides.collections::<Calendar>().await?;
    }
    if sides.wants(CollectionKind::AddressBook) {
        found |= sides.collections::<AddressBook>().await?;
    }
    if sides.wants(CollectionKind::Folder) {
        found |= sides.collections::<Folder>().await?;
    }
    let nothing = wanted.item.is_some() && sides.brought == Brought::default();
    if found && !nothing { Ok(sides.brought) } else { Err(Error::NotFound) }
}

/// Whether a path is the wanted one or below it, and where it goes then.
pub(crate) fn goes_to(path: &str, wanted: &Wanted) -> Option<String> {
    let Some((_, top)) = &wanted.collection else { return Some(path.to_owned()) };
    let rest = path.strip_prefix(top.as_str())?;
    let below = rest.starts_with('/');
    if !(rest.is_empty() || below && wanted.item.is_none()) {
        return None;
    }
    Some(match &wanted.into {
        Some(into) => format!("{into}{rest}"),
        None => path.to_owned(),
    })
}

#[cfg(test)]
mod tests;
