//! CARDDAV:address-data in a report (RFC 6352 10.4): which form the client wants cards in, and making it.

use crate::filter::DIALECT;
use crate::refusal::forbidden;
use format::icalendar::selection::{PropWanted, Wanted};
use format::vcard::card::Card;
use format::vcard::selection;
use format::vcard::version::{Version, convert};
use model::Result;
use webdav::Reply;
use webdav::xml::{CARDDAV, DAV, Element};

/// What a client wants of a card.
pub(crate) struct Output {
    wanted: Wanted<PropWanted>,
    /// Named by the client; without it a card goes out in the version it was sent in.
    version: Option<Version>,
}

impl Output {
    /// Reads the element. RFC 6352 10.4 has 3.0 as what no version means; but clients of both versions name none, and
    /// what they would send back is what they were given.
    ///
    /// # Errors
    /// 403 `supported-address-data` for another media type or version.
    pub(crate) fn parse(element: &Element) -> Reply<Self> {
        let media = element.attribute("content-type").unwrap_or("text/vcard").trim();
        let named = element.attribute("version");
        let version = named.and_then(Version::of);
        if !["text/vcard", "text/x-vcard"].iter().any(|known| media.eq_ignore_ascii_case(known))
            || version.is_some() != named.is_some()
        {
            return Err(forbidden("supported-address-data"));
        }
        let chosen = element.child(CARDDAV, "prop").is_some();
        Ok(Self { wanted: if chosen { DIALECT.props_wanted(element)? } else { Wanted::All }, version })
    }

    /// Makes what is wanted of a card; `None` when it is the octets as stored.
    ///
    /// # Errors
    /// `Invalid` when the stored octets cannot be read.
    pub(crate) fn make(&self, octets: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.wanted == Wanted::All && self.version.is_none() {
            return Ok(None);
        }
        let card = Card::parse(octets)?;
        let turned = self.version.and_then(|version| convert(&card, version));
        if self.wanted == Wanted::All {
            return Ok(turned);
        }
        let mut out = Vec::new();
        match turned {
            Some(turned) => selection::write(&Card::parse(&turned)?, &self.wanted, &mut out),
            None => selection::write(&card, &self.wanted, &mut out),
        }
        Ok(Some(out))
    }
}

/// Checks the address-data of a report's `prop` before anything is read.
///
/// # Errors
/// As [`Output::parse`].
pub(crate) fn check(body: &Element) -> Reply<()> {
    let data = body.child(DAV, "prop").and_then(|prop| prop.child(CARDDAV, "address-data"));
    data.map(Output::parse).transpose().map(drop)
}
