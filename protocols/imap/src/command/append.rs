//! APPEND (RFC 9051 6.3.12): the message streams from the connection to the store.
//!
//! Everything that can refuse it is asked before the client is told to send it.

use super::copy::{or_create, target};
use super::{Sequences, States, Verb};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::reply::{Done, Failure, Outcome};
use crate::session::{Pace, Session};
use crate::wire::date;
use crate::wire::decoder::cursor::{Cursor, Parsed, utf8_of};
use crate::wire::decoder::frame::{Line, LiteralHeader};
use model::{Error, Flags, Rights, ZonedTime};
use store::{Arrival, NewMessage};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "APPEND",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

/// What stands before the message.
pub(super) struct Append {
    mailbox: String,
    flags: Flags,
    received: Option<ZonedTime>,
}

/// Reads ` mailbox (flags) "date" ` up to the message's literal, which must be what comes next.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Append> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    cursor.space()?;
    let mut flags = Flags::default();
    if cursor.peek() == Some(b'(') {
        flags = cursor.flag_list()?;
        cursor.space()?;
    }
    let mut received = None;
    if cursor.peek() == Some(b'"') {
        let text = utf8_of(cursor.string()?)?;
        received = Some(date::parse(&text).ok_or(Failure::Bad("Bad date-time"))?);
        cursor.space()?;
    }
    if matches!(cursor.peek(), Some(b'{' | b'~')) {
        Ok(Append { mailbox, flags, received })
    } else {
        Err(Failure::Bad("Expected a message"))
    }
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let append = parse(&mut cursor)?;
    let Some(header) = session.message else {
        return Err(Failure::Bad("Expected a message as a literal"));
    };
    may_append(session, &append, header.size).await?;
    let message = receive(session, append.flags, append.received, header).await?;
    let (mut writer, mailbox) = target(session, &append.mailbox).await?;
    let uid = writer.append(&mailbox, message).await?;
    let proof = writer.commit(uid).await?;
    let code = format!("APPENDUID {} {}", mailbox.row().uid_validity, *proof);
    Ok(Done::changed(&proof, "APPEND completed").with_code(code))
}

/// Whether the message will be taken, as far as that can be known before it is sent.
async fn may_append(session: &Session, append: &Append, size: u64) -> Result<(), Failure> {
    if size > MESSAGE_BYTES_MAX {
        return Err(Failure::No(Some("TOOBIG"), "Message too large"));
    }
    if size == 0 {
        return Err(Failure::No(None, "A message cannot be empty"));
    }
    let place = session.place(&append.mailbox).await.map_err(or_create)?;
    let reader = session.reader_of(place.account).await.map_err(or_create)?;
    let mailbox = reader.open_mailbox(&place.path, Rights::INSERT).await;
    mailbox.map_err(|error| or_create(error.into()))?;
    let quota = reader.quota();
    if quota.limit_bytes.is_some_and(|limit| quota.used_bytes.saturating_add(size) > limit) {
        return Err(Failure::Store(Error::OverQuota));
    }
    Ok(())
}

/// Takes the message off the connection.
async fn receive(
    session: &mut Session,
    flags: Flags,
    received: Option<ZonedTime>,
    header: LiteralHeader,
) -> Result<NewMessage, Failure> {
    // From here on the literal is being read: a refusal must not discard it again.
    session.message = None;
    session.accept_literal(header).await?;
    let received = received.unwrap_or_else(|| now(session));
    let mut arrival = Arrival::new(&session.context.store, MESSAGE_BYTES_MAX);
    let mut missing = header.size;
    let mut trouble = None;
    let mut pace = Pace::new();
    while missing > 0 {
        let octets = session.next_octets(missing, &mut pace).await?;
        missing -= octets.len() as u64;
        if trouble.is_none() {
            trouble = arrival.write(&octets).await.err();
        }
    }
    end(session).await?;
    if let Some(error) = trouble {
        return Err(error.into());
    }
    Ok(arrival.finish(flags, received).await?)
}

/// Behind the message comes the end of the line; what else comes is swallowed and BAD.
async fn end(session: &mut Session) -> Result<(), Failure> {
    let (rest, line) = session.rest_of_line().await?;
    if line == Line::Whole && rest.iter().all(|byte| matches!(byte, b' ' | b'\r' | b'\n')) {
        return Ok(());
    }
    if let Line::Literal(header) = line {
        // Several messages at once (RFC 3502) are not offered.
        session.discard(header).await?;
    }
    Err(Failure::Bad("One message at a time"))
}

fn now(session: &Session) -> ZonedTime {
    ZonedTime { seconds: session.context.store.env().now().seconds(), offset_minutes: 0 }
}
