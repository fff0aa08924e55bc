//! `collegium serve`: the server.

use super::Target;
use crate::engines::Despite;
use crate::failure::Failure;
use crate::{logging, server};
use clap::Args;

/// See [`super::Verb::Serve`].
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    target: Target,
    /// Open a store of which acknowledged changes are missing (an engine and segments that do not belong together),
    /// and go on without them. Only where there is nothing newer to restore.
    #[arg(long)]
    accept_loss: bool,
}

impl Serve {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.target.load()?;
        let despite = Despite { loss: self.accept_loss, ..Despite::default() };
        logging::start(&config.log);
        let runtime = super::runtime()?;
        let ended = runtime.block_on(server::run(&config, despite, || {}));
        // Sessions that outlived the drain are cut here instead of being waited for.
        runtime.shutdown_background();
        ended
    }
}
