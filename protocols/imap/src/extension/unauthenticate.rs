//! UNAUTHENTICATE (RFC 8437): back to before login on the same connection, as if nobody had logged in.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const EXTENSION: Extension = Extension {
    name: "UNAUTHENTICATE",
    rfc: "RFC 8437",
    capability: Some("UNAUTHENTICATE"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "UNAUTHENTICATE",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    if session.connection.is_deflated() {
        // RFC 8437 4.1: DEFLATE ends with this command and its reply. What came deflated behind it is nobody's.
        if !session.connection.framer.buffered().is_empty() {
            return Err(Failure::Bye("DEFLATE ends with UNAUTHENTICATE"));
        }
        session.end_deflate_after_reply = true;
    }
    session.forget_login();
    Ok(Done::told("UNAUTHENTICATE completed"))
}
