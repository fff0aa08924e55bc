//! The mailbox a session has open, as its client knows it.

use super::Session;
use super::table::Table;
use crate::extension::context::Context;
use crate::extension::notify;
use crate::reply::Failure;
use crate::wire::decoder::sequence::{Intervals, SequenceSet};
use model::{Flags, Keyword, Rights, SystemFlags, Uid};
use std::sync::Arc;
use store::{Collection, Mailbox, Reader};

/// An open mailbox.
pub(crate) struct Selected {
    /// Proof that it may be read.
    pub mailbox: Collection<Mailbox>,
    /// EXAMINE, or no right to change anything.
    pub read_only: bool,
    /// What the client was told: its sequence numbers are indexes into this.
    pub view: Arc<Table>,
    /// Keywords the client was told of in FLAGS.
    pub keywords: Vec<Keyword>,
    /// Flags told outside of synchronizing, by UID, ascending: they need not be told again.
    pub told: Vec<(u32, Flags)>,
    /// `$` of RFC 5182, as UIDs.
    pub saved: Intervals,
    /// Messages that this session was the first to be told of, as UIDs: \Recent.
    pub recent: Intervals,
    /// Searches whose results are kept up to date (RFC 5267).
    pub contexts: Vec<Context>,
    /// UIDs of messages that this session put here since it was told of any; kept only where it matters.
    pub made: Vec<u32>,
}

/// Messages a command speaks of: their sequence numbers less one, and UIDs.
pub(crate) type Chosen = Vec<(usize, Uid)>;

impl Selected {
    /// The messages of a set that the client knows of. A sequence number that is not there is BAD
    /// (RFC 9051 6.4.5 leaves it open; every message number has to exist), a UID is passed over.
    pub(crate) fn choose(&self, set: &SequenceSet, by_uid: bool) -> Result<Chosen, Failure> {
        let view = &self.view;
        let all = |range: std::ops::Range<usize>| {
            let uids = view.uids.get(range.clone()).unwrap_or_default();
            range.zip(uids.iter().map(|&uid| Uid(uid))).collect::<Vec<_>>()
        };
        let ranges = match set {
            SequenceSet::Saved => {
                let mut chosen = Vec::new();
                for range in self.places(&self.saved) {
                    chosen.extend(all(range));
                }
                return Ok(chosen);
            }
            SequenceSet::Ranges(ranges) => ranges,
        };
        let mut chosen = Vec::new();
        if by_uid {
            for range in self.places(&Intervals::resolve(ranges, view.max_uid())) {
                chosen.extend(all(range));
            }
            return Ok(chosen);
        }
        let count = u32::try_from(view.len()).unwrap_or(u32::MAX);
        let numbers = Intervals::resolve(ranges, count);
        // RFC 9051 9, seq-number: `*` too where there is no message.
        if numbers.max() > count || count == 0 {
            return Err(Failure::Bad("No such message number"));
        }
        for (low, high) in numbers.0 {
            chosen.extend(all(place(low)..place(high) + 1));
        }
        Ok(chosen)
    }

    /// The places in the view of UIDs in these intervals.
    pub(crate) fn places(&self, uids: &Intervals) -> Vec<std::ops::Range<usize>> {
        let list = &self.view.uids;
        let place = |&(low, high): &(u32, u32)| {
            list.partition_point(|&uid| uid < low)..list.partition_point(|&uid| uid <= high)
        };
        uids.0.iter().map(place).filter(|range| !range.is_empty()).collect()
    }

    /// The flags of a message as the client knows them.
    pub(crate) fn known(&self, uid: Uid) -> Flags {
        if let Ok(at) = self.told.binary_search_by_key(&uid.0, |(uid, _)| *uid)
            && let Some((_, flags)) = self.told.get(at)
        {
            return flags.clone();
        }
        let (system, keywords) =
            self.view.index(uid.0).map_or_else(Default::default, |at| self.view.flags(at));
        Flags { system, keywords: keywords.to_vec() }
    }

    /// The newest table as the client may be told of it while removals wait: what has gone stays as it was told.
    pub(crate) fn with_gone(&self, newest: &Table) -> Table {
        let gone = newest.missing(&self.view).into_iter();
        newest.with_gone(self.view.modseq, gone.map(|(_, uid)| (uid, self.known(Uid(uid)))))
    }

