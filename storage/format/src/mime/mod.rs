//! MIME for an IMAP server: what a message's octets mean, found once, at arrival (RFC 5322, 2045-2047, 2231;
//! RFC 9051 7.5.2 for the wire forms).
//!
//! At arrival:
//! ```
//! use format::mime::{Digest, Scanner, limits::Limits};
//! let mut scanner = Scanner::new(Limits::default());
//! for chunk in [&b"Subject: x\r\n\r"[..], b"\nbody\r\n"] {
//!     scanner.push(chunk); // any chunking, every octet once, memory bounded
//! }
//! let digest: Digest = scanner.finish().digest();
//! assert_eq!(digest.parts.size(), 20);
//! ```
//! [`Digest`] is what the store keeps in the message record: ENVELOPE, BODY and BODYSTRUCTURE as IMAP sends
//! them verbatim, and the [`Parts`] table. At FETCH nothing is parsed again:
//! ```
//! # use format::mime::*; use format::mime::limits::Limits;
//! # let mut scanner = Scanner::new(Limits::default());
//! # let message = b"Subject: x\r\nTo: y\r\n\r\nbody\r\n"; scanner.push(message);
//! # let digest = scanner.finish().digest();
//! let section = Section::parse(b"HEADER.FIELDS (SUBJECT)").unwrap();
//! match digest.parts.resolve(&section) {
//!     Some(Slice::Range(span)) => { /* send these octets of the body */ }
//!     Some(Slice::Filtered { header, filter }) => {
//!         let block = &message[header.start as usize..header.end() as usize];
//!         assert_eq!(filter.apply(block), b"Subject: x\r\n\r\n");
//!     }
//!     None => { /* no such part: NIL */ }
//! }
//! ```
//! Invariants: every function here is total (no panic on any octets), iterative (no recursion on input) and
//! bounded by [`limits`]; offsets agree exactly with the stored octets, bare CR, bare LF and NUL included.

pub mod address;
pub mod bodystructure;
pub mod content;
mod cursor;
pub mod date;
pub mod decode;
pub mod downgrade;
pub mod envelope;
pub mod header;
mod html;
pub mod like;
pub mod limits;
pub mod preview;
pub mod scanner;
pub mod search;
pub mod section;
pub mod summary;
pub mod text;
mod wire;
pub mod words;

pub use address::{Mailbox, addresses};
pub use date::Date;
pub use scanner::{Digest, Scanner, Structure};
pub use section::{Encoding, Kind, Part, Parts, Section, Slice, Span, What};

#[cfg(test)]
mod tests;
