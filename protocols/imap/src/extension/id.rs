//! ID (RFC 2971): who the two programs are. Nothing is ever decided by it; administrators see it in the list of sessions.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::limits::{ID_FIELD_COUNT_MAX, ID_NOTE_CHARS_MAX};
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

/// What of it is noted, in the order in which the client tells it.
const NOTED: &[&str] = &["name", "version", "os", "os-version", "vendor"];

/// Adds a value to the note, up to [`ID_NOTE_CHARS_MAX`] characters in all.
fn add(note: &mut String, value: &[u8]) {
    if value.trim_ascii().is_empty() {
        return;
    }
    let separator = if note.is_empty() { "" } else { " " };
    let text = format!("{note}{separator}{}", String::from_utf8_lossy(value).trim());
    *note = text.chars().filter(|c| !c.is_control()).take(ID_NOTE_CHARS_MAX).collect();
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let mut note = String::new();
    if !cursor.word("NIL") {
        cursor.expect(b'(', "Expected a list of fields")?;
        let mut fields = 0;
        while !cursor.eat(b')') {
            let field = cursor.string()?;
            cursor.space()?;
            let value = cursor.nstring()?;
            if NOTED.iter().any(|noted| field.eq_ignore_ascii_case(noted.as_bytes())) {
                add(&mut note, value.as_deref().unwrap_or_default());
            }
            while cursor.eat(b' ') {}
            fields += 1;
            if fields > ID_FIELD_COUNT_MAX {
                return Err(Failure::Bad("Too many fields"));
            }
        }
    }
    cursor.end()?;
    if !note.is_empty() {
        let note = note.into_boxed_str();
        if let Some(present) = &session.present {
            present.note_client(note.clone());
        }
        session.client = Some(note);
    }
    // The version is for those who may log in; before that it would only help to choose an attack.
    session.connection.out.raw(b"* ID (\"name\" \"Collegium\"");
    if session.principal.is_some() {
        session.connection.out.raw(b" \"version\" \"").raw(env!("CARGO_PKG_VERSION")).raw(b"\"");
    }
    session.connection.out.raw(b")").crlf();
    Ok(Done::told("ID completed"))
}
