//! CALDAV:filter (RFC 4791 9.7) read from XML into the plain data that `format::icalendar` judges by.

use crate::limits::{FILTER_COUNT_MAX, FILTER_DEPTH_MAX};
use crate::refusal::forbidden;
use format::icalendar::filter::{CompFilter, CompTest, PropFilter, PropTest};
use format::icalendar::object::Kind;
use format::icalendar::recurrence::Range;
use format::icalendar::text::Collation;
use format::icalendar::time::Moment;
use format::icalendar::zone::{Zone, Zones};
use webdav::Reply;
use webdav::filter::Dialect;
use webdav::xml::{CALDAV, Element};

/// How CalDAV spells what it shares with CardDAV.
pub(crate) const DIALECT: Dialect = Dialect { namespace: CALDAV, collation: Collation::AsciiCasemap };

/// Reads the filter of a calendar-query.
///
/// # Errors
/// 403 `valid-filter`, `supported-filter`, `supported-collation`.
pub(crate) fn parse(body: &Element) -> Reply<CompFilter> {
    let invalid = || forbidden("valid-filter");
    let filter = body.child(CALDAV, "filter").ok_or_else(invalid)?;
    let mut comps = DIALECT.all(filter, "comp-filter");
    let (Some(top), None) = (comps.next(), comps.next()) else { return Err(invalid()) };
    let mut left = FILTER_COUNT_MAX;
    comp_filter(top, "", FILTER_DEPTH_MAX, &mut left)
}

fn count(left: &mut usize) -> Reply<()> {
    *left = left.checked_sub(1).ok_or_else(|| forbidden("supported-filter"))?;
    Ok(())
}

/// The components of RFC 5545 with those that they lie in; `""` stands for the filter itself.
const HOMES: &[(&str, &[&str])] = &[
    ("VCALENDAR", &[""]),
    ("VEVENT", &["VCALENDAR"]),
    ("VTODO", &["VCALENDAR"]),
    ("VJOURNAL", &["VCALENDAR"]),
    ("VFREEBUSY", &["VCALENDAR"]),
    ("VTIMEZONE", &["VCALENDAR"]),
    ("VALARM", &["VEVENT", "VTODO"]),
    ("STANDARD", &["VTIMEZONE"]),
    ("DAYLIGHT", &["VTIMEZONE"]),
];

/// Whether a component can lie there at all (RFC 4791 7.8: a filter that asks for a VEVENT in a VTODO is invalid);
/// of components that nobody knows anything may be asked.
fn lies_in(name: &str, parent: &str) -> bool {
    match HOMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, homes)) => homes.iter().any(|home| home.eq_ignore_ascii_case(parent)),
        None => !parent.is_empty(),
    }
}

/// The properties whose values are times; a time range has no meaning for the others of RFC 5545.
const TIMES: &[&str] = &[
    "COMPLETED",
    "CREATED",
    "DTEND",
    "DTSTAMP",
    "DTSTART",
    "DUE",
    "EXDATE",
    "LAST-MODIFIED",
    "RDATE",
    "RECURRENCE-ID",
    "TRIGGER",
];

fn is_time(property: &str) -> bool {
    let begins = |prefix: &str| property.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    begins("X-") || TIMES.iter().any(|known| known.eq_ignore_ascii_case(property))
}

fn comp_filter(element: &Element, parent: &str, depth: usize, left: &mut usize) -> Reply<CompFilter> {
    count(left)?;
    let depth = depth.checked_sub(1).ok_or_else(|| forbidden("supported-filter"))?;
    let name = DIALECT.named(element)?;
    if !lies_in(&name, parent) {
        return Err(forbidden("valid-filter"));
    }
    if DIALECT.is_not_defined(element) {
        return Ok(CompFilter { name, test: CompTest::NotDefined });
    }
    let time_range = element.child(CALDAV, "time-range").map(time_range).transpose()?;
    let timed = Kind::named(&name).is_some() || name.eq_ignore_ascii_case("VALARM");
    if time_range.is_some() && !timed {
        return Err(forbidden("valid-filter"));
    }
    let props =
        DIALECT.all(element, "prop-filter").map(|prop| prop_filter(prop, left)).collect::<Reply<_>>()?;
    let comps = DIALECT.all(element, "comp-filter");
    let comps = comps.map(|comp| comp_filter(comp, &name, depth, left)).collect::<Reply<_>>()?;
    Ok(CompFilter { name, test: CompTest::Defined { time_range, props, comps } })
}

fn prop_filter(element: &Element, left: &mut usize) -> Reply<PropFilter> {
    count(left)?;
    let name = DIALECT.named(element)?;
    if DIALECT.is_not_defined(element) {
        return Ok(PropFilter { name, test: PropTest::NotDefined });
    }
    let time_range = element.child(CALDAV, "time-range").map(time_range).transpose()?;
    if time_range.is_some() && !is_time(&name) {
        return Err(forbidden("valid-filter"));
    }
    let text = element.child(CALDAV, "text-match").map(|text| DIALECT.text_match(text)).transpose()?;
    let param = |param: &Element| {
        count(left)?;
        DIALECT.param_filter(param)
    };
    let params = DIALECT.all(element, "param-filter").map(param).collect::<Reply<_>>()?;
    Ok(PropFilter { name, test: PropTest::Defined { time_range, text, params } })
}

/// Reads a time-range: one end may be open (RFC 4791 9.9).
///
/// # Errors
/// 403 `valid-filter` for no end at all, ends that are no UTC times or in the wrong order.
pub(crate) fn time_range(element: &Element) -> Reply<Range> {
    let range = Range { start: instant(element, "start")?, end: instant(element, "end")? };
    match (range.start, range.end) {
        (None, None) => Err(forbidden("valid-filter")),
        (Some(start), Some(end)) if end <= start => Err(forbidden("valid-filter")),
        _ => Ok(range),
    }
}

/// A range of which both ends are needed: expand and its kin.
///
/// # Errors
/// As [`time_range`].
pub(crate) fn closed_range(element: &Element) -> Reply<Range> {
    let range = time_range(element)?;
    if range.start.is_none() || range.end.is_none() { Err(forbidden("valid-filter")) } else { Ok(range) }
}

fn instant(element: &Element, attribute: &str) -> Reply<Option<i64>> {
    let Some(text) = element.attribute(attribute) else { return Ok(None) };
    // RFC 4791 9.9: a date with UTC time. A bare date or a time without its Z means another moment to each reader.
    let moment = Moment::parse(text, None, &Zones::default())
        .filter(|moment| !moment.is_date && matches!(moment.zone, Zone::Utc));
    Ok(Some(moment.ok_or_else(|| forbidden("valid-filter"))?.instant(&Zone::Utc)))
}

#[cfg(test)]
mod tests;
