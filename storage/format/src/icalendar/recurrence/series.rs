//! All instances of one object: the master with its RRULE, RDATE, EXDATE and EXRULE, and the overrides with
//! their RECURRENCE-ID, THISANDFUTURE included (RFC 5545 3.8.4.4, 3.8.5).
//!
//! Everything is merged in the local time of the master's zone, then turned into instants. DTSTART is always
//! an instance. An override whose RECURRENCE-ID the master does not generate is an instance all the same: an
//! invitation to one date of a series holds nothing but that.

use super::merged::Merged;
use super::rule::Rule;
use crate::icalendar::component::Component;
use crate::icalendar::duration::Duration;
use crate::icalendar::limits::{DATE_COUNT_MAX, INSTANCE_COUNT_MAX, RULE_COUNT_MAX};
use crate::icalendar::time::{DAY, Local, Moment};
use crate::icalendar::zone::{Zone, Zones};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// A half-open range of instants, open where `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First instant inside.
    pub start: Option<i64>,
    /// First instant behind.
    pub end: Option<i64>,
}

impl Range {
    /// Lower end as a number.
    #[must_use]
    pub fn from(&self) -> i64 {
        self.start.unwrap_or(i64::MIN)
    }

    /// Upper end as a number.
    #[must_use]
    pub fn until(&self) -> i64 {
        self.end.unwrap_or(i64::MAX)
    }
}

/// One instance of an object.
#[derive(Clone, Debug)]
pub struct Instance {
    /// When it begins.
    pub start: i64,
    /// When it ends; equal to `start` where it takes no time.
    pub end: i64,
    /// Begin in the zone it was told in.
    pub at: Moment,
    /// Its RECURRENCE-ID: the begin the master gives it.
    pub id: Moment,
    /// Which of the components that were handed to [`Series::of`] describes it.
    pub component: usize,
}

/// How a walk over instances ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every instance of the range was given out.
    Whole,
    /// The visitor had enough.
    Stopped,
    /// A limit was met; there may be more instances.
    Exhausted,
}

/// How long an instance lasts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    /// DTEND or DUE: the same exact duration for every instance (RFC 5545 3.8.5.3).
    Exact(i64),
    /// DURATION, or whole days of an all-day event.
    Nominal(Duration),
}

impl Length {
    fn end(self, at: &Moment, floating: &Zone) -> i64 {
        let zone = at.zone.or(floating);
        let start = zone.instant(at.local);
        let end = match self {
            Self::Exact(seconds) => start.saturating_add(seconds),
            Self::Nominal(duration) => duration.after(at.local, zone),
        };
        end.max(start)
    }

    fn seconds_max(self) -> i64 {
        match self {
            Self::Exact(seconds) => seconds,
            Self::Nominal(duration) if duration.days == 0 => duration.seconds,
            // A day of the calendar may have more than 24 hours.
            Self::Nominal(duration) => duration.total().saturating_add(DAY),
        }
    }
}

/// What one component says about its own time.
#[derive(Clone, Debug)]
pub(super) struct Timing {
    pub(super) at: Moment,
    length: Length,
}

impl Timing {
    /// `None` where the component has no time at all (a VTODO without DTSTART and DUE).
    fn of(component: &Component<'_>, zones: &Zones, floating: &Zone) -> Option<Self> {
        let moment = |name: &str| component.line(name).and_then(|line| Moment::of_line(line, zones));
        let start = moment("DTSTART");
        let end = moment("DTEND").or_else(|| moment("DUE"));
        let duration = component.line("DURATION").and_then(|line| Duration::parse(line.value()));
        let (at, length) = match (start, end, duration) {
            (Some(at), Some(end), _) if at.is_date && end.is_date => {
                let days = (end.local.days() - at.local.days()).max(0);
                (at, Length::Nominal(Duration { days, seconds: 0 }))
            }
            (Some(at), Some(end), _) => {
                let seconds = end.instant(floating).saturating_sub(at.instant(floating)).max(0);
                (at, Length::Exact(seconds))
            }
            (Some(at), None, Some(duration)) => (at, Length::Nominal(duration)),
            (Some(at), None, None) => {
                let days = i64::from(at.is_date && !component.is("VTODO"));
                (at, Length::Nominal(Duration { days, seconds: 0 }))
            }
            (None, Some(end), _) => (end, Length::Exact(0)),
            (None, None, _) => return None,
        };
        Some(Self { at, length })
    }
}

