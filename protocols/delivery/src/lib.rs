//! Where accepted mail goes: into local inboxes, or to the relay; and what is told to the sender when it
//! cannot go there.
//!
//! Storey L3. A door asks [`Delivery::route`] at RCPT, hands the message to [`Delivery::accept`], and says 250
//! when it holds the `Committed` of that. Everything after is [`Delivery::run`]'s, from the store's queue.
//!
//! Decisions:
//! * Without a relay, remote recipients are refused at RCPT (550 5.7.1), so that nothing is accepted that
//!   cannot go anywhere.
//! * Mail is delivered once to an account, however many addresses and groups lead to it.
//! * A recipient is done in the batch that serves it (see `store::Queue`); a crash at any point neither loses
//!   nor repeats a local delivery.
//! * Bounces have the null sender and are never bounced themselves (RFC 5321 6.1).

mod bounce;
mod config;
mod date;
pub mod limits;
mod local;
mod relay;
mod route;
mod runner;
mod submission;

pub use config::{Config, RelayConfig, RelayTls};
pub use date::rfc5322_date;
pub use route::Route;
pub use runner::{Delivery, Schedule};
pub use submission::{Recipient, Submission};

#[cfg(test)]
mod tests;
