//! LANGUAGE (RFC 5255 3): what the server says to people, in their language; and what the stems of the namespaces would
//! be called in it.

use super::{Extension, When, namespace};
use crate::command::{Sequences, States, Verb};
use crate::language::{self, ALL};
use crate::limits::LANGUAGE_COUNT_MAX;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, utf8_of};

pub(super) const EXTENSION: Extension = Extension {
    name: "LANGUAGE",
    rfc: "RFC 5255",
    capability: Some("LANGUAGE"),
    when: When::Always,
    commands: &[Verb {
        name: "LANGUAGE",
        uid: false,
        states: States::ANY,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let mut asked = 0;
    let mut chosen = None;
    while !cursor.at_end() {
        cursor.space()?;
        asked += 1;
        if asked > LANGUAGE_COUNT_MAX {
            return Err(Failure::Bad("Too many languages"));
        }
        let range = utf8_of(cursor.astring()?)?;
        // The ranges are in the order of preference.
        chosen = chosen.or_else(|| language::lookup(&range));
    }
    cursor.end()?;
    let out = &mut session.connection.out;
    if asked == 0 {
        out.raw(b"* LANGUAGE (");
        let tags: Vec<&str> = ALL.iter().map(|language| language.tag).collect();
        out.raw(tags.join(" ")).raw(b")").crlf();
        return Ok(Done::told("LANGUAGE completed"));
    }
    let Some(chosen) = chosen else { return Err(Failure::No(None, "No such language here")) };
    out.language = chosen;
    out.raw(b"* LANGUAGE (").raw(chosen.tag).raw(b")").crlf();
    if session.principal.is_some() {
        namespace::tell(session);
    }
    Ok(Done::told(chosen.selected))
}
