//! What a client does first with a known mailbox: the flags of everything.

use crate::imap::{Imap, message};
use crate::{Outcome, Target, stats};
use serde_json::json;
use std::time::Instant;

/// Fills a mailbox once, then fetches all flags in so many rounds.
pub(crate) async fn run(target: &Target, messages: usize, rounds: usize) -> Outcome {
    let mut imap = Imap::open(target, 0).await?;
    let mailbox = format!("flags-{messages}");
    if imap.ok(&format!("CREATE \"{mailbox}\"")).await.is_ok() {
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..16 {
            let (target, mailbox) = (target.clone(), mailbox.clone());
            tasks.spawn(async move {
                let mut imap = Imap::open(&target, 0).await?;
                for number in (worker..messages).step_by(16) {
                    imap.append(&mailbox, &message(number, 1000)).await?;
                }
                Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
    }
    let mut times = Vec::new();
    let mut opened = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        imap.ok(&format!("SELECT \"{mailbox}\"")).await?;
        opened.push(start.elapsed());
        let start = Instant::now();
        let lines = imap.ok("FETCH 1:* (UID FLAGS)").await?;
        times.push(start.elapsed());
        if lines < messages {
            return Err(format!("{lines} lines for {messages} messages").into());
        }
    }
    Ok(json!({ "fetch_ms": stats::at(&times, 0.5), "select_ms": stats::at(&opened, 0.5) }))
}
