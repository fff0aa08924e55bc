//! What the sessions of an account say and hear, taken down on demand for a while, to find out what a client does.
//!
//! *Invariant:* no octet of a literal, and so of no message, is ever written; nor what a door does not hand over:
//! doors hand over nothing before the login, and of commands that could carry a password only their names.

use crate::limits::{TRACE_BYTES_MAX, TRACE_LINE_BYTES_MAX};
use crate::sessions::Present;
use model::AccountId;
use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The traces that are taken down at this moment.
#[derive(Debug, Default)]
pub struct Traces {
    folder: PathBuf,
    running: Mutex<HashMap<AccountId, Arc<Trace>>>,
    /// How many run: looked at by every command.
    count: AtomicUsize,
}

#[derive(Debug)]
struct Trace {
    began: Instant,
    until: Instant,
    ended: AtomicBool,
    file: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    /// `None` when it is full.
    file: Option<File>,
    bytes: u64,
}

impl Traces {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Where an account's trace is written.
    #[must_use]
    pub fn path(&self, account: AccountId) -> PathBuf {
        self.folder.join(format!("{account}.log"))
    }

    /// Begins a trace of an account over an earlier one; or ends it, where the time is zero.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn begin(&self, account: AccountId, time: Duration) -> io::Result<()> {
        let trace = if time.is_zero() { None } else { Some(Trace::create(&self.path(account), time)?) };
        let mut running = self.running();
        let former = match trace {
            Some(trace) => running.insert(account, Arc::new(trace)),
            None => running.remove(&account),
        };
        if let Some(former) = former {
            former.ended.store(true, Ordering::Release);
        }
        self.count.store(running.len(), Ordering::Release);
        Ok(())
    }

    pub(crate) fn tracer(&self, account: AccountId, session: u64) -> Option<Tracer> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut running = self.running();
        running.retain(|_, trace| !trace.is_over());
        self.count.store(running.len(), Ordering::Release);
        let trace = running.get(&account)?.clone();
        Some(Tracer { trace, session, said: Elider::default() })
    }

    fn running(&self) -> MutexGuard<'_, HashMap<AccountId, Arc<Trace>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trace {
    fn create(path: &Path, time: Duration) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let began = Instant::now();
        let file = Mutex::new(Written { file: Some(file), bytes: 0 });
        Ok(Self { began, until: began + time, ended: AtomicBool::new(false), file })
    }

    fn is_over(&self) -> bool {
        self.ended.load(Ordering::Acquire) || Instant::now() >= self.until
    }

    /// Writes a line; a file that cannot be written to is as good as full.
    fn write(&self, session: u64, who: char, line: &[u8]) {
        let shown = line.get(..TRACE_LINE_BYTES_MAX).unwrap_or(line);
        let cut = if shown.len() < line.len() { " ..." } else { "" };
        let time = self.began.elapsed().as_secs_f64();
        let text = format!("{time:9.3} {session} {who}: {}{cut}\n", String::from_utf8_lossy(shown));
        let mut written = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let full = written.bytes.saturating_add(text.len() as u64) > TRACE_BYTES_MAX;
        let Some(file) = &mut written.file else { return };
        if full {
            let _ = file.write_all(b"full\n");
        }
        if full || file.write_all(text.as_bytes()).is_err() {
            written.file = None;
            return;
        }
        written.bytes += text.len() as u64;
    }
}

/// Takes down one session.
#[derive(Debug)]
pub struct Tracer {
    trace: Arc<Trace>,
    session: u64,
    said: Elider,
}

impl Tracer {
    /// Whether the time is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.trace.is_over()
    }

    /// A whole command, its literals inside.
    pub fn heard(&mut self, command: &[u8]) {
        let mut elider = Elider::default();
        elider.push(command, |line| self.trace.write(self.session, 'C', line));
    }

    /// The next octets of the server, cut anywhere.
    pub fn said(&mut self, octets: &[u8]) {
        let Self { trace, session, said } = self;
        if trace.is_over() {
            return;
        }
        said.push(octets, |line| trace.write(*session, 'S', line));
    }
}

/// The trace of a session in a protocol of lines (POP3, submission), which says itself what of a line may be known.
#[derive(Debug, Default)]
pub struct LineTrace(Option<Box<Tracer>>);

impl LineTrace {
    /// A command of a session that has logged in, if its account is traced at this moment.
    pub fn heard(&mut self, present: &Present, line: impl FnOnce() -> String) {
        if self.0.as_ref().is_none_or(|tracer| tracer.is_over()) {
            self.0 = present.tracer().map(Box::new);
        }
        if let Some(tracer) = &self.0 {
            tracer.trace.write(tracer.session, 'C', line().as_bytes());
        }
    }

    /// Whole lines of the server.
    pub fn said(&self, octets: &[u8]) {
        let Some(tracer) = self.0.as_ref().filter(|tracer| !tracer.is_over()) else { return };
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            tracer.trace.write(tracer.session, 'S', line.trim_ascii_end());
        }
    }
}

/// Lines without their literals.
#[derive(Debug, Default)]
struct Elider {
    line: Vec<u8>,
    /// Octets of a literal that are still to come.
    skip: u64,
}

/// So much of the end of a long line is kept: it says whether a literal follows.
const TAIL_BYTES: usize = 32;

impl Elider {
    fn push(&mut self, octets: &[u8], mut told: impl FnMut(&[u8])) {
        let mut rest = octets;
        while !rest.is_empty() {
            if self.skip > 0 {
                let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(rest.len());
                self.skip -= skipped as u64;
                rest = rest.get(skipped..).unwrap_or_default();
                continue;
            }
            let length = rest.iter().position(|&octet| octet == b'\n').map_or(rest.len(), |at| at + 1);
            let (piece, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = behind;
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let line = line.trim_ascii_end();
                self.skip = literal(line).unwrap_or(0);
                told(&without_previews(line));
            } else if self.line.len() > TRACE_LINE_BYTES_MAX + 2 * TAIL_BYTES {
                let end = self.line.len() - TAIL_BYTES;
                self.line.drain(TRACE_LINE_BYTES_MAX + 1..end);
            }
        }
    }
}

/// The size of the literal that a line announces at its end: `{5}`, `{5+}`, `~{5}`.
fn literal(line: &[u8]) -> Option<u64> {
    let inside = line.strip_suffix(b"}")?;
    let inside = inside.strip_suffix(b"+").or_else(|| inside.strip_suffix(b"-")).unwrap_or(inside);
    let start = inside.iter().rposition(|&octet| octet == b'{')?;
    let digits = inside.get(start + 1..)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A line without what PREVIEW (RFC 8970) quotes of messages.
fn without_previews(line: &[u8]) -> Vec<u8> {
    const WORD: &[u8] = b"PREVIEW \"";
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.windows(WORD.len()).position(|window| window.eq_ignore_ascii_case(WORD)) {
        let (before, behind) = rest.split_at_checked(at + WORD.len()).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let mut hidden = false;
        let end = behind.iter().position(|&octet| {
            let ends = octet == b'"' && !hidden;
            hidden = octet == b'\\' && !hidden;
            ends
        });
        rest = behind.get(end.unwrap_or(behind.len())..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests;
