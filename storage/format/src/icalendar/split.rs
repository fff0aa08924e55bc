//! Cuts a whole calendar file into the objects a calendar collection stores: one per UID, each with the
//! VTIMEZONEs it names, METHOD left out (RFC 4791 4.1). Every other octet is the file's own.

use super::component::{Component, Node, parse_stream};
use super::line::{Lines, write_line};
use super::object::Kind;
use model::Result;
use std::collections::BTreeSet;

/// One object cut from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The UID; made from the content where the file has none, so that the same file gives the same UID again.
    pub uid: String,
    /// The object's octets.
    pub octets: Vec<u8>,
}

/// Cuts a file. What is in it twice with one UID and no RECURRENCE-ID comes out as one piece, which
/// [`super::validate::check`] then refuses.
///
/// # Errors
/// `Invalid` when the file is not made of well-formed components, `TooLarge` past a limit.
pub fn split(octets: &[u8]) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let all = parse_stream(octets, Lines::new(octets))?;
    for calendar in all.iter().filter(|component| component.is("VCALENDAR")) {
        let mut groups: Vec<(String, bool, Vec<&Component<'_>>)> = Vec::new();
        let mut at = std::collections::HashMap::new();
        for part in calendar.components().filter(|part| Kind::named(part.name()).is_some()) {
            let own = part.line("UID").map(|line| line.text_value().trim().to_owned());
            let own = own.filter(|uid| !uid.is_empty());
            let made = own.is_none();
            let uid = own.unwrap_or_else(|| made_uid(part.raw()));
            let index = *at.entry((uid.clone(), part.name().to_owned())).or_insert_with(|| {
                groups.push((uid, made, Vec::new()));
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(index) {
                group.2.push(part);
            }
        }
        for (uid, made, parts) in groups {
            let octets = write(calendar, &parts, made.then_some(uid.as_str()));
            pieces.push(Piece { uid, octets });
        }
    }
    Ok(pieces)
}

fn write(calendar: &Component<'_>, parts: &[&Component<'_>], uid: Option<&str>) -> Vec<u8> {
    let mut named = BTreeSet::new();
    parts.iter().for_each(|part| zones_named(part, &mut named));
    let mut out = calendar.begin().to_vec();
    for line in calendar.lines().filter(|line| !line.is("METHOD")) {
        out.extend_from_slice(line.raw());
    }
    for zone in calendar.components().filter(|component| component.is("VTIMEZONE")) {
        if zone.line("TZID").is_some_and(|line| named.contains(&*line.text_value())) {
            out.extend_from_slice(zone.raw());
        }
    }
    for part in parts {
        match uid {
            None => out.extend_from_slice(part.raw()),
            Some(uid) => {
                out.extend_from_slice(part.begin());
                write_line(&mut out, &format!("UID:{uid}"));
                out.extend_from_slice(part.raw().get(part.begin().len()..).unwrap_or_default());
            }
        }
    }
    out.extend_from_slice(calendar.end());
    if !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Every TZID that the component or one inside it names.
fn zones_named(component: &Component<'_>, named: &mut BTreeSet<String>) {
    for node in component.nodes() {
        match node {
            Node::Line(line) => named.extend(line.param("TZID").map(std::borrow::Cow::into_owned)),
            Node::Component(inner) => zones_named(inner, named),
        }
    }
}

/// A UID for octets that have none: two FNV-1a hashes side by side.
pub(crate) fn made_uid(octets: &[u8]) -> String {
    let hash = |seed: u64| {
        octets.iter().fold(seed, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    format!("{:016x}{:016x}", hash(0xcbf2_9ce4_8422_2325), hash(0x6c62_272e_07bb_0142))
}

#[cfg(test)]
mod tests;
