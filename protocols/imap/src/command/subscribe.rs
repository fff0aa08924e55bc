//! SUBSCRIBE and UNSUBSCRIBE (RFC 9051 6.3.7, 6.3.8). Subscriptions are names: a mailbox need not be there to be
//! subscribed to, and its subscription outlives it.

use super::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::session::place::{composed, is_elsewhere, spelled};
use crate::wire::decoder::cursor::Cursor;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "SUBSCRIBE",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, true)),
    },
    Verb {
        name: "UNSUBSCRIBE",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, false)),
    },
];

async fn run(session: &mut Session, mut cursor: Cursor<'_>, subscribe: bool) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.end()?;
    let elsewhere = is_elsewhere(&name);
    let name = if elsewhere {
        composed(&name).into_owned()
    } else {
        spelled(&session.reader().await?, &name).await?.into_owned()
    };
    let mut writer = session.writer().await?;
    if elsewhere {
        // Whether it is there or may be known of makes no difference, and so tells nothing (RFC 9051 6.3.7).
        writer.subscribe_elsewhere(&name, subscribe).await?;
    } else {
        writer.subscribe_mailbox(&name, subscribe).await?;
    }
    let proof = writer.commit(()).await?;
    Ok(Done::changed(&proof, if subscribe { "SUBSCRIBE completed" } else { "UNSUBSCRIBE completed" }))
}
