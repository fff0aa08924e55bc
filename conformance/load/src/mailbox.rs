//! What is asked of one large mailbox that was filled before: whole bodies, all flags, words in the text, and flags
//! set by many sessions at once.

use crate::imap::Imap;
use crate::prose::word;
use crate::{Outcome, Target, stats};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn selected(target: &Target, mailbox: &str) -> Result<Imap, Failure> {
    let mut imap = Imap::open(target, 0).await?;
    imap.ok(&format!("SELECT \"{mailbox}\"")).await?;
    Ok(imap)
}

/// `FETCH 1:* BODY.PEEK[]`: messages a second.
pub(crate) async fn bodies(target: &Target, mailbox: &str, rounds: usize) -> Outcome {
    let mut imap = selected(target, mailbox).await?;
    let mut rates = Vec::new();
    let mut messages = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        messages = imap.ok("FETCH 1:* (BODY.PEEK[])").await?;
        rates.push(start.elapsed());
    }
    let median = stats::at(&rates, 0.5) / 1_000.0;
    Ok(json!({ "messages": messages, "per_second": messages as f64 / median }))
}

/// SELECTs for each FETCH: they are short.
const SELECTS: usize = 5;

/// Time of a SELECT in a session of its own, and of `FETCH 1:* (UID FLAGS)`.
pub(crate) async fn flags(target: &Target, mailbox: &str, rounds: usize) -> Outcome {
    let (mut opened, mut fetched) = (Vec::new(), Vec::new());
    for _ in 0..rounds * SELECTS {
        let mut imap = Imap::open(target, 0).await?;
        let start = Instant::now();
        imap.ok(&format!("SELECT \"{mailbox}\"")).await?;
        opened.push(start.elapsed());
        imap.attempt("LOGOUT").await;
    }
    let mut messages = 0;
    let mut imap = selected(target, mailbox).await?;
    for _ in 0..rounds {
        let start = Instant::now();
        messages = imap.ok("FETCH 1:* (UID FLAGS)").await?;
        fetched.push(start.elapsed());
    }
    let first = opened.first().map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    Ok(json!({
        "messages": messages,
        "fetch_ms": stats::at(&fetched, 0.5),
        "select_ms": stats::at(&opened, 0.5),
        "first_select_ms": first,
    }))
}

/// `SEARCH TEXT` for frequent words, rare ones, parts of words, and what is nowhere.
pub(crate) async fn search(target: &Target, mailbox: &str, rounds: usize) -> Outcome {
    let mut imap = selected(target, mailbox).await?;
    let mut times = Vec::new();
    let mut found = Vec::new();
    for round in 0..rounds {
        for wanted in
            [word(300 + round as u64), word(15_000 + round as u64), "gudif".into(), "nowhere".into()]
        {
            let start = Instant::now();
            let hits = imap.search(&format!("SEARCH TEXT \"{wanted}\"")).await?;
            times.push(start.elapsed());
            found.push(hits);
        }
    }
    Ok(json!({ "search_ms": stats::at(&times, 0.5), "worst_ms": stats::at(&times, 1.0), "found": found }))
}

/// STOREs of one message each, a second, by many sessions on the same mailbox.
pub(crate) async fn store(target: &Target, mailbox: &str, clients: usize, seconds: u64) -> Outcome {
    let mut ready = Vec::new();
    let mut messages = 1;
    for _ in 0..clients {
        let mut imap = selected(target, mailbox).await?;
        messages = imap.search("SEARCH ALL").await?.max(1);
        ready.push(imap);
    }
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for (client, mut imap) in ready.into_iter().enumerate() {
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let turn = times.len();
                let sign = if turn.is_multiple_of(2) { '+' } else { '-' };
                let number = 1 + (client * 97 + turn / 2 * 31) % messages;
                let start = Instant::now();
                imap.ok(&format!("STORE {number} {sign}FLAGS (\\Flagged)")).await?;
                times.push(start.elapsed());
            }
            Ok::<_, Failure>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let elapsed = started.elapsed().as_secs_f64();
    Ok(json!({ "per_second": times.len() as f64 / elapsed, "p99_ms": stats::at(&times, 0.99) }))
}
