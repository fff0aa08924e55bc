//! What one client believes of the mailbox it has open, made of nothing but what it was told.

use crate::mistake::{Mistake, Mistakes};
use crate::reply::{Fetched, Untagged};
use std::collections::BTreeSet;

/// What is known of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) uid: Option<u32>,
    pub(crate) flags: Option<BTreeSet<String>>,
    pub(crate) modseq: u64,
}

/// A client's view.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// By sequence number; with UIDONLY what is not known yet stands at the end.
    pub(crate) entries: Vec<Entry>,
    /// RFC 9586: there are no numbers.
    pub(crate) by_uid: bool,
    /// The highest Modseq that was told.
    pub(crate) modseq: u64,
    /// UIDs that were told to be gone, until somebody takes them.
    pub(crate) gone: Vec<u32>,
}

impl View {
    /// Takes in one reply. `numbers_in_use` says that no EXPUNGE may come (RFC 9051 7.5.1).
    ///
    /// # Errors
    /// What a client must never be told.
    pub(crate) fn hear(
        &mut self,
        told: &Untagged,
        numbers_in_use: bool,
        mistakes: &mut Mistakes,
    ) -> Result<(), String> {
        match told {
            Untagged::Exists(count) => {
                if *count < self.entries.len() {
                    return Err(format!("EXISTS {count} where there were {}", self.entries.len()));
                }
                if !mistakes.make(Mistake::Exists) {
                    self.entries.resize(*count, Entry::default());
                }
            }
            Untagged::Expunge(number) => {
                if numbers_in_use || self.by_uid {
                    return Err(format!("EXPUNGE {number} while numbers are in use"));
                }
                let index = number.checked_sub(1).filter(|&index| index < self.entries.len());
                let index = index.ok_or(format!("EXPUNGE {number} of {}", self.entries.len()))?;
                if !mistakes.make(Mistake::Expunge) {
                    self.gone.extend(self.entries.remove(index).uid);
                }
            }
            Untagged::Vanished { uids, earlier } => {
                if numbers_in_use && !earlier {
                    return Err(format!("VANISHED {uids:?} while numbers are in use"));
                }
                if !mistakes.make(Mistake::Vanished) {
                    for &uid in uids {
                        self.vanish(uid, *earlier)?;
                    }
                }
            }
            Untagged::Fetch(fetched) => self.fetched(fetched, mistakes)?,
            Untagged::Code(name, value) if name == "HIGHESTMODSEQ" => {
                let value = value.parse().map_err(|_| format!("HIGHESTMODSEQ {value}"))?;
                self.modseq = self.modseq.max(value);
            }
            _ => {}
        }
        Ok(())
    }

    fn vanish(&mut self, uid: u32, earlier: bool) -> Result<(), String> {
        let known = self.entries.iter().position(|entry| entry.uid == Some(uid));
        let index = known.or_else(|| self.unknown_between(uid));
        match index {
            Some(index) => drop(self.entries.remove(index)),
            None if earlier => return Ok(()),
            None => return Err(format!("VANISHED {uid}, which was never there")),
        }
        self.gone.push(uid);
        Ok(())
    }

    /// A message not known by its UID that may be this one.
    fn unknown_between(&self, uid: u32) -> Option<usize> {
        if self.by_uid {
            return self.entries.iter().position(|entry| entry.uid.is_none());
        }
        let after = self.entries.iter().rposition(|entry| entry.uid.is_some_and(|known| known < uid));
        let first = after.map_or(0, |index| index + 1);
        self.entries.get(first).filter(|entry| entry.uid.is_none()).map(|_| first)
    }

    fn fetched(&mut self, fetched: &Fetched, mistakes: &mut Mistakes) -> Result<(), String> {
        if fetched.by_uid != self.by_uid {
            return Err(format!("{fetched:?} in the wrong form"));
        }
        let index = if self.by_uid { self.place_of(fetched.number)? } else { place(fetched.number) };
        let length = self.entries.len();
        let lower = self.entries.iter().take(index).rev().find_map(|entry| entry.uid);
        let upper = self.entries.iter().skip(index + 1).find_map(|entry| entry.uid);
        let entry = self.entries.get_mut(index).ok_or(format!("{fetched:?} of {length}"))?;
        if let Some(uid) = fetched.uid {
            if entry.uid.is_some_and(|known| known != uid) {
                return Err(format!("{fetched:?} is not {entry:?}"));
            }
            let ordered = lower.is_none_or(|lower| lower < uid) && upper.is_none_or(|upper| upper > uid);
            if !ordered && !self.by_uid {
                return Err(format!("UIDs do not ascend: {uid} between {lower:?} and {upper:?}"));
            }
            entry.uid = Some(uid);
        }
        if let Some(modseq) = fetched.modseq {
            if modseq < entry.modseq {
                return Err(format!("MODSEQ goes back from {} to {modseq}", entry.modseq));
            }
            entry.modseq = modseq;
            self.modseq = self.modseq.max(modseq);
        }
        if let Some(flags) = &fetched.flags
            && !mistakes.make(Mistake::Flags)
        {
            entry.flags = Some(flags.clone());
        }
        Ok(())
    }

    /// Where a message stands that is told by its UID; one that was not known takes the place of one that is
    /// known to have come.
    fn place_of(&mut self, uid: u32) -> Result<usize, String> {
        if let Some(index) = self.entries.iter().position(|entry| entry.uid == Some(uid)) {
            return Ok(index);
        }
        if self.entries.pop_if(|entry| entry.uid.is_none()).is_none() {
            return Err(format!("UIDFETCH {uid}, which was not told to exist"));
        }
        let before = |entry: &Entry| entry.uid.is_some_and(|known| known < uid);
        let index = self.entries.iter().take_while(|entry| before(entry)).count();
        self.entries.insert(index, Entry { uid: Some(uid), ..Entry::default() });
        Ok(index)
    }

    /// What a silent STORE did, as far as the client can know it.
    pub(crate) fn apply(&mut self, uids: &[u32], change: &Change) {
        for entry in &mut self.entries {
            if entry.uid.is_some_and(|uid| uids.contains(&uid))
                && let Some(flags) = &mut entry.flags
            {
                change.apply(flags);
            }
        }
    }

    /// Nothing is believed of the flags of these.
    pub(crate) fn doubt(&mut self, uids: &[u32]) {
        for entry in &mut self.entries {
            if entry.uid.is_some_and(|uid| uids.contains(&uid)) {
                entry.flags = None;
            }
        }
    }

    /// UIDs that are known, ascending.
    pub(crate) fn uids(&self) -> Vec<u32> {
        self.entries.iter().filter_map(|entry| entry.uid).collect()
    }

    /// Whether UID and flags of every message are known.
    pub(crate) fn is_whole(&self) -> bool {
        self.entries.iter().all(|entry| entry.uid.is_some() && entry.flags.is_some())
    }
}

/// A change of flags.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// `+`, `-` or nothing.
    pub(crate) sign: &'static str,
    pub(crate) flags: Vec<String>,
}

impl Change {
    fn apply(&self, flags: &mut BTreeSet<String>) {
        match self.sign {
            "+" => flags.extend(self.flags.iter().cloned()),
            "-" => flags.retain(|flag| !self.flags.contains(flag)),
            _ => *flags = self.flags.iter().cloned().collect(),
        }
    }
}

/// The index of a sequence number; far outside where there is none.
fn place(number: u32) -> usize {
    usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).unwrap_or(usize::MAX)
}
