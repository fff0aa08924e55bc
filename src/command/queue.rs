//! `collegium queue`: mail in flight.

use super::{Shown, tell};
use crate::admin::Request;
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// See [`super::Verb::Queue`].
#[derive(Debug, Args)]
pub(super) struct Queue {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what waits, and why.
    List,
    /// Try one now.
    Retry { id: String },
    /// Throw one away; its sender is not told.
    Remove { id: String },
}

impl Queue {
    pub(super) fn run(self) -> Result<(), Failure> {
        let request = match self.verb {
            Verb::List => Request::QueueList {},
            Verb::Retry { id } => Request::QueueRetry { id },
            Verb::Remove { id } => Request::QueueRemove { id },
        };
        let columns =
            &["id", "sender", "recipients", "bytes", "created", "attempts", "next_try", "last_reply"];
        tell(&self.shown, request, columns)
    }
}
