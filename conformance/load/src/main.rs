//! Load for the comparison of servers: each subcommand measures one thing on one server and prints one JSON
//! object. `compare.py` starts the servers, interleaves the measurements and prints the table.
//!
//! It knows nothing of Collegium: it speaks IMAP and HTTP to an address.

mod append;
mod crowd;
mod dav;
mod fill;
mod http;
mod idle;
mod imap;
mod logins;
mod mailbox;
mod prose;
mod stats;

use clap::{Args, Parser, Subcommand};
use std::error::Error;
use std::path::PathBuf;

/// What every measurement returns.
pub(crate) type Outcome = Result<serde_json::Value, Box<dyn Error + Send + Sync>>;

/// A measurement of one server.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

/// Where the server is and who asks.
#[derive(Args, Clone)]
pub(crate) struct Target {
    /// Port on loopback.
    #[arg(long)]
    pub(crate) port: u16,
    /// Logins, separated by commas; clients take them in turn.
    #[arg(long)]
    pub(crate) users: String,
    /// Their common password, or one for each, separated by commas.
    #[arg(long)]
    pub(crate) passwords: String,
    /// Speak TLS and trust this CA.
    #[arg(long)]
    pub(crate) ca: Option<PathBuf>,
}

impl Target {
    /// Login and password of the n-th client.
    pub(crate) fn account(&self, number: usize) -> (String, String) {
        let pick = |list: &str| {
            let all: Vec<&str> = list.split(',').collect();
            all.get(number % all.len().max(1)).copied().unwrap_or_default().to_owned()
        };
        (pick(&self.users), pick(&self.passwords))
    }

    /// The number of an account that is not the first, unless there is only one.
    pub(crate) fn other(&self, number: usize) -> usize {
        let accounts = self.users.split(',').count();
        if accounts > 1 { 1 + number % (accounts - 1) } else { 0 }
    }
}

#[derive(Subcommand)]
enum What {
    /// Durable APPENDs a second.
    Append {
        #[command(flatten)]
        target: Target,
        #[arg(long, default_value_t = 64)]
        clients: usize,
        #[arg(long, default_value_t = 30_000)]
        bytes: usize,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Fills a mailbox.
    Fill {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        filling: fill::Filling,
    },
    /// Time of SELECT and of `FETCH 1:* (UID FLAGS)`.
    Flags {
        #[command(flatten)]
        target: Target,
        #[arg(long)]
        mailbox: String,
        #[arg(long, default_value_t = 20)]
        rounds: usize,
    },
    /// Whole messages a second by `FETCH 1:* BODY.PEEK[]`.
    Bodies {
        #[command(flatten)]
        target: Target,
        #[arg(long)]
        mailbox: String,
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Time of `SEARCH TEXT`.
    Search {
        #[command(flatten)]
        target: Target,
        #[arg(long)]
        mailbox: String,
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// STOREs a second by many sessions on one mailbox.
    Store {
        #[command(flatten)]
        target: Target,
        #[arg(long)]
        mailbox: String,
        #[arg(long, default_value_t = 20)]
        clients: usize,
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// LOGIN, SELECT and LOGOUT a second.
    Logins {
        #[command(flatten)]
        target: Target,
        #[arg(long, default_value_t = 16)]
        clients: usize,
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Many idle sessions, and how soon some of them see a delivery.
    Crowd {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        size: crowd::Size,
    },
    /// Opens idle sessions and holds them until standard input ends.
    Idle {
        #[command(flatten)]
        target: Target,
        #[arg(long, default_value_t = 200)]
        clients: usize,
    },
    /// Time of sync-collection with nothing new and of a calendar-query for one month, filling first.
    Dav {
        #[command(flatten)]
        target: Target,
        /// The calendar's path.
        #[arg(long)]
        path: String,
        #[arg(long, default_value_t = 10_000)]
        events: usize,
        #[arg(long, default_value_t = 20)]
        rounds: usize,
        /// Fill by one PUT of a whole calendar, as Radicale takes it: its single PUTs take ten minutes.
        #[arg(long)]
        bulk: bool,
    },
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let outcome = match Arguments::parse().what {
        What::Append { target, clients, bytes, seconds } => {
            append::run(target, clients, bytes, seconds).await
        }
        What::Fill { target, filling } => fill::run(&target, &filling).await,
        What::Flags { target, mailbox, rounds } => mailbox::flags(&target, &mailbox, rounds).await,
        What::Bodies { target, mailbox, rounds } => mailbox::bodies(&target, &mailbox, rounds).await,
        What::Search { target, mailbox, rounds } => mailbox::search(&target, &mailbox, rounds).await,
        What::Store { target, mailbox, clients, seconds } => {
            mailbox::store(&target, &mailbox, clients, seconds).await
        }
        What::Logins { target, clients, seconds } => logins::run(target, clients, seconds).await,
        What::Crowd { target, size } => crowd::run(target, size).await,
        What::Idle { target, clients } => idle::run(&target, clients).await,
        What::Dav { target, path, events, rounds, bulk } => {
            dav::run(&target, &path, &dav::Size { events, rounds, bulk }).await
        }
    };
    match outcome {
        Ok(value) => {
            println!("{value}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
