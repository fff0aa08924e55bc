//! NAMESPACE (RFC 2342): one's own mailboxes by their names, those of other people and of groups below stems.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::session::place::{OTHER_USERS, SHARED};
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
    let out = &mut session.connection.out;
    out.raw(b"* NAMESPACE ((\"\" \"/\")) ((\"").raw(OTHER_USERS).raw(b"/\" \"/\")) ((\"");
    out.raw(SHARED).raw(b"/\" \"/\"))").crlf();
    Ok(Done::told("NAMESPACE completed"))
}
