//! NOOP and CHECK (RFC 9051 6.1.2, RFC 3501 6.4.1): what happened is told by the dispatcher.
//!
//! CHECK has nothing to check: whatever was answered is on stable storage already.

use super::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "NOOP",
        uid: false,
        states: States::ANY,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, "NOOP completed")),
    },
    Verb {
        name: "CHECK",
        uid: false,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, "CHECK completed")),
    },
];

async fn run(_session: &mut Session, mut cursor: Cursor<'_>, text: &'static str) -> Outcome {
    cursor.end()?;
    Ok(Done::told(text))
}
