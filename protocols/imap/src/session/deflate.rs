//! A stream inside DEFLATE (RFC 4978, RFC 1951), in both directions.
//!
//! What comes is inflated only into the room of the reader, so that every limit of the door applies to what comes
//! out: a bomb is read at the pace of a client that sends as much. What goes is put out whole at every flush. The
//! compressor is let go while a session waits: a raw stream may go on with a new one at a flush.

use crate::limits::{DEFLATE_BYTES, OUTPUT_BYTES};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use sasl::door::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Quick, and most of what IMAP says repeats itself.
const LEVEL: u32 = 3;

/// A stream with DEFLATE on it.
pub(crate) struct Deflated {
    inner: Box<dyn Stream>,
    inflate: Decompress,
    /// Compressed octets that came; those before `taken` are dealt with.
    came: Vec<u8>,
    taken: usize,
    ended: bool,
    deflate: Option<Compress>,
    /// Something was written and not flushed.
    dirty: bool,
    /// Compressed octets on their way out; those before `sent` have gone.
    going: Vec<u8>,
    sent: usize,
}

impl Deflated {
    /// Puts DEFLATE on a stream.
    pub(crate) fn new(inner: Box<dyn Stream>) -> Self {
        Self {
            inner,
            inflate: Decompress::new(false),
            came: Vec::new(),
            taken: 0,
            ended: false,
            deflate: None,
            dirty: false,
            going: Vec::new(),
            sent: 0,
        }
    }

    /// Ends what goes out, behind everything that was written; it is still to be flushed.
    ///
    /// # Errors
    /// `InvalidData`, which does not happen to what is deflated here.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.finish(FlushCompress::Finish)
    }

    /// The stream without DEFLATE, and what has come of it already behind the end of what was deflated.
    pub(crate) fn into_inner(mut self) -> (Box<dyn Stream>, Vec<u8>) {
        self.came.drain(..self.taken);
        (self.inner, self.came)
    }

    /// Gives memory back before a long wait.
    pub(crate) fn release(&mut self) {
        if !self.dirty && self.going.is_empty() {
            self.deflate = None;
            self.going = Vec::new();
        }
        if self.taken == self.came.len() {
            self.came = Vec::new();
            self.taken = 0;
        }
    }

    /// Inflates what came into the room; how much came out.
    fn inflate(&mut self, room: &mut ReadBuf<'_>) -> io::Result<usize> {
        let waiting = self.came.get(self.taken..).unwrap_or_default();
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(waiting, room.initialize_unfilled(), FlushDecompress::Sync)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let used = count(self.inflate.total_in() - before_in);
        let made = count(self.inflate.total_out() - before_out);
        self.taken += used;
        if self.taken >= self.came.len() {
            self.came.clear();
            self.taken = 0;
        }
        room.advance(made);
        self.ended |= status == Status::StreamEnd;
        Ok(made)
    }

    /// Deflates; returns how many octets were taken. All that is made is kept.
    fn deflate(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<usize> {
        let deflate = self.deflate.get_or_insert_with(|| Compress::new(Compression::new(LEVEL), false));
        let before = deflate.total_in();
        self.going.reserve(DEFLATE_BYTES);
        deflate
            .compress_vec(bytes, &mut self.going, flush)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(count(deflate.total_in() - before))
    }

    /// Puts out everything that was written, as far as a peer must see it.
    fn finish(&mut self, flush: FlushCompress) -> io::Result<()> {
        loop {
            self.deflate(&[], flush)?;
            // Room that was left says that nothing more is to come.
            if self.going.len() < self.going.capacity() {
                self.dirty = false;
                return Ok(());
            }
        }
    }

    /// Sends what was deflated.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.going.len() {
            let rest = self.going.get(self.sent..).unwrap_or_default();
            match ready!(Pin::new(&mut self.inner).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.sent += count,
            }
        }
        self.going.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

fn count(difference: u64) -> usize {
    usize::try_from(difference).unwrap_or(usize::MAX)
}

impl AsyncRead for Deflated {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.ended || room.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            // What was held back for want of room comes first, without anything new.
            if this.inflate(room)? > 0 || this.ended {
                return Poll::Ready(Ok(()));
            }
            if this.taken < this.came.len() {
                continue;
            }
            let mut octets = [0u8; DEFLATE_BYTES];
            let mut buffer = ReadBuf::new(&mut octets);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.came.extend_from_slice(buffer.filled());
        }
    }
}

impl AsyncWrite for Deflated {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.going.len() >= OUTPUT_BYTES {
            ready!(this.drain(context))?;
        }
        this.dirty = true;
        loop {
            let taken = this.deflate(bytes, FlushCompress::None)?;
            if taken > 0 || bytes.is_empty() {
                return Poll::Ready(Ok(taken));
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.dirty {
            this.finish(FlushCompress::Sync)?;
        }
        ready!(this.drain(context))?;
        Pin::new(&mut this.inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.dirty {
            this.finish(FlushCompress::Sync)?;
        }
        ready!(this.drain(context))?;
        Pin::new(&mut this.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
