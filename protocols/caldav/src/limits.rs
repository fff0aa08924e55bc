//! Everything in this crate that grows from the network, named; the limits of calendar data itself are
//! `format::icalendar::limits`.

/// The most conditions in one filter, of all kinds together.
pub const FILTER_COUNT_MAX: usize = 200;
/// The deepest nesting of comp-filter, and of comp in a partial retrieval.
pub const FILTER_DEPTH_MAX: usize = 8;
/// The most octets of a time zone in a property or a report.
pub const TIMEZONE_BYTES_MAX: usize = 128 * 1024;
/// How far ahead free-busy-query looks where the client leaves the end open: five years.
pub const FREE_BUSY_OPEN_SECONDS: i64 = 5 * 366 * 24 * 3600;
