//! Octets of messages in FETCH: sections as they are stored, BINARY decoded (RFC 9051 6.4.5).
//!
//! Sections are sent in windows as they come from the store; only header blocks that are filtered and parts
//! that are decoded are held whole, within limits.

use crate::limits::BINARY_PART_BYTES_MAX;
use crate::reply::Failure;
use crate::session::Session;
use crate::wire::decoder::fetch::{FetchItem, Section, SectionItem, SectionText};
use bytes::Bytes;
use format::mime::{self, Encoding, Slice, Span, What};
use model::Error;
use store::MessageRecord;

/// Tells one section, BINARY or BINARY.SIZE.
pub(super) async fn tell(
    session: &mut Session,
    record: &MessageRecord,
    item: &FetchItem,
) -> Result<(), Failure> {
    match item {
        FetchItem::Section(item) => section(session, record, item).await,
        FetchItem::Binary { part, partial, .. } => binary(session, record, part, *partial).await,
        FetchItem::BinarySize(part) => {
            let decoded = decoded(session, record, part).await?;
            let size = decoded.map_or(0, |bytes| bytes.len());
            let out = &mut session.connection.out;
            out.raw(b"BINARY.SIZE[").raw(dotted(part)).raw(b"] ").number(size as u64);
            Ok(())
        }
        _ => Err(Failure::Store(Error::Corrupt)),
    }
}

async fn section(session: &mut Session, record: &MessageRecord, item: &SectionItem) -> Result<(), Failure> {
    name(session, item);
    let parts = record.part_table()?;
    let span = match parts.resolve(&resolved(&item.section)) {
        None => {
            // RFC 9051 7.5.2: a part that is not there has no octets; NIL and not "" says so.
            session.connection.out.raw(b" NIL");
            return Ok(());
        }
        Some(Slice::Range(span)) => span,
        Some(Slice::Filtered { header, filter }) => {
            let filtered = filter.apply(&octets(session, record, header).await?);
            let span = Span { start: 0, len: filtered.len() as u64 };
            let span = item.partial.map_or(span, |(start, count)| span.partial(start, count));
            let bytes = span.of(&filtered);
            session.connection.out.raw(b" ").literal_header(bytes.len() as u64).raw(bytes);
            return Ok(());
        }
    };
    let span = item.partial.map_or(span, |(start, count)| span.partial(start, count));
    if span.len == 0 {
        session.connection.out.raw(b" \"\"");
        return Ok(());
    }
    stream(session, record, span).await
}

/// Sends octets of the body as they come from the store. The first of them are read before any is announced,
/// so that damage there costs this message only; behind that, what was announced must come, and damage ends
/// the session.
async fn stream(session: &mut Session, record: &MessageRecord, span: Span) -> Result<(), Failure> {
    let mut body = session.context.store.body(&record.body, span.range());
    let mut next = Ok(Some(body.next().await?.ok_or(Error::Corrupt)?));
    session.connection.out.raw(b" ").literal_header(span.len);
    let mut sent = 0;
    loop {
        match next {
            Ok(Some(bytes)) => {
                session.connection.pass(&bytes).await?;
                sent += bytes.len() as u64;
            }
            Ok(None) if sent == span.len => return Ok(()),
            Ok(None) | Err(_) => {
                tracing::error!(expected = span.len, sent, "a message body is damaged or missing");
                return Err(Failure::Gone);
            }
        }
        next = body.next().await;
    }
}

async fn binary(
    session: &mut Session,
    record: &MessageRecord,
    part: &[u32],
    partial: Option<(u64, u64)>,
) -> Result<(), Failure> {
    let decoded = decoded(session, record, part).await?;
    let out = &mut session.connection.out;
    out.raw(b"BINARY[").raw(dotted(part)).raw(b"]");
    if let Some((start, _)) = partial {
        out.raw(b"<").number(start).raw(b">");
    }
    let Some(decoded) = decoded else {
        out.raw(b" NIL");
        return Ok(());
    };
    let whole = Span { start: 0, len: decoded.len() as u64 };
    let bytes = partial.map_or(whole, |(start, count)| whole.partial(start, count)).of(&decoded);
    out.raw(b" ");
    // RFC 9051 4.3.1: only literal8 may hold NUL.
    if bytes.contains(&0) {
        out.raw(b"~");
    }
    out.literal_header(bytes.len() as u64).raw(bytes);
    Ok(())
}

/// A part without its transfer encoding; `None` when there is no such part.
async fn decoded(
    session: &Session,
    record: &MessageRecord,
    path: &[u32],
) -> Result<Option<Vec<u8>>, Failure> {
    let parts = record.part_table()?;
    if path.is_empty() {
        // BINARY[] is the message itself.
        let all = Span { start: 0, len: parts.size() };
        return Ok(Some(octets(session, record, all).await?.to_vec()));
    }
    let Some(part) = parts.find(path).and_then(|index| parts.get(index)) else { return Ok(None) };
    if part.encoding == Encoding::Unknown {
        return Err(Failure::No(Some("UNKNOWN-CTE"), "Unknown transfer encoding"));
    }
    let raw = octets(session, record, part.body).await?;
    Ok(Some(mime::decode::whole(part.encoding, &raw)))
}

/// Octets of the body in memory, within a limit.
async fn octets(session: &Session, record: &MessageRecord, span: Span) -> Result<Bytes, Failure> {
    if span.len > BINARY_PART_BYTES_MAX {
        return Err(Failure::No(Some("TOOBIG"), "Part too large to be decoded"));
    }
    Ok(session.context.store.body(&record.body, span.range()).collect().await?)
}

/// `BODY[1.HEADER.FIELDS (A B)]<0>` or the old name of it.
fn name(session: &mut Session, item: &SectionItem) {
    let out = &mut session.connection.out;
    if let Some(legacy) = item.legacy {
        out.raw(legacy);
        return;
    }
    out.raw(b"BODY[").raw(dotted(&item.section.part));
    let word = match &item.section.what {
        SectionText::All => "",
        SectionText::Header => "HEADER",
        SectionText::Fields(_) => "HEADER.FIELDS",
        SectionText::FieldsNot(_) => "HEADER.FIELDS.NOT",
        SectionText::Text => "TEXT",
        SectionText::Mime => "MIME",
    };
    if !word.is_empty() && !item.section.part.is_empty() {
        out.raw(b".");
    }
    out.raw(word);
    if let SectionText::Fields(names) | SectionText::FieldsNot(names) = &item.section.what {
        out.raw(b" (");
        let mut separator = "";
        for name in names {
            out.raw(separator).astring(name.as_bytes());
            separator = " ";
        }
        out.raw(b")");
    }
    out.raw(b"]");
    if let Some((start, _)) = item.partial {
        out.raw(b"<").number(start).raw(b">");
    }
}

fn dotted(part: &[u32]) -> String {
    part.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

fn resolved(section: &Section) -> mime::Section {
    let octets = |names: &[String]| names.iter().map(|name| name.as_bytes().to_vec()).collect();
    let what = match &section.what {
        SectionText::All => What::Whole,
        SectionText::Header => What::Header,
        SectionText::Fields(names) => What::Fields(octets(names)),
        SectionText::FieldsNot(names) => What::FieldsNot(octets(names)),
        SectionText::Text => What::Text,
        SectionText::Mime => What::Mime,
    };
    mime::Section { path: section.part.clone(), what }
}
