//! Calendars: objects, one per UID, and the index of their times.
//!
//! `Table::Time` holds each object's [`Span`] twice: under its name, and in the bucket of time it begins in. The
//! buckets have four sizes (12 days, 97 days, 2 years, 17 years); an object lies in the smallest size at which
//! it reaches no further than the next bucket, and in a list of its own when it is longer or without end. So a
//! question for a range reads one short run of keys per size, however many objects there are.

use crate::{
    collection::{Collection, after},
    key::Key,
    kind::Calendar,
    limits::SCAN_PAGE_COUNT,
    object::NewObject,
    reader::Reader,
    record::{self, ObjectRow},
    writer::Writer,
};
use engine::Table;
use format::icalendar::object::Kind as Component;
use format::icalendar::recurrence::Range;
use format::icalendar::span::Span;
use format::icalendar::zone::Zone;
use model::{Error, Result};

/// Bucket sizes as powers of two of seconds.
const SHIFTS: [u32; 4] = [20, 23, 26, 29];
/// The list of objects that no bucket holds.
const ENDLESS: u8 = 0x10;
/// Begins the keys by name.
pub(crate) const BY_NAME: u8 = 0xff;
/// Floating times may lie this far from where UTC puts them, in seconds.
const FLOAT_SECONDS_MAX: i64 = 2 * 86_400;

/// What the index keeps of an object.
#[derive(Clone, Debug)]
pub struct CalendarFacts {
    /// Its UID.
    pub uid: String,
    /// Its kind and times.
    pub span: Span,
}

/// An object that may touch a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// It does; otherwise its octets must be asked.
    pub sure: bool,
}

/// The mark of a kind in [`ObjectRow::mark`].
#[must_use]
pub fn component_mark(kind: Component) -> u32 {
    match kind {
        Component::Event => 1,
        Component::Todo => 2,
        Component::Journal => 3,
        Component::FreeBusy => 4,
    }
}

fn prefix(calendar: &Collection<Calendar>) -> Key {
    Key::collection(calendar.account(), calendar.id())
}

/// Where the span of an object is kept under its name; `prefix` is its calendar's.
pub(crate) fn name_key(prefix: Key, name: &str) -> Vec<u8> {
    prefix.bytes(&[BY_NAME]).bytes(name.as_bytes()).done()
}

/// A bucket as four octets that sort as numbers do.
fn bucket(instant: i64, shift: u32) -> u32 {
    let number = i32::try_from(instant >> shift).unwrap_or(if instant < 0 { i32::MIN } else { i32::MAX });
    number.cast_unsigned() ^ (1 << 31)
}

/// Where the span of an object is kept in the order of times; `prefix` is its calendar's.
pub(crate) fn time_key(prefix: Key, span: &Span, name: &str) -> Vec<u8> {
    let fits = |shift: &u32| bucket(span.last, *shift).saturating_sub(bucket(span.first, *shift)) <= 1;
    let bounded = span.first != i64::MIN && span.last != i64::MAX;
    match (0u8..).zip(SHIFTS).find(|(_, shift)| bounded && fits(shift)) {
        Some((level, shift)) => prefix.bytes(&[level]).number(bucket(span.first, shift)),
        None => prefix.bytes(&[ENDLESS]).number(0),
    }
    .bytes(name.as_bytes())
    .done()
}

impl Reader {
    pub(crate) async fn span_of(&self, calendar: &Key, name: &str) -> Result<Option<Span>> {
        self.load(Table::Time, &name_key(calendar.clone(), name)).await
    }

