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
    /// Where the engine's journal is damaged and cannot be restored: go on without what is lost. Only on a
    /// stopped server; each damaged journal is kept beside the new one.
    #[arg(long)]
    mend_journal: bool,
    #[command(flatten)]
    shown: Shown,
}

impl Fsck {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.mend_journal {
            let mended = crate::site::mend_journal(&self.shown.target.load()?)?;
            eprintln!(
                "{} stretches of {} octets were left out, {} groups behind them were kept",
                mended.damage_count, mended.damage_bytes, mended.kept_count
            );
        }
        let answer = ask(&self.shown, Request::Fsck { bytes: self.bytes }, &["account", "fault"])?;
        match answer.as_array().map(Vec::len) {
            Some(0) => Ok(()),
            Some(count) => Err(Failure::new(format!("{count} faults"))),
            None => Err(Failure::new(format!("not an answer: {}", Value::to_string(&answer)))),
        }
    }
}
