//! Named limits of the vCard reader.

/// The most octets of one address object resource (RFC 6352 6.2.3): a card with its photo.
pub const CARD_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The most octets of a UID; it is a part of an index key.
pub const UID_BYTES_MAX: usize = 1024;
/// The most cards of one file that is cut up.
pub const CARD_COUNT_MAX: usize = 200_000;
/// The most addresses of a card that get their labels when it is turned from 3.0 into 4.0; further labels stay lines of
/// their own.
pub const LABELLED_COUNT_MAX: usize = 50;

#[cfg(test)]
mod tests;
