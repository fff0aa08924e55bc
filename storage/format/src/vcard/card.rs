//! One card, and files of many.

use crate::icalendar::component::{Component, parse_stream};
use crate::icalendar::line::{Lines, write_line};
use crate::icalendar::split::{Piece, made_uid};
use crate::vcard::limits::CARD_COUNT_MAX;
use model::{Error, Result};

/// A parsed stream with one VCARD.
#[derive(Clone, Debug)]
pub struct Card<'a> {
    component: Component<'a>,
}

impl<'a> Card<'a> {
    /// Reads a stream; more than its form is judged by [`super::validate`].
    ///
    /// # Errors
    /// `Invalid` when it is not one well-formed VCARD, `TooLarge` past a limit.
    pub fn parse(octets: &'a [u8]) -> Result<Self> {
        let mut all = parse_stream(octets, Lines::vcard(octets))?.into_iter();
        match (all.next(), all.next()) {
            (Some(component), None) if component.is("VCARD") => Ok(Self { component }),
            (Some(_), Some(_)) => Err(Error::Invalid("more than one VCARD")),
            _ => Err(Error::Invalid("no VCARD")),
        }
    }

    /// The card's properties and what is inside.
    #[must_use]
    pub fn component(&self) -> &Component<'a> {
        &self.component
    }

    /// VERSION, as written.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.component.line("VERSION").map(|line| line.value().trim())
    }

    /// UID, as written.
    #[must_use]
    pub fn uid(&self) -> Option<String> {
        let line = self.component.line("UID")?;
        Some(line.text_value().trim().to_owned()).filter(|uid| !uid.is_empty())
    }

    /// FN: the name to show.
    #[must_use]
    pub fn formatted_name(&self) -> Option<String> {
        self.component.line("FN").map(|line| line.text_value().into_owned())
    }
}

/// Cuts a file into cards, each with its own octets; a card without UID gets one made from its content, so that
/// the same file gives the same UID again.
///
/// # Errors
/// `Invalid` when the file is not made of well-formed cards, `TooLarge` past a limit.
pub fn split(octets: &[u8]) -> Result<Vec<Piece>> {
    let all = parse_stream(octets, Lines::vcard(octets))?;
    if all.len() > CARD_COUNT_MAX {
        return Err(Error::TooLarge(CARD_COUNT_MAX as u64));
    }
    Ok(all.iter().filter(|component| component.is("VCARD")).map(piece).collect())
}

fn piece(component: &Component<'_>) -> Piece {
    let own = component.line("UID").map(|line| line.text_value().trim().to_owned());
    let (uid, mut octets) = match own.filter(|uid| !uid.is_empty()) {
        Some(uid) => (uid, component.raw().to_vec()),
        None => {
            let uid = made_uid(component.raw());
            let head = component.raw().len().saturating_sub(component.end().len());
            let mut octets = component.raw().get(..head).unwrap_or_default().to_vec();
            write_line(&mut octets, &format!("UID:{uid}"));
            octets.extend_from_slice(component.end());
            (uid, octets)
        }
    };
    if !octets.ends_with(b"\n") {
        octets.extend_from_slice(b"\r\n");
    }
    Piece { uid, octets }
}

#[cfg(test)]
mod tests;
