//! What a report may do to recurring objects on the way out: CALDAV:expand, CALDAV:limit-recurrence-set and
//! CALDAV:limit-freebusy-set (RFC 4791 9.6.5 to 9.6.7). What is stored stays as it is.

use super::component::{Component, Node};
use super::filter::{overlap_period, overlap_periods};
use super::limits::INSTANCE_COUNT_MAX;
use super::line::{Line, write_line};
use super::object::Object;
use super::recurrence::{Ended, Instance, Range, Series};
use super::time::{Moment, utc_text};
use super::zone::{Zone, Zones};
use model::{Error, Result};
use std::ops::ControlFlow;

/// Every instance that overlaps the range as a component of its own, in UTC, with RECURRENCE-ID and without
/// recurrence properties and time zones. Dates and floating times stay what they are.
///
/// # Errors
/// `TooLarge` when there are more than [`INSTANCE_COUNT_MAX`] instances: none is left out silently.
pub fn expand(object: &Object<'_>, range: &Range, floating: &Zone) -> Result<Vec<u8>> {
    let parts = object.parts();
    let series = object.series(floating);
    let mut instances: Vec<Instance> = Vec::new();
    let ended = series.visit(range, &mut |instance| {
        if touches(instance, range) {
            instances.push(instance.clone());
        }
        ControlFlow::Continue(())
    });
    if ended == Ended::Exhausted {
        return Err(Error::TooLarge(INSTANCE_COUNT_MAX as u64));
    }
    instances.sort_by_key(|instance| instance.start);
    let mut out = object.calendar().begin().to_vec();
    for line in object.calendar().lines() {
        out.extend_from_slice(line.raw());
    }
    for instance in &instances {
        if let Some(part) = parts.get(instance.component) {
            let writer =
                Writer { instance, zones: object.zones(), floating, recurring: series.is_recurring() };
            writer.write(part, &mut out);
        }
    }
    // What has no time has no instances to expand: it is given as it is.
    for part in parts.iter().filter(|part| part.line("DTSTART").is_none() && part.line("DUE").is_none()) {
        out.extend_from_slice(part.raw());
    }
    out.extend_from_slice(object.calendar().end());
    Ok(out)
}

fn touches(instance: &Instance, range: &Range) -> bool {
    if instance.end > instance.start {
        instance.start < range.until() && instance.end > range.from()
    } else {
        instance.start < range.until() && instance.start >= range.from()
    }
}

/// Writes one instance.
struct Writer<'w> {
    instance: &'w Instance,
    zones: &'w Zones,
    floating: &'w Zone,
    recurring: bool,
}

impl Writer<'_> {
    fn write(&self, part: &Component<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(part.begin());
        let mut identified = !self.recurring;
        for node in part.nodes() {
            let line = match node {
                Node::Component(inner) => {
                    out.extend_from_slice(inner.raw());
                    continue;
                }
                Node::Line(line) => line,
            };
            match line.name().to_ascii_uppercase().as_str() {
                "RRULE" | "RDATE" | "EXDATE" | "EXRULE" | "RECURRENCE-ID" => {}
                "DTSTART" => {
                    write_line(out, &timed("DTSTART", &self.in_utc(&self.instance.at)));
                    if !std::mem::replace(&mut identified, true) {
                        write_line(out, &timed("RECURRENCE-ID", &self.in_utc(&self.instance.id)));
                    }
                }
                name @ ("DTEND" | "DUE") => write_line(out, &timed(name, &self.finish(line))),
                _ if line.param("TZID").is_some() => self.write_zoned(line, out),
                _ => out.extend_from_slice(line.raw()),
            }
        }
        if !identified {
            write_line(out, &timed("RECURRENCE-ID", &self.in_utc(&self.instance.id)));
        }
        out.extend_from_slice(part.end());
    }

    fn in_utc(&self, moment: &Moment) -> Moment {
        if moment.is_floating() { moment.clone() } else { Moment::utc(moment.instant(self.floating)) }
    }

    /// The end of the instance in the form its DTEND or DUE has.
    fn finish(&self, line: &Line<'_>) -> Moment {
        let form = Moment::of_line(line, self.zones);
        match form {
            Some(form) if form.is_floating() => {
                let local = self.floating.local(self.instance.end);
                Moment { local: if form.is_date { local.midnight() } else { local }, ..form }
            }
            _ => Moment::utc(self.instance.end),
        }
    }

    /// Another property with a zone: its value is told in UTC, the zone goes.
    fn write_zoned(&self, line: &Line<'_>, out: &mut Vec<u8>) {
        let Some(moment) = Moment::of_line(line, self.zones).filter(|moment| !moment.is_floating()) else {
            return out.extend_from_slice(line.raw());
        };
        let mut text = line.name().to_owned();
        for param in line.params().filter(|param| !param.name.eq_ignore_ascii_case("TZID")) {
            text.push_str(&format!(";{}={}", param.name, param.value));
        }
        write_line(out, &format!("{text}:{}", utc_text(moment.instant(self.floating))));
    }
}

