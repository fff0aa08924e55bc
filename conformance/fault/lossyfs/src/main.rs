//! A file system that loses what was not synced, for tests.
//!
//! It lives in memory. What programs write is kept apart from what is durable until they sync it; on a power cut the
//! difference is kept, dropped, reordered or torn by seeded dice, every later call fails, and after "heal" programs
//! find what survived. Faults on demand go through the same control socket. Modes and owners are not subject to
//! loss; holes and lost pages read as zeros, never as another file's old bytes.
//!
//! It ends, and unmounts, when its standard input ends: a test that dies leaves no mount behind.

mod content;
mod control;
mod cut;
mod dice;
mod disk;
mod fault;
mod fuse;
mod volume;

use clap::Parser;
use disk::Order;
use fuser::{Config, MountOption, Session, SessionACL};
use std::{
    io::{self, Read, Write},
    os::unix::net::UnixListener,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};
use volume::Volume;

/// A lossy file system for tests.
#[derive(Parser)]
struct Arguments {
    /// Where it is mounted.
    mount: PathBuf,
    /// The control socket to make.
    #[arg(long)]
    control: PathBuf,
    /// Directory operations become durable only with the sync of their directory.
    #[arg(long)]
    strict: bool,
    /// The size of the disk; 0 is no limit.
    #[arg(long, default_value_t = 0)]
    bytes: u64,
    /// Every read is asked for, past the page cache.
    #[arg(long)]
    direct: bool,
}

/// Threads that answer the kernel: a sync that is made slow must not stop the rest.
const THREADS: usize = 8;

fn run(arguments: &Arguments) -> io::Result<()> {
    let order = if arguments.strict { Order::Strict } else { Order::Journal };
    let volume = Arc::new(Volume::new(order, arguments.bytes));
    let listener = UnixListener::bind(&arguments.control)?;
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName("lossyfs".to_owned()),
        MountOption::DefaultPermissions,
        MountOption::NoAtime,
    ];
    config.acl = SessionACL::All;
    config.n_threads = Some(THREADS);
    let mounted = fuse::Mounted { volume: Arc::clone(&volume), direct: arguments.direct };
    let session = Session::new(mounted, &arguments.mount, &config)?.spawn()?;
    let notifier = session.notifier();
    std::thread::spawn(move || control::serve(&listener, &volume, &notifier));
    writeln!(io::stdout(), "ready")?;
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    // At once, even when somebody still has a file open there: the process ends now.
    let detached = rustix::mount::unmount(&arguments.mount, rustix::mount::UnmountFlags::DETACH);
    if detached.is_err() {
        drop(session);
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "lossyfs: {}: {error}", arguments.mount.display());
            ExitCode::FAILURE
        }
    }
}
