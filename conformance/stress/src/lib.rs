//! What the tools of this crate share: `stress`, the client that keeps views and a model; `replies`, which reads what
//! a server said with a parser that is not ours; `flood`, which logs in badly and well at once.

pub mod client;
pub mod dice;
pub mod grammar;
