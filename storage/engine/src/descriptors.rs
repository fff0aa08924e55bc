//! How many file descriptors the store takes of those that the process may have, so that connections cannot take
//! them away: a store that cannot open its own files cannot keep its promise.

use crate::limits::{SEGMENT_HANDLES_MAX, TABLE_HANDLES_MAX, WORK_HANDLES_MAX};
use rustix::process::{Resource, getrlimit};

/// How many descriptors this process may have now; the most that can be told when there is no bound.
#[must_use]
pub fn limit() -> usize {
    getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

/// How many of them the store may take.
#[must_use]
pub fn of_store() -> usize {
    tables(limit()) + segments(limit()) + WORK_HANDLES_MAX
}

/// Table files that may stay open.
pub(crate) fn tables(limit: usize) -> usize {
    (limit / 8).clamp(16, TABLE_HANDLES_MAX)
}

/// Segment files that may stay open.
pub(crate) fn segments(limit: usize) -> usize {
    (limit / 16).clamp(8, SEGMENT_HANDLES_MAX)
}

#[cfg(test)]
mod tests;
