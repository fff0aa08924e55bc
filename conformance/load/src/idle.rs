//! Idle sessions: opened one after another, held until standard input ends, so that memory can be read.

use crate::imap::Imap;
use crate::{Outcome, Target};
use serde_json::json;
use tokio::io::AsyncReadExt;

/// Opens the sessions, says `ready`, and waits.
pub(crate) async fn run(target: &Target, clients: usize) -> Outcome {
    let mut sessions = Vec::new();
    for number in 0..clients {
        let mut imap = Imap::open(target, number).await?;
        imap.ok("SELECT INBOX").await?;
        imap.idle().await?;
        sessions.push(imap);
    }
    println!("ready");
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    Ok(json!({ "sessions": sessions.len() }))
}
