//! `collegium domain`: domains whose addresses are served here.

use super::{Shown, tell};
use crate::admin::Request;
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// See [`super::Verb::Domain`].
#[derive(Debug, Args)]
pub(super) struct Domain {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a domain.
    Add {
        name: String,
        /// Whose it is; the tenant `default` when not said.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// List domains.
    List,
    /// Remove a domain that no address uses.
    Remove { name: String },
}

impl Domain {
    pub(super) fn run(self) -> Result<(), Failure> {
        let request = match self.verb {
            Verb::Add { name, tenant } => Request::DomainAdd { name, tenant },
            Verb::List => Request::DomainList {},
            Verb::Remove { name } => Request::DomainRemove { name },
        };
        tell(&self.shown, request, &["name", "tenant", "created"])
    }
}
