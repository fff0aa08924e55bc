//! What stored bytes mean: MIME messages, iCalendar and vCard streams.
//!
//! Storey L1: pure, bounded, no I/O; bytes in, facts out. Nothing here panics on any input.

pub mod collation;
pub mod icalendar;
pub mod mime;
pub mod vcard;
