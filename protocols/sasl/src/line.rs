//! A buffered connection of a door that talks in lines (SMTP, POP3): whole lines out of a stream, replies in one
//! write for a pipelined group (RFC 2920, RFC 2449 6.6), every wait under a deadline.

use crate::door::{self, Acceptor, Channel, Drain, Stream};
use crate::limits::{LINE_TIME_MAX, OUTPUT_BYTES, WRITE_PIECE_BYTES, WRITE_TIME_MAX};
use bytes::{Buf, BytesMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

/// How many octets are asked for in one read of a message.
const DATA_READ_BYTES: usize = 32 * 1024;
/// How many octets are asked for in one read of commands: quiet clients cost little.
const LINE_READ_BYTES: usize = 1024;

/// Why there is nothing more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client went, or the stream broke.
    Closed,
    /// A deadline passed.
    Slow,
    /// The server wants to stop, and no command had begun.
    Drained,
}

/// What stood where a line should be.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// A line without its CRLF.
    Line(Vec<u8>),
    /// A line past the limit; it was thrown away.
    TooLong,
    /// A line with a CR or LF that is not part of a CRLF; it was thrown away.
    Bare,
}

/// How long to wait for a line.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For its first octet.
    pub idle: Duration,
    /// Never beyond this moment.
    pub until: Option<Instant>,
}

/// One client's stream with its buffers.
pub struct Connection {
    stream: Box<dyn Stream>,
    input: BytesMut,
    output: Vec<u8>,
}

impl Connection {
    /// Nothing read, nothing queued.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, input: BytesMut::new(), output: Vec::new() }
    }

    /// What was read and not yet taken.
    #[must_use]
    pub fn buffered(&self) -> &[u8] {
        &self.input
    }

    /// Makes TLS of the stream, behind all that is queued. What was buffered is gone: the caller has looked at it.
    ///
    /// # Errors
    /// As [`Connection::flush`]; `Closed` when the handshake fails, and nobody is there any more.
    pub async fn upgrade(&mut self, acceptor: &Acceptor) -> Result<Arc<Channel>, End> {
        self.flush().await?;
        let bare = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let (stream, channel) = door::upgrade(bare, acceptor).await.map_err(|_| End::Closed)?;
        *self = Self::new(stream);
        Ok(channel)
    }

    /// Adds to what will be written with the next [`Connection::flush`].
    pub fn queue(&mut self, octets: &[u8]) {
        self.output.extend_from_slice(octets);
    }

    /// Writes what is queued.
    ///
    /// # Errors
    /// `Closed`; `Slow` when the client takes less than [`WRITE_PIECE_BYTES`] in [`WRITE_TIME_MAX`].
    pub async fn flush(&mut self) -> Result<(), End> {
        if self.output.is_empty() {
            return Ok(());
        }
        for piece in self.output.chunks(WRITE_PIECE_BYTES) {
            let write = async {
                self.stream.write_all(piece).await?;
                self.stream.flush().await
            };
            let written = timeout(WRITE_TIME_MAX, write).await.map_err(|_| End::Slow)?;
            written.map_err(|_| End::Closed)?;
        }
        self.output.clear();
        Ok(())
    }

    /// Writes what is queued if it is much.
    ///
    /// # Errors
    /// As [`Connection::flush`].
    pub async fn flush_if_large(&mut self) -> Result<(), End> {
        if self.output.len() >= OUTPUT_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Gives the memory of empty buffers back, before a wait that may be long.
    pub fn release(&mut self) {
        if self.output.is_empty() {
            self.output = Vec::new();
        }
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// Says goodbye to the transport (TLS sends its close_notify), behind all that is queued.
    pub async fn close(&mut self) {
        if self.flush().await.is_ok() {
            let _ = timeout(WRITE_TIME_MAX, self.stream.shutdown()).await;
        }
    }

    /// The next line of at most `max` octets with its CRLF. Replies that are queued are written before it
    /// waits, and not before: a pipelined group is answered in one write.
    ///
    /// # Errors
    /// Why no line comes.
    pub async fn line(&mut self, max: usize, patience: Patience, drain: &Drain) -> Result<Input, End> {
        let mut too_long = false;
        let mut seen = 0;
        let mut deadline = None;
        loop {
            let fresh = self.input.get(seen..).unwrap_or_default();
            if let Some(position) = fresh.iter().position(|&octet| octet == b'\n') {
                let line = self.input.split_to(seen + position + 1);
                return Ok(if too_long || line.len() > max { Input::TooLong } else { whole(&line) });
            }
            seen = self.input.len();
            if seen >= max {
                too_long = true;
                self.input.clear();
                seen = 0;
            }
            self.flush().await?;
            let begun = too_long || seen > 0;
            let now = Instant::now();
            if begun && deadline.is_none() {
                deadline = Some(now + LINE_TIME_MAX);
            }
            let mut until = deadline.unwrap_or(now + patience.idle);
            if let Some(limit) = patience.until {
                until = until.min(limit);
            }
            self.input.reserve(LINE_READ_BYTES);
            self.wait(until, (!begun).then_some(drain)).await?;
        }
    }

    /// At least one octet in [`Connection::buffered`], for message data.
    ///
    /// # Errors
    /// Why none comes.
    pub async fn fill(&mut self, until: Instant) -> Result<(), End> {
        self.flush().await?;
        if !self.input.is_empty() {
            return Ok(());
        }
        self.input.reserve(DATA_READ_BYTES);
        self.wait(until, None).await
    }

    /// Takes octets from the front of [`Connection::buffered`].
    pub fn consume(&mut self, count: usize) {
        self.input.advance(count.min(self.input.len()));
    }

    /// Gives the memory back that a message needed.
    pub fn relax(&mut self) {
        self.input = BytesMut::from(self.input.as_ref());
    }

    async fn wait(&mut self, until: Instant, drain: Option<&Drain>) -> Result<(), End> {
        let drained = async {
            match drain {
                Some(drain) => drain.drained().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            read = timeout_at(until, self.stream.read_buf(&mut self.input)) => match read {
                Err(_) => Err(End::Slow),
                Ok(Ok(0) | Err(_)) => Err(End::Closed),
                Ok(Ok(_)) => Ok(()),
            },
            () = drained => Err(End::Drained),
        }
    }
}

/// A line that ends in LF, judged.
fn whole(line: &[u8]) -> Input {
    match line.strip_suffix(b"\r\n") {
        Some(text) if !text.contains(&b'\r') => Input::Line(text.to_vec()),
        _ => Input::Bare,
    }
}

#[cfg(test)]
mod tests;
