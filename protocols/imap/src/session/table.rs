//! The UIDs and flags of an open mailbox: a sorted list whose index is the sequence number.
//!
//! One table serves every session that is at the same Modseq of the mailbox - of one person, where \Seen is each user's
//! own: 5 octets a message, 9 where there
//! are keywords. A change makes a new table by copying, which for a mailbox of 10,000 is a matter of
//! microseconds; sessions move to it when they may tell their client.

use crate::limits::{
    CHANGES_AT_ONCE, ROWS_AT_ONCE, TABLE_CHANGES_COUNT_MAX, TABLE_KEPT_COUNT_MAX, TABLE_KEPT_MESSAGES_MAX,
    TABLE_TURN_COUNT,
};
use model::{AccountId, CollectionId, Error, Flags, Keyword, Modseq, Result, SystemFlags, Uid};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use store::{Collection, Mailbox, MessageRow, Reader, Seen};

/// From this many neighbours on, rows are read in one sweep.
const SWEEP_COUNT_MIN: usize = 8;

/// A mailbox at one Modseq.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The state it shows.
    pub modseq: Modseq,
    /// Whose \Seen it shows, where that does not stand in the rows.
    seer: Option<AccountId>,
    /// Ascending.
    pub uids: Vec<u32>,
    system: Vec<u8>,
    /// Index into `sets` for every message; empty while no message has a keyword.
    words: Vec<u32>,
    /// Keyword sets that occur; the first is the empty one.
    sets: Vec<Arc<[Keyword]>>,
    /// How it came about.
    lately: Lately,
    /// The place of the first message without \Seen, once somebody asked.
    first_unseen: OnceLock<Option<usize>>,
}

/// UIDs that came, went or changed, with the Modseq of the table that first showed it: sessions that are a few
/// changes behind need not walk through a million messages to find them.
#[derive(Clone, Debug, Default)]
struct Lately {
    /// It knows everything after this.
    since: Modseq,
    /// In the order of Modseqs.
    changes: Vec<(Modseq, u32)>,
}

impl Lately {
    /// Forgets the oldest where there are too many, always all of one Modseq.
    fn bound(&mut self) {
        while self.changes.len() > TABLE_CHANGES_COUNT_MAX
            && let Some(&(oldest, _)) = self.changes.first()
        {
            self.changes.retain(|(modseq, _)| *modseq > oldest);
            self.since = oldest;
        }
        self.changes.shrink_to_fit();
    }
}

impl Table {
    /// Number of messages.
    pub(crate) fn len(&self) -> usize {
        self.uids.len()
    }

    /// The largest UID, 0 in an empty mailbox.
    pub(crate) fn max_uid(&self) -> u32 {
        self.uids.last().copied().unwrap_or(0)
    }

    /// The place of a UID.
    pub(crate) fn index(&self, uid: u32) -> Option<usize> {
        self.uids.binary_search(&uid).ok()
    }

    /// The place of a UID, first looked for at `next`, which then stands behind it: so a walk through UIDs that
    /// ascend costs no search.
    pub(crate) fn index_from(&self, next: &mut usize, uid: u32) -> Option<usize> {
        let at = if self.uids.get(*next) == Some(&uid) { *next } else { self.index(uid)? };
        *next = at + 1;
        Some(at)
    }

    /// UIDs from this one on.
    pub(crate) fn from(&self, uid: u32) -> &[u32] {
        self.uids.get(self.uids.partition_point(|&other| other < uid)..).unwrap_or_default()
    }

    /// Whether every message of an older table of the mailbox is still there.
    pub(crate) fn has_all_of(&self, older: &Self) -> bool {
        self.uids.partition_point(|&uid| uid <= older.max_uid()) == older.len()
    }

    /// The flags at a place.
    pub(crate) fn flags(&self, index: usize) -> (SystemFlags, &[Keyword]) {
        let system = self.system.get(index).copied().map(SystemFlags::from_bits_truncate).unwrap_or_default();
        let set = self.words.get(index).and_then(|&word| self.sets.get(usize::try_from(word).ok()?));
        (system, set.map_or(&[], |set| &**set))
    }

