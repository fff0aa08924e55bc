//! STARTTLS (RFC 9051 6.2.1), safe against commands that someone put in front of the handshake.

use super::{Sequences, States, Verb};
use crate::language;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use sasl::door;

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "STARTTLS",
    uid: false,
    states: States::NOT_AUTHENTICATED,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    if !session.peer.offers_starttls() {
        return Err(Failure::Bad("STARTTLS is not available"));
    }
    // What came in the same segment was written by nobody knows whom.
    if door::refuse_buffered(session.connection.framer.buffered()).is_err() {
        session.leaving = true;
        return Err(Failure::Bad("Nothing may follow STARTTLS"));
    }
    session.upgrade_after_reply = true;
    Ok(Done::told("Begin TLS now"))
}

/// Puts TLS on, once the positive reply was sent.
///
/// # Errors
/// Gone when the handshake fails: there is nobody to answer to.
pub(crate) async fn upgrade(session: &mut Session) -> Result<(), Failure> {
    session.connection.flush().await?;
    let Some(acceptor) = session.peer.acceptor.take() else { return Err(Failure::Gone) };
    // Plaintext that arrived between the command and now must not be taken for the client's own either.
    if door::refuse_buffered(session.connection.framer.buffered()).is_err() {
        return Err(Failure::Gone);
    }
    let Some(stream) = session.connection.take_stream() else { return Err(Failure::Gone) };
    let upgrading = session.before_login_ends(door::upgrade(stream, &acceptor)).await?;
    let (stream, channel) = upgrading.map_err(|_| Failure::Gone)?;
    session.connection.set_stream(stream);
    session.peer.tls = true;
    session.peer.channel = Some(channel);
    // Who was heard before may have been somebody else.
    session.client = None;
    session.connection.out.language = &language::FIRST;
    Ok(())
}
