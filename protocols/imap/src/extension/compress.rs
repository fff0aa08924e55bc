//! COMPRESS=DEFLATE (RFC 4978): everything behind the positive reply is deflated, in both directions.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const EXTENSION: Extension = Extension {
    name: "COMPRESS=DEFLATE",
    rfc: "RFC 4978",
    capability: Some("COMPRESS=DEFLATE"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "COMPRESS",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    codes: &["COMPRESSIONACTIVE"],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let mechanism = cursor.atom()?;
    cursor.end()?;
    if !mechanism.eq_ignore_ascii_case("DEFLATE") {
        return Err(Failure::No(None, "Unknown compression"));
    }
    if session.connection.is_deflated() {
        return Err(Failure::No(Some("COMPRESSIONACTIVE"), "DEFLATE is active already"));
    }
    // RFC 4978 3: the client sends nothing more before it has seen the reply; what came could be either form.
    if !session.connection.framer.buffered().is_empty() {
        return Err(Failure::Bad("Nothing may follow COMPRESS"));
    }
    session.deflate_after_reply = true;
    Ok(Done::told("DEFLATE active"))
}
