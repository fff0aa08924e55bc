//! Telling the client what happened in its open mailbox (RFC 9051 5.2, 7.5.1): what others did, and what came.
//!
//! The client's view and the newest table are walked side by side. Where an EXPUNGE would be needed and is not
//! allowed, nothing is told yet behind a command, which another one follows: sequence numbers must not shift under one
//! that uses them. A client that waits for events is told of the others all the same.
//!
//! *Invariant:* the view moves on when everything is read that is told of it. Where the store fails before that, nothing
//! has been told, and the next look tells it; what is asked for beyond the view and cannot be read ends with the
//! protocol's own word for that (NOUPDATE, NOTIFICATIONOVERFLOW).
//!
//! *Invariant:* a client with QRESYNC that comes back is told of every removal. Where Modseqs were told ahead of a
//! removal that waits, the state before it is told behind them (RFC 7162 3.2.10).

use super::Session;
use super::enabled::Enabled;
use super::selected::Chosen;
use super::table::Table;
use crate::command::fetch;
use crate::command::search::scope::Scope;
use crate::extension::condstore;
use crate::extension::context::{self, Change};
use crate::extension::notify::{self, Wanted};
use crate::limits::{ROWS_AT_ONCE, UPDATE_CHANGE_COUNT_MAX};
use crate::reply::Failure;
use crate::wire::decoder::fetch::FetchItem;
use crate::wire::decoder::sequence::Intervals;
use crate::wire::encoder::Output;
use model::{Error, Flags, Modseq, Uid};
use std::collections::HashSet;
use std::sync::Arc;
use store::Reader;

/// What becomes of removals, and of what else has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removals {
    /// All is told.
    Told,
    /// Where there are any nothing is told, until a command allows them.
    Awaited,
    /// All but they is told (RFC 5465 3, SELECTED-DELAYED).
    Delayed,
}

impl Session {
    /// Brings the client's view up to date.
    ///
    /// # Errors
    /// Bye when the mailbox has gone under the session.
    pub(crate) async fn synchronize(&mut self, removals: Removals) -> Result<(), Failure> {
        if self.selected.is_none() {
            return Ok(());
        }
        let Some(wanted) = notify::wanted(self) else { return Ok(()) };
        Box::pin(self.recheck()).await?;
        let (reader, table) = match self.latest().await {
            Ok(latest) => latest,
            // RFC 9051 5.3 / RFC 2180 3.3: a mailbox that was deleted elsewhere ends the session.
            Err(Failure::Store(Error::NotFound)) => return Err(Failure::Bye("The mailbox has gone")),
            Err(failure) => return Err(failure),
        };
        let Some(selected) = self.selected.as_deref_mut() else { return Ok(()) };
        if Arc::ptr_eq(&table, &selected.view) {
            selected.told = Vec::new();
            self.connection.out.told_modseq = false;
            return Ok(());
        }
        let waits = removals != Removals::Told && !table.has_all_of(&selected.view);
        let table = match removals {
            Removals::Awaited if waits => {
                self.hold_state();
                return Ok(());
            }
            // RFC 5465 5.3: the numbers go on behind what has gone and still counts.
            Removals::Delayed if waits => Arc::new(selected.with_gone(&table)),
            _ => table,
        };
        let keywords = table.keywords();
        self.tell_keywords(&keywords);
        let selected = self.selected()?;
        let changed = match wanted.flags {
            true => changed_flags(&selected.view, &table, &selected.told),
            false => Vec::new(),
        };
        let modseqs = self.modseqs_at(&reader, &table, &changed).await?;
        self.take_recent(&reader, &table).await?;
        let vanished_by_uid = self.tells_vanished();
        let Some(selected) = self.selected.as_deref_mut() else { return Ok(()) };
        let recent_before = selected.recent_count();
        let view = std::mem::replace(&mut selected.view, table.clone());
        selected.told = Vec::new();
        let out = &mut self.connection.out;
        context::leave(&mut selected.contexts, out, &view, &table);
        if vanished_by_uid {
            tell_vanished(out, &view, &table);
        } else {
            tell_expunged(out, &view, &table);
        }
        if table.max_uid() > view.max_uid() {
            out.raw(b"* ").number(table.len() as u64).raw(b" EXISTS").crlf();
        }
        // RFC 3501 7.3.2: the client cannot know which of those that have gone were \Recent.
        let recent = selected.recent_count();
        if !self.rev2 && (table.max_uid() > view.max_uid() || recent != recent_before) {
            out.raw(b"* ").number(recent).raw(b" RECENT").crlf();
        }
        self.write_flags(&table, &changed, modseqs).await?;
        Box::pin(self.tell_more(reader, &view, &table, &wanted)).await?;
        if waits {
            self.hold_state();
        }
        self.connection.out.told_modseq = false;
        Ok(())
    }

