//! What every door that logs in by a dialogue shares: the stream and its peer ([`door`]) and the SASL
//! mechanisms (RFC 4422).
//!
//! Storey L3. A mechanism only turns octets into [`Credentials`]; whether they are right is the directory's
//! to say. Nothing here logs, and nothing a client sent is ever part of an error.

pub mod door;
pub mod limits;
pub mod mechanism;

pub use mechanism::{Credentials, Exchange, Next};
