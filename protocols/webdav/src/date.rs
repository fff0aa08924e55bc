//! Dates as HTTP and WebDAV write them.

use model::Timestamp;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7), as in `getlastmodified`.
pub(crate) fn http(time: Timestamp) -> String {
    let seconds = time.seconds();
    let day = usize::try_from(seconds.div_euclid(86_400).rem_euclid(7)).unwrap_or(0);
    let (year, month, date) = civil(seconds.div_euclid(86_400));
    let clock = seconds.rem_euclid(86_400);
    format!(
        "{}, {date:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        DAYS.get(day).unwrap_or(&"Thu"),
        usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"Jan"),
        clock / 3600,
        clock / 60 % 60,
        clock % 60,
    )
}

/// `1994-11-06T08:49:37Z` (RFC 3339), as in `creationdate`.
pub(crate) fn iso(time: Timestamp) -> String {
    let (year, month, date) = civil(time.seconds().div_euclid(86_400));
    let clock = time.seconds().rem_euclid(86_400);
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z", clock / 3600, clock / 60 % 60, clock % 60)
}

/// Reads the form that [`http`] writes; the two obsolete forms are taken for no date at all.
pub(crate) fn parse_http(text: &str) -> Option<Timestamp> {
    let (_, rest) = text.trim().split_once(", ")?;
    let mut parts = rest.split_ascii_whitespace();
    let date: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = i64::try_from(MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?).ok()? + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut clock = parts.next()?.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    let sane = (1..=31).contains(&date)
        && (0..=9999).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if parts.next() != Some("GMT") || !sane {
        return None;
    }
    Some(Timestamp::from_seconds(days(year, month, date) * 86_400 + hour * 3600 + minute * 60 + second))
}

/// Year, month and date of a day number, counted from 1970-01-01 in the Gregorian calendar.
fn civil(day: i64) -> (i64, i64, i64) {
    // Years that begin in March, so that the leap day is the last of its year.
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, date)
}

fn days(year: i64, month: i64, date: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + date - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests;
