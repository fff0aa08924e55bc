//! vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) as CardDAV needs them (RFC 6352): read tolerantly, judged,
//! searched, and written back octet for octet.
//!
//! Content lines and the tree are those of [`crate::icalendar`]; vCard adds groups and the quoted-printable
//! lines of 2.1, which that layer knows.

pub mod card;
pub mod filter;
pub mod limits;
pub mod selection;
pub mod validate;
pub mod version;

#[cfg(test)]
mod corpus;
