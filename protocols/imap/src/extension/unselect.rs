//! UNSELECT (RFC 3691): closes without expunging.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const EXTENSION: Extension = Extension {
    name: "UNSELECT",
    rfc: "RFC 3691",
    capability: Some("UNSELECT"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "UNSELECT",
        uid: false,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    session.selected = None;
    Ok(Done::told("UNSELECT completed"))
}
