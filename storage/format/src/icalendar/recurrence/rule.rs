//! RRULE (RFC 5545 3.3.10) as sets of bits: every test of a day or a time is one look-up, however long the
//! lists of the rule are.

use crate::icalendar::time::Moment;
use crate::icalendar::zone::Zones;

/// FREQ
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frequency {
    /// `SECONDLY`
    Secondly,
    /// `MINUTELY`
    Minutely,
    /// `HOURLY`
    Hourly,
    /// `DAILY`
    Daily,
    /// `WEEKLY`
    Weekly,
    /// `MONTHLY`
    Monthly,
    /// `YEARLY`
    Yearly,
}

/// A recurrence rule. Masks are 0 where the rule has no such part; bit n stands for the number n, except
/// where another meaning is given.
#[derive(Clone, Debug)]
pub struct Rule {
    /// FREQ
    pub frequency: Frequency,
    /// INTERVAL, at least 1.
    pub interval: i64,
    /// COUNT
    pub count: Option<u64>,
    /// UNTIL; a DATE stands for its last second. The local part is what occurrences are compared with.
    pub until: Option<Moment>,
    /// BYSECOND
    pub by_second: u64,
    /// BYMINUTE
    pub by_minute: u64,
    /// BYHOUR
    pub by_hour: u32,
    /// BYMONTH
    pub by_month: u16,
    /// BYMONTHDAY from the start of the month.
    pub by_month_day: u32,
    /// BYMONTHDAY from the end: bit 1 is the last day.
    pub by_month_day_back: u32,
    /// BYYEARDAY; bit 366 + n stands for n, so that negative numbers fit.
    pub by_year_day: [u64; 12],
    /// BYWEEKNO; bit 53 + n stands for n.
    pub by_week: u128,
    /// BYDAY without a number; bit 0 is Monday.
    pub by_weekday: u8,
    /// BYDAY with a number, one mask per weekday; bit 53 + n stands for n.
    pub by_nth_weekday: [u128; 7],
    /// BYSETPOS
    pub by_set_position: Vec<i64>,
    /// WKST, Monday is 0.
    pub week_start: i64,
    /// A list of the rule held only numbers that do not exist: it never occurs.
    pub never: bool,
}

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Rule {
    fn empty(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            count: None,
            until: None,
            by_second: 0,
            by_minute: 0,
            by_hour: 0,
            by_month: 0,
            by_month_day: 0,
            by_month_day_back: 0,
            by_year_day: [0; 12],
            by_week: 0,
            by_weekday: 0,
            by_nth_weekday: [0; 7],
            by_set_position: Vec::new(),
            week_start: 0,
            never: false,
        }
    }

    /// Reads the value of an RRULE. Unknown parts are passed over, numbers that do not exist as well.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let parts: Vec<(String, String)> = value
            .split(';')
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| (name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase()))
            .collect();
        let frequency = parts.iter().find(|(name, _)| name == "FREQ")?;
        let mut rule = Self::empty(match frequency.1.as_str() {
            "SECONDLY" => Frequency::Secondly,
            "MINUTELY" => Frequency::Minutely,
            "HOURLY" => Frequency::Hourly,
            "DAILY" => Frequency::Daily,
            "WEEKLY" => Frequency::Weekly,
            "MONTHLY" => Frequency::Monthly,
            "YEARLY" => Frequency::Yearly,
            _ => return None,
        });
        for (name, value) in &parts {
            rule.part(name, value)?;
        }
        Some(rule)
    }

    /// Takes one part in; `None` when it cannot be read and must not be passed over.
    fn part(&mut self, name: &str, value: &str) -> Option<()> {
        let before = self.never;
        let mut found = true;
        match name {
            "INTERVAL" => self.interval = value.parse::<i64>().ok()?.clamp(1, 1_000_000_000),
            "COUNT" => self.count = Some(value.parse::<u64>().ok()?.max(1)),
            "UNTIL" => {
                let mut until = Moment::parse(value, None, &Zones::default())?;
                if until.is_date {
                    until.local = until.local.plus(86_399);
                }
                self.until = Some(until);
            }
            "WKST" => self.week_start = weekday_number(value)?,
            // RFC 5545 allows 60 for a leap second; clocks without them never show it.
            "BYSECOND" => found = each(value, 0, 59, |n| self.by_second |= 1 << n),
            "BYMINUTE" => found = each(value, 0, 59, |n| self.by_minute |= 1 << n),
            "BYHOUR" => found = each(value, 0, 23, |n| self.by_hour |= 1 << n),
            "BYMONTH" => found = each(value, 1, 12, |n| self.by_month |= 1 << n),
            "BYMONTHDAY" => {
                found = each(value, -31, 31, |n| match n {
                    1.. => self.by_month_day |= 1 << n,
                    _ => self.by_month_day_back |= 1 << -n,
                });
            }
            "BYYEARDAY" => {
                found = each(value, -366, 366, |n| {
                    let bit = usize::try_from(n + 366).unwrap_or(0);
                    if let Some(word) = self.by_year_day.get_mut(bit / 64) {
                        *word |= 1 << (bit % 64);
                    }
                });
            }
            "BYWEEKNO" => found = each(value, -53, 53, |n| self.by_week |= 1 << (n + 53)),
            "BYSETPOS" => found = each(value, -366, 366, |n| self.by_set_position.push(n)),
            "BYDAY" => found = self.by_day(value),
            // RFC 7529: another calendar, or days moved that do not exist, would give other dates than ours.
            "RSCALE" if value != "GREGORIAN" => return None,
            "SKIP" if value != "OMIT" => return None,
            _ => {}
        }
        self.never = before || !found;
        Some(())
    }

    fn by_day(&mut self, value: &str) -> bool {
        let mut found = false;
        for item in value.split(',').map(str::trim) {
            let Some((nth, day)) = item.split_at_checked(item.len().saturating_sub(2)) else { continue };
            let Some(day) = weekday_number(day) else { continue };
            match nth.trim().trim_start_matches('+').parse::<i64>() {
                Ok(n) if n != 0 && (-53..=53).contains(&n) => {
                    if let Some(mask) =
                        usize::try_from(day).ok().and_then(|at| self.by_nth_weekday.get_mut(at))
                    {
                        *mask |= 1 << (n + 53);
                    }
                }
                _ if nth.trim().is_empty() || nth == "0" => self.by_weekday |= 1 << day,
                _ => continue,
            }
            found = true;
        }
        found
    }

    /// Whether any BYHOUR, BYMINUTE or BYSECOND is given.
    #[must_use]
    pub fn has_times(&self) -> bool {
        self.by_hour != 0 || self.by_minute != 0 || self.by_second != 0
    }

    /// Whether any BYDAY is given.
    #[must_use]
    pub fn has_weekdays(&self) -> bool {
        self.by_weekday != 0 || self.by_nth_weekday.iter().any(|&mask| mask != 0)
    }

    /// Whether any BYMONTHDAY is given.
    #[must_use]
    pub fn has_month_days(&self) -> bool {
        self.by_month_day != 0 || self.by_month_day_back != 0
    }

    /// Whether any BYYEARDAY is given.
    #[must_use]
    pub fn has_year_days(&self) -> bool {
        self.by_year_day.iter().any(|&word| word != 0)
    }

    /// Whether the n-th day of the year is named, counted from either end.
    #[must_use]
    pub fn names_year_day(&self, day: i64, length: i64) -> bool {
        let bit = |n: i64| {
            let at = usize::try_from(n + 366).unwrap_or(usize::MAX);
            self.by_year_day.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
        };
        bit(day) || bit(day - length - 1)
    }

    /// The form of nearly every rule in a VTIMEZONE: month, n-th (0: on or after), weekday, day.
    #[must_use]
    pub fn as_weekday_of_month(&self) -> Option<(i64, i64, i64, i64)> {
        let other = self.by_week != 0 || self.has_year_days() || self.by_month_day_back != 0 || self.never;
        if other || self.by_month.count_ones() != 1 {
            return None;
        }
        let month = i64::from(self.by_month.trailing_zeros());
        let nth: Vec<(i64, u128)> = (0..).zip(self.by_nth_weekday).filter(|(_, mask)| *mask != 0).collect();
        if let ([(day, mask)], 0, 0) = (nth.as_slice(), self.by_weekday, self.by_month_day) {
            let n = i64::from(mask.trailing_zeros()) - 53;
            return (mask.count_ones() == 1 && n.abs() <= 4 || *mask == 1 << 52)
                .then_some((month, n, *day, 0));
        }
        let first = self.by_month_day.trailing_zeros();
        let week = first <= 25 && self.by_month_day == 0x7f << first;
        let one = self.by_weekday.count_ones() == 1 && nth.is_empty();
        (week && one && days_fit(month, first))
            .then(|| (month, 0, i64::from(self.by_weekday.trailing_zeros()), i64::from(first)))
    }
}

/// Whether seven days from `first` on are in every such month.
fn days_fit(month: i64, first: u32) -> bool {
    i64::from(first) + 6 <= crate::icalendar::time::days_in_month(2023, month)
}

fn weekday_number(name: &str) -> Option<i64> {
    (0..).zip(WEEKDAYS).find(|(_, day)| *day == name).map(|(n, _)| n)
}

/// Gives every number of a list that lies in the range and is not a zero among signed ones; false when none.
fn each(list: &str, min: i64, max: i64, mut take: impl FnMut(i64)) -> bool {
    let mut found = false;
    for item in list.split(',').take(1_000) {
        let number = item.trim().trim_start_matches('+').parse::<i64>();
        if let Some(n) = number.ok().filter(|n| (min..=max).contains(n) && (*n != 0 || min == 0)) {
            take(n);
            found = true;
        }
    }
    found
}

#[cfg(test)]
mod tests;
