//! `collegium fsck`: does everything that is stored hold together? Changes nothing.

use super::{Shown, ask};
use crate::admin::Request;
use crate::failure::Failure;
use clap::Args;
use serde_json::Value;

/// See [`super::Verb::Fsck`].
#[derive(Debug, Args)]
pub(super) struct Fsck {
    /// Read the octets of everything too, which takes long.
    #[arg(long)]
    bytes: bool,
    #[command(flatten)]
    shown: Shown,
}

impl Fsck {
    pub(super) fn run(self) -> Result<(), Failure> {
        let answer = ask(&self.shown, Request::Fsck { bytes: self.bytes }, &["account", "fault"])?;
        match answer.as_array().map(Vec::len) {
            Some(0) => Ok(()),
            Some(count) => Err(Failure::new(format!("{count} faults"))),
            None => Err(Failure::new(format!("not an answer: {}", Value::to_string(&answer)))),
        }
    }
}
