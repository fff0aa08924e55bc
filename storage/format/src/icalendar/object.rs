//! One calendar object (RFC 4791 4.1): a VCALENDAR whose components share one UID.

use super::component::{Component, parse_stream};
use super::line::Lines;
use super::recurrence::Series;
use super::zone::{Zone, Zones};
use model::{Error, Result};

/// The kinds of component that make an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// An appointment.
    Event,
    /// A task.
    Todo,
    /// A note.
    Journal,
    /// Published free and busy time.
    FreeBusy,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Event, Self::Todo, Self::Journal, Self::FreeBusy];

    /// The component's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "VEVENT",
            Self::Todo => "VTODO",
            Self::Journal => "VJOURNAL",
            Self::FreeBusy => "VFREEBUSY",
        }
    }

    /// The kind of a component's name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// A parsed stream with one VCALENDAR and the zones it brings.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    calendar: Component<'a>,
    zones: Zones,
}

impl<'a> Object<'a> {
    /// Reads a stream; more than its form is judged by [`super::validate`].
    ///
    /// # Errors
    /// `Invalid` when it is not one well-formed VCALENDAR, `TooLarge` past a limit.
    pub fn parse(octets: &'a [u8]) -> Result<Self> {
        let mut all = parse_stream(octets, Lines::new(octets))?.into_iter();
        match (all.next(), all.next()) {
            (Some(calendar), None) if calendar.is("VCALENDAR") => {
                Ok(Self { zones: Zones::of(&calendar), calendar })
            }
            (Some(_), Some(_)) => Err(Error::Invalid("more than one VCALENDAR")),
            _ => Err(Error::Invalid("no VCALENDAR")),
        }
    }

    /// The VCALENDAR.
    #[must_use]
    pub fn calendar(&self) -> &Component<'a> {
        &self.calendar
    }

    /// The zones of its VTIMEZONEs.
    #[must_use]
    pub fn zones(&self) -> &Zones {
        &self.zones
    }

    /// The components that make the object, master and overrides: those of the first kind found.
    #[must_use]
    pub fn parts(&self) -> Vec<&Component<'a>> {
        let Some(kind) = self.kind() else { return Vec::new() };
        self.calendar.components().filter(|component| component.is(kind.name())).collect()
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.calendar.components().find_map(|component| Kind::named(component.name()))
    }

    /// The UID of its first part.
    #[must_use]
    pub fn uid(&self) -> Option<String> {
        let parts = self.parts();
        let line = parts.first()?.line("UID")?;
        Some(line.text_value().trim().to_owned()).filter(|uid| !uid.is_empty())
    }

    /// Its instances; floating times are taken in the zone given.
    #[must_use]
    pub fn series(&self, floating: &Zone) -> Series {
        Series::of(&self.parts(), &self.zones, floating)
    }
}

#[cfg(test)]
mod tests;
