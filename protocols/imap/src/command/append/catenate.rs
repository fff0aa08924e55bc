//! CATENATE (RFC 4469): a message put together from parts, each sent as a literal, in UTF-8 (RFC 6855 4) or not, or
//! named by a URL of a part that is here already. It streams through the server; nothing of it is held.

use super::{Incoming, Received, behind, literal, unwrap, url};
use crate::extension::literal_minus;
use crate::limits::{CATENATE_PART_COUNT_MAX, URL_BYTES_MAX};
use crate::reply::{Done, Failure};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::encoder::Output;
use store::Arrival;

/// What comes next in the list of parts.
enum Next {
    /// A literal; or a literal8 in parentheses.
    Text {
        wrapped: bool,
    },
    Url(Option<String>),
}

/// Receives ` (TEXT {n} ... URL "..." ...)`; `rest` becomes what stands behind it.
pub(super) async fn receive(
    session: &mut Session,
    incoming: &mut Incoming,
    arrival: &mut Arrival,
    rest: &mut Vec<u8>,
) -> Received<()> {
    {
        let mut cursor = Cursor::new(rest, false);
        cursor.space()?;
        cursor.expect(b'(', "Expected a list of parts")?;
        *rest = cursor.rest().to_vec();
    }
    // A mailbox that is not there is told before what its message is made of.
    incoming.may_take(session, 0).await?;
    for _ in 0..CATENATE_PART_COUNT_MAX {
        let (next, after) = next(rest)?;
        *rest = after;
        match next {
            Next::Text { wrapped } => {
                let header = session.message.ok_or(Failure::Bad("Expected a literal"))?;
                incoming.may_take(session, header.size).await?;
                let (behind, trouble) = literal(session, header, arrival).await?;
                *rest = behind;
                if wrapped {
                    unwrap(rest)?;
                }
                if let Some(error) = trouble {
                    return Err(error.into());
                }
            }
            Next::Url(text) => {
                let text = match text {
                    Some(text) => text,
                    None => spelled(session, rest).await?,
                };
                if !url::append(session, incoming, arrival, &text).await? {
                    return Ok(Err(bad_url(&text)));
                }
            }
        }
        match rest.first() {
            Some(b' ') => drop(rest.remove(0)),
            Some(b')') => {
                rest.remove(0);
                if arrival.size() == 0 {
                    return Err(Failure::No(None, "A message cannot be empty"));
                }
                return Ok(Ok(()));
            }
            _ => return Err(Failure::Bad("Expected another part or the end")),
        }
    }
    Err(Failure::No(Some("LIMIT"), "Too many parts"))
}

/// Reads the next part as far as it stands on this line; what follows it comes back as well.
fn next(rest: &[u8]) -> Result<(Next, Vec<u8>), Failure> {
    let mut cursor = Cursor::new(rest, true);
    let next = if cursor.word("TEXT") {
        cursor.space()?;
        if !matches!(cursor.peek(), Some(b'{' | b'~')) {
            return Err(Failure::Bad("Expected a literal"));
        }
        Next::Text { wrapped: false }
    } else if cursor.word("UTF8") {
        cursor.space()?;
        cursor.expect(b'(', "Expected a literal8")?;
        if cursor.peek() != Some(b'~') {
            return Err(Failure::Bad("Expected a literal8"));
        }
        Next::Text { wrapped: true }
    } else if cursor.word("URL") {
        cursor.space()?;
        match cursor.peek() {
            Some(b'{' | b'~') => Next::Url(None),
            _ => Next::Url(Some(cursor.text()?.into_owned())),
        }
    } else {
        return Err(Failure::Bad("Expected TEXT, UTF8 or URL"));
    };
    Ok((next, cursor.rest().to_vec()))
}

/// A URL that comes as a literal.
async fn spelled(session: &mut Session, rest: &mut Vec<u8>) -> Result<String, Failure> {
    let header = session.message.ok_or(Failure::Bad("Expected a literal"))?;
    literal_minus::may_come(session, header)?;
    if header.size > URL_BYTES_MAX {
        return Err(Failure::No(Some("TOOBIG"), "URL too long"));
    }
    session.message = None;
    session.accept_literal(header).await?;
    let mut octets = Vec::new();
    session.read_literal(header.size, &mut octets).await?;
    *rest = behind(session).await?;
    String::from_utf8(octets).map_err(|_| Failure::Bad("Not UTF-8"))
}

/// `NO [BADURL "..."]` (RFC 4469 5.1).
fn bad_url(text: &str) -> Done {
    let shown: String = text.chars().filter(|char| (' '..='~').contains(char) && *char != ']').collect();
    let mut code = Output::default();
    code.raw(b"BADURL ").string(shown.get(..shown.len().min(500)).unwrap_or_default().as_bytes());
    Done::refused(String::from_utf8_lossy(code.bytes()), "That URL names nothing here")
}
