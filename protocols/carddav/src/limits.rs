//! Everything in this crate that grows from the network, named; the limits of cards themselves are
//! `format::vcard::limits`.

/// The most conditions in one filter, of all kinds together.
pub const FILTER_COUNT_MAX: usize = 200;
