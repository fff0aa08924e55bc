//! APPEND (RFC 9051 6.3.12): messages stream from the connection to the store, several of them in one commit
//! (MULTIAPPEND, RFC 3502), each a literal, UTF-8 (RFC 6855 4) or put together from parts (CATENATE, RFC 4469).
//!
//! Everything that can refuse a message is asked before the client is told to send it. REPLACE shares this.

mod catenate;
mod url;

use super::copy::{or_create, target};
use super::{Sequences, States, Verb};
use crate::extension::{literal_minus, messagelimit};
use crate::limits::{APPEND_COUNT_MAX, MESSAGE_BYTES_MAX};
use crate::reply::{Done, Failure, Outcome};
use crate::session::{Pace, Session};
use crate::wire::date;
use crate::wire::decoder::cursor::{Cursor, Parsed, utf8_of};
use crate::wire::decoder::frame::{Line, LiteralHeader};
use crate::wire::encoder::Output;
use model::{Error, Flags, Rights, Uid, ZonedTime};
use store::{Arrival, Collection, Committed, Mailbox, NewMessage};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "APPEND",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

/// Messages on their way into a mailbox.
pub(crate) struct Incoming {
    mailbox: String,
    /// Octets of all of them so far.
    bytes: u64,
}

/// What came of receiving: a message, or the refusal of a URL (RFC 4469 3), which is told with its code.
pub(crate) type Received<T> = Result<Result<T, Done>, Failure>;

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let mut incoming = Incoming { mailbox: cursor.mailbox()?, bytes: 0 };
    let mut rest = cursor.rest().to_vec();
    let mut messages = Vec::new();
    let most_saved = messagelimit::most_saved(session);
    loop {
        let message = match Box::pin(receive(session, &mut incoming, &mut rest)).await? {
            Ok(message) => message,
            Err(refused) => return Ok(refused),
        };
        messages.push(message);
        if is_end(&rest) {
            break;
        }
        if let Some(most) = most_saved.filter(|most| messages.len() >= *most) {
            return Ok(messagelimit::refused(most));
        }
        if messages.len() >= APPEND_COUNT_MAX {
            return Err(Failure::No(Some("LIMIT"), "Too many messages at once"));
        }
    }
    let (mut writer, mailbox) = target(session, &incoming.mailbox).await?;
    let work = async {
        let mut uids = Vec::with_capacity(messages.len());
        for message in messages {
            uids.push(writer.append(&mailbox, message).await?);
        }
        writer.commit(uids).await
    };
    let proof = session.patiently(work).await??;
    session.note_made(&mailbox, proof.iter().copied());
    let done = Done::changed(&proof, "APPEND completed");
    Ok(match append_code(&mailbox, &proof) {
        Some(code) => done.with_code(code),
        None => done,
    })
}

/// `APPENDUID validity uids` (RFC 4315 3); none for whoever may not open the mailbox, which it would tell of
/// (RFC 9051 6.3.12).
pub(crate) fn append_code(mailbox: &Collection<Mailbox>, uids: &Committed<Vec<Uid>>) -> Option<String> {
    if !mailbox.rights().contains(Rights::READ) {
        return None;
    }
    let mut out = Output::default();
    let validity = mailbox.row().uid_validity;
    out.raw(b"APPENDUID ").number(validity.0).raw(b" ").set(uids.iter().map(|uid| uid.0));
    String::from_utf8(out.bytes().to_vec()).ok()
}

/// Whether nothing but the end of the command is left.
pub(crate) fn is_end(rest: &[u8]) -> bool {
    rest.iter().all(|byte| matches!(byte, b' ' | b'\r' | b'\n'))
}

impl Incoming {
    /// For one mailbox.
    pub(crate) fn new(mailbox: String) -> Self {
        Self { mailbox, bytes: 0 }
    }

    /// The mailbox's name.
    pub(crate) fn mailbox(&self) -> &str {
        &self.mailbox
    }

