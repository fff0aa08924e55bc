//! Blob stores: immutable bytes named by their BLAKE3 hash, checked on every read.

mod frame;
mod local;
mod recover;
mod remains;
mod segments;
mod squeeze;

pub(crate) use frame::Spot;
pub use local::LocalBlobs;
pub use remains::{Remains, Ruin};
pub(crate) use segments::{reaches, write_off};
