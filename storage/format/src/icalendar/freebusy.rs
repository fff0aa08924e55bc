//! Free and busy time (RFC 4791 7.10): what the objects of calendars say about when someone is busy.

use super::component::Component;
use super::filter::overlap_periods;
use super::line::write_line;
use super::object::{Kind, Object};
use super::recurrence::{Ended, Range};
use super::time::utc_text;
use super::zone::Zone;
use std::ops::ControlFlow;

/// FBTYPE (RFC 5545 3.2.9), in the order they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BusyKind {
    /// `BUSY`
    Busy,
    /// `BUSY-TENTATIVE`
    Tentative,
    /// `BUSY-UNAVAILABLE`
    Unavailable,
}

impl BusyKind {
    fn name(self) -> &'static str {
        match self {
            Self::Busy => "BUSY",
            Self::Tentative => "BUSY-TENTATIVE",
            Self::Unavailable => "BUSY-UNAVAILABLE",
        }
    }
}

/// The busy time of a range, gathered object by object.
#[derive(Clone, Debug)]
pub struct BusyTime {
    range: Range,
    periods: Vec<(BusyKind, i64, i64)>,
    whole: bool,
}

impl BusyTime {
    /// Nothing yet.
    #[must_use]
    pub fn new(range: Range) -> Self {
        Self { range, periods: Vec::new(), whole: true }
    }

    /// Takes the busy time of one object in.
    pub fn add(&mut self, object: &Object<'_>, floating: &Zone) {
        match object.kind() {
            Some(Kind::Event) => self.add_event(object, floating),
            Some(Kind::FreeBusy) => object.parts().iter().for_each(|part| self.add_free_busy(part)),
            _ => {}
        }
    }

    /// Takes a period in as busy.
    pub fn add_period(&mut self, kind: BusyKind, start: i64, end: i64) {
        let (start, end) = (start.max(self.range.from()), end.min(self.range.until()));
        if start < end {
            self.periods.push((kind, start, end));
            // Keeps the list as small as the answer will be.
            if self.periods.len() > 100_000 {
                self.merge();
            }
        }
    }

    /// Whether every instance was counted; when not, the range is too long for what is in it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    fn add_event(&mut self, object: &Object<'_>, floating: &Zone) {
        let parts = object.parts();
        let kinds: Vec<Option<BusyKind>> = parts.iter().map(|part| event_kind(part)).collect();
        let mut found = Vec::new();
        let ended = object.series(floating).visit(&self.range, &mut |instance| {
            if let Some(Some(kind)) = kinds.get(instance.component) {
                found.push((*kind, instance.start, instance.end));
            }
            ControlFlow::Continue(())
        });
        self.whole &= ended != Ended::Exhausted;
        found.into_iter().for_each(|(kind, start, end)| self.add_period(kind, start, end));
    }

    fn add_free_busy(&mut self, part: &Component<'_>) {
        for line in part.all("FREEBUSY") {
            let kind = match line.param("FBTYPE").as_deref().map(str::to_ascii_uppercase).as_deref() {
                Some("FREE") => continue,
                Some("BUSY-TENTATIVE") => BusyKind::Tentative,
                Some("BUSY-UNAVAILABLE") => BusyKind::Unavailable,
                _ => BusyKind::Busy,
            };
            overlap_periods(line.value()).for_each(|(start, end)| self.add_period(kind, start, end));
        }
    }

    /// Joins periods of one kind that overlap or touch.
    fn merge(&mut self) {
        self.periods.sort_unstable();
        let mut merged: Vec<(BusyKind, i64, i64)> = Vec::with_capacity(self.periods.len());
        for &(kind, start, end) in &self.periods {
            match merged.last_mut() {
                Some(last) if last.0 == kind && start <= last.2 => last.2 = last.2.max(end),
                _ => merged.push((kind, start, end)),
            }
        }
        self.periods = merged;
    }

    /// The periods, joined and sorted.
    #[must_use]
    pub fn periods(mut self) -> Vec<(BusyKind, i64, i64)> {
        self.merge();
        self.periods
    }

    /// Writes the VCALENDAR with its VFREEBUSY; `stamp` is the time of making it, in UTC seconds.
    #[must_use]
    pub fn write(self, stamp: i64) -> Vec<u8> {
        let range = self.range;
        let mut out = Vec::new();
        let mut line = |text: &str| write_line(&mut out, text);
        line("BEGIN:VCALENDAR");
        line("VERSION:2.0");
        line("PRODID:-//Collegium//CalDAV//EN");
        line("BEGIN:VFREEBUSY");
        // RFC 5545 3.6.4 requires one; the answer is nobody's object, so what it says names it.
        let end = |end: Option<i64>| end.map(utc_text).unwrap_or_default();
        line(&format!("UID:freebusy-{}-{}-{}", end(range.start), end(range.end), utc_text(stamp)));
        line(&format!("DTSTAMP:{}", utc_text(stamp)));
        if let Some(start) = range.start {
            line(&format!("DTSTART:{}", utc_text(start)));
        }
        if let Some(end) = range.end {
            line(&format!("DTEND:{}", utc_text(end)));
        }
        for (kind, start, end) in self.periods() {
            line(&format!("FREEBUSY;FBTYPE={}:{}/{}", kind.name(), utc_text(start), utc_text(end)));
        }
        line("END:VFREEBUSY");
        line("END:VCALENDAR");
        out
    }
}

/// RFC 4791 7.10: what TRANSP and STATUS make of an event; `None` takes no time.
fn event_kind(part: &Component<'_>) -> Option<BusyKind> {
    let value = |name: &str| part.line(name).map(|line| line.value().trim().to_ascii_uppercase());
    if value("TRANSP").as_deref() == Some("TRANSPARENT") {
        return None;
    }
    match value("STATUS").as_deref() {
        Some("CANCELLED") => None,
        Some("TENTATIVE") => Some(BusyKind::Tentative),
        _ => Some(BusyKind::Busy),
    }
}

#[cfg(test)]
mod tests;
