//! Mailboxes by path, and what happens to messages in them: append, copy, move, flags, expunge.
//!
//! Paths are UTF-8 with `/` between levels; `INBOX` is the one that deliveries go to and cannot go away
//! (RFC 9051 5.1, 6.3.4-6.3.6). A subscription outlives its mailbox (RFC 3501 6.3.6), so the names of gone
//! ones are kept as properties of INBOX.

use crate::{
    collection::{Collection, NewCollection, child_key, valid_name},
    flagging::allowed_flags,
    kind::Mailbox,
    limits::{COLLECTION_DEPTH_MAX, SCAN_PAGE_COUNT},
    message::NewMessage,
    reader::Reader,
    record::{CollectionRow, MessageRow},
    seen::seen_by,
    writer::Writer,
};
use engine::Table;
use model::{CollectionId, CollectionKind, Error, Flags, Result, Rights, SystemFlags, Uid};

/// What stands between the levels of a path.
pub const DELIMITER: char = '/';
/// The mailbox that deliveries go to.
pub const INBOX: &str = "INBOX";
/// Properties of INBOX that begin so name subscribed mailboxes that are not there.
const GONE: &str = "imap:subscribed:";
/// From this many on, a run of rows is read in one sweep.
const SWEEP_COUNT_MIN: usize = 8;
/// The most subscriptions of mailboxes that are not there.
pub const GONE_SUBSCRIPTION_COUNT_MAX: usize = 1_000;

/// A mailbox as a listing shows it.
#[derive(Clone, Debug)]
pub struct MailboxEntry {
    /// Its number.
    pub id: CollectionId,
    /// Its whole path.
    pub path: String,
    /// Its record.
    pub row: CollectionRow,
    /// Whether mailboxes lie in it.
    pub has_children: bool,
}

/// How flags are changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// They become these.
    Replace(Flags),
    /// These are added.
    Add(Flags),
    /// These are taken off.
    Remove(Flags),
}

impl FlagChange {
    /// The flags after the change.
    ///
    /// # Errors
    /// `TooLarge` when a message would carry too many keywords.
    pub fn apply(&self, old: &Flags) -> Result<Flags> {
        match self {
            Self::Replace(flags) => Ok(flags.clone()),
            Self::Add(flags) => {
                let mut new = old.clone();
                new.add(flags).map(|()| new)
            }
            Self::Remove(flags) => {
                let mut new = old.clone();
                new.remove(flags);
                Ok(new)
            }
        }
    }
}

/// Messages on their way from one mailbox of an account into another.
struct Entering<'m> {
    to: &'m Collection<Mailbox>,
    /// What this principal has seen there does not stand in the rows.
    own_seen: bool,
    /// What of it they have seen.
    seen: Vec<Uid>,
}

/// Checks every level of a path before any of it is made.
fn valid_path(path: &str) -> Result<()> {
    if path.split(DELIMITER).count() > COLLECTION_DEPTH_MAX {
        return Err(Error::TooLarge(COLLECTION_DEPTH_MAX as u64));
    }
    path.split(DELIMITER).try_for_each(valid_name)
}

impl Reader {
    /// The mailbox at a path, if the principal may speak of it ([`Rights::NAMING`]).
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn mailbox_at(&self, path: &str) -> Result<Option<CollectionId>> {
        let mut at = CollectionId::ROOT;
        // Those above it need not be known: one mailbox may be shared without what it lies in.
        for level in path.split(DELIMITER) {
            let key = child_key(self.account(), at, CollectionKind::Mailbox, level);
            match self.load(Table::Child, &key).await? {
                Some(id) => at = id,
                None => return Ok(None),
            }
        }
        let row = self.collection_row(at).await?.ok_or(Error::Corrupt)?;
        Ok(self.rights_on(&row).intersects(Rights::NAMING).then_some(at))
    }

