//! CALDAV:time-range (RFC 4791 9.9): which components of an object touch a range.

use crate::icalendar::component::Component;
use crate::icalendar::duration::Duration;
use crate::icalendar::limits::ALARM_REPEAT_MAX;
use crate::icalendar::object::{Kind, Object};
use crate::icalendar::recurrence::{Instance, Range, Series};
use crate::icalendar::time::{DAY, Moment};
use crate::icalendar::zone::{Zone, Zones};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// The components of one name, by their position among those of that name, that touch a range.
#[derive(Clone, Debug, Default)]
pub struct Occupied {
    found: BTreeSet<usize>,
}

impl Occupied {
    /// Whether the n-th one does.
    #[must_use]
    pub fn contains(&self, at: usize) -> bool {
        self.found.contains(&at)
    }

    /// Whether any does.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.found.is_empty()
    }
}

/// Which components called `name` touch the range.
#[must_use]
pub fn overlaps(object: &Object<'_>, name: &str, range: &Range, floating: &Zone) -> Occupied {
    let parts: Vec<_> = object.calendar().components().filter(|component| component.is(name)).collect();
    let mut occupied = Occupied::default();
    let Some(kind) = Kind::named(name) else { return occupied };
    if kind == Kind::FreeBusy {
        let found = (0..).zip(&parts).filter(|(_, part)| free_busy_overlaps(part, object, range, floating));
        occupied.found.extend(found.map(|(at, _)| at));
        return occupied;
    }
    let series = Series::of(&parts, object.zones(), floating);
    let shapes: Vec<Shape> = parts.iter().map(|part| Shape::of(part)).collect();
    let ended = series.visit(range, &mut |instance| {
        let shape = shapes.get(instance.component).copied().unwrap_or_default();
        if shape.touches(kind, instance, range) {
            occupied.found.insert(instance.component);
        }
        if occupied.found.len() == parts.len() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    // What could not be counted to its end is shown rather than hidden.
    if ended == crate::icalendar::recurrence::Ended::Exhausted {
        occupied.found.extend(0..parts.len());
    }
    if kind == Kind::Todo {
        let timeless = |(at, shape): &(usize, &Shape)| {
            !shape.start
                && !shape.due
                && parts.get(*at).is_some_and(|part| timeless_todo(part, object, range, floating))
        };
        occupied.found.extend(shapes.iter().enumerate().filter(timeless).map(|(at, _)| at));
    }
    occupied
}

/// Which properties of time a component has.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    start: bool,
    due: bool,
    duration: bool,
}

impl Shape {
    fn of(part: &Component<'_>) -> Self {
        let has = |name: &str| part.line(name).is_some();
        Self { start: has("DTSTART"), due: has("DUE"), duration: has("DURATION") }
    }

    /// The tables of RFC 4791 9.9.
    fn touches(self, kind: Kind, instance: &Instance, range: &Range) -> bool {
        let (start, end) = (range.from(), range.until());
        let (begin, finish) = (instance.start, instance.end);
        let point = start <= begin && end > begin;
        match (kind, self.start, self.due, self.duration) {
            (Kind::Todo, true, false, true) => start <= finish && (end > begin || end >= finish),
            (Kind::Todo, true, true, _) => {
                (start < finish || start <= begin) && (end > begin || end >= finish)
            }
            (Kind::Todo, true, false, false) => point,
            (Kind::Todo, false, ..) => start < finish && end >= finish,
            _ if finish > begin => start < finish && end > begin,
            _ => point,
        }
    }
}

/// A task without DTSTART and DUE goes by COMPLETED and CREATED.
fn timeless_todo(part: &Component<'_>, object: &Object<'_>, range: &Range, floating: &Zone) -> bool {
    let moment = |name: &str| {
        let line = part.line(name)?;
        Some(Moment::of_line(line, object.zones())?.instant(floating))
    };
    let (start, end) = (range.from(), range.until());
    match (moment("COMPLETED"), moment("CREATED")) {
        (Some(completed), Some(created)) => {
            (start <= created || start <= completed) && (end >= created || end >= completed)
        }
        (Some(completed), None) => start <= completed && end >= completed,
        (None, Some(created)) => end > created,
        (None, None) => true,
    }
}

fn free_busy_overlaps(part: &Component<'_>, object: &Object<'_>, range: &Range, floating: &Zone) -> bool {
    let moment = |name: &str| Some(Moment::of_line(part.line(name)?, object.zones())?.instant(floating));
    if let (Some(begin), Some(finish)) = (moment("DTSTART"), moment("DTEND")) {
        return range.from() <= finish && range.until() > begin;
    }
    part.all("FREEBUSY")
        .flat_map(|line| periods(line.value()))
        .any(|(begin, finish)| range.from() < finish && range.until() > begin)
}

/// The UTC periods of a FREEBUSY value.
pub(crate) fn periods(value: &str) -> impl Iterator<Item = (i64, i64)> {
    value.split(',').filter_map(period)
}

/// One period: `start/end` or `start/duration`, in UTC.
pub(crate) fn period(text: &str) -> Option<(i64, i64)> {
    let zones = Zones::default();
    let (start, rest) = text.split_once('/')?;
    let start = Moment::parse(start, None, &zones)?.instant(&Zone::Utc);
    let end = match Duration::parse(rest) {
        Some(duration) => duration.after_instant(start),
        None => Moment::parse(rest, None, &zones)?.instant(&Zone::Utc),
    };
    Some((start, end))
}

/// The instances of the components of one name, to be asked for many alarms.
#[derive(Debug)]
pub(crate) struct Alarmed<'o, 'a> {
    parts: Vec<&'o Component<'a>>,
    series: Series,
    zones: &'o Zones,
    floating: &'o Zone,
}

impl<'o, 'a> Alarmed<'o, 'a> {
    /// Of the components called `name`.
    pub(crate) fn of(object: &'o Object<'a>, name: &str, floating: &'o Zone) -> Self {
        let parts: Vec<_> = object.calendar().components().filter(|component| component.is(name)).collect();
        let series = Series::of(&parts, object.zones(), floating);
        Self { parts, series, zones: object.zones(), floating }
    }

    /// Whether an alarm inside `parent` goes off within the range, for any of the instances `parent` stands
    /// for.
    pub(crate) fn rings(&self, parent: &Component<'_>, alarm: &Component<'_>, range: &Range) -> bool {
        let Some(own) = self.parts.iter().position(|part| std::ptr::eq(part.raw(), parent.raw())) else {
            return false;
        };
        let Some(trigger) = alarm.line("TRIGGER") else { return false };
        let repeated = Repeated::of(alarm);
        let Some(offset) = Duration::parse(trigger.value()) else {
            let moment = Moment::of_line(trigger, self.zones);
            return moment.is_some_and(|moment| repeated.rings(moment.instant(self.floating), range));
        };
        let from_end = trigger.param("RELATED").is_some_and(|related| related.eq_ignore_ascii_case("END"));
        let reach = offset.total().saturating_abs().saturating_add(repeated.length()).saturating_add(DAY);
        let wide = Range {
            start: range.start.map(|start| start.saturating_sub(reach)),
            end: range.end.map(|end| end.saturating_add(reach)),
        };
        let mut found = false;
        let _ = self.series.visit(&wide, &mut |instance| {
            let anchor = if from_end { instance.end } else { instance.start };
            found = instance.component == own && repeated.rings(offset.after_instant(anchor), range);
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        found
    }
}

/// REPEAT and DURATION of an alarm.
struct Repeated {
    count: i64,
    pause: i64,
}

impl Repeated {
    fn of(alarm: &Component<'_>) -> Self {
        let count =
            alarm.line("REPEAT").and_then(|line| line.value().trim().parse::<i64>().ok()).unwrap_or(0);
        let pause = alarm.line("DURATION").and_then(|line| Duration::parse(line.value()));
        let pause = pause.map_or(0, |pause| pause.total());
        Self { count: if pause > 0 { count.clamp(0, ALARM_REPEAT_MAX) } else { 0 }, pause }
    }

    /// From the first ringing to the last.
    fn length(&self) -> i64 {
        self.pause.saturating_mul(self.count)
    }

    /// Whether it rings in the range, when it first does at `first`.
    fn rings(&self, first: i64, range: &Range) -> bool {
        (0..=self.count).any(|n| {
            let at = first.saturating_add(self.pause.saturating_mul(n));
            range.from() <= at && range.until() > at
        })
    }
}

#[cfg(test)]
mod tests;
