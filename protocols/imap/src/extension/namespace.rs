//! NAMESPACE (RFC 2342): one's own mailboxes, no one else's yet.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const EXTENSION: Extension = Extension {
    name: "NAMESPACE",
    rfc: "RFC 2342",
    capability: Some("NAMESPACE"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "NAMESPACE",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    session.connection.out.raw(b"* NAMESPACE ((\"\" \"/\")) NIL NIL").crlf();
    Ok(Done::told("NAMESPACE completed"))
}