    /// Opens the mailbox at a path.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub async fn open_mailbox(&self, path: &str, need: Rights) -> Result<Collection<Mailbox>> {
        let id = self.mailbox_at(path).await?.ok_or(Error::NotFound)?;
        self.open(id, need).await
    }

    /// Every mailbox that the principal may know of: INBOX and what is in it first, each before its children.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn mailboxes(&self) -> Result<Vec<MailboxEntry>> {
        let mut found = Vec::new();
        let mut waiting = vec![(CollectionId::ROOT, String::new(), None::<CollectionRow>)];
        while let Some((id, path, row)) = waiting.pop() {
            let mut children = self.all_mailboxes(id).await?;
            if id == CollectionId::ROOT {
                children.sort_by_key(|(_, row)| row.name != INBOX);
            }
            if let Some(row) = row {
                let is_known = |row: &CollectionRow| self.rights_on(row).contains(Rights::LOOKUP);
                let has_children = children.iter().any(|(_, child)| is_known(child));
                if is_known(&row) {
                    found.push(MailboxEntry { id, path: path.clone(), row, has_children });
                }
            }
            for (child, row) in children.into_iter().rev() {
                let below =
                    if path.is_empty() { row.name.clone() } else { format!("{path}{DELIMITER}{}", row.name) };
                waiting.push((child, below, Some(row)));
            }
        }
        Ok(found)
    }

    /// Paths that are subscribed to and not there.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn gone_subscriptions(&self) -> Result<Vec<String>> {
        let Some(inbox) = self.child(CollectionId::ROOT, CollectionKind::Mailbox, INBOX).await? else {
            return Ok(Vec::new());
        };
        let row = self.collection_row(inbox).await?.ok_or(Error::Corrupt)?;
        Ok(row.properties.keys().filter_map(|name| name.strip_prefix(GONE).map(str::to_owned)).collect())
    }
}

impl Writer {
    /// Makes a mailbox, and those above it that are not there (RFC 9051 6.3.4).
    ///
    /// # Errors
    /// `Exists`; as [`Writer::create`].
    pub async fn create_mailbox(&mut self, path: &str, new: NewCollection) -> Result<Collection<Mailbox>> {
        valid_path(path)?;
        let (parents, name) = match path.rsplit_once(DELIMITER) {
            Some((parents, name)) => (Some(parents), name),
            None => (None, path),
        };
        let parent = match parents {
            Some(parents) => self.mailbox_or_create(parents).await?,
            None => CollectionId::ROOT,
        };
        let subscribed = new.subscribed || self.is_owner() && self.take_gone_subscription(path).await?;
        self.create(parent, name, NewCollection { subscribed, ..new }).await
    }

    /// The mailbox at a path, made if it is not there.
    async fn mailbox_or_create(&mut self, path: &str) -> Result<CollectionId> {
        if let Some(id) = self.mailbox_at(path).await? {
            return Ok(id);
        }
        let (above, name) = match path.rsplit_once(DELIMITER) {
            // As deep as a path may be, which was asked before.
            Some((above, name)) => (Box::pin(self.mailbox_or_create(above)).await?, name),
            None => (CollectionId::ROOT, path),
        };
        Ok(self.create::<Mailbox>(above, name, NewCollection::default()).await?.id())
    }

    /// Removes a mailbox with its messages. Its subscription stays.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for INBOX; `Conflict` when mailboxes lie in it; `Forbidden`.
    pub async fn remove_mailbox(&mut self, path: &str) -> Result<CollectionId> {
        if path == INBOX {
            return Err(Error::Invalid("INBOX cannot be deleted"));
        }
        let mailbox = self.open_mailbox(path, Rights::REMOVE).await?;
        self.remove_collection(&mailbox).await?;
        if mailbox.row().subscribed && self.is_owner() {
            self.keep_gone_subscription(path).await?;
        }
        Ok(mailbox.id())
    }

    /// Renames a mailbox with all below it, making what is missing above the new name. INBOX stays where it
    /// is: its messages go to the new mailbox (RFC 9051 6.3.6), which gets its annotations too (RFC 5464 4.1).
    ///
    /// # Errors
    /// `NotFound`; `Exists`; `Conflict` when the new path lies inside the old one; `Forbidden`.
    pub async fn rename_mailbox(&mut self, from: &str, to: &str) -> Result<()> {
        valid_path(to)?;
        if from == INBOX {
            let source = self.open_mailbox(from, Rights::READ).await?;
            let target = self.create_mailbox(to, NewCollection::default()).await?;
            self.copy_annotations(&source, &target).await?;
            let uids = self.uids(&source).await?;
            return self.move_messages(&source, &target, &uids).await.map(drop);
        }
        let source = self.open_mailbox(from, Rights::REMOVE).await?;
        let inside = to.strip_prefix(from).is_some_and(|rest| rest.starts_with(DELIMITER));
        if inside {
            return Err(Error::Conflict);
        }
        if self.mailbox_at(to).await?.is_some() {
            return Err(Error::Exists);
        }
        let (parent, name) = match to.rsplit_once(DELIMITER) {
            Some((parents, name)) => (self.mailbox_or_create(parents).await?, name),
            None => (CollectionId::ROOT, to),
        };
        self.rename(&source, parent, name).await
    }

