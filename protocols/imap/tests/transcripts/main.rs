//! Transcripts: what clients send and what the door answers, over an in-memory stream and a store on a
//! simulated disk. One file per area; `harness.rs` plays the scripts.

#![allow(missing_docs, reason = "tests")]

mod append;
mod fetch;
mod harness;
mod idle;
mod limits;
mod list;
mod login;
mod mailbox;
mod messages;
mod rev2;
mod search;
mod sharing;
mod starttls;
