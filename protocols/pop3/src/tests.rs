//! Transcripts: the door over an in-memory stream, a real store on a simulated disk, a directory in memory.

mod abuse;
pub(crate) mod house;
mod messages;
mod states;
mod tls;