    /// Subscribes to a path, or ends that, whether a mailbox is there or not.
    ///
    /// # Errors
    /// `NotFound` where there is no subscription to end; `Invalid` for what is no path; `TooLarge` past
    /// [`GONE_SUBSCRIPTION_COUNT_MAX`]; `Forbidden`.
    pub async fn subscribe_mailbox(&mut self, path: &str, subscribed: bool) -> Result<()> {
        let Some(id) = self.mailbox_at(path).await? else {
            valid_path(path)?;
            return self.subscribe_elsewhere(path, subscribed).await;
        };
        let mailbox = self.open::<Mailbox>(id, Rights::LOOKUP).await?;
        if self.row(&mailbox).await?.subscribed == subscribed {
            return Ok(());
        }
        self.change_collection(&mailbox, |row| row.subscribed = subscribed).await
    }

    /// Subscribes to a name outside of this account, which need not be there; or ends that.
    ///
    /// # Errors
    /// `NotFound` where there is no subscription to end; `TooLarge` past [`GONE_SUBSCRIPTION_COUNT_MAX`].
    pub async fn subscribe_elsewhere(&mut self, name: &str, subscribed: bool) -> Result<()> {
        if subscribed {
            return self.keep_gone_subscription(name).await;
        }
        if self.take_gone_subscription(name).await? { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Whether the principal acts in an account of its own.
    fn is_owner(&self) -> bool {
        self.principal().is(self.account())
    }

    async fn keep_gone_subscription(&mut self, path: &str) -> Result<()> {
        let gone = self.gone_subscriptions().await?;
        if gone.iter().any(|name| name == path) {
            return Ok(());
        }
        if gone.len() >= GONE_SUBSCRIPTION_COUNT_MAX {
            return Err(Error::TooLarge(GONE_SUBSCRIPTION_COUNT_MAX as u64));
        }
        let inbox = self.open_mailbox(INBOX, Rights::LOOKUP).await?;
        let name = format!("{GONE}{path}");
        self.change_collection(&inbox, |row| {
            row.properties.insert(name, String::new());
        })
        .await
    }

    /// Ends the subscription of a path that is not there; whether there was one.
    async fn take_gone_subscription(&mut self, path: &str) -> Result<bool> {
        if !self.gone_subscriptions().await?.iter().any(|name| name == path) {
            return Ok(false);
        }
        let inbox = self.open_mailbox(INBOX, Rights::LOOKUP).await?;
        let name = format!("{GONE}{path}");
        self.change_collection(&inbox, |row| {
            row.properties.remove(&name);
        })
        .await?;
        Ok(true)
    }

    /// The UID for the next message of a mailbox.
    pub(crate) async fn next_uid(&mut self, mailbox: &Collection<Mailbox>) -> Result<Uid> {
        let mut row = self.row(mailbox).await?;
        let uid = row.uid_next;
        if uid.next() == uid {
            return Err(Error::TooLarge(u64::from(u32::MAX)));
        }
        row.uid_next = uid.next();
        self.set_collection_row(mailbox.id(), row);
        Ok(uid)
    }

    async fn uids(&self, mailbox: &Collection<Mailbox>) -> Result<Vec<Uid>> {
        let mut uids: Vec<Uid> = Vec::new();
        loop {
            let page = self.entries(mailbox, uids.last(), SCAN_PAGE_COUNT).await?;
            let full = page.len() == SCAN_PAGE_COUNT;
            uids.extend(page.into_iter().map(|(uid, _)| uid));
            if !full {
                return Ok(uids);
            }
        }
    }

    /// The rows of messages, in the order of the UIDs. A run of UIDs is read in one sweep, which costs a
    /// fraction of as many single reads.
    pub(crate) async fn rows_of(
        &self,
        mailbox: &Collection<Mailbox>,
        uids: &[Uid],
    ) -> Result<Vec<Option<MessageRow>>> {
        let span = uids.first().zip(uids.last()).map(|(first, last)| last.0.saturating_sub(first.0));
        let is_run = uids.len() >= SWEEP_COUNT_MIN
            && uids.is_sorted()
            && span.is_some_and(|span| span as usize + 1 == uids.len());
        if !is_run {
            return self.entries_of(mailbox, uids).await;
        }
        let before = uids.first().map(|first| Uid(first.0.saturating_sub(1)));
        let found = self.entries(mailbox, before.as_ref(), uids.len()).await?;
        let mut found = found.into_iter().peekable();
        let row = |uid: &Uid| found.next_if(|(other, _)| other == uid).map(|(_, row)| row);
        Ok(uids.iter().map(row).collect())
    }

    /// Copies messages into a mailbox of this account; those that are not there are left out. Nothing but
    /// the row is written twice: copies share their message record, and how many there are stands beside it.
    ///
    /// Returns the pairs of old and new UID, in the order of `uids`.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::READ`] there and [`Rights::INSERT`] here; `OverQuota`; `TooLarge` when they are more
    /// than one batch holds.
    pub async fn copy_messages(
        &mut self,
        from: &Collection<Mailbox>,
        to: &Collection<Mailbox>,
        uids: &[Uid],
    ) -> Result<Vec<(Uid, Uid)>> {
        from.need(Rights::READ)?;
        to.need(Rights::INSERT)?;
        let mut pairs = Vec::with_capacity(uids.len());
        let sight = self.sight(from, uids).await?;
        let mut entering = self.entering(to).await?;
        for page in uids.chunks(SCAN_PAGE_COUNT) {
            let mut shared = Vec::with_capacity(page.len());
            for (uid, row) in page.iter().zip(self.rows_of(from, page).await?) {
                let Some(row) = row else { continue };
                shared.push(row.message);
                let known = seen_by(sight.as_ref(), *uid, &row.flags);
                pairs.push((*uid, self.enter(&mut entering, row, known).await?));
            }
            self.share_messages(&shared).await?;
        }
        self.mark_seen(to, &entering.seen).await?;
        Ok(pairs)
    }

    /// Copies messages out of another account, as `source` shows it; those that are not there are left out. The
    /// octets are shared, the records are this account's own, and so is the room they take.
    ///
    /// Returns the pairs of old and new UID, in the order of `uids`.
    ///
    /// # Errors
    /// As [`Writer::copy_messages`]; `Conflict` when a message was removed for good meanwhile.
    pub async fn copy_from(
        &mut self,
        source: &Reader,
        from: &Collection<Mailbox>,
        to: &Collection<Mailbox>,
        uids: &[Uid],
    ) -> Result<Vec<(Uid, Uid)>> {
        from.need(Rights::READ)?;
        to.need(Rights::INSERT)?;
        let mut pairs = Vec::with_capacity(uids.len());
        let sight = source.sight(from, uids).await?;
        for page in uids.chunks(SCAN_PAGE_COUNT) {
            for (uid, row) in page.iter().zip(source.entries_of(from, page).await?) {
                let Some(row) = row else { continue };
                let record = source.message(row.message).await?;
                let flags = seen_by(sight.as_ref(), *uid, &row.flags);
                let new = NewMessage { record, flags, received: row.received, keys: None };
                pairs.push((*uid, self.append(to, new).await?));
            }
        }
        Ok(pairs)
    }

    /// Removes messages for good, whatever their flags: what is left of a move into another account.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::DELETE`] and [`Rights::EXPUNGE`].
    pub async fn remove_messages(&mut self, mailbox: &Collection<Mailbox>, uids: &[Uid]) -> Result<()> {
        mailbox.need(Rights::DELETE | Rights::EXPUNGE)?;
        for uid in uids {
            match self.remove(mailbox, uid).await {
                Ok(row) => self.bury_message(mailbox.id(), *uid, row).await?,
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Moves messages into another mailbox of this account; those that are not there are left out.
    ///
    /// Returns the pairs of old and new UID, in the order of `uids`.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::READ`], [`Rights::DELETE`] and [`Rights::EXPUNGE`] there and
    /// [`Rights::INSERT`] here (RFC 6851 3.2).
    pub async fn move_messages(
        &mut self,
        from: &Collection<Mailbox>,
        to: &Collection<Mailbox>,
        uids: &[Uid],
    ) -> Result<Vec<(Uid, Uid)>> {
        from.need(Rights::READ | Rights::DELETE | Rights::EXPUNGE)?;
        to.need(Rights::INSERT)?;
        let mut pairs = Vec::with_capacity(uids.len());
        let sight = self.sight(from, uids).await?;
        let mut entering = self.entering(to).await?;
        for uid in uids {
            let row = match self.remove(from, uid).await {
                Ok(row) => row,
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            };
            let known = seen_by(sight.as_ref(), *uid, &row.flags);
            pairs.push((*uid, self.enter(&mut entering, row, known).await?));
        }
        self.mark_seen(to, &entering.seen).await?;
        Ok(pairs)
    }

    /// For messages of this account that go into a mailbox.
    async fn entering<'m>(&self, to: &'m Collection<Mailbox>) -> Result<Entering<'m>> {
        let own_seen = self.seer(&self.row(to).await?).is_some();
        Ok(Entering { to, own_seen, seen: Vec::new() })
    }

    /// Puts a row of an existing message into a mailbox under its next UID, with the flags that the principal knows.
    async fn enter(&mut self, into: &mut Entering<'_>, mut row: MessageRow, known: Flags) -> Result<Uid> {
        let uid = self.next_uid(into.to).await?;
        row.saved = self.store().env().now();
        let mut flags = allowed_flags(into.to.rights(), known);
        if into.own_seen {
            if flags.system.contains(SystemFlags::SEEN) {
                into.seen.push(uid);
            }
            // What the owner has seen of it stays so.
            flags.system.set(SystemFlags::SEEN, row.flags.system.contains(SystemFlags::SEEN));
        }
        row.flags = flags;
        self.put(into.to, &uid, row).await?;
        Ok(uid)
    }

    /// Changes flags of messages; those that are not there are left out, those that stay as they are take no
    /// Modseq.
    ///
    /// Returns the UIDs that are there, ascending, with the flags they have now.
    ///
    /// # Errors
    /// `Forbidden` when rights are missing for all that would change; `TooLarge` for too many keywords.
    pub async fn change_flags(
        &mut self,
        mailbox: &Collection<Mailbox>,
        uids: &[Uid],
        change: &FlagChange,
    ) -> Result<Vec<(Uid, Flags)>> {
        let flagged = self.change_flags_unless(mailbox, uids, change, None).await?;
        Ok(flagged.now.into_iter().map(|(uid, flags, _)| (uid, flags)).collect())
    }

    /// Removes messages for good where `uids` names them and they carry \Deleted; returns which went.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::EXPUNGE`].
    pub async fn expunge(&mut self, mailbox: &Collection<Mailbox>, uids: &[Uid]) -> Result<Vec<Uid>> {
        mailbox.need(Rights::EXPUNGE)?;
        let mut gone = Vec::new();
        for (uid, row) in uids.iter().zip(self.rows_of(mailbox, uids).await?) {
            let deleted = row.is_some_and(|row| row.flags.system.contains(SystemFlags::DELETED));
            if deleted {
                let row = self.remove(mailbox, uid).await?;
                self.bury_message(mailbox.id(), *uid, row).await?;
                gone.push(*uid);
            }
        }
        Ok(gone)
    }

    /// Removes every message that carries \Deleted; returns which went.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::EXPUNGE`].
    pub async fn expunge_all(&mut self, mailbox: &Collection<Mailbox>) -> Result<Vec<Uid>> {
        mailbox.need(Rights::EXPUNGE)?;
        if self.row(mailbox).await?.deleted == 0 {
            return Ok(Vec::new());
        }
        let uids = self.uids(mailbox).await?;
        self.expunge(mailbox, &uids).await
    }
}

#[cfg(test)]
mod tests;
