//! `collegium undelete`: what was removed or overwritten within the window of the configuration.

use super::{Shown, ask, tell};
use crate::admin::{Request, undelete};
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// See [`super::Verb::Undelete`].
#[derive(Debug, Args)]
pub(super) struct Undelete {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
struct Which {
    /// Whose; a removed account's address too.
    #[arg(long, value_name = "ADDRESS")]
    account: String,
    /// Only what lay in this collection, by its path; or the removed collection itself.
    #[arg(long, value_name = "PATH")]
    collection: Option<String>,
    /// Only what was removed at this time or later, as 2026-05-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    since: Option<i64>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what can be brought back.
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Bring it back: by number, or all that --collection and --since mean; or a removed account itself.
    Restore {
        #[command(flatten)]
        which: Which,
        /// Numbers of `undelete list`.
        numbers: Vec<u64>,
        /// Over a newer version that has its place or its UID; that one can then be brought back in its turn.
        #[arg(long)]
        replace: bool,
        /// Put messages into this mailbox.
        #[arg(long, value_name = "MAILBOX")]
        into: Option<String>,
    },
}

impl Which {
    fn list(self) -> undelete::List {
        undelete::List { address: self.account, collection: self.collection, since_ms: self.since }
    }
}

impl Undelete {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.verb {
            Verb::List { which } => {
                let columns = &["id", "deleted", "what", "kind", "collection", "name", "bytes", "count"];
                tell(&self.shown, Request::UndeleteList(which.list()), columns)
            }
            Verb::Restore { which, numbers, replace, into } => {
                let restore = undelete::Restore { which: which.list(), numbers, replace, into };
                let columns = &["id", "kind", "collection", "name", "state", "as", "password"];
                let answer = ask(&self.shown, Request::UndeleteRestore(restore), columns)?;
                let refused =
                    |line: &&serde_json::Value| line.get("state").is_some_and(|state| state != "restored");
                match answer.as_array().map_or(0, |lines| lines.iter().filter(refused).count()) {
                    0 => Ok(()),
                    count => Err(Failure::new(format!("{count} did not come back"))),
                }
            }
        }
    }
}
