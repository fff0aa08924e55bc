//! `flood`: a thousand malformed logins a second beside twenty good ones, over TLS. Fails where a good login fails or
//! waits too long, or where the flood could not be made.

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use stress::client::{Client, Failure, Target};
use stress::dice::Dice;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Malformed logins beside good ones.
#[derive(Parser)]
struct Arguments {
    /// The port of IMAP over TLS on loopback.
    #[arg(long)]
    port: u16,
    /// The CA of the server's certificate.
    #[arg(long)]
    ca: PathBuf,
    /// Who logs in well.
    #[arg(long)]
    user: String,
    /// Their password.
    #[arg(long)]
    password: String,
    /// Malformed logins a second.
    #[arg(long, default_value_t = 1_000)]
    bad: u64,
    /// Good logins a second.
    #[arg(long, default_value_t = 20)]
    good: u64,
    /// How long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// What decides what is malformed.
    #[arg(long, default_value_t = 14)]
    seed: u64,
}

/// Malformed logins on one connection; the server ends it at the third.
const BAD_AT_ONCE: u64 = 3;
/// A good login that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("flood: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<String, Failure> {
    let account = (arguments.user, arguments.password);
    let target = Arc::new(Target::new(arguments.port, &arguments.ca, vec![account.clone()])?);
    // Whoever has logged in before is known without a hash; so are the good ones.
    drop(Client::open(&target, &account).await?);
    let sent = Arc::new(AtomicU64::new(0));
    let lasting = Duration::from_secs(arguments.seconds);
    let (begun, ends) = (Instant::now(), Instant::now() + lasting);
    let flood = tokio::spawn(flood(target.clone(), sent.clone(), (arguments.seed, arguments.bad), ends));
    let mut good = JoinSet::new();
    let mut ticks = every(arguments.good);
    while Instant::now() < ends {
        ticks.tick().await;
        let (target, account) = (target.clone(), account.clone());
        good.spawn(async move {
            let start = Instant::now();
            match timeout(PATIENCE, Client::open(&target, &account)).await {
                Ok(Ok(_)) => Ok(start.elapsed()),
                Ok(Err(failure)) => Err(failure.to_string()),
                Err(_) => Err(format!("no login within {PATIENCE:?}")),
            }
        });
    }
    let mut times = Vec::new();
    let mut lost = Vec::new();
    while let Some(outcome) = good.join_next().await {
        match outcome? {
            Ok(time) => times.push(time),
            Err(failure) => lost.push(failure),
        }
    }
    flood.await?;
    times.sort();
    let rate = sent.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    let at = |hundredth: usize| {
        times.get(times.len().saturating_sub(1) * hundredth / 100).copied().unwrap_or_default()
    };
    let told = format!(
        "{rate:.0} malformed logins a second; {} good ones, {} lost, p50 {:?}, p99 {:?}",
        times.len(),
        lost.len(),
        at(50),
        at(99)
    );
    match lost.first() {
        Some(first) => Err(format!("{told}: {first}").into()),
        // A machine that cannot make the flood has proved nothing.
        None if rate < arguments.bad as f64 / 2.0 => Err(format!("{told}: too few").into()),
        None => Ok(told),
    }
}

fn every(times_a_second: u64) -> tokio::time::Interval {
    let mut ticks =
        interval(Duration::from_secs(1) / u32::try_from(times_a_second.max(1)).unwrap_or(u32::MAX));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}

async fn flood(target: Arc<Target>, sent: Arc<AtomicU64>, (seed, rate): (u64, u64), ends: Instant) {
    let mut attacks = JoinSet::new();
    let mut ticks = every(rate / BAD_AT_ONCE);
    let mut number = 0;
    while Instant::now() < ends {
        ticks.tick().await;
        number += 1;
        let (target, sent, dice) = (target.clone(), sent.clone(), Dice::new(seed, number));
        attacks.spawn(async move {
            let count = timeout(PATIENCE, attack(&target, dice)).await;
            sent.fetch_add(count.map_or(0, |count| count.unwrap_or(0)), Ordering::Relaxed);
        });
        // What has ended is let go of.
        while attacks.try_join_next().is_some() {}
    }
    attacks.shutdown().await;
}

/// One connection with malformed logins in one segment; their number once it was closed or answered.
async fn attack(target: &Target, mut dice: Dice) -> Result<u64, Failure> {
    let mut client = Client::connect(target).await?;
    let mut octets = Vec::new();
    for _ in 0..BAD_AT_ONCE {
        octets.extend_from_slice(&malformed(&mut dice));
    }
    client.send(&octets).await?;
    // Answered, closed or said not to be IMAP: all the same to an attacker.
    drop(client.hears_within(PATIENCE).await);
    Ok(BAD_AT_ONCE)
}

/// A login that is none: wrong Base64, wrong messages of every mechanism, wrong grammar.
fn malformed(dice: &mut Dice) -> Vec<u8> {
    const MECHANISMS: [&str; 7] =
        ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "OAUTHBEARER", "EXTERNAL", "X"];
    const RESPONSES: [&str; 10] = [
        "====",
        "=",
        "*",
        "AA",
        "AAAA",
        "biwsbj1hLHI9",
        "bixhPWEsbj1hLHI9eA==",
        "cD10bHMtZXhwb3J0ZXIsLG49YSxyPXg=",
        "//8=",
        "!",
    ];
    let mechanism = dice.pick(&MECHANISMS).copied().unwrap_or("PLAIN");
    let response = dice.pick(&RESPONSES).copied().unwrap_or("=");
    match dice.below(7) {
        0 => format!("a AUTHENTICATE {mechanism} {response}\r\n").into_bytes(),
        1 => format!("a AUTHENTICATE {mechanism}\r\n{response}\r\n").into_bytes(),
        2 => format!("a AUTHENTICATE {mechanism} {}\r\n", "A".repeat(dice.below(9_000))).into_bytes(),
        3 => format!("a LOGIN {response}\r\n").into_bytes(),
        4 => b"a LOGIN \"\xff\0\" {3+}\r\n\0\xc3(\r\n".to_vec(),
        5 => format!("a AUTHENTICATE\r\na AUTHENTICATE {mechanism} {response} {response}\r\n").into_bytes(),
        _ => {
            (0..dice.below(40)).map(|_| u8::try_from(dice.below(256)).unwrap_or(0)).chain(*b"\r\n").collect()
        }
    }
}
