//! A socket whose peer has to take what it is sent: one that hardly reads is cut off.
//!
//! It stands below TLS, where octets that leave are seen to leave. What waits above it is as much as a layer likes to
//! make ready at once, so that its way through says little of how fast the peer reads.

use crate::limits::{WRITE_PIECE_BYTES, WRITE_TIME_MAX};
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream whose writes fail with `TimedOut` when the peer takes less than [`WRITE_PIECE_BYTES`] in
/// [`WRITE_TIME_MAX`], or not all where that is less.
pub struct Paced<S> {
    stream: S,
    stall: Option<Stall>,
}

/// A peer that has not taken everything.
struct Stall {
    /// When it must have taken [`WRITE_PIECE_BYTES`].
    until: Pin<Box<Sleep>>,
    /// What it has taken since.
    taken: usize,
}

impl<S> Paced<S> {
    /// The stream, watched over.
    pub fn new(stream: S) -> Self {
        Self { stream, stall: None }
    }

    /// A write's outcome, or the end of patience.
    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        match (&outcome, &mut self.stall) {
            (Poll::Ready(Ok(count)), Some(stall)) => {
                stall.taken = stall.taken.saturating_add(*count);
                if *count >= offered || stall.taken >= WRITE_PIECE_BYTES {
                    self.stall = None;
                }
                outcome
            }
            (Poll::Ready(_), _) => outcome,
            (Poll::Pending, _) => {
                let fresh = || Stall { until: Box::pin(sleep(WRITE_TIME_MAX)), taken: 0 };
                ready!(self.stall.get_or_insert_with(fresh).until.as_mut().poll(context));
                self.stall = None;
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, octets);
        self.wrote(context, outcome, octets.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(context, outcome, slices.iter().map(|slice| slice.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// A socket has nothing to flush: what it has taken it sends.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
