//! ID (RFC 2971): who the two programs are. Nothing is ever decided by it.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::limits::ID_FIELD_COUNT_MAX;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const EXTENSION: Extension = Extension {
    name: "ID",
    rfc: "RFC 2971",
    capability: Some("ID"),
    when: When::Always,
    commands: &[Verb {
        name: "ID",
        uid: false,
        states: States::ANY,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    if !cursor.word("NIL") {
        cursor.expect(b'(', "Expected a list of fields")?;
        let mut fields = 0;
        while !cursor.eat(b')') {
            cursor.string()?;
            cursor.space()?;
            cursor.nstring()?;
            while cursor.eat(b' ') {}
            fields += 1;
            if fields > ID_FIELD_COUNT_MAX {
                return Err(Failure::Bad("Too many fields"));
            }
        }
    }
    cursor.end()?;
    // The version is for those who may log in; before that it would only help to choose an attack.
    session.connection.out.raw(b"* ID (\"name\" \"Collegium\"");
    if session.principal.is_some() {
        session.connection.out.raw(b" \"version\" \"").raw(env!("CARGO_PKG_VERSION")).raw(b"\"");
    }
    session.connection.out.raw(b")").crlf();
    Ok(Done::told("ID completed"))
}