    /// How many of the messages are \Recent.
    pub(crate) fn recent_count(&self) -> u64 {
        self.places(&self.recent).iter().map(|range| range.len() as u64).sum()
    }

    /// Remembers that the client was told these flags.
    pub(crate) fn tell(&mut self, uid: Uid, system: SystemFlags, keywords: &[Keyword]) {
        let flags = Flags { system, keywords: keywords.to_vec() };
        match self.told.binary_search_by_key(&uid.0, |(uid, _)| *uid) {
            Ok(at) => {
                if let Some(entry) = self.told.get_mut(at) {
                    entry.1 = flags;
                }
            }
            Err(at) => self.told.insert(at, (uid.0, flags)),
        }
    }

    /// What was told of the flags of a message was taken back: the next look tells them.
    pub(crate) fn untell(&mut self, uid: Uid) {
        self.told.retain(|(other, _)| *other != uid.0);
    }

    /// The system flags and keywords that FLAGS tells of.
    pub(crate) fn all_flags(&self) -> Flags {
        Flags { system: SystemFlags::all(), keywords: self.keywords.clone() }
    }
}

/// A sequence number as an index.
fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1)
}

impl Session {
    /// The open mailbox as it is now, whatever the client was told yet.
    pub(crate) async fn latest(&mut self) -> Result<(Reader, Arc<Table>), Failure> {
        let reader = self.selected_reader().await?;
        let context = self.context.clone();
        let selected = self.selected()?;
        let table = context.tables.at(&reader, &selected.mailbox, Some(&selected.view)).await?;
        Ok((reader, table))
    }

    /// Notes messages that this session has put into a mailbox itself: it is told their number, and no more
    /// (RFC 5465 5.2).
    pub(crate) fn note_made(&mut self, mailbox: &Collection<Mailbox>, uids: impl Iterator<Item = Uid>) {
        let events = self.notify.is_some();
        let Some(selected) = self.selected.as_deref_mut() else { return };
        let here = (selected.mailbox.account(), selected.mailbox.id()) == (mailbox.account(), mailbox.id());
        if !here {
            return;
        }
        if events || !selected.contexts.is_empty() {
            selected.made.extend(uids.map(|uid| uid.0));
        }
        notify::tell_made(self);
    }

    /// UIDs that the client knows, or their sequence numbers.
    pub(crate) fn numbers(&mut self, uids: &[Uid], by_uid: bool) -> Result<Vec<u32>, Failure> {
        let view = &self.selected()?.view;
        let number = |uid: &Uid| {
            let place = view.index(uid.0).and_then(|place| u32::try_from(place + 1).ok());
            if by_uid { Some(uid.0) } else { place }
        };
        Ok(uids.iter().filter_map(number).collect())
    }

    /// Tells of keywords that the client has not heard of, before they are used.
    pub(crate) fn tell_keywords(&mut self, keywords: &[Keyword]) {
        let Some(selected) = self.selected.as_deref_mut() else { return };
        let new: Vec<_> = keywords.iter().filter(|word| !selected.keywords.contains(word)).cloned().collect();
        if new.is_empty() {
            return;
        }
        selected.keywords.extend(new);
        self.tell_changeable();
    }

    /// Tells which flags there are, and which of them may be changed.
    pub(crate) fn tell_changeable(&mut self) {
        let Some(selected) = self.selected.as_deref_mut() else { return };
        let flags = selected.all_flags();
        let (read_only, rights) = (selected.read_only, selected.mailbox.rights());
        let out = &mut self.connection.out;
        out.raw(b"* FLAGS ").flags(&flags).crlf();
        if !read_only {
            permanent_flags(out, &flags, rights);
        }
    }
}

/// `* OK [PERMANENTFLAGS (... \*)]`: the flags that somebody with these rights may change (RFC 4314 4).
pub(crate) fn permanent_flags(out: &mut crate::wire::encoder::Output, flags: &Flags, rights: Rights) {
    out.raw(b"* OK [PERMANENTFLAGS ");
    out.flags(&store::allowed_flags(rights, flags.clone()));
    if rights.contains(Rights::WRITE) {
        let mark = out.len() - 1;
        out.truncate(mark);
        out.raw(b" \\*)] Keywords can be made").crlf();
    } else {
        out.raw(b"] Others cannot be changed").crlf();
    }
}
