//! Octets of messages in FETCH: sections as they are stored, BINARY decoded (RFC 9051 6.4.5).
//!
//! Octets go out as they come from the store; only the fields of a header that were asked for are held, since
//! their number is announced first.

use crate::reply::Failure;
use crate::session::Session;
use crate::wire::decoder::fetch::{FetchItem, Section, SectionItem, SectionText};
use format::mime::decode::Decoder;
use format::mime::header::FieldFilter;
use format::mime::{self, Encoding, Slice, Span, What};
use model::Error;
use std::borrow::Cow;
use store::{BodyStream, Content, MessageRecord};

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
            let size = match Decoding::new(session, record, part)? {
                Some(decoding) => decoding.measure(0, u64::MAX).await?.0,
                None => 0,
            };
            session.connection.out.raw(b"BINARY.SIZE[").raw(dotted(part)).raw(b"] ").number(size);
            Ok(())
        }
        _ => Err(Failure::Store(Error::Corrupt)),
    }
}

/// Octets that a section names.
pub(crate) enum Octets {
    /// Some fields of a header.
    Held(Vec<u8>),
    /// A run of the stored body.
    Stored(Span),
}

/// The octets of a section, or of a part of it; `None` where there is no such section.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub(crate) async fn octets(
    session: &Session,
    record: &MessageRecord,
    section: &Section,
    partial: Option<(u64, u64)>,
) -> Result<Option<Octets>, Failure> {
    let part_of = |span: Span| partial.map_or(span, |(start, count)| span.partial(start, count));
    if section.part.is_empty() && section.what == SectionText::All {
        return Ok(Some(Octets::Stored(part_of(Span { start: 0, len: record.body.size }))));
    }
    Ok(match record.part_table()?.resolve(&resolved(section)) {
        None => None,
        Some(Slice::Range(span)) => Some(Octets::Stored(part_of(span))),
        Some(Slice::Filtered { header, filter }) => {
            let filtered = filtered(session, record, header, &filter).await?;
            let span = part_of(Span { start: 0, len: filtered.len() as u64 });
            Some(Octets::Held(span.of(&filtered).to_vec()))
        }
    })
}

async fn section(session: &mut Session, record: &MessageRecord, item: &SectionItem) -> Result<(), Failure> {
    name(session, item);
    match octets(session, record, &item.section, item.partial).await? {
        // RFC 9051 7.5.2: a part that is not there has no octets; NIL and not "" says so.
        None => {
            session.connection.out.raw(b" NIL");
            Ok(())
        }
        Some(Octets::Held(bytes)) => {
            session.connection.out.raw(b" ").literal_header(bytes.len() as u64);
            session.connection.pass(&without_nul(&bytes)).await
        }
        Some(Octets::Stored(span)) if span.len == 0 => {
            session.connection.out.raw(b" \"\"");
            Ok(())
        }
        Some(Octets::Stored(span)) => stream(session, record, span).await,
    }
}

