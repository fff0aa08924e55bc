//! Changing flags of messages, with or without the condition that they are as the client knew them
//! (RFC 7162 3.1.3). The condition is judged under the account's turn: nothing comes between it and the change.

use crate::{
    FlagChange, collection::Collection, kind::Mailbox, record::MessageRow, seen::seen_by, writer::Writer,
};
use model::{Error, Flags, Modseq, Result, Rights, SystemFlags, Uid};

/// What a change of flags came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flagged {
    /// The messages that are there and meet the condition, ascending, with their flags and Modseqs now.
    pub now: Vec<(Uid, Flags, Modseq)>,
    /// Those that changed after the state of the condition, and stay as they are.
    pub modified: Vec<Uid>,
    /// How many changed.
    pub changed_count: usize,
    /// The rights that were missing for some of it.
    pub refused: Rights,
}

impl Writer {
    /// Changes flags of messages; those that are not there are left out, those that stay as they are take no
    /// Modseq. Where `unchanged_since` is given, messages that changed after it stay as they are.
    ///
    /// # Errors
    /// `Forbidden` when no flag that would change may be; `TooLarge` for too many keywords.
    pub async fn change_flags_unless(
        &mut self,
        mailbox: &Collection<Mailbox>,
        uids: &[Uid],
        change: &FlagChange,
        unchanged_since: Option<Modseq>,
    ) -> Result<Flagged> {
        let flagged = self.change_flags_page(mailbox, uids, change, unchanged_since).await?;
        flagged.allowed()?;
        Ok(flagged)
    }

    /// As [`Writer::change_flags_unless`] for a part of the messages: whether anything was allowed is for the caller
    /// to ask when it has done all of them ([`Flagged::allowed`]).
    ///
    /// # Errors
    /// `TooLarge` for too many keywords.
    pub async fn change_flags_page(
        &mut self,
        mailbox: &Collection<Mailbox>,
        uids: &[Uid],
        change: &FlagChange,
        unchanged_since: Option<Modseq>,
    ) -> Result<Flagged> {
        let mut uids = uids.to_vec();
        // Each once: a row that was read is replaced once.
        uids.sort_unstable();
        uids.dedup();
        let mut sight = self.sight(mailbox, &uids).await?;
        let mut flagged = Flagged { now: Vec::with_capacity(uids.len()), ..Flagged::default() };
        for (uid, row) in uids.iter().zip(self.rows_of(mailbox, &uids).await?) {
            let Some(old) = row else { continue };
            if unchanged_since.is_some_and(|state| old.modseq > state) {
                flagged.modified.push(*uid);
                continue;
            }
            let known = seen_by(sight.as_ref(), *uid, &old.flags);
            let wanted = change.apply(&known)?;
            flagged.refused |= flag_rights(&known, &wanted) - mailbox.rights();
            let flags = changed_as_allowed(mailbox.rights(), &known, wanted);
            let mut modseq = old.modseq;
            if flags != known {
                flagged.changed_count += 1;
                let mut kept = flags.clone();
                if let Some(sight) = &mut sight {
                    sight.set(*uid, flags.system.contains(SystemFlags::SEEN));
                    kept.system.set(SystemFlags::SEEN, old.flags.system.contains(SystemFlags::SEEN));
                }
                let row = MessageRow { flags: kept, ..old.clone() };
                self.replace(mailbox, uid, Some(old), row).await?;
                modseq = self.touch();
            }
            flagged.now.push((*uid, flags, modseq));
        }
        if let Some(sight) = sight {
            self.put_sight(&sight)?;
        }
        Ok(flagged)
    }
}

impl Flagged {
    /// Adds what another part came to, which is of later messages.
    pub fn add(&mut self, other: Self) {
        self.now.extend(other.now);
        self.modified.extend(other.modified);
        self.changed_count += other.changed_count;
        self.refused |= other.refused;
    }

    /// RFC 4314 4: a STORE that may do some of it does that; only one that may do nothing is refused.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn allowed(&self) -> Result<()> {
        if !self.refused.is_empty() && self.changed_count == 0 {
            return Err(Error::Forbidden(self.refused));
        }
        Ok(())
    }
}

/// The rights that going from one set of flags to another needs (RFC 4314 4).
fn flag_rights(old: &Flags, new: &Flags) -> Rights {
    let changed = old.system ^ new.system;
    let mut need = Rights::empty();
    if changed.contains(SystemFlags::SEEN) {
        need |= Rights::SEEN;
    }
    if changed.contains(SystemFlags::DELETED) {
        need |= Rights::DELETE;
    }
    if !(changed - SystemFlags::SEEN - SystemFlags::DELETED).is_empty() || old.keywords != new.keywords {
        need |= Rights::WRITE;
    }
    need
}

/// The flags that somebody with these rights may give a message it puts into a mailbox (RFC 4314 4): the others
/// are left out, which is no failure.
#[must_use]
pub fn allowed_flags(rights: Rights, flags: Flags) -> Flags {
    changed_as_allowed(rights, &Flags::default(), flags)
}

/// What becomes of a change of flags where some rights are missing: what may not change stays as it was.
fn changed_as_allowed(rights: Rights, old: &Flags, mut new: Flags) -> Flags {
    let mut keep = SystemFlags::empty();
    if !rights.contains(Rights::SEEN) {
        keep |= SystemFlags::SEEN;
    }
    if !rights.contains(Rights::DELETE) {
        keep |= SystemFlags::DELETED;
    }
    if !rights.contains(Rights::WRITE) {
        keep |= SystemFlags::all() - SystemFlags::SEEN - SystemFlags::DELETED;
        new.keywords.clone_from(&old.keywords);
    }
    new.system = (new.system - keep) | (old.system & keep);
    new
}

#[cfg(test)]
mod tests;
