//! IDLE (RFC 2177): changes are pushed as soon as they are durable.
//!
//! The session subscribes to the account's changes before it looks at the mailbox, so that nothing falls
//! between the two. While it waits it holds neither buffers nor a snapshot.

use super::notify::{self, Heard};
use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::limits::IDLE_TIME_MAX;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::sync::Removals;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::frame::Line;
use tokio::time::Instant;

pub(super) const EXTENSION: Extension = Extension {
    name: "IDLE",
    rfc: "RFC 2177",
    capability: Some("IDLE"),
    when: When::Always,
    commands: &[Verb {
        name: "IDLE",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    let account = session.selected_account()?;
    let mut watch = session.context.store.watch(account);
    session.connection.out.raw(b"+ idling").crlf();
    // Boxed: what a look at the mailbox needs is given back before the wait.
    Box::pin(session.synchronize(Removals::Told)).await?;
    let until = Instant::now() + IDLE_TIME_MAX;
    loop {
        let mut line = Vec::new();
        match session.connection.framer.line(&mut line)? {
            Some(Line::Whole) if line.trim_ascii().eq_ignore_ascii_case(b"DONE") => {
                return Ok(Done::told("IDLE completed"));
            }
            Some(_) => return Err(Failure::Bad("Expected DONE")),
            None => {}
        }
        session.connection.flush().await?;
        session.connection.release();
        if session.notify.is_some() {
            // RFC 5465 4: exactly what NOTIFY asked for.
            if matches!(Box::pin(notify::hear(session, until)).await?, Heard::Change) {
                Box::pin(notify::push(session, true)).await?;
            }
            continue;
        }
        let drain = session.drain.clone();
        tokio::select! {
            biased;
            filled = session.connection.fill(until) => filled?,
            () = drain.drained() => return Err(Failure::Bye("Server shutting down")),
            () = watch.changed(), if session.selected.is_some() => Box::pin(session.synchronize(Removals::Told)).await?,
        }
    }
}
