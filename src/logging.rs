//! Log lines to standard error, as text or JSON, and a hook that counts and logs panics.

use crate::config::{Log, LogFormat};
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use tracing_subscriber::EnvFilter;

/// Panics since the start; anything but 0 is a fault of ours.
static PANIC_COUNT: AtomicU64 = AtomicU64::new(0);

/// Starts logging; `RUST_LOG` wins over the configuration.
pub(crate) fn start(log: &Log) {
    let configured = || EnvFilter::try_new(log.filter.get_ref()).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| configured());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Quiet);
    // It would be told on standard error, which is what has failed.
    let builder = builder.log_internal_errors(false);
    let started = match log.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(cause) = started {
        eprintln!("logging has started already: {cause}");
    }
    count_panics();
}

/// Standard error; a log that cannot be written (a full disk below it, a reader that went) ends nothing.
struct Quiet;

impl Write for Quiet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// For commands other than the server: what goes wrong inside, nothing else.
pub(crate) fn start_for_command() {
    start(&Log { format: LogFormat::Text, filter: toml::Spanned::new(0..0, "error".to_owned()) });
}

/// One session's panic ends that session; it is logged as a line of its own and counted.
fn count_panics() {
    std::panic::set_hook(Box::new(|info| {
        let count = PANIC_COUNT.fetch_add(1, Ordering::Relaxed) + 1;
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        // The payload may hold what a client sent: only our own literals are shown.
        let text = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(formatted)");
        tracing::error!(count, place, text, "panic");
    }));
}

/// Panics since the start.
pub(crate) fn panic_count() -> u64 {
    PANIC_COUNT.load(Ordering::Relaxed)
}
