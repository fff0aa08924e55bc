//! UIDPLUS (RFC 4315): UID EXPUNGE, and the UIDs that APPEND and COPY gave.

use super::{Extension, When};
use crate::command::expunge::expunge;
use crate::command::{Sequences, States, Verb};
use crate::reply::Outcome;
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::sequence::SequenceSet;

pub(super) const EXTENSION: Extension = Extension {
    name: "UIDPLUS",
    rfc: "RFC 4315",
    capability: Some("UIDPLUS"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "EXPUNGE",
        uid: true,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    codes: &["APPENDUID", "COPYUID"],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let set = SequenceSet::parse(&mut cursor)?;
    cursor.end()?;
    expunge(session, Some(&set)).await
}