    /// Takes back that the client has all up to the Modseqs it was told, where a removal before them waits: it would
    /// never hear of that if the connection broke now.
    fn hold_state(&mut self) {
        let told = std::mem::take(&mut self.connection.out.told_modseq);
        let with_states = self.has(Enabled::QRESYNC);
        let Some(selected) = self.selected.as_deref().filter(|_| told && with_states) else { return };
        condstore::tell_state(&mut self.connection.out, selected.view.modseq);
    }

    /// Tells how results that are kept up to date have changed (RFC 5267 4.3), and of new messages what was asked
    /// for: by such a search before that (RFC 5465 7), by NOTIFY alone behind it (RFC 5465 5.2).
    async fn tell_more(
        &mut self,
        reader: Reader,
        old: &Table,
        table: &Arc<Table>,
        wanted: &Wanted,
    ) -> Result<(), Failure> {
        let selected = self.selected()?;
        let made: HashSet<u32> = std::mem::take(&mut selected.made).into_iter().collect();
        if selected.contexts.is_empty() && wanted.items.is_empty() {
            return Ok(());
        }
        let new = table.from(old.max_uid().saturating_add(1));
        let changes = match self.contexts(&reader, old, table, new).await {
            Err(Failure::Store(_) | Failure::No(..)) => {
                context::give_up(self, UNREAD)?;
                Vec::new()
            }
            changes => changes?,
        };
        let by_search = changes.iter().any(|change| !change.items.is_empty());
        if !by_search {
            changes.iter().for_each(|change| change.tell(&mut self.connection.out, table));
        }
        let others = new.iter().copied().filter(|uid| !made.contains(uid));
        for (adding, chosen) in runs(others, table, &changes) {
            let items = all_items(&wanted.items, &adding);
            if items.is_empty() {
                continue;
            }
            match fetch::tell_unasked(self, (&reader, table), items, &chosen).await {
                Err(Failure::Store(_)) => {
                    context::give_up(self, UNREAD)?;
                    notify::overflow(self, UNREAD);
                    return Ok(());
                }
                told => told?,
            }
        }
        if by_search {
            changes.iter().for_each(|change| change.tell(&mut self.connection.out, table));
        }
        self.connection.flush_if_large().await
    }

    /// How results that are kept up to date change with the table.
    async fn contexts(
        &mut self,
        reader: &Reader,
        old: &Table,
        table: &Arc<Table>,
        new: &[u32],
    ) -> Result<Vec<Change>, Failure> {
        let selected = self.selected()?;
        if selected.contexts.is_empty() {
            return Ok(Vec::new());
        }
        let at = |place: usize| table.uids.get(place).copied();
        let mut touched: Vec<u32> = changed_flags(old, table, &[]).into_iter().filter_map(at).collect();
        touched.extend(new);
        if touched.len() > UPDATE_CHANGE_COUNT_MAX {
            context::give_up(self, "Too much has changed")?;
            return Ok(Vec::new());
        }
        let (saved, recent) = (selected.saved.clone(), selected.recent.clone());
        let (reader, mailbox) = (reader.clone(), selected.mailbox.clone());
        let scope = Scope { reader, mailbox, view: table.clone(), table: table.clone(), saved, recent };
        context::update(self, &scope, &touched).await
    }

    /// `* n FETCH (UID u FLAGS (...))` for these places of the newest table.
    pub(crate) async fn tell_flags(
        &mut self,
        reader: &Reader,
        table: &Table,
        places: &[usize],
    ) -> Result<(), Failure> {
        for places in places.chunks(ROWS_AT_ONCE) {
            let modseqs = self.modseqs_at(reader, table, places).await?;
            self.write_flags(table, places, modseqs).await?;
        }
        Ok(())
    }

    /// The Modseqs at places of the newest table; none where the session is not told of them.
    async fn modseqs_at(
        &mut self,
        reader: &Reader,
        table: &Table,
        places: &[usize],
    ) -> Result<Vec<Modseq>, Failure> {
        let mut modseqs = Vec::new();
        for places in places.chunks(ROWS_AT_ONCE) {
            let uid = |place: &usize| table.uids.get(*place).copied().map(Uid);
            let uids: Vec<Uid> = places.iter().filter_map(uid).collect();
            modseqs.extend(self.modseqs(reader, table, &uids).await?.unwrap_or_default());
        }
        Ok(modseqs)
    }

    /// Tells flags with Modseqs that were read before.
    ///
    /// # Errors
    /// Gone.
    async fn write_flags(
        &mut self,
        table: &Table,
        places: &[usize],
        modseqs: Vec<Modseq>,
    ) -> Result<(), Failure> {
        let by_uid = self.has(Enabled::UIDONLY);
        let mut modseqs = modseqs.into_iter();
        for &place in places {
            let Some(&uid) = table.uids.get(place) else { continue };
            let recent = self.selected()?.recent.contains(uid);
            let (system, keywords) = table.flags(place);
            let out = self.begin_fetch(place, uid);
            if !by_uid {
                out.raw(b"UID ").number(uid).raw(b" ");
            }
            out.raw(b"FLAGS ").told_flags(recent, system, keywords);
            if let Some(modseq) = modseqs.next() {
                out.raw(b" ").modseq(modseq);
            }
            out.raw(b")").crlf();
            self.connection.flush_if_large().await?;
        }
        Ok(())
    }

