//! `collegium tenant`: owners of domains.

use super::{Shown, tell};
use crate::admin::Request;
use crate::failure::Failure;
use clap::{Args, Subcommand};

/// See [`super::Verb::Tenant`].
#[derive(Debug, Args)]
pub(super) struct Tenant {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a tenant.
    Add { name: String },
    /// List tenants.
    List,
}

impl Tenant {
    pub(super) fn run(self) -> Result<(), Failure> {
        let request = match self.verb {
            Verb::Add { name } => Request::TenantAdd { name },
            Verb::List => Request::TenantList {},
        };
        tell(&self.shown, request, &["name", "created"])
    }
}
