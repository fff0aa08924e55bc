//! \Seen of a mailbox that several people read: one flag for all, or each one's own, as whoever administers the
//! mailbox chooses (RFC 4314 4 leaves it to the server).
//!
//! Where it is each one's own, the rows keep what the mailbox's owner has seen; what anybody else has seen stands in
//! [`Table::Seen`] under `account, collection, principal, page`, a page for [`SEEN_PAGE_UIDS`] UIDs. All that one
//! person has seen of a mailbox is one short range of rows: a page that was read through is a few octets, and none is
//! longer than one octet for each UID. UIDs of messages that have gone stay in: no UID is given twice, and whole runs
//! are shorter than runs with holes.
//!
//! Principal 0 stands for everybody who has no page of their own there: it is what had been seen when the choice was
//! made, so that nobody finds read mail unread because of it. When \Seen becomes one flag again, a message is seen that
//! anybody has seen.
//!
//! *Invariant:* a change of what somebody has seen is a change of the message: it takes a Modseq, so that every session
//! of theirs hears of it. Others see the new Modseq with the flags they know (RFC 7162 3.1 allows it).
//! *Invariant:* only mailboxes whose record says so have rows here.

use crate::{
    collection::{Collection, after, check_properties},
    key::{Key, split_number},
    kind::Mailbox,
    limits::{SCAN_PAGE_COUNT, SEEN_JOINED_COUNT_MAX, SEEN_PAGE_UIDS},
    reader::Reader,
    record::{self, CollectionRow, MessageRow},
    writer::Writer,
};
use engine::Table;
use model::{AccountId, CollectionId, Error, Flags, Result, Rights, SystemFlags, Uid};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The property of a mailbox that says whose \Seen is.
pub const SEEN_PROPERTY: &str = "imap:seen";
const OWN: &str = "own";
const SHARED: &str = "shared";
/// Under this principal stands what was seen when the choice was made.
pub(crate) const EVERYBODY: AccountId = AccountId(0);
/// Bits of a word of a page.
const WORD_BITS: u32 = u64::BITS;
const PAGE_WORDS: usize = (SEEN_PAGE_UIDS / WORD_BITS) as usize;

/// Whether a value of [`SEEN_PROPERTY`] says that \Seen is each user's own.
#[must_use]
pub fn chosen_seen(choice: &str) -> bool {
    choice == OWN
}

impl CollectionRow {
    /// Whether \Seen is each user's own, where that was chosen.
    #[must_use]
    pub fn seen_choice(&self) -> Option<bool> {
        self.properties.get(SEEN_PROPERTY).map(|choice| chosen_seen(choice))
    }

    /// Whether \Seen is each user's own; it is one flag for all unless that was chosen.
    #[must_use]
    pub fn seen_is_own(&self) -> bool {
        self.seen_choice() == Some(true)
    }
}

/// A page as it is stored: how long the runs are, one of unseen UIDs first, then in turn; the last is of seen ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeenRuns(pub(crate) Vec<u16>);

/// Which UIDs of a page somebody has seen, a bit for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenPage([u64; PAGE_WORDS]);

impl Default for SeenPage {
    fn default() -> Self {
        Self([0; PAGE_WORDS])
    }
}

impl SeenPage {
    /// `None` for runs that no page is stored as.
    pub(crate) fn read(runs: &SeenRuns) -> Option<Self> {
        let mut page = Self::default();
        let (mut at, mut seen) = (0u32, false);
        for (index, &run) in runs.0.iter().enumerate() {
            let end = at.checked_add(u32::from(run)).filter(|end| *end <= SEEN_PAGE_UIDS)?;
            if run == 0 && index > 0 {
                return None;
            }
            (at..end).filter(|_| seen).for_each(|place| page.set(place, true));
            (at, seen) = (end, !seen);
        }
        // An even number of them: the last is of seen ones.
        (!seen).then_some(page)
    }

    pub(crate) fn runs(&self) -> SeenRuns {
        let mut runs = Vec::new();
        let (mut length, mut seen) = (0u16, false);
        for place in 0..SEEN_PAGE_UIDS {
            if self.has(place) == seen {
                length += 1;
                continue;
            }
            runs.push(length);
            (length, seen) = (1, !seen);
        }
        if seen {
            runs.push(length);
        }
        SeenRuns(runs)
    }

