//! THREAD (RFC 5256) by ORDEREDSUBJECT, REFERENCES and REFS (draft-ietf-morg-inthread).
//!
//! What messages are threaded by was read at their arrival; where the client compares subjects otherwise than by default
//! (RFC 5255 4.2) their headers are. Trees are built and told without recursion, since a thread may be as deep as the
//! mailbox is long.

mod build;
mod forest;

use super::{Extension, When, messagelimit};
use crate::command::search::{Program, found_by};
use crate::command::{Sequences, States, Verb};
use crate::limits::ROWS_AT_ONCE;
use crate::reply::{Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use forest::Forest;
use format::collation::Collation;
use model::Uid;
use store::{MessageKeys, MessageRow};

pub(super) const EXTENSION: Extension = Extension {
    name: "THREAD",
    rfc: "RFC 5256",
    capability: Some("THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS"),
    when: When::LoggedIn,
    commands: &[
        Verb {
            name: "THREAD",
            uid: false,
            states: States::SELECTED,
            sequences: Sequences::Used,
            run: |session, cursor| Box::pin(run(session, cursor, false)),
        },
        Verb {
            name: "THREAD",
            uid: true,
            states: States::SELECTED,
            sequences: Sequences::Free,
            run: |session, cursor| Box::pin(run(session, cursor, true)),
        },
    ],
    ..Extension::PLAIN
};

/// How messages are made into threads.
type Algorithm = fn(&[Message]) -> Forest;

const ALGORITHMS: [(&str, Algorithm); 3] =
    [("ORDEREDSUBJECT", build::ordered_subject), ("REFERENCES", build::references), ("REFS", build::refs)];

/// A message that is to be threaded.
#[derive(Clone, Debug, Default)]
struct Message {
    /// What it is told as.
    number: u32,
    /// Seconds since 1970, by Date or INTERNALDATE.
    sent: i64,
    /// INTERNALDATE, in the same way.
    received: i64,
    keys: MessageKeys,
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    cursor.space()?;
    let name = cursor.atom()?;
    let known = ALGORITHMS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let (name, algorithm) = known.ok_or(Failure::Bad("Unknown threading algorithm"))?;
    cursor.space()?;
    let mut program = Program::of_sort(session, &mut cursor, None)?;
    if let Err(refused) = program.ready(session).await? {
        return Ok(refused);
    }
    let found = found_by(session, &mut program).await?;
    if let (Some(_), Some(most)) = (program.partial, program.most) {
        // RFC 9738 3.3: threads of a part of the mailbox would not be its threads.
        return Ok(messagelimit::refused(most));
    }
    // REFS leaves subjects alone.
    let collation = if *name == "REFS" { Collation::UnicodeCasemap } else { program.collation };
    let messages = read(session, &found, by_uid, collation).await?;
    let forest = algorithm(&messages);
    let out = &mut session.connection.out;
    out.raw(b"* THREAD");
    if !forest.roots.is_empty() {
        out.raw(b" ");
    }
    forest.tell(&messages, out);
    out.crlf();
    Ok(program.done("THREAD completed", by_uid))
}

async fn read(
    session: &mut Session,
    found: &[(u32, u32)],
    by_uid: bool,
    collation: Collation,
) -> Result<Vec<Message>, Failure> {
    let (reader, table) = session.latest().await?;
    let mailbox = session.selected()?.mailbox.clone();
    let mut messages = Vec::with_capacity(found.len());
    for chunk in found.chunks(ROWS_AT_ONCE) {
        session.progress(messages.len(), found.len()).await?;
        let uids: Vec<Uid> = chunk.iter().map(|(_, uid)| Uid(*uid)).collect();
        let rows = table.rows(&reader, &mailbox, &uids).await?;
        let there: Vec<_> =
            chunk.iter().zip(&rows).filter_map(|(id, row)| Some((id, row.as_ref()?))).collect();
        let rows: Vec<&MessageRow> = there.iter().map(|(_, row)| *row).collect();
        let keys = reader.message_keys_collated(&rows, collation).await?;
        for ((&(number, uid), row), keys) in there.into_iter().zip(keys) {
            let sent = super::sort::sent(row, &keys);
            let (number, received) = (if by_uid { uid } else { number }, row.received.seconds);
            messages.push(Message { number, sent, received, keys });
        }
        // Thousands of messages are read: others must get their turn.
        tokio::task::yield_now().await;
    }
    Ok(messages)
}

#[cfg(test)]
mod tests;