fn timed(name: &str, moment: &Moment) -> String {
    let form = if moment.is_date { ";VALUE=DATE" } else { "" };
    format!("{name}{form}:{}", moment.to_value())
}

/// The object without those overrides that touch the range neither where they are nor where they were.
#[must_use]
pub fn limit_recurrence_set(object: &Object<'_>, range: &Range, floating: &Zone) -> Vec<u8> {
    let calendar = object.calendar();
    let master = object.parts().into_iter().find(|part| part.line("RECURRENCE-ID").is_none());
    let length = master.map_or(0, |master| length(master, object, floating));
    let mut out = calendar.begin().to_vec();
    for node in calendar.nodes() {
        match node {
            Node::Line(line) => out.extend_from_slice(line.raw()),
            Node::Component(part) => {
                if is_wanted(part, object, range, length, floating) {
                    out.extend_from_slice(part.raw());
                }
            }
        }
    }
    out.extend_from_slice(calendar.end());
    out
}

fn is_wanted(part: &Component<'_>, object: &Object<'_>, range: &Range, length: i64, floating: &Zone) -> bool {
    let Some(line) = part.line("RECURRENCE-ID") else { return true };
    // An override of all that follows changes instances of the range from outside of it.
    if line.param("RANGE").is_some() {
        return true;
    }
    let Some(id) = Moment::of_line(line, object.zones()) else { return true };
    let was = id.instant(floating);
    let touched =
        |start: i64, end: i64| start < range.until() && (end > range.from() || start >= range.from());
    if touched(was, was.saturating_add(length)) {
        return true;
    }
    let mut now = false;
    let _ = Series::of(&[part], object.zones(), floating).visit(range, &mut |instance| {
        now |= touched(instance.start, instance.end);
        ControlFlow::Continue(())
    });
    now
}

/// How long a component lasts.
fn length(part: &Component<'_>, object: &Object<'_>, floating: &Zone) -> i64 {
    let mut length = 0;
    let _ = Series::of(&[part], object.zones(), floating).visit(&Range::default(), &mut |instance| {
        length = instance.end.saturating_sub(instance.start);
        ControlFlow::Break(())
    });
    length
}

/// The object with only those FREEBUSY periods that overlap the range.
#[must_use]
pub fn limit_freebusy_set(object: &Object<'_>, range: &Range) -> Vec<u8> {
    let calendar = object.calendar();
    let mut out = calendar.begin().to_vec();
    for node in calendar.nodes() {
        match node {
            Node::Line(line) => out.extend_from_slice(line.raw()),
            Node::Component(part) if part.is("VFREEBUSY") => {
                out.extend_from_slice(part.begin());
                part.nodes().iter().for_each(|node| limit_node(node, range, &mut out));
                out.extend_from_slice(part.end());
            }
            Node::Component(part) => out.extend_from_slice(part.raw()),
        }
    }
    out.extend_from_slice(calendar.end());
    out
}

fn limit_node(node: &Node<'_>, range: &Range, out: &mut Vec<u8>) {
    let line = match node {
        Node::Component(inner) => return out.extend_from_slice(inner.raw()),
        Node::Line(line) if !line.is("FREEBUSY") => return out.extend_from_slice(line.raw()),
        Node::Line(line) => line,
    };
    let inside = |text: &&str| {
        overlap_period(text).is_none_or(|(start, end)| start < range.until() && end > range.from())
    };
    let all = overlap_periods(line.value()).count();
    let kept: Vec<&str> = line.value().split(',').filter(inside).collect();
    if kept.len() == all {
        out.extend_from_slice(line.raw());
    } else if !kept.is_empty() {
        write_line(out, &format!("{}{}", line.head(), kept.join(",")));
    }
}

#[cfg(test)]
mod tests;