    /// The rows of messages, in the order of the UIDs, which must ascend. Where they stand side by side they are
    /// read in one sweep, which costs a fraction of as many single reads.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub(crate) async fn rows(
        &self,
        reader: &Reader,
        mailbox: &Collection<Mailbox>,
        uids: &[Uid],
    ) -> Result<Vec<Option<MessageRow>>> {
        let place = |uid: Option<&Uid>| uid.and_then(|uid| self.index(uid.0));
        let (Some(first), Some(last)) = (place(uids.first()), place(uids.last())) else {
            return reader.entries_of(mailbox, uids).await;
        };
        let in_a_run = uids.is_sorted() && last.saturating_sub(first) + 1 == uids.len();
        if uids.len() < SWEEP_COUNT_MIN || !in_a_run {
            return reader.entries_of(mailbox, uids).await;
        }
        let before = uids.first().map(|uid| Uid(uid.0.saturating_sub(1)));
        let mut found = reader.entries(mailbox, before.as_ref(), uids.len()).await?.into_iter().peekable();
        let row = |uid: &Uid| found.next_if(|(other, _)| other == uid).map(|(_, row)| row);
        Ok(uids.iter().map(row).collect())
    }

    /// UIDs of messages that carry a flag.
    pub(crate) fn flagged(&self, flag: SystemFlags) -> Vec<Uid> {
        let has = |bits: &u8| SystemFlags::from_bits_truncate(*bits).contains(flag);
        self.uids.iter().zip(&self.system).filter(|(_, bits)| has(bits)).map(|(uid, _)| Uid(*uid)).collect()
    }

    /// The place of the first message without \Seen.
    pub(crate) fn first_unseen(&self) -> Option<usize> {
        let unseen = |bits: &u8| !SystemFlags::from_bits_truncate(*bits).contains(SystemFlags::SEEN);
        *self.first_unseen.get_or_init(|| self.system.iter().position(unseen))
    }

    /// How many messages are without \Seen.
    pub(crate) fn unseen_count(&self) -> u64 {
        let unseen = |bits: &&u8| !SystemFlags::from_bits_truncate(**bits).contains(SystemFlags::SEEN);
        self.system.iter().filter(unseen).count() as u64
    }

    /// UIDs that may not be as they are in an older table of the mailbox, ascending; `None` when that is too long ago.
    pub(crate) fn changed_since(&self, older: &Self) -> Option<Vec<u32>> {
        let same = older.seer == self.seer;
        if !same || older.modseq < self.lately.since || older.modseq > self.modseq {
            return None;
        }
        let changes = &self.lately.changes;
        let from = changes.partition_point(|(modseq, _)| *modseq <= older.modseq);
        let mut uids: Vec<u32> = changes.iter().skip(from).map(|(_, uid)| *uid).collect();
        uids.sort_unstable();
        uids.dedup();
        Some(uids)
    }

    /// Keywords that occur in the mailbox.
    pub(crate) fn keywords(&self) -> Vec<Keyword> {
        let mut used = vec![false; self.sets.len()];
        for &word in &self.words {
            if let Some(flag) = usize::try_from(word).ok().and_then(|word| used.get_mut(word)) {
                *flag = true;
            }
        }
        let mut found: Vec<Keyword> = Vec::new();
        for (set, _) in self.sets.iter().zip(used).filter(|(_, used)| *used) {
            for keyword in set.iter() {
                if !found.contains(keyword) {
                    found.push(keyword.clone());
                }
            }
        }
        found
    }

    /// What is in an older table of the mailbox and not in this one: its places and UIDs there, ascending.
    pub(crate) fn missing(&self, older: &Self) -> Vec<(usize, u32)> {
        if self.has_all_of(older) {
            return Vec::new();
        }
        let mut next = 0;
        let gone =
            |(index, uid): (usize, u32)| self.index_from(&mut next, uid).is_none().then_some((index, uid));
        match self.changed_since(older) {
            Some(uids) => {
                let was = uids.into_iter().filter_map(|uid| Some((older.index(uid)?, uid)));
                was.filter_map(gone).collect()
            }
            None => older.uids.iter().copied().enumerate().filter_map(gone).collect(),
        }
    }

    /// This table as a client sees it that may not be told yet what has gone: that has its place and its flags among
    /// the others; ascending. It stays at the state before, from which what has gone is found once it may be told.
    pub(crate) fn with_gone(&self, before: Modseq, gone: impl Iterator<Item = (u32, Flags)>) -> Self {
        let mut table = self.without(&[], before);
        // What it has of the newer state is among no changes since the older one.
        table.lately = Lately { since: self.modseq, changes: Vec::new() };
        let mut interner = table.interner();
        let (mut uids, mut system, mut words) = (Vec::new(), Vec::new(), Vec::new());
        for (uid, flags) in gone {
            let place = self.uids.partition_point(|&other| other < uid);
            uids.push((place, uid));
            system.push((place, flags.system.bits()));
            words.push((place, table.word(&flags.keywords, &mut interner)));
        }
        if table.words.is_empty() && words.iter().any(|(_, word)| *word > 0) {
            table.words.resize(self.len(), 0);
        }
        if !table.words.is_empty() {
            table.words = spliced(&table.words, &words);
        }
        table.system = spliced(&table.system, &system);
        table.uids = spliced(&table.uids, &uids);
        table
    }

    fn push(&mut self, uid: u32, flags: &Flags, interner: &mut Interner) {
        self.uids.push(uid);
        self.system.push(flags.system.bits());
        let word = self.word(&flags.keywords, interner);
        if word > 0 && self.words.is_empty() {
            self.words.resize(self.uids.len() - 1, 0);
        }
        if word > 0 || !self.words.is_empty() {
            self.words.push(word);
        }
    }

    fn set(&mut self, index: usize, flags: &Flags, interner: &mut Interner) {
        if let Some(system) = self.system.get_mut(index) {
            *system = flags.system.bits();
        }
        let word = self.word(&flags.keywords, interner);
        if word > 0 && self.words.is_empty() {
            self.words.resize(self.uids.len(), 0);
        }
        if let Some(old) = self.words.get_mut(index) {
            *old = word;
        }
    }

    /// The number of a keyword set, entered if it is new.
    fn word(&mut self, keywords: &[Keyword], interner: &mut Interner) -> u32 {
        if keywords.is_empty() {
            return 0;
        }
        let spelled = spelling(keywords);
        if let Some(&word) = interner.get(&spelled) {
            return word;
        }
        if self.sets.is_empty() {
            self.sets.push(Arc::from([]));
        }
        let word = u32::try_from(self.sets.len()).unwrap_or(0);
        self.sets.push(Arc::from(keywords));
        interner.insert(spelled, word);
        word
    }

    fn interner(&self) -> Interner {
        let sets = self.sets.iter().enumerate().skip(1);
        sets.filter_map(|(word, set)| Some((spelling(set), u32::try_from(word).ok()?))).collect()
    }

    /// Reads a mailbox anew.
    async fn load(
        reader: &Reader,
        mailbox: &Collection<Mailbox>,
        (modseq, seer): (Modseq, Option<AccountId>),
    ) -> Result<Self> {
        let mut table = Self { modseq, seer, ..Self::default() };
        table.lately.since = modseq;
        let mut interner = Interner::new();
        let seen = reader.own_seen(mailbox).await?;
        let mut last = None;
        loop {
            let page = reader.entries(mailbox, last.as_ref(), ROWS_AT_ONCE).await?;
            for (uid, row) in &page {
                table.push(uid.0, &told_flags(seen.as_ref(), *uid, &row.flags), &mut interner);
            }
            match page.last() {
                Some((uid, _)) if page.len() == ROWS_AT_ONCE => last = Some(*uid),
                _ => return Ok(table),
            }
        }
    }

    /// This table with the changes since its Modseq; `None` when there are too many or too old ones.
    async fn advanced(
        &self,
        reader: &Reader,
        mailbox: &Collection<Mailbox>,
        modseq: Modseq,
    ) -> Result<Option<Self>> {
        let changes = match reader.changes(mailbox, self.modseq, CHANGES_AT_ONCE).await {
            Ok(changes) if !changes.more => changes,
            Ok(_) | Err(Error::StaleToken) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut touched: Vec<Uid> = changes.changed.into_iter().map(|(uid, _)| uid).collect();
        touched.sort_unstable();
        let seen = reader.own_seen(mailbox).await?;
        let rows = reader.entries_of(mailbox, &touched).await?;
        let flags = touched
            .into_iter()
            .zip(rows)
            .map(|(uid, row)| (uid, row.map(|row| told_flags(seen.as_ref(), uid, &row.flags).into_owned())));
        let mut removed: Vec<u32> = changes.removed.into_iter().map(|(uid, _)| uid.0).collect();
        removed.sort_unstable();
        Ok(Some(self.with(&removed, flags, modseq)))
    }

    fn with(
        &self,
        removed: &[u32],
        changed: impl Iterator<Item = (Uid, Option<Flags>)>,
        modseq: Modseq,
    ) -> Self {
        let mut table = self.without(removed, modseq);
        let mut interner = table.interner();
        table.lately.changes.extend(removed.iter().map(|&uid| (modseq, uid)));
        for (uid, flags) in changed {
            table.lately.changes.push((modseq, uid.0));
            let Some(flags) = flags else { continue };
            match table.index(uid.0) {
                Some(index) => table.set(index, &flags, &mut interner),
                // UIDs only grow, and they come in their order.
                None if uid.0 > table.max_uid() => table.push(uid.0, &flags, &mut interner),
                None => {}
            }
        }
        table.lately.bound();
        table
    }

    fn without(&self, removed: &[u32], modseq: Modseq) -> Self {
        let (system, words, sets) = (self.system.clone(), self.words.clone(), self.sets.clone());
        let (lately, first_unseen) = (self.lately.clone(), OnceLock::new());
        let (uids, seer) = (self.uids.clone(), self.seer);
        let mut table = Self { modseq, seer, uids, system, words, sets, lately, first_unseen };
        if !removed.is_empty() {
            let stays: Vec<bool> = self.uids.iter().map(|uid| removed.binary_search(uid).is_err()).collect();
            retain(&mut table.uids, &stays);
            retain(&mut table.system, &stays);
            retain(&mut table.words, &stays);
        }
        table
    }
}