    fn word(place: u32) -> (usize, u64) {
        (usize::try_from(place / WORD_BITS).unwrap_or(usize::MAX), 1 << (place % WORD_BITS))
    }

    fn has(&self, place: u32) -> bool {
        let (word, bit) = Self::word(place);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    fn set(&mut self, place: u32, seen: bool) {
        let (word, bit) = Self::word(place);
        if let Some(word) = self.0.get_mut(word) {
            *word = if seen { *word | bit } else { *word & !bit };
        }
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Takes out of a page of that number what was not yet given as a UID; whether there was anything.
    pub(crate) fn cut(&mut self, number: u32, uid_next: Uid) -> bool {
        let before = self.clone();
        let from = uid_next.0.saturating_sub(number.saturating_mul(SEEN_PAGE_UIDS));
        (from..SEEN_PAGE_UIDS).for_each(|place| self.set(place, false));
        *self != before
    }

    fn merge(&mut self, other: &Self, word: impl Fn(u64, u64) -> u64) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = word(*mine, theirs);
        }
    }
}

/// The page of a UID, and its place in it.
pub(crate) fn page_of(uid: Uid) -> (u32, u32) {
    (uid.0 / SEEN_PAGE_UIDS, uid.0 % SEEN_PAGE_UIDS)
}

/// `account, collection, principal, page`.
pub(crate) fn seen_key(account: AccountId, id: CollectionId, who: AccountId, page: u32) -> Vec<u8> {
    Key::collection(account, id).number(who.0).number(page).done()
}

/// Mailbox, principal and page of a key, of which the account has been taken off; `None` for one that is none.
pub(crate) fn split_seen(rest: &[u8]) -> Option<(CollectionId, AccountId, u32)> {
    let (id, rest) = split_number(rest)?;
    let (who, rest) = split_number(rest)?;
    let (page, rest) = split_number(rest)?;
    rest.is_empty().then_some((CollectionId(id), AccountId(who), page))
}

pub(crate) fn read_page(value: &[u8]) -> Result<SeenPage> {
    SeenPage::read(&record::decode(value)?).ok_or(Error::Corrupt)
}

type Pages = BTreeMap<u32, SeenPage>;

/// What somebody has seen of a mailbox where that is their own.
#[derive(Clone, Debug, Default)]
pub struct Seen(Pages);

impl Seen {
    /// Whether they have seen that message.
    #[must_use]
    pub fn contains(&self, uid: Uid) -> bool {
        let (page, place) = page_of(uid);
        self.0.get(&page).is_some_and(|page| page.has(place))
    }

    /// The flags of a message as they see it.
    #[must_use]
    pub fn apply(&self, uid: Uid, flags: &Flags) -> Flags {
        let mut flags = flags.clone();
        flags.system.set(SystemFlags::SEEN, self.contains(uid));
        flags
    }
}

/// The pages that hold some messages, as one principal has them, while they are looked at and changed: each is read
/// once and written once.
pub(crate) struct Sight {
    id: CollectionId,
    who: AccountId,
    seen: Seen,
    /// Pages that everybody has who has none of their own.
    common: BTreeSet<u32>,
    changed: BTreeSet<u32>,
}

impl Sight {
    /// Notes whether a message of these pages has been seen.
    pub(crate) fn set(&mut self, uid: Uid, seen: bool) {
        let (number, place) = page_of(uid);
        let page = self.seen.0.entry(number).or_default();
        if page.has(place) != seen {
            page.set(place, seen);
            self.changed.insert(number);
        }
    }
}

/// The flags of a message as the principal of a sight sees it; where there is none, those of the row.
pub(crate) fn seen_by(sight: Option<&Sight>, uid: Uid, flags: &Flags) -> Flags {
    sight.map_or_else(|| flags.clone(), |sight| sight.seen.apply(uid, flags))
}

impl Reader {
    /// Under whom stands what this principal has seen of a mailbox; `None` where it is in the rows.
    #[must_use]
    pub fn seer(&self, row: &CollectionRow) -> Option<AccountId> {
        // Somebody who acts for a group is a person all the same: nobody has read for the others.
        let who = self.principal().account;
        (row.seen_is_own() && who != self.account()).then_some(who)
    }

