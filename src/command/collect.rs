//! `collegium collect`: gives the space of removed things back now; the server does so by itself every hour.

use super::{Shown, tell};
use crate::admin::Request;
use crate::failure::Failure;
use clap::Args;

/// See [`super::Verb::Collect`].
#[derive(Debug, Args)]
pub(super) struct Collect {
    #[command(flatten)]
    shown: Shown,
}

impl Collect {
    pub(super) fn run(self) -> Result<(), Failure> {
        let columns = &["forgotten_count", "moved_bytes", "segment_count", "freed_bytes"];
        tell(&self.shown, Request::Collect {}, columns)
    }
}
