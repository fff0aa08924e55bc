//! iCalendar (RFC 5545) as CalDAV needs it (RFC 4791): read tolerantly, judged, searched, expanded, and
//! written back octet for octet.
//!
//! Stored octets are never rewritten: [`line`] and [`component`] are a lossless view of them. Everything here
//! is pure and bounded by [`limits`].

pub mod component;
pub mod duration;
pub mod expand;
pub mod filter;
pub mod freebusy;
pub mod limits;
pub mod line;
pub mod object;
mod observance;
pub mod recurrence;
pub mod selection;
pub mod span;
pub mod split;
pub mod text;
pub mod time;
pub mod validate;
pub mod zone;
mod zone_names;

#[cfg(test)]
pub(crate) mod corpus;
