//! Telling the client what happened in its open mailbox (RFC 9051 5.2, 7.5.1): what others did, and what came.
//!
//! The client's view and the newest table are walked side by side. Where an EXPUNGE would be needed and is not
//! allowed, nothing is told yet: sequence numbers must not shift under a command that uses them.

use super::Session;
use super::table::Table;
use crate::reply::Failure;
use crate::wire::decoder::sequence::Intervals;
use crate::wire::encoder::Output;
use model::{Error, Flags};
use std::sync::Arc;
use store::Reader;

impl Session {
    /// Brings the client's view up to date.
    ///
    /// # Errors
    /// Bye when the mailbox has gone under the session.
    pub(crate) async fn synchronize(&mut self, may_expunge: bool) -> Result<(), Failure> {
        if self.selected.is_none() {
            return Ok(());
        }
        Box::pin(self.recheck()).await?;
        let (reader, table) = match self.latest().await {
            Ok(latest) => latest,
            // RFC 9051 5.3 / RFC 2180 3.3: a mailbox that was deleted elsewhere ends the session.
            Err(Failure::Store(Error::NotFound)) => return Err(Failure::Bye("The mailbox has gone")),
            Err(failure) => return Err(failure),
        };
        let Some(selected) = self.selected.as_deref_mut() else { return Ok(()) };
        if Arc::ptr_eq(&table, &selected.view) {
            selected.told.clear();
            return Ok(());
        }
        if !may_expunge && has_vanished(&selected.view, &table) {
            return Ok(());
        }
        let keywords = table.keywords();
        self.tell_keywords(&keywords);
        self.take_recent(&reader, &table).await?;
        let Some(selected) = self.selected.as_deref_mut() else { return Ok(()) };
        let view = std::mem::replace(&mut selected.view, table.clone());
        let told = std::mem::take(&mut selected.told);
        let out = &mut self.connection.out;
        tell_vanished(out, &view, &table);
        if table.max_uid() > view.max_uid() {
            out.raw(b"* ").number(table.len() as u64).raw(b" EXISTS").crlf();
            if !self.rev2 {
                out.raw(b"* ").number(selected.recent_count()).raw(b" RECENT").crlf();
            }
        }
        tell_flags(out, &view, &table, &told, &selected.recent);
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

/// Whether a message of the old view is not in the new one.
fn has_vanished(old: &Table, new: &Table) -> bool {
    let kept = new.uids.partition_point(|&uid| uid <= old.max_uid());
    kept < old.len()
}

/// `* n EXPUNGE` from the last to the first, so that no number shifts before it is told.
fn tell_vanished(out: &mut Output, old: &Table, new: &Table) {
    if !has_vanished(old, new) {
        return;
    }
    let mut left = new.uids.iter().rev().copied().peekable();
    for (index, &uid) in old.uids.iter().enumerate().rev() {
        while left.peek().is_some_and(|&other| other > uid) {
            left.next();
        }
        if left.peek() != Some(&uid) {
            out.raw(b"* ").number(index as u64 + 1).raw(b" EXPUNGE").crlf();
        }
    }
}

/// `* n FETCH (UID u FLAGS (...))` where flags differ and the client was not told otherwise.
fn tell_flags(out: &mut Output, old: &Table, new: &Table, told: &[(u32, Flags)], recent: &Intervals) {
    let mut before = old.uids.iter().copied().enumerate().peekable();
    let mut told = told.iter().peekable();
    for (index, &uid) in new.uids.iter().enumerate() {
        while before.peek().is_some_and(|&(_, other)| other < uid) {
            before.next();
        }
        let Some((was, _)) = before.next_if(|&(_, other)| other == uid) else { continue };
        while told.peek().is_some_and(|(other, _)| *other < uid) {
            told.next();
        }
        let now = new.flags(index);
        let known = match told.next_if(|(other, _)| *other == uid) {
            Some((_, flags)) => (flags.system, flags.keywords.as_slice()),
            None => old.flags(was),
        };
        if known != now {
            out.raw(b"* ").number(index as u64 + 1).raw(b" FETCH (UID ").number(uid).raw(b" FLAGS ");
            out.told_flags(recent.contains(uid), now.0, now.1).raw(b")").crlf();
        }
    }
}
