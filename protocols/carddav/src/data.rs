//! CARDDAV:address-data in a report (RFC 6352 10.4): which form the client wants cards in, and making it.

use crate::filter::DIALECT;
use crate::refusal::forbidden;
use format::icalendar::selection::{PropWanted, Wanted};
use format::vcard::card::Card;
use format::vcard::selection;
use model::Result;
use webdav::Reply;
use webdav::xml::{CARDDAV, DAV, Element};

/// What a client wants of a card.
pub(crate) struct Output {
    wanted: Wanted<PropWanted>,
}

impl Output {
    /// Reads the element. A version that is served is a wish: a card goes out in the version it was sent in.
    ///
    /// # Errors
    /// 403 `supported-address-data` for another media type or version.
    pub(crate) fn parse(element: &Element) -> Reply<Self> {
        let media = element.attribute("content-type").unwrap_or("text/vcard").trim();
        let version = element.attribute("version").unwrap_or("3.0").trim();
        if !["text/vcard", "text/x-vcard"].iter().any(|known| media.eq_ignore_ascii_case(known))
            || !["3.0", "4.0"].contains(&version)
        {
            return Err(forbidden("supported-address-data"));
        }
        let chosen = element.child(CARDDAV, "prop").is_some();
        Ok(Self { wanted: if chosen { DIALECT.props_wanted(element)? } else { Wanted::All } })
    }

    /// Makes what is wanted of a card; `None` when it is the octets as stored.
    ///
    /// # Errors
    /// `Invalid` when the stored octets cannot be read.
    pub(crate) fn make(&self, octets: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.wanted == Wanted::All {
            return Ok(None);
        }
        let mut out = Vec::new();
        selection::write(&Card::parse(octets)?, &self.wanted, &mut out);
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
