//! `collegium serve`: the server.

use super::Target;
use crate::failure::Failure;
use crate::{logging, server};
use clap::Args;

/// See [`super::Verb::Serve`].
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    target: Target,
}

impl Serve {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.target.load()?;
        logging::start(&config.log);
        let runtime = super::runtime()?;
        let ended = runtime.block_on(server::run(&config, || {}));
        // Sessions that outlived the drain are cut here instead of being waited for.
        runtime.shutdown_background();
        ended
    }
}