/// An override of one instance, or of one and all that follow.
#[derive(Clone, Debug)]
struct Override {
    component: usize,
    id: Moment,
    timing: Timing,
    /// Where THISANDFUTURE moves later instances, in seconds of the wall clock.
    future: Option<i64>,
}

/// The recurring one, or the only one.
#[derive(Clone, Debug)]
pub(super) struct Master {
    component: usize,
    pub(super) timing: Timing,
    /// RRULE
    pub(super) rules: Vec<Rule>,
    /// EXRULE
    pub(super) unless: Vec<Rule>,
    /// RDATE, with the length of a period.
    pub(super) dates: BTreeMap<Local, Option<Length>>,
    /// EXDATE
    pub(super) except: BTreeSet<Local>,
    /// EXDATE told as a day among times.
    pub(super) except_days: BTreeSet<i64>,
}

/// All components of one UID, ready to be walked.
#[derive(Clone, Debug)]
pub struct Series {
    master: Option<Master>,
    overrides: Vec<Override>,
    floating: Zone,
}

impl Series {
    /// From the components of one object that share kind and UID; floating times are taken in `floating`.
    #[must_use]
    pub fn of(components: &[&Component<'_>], zones: &Zones, floating: &Zone) -> Self {
        let mut master = None;
        let mut overrides = Vec::new();
        for (at, component) in components.iter().enumerate() {
            let id = component.line("RECURRENCE-ID");
            let Some(timing) = Timing::of(component, zones, floating) else { continue };
            match id {
                None if master.is_none() => master = Some(Master::of(at, component, timing, zones, floating)),
                None => {}
                Some(line) => {
                    let Some(id) = Moment::of_line(line, zones) else { continue };
                    let future = line
                        .param("RANGE")
                        .is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"))
                        .then(|| id.zone.or(floating).local(timing.at.instant(floating)).0 - id.local.0);
                    overrides.push(Override { component: at, id, timing, future });
                }
            }
        }
        Self { master, overrides, floating: floating.clone() }
    }

    /// Whether there is a rule or a list of dates, or an override.
    #[must_use]
    pub fn is_recurring(&self) -> bool {
        !self.overrides.is_empty() || self.master.as_ref().is_some_and(Master::is_recurring)
    }

    /// Whether any time depends on who looks.
    #[must_use]
    pub fn is_floating(&self) -> bool {
        let master = self.master.iter().map(|master| &master.timing);
        master.chain(self.overrides.iter().map(|one| &one.timing)).any(|timing| timing.at.is_floating())
    }

    /// When the last instance ends: exactly, or not before; `None` when there is no end, or none near enough to
    /// be counted.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        let mut last = i64::MIN;
        if let Some(master) = &self.master {
            let mut counted = false;
            for rule in &master.rules {
                let Some(until) = &rule.until else {
                    rule.count.filter(|&count| count <= INSTANCE_COUNT_MAX as u64)?;
                    counted = true;
                    continue;
                };
                let end = master.zone(&self.floating).instant(until.local);
                last = last.max(end.saturating_add(master.timing.length.seconds_max()));
            }
            last = last.max(master.timing.length.end(&master.timing.at, &self.floating));
            for (&local, length) in &master.dates {
                let at = master.moment(local);
                last = last.max(length.unwrap_or(master.timing.length).end(&at, &self.floating));
            }
            if counted {
                let ended = self.visit(&Range::default(), &mut |instance| {
                    last = last.max(instance.end);
                    ControlFlow::Continue(())
                });
                if ended == Ended::Exhausted {
                    return None;
                }
            }
        }
        for one in &self.overrides {
            last = last.max(one.timing.length.end(&one.timing.at, &self.floating));
            // What THISANDFUTURE moves may end later than the rule says.
            let moved = one.future.unwrap_or(0).max(0).saturating_add(one.timing.length.seconds_max());
            last = if one.future.is_some() { last.saturating_add(moved) } else { last };
        }
        Some(last)
    }