/// The flags of a message as somebody sees it who has seen so much.
fn told_flags<'f>(seen: Option<&Seen>, uid: Uid, flags: &'f Flags) -> Cow<'f, Flags> {
    seen.map_or(Cow::Borrowed(flags), |seen| Cow::Owned(seen.apply(uid, flags)))
}

fn retain<T>(list: &mut Vec<T>, stays: &[bool]) {
    let mut stays = stays.iter();
    list.retain(|_| stays.next().copied().unwrap_or(true));
}

/// A list with others put in ahead of these places of it, which ascend.
fn spliced<T: Copy>(list: &[T], others: &[(usize, T)]) -> Vec<T> {
    let mut whole = Vec::with_capacity(list.len() + others.len());
    let mut from = 0;
    for &(place, other) in others {
        whole.extend_from_slice(list.get(from..place).unwrap_or_default());
        whole.push(other);
        from = place;
    }
    whole.extend_from_slice(list.get(from..).unwrap_or_default());
    whole
}

/// Keyword sets by spelling.
type Interner = HashMap<String, u32>;

fn spelling(keywords: &[Keyword]) -> String {
    keywords.iter().map(Keyword::as_str).collect::<Vec<_>>().join(" ")
}

/// A mailbox of an installation, and whose \Seen is shown where that is each user's own.
type Place = (AccountId, CollectionId, Option<AccountId>);

