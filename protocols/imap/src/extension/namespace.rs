//! NAMESPACE (RFC 2342): one's own mailboxes by their names, those of other people and of groups below stems.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::session::place::{OTHER_USERS, SHARED};
use crate::wire::decoder::cursor::Cursor;
use crate::wire::utf7;

pub(super) const EXTENSION: Extension = Extension {
    name: "NAMESPACE",
    rfc: "RFC 2342",
    capability: Some("NAMESPACE"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "NAMESPACE",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    tell(session);
    Ok(Done::told("NAMESPACE completed"))
}

/// `* NAMESPACE`, with what the stems are called in the session's language (RFC 5255 3.4).
pub(super) fn tell(session: &mut Session) {
    let out = &mut session.connection.out;
    let language = out.language;
    out.raw(b"* NAMESPACE ((\"\" \"/\"))");
    for (stem, translation) in [(OTHER_USERS, language.other_users), (SHARED, language.shared)] {
        out.raw(b" ((\"").raw(stem).raw(b"/\" \"/\"");
        if let Some(translation) = translation {
            let spelled = if out.utf8 { translation.to_owned() } else { utf7::encode(translation) };
            out.raw(b" \"TRANSLATION\" (").string(spelled.as_bytes()).raw(b")");
        }
        out.raw(b"))");
    }
    out.crlf();
}
