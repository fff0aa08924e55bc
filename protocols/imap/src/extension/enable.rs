//! ENABLE (RFC 5161): the client says which changes of the protocol it understands.

use super::{ALL, Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;

pub(super) const EXTENSION: Extension = Extension {
    name: "ENABLE",
    rfc: "RFC 5161",
    capability: Some("ENABLE"),
    when: When::Always,
    commands: &[Verb {
        name: "ENABLE",
        uid: false,
        // RFC 9051 6.3.1 says authenticated only; clients have been seen to send it later, and no harm is done.
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let mut enabled = Vec::new();
    cursor.space()?;
    loop {
        let name = cursor.atom()?;
        // RFC 5161 3.1: what is not known is passed over.
        let known = ALL.iter().find(|extension| extension.name.eq_ignore_ascii_case(name));
        if let Some((extension, enable)) = known.and_then(|known| Some((known, known.enable?))) {
            enable(session);
            if !enabled.contains(&extension.name) {
                enabled.push(extension.name);
            }
        }
        if cursor.at_end() {
            break;
        }
        cursor.space()?;
    }
    let out = &mut session.connection.out;
    out.raw(b"* ENABLED");
    for name in enabled {
        out.raw(b" ").raw(name);
    }
    out.crlf();
    Ok(Done::told("ENABLE completed"))
}
