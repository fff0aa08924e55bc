//! What a submission server must know of a message's header section (RFC 6409 6 and 8): who it claims to be
//! from, what is missing, how often it has been relayed.
//!
//! Strict on purpose. Whatever this module cannot read exactly as every reader downstream would (two From
//! fields, a line that is no field, an address outside the grammar) is refused: the sender check is worth
//! nothing if somebody else's parser sees another sender (CVE-2024-7208, CVE-2024-7209).

mod originator;

use crate::limits::{HEADER_COUNT_MAX, HOP_COUNT_MAX};
use model::Address;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// Every address of From, Sender and their Resent- forms.
    pub(crate) originators: Vec<Address>,
    /// A From field is there.
    pub(crate) has_from: bool,
    /// A Date field is there.
    pub(crate) has_date: bool,
    /// A Message-ID field is there.
    pub(crate) has_message_id: bool,
    /// Some octet is beyond US-ASCII.
    pub(crate) eight_bit: bool,
}

/// Why a header section is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A line that is neither a field nor a continuation, or one with NUL.
    Malformed,
    /// More than [`HEADER_COUNT_MAX`] fields.
    TooMany,
    /// No From field, and no sender it could be made of.
    NoFrom,
    /// A field that may stand once stands twice.
    Twice,
    /// From or Sender is not a list of addresses.
    Originator,
    /// More than [`HOP_COUNT_MAX`] Received fields.
    Loop,
}

/// Reads a header section: lines ending in CRLF, with or without the empty line behind it.
pub(crate) fn read(section: &[u8]) -> Result<Header, Fault> {
    let mut header = Header { eight_bit: !section.is_ascii(), ..Header::default() };
    let (mut from, mut sender, mut hops) = (0_u32, 0_u32, 0_usize);
    for (name, value) in fields(section)? {
        match name.to_ascii_lowercase().as_slice() {
            b"from" => from += add(&mut header, &value)?,
            b"sender" => sender += add(&mut header, &value)?,
            b"resent-from" | b"resent-sender" => drop(add(&mut header, &value)?),
            b"date" if header.has_date => return Err(Fault::Twice),
            b"date" => header.has_date = true,
            b"message-id" if header.has_message_id => return Err(Fault::Twice),
            b"message-id" => header.has_message_id = true,
            b"received" => hops += 1,
            _ => {}
        }
    }
    match (from, sender) {
        _ if hops > HOP_COUNT_MAX => Err(Fault::Loop),
        (0 | 1, 0 | 1) => Ok(Header { has_from: from == 1, ..header }),
        _ => Err(Fault::Twice),
    }
}

fn add(header: &mut Header, value: &[u8]) -> Result<u32, Fault> {
    let found = originator::addresses(value).ok_or(Fault::Originator)?;
    header.originators.extend(found);
    Ok(1)
}

/// A field's name and its unfolded value.
type Field<'a> = (&'a [u8], Vec<u8>);

/// Every field of a section, in order.
fn fields(section: &[u8]) -> Result<Vec<Field<'_>>, Fault> {
    let mut found: Vec<Field<'_>> = Vec::new();
    for line in section.split(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None => continue,
            Some(b' ' | b'\t') => match found.last_mut() {
                Some((_, value)) => value.extend_from_slice(line),
                None => return Err(Fault::Malformed),
            },
            Some(_) => {
                let colon = line.iter().position(|&octet| octet == b':').ok_or(Fault::Malformed)?;
                let (name, value) = line.split_at(colon);
                found.push((name.trim_ascii_end(), value.get(1..).unwrap_or_default().to_vec()));
            }
        }
        if found.len() > HEADER_COUNT_MAX {
            return Err(Fault::TooMany);
        }
    }
    // RFC 5322 2.2: a name is printable US-ASCII without the colon.
    let named = |name: &[u8]| !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let clean = found.iter().all(|(name, value)| named(name) && !value.contains(&0));
    if clean { Ok(found) } else { Err(Fault::Malformed) }
}

#[cfg(test)]
mod tests;