/// What a literal can say (RFC 9051 4.3): NUL, which only a literal8 may hold, is told as another octet that is no
/// text either, so that sizes stay what they are. BINARY tells it as it is.
fn without_nul(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(0, bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(bytes.iter().map(|&byte| if byte == 0 { 0x80 } else { byte }).collect())
}

/// Sends octets of the body as they come from the store. The first of them are read before any is announced,
/// so that damage there costs this message only; behind that, what was announced must come, and damage ends
/// the session.
async fn stream(session: &mut Session, record: &MessageRecord, span: Span) -> Result<(), Failure> {
    if let Content::Inline(bytes) = &record.body.content {
        let bytes = span.of(bytes);
        if bytes.len() as u64 != span.len {
            return Err(Failure::Store(Error::Corrupt));
        }
        session.connection.out.raw(b" ").literal_header(bytes.len() as u64);
        return session.connection.pass(&without_nul(bytes)).await;
    }
    let mut body = session.context.store.body(&record.body, span.range());
    let mut next = Ok(Some(body.next().await?.ok_or(Error::Corrupt)?));
    session.connection.out.raw(b" ").literal_header(span.len);
    let mut sent = 0;
    loop {
        match next {
            Ok(Some(bytes)) => {
                session.connection.pass(&without_nul(&bytes)).await?;
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
    let (start, count) = partial.unwrap_or((0, u64::MAX));
    let measured = match Decoding::new(session, record, part)? {
        Some(decoding) => Some(decoding.measure(start, count).await?),
        None => None,
    };
    let out = &mut session.connection.out;
    out.raw(b"BINARY[").raw(dotted(part)).raw(b"]");
    if partial.is_some() {
        out.raw(b"<").number(start).raw(b">");
    }
    let (Some((size, has_nul)), Some(mut decoding)) = (measured, Decoding::new(session, record, part)?)
    else {
        session.connection.out.raw(b" NIL");
        return Ok(());
    };
    let wanted = Span { start: 0, len: size }.partial(start, count);
    // RFC 9051 4.3.1: only literal8 may hold NUL.
    let mark: &[u8] = if has_nul { b" ~" } else { b" " };
    session.connection.out.raw(mark).literal_header(wanted.len);
    let mut before = 0;
    while let Some(bytes) = decoding.next().await? {
        session.connection.pass(overlap(bytes, before, wanted)).await?;
        before += bytes.len() as u64;
    }
    Ok(())
}

/// The part of `bytes`, which begin `before` octets into the whole, that lies in the span.
fn overlap(bytes: &[u8], before: u64, wanted: Span) -> &[u8] {
    let start = wanted.start.saturating_sub(before);
    let end = wanted.end().saturating_sub(before);
    Span { start, len: end.saturating_sub(start) }.of(bytes)
}

/// A part on its way out of its transfer encoding, a piece at a time. It is gone through twice, since the size
/// is announced before the first octet; nothing of it is held.
struct Decoding {
    body: BodyStream,
    decoder: Option<Decoder>,
    piece: Vec<u8>,
}

impl Decoding {
    /// `None` when there is no such part.
    fn new(session: &Session, record: &MessageRecord, path: &[u32]) -> Result<Option<Self>, Failure> {
        let parts = record.part_table()?;
        // BINARY[] is the message itself.
        let (span, encoding) = if path.is_empty() {
            (Span { start: 0, len: parts.size() }, Encoding::Binary)
        } else {
            match parts.find(path).and_then(|index| parts.get(index)) {
                Some(part) => (part.body, part.encoding),
                None => return Ok(None),
            }
        };
        if encoding == Encoding::Unknown {
            return Err(Failure::No(Some("UNKNOWN-CTE"), "Unknown transfer encoding"));
        }
        let body = session.context.store.body(&record.body, span.range());
        Ok(Some(Self { body, decoder: Some(Decoder::new(encoding)), piece: Vec::new() }))
    }

    /// The next decoded octets, maybe none; `None` at the end.
    async fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.piece.clear();
        match self.body.next().await? {
            Some(bytes) => {
                let Some(decoder) = self.decoder.as_mut() else { return Ok(None) };
                decoder.push(&bytes, &mut self.piece);
                // Decoding takes time that others must get as well.
                tokio::task::yield_now().await;
            }
            None => match self.decoder.take() {
                Some(decoder) => decoder.finish(&mut self.piece),
                None => return Ok(None),
            },
        }
        Ok(Some(&self.piece))
    }

    /// How many octets it comes to, and whether there is NUL among those from `start` on.
    async fn measure(mut self, start: u64, count: u64) -> Result<(u64, bool), Failure> {
        let (mut size, mut has_nul) = (0u64, false);
        let wanted = Span { start, len: count };
        while let Some(bytes) = self.next().await? {
            has_nul |= overlap(bytes, size, wanted).contains(&0);
            size += bytes.len() as u64;
        }
        Ok((size, has_nul))
    }
}

/// The fields of a header block that pass a filter; the block itself is not held.
async fn filtered(
    session: &Session,
    record: &MessageRecord,
    header: Span,
    filter: &FieldFilter,
) -> Result<Vec<u8>, Failure> {
    let mut body = session.context.store.body(&record.body, header.range());
    let mut stream = filter.stream();
    let mut out = Vec::new();
    while let Some(bytes) = body.next().await? {
        stream.push(&bytes, &mut out);
    }
    stream.finish(&mut out);
    Ok(out)
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
