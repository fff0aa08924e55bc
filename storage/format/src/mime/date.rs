//! Dates of the Date field (RFC 5322 3.3, obsolete forms of 4.3, and what programs really write).

use super::cursor::{Cursor, is_space};
use super::limits::DATE_BYTES_MAX;
use serde::{Deserialize, Serialize};

/// A moment and the zone it was told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Date {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Minutes that the told clock is ahead of UTC.
    pub offset_minutes: i16,
}

impl Date {
    /// Reads a Date field value; `None` when no day, month, year and time can be found in it.
    ///
    /// An unknown or missing zone counts as UTC (RFC 5322 4.3).
    pub fn parse(value: &[u8]) -> Option<Date> {
        let mut found = Found::default();
        for word in words(value.get(..DATE_BYTES_MAX).unwrap_or(value)) {
            found.word(&word);
        }
        found.date()
    }

    /// The calendar day as told, counted from 1970-01-01: what SENTBEFORE, SENTON and SENTSINCE compare,
    /// "disregarding time and timezone" (RFC 9051 6.4.4).
    pub fn day(&self) -> i64 {
        self.seconds.saturating_add(i64::from(self.offset_minutes) * 60).div_euclid(86_400)
    }
}

/// The day number of a date of the Gregorian calendar, counted from 1970-01-01; `None` for no real date.
pub fn day_number(year: i64, month: u8, day: u8) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(is_leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Years begin in March, so that the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * i64::from(month) + 2) / 5 + i64::from(day) - 1;
    Some(
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468,
    )
}

/// The words of a date without comments; a time told as `09 : 55` is one word.
fn words(value: &[u8]) -> Vec<Vec<u8>> {
    let mut cursor = Cursor::new(value);
    let mut words: Vec<Vec<u8>> = Vec::new();
    while !cursor.is_empty() {
        cursor.comments();
        let word = cursor.take_while(|byte| !is_separator(byte) && byte != b'(');
        match words.last_mut() {
            Some(last) if word.starts_with(b":") || last.ends_with(b":") => last.extend_from_slice(word),
            _ => words.push(word.to_vec()),
        }
        cursor.take_while(is_separator);
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_separator(byte: u8) -> bool {
    is_space(byte) || byte == b','
}

/// The words of a date as far as they were understood.
#[derive(Default)]
struct Found {
    day: Option<u8>,
    month: Option<u8>,
    year: Option<i64>,
    time: Option<i64>,
    is_afternoon: Option<bool>,
    offset_minutes: Option<i16>,
}

impl Found {
    fn word(&mut self, word: &[u8]) {
        let first = word.first().copied().unwrap_or_default();
        if word.contains(&b':') && self.time.is_none() {
            self.time_of_day(word);
        } else if matches!(first, b'+' | b'-') {
            self.zone(word);
        } else if first.is_ascii_digit() && word.contains(&b'-') {
            // 23-Nov-2026
            word.split(|&byte| byte == b'-').for_each(|piece| self.word(piece));
        } else if word.iter().all(u8::is_ascii_digit) {
            self.number(word);
        } else {
            self.name(word);
        }
    }

    /// `hh:mm[:ss[.fraction]]`, with dots for colons never (they are seen in days).
    fn time_of_day(&mut self, word: &[u8]) {
        let split = word.iter().position(|byte| !byte.is_ascii_digit() && *byte != b':' && *byte != b'.');
        let (clock, zone) = word.split_at_checked(split.unwrap_or(word.len())).unwrap_or((word, &[]));
        let mut fields = clock
            .split(|&byte| byte == b':')
            .map(|digits| decimal(digits.split(|&byte| byte == b'.').next().unwrap_or_default()));
        let (Some(Some(hour)), Some(Some(minute))) = (fields.next(), fields.next()) else { return };
        let second = fields.next().unwrap_or(Some(0));
        if let (0..=23, 0..=59, Some(second @ 0..=60)) = (hour, minute, second) {
            self.time = Some(hour * 3600 + minute * 60 + second);
            if !zone.is_empty() {
                self.word(zone);
            }
        }
    }

    /// `+hhmm`, `-hh:mm`
    fn zone(&mut self, word: &[u8]) {
        let digits: Vec<u8> = word.iter().copied().filter(u8::is_ascii_digit).collect();
        if self.offset_minutes.is_some() || self.time.is_none() || digits.is_empty() || digits.len() > 4 {
            return;
        }
        let value = decimal(&digits).unwrap_or_default();
        let minutes = if digits.len() <= 2 { value * 60 } else { value / 100 * 60 + value % 100 };
        let minutes = i16::try_from(minutes).unwrap_or_default();
        if minutes < 24 * 60 {
            self.offset_minutes = Some(if word.first() == Some(&b'-') { -minutes } else { minutes });
        }
    }

    fn number(&mut self, digits: &[u8]) {
        let Some(value) = decimal(digits) else { return };
        if self.day.is_none() && digits.len() <= 2 {
            self.day = u8::try_from(value).ok();
        } else if self.year.is_none() && self.day.is_some() {
            // RFC 5322 4.3.
            self.year = Some(match digits.len() {
                1 | 2 if value < 50 => value + 2000,
                1..=3 => value + 1900,
                _ => value,
            });
        }
    }

    /// A month, a day of the week, half of a day, or a zone, perhaps with an offset (`GMT+0100`).
    fn name(&mut self, word: &[u8]) {
        let letters = word.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(word.len());
        let (name, rest) = word.split_at_checked(letters).unwrap_or((word, &[]));
        let name = name.to_ascii_lowercase();
        const MONTHS: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";
        let head = name.get(..3).unwrap_or_default();
        let month = MONTHS.chunks(3).zip(1_u8..).find(|(month, _)| *month == head).map(|(_, number)| number);
        if let (Some(month), None) = (month, self.month) {
            self.month = Some(month);
            return;
        }
        if matches!(rest.first(), Some(b'+' | b'-')) {
            return self.zone(rest);
        }
        match name.as_slice() {
            b"am" | b"pm" => self.is_afternoon = Some(name == b"pm"),
            zone if self.time.is_some() && self.offset_minutes.is_none() => {
                self.offset_minutes = zone_hours(zone).map(|hours| hours * 60);
            }
            _ => {}
        }
    }

    fn date(self) -> Option<Date> {
        let mut time = self.time?;
        match self.is_afternoon {
            Some(true) if time < 12 * 3600 => time += 12 * 3600,
            Some(false) if time >= 12 * 3600 => time -= 12 * 3600,
            _ => {}
        }
        let day = day_number(self.year?, self.month?, self.day?)?;
        let offset_minutes = self.offset_minutes.unwrap_or(0);
        Some(Date { seconds: day * 86_400 + time - i64::from(offset_minutes) * 60, offset_minutes })
    }
}

/// RFC 5322 4.3: the zones with names; military letters are known to have been used wrongly and say nothing.
fn zone_hours(name: &[u8]) -> Option<i16> {
    Some(match name {
        b"ut" | b"utc" | b"gmt" | b"z" => 0,
        b"edt" => -4,
        b"est" | b"cdt" => -5,
        b"cst" | b"mdt" => -6,
        b"mst" | b"pdt" => -7,
        b"pst" => -8,
        _ => return None,
    })
}

/// A number of at most nine digits.
fn decimal(digits: &[u8]) -> Option<i64> {
    let fits = (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests;
