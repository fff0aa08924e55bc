//! What the tools of this crate share: `stress`, the client that keeps views and a model, and `replies`, which reads
//! what a server said with a parser that is not ours.

pub mod dice;
pub mod grammar;
