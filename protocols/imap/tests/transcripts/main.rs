//! Transcripts: what clients send and what the door answers, over an in-memory stream and a store on a
//! simulated disk. One file per area; `harness.rs` plays the scripts.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails is to panic"
)]

/// The figures themselves, so that a test stands at the limit and not at a copy of it.
#[path = "../../src/limits.rs"]
#[allow(dead_code, reason = "not every limit is seen from outside")]
mod figures;

mod append;
mod contexts;
mod damage;
mod failing;
mod fetch;
mod fuzz;
mod fuzzy;
mod harness;
mod idle;
mod limits;
mod limits_of_extensions;
mod list;
mod login;
mod mailbox;
mod messages;
mod noise;
mod notify;
mod rev2;
mod search;
mod sharing;
mod spelling;
mod starttls;
mod stress;
