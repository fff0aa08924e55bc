//! What a time index must know of an object: from when to when it can matter, and whether that is the whole
//! truth.

use super::object::{Kind, Object};
use super::recurrence::Range;
use super::time::DAY;
use super::zone::Zone;
use serde::{Deserialize, Serialize};

/// The time of one object, as an index keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// What the object is.
    pub kind: Kind,
    /// First instant, in UTC seconds; for a floating object as the wall clock shows it.
    pub first: i64,
    /// Last instant; `i64::MAX` when there is no end.
    pub last: i64,
    /// The times are those of a wall clock: who looks decides the instant.
    pub floating: bool,
    /// It is a single event from `first` to `last`, so that a range is judged without reading the object.
    pub exact: bool,
}

impl Span {
    /// The span of an object.
    #[must_use]
    pub fn of(object: &Object<'_>) -> Option<Self> {
        let kind = object.kind()?;
        let all = Self { kind, first: i64::MIN, last: i64::MAX, floating: false, exact: false };
        if !matches!(kind, Kind::Event | Kind::Journal) && !is_timed(object) {
            return Some(all);
        }
        let series = object.series(&Zone::Utc);
        let Some(first) = series.first() else { return Some(all) };
        let last = series.last().unwrap_or(i64::MAX);
        let exact = kind == Kind::Event && !series.is_recurring();
        Some(Self { kind, first, last: last.max(first), floating: series.is_floating(), exact })
    }

    /// Whether the object touches the range: `Some` where the span decides, `None` where it must be read.
    #[must_use]
    pub fn touches(&self, range: &Range, floating: &Zone) -> Option<bool> {
        let (first, last) = self.bounds(floating);
        if first > range.until() || last < range.from() {
            return Some(false);
        }
        if !self.exact {
            return None;
        }
        Some(if last > first {
            first < range.until() && last > range.from()
        } else {
            first < range.until() && first >= range.from()
        })
    }

    /// First and last instant for who looks from that zone.
    fn bounds(&self, floating: &Zone) -> (i64, i64) {
        if !self.floating || matches!(floating, Zone::Utc | Zone::Floating) {
            return (self.first, self.last);
        }
        let shift = |instant: i64| match instant {
            i64::MIN | i64::MAX => instant,
            wall => floating.instant(super::time::Local(wall)),
        };
        // A series can mix floating and fixed times; only the single event is shifted exactly.
        if self.exact {
            return (shift(self.first), shift(self.last));
        }
        (shift(self.first).saturating_sub(DAY), shift(self.last).saturating_add(DAY))
    }
}

/// Whether a task is bound by times that [`super::recurrence::Series`] knows, or a VFREEBUSY at all.
fn is_timed(object: &Object<'_>) -> bool {
    let parts = object.parts();
    object.kind() == Some(Kind::Todo)
        && parts.iter().all(|part| part.line("DTSTART").is_some() || part.line("DUE").is_some())
}

#[cfg(test)]
mod tests;
