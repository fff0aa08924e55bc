//! A stream that looks at what comes in: when a head begins, and whether it is one that two parsers could read in two
//! ways. That its peer takes what it is sent is watched over below TLS ([`sasl::pace`]).
//!
//! The URI parser drops a fragment from the request target (RFC 9112 3.2 has none there), so `DELETE /a/#b`
//! would remove all of `/a/`. And hyper drops `Content-Length` where `Transfer-Encoding` stands beside it, so a request that carries both
//! (RFC 9112 6.1: an attempt at smuggling) cannot be told from an honest one afterwards. The octets are looked
//! at here on their way in. The scan does not know where heads begin, so a body that quotes such a head also
//! raises the sign; it only counts against a later request of that connection that is itself chunked.

use std::io::{self, BufRead as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The most octets of a line that are looked at.
const LINE_BYTES_MAX: usize = crate::limits::TARGET_BYTES_MAX + 64;
/// What a connection keeps for its next line.
const LINE_ROOM_BYTES: usize = 128;
/// The most targets with fragments that are remembered: pipelined requests that were not served yet.
const FRAGMENT_COUNT_MAX: usize = 8;

/// What was noticed on a connection.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    ambiguous: AtomicBool,
    fragments: Mutex<Vec<String>>,
    /// When the first octet came since a head is waited for.
    heard: Mutex<Option<Instant>>,
}

impl Signs {
    /// Whether a head with two lengths was seen.
    pub(crate) fn ambiguous(&self) -> bool {
        self.ambiguous.load(Ordering::Relaxed)
    }

    /// Whether a request line had this target and a fragment behind it; forgets it.
    pub(crate) fn had_fragment(&self, target: &str) -> bool {
        let mut fragments = self.fragments.lock().unwrap_or_else(PoisonError::into_inner);
        let before = fragments.len();
        fragments.retain(|fragment| fragment != target);
        fragments.len() < before
    }

    /// From now on the next head is waited for.
    pub(crate) fn await_head(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Since when the head that is waited for has begun.
    pub(crate) fn heard(&self) -> Option<Instant> {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_octets(&self) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    }

    fn note_fragment(&self, target: &str) {
        // RFC 9112 3.2.2: a whole URI means its path.
        let target = match target.split_once("://") {
            Some((_, rest)) if !target.starts_with('/') => {
                rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
            }
            _ => target,
        };
        let mut fragments = self.fragments.lock().unwrap_or_else(PoisonError::into_inner);
        if fragments.len() >= FRAGMENT_COUNT_MAX {
            fragments.remove(0);
        }
        fragments.push(target.to_owned());
    }
}

/// The stream with its guards.
pub(crate) struct Guarded<S> {
    stream: S,
    scan: Scan,
    signs: Arc<Signs>,
}

impl<S> Guarded<S> {
    /// The guarded stream, and what it notices.
    pub(crate) fn new(stream: S) -> (Self, Arc<Signs>) {
        let signs = Arc::new(Signs::default());
        (Self { stream, scan: Scan::default(), signs: signs.clone() }, signs)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        let this = &mut *self;
        if !fresh.is_empty() {
            this.signs.note_octets();
        }
        this.scan.take(fresh, &this.signs);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Looks for request lines with a fragment and for blocks of lines with both length fields.
#[derive(Debug, Default)]
struct Scan {
    line: Vec<u8>,
    coding: bool,
    length: bool,
}

impl Scan {
    fn take(&mut self, mut octets: &[u8], signs: &Signs) {
        while !octets.is_empty() {
            let mut rest = octets;
            // Searches as fast as the C library does, which counts where gigabytes pass.
            let Ok(count) = rest.skip_until(b'\n') else { return };
            let line = octets.get(..count).unwrap_or_default();
            octets = rest;
            let (line, ended) = match line.strip_suffix(b"\n") {
                Some(line) => (line, true),
                None => (line, false),
            };
            let room = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.line.extend_from_slice(line.get(..room).unwrap_or(line));
            if ended {
                self.end_line(signs);
                self.line.clear();
                // A long line must not keep its room while the connection lies idle.
                self.line.shrink_to(LINE_ROOM_BYTES);
            }
        }
    }

    fn end_line(&mut self, signs: &Signs) {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let starts =
            |name: &[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let (coding, length) = (starts(b"transfer-encoding"), starts(b"content-length"));
        self.coding = !line.is_empty() && (self.coding || coding);
        self.length = !line.is_empty() && (self.length || length);
        if self.coding && self.length {
            signs.ambiguous.store(true, Ordering::Relaxed);
        }
        if let Some(head) = line.strip_suffix(b" HTTP/1.1").or_else(|| line.strip_suffix(b" HTTP/1.0"))
            && let Ok(head) = std::str::from_utf8(head)
            && let Some((_, target)) = head.split_once(' ')
            && let Some((target, _)) = target.split_once('#')
        {
            signs.note_fragment(target);
        }
    }
}

#[cfg(test)]
mod tests;
