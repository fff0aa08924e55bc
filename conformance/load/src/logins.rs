//! What a phone does every few minutes: LOGIN, SELECT, LOGOUT.

use crate::imap::Imap;
use crate::{Outcome, Target, stats};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// So many clients, each on its own account as far as there are accounts, for so many seconds.
pub(crate) async fn run(target: Target, clients: usize, seconds: u64) -> Outcome {
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for number in 0..clients {
        let target = target.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let start = Instant::now();
                let mut imap = Imap::open(&target, number).await?;
                imap.ok("SELECT INBOX").await?;
                imap.ok("LOGOUT").await?;
                times.push(start.elapsed());
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let elapsed = started.elapsed().as_secs_f64();
    Ok(json!({ "per_second": times.len() as f64 / elapsed, "p99_ms": stats::at(&times, 0.99) }))
}
