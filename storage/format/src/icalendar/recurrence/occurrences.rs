//! The occurrences of one rule in local time, in order, lazily.
//!
//! A period (a year, a month, ... a second) is a sorted list of bases (days, or the one hour, minute or second)
//! times a sorted list of offsets inside them; BYSETPOS picks by arithmetic, so that no product of BYxxx lists
//! is ever written out. Looking at periods costs steps; a rule that has used
//! [`RECURRENCE_STEP_MAX`] steps ends.

use super::rule::{Frequency, Rule};
use crate::icalendar::limits::RECURRENCE_STEP_MAX;
use crate::icalendar::time::{DAY, Local, date_from_days, days_from_date, days_in_month, is_leap, weekday};

/// Iterator over the occurrences of a rule from its start on.
#[derive(Clone, Debug)]
pub struct Occurrences {
    rule: Rule,
    start: Local,
    /// Occurrences before this need not be given out.
    from: Local,
    /// Number of the next period: a year, a month since year 0, days, or seconds.
    period: i64,
    /// The most occurrences still to count.
    left: u64,
    steps: u32,
    done: bool,
    bases: Vec<i64>,
    offsets: Vec<i64>,
    /// Positions that BYSETPOS picks in this period; empty without BYSETPOS.
    picked: Vec<usize>,
    next: usize,
}

impl Occurrences {
    /// Over the rule from `start` on; those before `from` are passed over, cheaply where the rule has no COUNT.
    #[must_use]
    pub fn new(mut rule: Rule, start: Local, from: Option<Local>) -> Self {
        complete(&mut rule, start);
        let offsets = offsets(&rule, start);
        let mut this = Self {
            left: rule.count.unwrap_or(u64::MAX),
            done: rule.never,
            start,
            from: from.map_or(start, |from| from.max(start)),
            period: 0,
            steps: 0,
            bases: Vec::new(),
            offsets,
            picked: Vec::new(),
            next: 0,
            rule,
        };
        this.period = this.number(start);
        let simple = this.rule.frequency <= Frequency::Daily && this.is_plain();
        if this.rule.count.is_none() || simple {
            this.jump(simple);
        }
        this
    }

