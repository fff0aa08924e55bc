//! IMAP URLs as CATENATE names parts by (RFC 5092 relative to the server, RFC 4469 3, URL-PARTIAL RFC 5550 2.2):
//! `/INBOX;UIDVALIDITY=1/;UID=20/;SECTION=1.2/;PARTIAL=0.1024`, or from `;UID=` on for the open mailbox.

use super::Incoming;
use crate::command::fetch::body::{Octets, octets};
use crate::reply::Failure;
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, mailbox_name};
use crate::wire::decoder::fetch::{Section, bracketed};
use model::{Error, Rights, Uid, UidValidity};
use store::{Arrival, Collection, Mailbox, MessageRecord, Reader};

/// A part that a URL names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Named {
    /// `None`: the one that is open.
    mailbox: Option<String>,
    uid_validity: Option<u32>,
    uid: u32,
    section: Section,
    partial: Option<(u64, u64)>,
}

/// Appends the octets that a URL names; `false` when it names nothing.
///
/// # Errors
/// As for messages that are sent.
pub(super) async fn append(
    session: &mut Session,
    incoming: &mut Incoming,
    arrival: &mut Arrival,
    text: &str,
) -> Result<bool, Failure> {
    let Some(named) = parse(text) else { return Ok(false) };
    let Some(record) = find(session, &named).await? else { return Ok(false) };
    let Some(found) = octets(session, &record, &named.section, named.partial).await? else {
        return Ok(false);
    };
    match found {
        Octets::Held(bytes) => {
            incoming.may_take(session, bytes.len() as u64).await?;
            arrival.write(&bytes).await?;
        }
        Octets::Stored(span) => {
            incoming.may_take(session, span.len).await?;
            let mut body = session.context.store.body(&record.body, span.range());
            while let Some(bytes) = body.next().await? {
                arrival.write(&bytes).await?;
            }
        }
    }
    Ok(true)
}

/// The message, if it may be read.
async fn find(session: &mut Session, named: &Named) -> Result<Option<MessageRecord>, Failure> {
    let opened = match &named.mailbox {
        Some(name) => open(session, name).await,
        None => match session.selected.as_deref().map(|selected| selected.mailbox.clone()) {
            Some(mailbox) => Ok((session.selected_reader().await?, mailbox)),
            None => return Ok(None),
        },
    };
    let (reader, mailbox) = match opened {
        Ok(opened) => opened,
        Err(Failure::Store(Error::NotFound | Error::Forbidden(_))) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let validity = mailbox.row().uid_validity;
    if named.uid_validity.is_some_and(|wanted| UidValidity(wanted) != validity) {
        return Ok(None);
    }
    match reader.entry(&mailbox, &Uid(named.uid)).await? {
        Some(row) => Ok(Some(reader.message(row.message).await?)),
        None => Ok(None),
    }
}

async fn open(session: &Session, name: &str) -> Result<(Reader, Collection<Mailbox>), Failure> {
    let place = session.place(name).await?;
    let reader = session.reader_of(place.account).await?;
    let mailbox = reader.open_mailbox(&place.path, Rights::READ).await?;
    Ok((reader, mailbox))
}

fn parse(text: &str) -> Option<Named> {
    let mut named = Named::default();
    let rest = match text.strip_prefix('/') {
        Some(rest) if !rest.starts_with(';') => {
            let (mailbox, rest) = rest.split_once("/;")?;
            let (name, validity) = match split_parameter(mailbox, ";UIDVALIDITY=") {
                Some((name, validity)) => (name, Some(validity.parse().ok()?)),
                None => (mailbox, None),
            };
            // RFC 5092 11: names are UTF-8, percent-encoded.
            named.mailbox = Some(mailbox_name(&decoded(name)?, true).ok()?);
            named.uid_validity = validity;
            rest
        }
        Some(rest) => rest.strip_prefix(';')?,
        None => text.strip_prefix(';')?,
    };
    let mut pieces = rest.split("/;");
    named.uid = parameter(pieces.next()?, "UID=")?.parse().ok().filter(|uid| *uid > 0)?;
    for piece in pieces {
        if let Some(section) = parameter(piece, "SECTION=") {
            // RFC 5092 11: a section is spelled out.
            let section = decoded(section).filter(|section| !section.is_empty())?;
            let spelled = [b"[".as_slice(), &section, b"]"].concat();
            let mut cursor = Cursor::new(&spelled, false);
            named.section = bracketed(&mut cursor).ok()?;
            cursor.end().ok()?;
        } else {
            let range = parameter(piece, "PARTIAL=")?;
            let (start, count) = match range.split_once('.') {
                Some((start, count)) => (start, count.parse().ok().filter(|count| *count > 0)?),
                None => (range, u64::MAX),
            };
            named.partial = Some((start.parse().ok()?, count));
        }
    }
    Some(named)
}

/// What stands behind a parameter's name, in any case.
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (head, value) = text.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then_some(value)
}

fn split_parameter<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let at = text.to_ascii_uppercase().find(name)?;
    Some((text.get(..at)?, text.get(at + name.len()..)?))
}

/// Percent-encoding taken off.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(out)
}

#[cfg(test)]
mod tests;
