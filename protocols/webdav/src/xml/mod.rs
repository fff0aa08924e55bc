//! XML in and out: a bounded tree of the request ([`Element`]), a direct writer of the answer ([`Writer`]).
//!
//! Request bodies are small ([`crate::limits::XML_BYTES_MAX`]) and become a tree; answers may be endless and
//! are written straight into the octets that go out. DTDs are refused, so that no entity is ever expanded
//! (RFC 4918 20.6).

mod element;
mod name;
mod write;

pub use element::{Element, Node};
pub use name::{APPLE, CALDAV, CALENDAR_SERVER, CARDDAV, DAV, Name, XML, is_local_name};
pub use write::{Writer, escape};

#[cfg(test)]
mod tests;
