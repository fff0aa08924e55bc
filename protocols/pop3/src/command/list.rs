//! LIST (RFC 1939 5), and what UIDL shares with it: one line about a message, or about each.

use super::{Command, When, go, no_such_message, number};
use crate::{
    maildrop::{Entry, Maildrop},
    reply::Reply,
    session::Session,
};
use sasl::line::End;
use sasl::talk::Then;

pub(super) const LIST: Command = Command {
    verb: "LIST",
    when: When::Transaction,
    run: |session, rest| Box::pin(tell(session, rest, |_, entry| entry.size.to_string())),
};

/// So many lines are made at a time.
const LINES_AT_ONCE: usize = 1_000;

/// Tells of the message whose number was given, or of all.
pub(super) async fn tell(
    session: &mut Session,
    rest: &str,
    about: fn(&Maildrop, &Entry) -> String,
) -> Result<(Reply, Then), End> {
    let Some(opened) = &session.opened else { return go(no_such_message()) };
    let maildrop = &opened.maildrop;
    if !rest.is_empty() {
        let found = number(rest).and_then(|number| Some((number, maildrop.get(number)?)));
        let reply = found.map_or_else(no_such_message, |(number, entry)| {
            Reply::ok(format!("{number} {}", about(maildrop, entry)))
        });
        return go(reply);
    }
    let (count, octets) = maildrop.tally();
    session.client.say(&Reply::ok(format!("{count} messages ({octets} octets)")));
    let mut next = 1;
    loop {
        let Some(opened) = &session.opened else { return Err(End::Closed) };
        let present = opened.maildrop.from(next).take(LINES_AT_ONCE);
        let mut lines = String::new();
        let mut more = false;
        for (number, entry) in present {
            lines.push_str(&format!("{number} {}\r\n", about(&opened.maildrop, entry)));
            next = number + 1;
            more = true;
        }
        if !more {
            return go(Reply::rest(lines));
        }
        session.client.connection.queue(lines.as_bytes());
        session.client.connection.flush_if_large().await?;
    }
}
