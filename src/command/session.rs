//! `collegium session`: who is logged in.

use super::{Shown, tell};
use crate::admin::Request;
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// See [`super::Verb::Session`].
#[derive(Debug, Args)]
pub(super) struct Session {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the IMAP, POP3 and submission sessions of this moment, with what their clients say of themselves.
    List {
        /// Only those of this account.
        #[arg(long)]
        account: Option<String>,
    },
}

impl Session {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Verb::List { account } = self.verb;
        let columns = &["session", "account", "door", "from", "since", "app_password", "client"];
        tell(&self.shown, Request::SessionList { account }, columns)
    }
}
