//! `collegium group`: groups of accounts and groups.

use super::{Shown, tell};
use crate::admin::Request;
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// See [`super::Verb::Group`].
#[derive(Debug, Args)]
pub(super) struct Group {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a group with nobody in it.
    Add {
        address: String,
        /// For people to read.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List groups.
    List,
    /// Show a group and its members.
    Show { address: String },
    /// Put an account or group into a group.
    AddMember { group: String, member: String },
    /// Take an account or group out of a group.
    RemoveMember { group: String, member: String },
    /// Remove a group; its members stay.
    Remove { address: String },
}

impl Group {
    pub(super) fn run(self) -> Result<(), Failure> {
        let request = match self.verb {
            Verb::Add { address, name } => Request::GroupAdd { address, name },
            Verb::List => {
                let columns = &["id", "address", "name", "member_count", "aliases", "disabled"];
                return tell(&self.shown, Request::GroupList {}, columns);
            }
            Verb::Show { address } => Request::GroupShow { address },
            Verb::AddMember { group, member } => Request::GroupAddMember { group, member },
            Verb::RemoveMember { group, member } => Request::GroupRemoveMember { group, member },
            Verb::Remove { address } => Request::GroupRemove { address },
        };
        tell(&self.shown, request, &["id", "address", "name", "aliases", "disabled", "members"])
    }
}
