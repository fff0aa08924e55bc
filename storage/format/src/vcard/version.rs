//! A card in the other version (RFC 6352 5.1.1): 3.0 (RFC 2426) for clients that know no other, 4.0 (RFC 6350) for those
//! that ask for it.
//!
//! Only what the versions say differently is written anew, as RFC 6350 A.1 lists it; every other line goes out as it
//! was sent. Properties that one version does not know are extensions to it and stay.

mod date;
mod media;
mod newer;
mod older;
mod property;

use super::card::Card;
use crate::icalendar::component::Node;
use crate::icalendar::line::write_line;
use property::Property;

/// A version that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 3.0 (RFC 2426)
    V3,
    /// 4.0 (RFC 6350)
    V4,
}

impl Version {
    /// From what VERSION, a media type's parameter or an attribute says.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        match text.trim() {
            "3.0" => Some(Self::V3),
            "4.0" => Some(Self::V4),
            _ => None,
        }
    }

    /// As VERSION says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V3 => "3.0",
            Self::V4 => "4.0",
        }
    }
}

/// The card in another version; `None` where it is of that version already, or tells none.
#[must_use]
pub fn convert(card: &Card<'_>, to: Version) -> Option<Vec<u8>> {
    Version::of(card.version()?).filter(|from| *from != to)?;
    let component = card.component();
    let mut properties: Vec<Property<'_>> = component.lines().map(Property::of).collect();
    properties.retain(|property| !property.is("VERSION"));
    match to {
        Version::V3 => older::card(&mut properties),
        Version::V4 => newer::card(&mut properties),
    }
    let mut out = Vec::with_capacity(component.raw().len());
    out.extend_from_slice(component.begin());
    // RFC 6350 6.7.9: it comes first.
    write_line(&mut out, &format!("VERSION:{}", to.name()));
    for property in &properties {
        property.write(&mut out);
    }
    for node in component.nodes() {
        if let Node::Component(inner) = node {
            out.extend_from_slice(inner.raw());
        }
    }
    out.extend_from_slice(component.end());
    Some(out)
}

#[cfg(test)]
mod tests;
