//! `collegium check`: is this configuration good?

use super::Target;
use crate::failure::Failure;
use clap::Args;

/// See [`super::Verb::Check`].
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    target: Target,
}

impl Check {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.target.load()?;
        println!("{}: good, {} listeners", self.target.config.display(), config.listener.len());
        Ok(())
    }
}
