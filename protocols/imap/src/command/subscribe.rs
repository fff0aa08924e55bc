//! SUBSCRIBE and UNSUBSCRIBE (RFC 9051 6.3.7, 6.3.8). A mailbox must be there to be subscribed
//! to; the subscription outlives it.

use super::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::session::place::is_elsewhere;
use crate::wire::decoder::cursor::Cursor;
use model::{Error, Rights};

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
    let (_, own) = session.account()?;
    let mut writer = session.writer().await?;
    if !is_elsewhere(&name) {
        writer.subscribe_mailbox(&name, subscribe).await?;
    } else {
        if subscribe {
            let place = session.place(&name).await?;
            if place.account == own {
                return Err(Error::NotFound.into());
            }
            session.reader_of(place.account).await?.open_mailbox(&place.path, Rights::LOOKUP).await?;
        }
        // Whoever subscribes keeps that: also when the mailbox is shared no more (RFC 9051 6.3.7).
        writer.subscribe_elsewhere(&name, subscribe).await?;
    }
    let proof = writer.commit(()).await?;
    Ok(Done::changed(&proof, if subscribe { "SUBSCRIBE completed" } else { "UNSUBSCRIBE completed" }))
}
