//! PREVIEW (RFC 8970): the first words of what a message says.
//!
//! Made when it is asked for, from the first octets of the first part with text; LAZY makes no difference, since
//! it costs less than it would to remember it.

use super::{Extension, When};
use crate::limits::PREVIEW_BYTES_MAX;
use crate::reply::Failure;
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::words::{FetchValue, FetchWord};
use format::mime::limits::HEADER_BYTES_MAX;
use format::mime::preview::Preview;
use model::Error;
use store::{Ahead, MessageRecord};

pub(super) const EXTENSION: Extension = Extension {
    name: "PREVIEW",
    rfc: "RFC 8970",
    capability: Some("PREVIEW"),
    when: When::LoggedIn,
    fetch: &[FetchWord {
        name: "PREVIEW",
        argument: Some(modifiers),
        asked: None,
        value: FetchValue::Record(|session, _, _, record| Box::pin(tell(session, record))),
    }],
    ..Extension::PLAIN
};

/// ` (LAZY)`, if it is there (RFC 8970 6). Another list is none of PREVIEW's: a single item may have modifiers of FETCH
/// behind it.
fn modifiers(cursor: &mut Cursor<'_>) -> Parsed<()> {
    let mut ahead = *cursor;
    if !ahead.eat(b' ') || !ahead.eat(b'(') || !ahead.word("LAZY") {
        return Ok(());
    }
    while ahead.eat(b' ') {
        if !ahead.word("LAZY") {
            return Err(Failure::Bad("Unknown PREVIEW modifier"));
        }
    }
    ahead.expect(b')', "Unknown PREVIEW modifier")?;
    *cursor = ahead;
    Ok(())
}

async fn tell(session: &mut Session, record: &MessageRecord) -> Result<(), Failure> {
    let text = match read(session, record).await {
        Ok(text) => text,
        Err(Failure::Store(Error::Corrupt)) => {
            // RFC 8970 3: NIL where no preview can be made; reading the message itself tells of the damage.
            session.connection.out.raw(b"NIL");
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    session.connection.out.string(text.as_bytes());
    Ok(())
}

async fn read(session: &Session, record: &MessageRecord) -> Result<String, Failure> {
    let parts = record.part_table()?;
    let mut ahead = Ahead::new(&session.context.store, &record.body);
    for part in parts.iter() {
        let header = part.header.partial(0, HEADER_BYTES_MAX as u64);
        let header = ahead.collect(header.range()).await?;
        let Some(mut preview) = Preview::begin(part, &header) else { continue };
        let mut range = part.body.partial(0, PREVIEW_BYTES_MAX).range();
        while !preview.is_done()
            && let Some(bytes) = ahead.next(&mut range).await?
        {
            preview.push(&bytes);
            // Decoding takes time that others must get as well.
            tokio::task::yield_now().await;
        }
        let text = preview.finish();
        if !text.is_empty() {
            return Ok(text);
        }
    }
    Ok(String::new())
}
