//! CAPABILITY (RFC 9051 6.1.1): the registry of extensions, told.

use super::{Sequences, States, Verb};
use crate::extension;
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "CAPABILITY",
    uid: false,
    states: States::ANY,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    let capabilities = extension::capabilities(session);
    session.connection.out.raw(b"* CAPABILITY ").raw(capabilities).crlf();
    Ok(Done::told("CAPABILITY completed"))
}
