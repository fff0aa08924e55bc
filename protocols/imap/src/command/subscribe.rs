//! SUBSCRIBE and UNSUBSCRIBE (RFC 9051 6.3.7, 6.3.8). Subscriptions are names: a mailbox need not be there to be
//! subscribed to, and its subscription outlives it.

use super::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::place::{composed, is_elsewhere};
use crate::wire::decoder::cursor::Cursor;
use model::Error;

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
    let meant = match session.place(&name).await {
        Ok(place) => place.name,
        Err(Failure::Store(Error::NotFound)) => composed(&name).into_owned(),
        Err(failure) => return Err(failure),
    };
    let mut writer = session.writer().await?;
    // What was subscribed to under another spelling, or is gone since, is ended by the name that LIST tells.
    let as_sent = !subscribe && name != meant && writer.gone_subscriptions().await?.contains(&name);
    let name = if as_sent { name } else { meant };
    let outcome = match elsewhere {
        // Whether it is there or may be known of makes no difference, and so tells nothing (RFC 9051 6.3.7).
        true => writer.subscribe_elsewhere(&name, subscribe).await,
        false => writer.subscribe_mailbox(&name, subscribe).await,
    };
    match outcome {
        // RFC 9051 6.3.8: what is not subscribed to is answered OK as well.
        Err(Error::NotFound) if !subscribe => {}
        outcome => outcome?,
    }
    let proof = writer.commit(()).await?;
    Ok(Done::changed(&proof, if subscribe { "SUBSCRIBE completed" } else { "UNSUBSCRIBE completed" }))
}
