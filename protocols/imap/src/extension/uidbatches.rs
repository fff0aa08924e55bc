//! UIDBATCHES (RFC 10022): ranges of UIDs that cut the open mailbox into batches of equal size.
//!
//! They are read off the table in memory, a few octets a batch, so that a client that asks often costs nothing
//! and is not refused. The ranges leave no gap: what comes later belongs to none, and the last one ends at UID 1.

use super::{Extension, When, messagelimit};
use crate::command::{Sequences, States, Verb};
use crate::limits::{BATCH_COUNT_MIN, BATCHES_SPAN_COUNT_MAX};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const EXTENSION: Extension = Extension {
    name: "UIDBATCHES",
    rfc: "RFC 10022",
    capability: Some("UIDBATCHES"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "UIDBATCHES",
        uid: false,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    codes: &["TOOFEW", "TOOMANY"],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let size = cursor.nz_number()?;
    let mut range = None;
    if !cursor.at_end() {
        cursor.space()?;
        let first = cursor.nz_number()?;
        cursor.expect(b':', "Expected a range of batches")?;
        range = Some((first, cursor.nz_number()?));
    }
    cursor.end()?;
    if let Some((first, last)) = range {
        if first > last {
            return Err(Failure::BadCode("CLIENTBUG", "A range of batches goes upwards"));
        }
        let span = u64::from(last - first).saturating_add(1).saturating_mul(u64::from(size));
        if size >= BATCH_COUNT_MIN && span > BATCHES_SPAN_COUNT_MAX {
            return Err(Failure::No(Some("TOOMANY"), "Too many messages"));
        }
    }
    if let Some(most) = messagelimit::most(session).filter(|most| size as usize > *most) {
        // What no command could work on is no batch.
        return Ok(messagelimit::refused(most));
    }
    if size < BATCH_COUNT_MIN {
        return Err(Failure::No(Some("TOOFEW"), "A batch is 500 messages at least"));
    }
    let batches = batches(&session.selected()?.view.uids, size, range);
    let tag = session.tag.clone();
    let out = &mut session.connection.out;
    out.raw(b"* UIDBATCHES (TAG ").string(tag.as_bytes()).raw(b")");
    let mut separator = b" ";
    for (high, low) in batches {
        out.raw(separator).number(high).raw(b":").number(low);
        separator = b",";
    }
    out.crlf();
    Ok(Done::told("UIDBATCHES completed"))
}

/// The batches of that size, the newest first, each as its highest and its lowest UID; of a range only those.
fn batches(uids: &[u32], size: u32, range: Option<(u32, u32)>) -> Vec<(u32, u32)> {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let (first, last) = range.unwrap_or((1, u32::MAX));
    let (skip, last) = (first as usize - 1, last as usize);
    let mut found = Vec::new();
    // Each ends where the next lower one begins, whatever lies between.
    let chunks = uids.rchunks(size).enumerate().skip(skip).take(last - skip);
    for (number, chunk) in chunks {
        let below = uids.len().checked_sub(size.saturating_mul(number + 1).saturating_add(1));
        let low = below.and_then(|place| uids.get(place)).map_or(1, |below| below + 1);
        found.extend(chunk.last().map(|high| (*high, low)));
    }
    found
}

#[cfg(test)]
mod tests;
