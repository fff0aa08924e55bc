//! Durable APPENDs a second with many clients, each into a mailbox of its own.

use crate::imap::{Imap, message};
use crate::{Outcome, Target, stats};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Runs the clients for so many seconds after all have logged in.
pub(crate) async fn run(target: Target, clients: usize, bytes: usize, seconds: u64) -> Outcome {
    let mut ready = Vec::new();
    for number in 0..clients {
        let mut imap = Imap::open(&target, number).await?;
        let mailbox = format!("load-{number}");
        imap.attempt(&format!("CREATE \"{mailbox}\"")).await;
        ready.push((imap, mailbox, number));
    }
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for (imap, mailbox, number) in ready {
        tasks.spawn(client(imap, mailbox, number, bytes, end));
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let elapsed = started.elapsed().as_secs_f64();
    Ok(json!({
        "appends": times.len(),
        "per_second": times.len() as f64 / elapsed,
        "median_ms": stats::at(&times, 0.5),
        "p99_ms": stats::at(&times, 0.99),
    }))
}

type Times = Result<Vec<Duration>, Box<dyn std::error::Error + Send + Sync>>;

async fn client(mut imap: Imap, mailbox: String, number: usize, bytes: usize, end: Instant) -> Times {
    let mut times = Vec::new();
    while Instant::now() < end {
        let octets = message(number * 1_000_000 + times.len(), bytes);
        let start = Instant::now();
        imap.append(&mailbox, &octets).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}