    /// When the first instance begins, or not before that; `None` when no component has a time.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        let master = self.master.iter().flat_map(|master| {
            let first = master.dates.keys().next().map(|&local| master.moment(local).instant(&self.floating));
            [Some(master.timing.at.instant(&self.floating)), first]
        });
        let earlier = self.overrides.iter().filter_map(|one| one.future).min().unwrap_or(0).min(0);
        let overrides = self.overrides.iter().map(|one| Some(one.timing.at.instant(&self.floating)));
        master.chain(overrides).flatten().min().map(|first| first.saturating_add(earlier))
    }

    /// Gives out every instance that touches the range (its ends included), overrides first.
    pub fn visit(&self, range: &Range, visit: &mut dyn FnMut(&Instance) -> ControlFlow<()>) -> Ended {
        let mut given = 0usize;
        let mut give = |instance: &Instance| -> Option<Ended> {
            if instance.end < range.from() || instance.start > range.until() {
                return None;
            }
            given = given.saturating_add(1);
            if given > INSTANCE_COUNT_MAX {
                return Some(Ended::Exhausted);
            }
            visit(instance).is_break().then_some(Ended::Stopped)
        };
        for one in &self.overrides {
            let instance = self.instance(&one.timing.at, &one.id, one.timing.length, one.component);
            if let Some(ended) = give(&instance) {
                return ended;
            }
        }
        match &self.master {
            Some(master) => self.visit_master(master, range, &mut give),
            None => Ended::Whole,
        }
    }

    fn instance(&self, at: &Moment, id: &Moment, length: Length, component: usize) -> Instance {
        let start = at.instant(&self.floating);
        let end = length.end(at, &self.floating);
        Instance { start, end, at: at.clone(), id: id.clone(), component }
    }

    /// The instances that no override stands for.
    fn visit_master(
        &self,
        master: &Master,
        range: &Range,
        give: &mut dyn FnMut(&Instance) -> Option<Ended>,
    ) -> Ended {
        let taken: BTreeSet<Local> =
            self.overrides.iter().filter_map(|one| master.local_of(&one.id)).collect();
        let taken_days: BTreeSet<i64> =
            self.overrides.iter().filter_map(|one| master.day_of(&one.id)).collect();
        let mut future: Vec<(Local, &Override)> = self
            .overrides
            .iter()
            .filter(|one| one.future.is_some())
            .map(|one| (master.local_of(&one.id).unwrap_or(one.id.local), one))
            .collect();
        future.sort_by_key(|(local, _)| *local);
        let slack = self.slack(master);
        let zone = master.zone(&self.floating);
        let from = range.start.map(|start| zone.local(start.saturating_sub(slack).max(Local::MIN.0)));
        let until =
            range.end.map_or(Local::MAX, |end| zone.local(end.saturating_add(slack).min(Local::MAX.0)));
        let mut merged = Merged::of(master, from);
        let mut before = None;
        while let Some((local, length)) = merged.next() {
            if local > until {
                break;
            }
            if taken.contains(&local) || taken_days.contains(&local.days()) {
                continue;
            }
            let id = master.moment(local);
            let moved = future.partition_point(|(since, _)| *since <= local).checked_sub(1);
            let moved = moved.and_then(|at| future.get(at));
            let instance = match moved {
                Some((_, one)) => {
                    let mut at = id.clone();
                    at.local = at.local.plus(one.future.unwrap_or(0));
                    self.instance(&at, &id, one.timing.length, one.component)
                }
                None => self.instance(&id, &id, length.unwrap_or(master.timing.length), master.component),
            };
            // Two local times in a gap can be one instant.
            if before.replace(instance.start) == Some(instance.start) {
                continue;
            }
            if let Some(ended) = give(&instance) {
                return ended;
            }
        }
        if merged.exhausted { Ended::Exhausted } else { Ended::Whole }
    }

    /// How far from a range an occurrence can lie and still give an instance that touches it.
    fn slack(&self, master: &Master) -> i64 {
        let listed = master.dates.values().flatten().map(|length| length.seconds_max());
        let moved = self.overrides.iter().filter_map(|one| {
            Some(one.future?.saturating_abs().saturating_add(one.timing.length.seconds_max()))
        });
        let longest = listed.chain(moved).fold(master.timing.length.seconds_max(), i64::max);
        // No change of clocks was ever longer than a day.
        longest.max(0).saturating_add(DAY + 3600)
    }
}

