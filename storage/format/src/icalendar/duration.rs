//! Durations (RFC 5545 3.3.6): weeks and days are nominal, hours and below exact.

use super::time::{DAY, Local};
use super::zone::Zone;

/// A duration, its nominal and its exact part apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    /// Days on the calendar: a day stays a day when the clocks change.
    pub days: i64,
    /// Seconds on top.
    pub seconds: i64,
}

impl Duration {
    /// Reads `P15DT5H0M20S`, `-PT15M`, `P7W`; tolerates weeks together with days.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(&text)),
        };
        let rest = rest.strip_prefix('P')?;
        let mut duration = Self::default();
        let (mut number, mut seen, mut in_time) = (None::<i64>, false, false);
        for c in rest.chars() {
            if let Some(digit) = c.to_digit(10) {
                let value = number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?;
                // 10,000 years in seconds bound every unit.
                number = Some(value).filter(|&value| value < 315_360_000_000);
                number?;
                continue;
            }
            if c == 'T' && !in_time && number.is_none() {
                in_time = true;
                continue;
            }
            let value = number.take()?;
            seen = true;
            match c {
                'W' => duration.days = duration.days.checked_add(value.checked_mul(7)?)?,
                'D' => duration.days = duration.days.checked_add(value)?,
                'H' if in_time => {
                    duration.seconds = duration.seconds.checked_add(value.checked_mul(3600)?)?
                }
                'M' if in_time => duration.seconds = duration.seconds.checked_add(value.checked_mul(60)?)?,
                'S' if in_time => duration.seconds = duration.seconds.checked_add(value)?,
                _ => return None,
            }
        }
        let whole = seen && number.is_none() && duration.days < 3_660_000;
        whole.then_some(Self { days: duration.days * sign, seconds: duration.seconds * sign })
    }

    /// The instant this much after the local time: days on the calendar of the zone, then exact seconds.
    #[must_use]
    pub fn after(&self, start: Local, zone: &Zone) -> i64 {
        zone.instant(start.plus(self.days.saturating_mul(DAY))).saturating_add(self.seconds)
    }

    /// The instant this much after an instant, days taken as 24 hours.
    #[must_use]
    pub fn after_instant(&self, instant: i64) -> i64 {
        instant.saturating_add(self.total())
    }

    /// All of it in seconds, days taken as 24 hours.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.days.saturating_mul(DAY).saturating_add(self.seconds)
    }
}

#[cfg(test)]
mod tests;