    /// Whether so many more octets will be taken, as far as that can be known before they are sent.
    async fn may_take(&mut self, session: &Session, size: u64) -> Result<(), Failure> {
        if size > MESSAGE_BYTES_MAX {
            return Err(Failure::No(Some("TOOBIG"), "Message too large"));
        }
        let place = session.place(&self.mailbox).await.map_err(or_create)?;
        let reader = session.reader_of(place.account).await.map_err(or_create)?;
        let mailbox = reader.open_mailbox(&place.path, Rights::INSERT).await;
        mailbox.map_err(|error| or_create(error.into()))?;
        self.bytes = self.bytes.saturating_add(size);
        let quota = reader.quota();
        if quota.limit_bytes.is_some_and(|limit| quota.used_bytes.saturating_add(self.bytes) > limit) {
            return Err(Failure::Store(Error::OverQuota));
        }
        Ok(())
    }
}

/// What stands before the octets of a message.
struct Options {
    flags: Flags,
    received: Option<ZonedTime>,
}

/// ` (flags) "date" `
fn options(cursor: &mut Cursor<'_>) -> Parsed<Options> {
    cursor.space()?;
    let mut options = Options { flags: Flags::default(), received: None };
    if cursor.peek() == Some(b'(') {
        options.flags = cursor.flag_list()?;
        cursor.space()?;
    }
    if cursor.peek() == Some(b'"') {
        let text = utf8_of(cursor.string()?)?;
        options.received = Some(date::parse(&text).ok_or(Failure::Bad("Bad date-time"))?);
        cursor.space()?;
    }
    Ok(options)
}

/// Receives one message. `rest` is what stands before its octets, up to the next literal, and becomes what
/// stands behind them.
pub(crate) async fn receive(
    session: &mut Session,
    incoming: &mut Incoming,
    rest: &mut Vec<u8>,
) -> Received<NewMessage> {
    let mut cursor = Cursor::new(rest, session.connection.out.utf8);
    let Options { flags, received } = options(&mut cursor)?;
    let mut arrival = Arrival::new(&session.context.store, MESSAGE_BYTES_MAX);
    if cursor.word("CATENATE") {
        let mut parts = cursor.rest().to_vec();
        let outcome = catenate::receive(session, incoming, &mut arrival, &mut parts).await?;
        *rest = parts;
        if let Err(refused) = outcome {
            return Ok(Err(refused));
        }
    } else {
        let wrapped = cursor.word("UTF8");
        if wrapped {
            cursor.space()?;
            cursor.expect(b'(', "Expected a literal8")?;
        }
        if !matches!(cursor.peek(), Some(b'{' | b'~')) || wrapped && cursor.peek() != Some(b'~') {
            return Err(Failure::Bad("Expected a message"));
        }
        let header = session.message.ok_or(Failure::Bad("Expected a message as a literal"))?;
        incoming.may_take(session, header.size).await?;
        if header.size == 0 {
            return Err(Failure::No(None, "A message cannot be empty"));
        }
        let (behind, trouble) = literal(session, header, &mut arrival).await?;
        *rest = behind;
        if wrapped {
            unwrap(rest)?;
        }
        if !is_end(rest) && rest.first() != Some(&b' ') {
            return Err(Failure::Bad("Expected another message or the end"));
        }
        if let Some(error) = trouble {
            return Err(error.into());
        }
    }
    let received = received.unwrap_or_else(|| now(session));
    Ok(Ok(arrival.finish(flags, received).await?))
}

/// Takes off the parenthesis behind a literal8 in `UTF8 (...)`.
fn unwrap(rest: &mut Vec<u8>) -> Result<(), Failure> {
    if rest.first() != Some(&b')') {
        return Err(Failure::Bad("Expected the end of UTF8"));
    }
    rest.remove(0);
    Ok(())
}

/// Takes a literal off the connection; returns the line behind it and what went wrong with the octets. A literal
/// at the end of that line waits in the session as the next one.
async fn literal(
    session: &mut Session,
    header: LiteralHeader,
    arrival: &mut Arrival,
) -> Result<(Vec<u8>, Option<Error>), Failure> {
    literal_minus::may_come(session, header)?;
    // From here on the literal is being read: a refusal must not discard it again.
    session.message = None;
    session.accept_literal(header).await?;
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
    Ok((behind(session).await?, trouble))
}

/// The line behind a literal.
async fn behind(session: &mut Session) -> Result<Vec<u8>, Failure> {
    let (rest, line) = session.rest_of_line().await?;
    if let Line::Literal(header) = line {
        session.message = Some(header);
    }
    Ok(rest)
}

fn now(session: &Session) -> ZonedTime {
    ZonedTime { seconds: session.context.store.env().now().seconds(), offset_minutes: 0 }
}
