//! Transcripts: the door over an in-memory stream, a real store on a simulated disk, a directory in memory.

mod abuse;
mod faults;
pub(crate) mod house;
mod messages;
mod order;
mod pace;
mod tls;