/// The newest table of every mailbox that some session has open, and of those that were open last.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    known: Mutex<Known>,
    /// A thousand sessions hear of a change at the same moment: one of them makes the new table. Mailboxes share
    /// these turns by chance, which costs a wait now and then.
    turns: [tokio::sync::Mutex<()>; TABLE_TURN_COUNT],
}

#[derive(Debug, Default)]
struct Known {
    newest: HashMap<Place, Weak<Table>>,
    /// Kept alive for the next session that opens them; the last used ones at the end.
    kept: VecDeque<(Place, Arc<Table>)>,
    /// Messages in `kept`.
    kept_messages: usize,
}

impl Known {
    /// Enters a table and lets go of what was not used for longest.
    fn keep(&mut self, place: Place, table: &Arc<Table>) {
        if let Some(at) = self.kept.iter().position(|(other, _)| *other == place)
            && let Some((_, old)) = self.kept.remove(at)
        {
            self.kept_messages -= old.len();
        }
        self.kept_messages += table.len();
        self.kept.push_back((place, table.clone()));
        while self.kept.len() > TABLE_KEPT_COUNT_MAX || self.kept_messages > TABLE_KEPT_MESSAGES_MAX {
            let Some((_, old)) = self.kept.pop_front() else { return };
            self.kept_messages -= old.len();
        }
    }

