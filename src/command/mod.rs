//! The commands, one file each.

mod account;
mod alias;
mod backup;
mod check;
mod collect;
mod domain;
mod export;
mod fsck;
mod group;
mod import;
mod migrate_store;
mod output;
mod queue;
mod quickstart;
mod restore;
mod salvage;
mod serve;
mod session;
mod support;
mod tenant;
mod undelete;

use crate::admin::{Administration, Request};
use crate::config::{self, Config};
use crate::failure::Failure;
use clap::{Args, Parser, Subcommand};
use output::Columns;
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the configuration is when nothing else is said.
const CONFIG_DEFAULT: &str = "/etc/collegium/collegium.toml";

/// Sovereign groupware: mail, calendars, tasks, contacts and files over open standards.
#[derive(Debug, Parser)]
#[command(name = "collegium", version, about)]
pub(crate) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve what a configuration says.
    Serve(serve::Serve),
    /// Check a configuration; prints each problem with its line.
    Check(check::Check),
    /// Make a small installation on loopback, with two accounts and a certificate, and serve it.
    Quickstart(quickstart::Quickstart),
    /// Tenants: owners of domains.
    Tenant(tenant::Tenant),
    /// Domains whose addresses are served here.
    Domain(domain::Domain),
    /// Accounts of people, and their passwords.
    Account(account::Account),
    /// Further addresses of accounts and groups.
    Alias(alias::Alias),
    /// Groups of accounts and groups.
    Group(group::Group),
    /// Mail in flight.
    Queue(queue::Queue),
    /// Who is logged in.
    Session(session::Session),
    /// Check that everything stored holds together; repair what is derived.
    Fsck(fsck::Fsck),
    /// Give the space of removed things back now; the server does so by itself every hour.
    Collect(collect::Collect),
    /// Make backups, look at them, prove them, let old ones go.
    Backup(backup::Backup),
    /// Bring back from a backup: everything, an account, a collection, an item.
    Restore(restore::Restore),
    /// What was removed or overwritten lately: list it, bring it back.
    Undelete(undelete::Undelete),
    /// Bring in what other programs have kept: mbox, Maildir, iCalendar, vCard, files.
    Import(import::Import),
    /// Copy everything that is stored into another engine, and compare. The servers of both must be stopped.
    MigrateStore(migrate_store::MigrateStore),
    /// Bring out everything that accounts have, as files that other programs read.
    Export(export::Export),
    /// Bring out what can still be read of a store of which only the segments of bodies are left.
    Salvage(salvage::Salvage),
    /// What this build serves, as tables in Markdown.
    Support(support::Support),
}

impl Command {
    /// Runs it; what went wrong goes to standard error.
    pub(crate) fn run(self) -> ExitCode {
        let done = match self.verb {
            Verb::Serve(serve) => serve.run(),
            Verb::Check(check) => check.run(),
            Verb::Quickstart(quickstart) => quickstart.run(),
            Verb::Tenant(tenant) => tenant.run(),
            Verb::Domain(domain) => domain.run(),
            Verb::Account(account) => account.run(),
            Verb::Alias(alias) => alias.run(),
            Verb::Group(group) => group.run(),
            Verb::Queue(queue) => queue.run(),
            Verb::Session(session) => session.run(),
            Verb::Fsck(fsck) => fsck.run(),
            Verb::Collect(collect) => collect.run(),
            Verb::Backup(backup) => backup.run(),
            Verb::Restore(restore) => restore.run(),
            Verb::Undelete(undelete) => undelete.run(),
            Verb::Import(import) => import.run(),
            Verb::MigrateStore(migrate) => migrate.run(),
            Verb::Export(export) => export.run(),
            Verb::Salvage(salvage) => salvage.run(),
            Verb::Support(support) => support.run(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("{failure}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Which installation a command is about.
#[derive(Debug, Args)]
struct Target {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
}

impl Target {
    /// Reads the configuration.
    fn load(&self) -> Result<Config, Failure> {
        config::load(&self.config).map_err(|problems| Failure::new(config::report(&self.config, &problems)))
    }
}

/// Options of commands that show something.
#[derive(Debug, Args)]
struct Shown {
    #[command(flatten)]
    target: Target,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// Has one request done and prints the answer.
fn tell(shown: &Shown, request: Request, columns: Columns) -> Result<(), Failure> {
    ask(shown, request, columns).map(drop)
}

/// As [`tell`], for commands that look at the answer too.
fn ask(shown: &Shown, request: Request, columns: Columns) -> Result<Value, Failure> {
    let config = shown.target.load()?;
    // A command's own log is for faults; what it has to say goes to standard output.
    crate::logging::start_for_command();
    let answer = runtime()?.block_on(async {
        let mut administration = Administration::open(&config).await?;
        let answer = administration.call(request).await;
        administration.close().await;
        answer.map_err(Failure::from)
    })?;
    output::print(&answer, columns, shown.json)?;
    Ok(answer)
}

/// The runtime of every command.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|cause| Failure::of("runtime", cause))
}

/// The password on the first line of standard input.
fn password_from_stdin() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|cause| Failure::of("standard input", cause))?;
    let password = line.trim_end_matches(['\n', '\r']).to_owned();
    if password.is_empty() { Err(Failure::new("no password on standard input")) } else { Ok(password) }
}

/// A moment as `2026-05-31T12:00:00Z`, or `2026-05-31` for its beginning in UTC: milliseconds since 1970.
fn time(text: &str) -> Result<i64, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let parsed: Result<jiff::Timestamp, _> = whole.parse();
    parsed.map(|time| time.as_millisecond()).map_err(|_| "not a time, as 2026-05-31T12:00:00Z".to_owned())
}

/// `500M`, `2G`, `1024`: octets, with powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim().trim_end_matches(['B', 'b']).trim_end_matches(['i', 'I']);
    let (digits, factor) = match text.chars().last() {
        Some('k' | 'K') => (text.get(..text.len() - 1), 1 << 10),
        Some('m' | 'M') => (text.get(..text.len() - 1), 1 << 20),
        Some('g' | 'G') => (text.get(..text.len() - 1), 1 << 30),
        Some('t' | 'T') => (text.get(..text.len() - 1), 1_u64 << 40),
        _ => (Some(text), 1),
    };
    let number: Option<u64> = digits.and_then(|digits| digits.trim().parse().ok());
    number.and_then(|number| number.checked_mul(factor)).ok_or_else(|| "not a size, as 500M or 2G".to_owned())
}

#[cfg(test)]
mod tests;
