//! Fills a mailbox, many messages to an APPEND (RFC 3502), so that a server that syncs once a command is not waited
//! for a hundred thousand times.

use crate::imap::Imap;
use crate::prose::prose;
use crate::{Outcome, Target};
use serde_json::json;
use std::time::Instant;

/// Messages of one APPEND.
const AT_ONCE: usize = 500;

/// What is put where.
#[derive(clap::Args, Clone)]
pub(crate) struct Filling {
    /// The mailbox; one that is there already is left as it is.
    #[arg(long)]
    pub(crate) mailbox: String,
    #[arg(long, default_value_t = 10_000)]
    pub(crate) messages: usize,
    /// Octets of a message, about.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) bytes: usize,
}

/// Creates the mailbox and fills it.
pub(crate) async fn run(target: &Target, filling: &Filling) -> Outcome {
    let mut imap = Imap::open(target, 0).await?;
    let begun = Instant::now();
    let made = imap.ok(&format!("CREATE \"{}\"", filling.mailbox)).await.is_ok();
    if made {
        for first in (0..filling.messages).step_by(AT_ONCE) {
            let numbers = first..filling.messages.min(first + AT_ONCE);
            let messages: Vec<_> = numbers.map(|number| prose(number, filling.bytes)).collect();
            imap.append_all(&filling.mailbox, &messages).await?;
        }
    }
    Ok(json!({ "made": made, "seconds": begun.elapsed().as_secs_f64() }))
}
