//! RETR (RFC 1939 5), and what TOP shares with it: a message on its way out, a piece at a time.

use super::{Command, Outcome, When, go, no_such_message, number};
use crate::{reply::Reply, session::Session, wire::Stuffer};
use format::mime::downgrade::Downgrade;
use model::Error;
use sasl::line::End;
use sasl::talk::Then;
use store::BodyStream;

pub(super) const RETR: Command = Command { verb: "RETR", when: When::Transaction, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        match number(rest) {
            Some(message) => send(session, message, None).await,
            None => go(no_such_message()),
        }
    })
}

/// Sends a message, or its header and so many lines of its body.
pub(super) async fn send(
    session: &mut Session,
    number: usize,
    lines: Option<u64>,
) -> Result<(Reply, Then), End> {
    let Some(opened) = &session.opened else { return go(no_such_message()) };
    let Some(entry) = opened.maildrop.get(number) else { return go(no_such_message()) };
    let store = session.context.store.clone();
    match opened.maildrop.record(&store, &opened.who, entry.uid).await {
        Ok(record) => {
            let size = record.body.size;
            pour(session, store.body(&record.body, 0..size), size, lines).await
        }
        Err(error) => go(Reply::of(&error)),
    }
}

/// The first octets are read before anything is promised, so that damage there costs this message only; behind
/// that, damage ends the session, since there is no other way to say that what came is not the message.
async fn pour(
    session: &mut Session,
    mut body: BodyStream,
    size: u64,
    lines: Option<u64>,
) -> Result<(Reply, Then), End> {
    let mut next = body.next().await;
    match &next {
        Err(error) => return go(Reply::of(error)),
        Ok(None) if size > 0 => return go(Reply::of(&Error::Corrupt)),
        Ok(_) => {}
    }
    session.client.say(&Reply::ok(format!("{size} octets")));
    let mut lines = Lines::new(session.utf8, lines);
    let mut seen = 0;
    loop {
        match next {
            Ok(Some(octets)) => {
                seen += octets.len() as u64;
                session.client.connection.queue(lines.push(&octets));
                session.client.connection.flush_if_large().await?;
            }
            Ok(None) if seen == size => break,
            Ok(None) | Err(_) => {
                tracing::error!(size, seen, "a message body is damaged or missing");
                return Err(End::Closed);
            }
        }
        if lines.stuffer.is_done() {
            break;
        }
        next = body.next().await;
    }
    go(Reply::rest(lines.finish()))
}

/// A message on its way into the lines of a reply.
struct Lines {
    /// For a client that has not said UTF8 (RFC 6856 3): its header fields are rewritten.
    downgrade: Option<Downgrade>,
    stuffer: Stuffer,
    plain: Vec<u8>,
    stuffed: Vec<u8>,
}

impl Lines {
    fn new(utf8: bool, lines: Option<u64>) -> Self {
        let downgrade = (!utf8).then(Downgrade::default);
        Self { downgrade, stuffer: Stuffer::new(lines), plain: Vec::new(), stuffed: Vec::new() }
    }

    /// What the next octets come to.
    fn push(&mut self, octets: &[u8]) -> &[u8] {
        self.stuffed.clear();
        match &mut self.downgrade {
            Some(downgrade) => {
                self.plain.clear();
                downgrade.push(octets, &mut self.plain);
                self.stuffer.push(&self.plain, &mut self.stuffed);
            }
            None => self.stuffer.push(octets, &mut self.stuffed),
        }
        &self.stuffed
    }

    /// What is left, and the end.
    fn finish(mut self) -> Vec<u8> {
        self.plain.clear();
        self.stuffed.clear();
        if let Some(downgrade) = self.downgrade {
            downgrade.finish(&mut self.plain);
        }
        self.stuffer.push(&self.plain, &mut self.stuffed);
        self.stuffer.finish(&mut self.stuffed);
        self.stuffed
    }
}
