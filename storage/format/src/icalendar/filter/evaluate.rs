//! Judges an object by a filter (RFC 4791 9.7.1 to 9.7.5).

use super::overlap::{Alarmed, overlaps};
use super::{CompFilter, CompTest, ParamFilter, ParamTest, PropFilter, PropTest};
use crate::icalendar::component::Component;
use crate::icalendar::limits::ALARM_COUNT_MAX;
use crate::icalendar::line::Line;
use crate::icalendar::object::{Kind, Object};
use crate::icalendar::recurrence::Range;
use crate::icalendar::time::{DAY, Moment};
use crate::icalendar::zone::{Zone, Zones};
use std::cell::{Cell, OnceCell};

impl CompFilter {
    /// Whether the object matches; floating times are taken in `floating` (CALDAV:timezone).
    #[must_use]
    pub fn matches(&self, object: &Object<'_>, floating: &Zone) -> bool {
        let calendar = object.calendar();
        let judge = Judge { object, floating, alarmed: OnceCell::new(), alarms: Cell::new(0) };
        match &self.test {
            CompTest::NotDefined => !calendar.is(&self.name),
            CompTest::Defined { props, comps, .. } => {
                calendar.is(&self.name)
                    && props.iter().all(|prop| judge.prop(prop, calendar))
                    && comps.iter().all(|comp| judge.comp(comp, calendar))
            }
        }
    }
}

/// What every judgement needs.
struct Judge<'o, 'a> {
    object: &'o Object<'a>,
    floating: &'o Zone,
    /// Made once for all alarms: of the component kind that the object is made of.
    alarmed: OnceCell<Alarmed<'o, 'a>>,
    /// How many alarms were looked at.
    alarms: Cell<usize>,
}

impl Judge<'_, '_> {
    fn rings(&self, parent: &Component<'_>, alarm: &Component<'_>, range: &Range) -> bool {
        self.alarms.set(self.alarms.get().saturating_add(1));
        if self.alarms.get() > ALARM_COUNT_MAX {
            return true;
        }
        let name = self.object.kind().map_or("", Kind::name);
        let alarmed = self.alarmed.get_or_init(|| Alarmed::of(self.object, name, self.floating));
        alarmed.rings(parent, alarm, range)
    }

    fn comp(&self, filter: &CompFilter, parent: &Component<'_>) -> bool {
        let mut named = parent.components().filter(|component| component.is(&filter.name)).enumerate();
        let CompTest::Defined { time_range, props, comps } = &filter.test else {
            return named.next().is_none();
        };
        let top = parent.is("VCALENDAR");
        // One walk over the instances tells for all components which of them touch the range.
        let timed = match time_range {
            Some(range) if top => Some(overlaps(self.object, &filter.name, range, self.floating)),
            _ => None,
        };
        named.any(|(at, component)| {
            let in_time = match (time_range, &timed) {
                (None, _) => true,
                (Some(_), Some(occupied)) => occupied.contains(at),
                (Some(range), None) => self.rings(parent, component, range),
            };
            in_time
                && props.iter().all(|prop| self.prop(prop, component))
                && comps.iter().all(|comp| self.comp(comp, component))
        })
    }

    fn prop(&self, filter: &PropFilter, component: &Component<'_>) -> bool {
        let mut named = component.all(&filter.name);
        let PropTest::Defined { time_range, text, params } = &filter.test else {
            return named.next().is_none();
        };
        named.any(|line| {
            let in_time = time_range.is_none_or(|range| {
                period(line, self.object.zones(), self.floating)
                    .is_some_and(|(start, end)| start < range.until() && end > range.from())
            });
            in_time
                && text.as_ref().is_none_or(|text| text.matches(&line.text_value()))
                && params.iter().all(|param| param_matches(param, line))
        })
    }
}

/// The time a property tells: a moment as one second, a date as a day.
fn period(line: &Line<'_>, zones: &Zones, floating: &Zone) -> Option<(i64, i64)> {
    let moment = Moment::of_line(line, zones)?;
    let start = moment.instant(floating);
    Some((start, start.saturating_add(if moment.is_date { DAY } else { 1 })))
}

/// Whether a line has the parameter as asked.
pub(crate) fn param_matches(filter: &ParamFilter, line: &Line<'_>) -> bool {
    let mut named = line.params().filter(|param| param.name.eq_ignore_ascii_case(&filter.name));
    match &filter.test {
        ParamTest::NotDefined => named.next().is_none(),
        ParamTest::Defined(None) => named.next().is_some(),
        ParamTest::Defined(Some(text)) => named.any(|param| param.values().any(|value| text.matches(&value))),
    }
}

#[cfg(test)]
mod tests;
