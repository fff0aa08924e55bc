//! Mailboxes over the simulated engine.
