//! Sequence sets: intervals, never expanded (RFC 9051 9, sequence-set; RFC 5182 for `$`).

use super::cursor::{Cursor, Parsed};
use crate::reply::Failure;

/// `*` as it is kept: no number is 0.
const STAR: u32 = 0;

/// A set as the client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SequenceSet {
    /// Numbers and ranges.
    Ranges(Vec<(u32, u32)>),
    /// `$`: what the last SEARCH kept (RFC 5182).
    Saved,
}

/// Numbers as sorted intervals, both ends inside, that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intervals(pub Vec<(u32, u32)>);

impl SequenceSet {
    /// Reads a set.
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.eat(b'$') {
            return Ok(Self::Saved);
        }
        let mut ranges = Vec::new();
        loop {
            let first = number(cursor)?;
            let last = if cursor.eat(b':') { number(cursor)? } else { first };
            ranges.push((first, last));
            if !cursor.eat(b',') {
                return Ok(Self::Ranges(ranges));
            }
        }
    }

    /// Whether a set could begin with this octet.
    pub(crate) fn begins(byte: u8) -> bool {
        byte.is_ascii_digit() || byte == b'*'
    }
}

fn number(cursor: &mut Cursor<'_>) -> Parsed<u32> {
    if cursor.eat(b'*') {
        return Ok(STAR);
    }
    cursor.nz_number().map_err(|_| Failure::Bad("Bad sequence set"))
}

impl Intervals {
    /// The set with `*` standing for `max` (RFC 9051: the largest number in use; a range may be written
    /// either way round). An empty mailbox has no largest number: `max` 0 gives nothing for `*`.
    pub(crate) fn resolve(ranges: &[(u32, u32)], max: u32) -> Self {
        let mut out: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for &(first, last) in ranges {
            let first = if first == STAR { max } else { first };
            let last = if last == STAR { max } else { last };
            let (low, high) = (first.min(last), first.max(last));
            if high > 0 {
                out.push((low.max(1), high));
            }
        }
        out.sort_unstable();
        Self::merge(out)
    }

    /// From ascending numbers.
    pub(crate) fn collect(numbers: impl IntoIterator<Item = u32>) -> Self {
        let mut out: Vec<(u32, u32)> = Vec::new();
        for number in numbers {
            match out.last_mut() {
                Some((_, high)) if high.saturating_add(1) >= number => *high = number.max(*high),
                _ => out.push((number, number)),
            }
        }
        Self(out)
    }

    fn merge(sorted: Vec<(u32, u32)>) -> Self {
        let mut out: Vec<(u32, u32)> = Vec::with_capacity(sorted.len());
        for (low, high) in sorted {
            match out.last_mut() {
                Some((_, end)) if end.saturating_add(1) >= low => *end = high.max(*end),
                _ => out.push((low, high)),
            }
        }
        Self(out)
    }

    /// Whether the number is inside.
    pub(crate) fn contains(&self, number: u32) -> bool {
        let at = self.0.partition_point(|&(_, high)| high < number);
        self.0.get(at).is_some_and(|&(low, _)| low <= number)
    }

    /// The largest number inside.
    pub(crate) fn max(&self) -> u32 {
        self.0.last().map_or(0, |&(_, high)| high)
    }
}

#[cfg(test)]
mod tests;