    /// Takes the messages that came as \Recent, as far as no other session has done so.
    async fn take_recent(&mut self, reader: &Reader, table: &Table) -> Result<(), Failure> {
        let context = self.context.clone();
        let rev2 = self.rev2;
        let Some(selected) = self.selected.as_deref_mut() else { return Ok(()) };
        let (told, last) = (selected.view.max_uid(), table.max_uid());
        if last <= told {
            return Ok(());
        }
        let first = if selected.read_only {
            context.recent.first(reader, &selected.mailbox).await?
        } else {
            context.recent.take(reader, &selected.mailbox, last.saturating_add(1)).await?
        };
        let first = first.max(told.saturating_add(1));
        if first > last || rev2 {
            return Ok(());
        }
        match selected.recent.0.last_mut() {
            Some((_, end)) if end.saturating_add(1) == first => *end = last,
            _ => selected.recent.0.push((first, last)),
        }
        Ok(())
    }
}

/// Why something that was asked for is not told any more.
const UNREAD: &str = "What it needs cannot be read now";

/// New messages side by side that the same searches with items of their own take in.
type Run<'c> = (Vec<&'c Change>, Chosen);

/// New messages, ascending, in runs.
fn runs<'c>(uids: impl Iterator<Item = u32>, table: &Table, changes: &'c [Change]) -> Vec<Run<'c>> {
    let mut runs: Vec<Run<'c>> = Vec::new();
    for uid in uids {
        let Some(place) = table.index(uid) else { continue };
        let takes = |change: &&Change| !change.items.is_empty() && change.adds(uid);
        let adding: Vec<&Change> = changes.iter().filter(takes).collect();
        let is_same = |(same, _): &&mut Run<'c>| {
            same.len() == adding.len()
                && same.iter().zip(&adding).all(|(one, other)| std::ptr::eq(*one, *other))
        };
        match runs.last_mut().filter(is_same) {
            Some((_, chosen)) => chosen.push((place, Uid(uid))),
            None => runs.push((adding, vec![(place, Uid(uid))])),
        }
    }
    runs
}

/// What is told of a message that comes, each item once.
fn all_items(wanted: &[FetchItem], adding: &[&Change]) -> Vec<FetchItem> {
    let mut items: Vec<FetchItem> = Vec::new();
    for item in wanted.iter().chain(adding.iter().flat_map(|change| change.items.iter())) {
        if !items.contains(item) {
            items.push(item.clone());
        }
    }
    items
}

/// `* VANISHED 1:3,5` (RFC 7162 3.2.10).
fn tell_vanished(out: &mut Output, old: &Table, new: &Table) {
    let gone = Intervals::collect(new.missing(old).into_iter().map(|(_, uid)| uid));
    if !gone.0.is_empty() {
        out.raw(b"* VANISHED ").intervals(&gone.0).crlf();
    }
}

/// `* n EXPUNGE` from the last to the first, so that no number shifts before it is told.
fn tell_expunged(out: &mut Output, old: &Table, new: &Table) {
    for (index, _) in new.missing(old).into_iter().rev() {
        out.raw(b"* ").number(index as u64 + 1).raw(b" EXPUNGE").crlf();
    }
}

/// The places in the new table of messages whose flags differ from what the client knows.
fn changed_flags(old: &Table, new: &Table, told: &[(u32, Flags)]) -> Vec<usize> {
    match new.changed_since(old) {
        Some(mut uids) => {
            uids.extend(told.iter().map(|(uid, _)| *uid));
            uids.sort_unstable();
            uids.dedup();
            differing(uids.into_iter(), old, new, told)
        }
        None => differing(old.uids.iter().copied(), old, new, told),
    }
}

/// Of these UIDs, ascending, the places in the new table of those that are in both and whose flags are not as the
/// client knows them.
fn differing(uids: impl Iterator<Item = u32>, old: &Table, new: &Table, told: &[(u32, Flags)]) -> Vec<usize> {
    let mut told = told.iter().peekable();
    let (mut next_old, mut next_new) = (0, 0);
    let differs = |uid: u32| {
        let (was, index) = (old.index_from(&mut next_old, uid)?, new.index_from(&mut next_new, uid)?);
        while told.next_if(|(other, _)| *other < uid).is_some() {}
        let known = match told.next_if(|(other, _)| *other == uid) {
            Some((_, flags)) => (flags.system, flags.keywords.as_slice()),
            None => old.flags(was),
        };
        (known != new.flags(index)).then_some(index)
    };
    uids.filter_map(differs).collect()
}