    /// What this principal has seen of a mailbox; `None` where the rows say it.
    ///
    /// # Errors
    /// `NotFound` when the mailbox has gone; `Unavailable`, `Corrupt`.
    pub async fn own_seen(&self, mailbox: &Collection<Mailbox>) -> Result<Option<Seen>> {
        let Some(who) = self.seer(&self.row(mailbox).await?) else { return Ok(None) };
        let mut pages = self.seen_pages(mailbox.id(), EVERYBODY).await?;
        pages.extend(self.seen_pages(mailbox.id(), who).await?);
        Ok(Some(Seen(pages)))
    }

    /// Every page of one principal.
    async fn seen_pages(&self, id: CollectionId, who: AccountId) -> Result<Pages> {
        let prefix = Key::collection(self.account(), id).number(who.0);
        let mut range = prefix.prefix();
        let mut pages = Pages::new();
        loop {
            let found = self.view().scan(Table::Seen, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &found {
                let number = key.get(prefix.len()..).and_then(split_number);
                let (number, _) = number.ok_or(Error::Corrupt)?;
                pages.insert(number, read_page(value)?);
            }
            match found.last() {
                Some((last, _)) if found.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(pages),
            }
        }
    }

    /// What this principal has seen, as far as the pages of these messages say; `None` where the rows say it.
    pub(crate) async fn sight(&self, mailbox: &Collection<Mailbox>, uids: &[Uid]) -> Result<Option<Sight>> {
        let Some(who) = self.seer(&self.row(mailbox).await?) else { return Ok(None) };
        let id = mailbox.id();
        let numbers: BTreeSet<u32> = uids.iter().map(|uid| page_of(*uid).0).collect();
        let keys = |who| numbers.iter().map(move |page| seen_key(mailbox.account(), id, who, *page));
        let both: Vec<_> = keys(EVERYBODY).chain(keys(who)).collect();
        let values = self.view().get_many(Table::Seen, &both).await?;
        let (common, own) = values.split_at_checked(numbers.len()).ok_or(Error::Corrupt)?;
        let mut sight =
            Sight { id, who, seen: Seen::default(), common: BTreeSet::new(), changed: BTreeSet::new() };
        for (number, (common, own)) in numbers.into_iter().zip(common.iter().zip(own)) {
            if common.is_some() {
                sight.common.insert(number);
            }
            let page = own.as_ref().or(common.as_ref()).map(|value| read_page(value)).transpose()?;
            sight.seen.0.insert(number, page.unwrap_or_default());
        }
        Ok(Some(sight))
    }
}

impl Writer {
    /// Writes the pages that have changed; their messages take their Modseqs from the caller.
    pub(crate) fn put_sight(&mut self, sight: &Sight) -> Result<()> {
        for number in &sight.changed {
            let Some(page) = sight.seen.0.get(number) else { continue };
            let key = seen_key(self.account(), sight.id, sight.who, *number);
            if page.is_empty() && !sight.common.contains(number) {
                self.delete_raw(Table::Seen, key);
            } else {
                self.put_raw(Table::Seen, key, record::encode(&page.runs())?);
            }
        }
        Ok(())
    }

    /// Notes that this principal has seen messages that it has just put into a mailbox.
    pub(crate) async fn mark_seen(&mut self, mailbox: &Collection<Mailbox>, uids: &[Uid]) -> Result<()> {
        if uids.is_empty() {
            return Ok(());
        }
        if let Some(mut sight) = self.sight(mailbox, uids).await? {
            uids.iter().for_each(|uid| sight.set(*uid, true));
            self.put_sight(&sight)?;
        }
        Ok(())
    }

    /// Chooses whether \Seen of a mailbox is each user's own or one flag for all; `None` is no choice: one for all.
    /// What everybody sees stays as it is when it becomes their own; when it becomes one again, a message is seen
    /// that anybody has seen.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::ADMINISTER`]; `TooLarge` where more than [`SEEN_JOINED_COUNT_MAX`] messages would
    /// look otherwise to somebody.
    pub async fn choose_seen(&mut self, mailbox: &Collection<Mailbox>, own: Option<bool>) -> Result<()> {
        self.choose_seen_within(mailbox, own, SEEN_JOINED_COUNT_MAX).await
    }

