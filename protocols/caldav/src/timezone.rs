//! The zone in which floating times and dates are taken: the report's own, the calendar's, or UTC
//! (RFC 4791 5.2.2, 9.8).

use crate::limits::TIMEZONE_BYTES_MAX;
use crate::refusal::forbidden;
use format::icalendar::object::Object;
use format::icalendar::zone::Zone;
use store::CollectionRow;
use webdav::Reply;
use webdav::xml::{CALDAV, Element};

/// Key of a calendar's time zone, in its record: the iCalendar text as the client sent it.
pub(crate) const TIMEZONE: &str = "timezone";

/// Reads an iCalendar stream with one VTIMEZONE.
///
/// # Errors
/// 403 `valid-calendar-data`.
pub(crate) fn parse(text: &str) -> Reply<Zone> {
    let refused = || forbidden("valid-calendar-data");
    if text.len() > TIMEZONE_BYTES_MAX {
        return Err(refused());
    }
    let object = Object::parse(text.trim_start().as_bytes()).map_err(|_| refused())?;
    let mut zones = object.calendar().components().filter(|component| component.is("VTIMEZONE"));
    match (zones.next(), zones.next()) {
        (Some(zone), None) => Zone::of_vtimezone(zone).ok_or_else(refused),
        _ => Err(refused()),
    }
}

/// The zone that a report's body brings, if it brings one.
///
/// # Errors
/// 403 `valid-calendar-data`; 403 `valid-timezone` for an unknown name (RFC 7809 5.1).
pub(crate) fn asked(body: &Element) -> Reply<Option<Zone>> {
    if let Some(element) = body.child(CALDAV, "timezone") {
        return parse(&element.text()).map(Some);
    }
    let Some(element) = body.child(CALDAV, "timezone-id") else { return Ok(None) };
    Zone::named(&element.text()).map(Some).ok_or_else(|| forbidden("valid-timezone"))
}

/// The zone of a calendar.
pub(crate) fn of_calendar(row: &CollectionRow) -> Zone {
    row.properties.get(TIMEZONE).and_then(|text| parse(text).ok()).unwrap_or(Zone::Utc)
}

#[cfg(test)]
mod tests;
