//! What a CardDAV door may store (RFC 6352 5.1, 6.3.2.1): one well-formed card of version 3.0 or 4.0 in UTF-8.
//!
//! Tolerated: no VERSION, no UID (RFC 2426 does not ask for one), no N or FN, unknown properties, bare LF.

use super::card::Card;
use super::limits::{CARD_BYTES_MAX, UID_BYTES_MAX};
use crate::icalendar::validate::check_text;

/// Why a card is not stored; each is one precondition of RFC 6352 6.3.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `CARDDAV:valid-address-data`
    Data(&'static str),
    /// `CARDDAV:supported-address-data`: a version that is not served.
    Version,
    /// `CARDDAV:max-resource-size`, with the limit in octets.
    Size(u64),
}

/// Reads and judges a card that is to be stored.
///
/// # Errors
/// The first [`Refusal`] found.
pub fn check(octets: &[u8]) -> Result<Card<'_>, Refusal> {
    if octets.len() > CARD_BYTES_MAX {
        return Err(Refusal::Size(CARD_BYTES_MAX as u64));
    }
    check_text(octets).map_err(Refusal::Data)?;
    let card = Card::parse(octets).map_err(|error| match error {
        model::Error::Invalid(why) => Refusal::Data(why),
        _ => Refusal::Data("a limit of the card reader is passed"),
    })?;
    if !matches!(card.version(), None | Some("3.0" | "4.0")) {
        return Err(Refusal::Version);
    }
    if card.uid().is_some_and(|uid| uid.len() > UID_BYTES_MAX) {
        return Err(Refusal::Data("the UID is too long"));
    }
    Ok(card)
}

#[cfg(test)]
mod tests;