    /// Enters a table unless another session was faster.
    fn share(&mut self, place: Place, table: Table) -> Arc<Table> {
        match self.newest.get(&place).and_then(Weak::upgrade) {
            Some(other) if other.modseq == table.modseq => return other,
            Some(other) if other.modseq > table.modseq => return Arc::new(table),
            _ => {}
        }
        let table = Arc::new(table);
        if self.newest.len() == self.newest.capacity() {
            self.newest.retain(|_, table| table.strong_count() > 0);
        }
        self.newest.insert(place, Arc::downgrade(&table));
        self.keep(place, &table);
        table
    }
}

impl Tables {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest table that somebody has.
    fn newest(&self, place: &Place) -> Option<Arc<Table>> {
        self.lock().newest.get(place).and_then(Weak::upgrade)
    }

    /// The turn to make a table of this mailbox.
    fn turn(&self, place: &Place) -> &tokio::sync::Mutex<()> {
        let [first, ..] = &self.turns;
        let at = BuildHasherDefault::<DefaultHasher>::default().hash_one(place) % TABLE_TURN_COUNT as u64;
        usize::try_from(at).ok().and_then(|at| self.turns.get(at)).unwrap_or(first)
    }

    /// The table of a mailbox as the reader sees it.
    ///
    /// # Errors
    /// `NotFound` when the mailbox has gone; `Unavailable`, `Corrupt`.
    pub(crate) async fn at(
        &self,
        reader: &Reader,
        mailbox: &Collection<Mailbox>,
        known: Option<&Arc<Table>>,
    ) -> Result<Arc<Table>> {
        let row = reader.row(mailbox).await?;
        let (modseq, seer) = (row.modseq, reader.seer(&row));
        let known = known.filter(|table| table.seer == seer);
        if let Some(known) = known.filter(|table| table.modseq == modseq) {
            return Ok(known.clone());
        }
        let place = (mailbox.account(), mailbox.id(), seer);
        let ready = self.newest(&place).filter(|table| table.modseq == modseq);
        let _turn = match ready {
            Some(table) => {
                self.lock().keep(place, &table);
                return Ok(table);
            }
            None => self.turn(&place).lock().await,
        };
        let shared = self.newest(&place);
        let base = [shared, known.cloned()].into_iter().flatten().filter(|table| table.modseq <= modseq);
        let table = match base.max_by_key(|table| table.modseq) {
            Some(table) if table.modseq == modseq => {
                self.lock().keep(place, &table);
                return Ok(table);
            }
            Some(table) => match table.advanced(reader, mailbox, modseq).await? {
                Some(table) => table,
                None => Table::load(reader, mailbox, (modseq, seer)).await?,
            },
            None => Table::load(reader, mailbox, (modseq, seer)).await?,
        };
        Ok(self.lock().share(place, table))
    }
}

#[cfg(test)]
mod tests;
