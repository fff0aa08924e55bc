//! A stress client for IMAP servers that keeps track (RFC 9051, 7162, 9586): many sessions change shared mailboxes at
//! once; each believes nothing but what it is told. Views and a model are compared when all rest; any difference
//! between two sessions, with the model or with a new session is a failure, and so is a reply that must not come.
//!
//! It knows nothing of Collegium: it speaks to a port. The seed decides what each session does; in which order the
//! server does it, the server decides.

mod deeds;
mod mistake;
mod model;
mod reply;
mod rest;
mod session;
mod view;

use clap::Parser;
use mistake::{Mistake, Mistakes};
use model::Model;
use session::{House, Session};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use stress::client::{Client, Failure, Target};
use stress::dice::Dice;
use tokio::task::JoinSet;

/// Many IMAP sessions on shared mailboxes, checked against each other and a model.
#[derive(Parser)]
struct Arguments {
    /// The port of IMAP over TLS on loopback.
    #[arg(long)]
    port: u16,
    /// The CA of the server's certificate.
    #[arg(long)]
    ca: PathBuf,
    /// Logins, separated by commas; the first owns the mailboxes, which the others are let into.
    #[arg(long)]
    users: String,
    /// Their passwords, separated by commas.
    #[arg(long)]
    passwords: String,
    /// Sessions at once.
    #[arg(long, default_value_t = 20)]
    sessions: usize,
    /// Mailboxes they share.
    #[arg(long, default_value_t = 3)]
    mailboxes: usize,
    /// How long it goes on.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Deeds of each session between two rests.
    #[arg(long, default_value_t = 40)]
    deeds: usize,
    /// What decides what is done.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Overlook something on purpose; the run must fail then.
    #[arg(long)]
    mistake: Option<Mistake>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    println!("seed {}", arguments.seed);
    match run(&arguments).await {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("DISAGREEMENT with seed {}: {failure}", arguments.seed);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<String, Failure> {
    let house = Arc::new(prepare(arguments).await?);
    let mut sessions = Vec::new();
    for number in 0..arguments.sessions {
        let dice = Dice::new(arguments.seed, number as u64);
        sessions.push(Session::open(&house, number, dice, Mistakes::new(arguments.mistake)).await?);
    }
    let ends = Instant::now() + Duration::from_secs(arguments.seconds);
    let mut rounds = 0u64;
    while Instant::now() < ends {
        sessions = round(sessions, arguments.deeds, ends).await?;
        sessions = rest(&house, sessions).await?;
        rounds += 1;
    }
    let model = house.model();
    let messages: usize = model.mailboxes.iter().map(|mailbox| mailbox.messages.len()).sum();
    let gone: usize = model.mailboxes.iter().map(|mailbox| mailbox.gone.len()).sum();
    let (deeds, count) = (model.deeds, arguments.sessions);
    if messages < count || gone == 0 {
        return Err(format!("hardly anything was done: {messages} messages, {gone} of them gone").into());
    }
    Ok(format!(
        "{count} sessions did {deeds} commands in {rounds} rounds on {messages} messages, of which {gone} have gone: \
         all agree"
    ))
}

/// Makes the mailboxes and lets everybody in.
async fn prepare(arguments: &Arguments) -> Result<House, Failure> {
    let users = arguments.users.split(',').map(str::to_owned);
    let accounts: Vec<_> = users.zip(arguments.passwords.split(',').map(str::to_owned)).collect();
    let owner = accounts.first().cloned().ok_or("nobody is to log in")?;
    let target = Target::new(arguments.port, &arguments.ca, accounts)?;
    let names: Vec<String> =
        (0..arguments.mailboxes).map(|number| format!("Stress {} {number}", arguments.seed)).collect();
    let mut client = Client::open(&target, &owner).await?;
    for name in &names {
        client.ok(&format!("CREATE \"{name}\"")).await?;
        for (other, _) in target.accounts.iter().skip(1) {
            client.ok(&format!("SETACL \"{name}\" \"{other}\" lrswitedk")).await?;
        }
    }
    let model = Mutex::new(Model::new(arguments.mailboxes, Mistakes::new(arguments.mistake)));
    Ok(House { target, model, names })
}

/// All sessions at once.
async fn round(sessions: Vec<Session>, deeds: usize, ends: Instant) -> Result<Vec<Session>, Failure> {
    let mut working = JoinSet::new();
    for mut session in sessions {
        working.spawn(async move {
            for _ in 0..deeds {
                if Instant::now() > ends {
                    break;
                }
                let outcome = session.act().await;
                outcome.map_err(|failure| {
                    let text = failure.to_string();
                    if text.starts_with("session ") { failure } else { session.wrong(&text) }
                })?;
            }
            Ok::<_, Failure>(session)
        });
    }
    gather(working).await
}

/// Compares everything with everything.
async fn rest(house: &Arc<House>, sessions: Vec<Session>) -> Result<Vec<Session>, Failure> {
    let mut truths = Vec::new();
    for (mailbox, name) in house.names.iter().enumerate() {
        let truth = rest::truth(house, mailbox).await?;
        if let Some(model) = house.model().mailboxes.get(mailbox) {
            rest::model_agrees(name, model, &truth)?;
        }
        truths.push(truth);
    }
    let truths = Arc::new(truths);
    let mut comparing = JoinSet::new();
    for mut session in sessions {
        let truths = truths.clone();
        comparing.spawn(async move {
            session.compare(&truths).await?;
            Ok::<_, Failure>(session)
        });
    }
    gather(comparing).await
}

/// The sessions in their order, or the first failure.
async fn gather(mut set: JoinSet<Result<Session, Failure>>) -> Result<Vec<Session>, Failure> {
    let mut sessions = Vec::new();
    while let Some(joined) = set.join_next().await {
        sessions.push(joined??);
    }
    sessions.sort_by_key(|session| session.number);
    Ok(sessions)
}
