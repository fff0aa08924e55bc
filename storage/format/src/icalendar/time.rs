//! Dates and times (RFC 5545 3.3.4, 3.3.5) as plain numbers.
//!
//! [`Local`] is what a clock on the wall shows, in seconds, without a zone; UTC instants are plain `i64`
//! seconds since 1970-01-01T00:00:00Z. A [`Moment`] is a local time with the zone that turns it into an
//! instant.

use super::line::Line;
use super::zone::{Zone, Zones};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// What a clock on the wall shows: seconds since 1970-01-01T00:00:00 there. Years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Local(pub i64);

impl Local {
    /// 9999-12-31T23:59:59
    pub const MAX: Self = Self(253_402_300_799);
    /// 0001-01-01T00:00:00
    pub const MIN: Self = Self(-62_135_596_800);

    /// From a date and seconds of the day; `None` where there is no such date.
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64, seconds: i64) -> Option<Self> {
        let real = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        real.then(|| Self(days_from_date(year, month, day) * DAY + seconds))
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn days(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Seconds since midnight.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.rem_euclid(DAY)
    }

    /// Year, month, day.
    #[must_use]
    pub fn date(self) -> (i64, i64, i64) {
        date_from_days(self.days())
    }

    /// Midnight of this day.
    #[must_use]
    pub fn midnight(self) -> Self {
        Self(self.days() * DAY)
    }

    /// Later (or earlier) by that many seconds.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// `19970714T133000`
    #[must_use]
    pub fn to_date_time(self) -> String {
        let (year, month, day) = self.date();
        let s = self.seconds();
        format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}", s / 3600, s / 60 % 60, s % 60)
    }

    /// `19970714`
    #[must_use]
    pub fn to_date(self) -> String {
        let (year, month, day) = self.date();
        format!("{year:04}{month:02}{day:02}")
    }
}

/// `19970714T133000Z` of an instant.
#[must_use]
pub fn utc_text(instant: i64) -> String {
    let mut text = Local(instant.clamp(Local::MIN.0, Local::MAX.0)).to_date_time();
    text.push('Z');
    text
}

/// Days of a month.
#[must_use]
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether the year has a 29 February.
#[must_use]
pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant's algorithm).
#[must_use]
pub fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month, day of a number of days since 1970-01-01.
#[must_use]
pub fn date_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let y = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * y + y / 4 - y / 100);
    let m = (5 * of_year + 2) / 153;
    let month = if m < 10 { m + 3 } else { m - 9 };
    (y + era * 400 + i64::from(month <= 2), month, of_year - (153 * m + 2) / 5 + 1)
}

/// Day of the week, Monday is 0.
#[must_use]
pub fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// A value of DATE or DATE-TIME with what its meaning as an instant depends on.
#[derive(Clone, Debug)]
pub struct Moment {
    /// As the clock of its zone shows it; midnight for a DATE.
    pub local: Local,
    /// The zone; floating for a DATE.
    pub zone: Zone,
    /// Whether it is a DATE.
    pub is_date: bool,
}

impl Moment {
    /// A UTC time.
    #[must_use]
    pub fn utc(instant: i64) -> Self {
        Self { local: Local(instant.clamp(Local::MIN.0, Local::MAX.0)), zone: Zone::Utc, is_date: false }
    }

    /// The instant; floating times and dates are taken in the zone `floating`.
    #[must_use]
    pub fn instant(&self, floating: &Zone) -> i64 {
        self.zone.or(floating).instant(self.local)
    }

    /// Whether the instant depends on who looks.
    #[must_use]
    pub fn is_floating(&self) -> bool {
        matches!(self.zone, Zone::Floating)
    }

    /// Reads the value of a property such as DTSTART: TZID from its parameter, DATE by form.
    #[must_use]
    pub fn of_line(line: &Line<'_>, zones: &Zones) -> Option<Self> {
        Self::parse(line.value(), line.param("TZID").as_deref(), zones)
    }

    /// Reads one value.
    #[must_use]
    pub fn parse(value: &str, tzid: Option<&str>, zones: &Zones) -> Option<Self> {
        let (local, is_date, is_utc) = parse_value(value)?;
        let zone = match tzid {
            _ if is_utc => Zone::Utc,
            Some(tzid) if !is_date => zones.resolve(tzid),
            _ => Zone::Floating,
        };
        Some(Self { local, zone, is_date })
    }

    /// As the property's value is written: `19970714`, `19970714T133000` or with a `Z`.
    #[must_use]
    pub fn to_value(&self) -> String {
        match self.zone {
            _ if self.is_date => self.local.to_date(),
            Zone::Utc => utc_text(self.local.0),
            _ => self.local.to_date_time(),
        }
    }
}

/// `YYYYMMDD`, `YYYYMMDDTHHMMSS`, with `Z`; also without seconds and in the extended form with dashes and
/// colons, as some producers write. Gives local, is a date, is UTC.
fn parse_value(value: &str) -> Option<(Local, bool, bool)> {
    let value = value.trim();
    let (value, is_utc) = match value.strip_suffix(['Z', 'z']) {
        Some(rest) => (rest, true),
        None => (value, false),
    };
    let (date, time) = match value.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (value, None),
    };
    let date = digits(date, '-')?;
    let (year, month, day) = (number(date.get(..4)?)?, number(date.get(4..6)?)?, number(date.get(6..)?)?);
    let Some(time) = time.filter(|time| !time.is_empty()) else {
        return Some((Local::new(year, month, day, 0)?, true, false));
    };
    let time = digits(time, ':')?;
    let (hour, minute) = (number(time.get(..2)?)?, number(time.get(2..4)?)?);
    let second = if time.len() > 4 { number(time.get(4..)?)? } else { 0 };
    // RFC 5545 3.3.12: a leap second is told as 60, and taken as 59 by those who do not know them.
    if hour > 24 || minute > 59 || second > 60 || time.len() > 6 {
        return None;
    }
    let local = Local::new(year, month, day, 0)?.plus(hour * 3600 + minute * 60 + second.min(59));
    Some((local, false, is_utc))
}

/// The digits, separators dropped; `None` when there is anything else.
fn digits(text: &str, separator: char) -> Option<String> {
    let digits: String = text.chars().filter(|&c| c != separator).collect();
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)
}

fn number(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 4 { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests;
