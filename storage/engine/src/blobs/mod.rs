//! Blob stores: immutable bytes named by their BLAKE3 hash, checked on every read.

mod frame;
mod local;
mod recover;
mod segments;

pub use local::LocalBlobs;
