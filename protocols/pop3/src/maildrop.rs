//! The maildrop (RFC 1939 5): the messages of INBOX as they stood at login, by number, and what happens to them.

use crate::limits::ROWS_AT_ONCE;
use model::{Error, Principal, Result, Rights, Uid, UidValidity};
use store::{Collection, Committed, INBOX, Mailbox, MessageRecord, Store};

/// A message of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) uid: Uid,
    /// Octets; a message of 4 GiB or more cannot be stored.
    pub(crate) size: u32,
    /// Whether QUIT removes it.
    pub(crate) deleted: bool,
}

/// What QUIT came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Updated {
    /// Messages that were marked and are gone.
    pub(crate) removed: usize,
}

/// The list of one session.
#[derive(Debug)]
pub(crate) struct Maildrop {
    uid_validity: UidValidity,
    entries: Vec<Entry>,
}

impl Maildrop {
    /// Lists the principal's INBOX, at most `count_max` messages of it, the oldest first.
    ///
    /// # Errors
    /// Of the store.
    pub(crate) async fn open(store: &Store, who: &Principal, count_max: usize) -> Result<Self> {
        let reader = store.read(who, who.account).await?;
        let inbox = reader.open_mailbox(INBOX, Rights::READ).await?;
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let most = ROWS_AT_ONCE.min(count_max - entries.len());
            let last = entries.last().map(|entry| entry.uid);
            let page = reader.entries(&inbox, last.as_ref(), most).await?;
            let full = most > 0 && page.len() == most;
            entries.extend(page.into_iter().map(|(uid, row)| Entry {
                uid,
                size: u32::try_from(row.size).unwrap_or(u32::MAX),
                deleted: false,
            }));
            if !full {
                let uid_validity = inbox.row().uid_validity;
                return Ok(Self { uid_validity, entries });
            }
        }
    }

    /// The messages that are not marked, with their numbers, from a number on.
    pub(crate) fn from(&self, number: usize) -> impl Iterator<Item = (usize, &Entry)> {
        let numbered = self.entries.iter().enumerate().map(|(index, entry)| (index + 1, entry));
        numbered.skip(number.saturating_sub(1)).filter(|(_, entry)| !entry.deleted)
    }

    /// How many messages are not marked, and how many octets they have.
    pub(crate) fn tally(&self) -> (usize, u64) {
        self.from(1).fold((0, 0), |(count, octets), (_, entry)| (count + 1, octets + u64::from(entry.size)))
    }

    /// The message of a number, unless it is marked.
    pub(crate) fn get(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number.checked_sub(1)?).filter(|entry| !entry.deleted)
    }

    /// Marks a message; whether there was one to be marked.
    pub(crate) fn mark(&mut self, number: usize) -> bool {
        let entry = number.checked_sub(1).and_then(|index| self.entries.get_mut(index));
        match entry.filter(|entry| !entry.deleted) {
            Some(entry) => {
                entry.deleted = true;
                true
            }
            None => false,
        }
    }

    /// Takes every mark off.
    pub(crate) fn reset(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.deleted = false);
    }

    /// What UIDL tells of a message (RFC 1939 7): the same in every session, never another message's.
    pub(crate) fn unique_id(&self, entry: &Entry) -> String {
        format!("{}.{}", self.uid_validity, entry.uid)
    }

    /// The record of a message.
    ///
    /// # Errors
    /// `NotFound` when another session has removed it.
    pub(crate) async fn record(&self, store: &Store, who: &Principal, uid: Uid) -> Result<MessageRecord> {
        let reader = store.read(who, who.account).await?;
        let inbox = self.same(reader.open_mailbox(INBOX, Rights::READ).await?)?;
        let row = reader.entry(&inbox, &uid).await?.ok_or(Error::NotFound)?;
        reader.message(row.message).await
    }

    /// Removes what is marked and still there, durably. `None` when nothing is marked: then nothing is written.
    ///
    /// # Errors
    /// Of the store; then nothing was removed.
    pub(crate) async fn update(&self, store: &Store, who: &Principal) -> Result<Option<Committed<Updated>>> {
        let uids: Vec<Uid> =
            self.entries.iter().filter(|entry| entry.deleted).map(|entry| entry.uid).collect();
        if uids.is_empty() {
            return Ok(None);
        }
        let mut writer = store.write(who, who.account).await?;
        let inbox = self.same(writer.open_mailbox(INBOX, Rights::DELETE | Rights::EXPUNGE).await?)?;
        writer.remove_messages(&inbox, &uids).await?;
        writer.commit(Updated { removed: uids.len() }).await.map(Some)
    }

    /// The mailbox, if its UIDs still mean what they meant at login.
    fn same(&self, inbox: Collection<Mailbox>) -> Result<Collection<Mailbox>> {
        if inbox.row().uid_validity == self.uid_validity { Ok(inbox) } else { Err(Error::NotFound) }
    }
}

#[cfg(test)]
mod tests;
