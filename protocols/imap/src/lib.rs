//! imap: being laid.
