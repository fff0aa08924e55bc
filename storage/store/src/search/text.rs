//! What of a message is indexed: exactly the text that a full scan looks at (RFC 9051 6.4.4), cut into tokens.

use super::{
    field,
    segment::{Bounds, Builder},
    tokens::Tokenizer,
};
use crate::{ahead::Ahead, message::MessageRecord, stores::Store};
use bytes::Bytes;
use format::mime::{
    Span, addresses, header as fields,
    limits::{HEADER_BYTES_MAX, TEXT_PIECE_BYTES_MAX},
    search::fold,
    text::{Extractor, header_text},
    words,
};
use model::{Error, ItemId, Result};
use std::ops::Range;

/// Enters one message. What cannot be read, or has more terms than are kept, is entered as unsure.
pub(crate) async fn enter(
    store: &Store,
    builder: &mut Builder,
    item: ItemId,
    record: &MessageRecord,
) -> Result<()> {
    let number = builder.begin(item);
    let bounds = builder.bounds();
    let mut entry = Entry { builder, bounds, number, count: 0 };
    match entry.message(store, record).await {
        Ok(()) if !entry.is_past() => Ok(()),
        Ok(()) | Err(Error::Corrupt) => {
            builder.unsure(number);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// A message that is being entered.
struct Entry<'b> {
    builder: &'b mut Builder,
    bounds: Bounds,
    number: u32,
    /// Terms so far.
    count: usize,
}

impl Entry<'_> {
    /// Whether it has more terms than are kept.
    fn is_past(&self) -> bool {
        self.count > self.bounds.term_count
    }

    async fn message(&mut self, store: &Store, record: &MessageRecord) -> Result<()> {
        let parts = record.part_table()?;
        let span = parts.root().map(|root| root.header).unwrap_or_default();
        let mut ahead = Ahead::new(store, &record.body);
        self.header(&ahead.collect(block(span)).await?);
        for (index, part) in parts.iter().enumerate() {
            let header = ahead.collect(block(part.header)).await?;
            let mut text = String::new();
            if index > 0 {
                header_text(&header, &mut text);
                self.whole(field::BODY, &fold(&text));
                text.clear();
            }
            let Some(mut extractor) = Extractor::new(part, &header) else { continue };
            let mut tokenizer = Tokenizer::default();
            let mut range = part.body.partial(0, self.bounds.part_bytes).range();
            while !self.is_past()
                && let Some(bytes) = ahead.next(&mut range).await?
            {
                for piece in bytes.chunks(TEXT_PIECE_BYTES_MAX) {
                    extractor.push(piece, &mut text);
                    tokenizer.push(&fold(&text), &mut |term| self.add(field::BODY, term));
                    text.clear();
                }
                // Decoding takes time that others must get as well.
                tokio::task::yield_now().await;
            }
            extractor.finish(&mut text);
            tokenizer.push(&fold(&text), &mut |term| self.add(field::BODY, term));
            tokenizer.end(&mut |term| self.add(field::BODY, term));
        }
        Ok(())
    }

    fn header(&mut self, block: &Bytes) {
        for it in fields::fields(block) {
            let name = fold(&String::from_utf8_lossy(it.name));
            self.whole(field::HEADER, &name);
            let unfolded = fields::unfold(it.value);
            let known = field::of_name(&name);
            self.whole(known, &fold(&words::decode(&unfolded)));
            if let Some(plain) = field::plain(known) {
                for address in addresses(&unfolded) {
                    let text = format!("{} <{}@{}>", address.display, address.local, address.domain);
                    self.plain(known, plain, &fold(&text));
                }
            }
        }
    }

    /// What an address says beside what the field's value says already.
    fn plain(&mut self, known: u8, plain: u8, text: &str) {
        let mut terms = Vec::new();
        let mut tokenizer = Tokenizer::default();
        tokenizer.push(text, &mut |term: &[u8]| terms.push(term.to_vec()));
        tokenizer.end(&mut |term: &[u8]| terms.push(term.to_vec()));
        for term in terms {
            if !self.builder.has(known, &term, self.number) {
                self.add(plain, &term);
            }
        }
    }

    fn whole(&mut self, field: u8, text: &str) {
        let mut tokenizer = Tokenizer::default();
        tokenizer.push(text, &mut |term| self.add(field, term));
        tokenizer.end(&mut |term| self.add(field, term));
    }

    fn add(&mut self, field: u8, term: &[u8]) {
        if !self.is_past() && self.builder.add(field, term, self.number) {
            self.count += 1;
        }
    }
}

/// A header block; what lies beyond the limit is not looked at by a scan either.
fn block(span: Span) -> Range<u64> {
    span.partial(0, HEADER_BYTES_MAX as u64).range()
}
