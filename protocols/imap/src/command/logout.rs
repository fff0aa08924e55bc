//! LOGOUT (RFC 9051 6.1.3).

use super::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "LOGOUT",
    uid: false,
    states: States::ANY,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    // Nothing of the mailbox is told any more.
    session.selected = None;
    session.leaving = true;
    session.connection.out.raw(b"* BYE ").say("Logging out").crlf();
    Ok(Done::told("LOGOUT completed"))
}
