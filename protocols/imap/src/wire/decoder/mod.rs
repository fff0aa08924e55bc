//! Reading commands: framing of lines and literals, then a grammar over borrowed slices.
//!
//! A command is gathered whole (messages excepted, they stream to the store) and then parsed once, by its
//! verb. imap-codec's enums are closed to the extended forms of LIST, SEARCH and FETCH, so the grammar is our
//! own; imap-codec is the oracle of the tests.

pub(crate) mod cursor;
pub(crate) mod fetch;
pub(crate) mod frame;
pub(crate) mod list;
pub(crate) mod mailboxes;
pub(crate) mod search;
pub(crate) mod select;
pub(crate) mod sequence;
pub(crate) mod status;
pub(crate) mod store;
