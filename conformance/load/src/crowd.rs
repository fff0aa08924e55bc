//! A crowd of idle sessions, and how soon some of them see a delivery.
//!
//! The first `watchers` sessions wait in the inbox of the first account, the others in those of the accounts behind
//! it. Twice it says `ready` and waits for a line on standard input, so that memory can be read: when `few` sessions
//! are there and when all are.

use crate::imap::{Imap, message};
use crate::{Outcome, Target, stats};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How many sessions are opened at a time.
const OPENING_COUNT: usize = 32;
/// A delivery that was not seen by then is not seen at all.
const SEEN_SECONDS: u64 = 60;

/// How large the crowd is.
#[derive(clap::Args, Clone)]
pub(crate) struct Size {
    /// All sessions.
    #[arg(long, default_value_t = 15_000)]
    pub(crate) clients: usize,
    /// Those at the first stop.
    #[arg(long, default_value_t = 1_500)]
    pub(crate) few: usize,
    /// Those that wait for the deliveries.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) watchers: usize,
    /// Deliveries.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Opens them, stops twice, then delivers.
pub(crate) async fn run(target: Target, size: Size) -> Outcome {
    let target = Arc::new(target);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let begun = Instant::now();
    let mut sessions = open(&target, 0..size.few, size.watchers).await?;
    println!("ready");
    lines.next_line().await?;
    sessions.extend(open(&target, size.few..size.clients, size.watchers).await?);
    let opened = begun.elapsed().as_secs_f64();
    println!("ready");
    lines.next_line().await?;

    let (told, mut seen) = mpsc::unbounded_channel();
    let mut others = Vec::new();
    let mut watching = JoinSet::new();
    for (number, session) in sessions {
        if number < size.watchers {
            watching.spawn(watch(session, size.rounds, told.clone()));
        } else {
            others.push(session);
        }
    }
    let mut sender = Imap::open(&target, 0).await?;
    let (mut last, mut all) = (Vec::new(), Vec::new());
    for round in 0..size.rounds {
        let start = Instant::now();
        sender.append("INBOX", &message(round, 2_000)).await?;
        let mut times = Vec::new();
        while times.len() < size.watchers {
            let next = tokio::time::timeout(Duration::from_secs(SEEN_SECONDS), seen.recv()).await;
            let at: Instant =
                next.map_err(|_| "some sessions never saw the delivery")?.ok_or("watchers ended")?;
            times.push(at.saturating_duration_since(start));
        }
        last.extend(times.iter().max());
        all.extend(times);
    }
    while let Some(done) = watching.join_next().await {
        done??;
    }
    let mut disturbed = 0;
    for session in &mut others {
        disturbed += usize::from(session.has_more().await);
    }
    Ok(json!({
        "sessions": size.clients,
        "open_seconds": opened,
        "seen_ms": stats::at(&all, 0.5),
        "last_ms": stats::at(&last, 0.5),
        "worst_ms": stats::at(&last, 1.0),
        "disturbed": disturbed,
    }))
}

type Sessions = Vec<(usize, Imap)>;

async fn open(
    target: &Arc<Target>,
    numbers: std::ops::Range<usize>,
    watchers: usize,
) -> Result<Sessions, Failure> {
    let mut tasks = JoinSet::new();
    for lane in 0..OPENING_COUNT {
        let (target, numbers) = (target.clone(), numbers.clone());
        tasks.spawn(async move {
            let mut sessions = Vec::new();
            for number in numbers.skip(lane).step_by(OPENING_COUNT) {
                let account = if number < watchers { 0 } else { target.other(number) };
                let mut imap = Imap::open(&target, account).await?;
                imap.ok("SELECT INBOX").await?;
                imap.idle().await?;
                sessions.push((number, imap));
            }
            Ok::<_, Failure>(sessions)
        });
    }
    let mut sessions = Vec::new();
    while let Some(done) = tasks.join_next().await {
        sessions.extend(done??);
    }
    Ok(sessions)
}

/// Tells when the mailbox grew, so many times.
async fn watch(
    mut session: Imap,
    rounds: usize,
    told: mpsc::UnboundedSender<Instant>,
) -> Result<(), Failure> {
    for _ in 0..rounds {
        while !session.line().await?.ends_with(" EXISTS") {}
        told.send(Instant::now())?;
    }
    Ok(())
}
