//! What every door that logs in by a dialogue shares: the stream and its peer ([`door`]), lines ([`line`]),
//! what doors of verbs and lines have in common ([`talk`]), how long a peer may take ([`pace`]), the list of who is logged in ([`sessions`]) and the SASL
//! mechanisms (RFC 4422).
//!
//! Storey L3. A mechanism only turns octets into a proof; whether it is right is the directory's to say, and
//! [`login`] carries both through. Nothing here logs, and nothing a client sent is ever part of an error.

pub mod certificate;
pub mod door;
pub mod limits;
pub mod line;
pub mod login;
pub mod mechanism;
pub mod pace;
pub mod sessions;
pub mod talk;
pub mod testing;
mod tls;
pub mod trace;

pub use login::{Dialogue, log_in};
pub use mechanism::{Credentials, Exchange, Mechanism, Next};
