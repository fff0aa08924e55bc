//! Recurrence (RFC 5545 3.3.10, 3.8.5): rules, their occurrences in local time, and the instances of a whole
//! object with its exceptions and overrides. Everything is lazy and bounded.

mod merged;
mod occurrences;
mod rule;
mod series;

pub use occurrences::Occurrences;
pub use rule::{Frequency, Rule};
pub use series::{Ended, Instance, Range, Series};
