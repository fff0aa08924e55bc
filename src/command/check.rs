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
        crate::descriptors::raise();
        if let Some(shortage) = crate::descriptors::shortage(*config.limits.connection_count_max.get_ref()) {
            eprintln!("warning: {shortage}");
        }
        println!("{}: good, {} listeners", self.target.config.display(), config.listener.len());
        Ok(())
    }
}
