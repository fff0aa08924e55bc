//! What a CalDAV door may store (RFC 4791 4.1, 5.3.2.1).
//!
//! Strict where other clients would break (well-formed, UTF-8, one UID, one kind of component, times that can
//! be read), tolerant of everything that real producers leave out or add: no VERSION or PRODID, no VTIMEZONE
//! for a TZID, a rule without content, unknown components, properties and parameters, bare LF.

use super::component::Component;
use super::limits::{
    COMPONENT_COUNT_MAX, INSTANCE_COUNT_MAX, OBJECT_BYTES_MAX, OBJECT_LINE_COUNT_MAX, RULE_COUNT_MAX,
    UID_BYTES_MAX,
};
use super::object::{Kind, Object};
use super::recurrence::{Occurrences, Rule};
use super::time::Moment;
use super::zone::Zones;

/// Why an object is not stored; each is one precondition of RFC 4791 5.3.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `CALDAV:valid-calendar-data`
    Data(&'static str),
    /// `CALDAV:valid-calendar-object-resource`
    Object(&'static str),
    /// `CALDAV:supported-calendar-component`
    Component,
    /// `CALDAV:max-resource-size`, with the limit in octets.
    Size(u64),
    /// `CALDAV:max-instances`
    Instances,
    /// `CALDAV:supported-rscale` (RFC 7529 8.2)
    Scale,
}

/// Reads and judges an object that is to be stored in a calendar that takes the `supported` kinds.
///
/// # Errors
/// The first [`Refusal`] found.
pub fn check<'a>(octets: &'a [u8], supported: &[Kind]) -> Result<Object<'a>, Refusal> {
    if octets.len() > OBJECT_BYTES_MAX {
        return Err(Refusal::Size(OBJECT_BYTES_MAX as u64));
    }
    if octets.iter().filter(|&&byte| byte == b'\n').count() > OBJECT_LINE_COUNT_MAX {
        return Err(Refusal::Data("more lines than an object may have"));
    }
    check_text(octets).map_err(Refusal::Data)?;
    let object = Object::parse(octets).map_err(|error| match error {
        model::Error::Invalid(why) => Refusal::Data(why),
        _ => Refusal::Data("a limit of the calendar reader is passed"),
    })?;
    // RFC 4791 4.1
    if object.calendar().line("METHOD").is_some() {
        return Err(Refusal::Object("METHOD is for messages, not for stored objects"));
    }
    let kind = check_kinds(&object, supported)?;
    check_parts(&object, kind)?;
    Ok(object)
}

/// RFC 4791 4.1: one kind of component beside VTIMEZONE, and one that the calendar takes.
fn check_kinds(object: &Object<'_>, supported: &[Kind]) -> Result<Kind, Refusal> {
    let mut kinds = object.calendar().components().filter(|component| !is_beside(component));
    let kind = match kinds.next().map(|component| Kind::named(component.name())) {
        Some(Some(kind)) if supported.contains(&kind) => kind,
        Some(_) => return Err(Refusal::Component),
        None => return Err(Refusal::Object("no component")),
    };
    if kinds.any(|component| !component.is(kind.name())) {
        return Err(Refusal::Object("more than one kind of component"));
    }
    Ok(kind)
}

/// What may stand beside the components that make the object.
fn is_beside(component: &Component<'_>) -> bool {
    component.is("VTIMEZONE") || component.name().starts_with("X-")
}

/// UTF-8 without control characters: anything else cannot be told in XML.
pub(crate) fn check_text(octets: &[u8]) -> Result<(), &'static str> {
    let text = std::str::from_utf8(octets).map_err(|_| "not UTF-8")?;
    let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n') && c < '\u{80}';
    // U+FFFE and U+FFFF are no XML characters either (XML 1.0 2.2).
    if text.chars().any(|c| odd(c) || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err("a control character");
    }
    Ok(())
}

fn check_parts(object: &Object<'_>, kind: Kind) -> Result<(), Refusal> {
    let parts = object.parts();
    if parts.len() > COMPONENT_COUNT_MAX {
        return Err(Refusal::Instances);
    }
    let uid = object.uid().ok_or(Refusal::Object("no UID"))?;
    if uid.len() > UID_BYTES_MAX {
        return Err(Refusal::Data("the UID is too long"));
    }
    let mut masters = 0usize;
    for part in &parts {
        let own = part.line("UID").map(|line| line.text_value().trim().to_owned());
        if own.as_deref() != Some(uid.as_str()) {
            return Err(Refusal::Object("more than one UID"));
        }
        masters = masters.saturating_add(usize::from(part.line("RECURRENCE-ID").is_none()));
        check_times(part, object, kind)?;
        check_rules(part)?;
    }
    if masters > 1 {
        return Err(Refusal::Object("two components of one UID without RECURRENCE-ID"));
    }
    Ok(())
}

fn check_times(part: &Component<'_>, object: &Object<'_>, kind: Kind) -> Result<(), Refusal> {
    // RFC 5545 3.6.1: without METHOD an event has DTSTART.
    if kind == Kind::Event && part.line("DTSTART").is_none() {
        return Err(Refusal::Data("an event without DTSTART"));
    }
    for line in part.lines() {
        let timed = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID"].iter().any(|name| line.is(name));
        if timed && Moment::of_line(line, object.zones()).is_none() {
            return Err(Refusal::Data("a date or time that cannot be read"));
        }
    }
    Ok(())
}

fn check_rules(part: &Component<'_>) -> Result<(), Refusal> {
    let mut count = 0usize;
    for line in part.lines().filter(|line| line.is("RRULE") || line.is("EXRULE")) {
        if line.value().trim().is_empty() {
            // What clients leave where a rule was taken away.
            continue;
        }
        let Some(rule) = Rule::parse(line.value()) else {
            let scaled = line.value().to_ascii_uppercase().contains("RSCALE=");
            let unread = Refusal::Data("a recurrence rule that cannot be read");
            return Err(if scaled { Refusal::Scale } else { unread });
        };
        count = count.saturating_add(1);
        if rule.count.is_some_and(|count| count > INSTANCE_COUNT_MAX as u64) || count > RULE_COUNT_MAX {
            return Err(Refusal::Instances);
        }
        // A rule that is looked through to the budget's end without a second occurrence only costs.
        let start = part.line("DTSTART").or_else(|| part.line("DUE"));
        if let Some(start) = start.and_then(|line| Moment::of_line(line, &Zones::default())) {
            let mut occurrences = Occurrences::new(rule, start.local, None);
            if occurrences.nth(1).is_none() && occurrences.is_exhausted() {
                return Err(Refusal::Instances);
            }
        }
    }
    let dates: usize = part.all("RDATE").map(|line| line.value().split(',').count()).sum();
    if dates > INSTANCE_COUNT_MAX { Err(Refusal::Instances) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
