//! UNAUTHENTICATE (RFC 8437): back to before login on the same connection, as if nobody had logged in.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
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
    session.forget_login();
    Ok(Done::told("UNAUTHENTICATE completed"))
}