    async fn choose_seen_within(
        &mut self,
        mailbox: &Collection<Mailbox>,
        own: Option<bool>,
        joined_count_max: usize,
    ) -> Result<()> {
        mailbox.need(Rights::ADMINISTER)?;
        let mut row = self.row(mailbox).await?;
        if row.seen_choice() == own {
            return Ok(());
        }
        match (row.seen_is_own(), own == Some(true)) {
            (false, true) => self.part_seen(mailbox).await?,
            (true, false) => {
                self.join_seen(mailbox, joined_count_max).await?;
                row = self.row(mailbox).await?;
            }
            _ => {}
        }
        match own {
            Some(own) => {
                let choice = if own { OWN } else { SHARED };
                row.properties.insert(SEEN_PROPERTY.to_owned(), choice.to_owned());
            }
            None => drop(row.properties.remove(SEEN_PROPERTY)),
        }
        row.modseq = self.touch();
        check_properties(&row)?;
        self.set_collection_row(mailbox.id(), row);
        Ok(())
    }

    /// Keeps what has been seen for everybody who will have nothing of their own.
    async fn part_seen(&mut self, mailbox: &Collection<Mailbox>) -> Result<()> {
        let mut pages = Pages::new();
        let mut last = None;
        loop {
            let rows = self.entries(mailbox, last.as_ref(), SCAN_PAGE_COUNT).await?;
            for (uid, row) in &rows {
                if row.flags.system.contains(SystemFlags::SEEN) {
                    let (page, place) = page_of(*uid);
                    pages.entry(page).or_default().set(place, true);
                }
            }
            match rows.last() {
                Some((uid, _)) if rows.len() == SCAN_PAGE_COUNT => last = Some(*uid),
                _ => break,
            }
        }
        for (number, page) in &pages {
            let key = seen_key(self.account(), mailbox.id(), EVERYBODY, *number);
            self.put_raw(Table::Seen, key, record::encode(&page.runs())?);
        }
        Ok(())
    }

    /// Puts into the rows what anybody has seen.
    async fn join_seen(&mut self, mailbox: &Collection<Mailbox>, count_max: usize) -> Result<()> {
        let (anybody, all) = self.seen_together(mailbox.id()).await?;
        let (mut last, mut count) = (None, 0);
        loop {
            let rows = self.entries(mailbox, last.as_ref(), SCAN_PAGE_COUNT).await?;
            for (uid, old) in &rows {
                let owner = old.flags.system.contains(SystemFlags::SEEN);
                let seen = owner || anybody.contains(*uid);
                // To whoever sees no difference it is the same message in the same state.
                if seen && !(owner && all.contains(*uid)) {
                    count += 1;
                    if count > count_max {
                        return Err(Error::TooLarge(count_max as u64));
                    }
                    let mut row: MessageRow = old.clone();
                    row.flags.system.insert(SystemFlags::SEEN);
                    self.replace(mailbox, uid, Some(old.clone()), row).await?;
                }
            }
            match rows.last() {
                Some((uid, _)) if rows.len() == SCAN_PAGE_COUNT => last = Some(*uid),
                _ => break,
            }
        }
        self.delete_prefix(Table::Seen, &Key::collection(self.account(), mailbox.id())).await
    }

    /// What anybody but the owner has seen, and what all of them have.
    async fn seen_together(&self, id: CollectionId) -> Result<(Seen, Seen)> {
        let prefix = Key::account(self.account());
        let mut range = Key::collection(self.account(), id).prefix();
        let mut any = self.seen_pages(id, EVERYBODY).await?;
        // Who has no page of their own has the common one.
        let mut all = any.clone();
        loop {
            let found = self.view().scan(Table::Seen, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &found {
                let split = key.get(prefix.len()..).and_then(split_seen);
                let (_, _, number) = split.ok_or(Error::Corrupt)?;
                let page = read_page(value)?;
                any.entry(number).or_default().merge(&page, |mine, theirs| mine | theirs);
                all.entry(number).or_default().merge(&page, |mine, theirs| mine & theirs);
            }
            match found.last() {
                Some((last, _)) if found.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok((Seen(any), Seen(all))),
            }
        }
    }
}

#[cfg(test)]
mod tests;