    /// Whether the budget of steps ended it, so that later occurrences are unknown.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.steps >= RECURRENCE_STEP_MAX
    }

    /// A rule with nothing but frequency and interval: occurrences are equally spaced.
    fn is_plain(&self) -> bool {
        let rule = &self.rule;
        !rule.has_times()
            && !rule.has_weekdays()
            && !rule.has_month_days()
            && !rule.has_year_days()
            && rule.by_week == 0
            && rule.by_month == 0
            && rule.by_set_position.is_empty()
    }

    /// The number of the period that holds a local time.
    fn number(&self, local: Local) -> i64 {
        let (year, month, _) = local.date();
        match self.rule.frequency {
            Frequency::Yearly => year,
            Frequency::Monthly => year * 12 + month - 1,
            Frequency::Weekly => {
                let ahead = (weekday(local.days()) - self.rule.week_start).rem_euclid(7);
                local.days() - ahead
            }
            Frequency::Daily => local.days(),
            Frequency::Hourly => local.0.div_euclid(3600) * 3600,
            Frequency::Minutely => local.0.div_euclid(60) * 60,
            Frequency::Secondly => local.0,
        }
    }

    /// How far periods are apart, in the unit of [`Self::number`].
    fn stride(&self) -> i64 {
        let unit = match self.rule.frequency {
            Frequency::Yearly | Frequency::Monthly | Frequency::Daily | Frequency::Secondly => 1,
            Frequency::Weekly => 7,
            Frequency::Hourly => 3600,
            Frequency::Minutely => 60,
        };
        unit * self.rule.interval
    }

    /// Goes to the last period of the rule that begins at or before `from`.
    fn jump(&mut self, counted: bool) {
        let ahead = (self.number(self.from) - self.period).div_euclid(self.stride()).max(0);
        if counted {
            let skipped = u64::try_from(ahead).unwrap_or(0);
            self.done |= skipped >= self.left;
            self.left = self.left.saturating_sub(skipped);
        }
        self.period += ahead * self.stride();
    }

    /// Makes the next period that may hold anything; false at the end.
    fn fill(&mut self) -> bool {
        loop {
            self.bases.clear();
            self.picked.clear();
            self.next = 0;
            if self.done || self.steps >= RECURRENCE_STEP_MAX || !self.in_reach() {
                self.done = true;
                return false;
            }
            let period = self.period;
            self.period = period.saturating_add(self.stride());
            match self.rule.frequency {
                Frequency::Yearly => self.year(period),
                Frequency::Monthly => self.month(period.div_euclid(12), period.rem_euclid(12) + 1),
                Frequency::Weekly => (period..period + 7).for_each(|day| self.day(day)),
                Frequency::Daily => self.day(period),
                _ => self.moment(period),
            }
            let days = if self.rule.frequency == Frequency::Weekly { 7 } else { 1 };
            self.steps = self.steps.saturating_add(days);
            if self.bases.is_empty() || self.offsets.is_empty() {
                continue;
            }
            if !self.rule.by_set_position.is_empty() {
                self.pick();
                if self.picked.is_empty() {
                    continue;
                }
            }
            return true;
        }
    }

    /// Whether the next period can begin before UNTIL and before the end of time.
    fn in_reach(&self) -> bool {
        let begin = match self.rule.frequency {
            Frequency::Yearly => days_from_date(self.period.min(10_000), 1, 1) * DAY,
            Frequency::Monthly => {
                days_from_date(self.period.div_euclid(12).min(10_000), self.period.rem_euclid(12) + 1, 1)
                    * DAY
            }
            Frequency::Weekly | Frequency::Daily => self.period.saturating_mul(DAY),
            _ => self.period,
        };
        begin <= self.rule.until.as_ref().map_or(Local::MAX, |until| until.local.min(Local::MAX)).0
    }

    fn year(&mut self, year: i64) {
        for month in 1..=12 {
            if self.rule.by_month == 0 || self.rule.by_month >> month & 1 == 1 {
                self.month(year, month);
            }
        }
    }

    fn month(&mut self, year: i64, month: i64) {
        if self.rule.by_month != 0 && self.rule.by_month >> month & 1 == 0 {
            return;
        }
        let first = days_from_date(year, month, 1);
        let length = days_in_month(year, month);
        let simple = self.rule.has_month_days()
            && !self.rule.has_weekdays()
            && self.rule.by_week == 0
            && !self.rule.has_year_days();
        for day in 1..=length {
            let named = self.names_month_day(day, length);
            if named && (simple || self.names(first + day - 1, (year, month, day))) {
                self.bases.push((first + day - 1) * DAY);
            }
        }
        self.steps = self.steps.saturating_add(8);
    }

    /// A day that stands for itself.
    fn day(&mut self, day: i64) {
        let date = date_from_days(day);
        let month_day = self.names_month_day(date.2, days_in_month(date.0, date.1));
        let month = self.rule.by_month == 0 || self.rule.by_month >> date.1 & 1 == 1;
        if month_day && month && self.names(day, date) {
            self.bases.push(day * DAY);
        }
    }

    fn names_month_day(&self, day: i64, length: i64) -> bool {
        let rule = &self.rule;
        !rule.has_month_days()
            || rule.by_month_day >> day & 1 == 1
            || rule.by_month_day_back >> (length - day + 1) & 1 == 1
    }

    /// BYYEARDAY, BYWEEKNO and BYDAY.
    fn names(&self, days: i64, (year, month, day): (i64, i64, i64)) -> bool {
        let rule = &self.rule;
        let length = 365 + i64::from(is_leap(year));
        let of_year = days - days_from_date(year, 1, 1) + 1;
        if rule.has_year_days() && !rule.names_year_day(of_year, length) {
            return false;
        }
        if rule.by_week != 0 && !self.names_week(days, year) {
            return false;
        }
        if !rule.has_weekdays() || rule.by_weekday >> weekday(days) & 1 == 1 {
            return true;
        }
        let at = usize::try_from(weekday(days)).unwrap_or(0);
        let Some(&mask) = rule.by_nth_weekday.get(at).filter(|mask| **mask != 0) else { return false };
        // RFC 5545 3.3.10: the number counts within the month for MONTHLY and for YEARLY with BYMONTH, within
        // the year for YEARLY; elsewhere it has no meaning.
        let (position, length) = match rule.frequency {
            Frequency::Monthly => (day, days_in_month(year, month)),
            Frequency::Yearly if rule.by_month != 0 => (day, days_in_month(year, month)),
            Frequency::Yearly if rule.by_week == 0 => (of_year, length),
            _ => return true,
        };
        let bit = |n: i64| mask >> (n + 53) & 1 == 1;
        bit((position - 1) / 7 + 1) || bit(-((length - position) / 7 + 1))
    }

    /// BYWEEKNO: weeks begin on WKST, the first one has at least four days in the year.
    fn names_week(&self, days: i64, year: i64) -> bool {
        let begin = |year: i64| {
            let first = days_from_date(year, 1, 1);
            let into = (weekday(first) - self.rule.week_start).rem_euclid(7);
            if into <= 3 { first - into } else { first - into + 7 }
        };
        let year = match (days < begin(year), days >= begin(year + 1)) {
            (true, _) => year - 1,
            (_, true) => year + 1,
            _ => year,
        };
        let week = (days - begin(year)) / 7 + 1;
        let weeks = (begin(year + 1) - begin(year)) / 7;
        let bit = |n: i64| self.rule.by_week >> (n + 53) & 1 == 1;
        bit(week) || bit(week - weeks - 1)
    }

    /// HOURLY and below: the period is one moment, or where nothing can match, a jump to where it can.
    fn moment(&mut self, period: i64) {
        let local = Local(period);
        let before = self.bases.len();
        self.day(local.days());
        if self.bases.len() == before {
            let (year, month, _) = local.date();
            let next = match self.rule.by_month {
                0 => (local.days() + 1) * DAY,
                months if months >> month & 1 == 1 => (local.days() + 1) * DAY,
                _ => (days_from_date(year, month, 1) + days_in_month(year, month)) * DAY,
            };
            return self.skip_to(next);
        }
        self.bases.clear();
        let (hour, minute) = (local.seconds() / 3600, local.seconds() / 60 % 60);
        if self.rule.by_hour != 0 && self.rule.by_hour >> hour & 1 == 0 {
            return self.skip_to((period.div_euclid(3600) + 1) * 3600);
        }
        let frequency = self.rule.frequency;
        if frequency <= Frequency::Minutely
            && self.rule.by_minute != 0
            && self.rule.by_minute >> minute & 1 == 0
        {
            return self.skip_to((period.div_euclid(60) + 1) * 60);
        }
        let second = local.seconds() % 60;
        if frequency == Frequency::Secondly
            && self.rule.by_second != 0
            && self.rule.by_second >> second & 1 == 0
        {
            return;
        }
        self.bases.push(period);
    }

    /// Goes on with the first period of the rule at or after `moment`.
    fn skip_to(&mut self, moment: i64) {
        let behind = moment - self.period;
        if behind > 0 {
            let stride = self.stride();
            self.period = self.period.saturating_add((behind + stride - 1) / stride * stride);
        }
    }

    /// BYSETPOS
    fn pick(&mut self) {
        let all = self.bases.len().saturating_mul(self.offsets.len());
        let positions = self.rule.by_set_position.iter().filter_map(|&position| {
            let size = i64::try_from(all).ok()?;
            let at = if position > 0 { position - 1 } else { size + position };
            usize::try_from(at).ok().filter(|&at| at < all)
        });
        self.picked.extend(positions);
        self.picked.sort_unstable();
        self.picked.dedup();
    }

    /// The n-th of the period.
    fn at(&self, n: usize) -> Option<Local> {
        let n = if self.rule.by_set_position.is_empty() { n } else { *self.picked.get(n)? };
        let width = self.offsets.len();
        let base = self.bases.get(n.checked_div(width)?)?;
        Some(Local(base + self.offsets.get(n.checked_rem(width)?)?))
    }

    /// How many there are in this period.
    fn length(&self) -> usize {
        if self.rule.by_set_position.is_empty() {
            self.bases.len().saturating_mul(self.offsets.len())
        } else {
            self.picked.len()
        }
    }

    /// The first position whose time is not before `bound` (positions are sorted by time).
    fn first_not_before(&self, bound: Local) -> usize {
        let (mut low, mut high) = (self.next, self.length());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.at(middle).is_some_and(|local| local < bound) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl Iterator for Occurrences {
    type Item = Local;

    fn next(&mut self) -> Option<Local> {
        loop {
            if self.left == 0 {
                self.done = true;
                return None;
            }
            if self.next >= self.length() && !self.fill() {
                return None;
            }
            if self.next == 0 {
                self.next = self.first_not_before(self.start);
            }
            if self.rule.count.is_some() {
                let wanted = self.first_not_before(self.from);
                let skipped = u64::try_from(wanted.saturating_sub(self.next)).unwrap_or(u64::MAX);
                self.left = self.left.saturating_sub(skipped);
                self.next = wanted;
                if self.left == 0 {
                    continue;
                }
            } else {
                self.next = self.first_not_before(self.from);
            }
            let Some(local) = self.at(self.next) else { continue };
            self.next += 1;
            if local > Local::MAX || self.rule.until.as_ref().is_some_and(|until| local > until.local) {
                self.done = true;
                self.left = 0;
                return None;
            }
            self.left -= 1;
            return Some(local);
        }
    }
}

/// RFC 5545 3.3.10: what the rule does not say is taken from the start.
fn complete(rule: &mut Rule, start: Local) {
    let (_, month, day) = start.date();
    if !(rule.by_week != 0 || rule.has_year_days() || rule.has_month_days() || rule.has_weekdays()) {
        match rule.frequency {
            Frequency::Yearly => {
                if rule.by_month == 0 {
                    rule.by_month = 1 << month;
                }
                rule.by_month_day = 1 << day;
            }
            Frequency::Monthly => rule.by_month_day = 1 << day,
            Frequency::Weekly => rule.by_weekday = 1 << weekday(start.days()),
            _ => {}
        }
    } else if rule.frequency == Frequency::Yearly
        && rule.by_week != 0
        && !(rule.has_year_days() || rule.has_month_days() || rule.has_weekdays())
    {
        rule.by_weekday = 1 << weekday(start.days());
    }
}

/// The seconds inside a base at which the rule occurs, sorted.
fn offsets(rule: &Rule, start: Local) -> Vec<i64> {
    let listed = |mask: u64, limit: i64| (0..limit).filter(move |n| mask >> n & 1 == 1);
    let own = |mask: u64, limit: i64, value: i64| -> Vec<i64> {
        if mask == 0 { vec![value] } else { listed(mask, limit).collect() }
    };
    let second = own(rule.by_second, 60, start.seconds() % 60);
    let minute = own(rule.by_minute, 60, start.seconds() / 60 % 60);
    let hour = own(u64::from(rule.by_hour), 24, start.seconds() / 3600);
    let none = vec![0];
    let (hours, minutes, seconds) = match rule.frequency {
        Frequency::Secondly => (&none, &none, &none),
        Frequency::Minutely => (&none, &none, &second),
        Frequency::Hourly => (&none, &minute, &second),
        _ => (&hour, &minute, &second),
    };
    let mut all = Vec::with_capacity(hours.len() * minutes.len() * seconds.len());
    for h in hours {
        for m in minutes {
            all.extend(seconds.iter().map(|s| h * 3600 + m * 60 + s));
        }
    }
    all
}

#[cfg(test)]
mod tests;
