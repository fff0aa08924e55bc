//! QRESYNC (RFC 7162 3.2): a client that comes back is told in one round trip what changed and what vanished.

use super::condstore::modseq;
use super::{Extension, When};
use crate::reply::Failure;
use crate::session::Session;
use crate::session::enabled::Enabled;
use crate::session::resync::Since;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::select::{Resync, SelectParameters};
use crate::wire::decoder::sequence::{Intervals, SequenceSet};
use crate::words::OptionWord;
use model::{Uid, UidValidity};
use store::{CollectionRow, Reader};

pub(super) const EXTENSION: Extension = Extension {
    name: "QRESYNC",
    rfc: "RFC 7162",
    capability: Some("QRESYNC"),
    when: When::LoggedIn,
    needs: &["CONDSTORE", "ENABLE"],
    enable: Some(|session| {
        // RFC 7162 3.2.3: who enables QRESYNC enables CONDSTORE.
        session.enable_condstore();
        session.enabled |= Enabled::QRESYNC;
    }),
    fetch_modifiers: &[OptionWord {
        name: "VANISHED",
        parse: |_, modifiers| {
            modifiers.vanished = true;
            Ok(())
        },
    }],
    select: &[OptionWord { name: "QRESYNC", parse: parameter }],
    codes: &["CLOSED"],
    ..Extension::PLAIN
};

/// ` (uidvalidity modseq [uids] [(numbers uids)])`
fn parameter(cursor: &mut Cursor<'_>, parameters: &mut SelectParameters) -> Parsed<()> {
    cursor.space()?;
    cursor.expect(b'(', "Expected what is known")?;
    let uid_validity = UidValidity(cursor.nz_number()?);
    let mut resync = Resync { uid_validity, modseq: modseq(cursor)?, known: None, matched: None };
    if cursor.eat(b' ') && cursor.peek() != Some(b'(') {
        resync.known = Some(known(cursor)?);
        let _ = cursor.eat(b' ');
    }
    if cursor.eat(b'(') {
        let numbers = known(cursor)?;
        cursor.space()?;
        let uids = known(cursor)?;
        if ascending(&numbers).is_none() || ascending(&numbers) != ascending(&uids) {
            return Err(Failure::Bad("Expected numbers and UIDs"));
        }
        resync.matched = Some((numbers, uids));
        cursor.expect(b')', "Expected numbers and UIDs")?;
    }
    cursor.expect(b')', "Expected the end of what is known")?;
    parameters.condstore = true;
    parameters.resync = Some(Box::new(resync));
    Ok(())
}

/// A set without `*` and `$` (RFC 7162 7, known-uids).
fn known(cursor: &mut Cursor<'_>) -> Parsed<SequenceSet> {
    match SequenceSet::parse(cursor)? {
        SequenceSet::Ranges(ranges) if ranges.iter().all(|&(first, last)| first > 0 && last > 0) => {
            Ok(SequenceSet::Ranges(ranges))
        }
        _ => Err(Failure::Bad("Expected numbers")),
    }
}

/// How many numbers a set has that names them ascending, as both sets of a match must (RFC 7162 3.2.5.2).
fn ascending(set: &SequenceSet) -> Option<u64> {
    let SequenceSet::Ranges(ranges) = set else { return None };
    let (mut last, mut count) = (0, 0);
    for &(first, end) in ranges {
        if first <= last || end < first {
            return None;
        }
        count += u64::from(end - first) + 1;
        last = end;
    }
    Some(count)
}

fn intervals(set: &SequenceSet) -> Intervals {
    match set {
        SequenceSet::Ranges(ranges) => Intervals::resolve(ranges, u32::MAX),
        SequenceSet::Saved => Intervals::default(),
    }
}

/// Tells what happened to the mailbox that was just opened, if it is the one that the client knew
/// (RFC 7162 3.2.5.1).
///
/// # Errors
/// `Unavailable`, `Corrupt`; Gone.
pub(crate) async fn tell(
    session: &mut Session,
    reader: &Reader,
    row: &CollectionRow,
    resync: &Resync,
) -> Result<(), Failure> {
    if resync.uid_validity != row.uid_validity {
        return Ok(());
    }
    let selected = session.selected()?;
    let (view, mailbox) = (selected.view.clone(), selected.mailbox.clone());
    let last = row.uid_next.0.saturating_sub(1);
    let asked = match &resync.known {
        Some(known) => intervals(known),
        None => Intervals::resolve(&[(1, last.max(1))], last),
    };
    let since = Since::read(reader, &mailbox, resync.modseq).await?;
    let matched = resync.matched.as_ref().map_or(0, |pair| matching(pair, &view.uids));
    let vanished = since.vanished(&within(&asked, last), &view, &view, matched);
    if !vanished.0.is_empty() {
        session.connection.out.raw(b"* VANISHED (EARLIER) ").intervals(&vanished.0).crlf();
    }
    let uids: Vec<Uid> = view.uids.iter().filter(|uid| asked.contains(**uid)).map(|&uid| Uid(uid)).collect();
    let changed = since.changed(reader, &mailbox, &view, &uids).await?;
    let places: Vec<usize> = changed.iter().filter_map(|uid| view.index(uid.0)).collect();
    session.tell_flags(reader, &view, &places).await
}

/// What of the intervals was ever given as a UID.
pub(crate) fn within(asked: &Intervals, last: u32) -> Intervals {
    let bounded = asked.0.iter().map(|&(low, high)| (low, high.min(last)));
    Intervals(bounded.filter(|(low, high)| low <= high).collect())
}

/// The largest UID that has the number here which the client gave it: nothing below it has vanished
/// (RFC 7162 3.2.5.2).
fn matching((numbers, uids): &(SequenceSet, SequenceSet), here: &[u32]) -> u32 {
    let (numbers, uids) = (intervals(numbers), intervals(uids));
    let mut best = 0;
    // Both lists ascend together; no more pairs are looked at than there are messages.
    let pairs = each(&numbers).zip(each(&uids)).take(here.len());
    for (number, uid) in pairs {
        let place = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        if here.get(place) == Some(&uid) {
            best = uid;
        }
    }
    best
}

fn each(set: &Intervals) -> impl Iterator<Item = u32> + '_ {
    set.0.iter().flat_map(|&(low, high)| low..=high)
}

#[cfg(test)]
mod tests;
