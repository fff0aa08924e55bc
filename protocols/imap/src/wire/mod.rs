//! The octets of IMAP: reading commands, writing replies. Knows the grammar, nothing of sessions or stores.

pub(crate) mod date;
pub(crate) mod decoder;
pub(crate) mod encoder;
pub(crate) mod utf7;

#[cfg(test)]
mod tests;
