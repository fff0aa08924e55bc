//! Collegium: sovereign groupware in one binary.
//!
//! The composition root: configuration, listeners, signals and commands. What the server does is in
//! `protocols/` (the doors) and `storage/` (what they open onto).

mod admin;
mod command;
mod config;
mod descriptors;
mod devices;
mod doors;
mod engines;
mod export;
mod failure;
mod import;
mod indexer;
mod jobs;
mod limits;
mod listener;
mod logging;
mod server;
mod shutdown;
mod site;
mod systemd;
mod tls;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Nobody else shall read what we write, whatever umask we were started with.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    command::Command::parse().run()
}
