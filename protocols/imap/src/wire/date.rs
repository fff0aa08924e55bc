//! Dates as IMAP spells them: `17-Jul-1996 02:44:25 -0700` (RFC 9051 9, date-time and date).

use model::ZonedTime;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_SECONDS: i64 = 86_400;

/// Days since 1970-01-01 of a civil date (H. Hinnant's algorithm, proleptic Gregorian).
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day number.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The day a moment falls on where it was told, as a day number (RFC 9051 6.4.4: "disregarding time and
/// timezone").
pub(crate) fn local_day(time: ZonedTime) -> i64 {
    time.seconds.saturating_add(i64::from(time.offset_minutes) * 60).div_euclid(DAY_SECONDS)
}

/// The date-time without its quotes, as in INTERNALDATE. The day has two digits, as most servers write it;
/// RFC 9051's date-day-fixed allows a space too.
pub(crate) fn format(time: ZonedTime) -> String {
    let local = time.seconds.saturating_add(i64::from(time.offset_minutes) * 60);
    // RFC 9051's year has four digits; a clock or client beyond them is shown at the border.
    let local =
        local.clamp(days_from_civil(1, 1, 1) * DAY_SECONDS, days_from_civil(9999, 12, 31) * DAY_SECONDS);
    let (year, month, day) = civil_from_days(local.div_euclid(DAY_SECONDS));
    let second = local.rem_euclid(DAY_SECONDS);
    let name = usize::try_from(month - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or("Jan");
    let sign = if time.offset_minutes < 0 { '-' } else { '+' };
    let offset = time.offset_minutes.unsigned_abs();
    format!(
        "{day:02}-{name}-{year:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60,
        offset / 60,
        offset % 60
    )
}

/// A date-time without its quotes.
pub(crate) fn parse(text: &str) -> Option<ZonedTime> {
    let (date, rest) = text.trim_start_matches(' ').split_once(' ')?;
    let days = parse_date(date)?;
    let (clock, zone) = rest.split_once(' ')?;
    let mut fields = clock.split(':');
    let (hour, minute, second) =
        (digits(fields.next()?, 2)?, digits(fields.next()?, 2)?, digits(fields.next()?, 2)?);
    if fields.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (sign, zone) = match zone.as_bytes().first()? {
        b'+' => (1, zone.get(1..)?),
        b'-' => (-1, zone.get(1..)?),
        _ => return None,
    };
    let zone = digits(zone, 4)?;
    if zone % 100 > 59 || zone >= 2400 {
        return None;
    }
    let offset = sign * (zone / 100 * 60 + zone % 100);
    let seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset * 60;
    Some(ZonedTime { seconds, offset_minutes: i16::try_from(offset).ok()? })
}

/// A date `1-Feb-1994` as a day number.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut fields = text.split('-');
    let (day, month, year) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() || day.is_empty() || day.len() > 2 {
        return None;
    }
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let month = i64::try_from(month).ok()? + 1;
    let (day, year) = (digits(day, day.len())?, digits(year, 4)?);
    let days = days_from_civil(year, month, day);
    (day >= 1 && civil_from_days(days) == (year, month, day)).then_some(days)
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    if text.len() != count || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests;
