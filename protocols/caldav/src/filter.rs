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
    let top = comp_filter(top, FILTER_DEPTH_MAX, &mut left)?;
    if !top.name.eq_ignore_ascii_case("VCALENDAR") {
        return Err(invalid());
    }
    // RFC 4791 9.9 gives time ranges no meaning for the whole calendar.
    if matches!(top.test, CompTest::Defined { time_range: Some(_), .. }) {
        return Err(forbidden("supported-filter"));
    }
    Ok(top)
}

fn count(left: &mut usize) -> Reply<()> {
    *left = left.checked_sub(1).ok_or_else(|| forbidden("supported-filter"))?;
    Ok(())
}

fn comp_filter(element: &Element, depth: usize, left: &mut usize) -> Reply<CompFilter> {
    count(left)?;
    let depth = depth.checked_sub(1).ok_or_else(|| forbidden("supported-filter"))?;
    let name = DIALECT.named(element)?;
    if DIALECT.is_not_defined(element) {
        return Ok(CompFilter { name, test: CompTest::NotDefined });
    }
    let time_range = element.child(CALDAV, "time-range").map(time_range).transpose()?;
    let timed = Kind::named(&name).is_some() || name.eq_ignore_ascii_case("VALARM");
    if time_range.is_some() && !timed {
        return Err(forbidden("supported-filter"));
    }
    let props =
        DIALECT.all(element, "prop-filter").map(|prop| prop_filter(prop, left)).collect::<Reply<_>>()?;
    let comps = DIALECT.all(element, "comp-filter");
    let comps = comps.map(|comp| comp_filter(comp, depth, left)).collect::<Reply<_>>()?;
    Ok(CompFilter { name, test: CompTest::Defined { time_range, props, comps } })
}

fn prop_filter(element: &Element, left: &mut usize) -> Reply<PropFilter> {
    count(left)?;
    let name = DIALECT.named(element)?;
    if DIALECT.is_not_defined(element) {
        return Ok(PropFilter { name, test: PropTest::NotDefined });
    }
    let time_range = element.child(CALDAV, "time-range").map(time_range).transpose()?;
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

/// A range of which both ends are needed: expand and its kin, free-busy-query.
///
/// # Errors
/// As [`time_range`].
pub(crate) fn closed_range(element: &Element) -> Reply<Range> {
    let range = time_range(element)?;
    if range.start.is_none() || range.end.is_none() { Err(forbidden("valid-filter")) } else { Ok(range) }
}

fn instant(element: &Element, attribute: &str) -> Reply<Option<i64>> {
    let Some(text) = element.attribute(attribute) else { return Ok(None) };
    // RFC 4791 9.9 wants a date with UTC time; some clients leave the Z out or give a bare date.
    let moment = Moment::parse(text, None, &Zones::default()).ok_or_else(|| forbidden("valid-filter"))?;
    Ok(Some(moment.instant(&Zone::Utc)))
}

#[cfg(test)]
mod tests;
