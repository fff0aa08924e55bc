//! Annotations of mailboxes and of the account (RFC 5464): small values under names, shared by all who see the
//! mailbox or private to one principal.
//!
//! They lie beside the mailboxes, not in them: a change of one is no change of a message and moves no Modseq of
//! the mailbox, only the account's.

use crate::{
    collection::{Collection, after},
    key::Key,
    kind::Mailbox,
    limits::{
        METADATA_ENTRY_COUNT_MAX, METADATA_NAME_BYTES_MAX, METADATA_TOTAL_BYTES_MAX,
        METADATA_VALUE_BYTES_MAX, SCAN_PAGE_COUNT,
    },
    reader::Reader,
    writer::Writer,
};
use bytes::Bytes;
use engine::Table;
use model::{AccountId, CollectionId, Error, Result, Rights};

/// Whose an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Of all who see the mailbox.
    Shared,
    /// Of the principal who reads or writes.
    Private,
}

/// What is annotated.
#[derive(Clone, Copy, Debug)]
pub enum Annotated<'a> {
    /// A mailbox.
    Mailbox(&'a Collection<Mailbox>),
    /// The account itself: RFC 5464's server annotations, as this principal sees them.
    Account,
}

impl Annotated<'_> {
    fn id(&self) -> CollectionId {
        match self {
            Self::Mailbox(mailbox) => mailbox.id(),
            Self::Account => CollectionId::ROOT,
        }
    }
}

/// `account, collection, principal or 0 for all, name`.
fn prefix(account: AccountId, id: CollectionId, whose: AccountId) -> Key {
    Key::collection(account, id).number(whose.0)
}

impl Reader {
    fn whose(&self, audience: Audience) -> AccountId {
        match audience {
            Audience::Shared => AccountId(0),
            Audience::Private => self.principal().account,
        }
    }

    fn may_annotate(&self, what: Annotated<'_>, need: Rights) -> Result<()> {
        match what {
            Annotated::Mailbox(mailbox) if mailbox.rights().intersects(Rights::ANNOTATING) => {
                mailbox.need(Rights::LOOKUP | need)
            }
            Annotated::Mailbox(_) => Err(Error::Forbidden(Rights::READ)),
            Annotated::Account if self.principal().is(self.account()) => Ok(()),
            Annotated::Account => Err(Error::NotFound),
        }
    }

    /// All annotations of an audience, by name, in order.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::LOOKUP`] and one of [`Rights::ANNOTATING`].
    pub async fn annotations(&self, what: Annotated<'_>, audience: Audience) -> Result<Vec<(String, Bytes)>> {
        self.may_annotate(what, Rights::empty())?;
        let prefix = prefix(self.account(), what.id(), self.whose(audience));
        let mut range = prefix.prefix();
        let mut found = Vec::new();
        loop {
            let page = self.view().scan(Table::Metadata, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let name = key.get(prefix.len()..).ok_or(Error::Corrupt)?;
                let name = str::from_utf8(name).map_err(|_| Error::Corrupt)?;
                found.push((name.to_owned(), value.clone()));
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(found),
            }
        }
    }
}

impl Writer {
    /// Sets annotations, or takes those without a value away; all of them or none.
    ///
    /// # Errors
    /// `Forbidden` as for [`Reader::annotations`], and without [`Rights::WRITE`] for shared ones; `TooLarge` past
    /// [`METADATA_VALUE_BYTES_MAX`], [`METADATA_NAME_BYTES_MAX`], [`METADATA_ENTRY_COUNT_MAX`] or
    /// [`METADATA_TOTAL_BYTES_MAX`], the limit being the number told.
    pub async fn annotate(
        &mut self,
        what: Annotated<'_>,
        audience: Audience,
        changes: &[(String, Option<Bytes>)],
    ) -> Result<()> {
        self.may_annotate(
            what,
            match audience {
                Audience::Shared => Rights::WRITE,
                Audience::Private => Rights::empty(),
            },
        )?;
        let prefix = prefix(self.account(), what.id(), self.whose(audience));
        for (name, value) in changes {
            let key = prefix.clone().bytes(name.as_bytes()).done();
            let Some(value) = value else {
                self.delete_raw(Table::Metadata, key);
                continue;
            };
            if name.len() > METADATA_NAME_BYTES_MAX {
                return Err(Error::TooLarge(METADATA_NAME_BYTES_MAX as u64));
            }
            if value.len() > METADATA_VALUE_BYTES_MAX {
                return Err(Error::TooLarge(METADATA_VALUE_BYTES_MAX as u64));
            }
            self.put_raw(Table::Metadata, key, value.clone());
        }
        self.touch();
        let now = self.annotations_now(&prefix).await?;
        if now.0 > METADATA_ENTRY_COUNT_MAX {
            return Err(Error::TooLarge(METADATA_ENTRY_COUNT_MAX as u64));
        }
        if now.1 > METADATA_TOTAL_BYTES_MAX {
            return Err(Error::TooLarge(METADATA_TOTAL_BYTES_MAX as u64));
        }
        Ok(())
    }

    /// Gives a new mailbox everybody's annotations of another one.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub(crate) async fn copy_annotations(
        &mut self,
        from: &Collection<Mailbox>,
        to: &Collection<Mailbox>,
    ) -> Result<()> {
        let prefix = Key::collection(self.account(), from.id());
        let mut range = prefix.prefix();
        loop {
            let page = self.view().scan(Table::Metadata, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let rest = key.get(prefix.len()..).ok_or(Error::Corrupt)?;
                let key = Key::collection(self.account(), to.id()).bytes(rest).done();
                self.put_raw(Table::Metadata, key, value.clone());
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }

    /// How many annotations of an audience there are, and how large they are together.
    async fn annotations_now(&self, prefix: &Key) -> Result<(usize, usize)> {
        let range = prefix.prefix();
        let limit = METADATA_ENTRY_COUNT_MAX + 1;
        let page = self.view().scan(Table::Metadata, &range, limit, false).await?;
        let bytes = page.iter().map(|(key, value)| key.len() - prefix.len() + value.len()).sum();
        Ok((page.len(), bytes))
    }
}

#[cfg(test)]
mod tests;