impl Master {
    fn of(at: usize, component: &Component<'_>, timing: Timing, zones: &Zones, floating: &Zone) -> Self {
        let mut master = Self {
            component: at,
            timing,
            rules: Vec::new(),
            unless: Vec::new(),
            dates: BTreeMap::new(),
            except: BTreeSet::new(),
            except_days: BTreeSet::new(),
        };
        for line in component.lines() {
            if line.is("RRULE") || line.is("EXRULE") {
                let Some(mut rule) = Rule::parse(line.value()) else { continue };
                if let Some(until) = rule.until.as_mut().filter(|until| !until.is_floating()) {
                    until.local = master.zone(floating).local(until.local.0);
                }
                let list = if line.is("RRULE") { &mut master.rules } else { &mut master.unless };
                if list.len() < RULE_COUNT_MAX {
                    list.push(rule);
                }
            } else if line.is("RDATE") || line.is("EXDATE") {
                let tzid = line.param("TZID");
                for value in line.value().split(',') {
                    if master.dates.len().max(master.except.len()) >= DATE_COUNT_MAX {
                        break;
                    }
                    if line.is("RDATE") {
                        master.add_date(value, tzid.as_deref(), zones, floating);
                    } else if let Some(moment) = Moment::parse(value, tzid.as_deref(), zones) {
                        master.except.extend(master.local_of(&moment));
                        master.except_days.extend(master.day_of(&moment));
                    }
                }
            }
        }
        master
    }

    fn is_recurring(&self) -> bool {
        !self.rules.is_empty() || !self.dates.is_empty()
    }

    /// RDATE: a time, a date, or a period with a length of its own.
    fn add_date(&mut self, value: &str, tzid: Option<&str>, zones: &Zones, floating: &Zone) {
        let (start, rest) = value.split_once('/').map_or((value, None), |(start, rest)| (start, Some(rest)));
        let Some(start) = Moment::parse(start, tzid, zones) else { return };
        let length = rest.and_then(|rest| match Duration::parse(rest) {
            Some(duration) => Some(Length::Nominal(duration)),
            None => {
                let end = Moment::parse(rest, tzid, zones)?;
                Some(Length::Exact(end.instant(floating).saturating_sub(start.instant(floating)).max(0)))
            }
        });
        // A date among times means that day at the usual time.
        let local = match self.local_of(&start) {
            Some(local) => local,
            None => start.local.plus(self.timing.at.local.seconds()),
        };
        self.dates.insert(local, length);
    }

    fn zone<'z>(&'z self, floating: &'z Zone) -> &'z Zone {
        self.timing.at.zone.or(floating)
    }

    /// The moment of an occurrence.
    fn moment(&self, local: Local) -> Moment {
        Moment { local, ..self.timing.at.clone() }
    }

    /// Another property's moment on the master's clock; `None` for a date among times.
    fn local_of(&self, moment: &Moment) -> Option<Local> {
        let own = &self.timing.at;
        match (own.is_date, moment.is_date) {
            (true, _) => Some(moment.local.midnight()),
            (false, true) => None,
            _ if own.is_floating() || moment.is_floating() => Some(moment.local),
            // Through the instant even in the same zone: a time in a gap has two spellings.
            _ => Some(own.zone.local(moment.instant(&own.zone))).map(|local| self.spelled(local, moment)),
        }
    }

    /// In the same zone the spelling of the local time is kept, so that it equals what the rule generates.
    fn spelled(&self, local: Local, moment: &Moment) -> Local {
        let own = &self.timing.at.zone;
        if own.instant(moment.local) == moment.instant(own) { moment.local } else { local }
    }

    /// The day of a date among times.
    fn day_of(&self, moment: &Moment) -> Option<i64> {
        (moment.is_date && !self.timing.at.is_date).then(|| moment.local.days())
    }
}

#[cfg(test)]
mod tests;
