//! VTIMEZONE (RFC 5545 3.6.5): when the clocks of a zone change, by its STANDARD and DAYLIGHT parts.
//!
//! Nearly every real observance is "the n-th weekday of a month, every year" and is computed for the one year
//! that is asked for; any other rule is listed once, up to the year 2200.

use super::component::Component;
use super::limits::{DATE_COUNT_MAX, OBSERVANCE_COUNT_MAX};
use super::recurrence::{Frequency, Occurrences, Rule};
use super::time::{Local, Moment, days_from_date, days_in_month, weekday};
use super::zone::Zones;

/// Rules other than the yearly one are listed up to 2200-01-01.
const LISTED_UNTIL: Local = Local(7_258_118_400);

/// One change of clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Onset {
    instant: i64,
    from: i64,
    to: i64,
}

/// Once a year: the n-th weekday of a month, or the first weekday from a day of the month on.
#[derive(Clone, Copy, Debug)]
struct Yearly {
    month: i64,
    weekday: i64,
    /// 1..5 from the start, -1..-5 from the end; 0 means "on or after `day`".
    nth: i64,
    day: i64,
    seconds: i64,
    first: Local,
    until: Local,
}

impl Yearly {
    fn in_year(&self, year: i64) -> Option<Local> {
        let last = days_in_month(year, self.month);
        let first_day = days_from_date(year, self.month, 1);
        let day = match self.nth {
            0 => {
                let ahead = (self.weekday - weekday(first_day + self.day - 1)).rem_euclid(7);
                self.day + ahead
            }
            n if n > 0 => 1 + (self.weekday - weekday(first_day)).rem_euclid(7) + (n - 1) * 7,
            n => last - (weekday(first_day + last - 1) - self.weekday).rem_euclid(7) + (n + 1) * 7,
        };
        let local = Local::new(year, self.month, day, self.seconds)?;
        (local >= self.first && local <= self.until).then_some(local)
    }
}

/// One STANDARD or DAYLIGHT.
#[derive(Clone, Debug)]
struct Observance {
    from: i64,
    to: i64,
    yearly: Option<Yearly>,
    listed: Vec<Local>,
}

/// All observances of a zone.
#[derive(Clone, Debug)]
pub struct Observances {
    parts: Vec<Observance>,
}

impl Observances {
    /// Reads a VTIMEZONE; `None` when it has no usable observance.
    #[must_use]
    pub fn of(component: &Component<'_>) -> Option<Self> {
        let parts: Vec<_> = component
            .components()
            .filter(|part| part.is("STANDARD") || part.is("DAYLIGHT"))
            .take(OBSERVANCE_COUNT_MAX)
            .filter_map(observance)
            .collect();
        (!parts.is_empty()).then_some(Self { parts })
    }

    /// The changes of clocks around a local time: all of its year and the ones beside it, and for every
    /// observance the last one before.
    fn around(&self, local: Local) -> Vec<Onset> {
        let year = local.date().0;
        let mut onsets = Vec::with_capacity(self.parts.len().saturating_mul(3));
        for part in &self.parts {
            let mut add = |local: Local| {
                onsets.push(Onset { instant: local.0 - part.from, from: part.from, to: part.to });
            };
            let at = part.listed.partition_point(|&listed| listed <= local);
            part.listed.iter().skip(at.saturating_sub(2)).take(4).copied().for_each(&mut add);
            let Some(yearly) = part.yearly else { continue };
            if yearly.until.date().0 < year - 1 {
                // Ended long ago: its last onset may still be the one in force.
                let last = yearly.until.date().0;
                yearly.in_year(last).or_else(|| yearly.in_year(last - 1)).into_iter().for_each(&mut add);
            } else {
                (year - 2..=year + 1).filter_map(|year| yearly.in_year(year)).for_each(&mut add);
            }
        }
        onsets.sort_unstable();
        onsets
    }

    /// The instant at which this zone's clock shows the local time.
    pub(super) fn instant(&self, local: Local) -> i64 {
        let onsets = self.around(local);
        let mut offset = onsets.first().map_or(0, |first| first.from);
        for onset in &onsets {
            // The offset before holds until the clock has passed both readings of the change: that gives the
            // offset before in a gap and the first of two in a fold.
            if local.0 < onset.instant + offset.max(onset.to) {
                break;
            }
            offset = onset.to;
        }
        local.0 - offset
    }

    /// Seconds east of UTC at the instant.
    pub(super) fn offset_at(&self, instant: i64) -> i64 {
        let onsets = self.around(Local(instant.clamp(Local::MIN.0, Local::MAX.0)));
        onsets
            .iter()
            .rev()
            .find(|onset| onset.instant <= instant)
            .map_or_else(|| onsets.first().map_or(0, |first| first.from), |onset| onset.to)
    }
}

/// Reads `+0200`, `-053730`.
#[must_use]
pub(super) fn utc_offset(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits: String = digits.chars().filter(|&c| c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 4 | 6) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |part| part.parse::<i64>().ok());
    let seconds = part(0)? * 3600 + part(2)? * 60 + part(4)?;
    (seconds <= 86_400).then_some(sign * seconds)
}

/// Reads one STANDARD or DAYLIGHT.
fn observance(part: &Component<'_>) -> Option<Observance> {
    let offset = |name: &str| part.line(name).and_then(|line| utc_offset(line.value()));
    let to = offset("TZOFFSETTO")?;
    let from = offset("TZOFFSETFROM").unwrap_or(to);
    let zones = Zones::default();
    let start = Moment::of_line(part.line("DTSTART")?, &zones)?.local;
    let mut out = Observance { from, to, yearly: None, listed: vec![start] };
    for line in part.all("RDATE") {
        let dates = line.value().split(',').filter_map(|value| {
            let value = value.split('/').next().unwrap_or(value);
            Moment::parse(value, None, &zones)
        });
        out.listed.extend(dates.map(|moment| in_local(&moment, from)).take(DATE_COUNT_MAX));
    }
    for line in part.all("RRULE") {
        let Some(mut rule) = Rule::parse(line.value()) else { continue };
        // RFC 5545 3.3.10: UNTIL of an observance is in UTC.
        if let Some(until) = &mut rule.until {
            until.local = in_local(until, from);
        }
        match yearly(&rule, start) {
            Some(found) if out.yearly.is_none() => out.yearly = Some(found),
            _ => out.listed.extend(
                Occurrences::new(rule, start, None)
                    .take_while(|&local| local < LISTED_UNTIL)
                    .take(DATE_COUNT_MAX),
            ),
        }
    }
    out.listed.sort_unstable();
    out.listed.dedup();
    Some(out)
}

/// A UTC time as the clock before the change shows it.
fn in_local(moment: &Moment, from: i64) -> Local {
    if moment.is_floating() { moment.local } else { moment.local.plus(from) }
}

/// Whether the rule is one of the forms that are computed.
fn yearly(rule: &Rule, start: Local) -> Option<Yearly> {
    let plain = rule.frequency == Frequency::Yearly
        && rule.interval == 1
        && rule.count.is_none()
        && !rule.has_times()
        && rule.by_set_position.is_empty();
    let (month, nth, weekday, day) = rule.as_weekday_of_month().filter(|_| plain)?;
    let until = rule.until.as_ref().map_or(Local::MAX, |until| until.local);
    Some(Yearly { month, weekday, nth, day, seconds: start.seconds(), first: start, until })
}

#[cfg(test)]
mod tests;