    /// The objects of a kind that may touch a range, in order of name; floating times are taken in `floating`.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn calendar_candidates(
        &self,
        calendar: &Collection<Calendar>,
        kind: Component,
        range: &Range,
        floating: &Zone,
    ) -> Result<Vec<Candidate>> {
        let mut found = Vec::new();
        let from = range.from().saturating_sub(FLOAT_SECONDS_MAX);
        let until = range.until().saturating_add(FLOAT_SECONDS_MAX);
        let mut runs: Vec<(u8, u32, u32)> = (0u8..)
            .zip(SHIFTS)
            .map(|(level, shift)| (level, bucket(from, shift).saturating_sub(1), bucket(until, shift)))
            .collect();
        runs.push((ENDLESS, 0, 0));
        for (level, first, last) in runs {
            let start = prefix(calendar).bytes(&[level]).number(first).done();
            let end = match last.checked_add(1) {
                Some(next) => prefix(calendar).bytes(&[level]).number(next).done(),
                None => prefix(calendar).bytes(&[level + 1]).done(),
            };
            let mut run = engine::Range { start, end };
            loop {
                let page = self.view().scan(Table::Time, &run, SCAN_PAGE_COUNT, false).await?;
                for (key, value) in &page {
                    let span: Span = record::decode(value)?;
                    let verdict = if span.kind == kind { span.touches(range, floating) } else { Some(false) };
                    if verdict != Some(false) {
                        let name = key.get(prefix(calendar).len() + 5..).ok_or(Error::Corrupt)?;
                        let name = String::from_utf8(name.to_vec()).map_err(|_| Error::Corrupt)?;
                        found.push(Candidate { name, sure: verdict.is_some() });
                    }
                }
                match page.last() {
                    Some((key, _)) if page.len() == SCAN_PAGE_COUNT => run.start = after(key),
                    _ => break,
                }
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }
}

impl Writer {
    /// Stores a calendar object, new or over an earlier one.
    ///
    /// # Errors
    /// `Forbidden`, `OverQuota`, `Invalid` or `TooLarge` for the name; `Conflict` when another object has the
    /// UID ([`Reader::name_of_uid`] tells which).
    pub async fn put_calendar_object(
        &mut self,
        calendar: &Collection<Calendar>,
        name: &str,
        new: NewObject,
        facts: &CalendarFacts,
    ) -> Result<ObjectRow> {
        let new = NewObject { mark: component_mark(facts.span.kind), ..new };
        let row = self.put_with_uid(calendar, name, new, Some(&facts.uid)).await?;
        self.forget_span(calendar, name).await?;
        self.note_span(calendar, name, &facts.span)?;
        Ok(row)
    }

    /// Removes a calendar object.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn remove_calendar_object(
        &mut self,
        calendar: &Collection<Calendar>,
        name: &str,
    ) -> Result<()> {
        self.remove_with_uid(calendar, name).await?;
        self.forget_span(calendar, name).await.map(drop)
    }

    /// Gives a calendar object another name or calendar of the same account. The target name must be free.
    ///
    /// # Errors
    /// `NotFound`, `Exists`, `Forbidden`; `Conflict` when an object there has the UID.
    pub async fn move_calendar_object(
        &mut self,
        from: (&Collection<Calendar>, &str),
        to: (&Collection<Calendar>, &str),
    ) -> Result<ObjectRow> {
        let row = self.move_with_uid(from, to).await?;
        if let Some(span) = self.forget_span(from.0, from.1).await? {
            self.note_span(to.0, to.1, &span)?;
        }
        Ok(row)
    }

    async fn forget_span(&mut self, calendar: &Collection<Calendar>, name: &str) -> Result<Option<Span>> {
        let key = name_key(prefix(calendar), name);
        let span: Option<Span> = self.load(Table::Time, &key).await?;
        if let Some(span) = &span {
            self.delete_raw(Table::Time, time_key(prefix(calendar), span, name));
            self.delete_raw(Table::Time, key);
        }
        Ok(span)
    }

    fn note_span(&mut self, calendar: &Collection<Calendar>, name: &str, span: &Span) -> Result<()> {
        let value = record::encode(span)?;
        self.put_raw(Table::Time, time_key(prefix(calendar), span, name), value.clone());
        self.put_raw(Table::Time, name_key(prefix(calendar), name), value);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
