//! Medians and percentiles of times.

use std::time::Duration;

/// The value at a fraction (0.5 is the median), in milliseconds; zero for no values.
#[must_use]
pub(crate) fn at(times: &[Duration], fraction: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * fraction).round() as usize;
    sorted.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}
