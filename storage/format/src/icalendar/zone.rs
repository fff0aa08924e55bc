//! Time zones: what turns a local time into an instant.
//!
//! A TZID is resolved by the object's own VTIMEZONE first (RFC 5545 3.2.19 makes it the authority), then as
//! an IANA name, then by the names other software uses, and is floating when nobody knows it. Local times
//! that the change of clocks skips or repeats are read as RFC 5545 3.3.5 says: with the offset before the gap,
//! and as the first of the two.

use super::component::Component;
use super::observance::Observances;
use super::time::Local;
use super::zone_names;
use std::sync::Arc;

/// A zone, cheap to copy.
#[derive(Clone, Debug)]
pub enum Zone {
    /// No zone: the time is the same on every wall.
    Floating,
    /// UTC
    Utc,
    /// Seconds east of UTC, always.
    Fixed(i64),
    /// From the IANA database.
    Iana(jiff::tz::TimeZone),
    /// From a VTIMEZONE.
    Rules(Arc<Observances>),
}

impl Zone {
    /// This zone, or the other one where this one is floating.
    #[must_use]
    pub fn or<'z>(&'z self, floating: &'z Self) -> &'z Self {
        if matches!(self, Self::Floating) { floating } else { self }
    }

    /// The zone that a name means to IANA or to other software.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        if name.eq_ignore_ascii_case("UTC") || name.eq_ignore_ascii_case("Z") || name.ends_with("/UTC") {
            return Some(Self::Utc);
        }
        if name.is_empty() || name.len() > 128 {
            return None;
        }
        let iana = |name: &str| jiff::tz::TimeZone::get(name).ok().map(Self::Iana);
        iana(name)
            .or_else(|| zone_names::iana_name(name).and_then(iana))
            .or_else(|| zone_names::iana_suffix(name, iana))
            .or_else(|| zone_names::fixed_offset(name).map(Self::Fixed))
    }

    /// The zone of a whole iCalendar stream with one VTIMEZONE (the form of CALDAV:calendar-timezone).
    #[must_use]
    pub fn of_vtimezone(component: &Component<'_>) -> Option<Self> {
        Observances::of(component).map(|rules| Self::Rules(Arc::new(rules)))
    }

    /// The instant at which the zone's clock shows this; UTC for a floating zone.
    #[must_use]
    pub fn instant(&self, local: Local) -> i64 {
        match self {
            Self::Floating | Self::Utc => local.0,
            Self::Fixed(offset) => local.0.saturating_sub(*offset),
            Self::Rules(rules) => rules.instant(local),
            Self::Iana(zone) => civil(local).map_or(local.0, |time| {
                let offset = match zone.to_ambiguous_timestamp(time).offset() {
                    jiff::tz::AmbiguousOffset::Unambiguous { offset } => offset,
                    jiff::tz::AmbiguousOffset::Gap { before, .. }
                    | jiff::tz::AmbiguousOffset::Fold { before, .. } => before,
                };
                local.0.saturating_sub(i64::from(offset.seconds()))
            }),
        }
    }

    /// What the zone's clock shows at the instant.
    #[must_use]
    pub fn local(&self, instant: i64) -> Local {
        let offset = match self {
            Self::Floating | Self::Utc => 0,
            Self::Fixed(offset) => *offset,
            Self::Rules(rules) => rules.offset_at(instant),
            Self::Iana(zone) => jiff::Timestamp::from_second(instant)
                .map_or(0, |instant| i64::from(zone.to_offset(instant).seconds())),
        };
        Local(instant.saturating_add(offset).clamp(Local::MIN.0, Local::MAX.0))
    }
}

/// The same wall time in jiff's form.
fn civil(local: Local) -> Option<jiff::civil::DateTime> {
    let (year, month, day) = local.date();
    let s = local.seconds();
    let part = |n: i64| i8::try_from(n).ok();
    jiff::civil::DateTime::new(
        i16::try_from(year).ok()?,
        part(month)?,
        part(day)?,
        part(s / 3600)?,
        part(s / 60 % 60)?,
        part(s % 60)?,
        0,
    )
    .ok()
}

/// The zones an object knows by itself.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    own: Vec<(String, Zone)>,
}

impl Zones {
    /// Reads every VTIMEZONE of a VCALENDAR.
    #[must_use]
    pub fn of(calendar: &Component<'_>) -> Self {
        let own = calendar
            .components()
            .filter(|component| component.is("VTIMEZONE"))
            .filter_map(|component| {
                let tzid = component.line("TZID")?.text_value().into_owned();
                Some((tzid, Zone::of_vtimezone(component)?))
            })
            .collect();
        Self { own }
    }

    /// The zone of a TZID parameter.
    #[must_use]
    pub fn resolve(&self, tzid: &str) -> Zone {
        self.own
            .iter()
            .find(|(name, _)| name == tzid)
            .map(|(_, zone)| zone.clone())
            .or_else(|| Zone::named(tzid))
            .unwrap_or(Zone::Floating)
    }
}

#[cfg(test)]
mod tests;
