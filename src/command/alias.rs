//! `collegium alias`: further addresses of accounts and groups.

use super::{Shown, tell};
use crate::admin::Request;
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// See [`super::Verb::Alias`].
#[derive(Debug, Args)]
pub(super) struct Alias {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Give an account or group one more address.
    Add { alias: String, target: String },
    /// List aliases, of all or of one account or group.
    List { target: Option<String> },
    /// Take an alias away.
    Remove { alias: String },
}

impl Alias {
    pub(super) fn run(self) -> Result<(), Failure> {
        let request = match self.verb {
            Verb::Add { alias, target } => Request::AliasAdd { alias, target },
            Verb::List { target } => Request::AliasList { target },
            Verb::Remove { alias } => Request::AliasRemove { alias },
        };
        tell(&self.shown, request, &["alias", "target"])
    }
}
