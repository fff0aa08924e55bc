//! The octets' way: one stream, what was read ahead of it, what waits to be sent, and deadlines on both.
//!
//! While a session waits it holds no buffer: reads go through the stack of a poll, and the input and output
//! buffers are given back when they are empty.

use super::deflate::Deflated;
use crate::limits::{OUTPUT_BYTES, READ_BYTES, WRITE_TIME_MAX};
use crate::reply::Failure;
use crate::wire::decoder::frame::Framer;
use crate::wire::encoder::Output;
use sasl::door::Stream;
use sasl::trace::Tracer;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, ready};
use tokio::io::{AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout, timeout_at};

/// How octets go.
enum Way {
    /// As they are.
    Plain(Box<dyn Stream>),
    /// Deflated (RFC 4978).
    Deflated(Box<Deflated>),
}

impl Way {
    fn as_dyn(&mut self) -> &mut dyn Stream {
        match self {
            Self::Plain(stream) => stream.as_mut(),
            Self::Deflated(stream) => stream.as_mut(),
        }
    }
}

/// A client's connection.
pub(crate) struct Connection {
    /// `None` only while TLS is put on. The lock is never waited for: it makes a session that is looked at
    /// from within its own futures shareable, though its stream is not.
    stream: Mutex<Option<Way>>,
    pub(crate) framer: Framer,
    pub(crate) out: Output,
    /// Takes down what is sent, where the account is traced.
    pub(crate) tracer: Option<Box<Tracer>>,
    /// Octets of what waits that were taken down already.
    taken_down: usize,
    /// How often output was sent: tells whether a reply that has begun can still be taken back.
    pub(crate) flushes: u64,
}

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream: Mutex::new(Some(Way::Plain(stream))),
            framer: Framer::default(),
            out: Output::default(),
            tracer: None,
            taken_down: 0,
            flushes: 0,
        }
    }

    /// The bare stream, to put TLS on.
    pub(crate) fn take_stream(&mut self) -> Option<Box<dyn Stream>> {
        match mine(&mut self.stream).take() {
            Some(Way::Plain(stream)) => Some(stream),
            // TLS comes before login and DEFLATE behind it.
            Some(Way::Deflated(_)) | None => None,
        }
    }

    /// Puts DEFLATE on the stream, in both directions, from the next octet on.
    pub(crate) fn deflate(&mut self) {
        let way = mine(&mut self.stream);
        *way = match way.take() {
            Some(Way::Plain(stream)) => Some(Way::Deflated(Box::new(Deflated::new(stream)))),
            other => other,
        };
    }

    /// Takes DEFLATE off the stream again, in both directions: behind all that waits, and behind what the client has
    /// ended. What it has sent since is read as it is.
    ///
    /// # Errors
    /// As [`Connection::flush`].
    pub(crate) async fn end_deflate(&mut self) -> Result<(), Failure> {
        self.flush().await?;
        let way = mine(&mut self.stream);
        let Some(Way::Deflated(deflated)) = way else { return Ok(()) };
        deflated.end().map_err(|_| Failure::Gone)?;
        send(deflated.as_mut(), &[]).await?;
        if let Some(Way::Deflated(deflated)) = way.take() {
            let (stream, came) = deflated.into_inner();
            *way = Some(Way::Plain(stream));
            self.framer.feed(&came);
        }
        Ok(())
    }

    /// Whether DEFLATE is on.
    pub(crate) fn is_deflated(&mut self) -> bool {
        matches!(mine(&mut self.stream), Some(Way::Deflated(_)))
    }

    /// The stream with TLS on it.
    pub(crate) fn set_stream(&mut self, stream: Box<dyn Stream>) {
        *mine(&mut self.stream) = Some(Way::Plain(stream));
    }

    /// Waits for more octets, which go to the framer. May be dropped at any time without losing one.
    ///
    /// # Errors
    /// Gone at the end of the stream; Bye when nothing came until the deadline.
    pub(crate) async fn fill(&mut self, until: Instant) -> Result<(), Failure> {
        match timeout_at(until, self.read()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Bye("Timeout")),
        }
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let Some(stream) = mine(&mut self.stream).as_mut() else { return Err(Failure::Gone) };
        let framer = &mut self.framer;
        poll_fn(|context| {
            let mut room = [0u8; READ_BYTES];
            let mut buffer = ReadBuf::new(&mut room);
            match ready!(Pin::new(stream.as_dyn()).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    framer.feed(buffer.filled());
                    Poll::Ready(Ok(()))
                }
                _ => Poll::Ready(Err(Failure::Gone)),
            }
        })
        .await
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// Gone when the client takes nothing of it in time.
    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        if self.out.len() == 0 {
            return Ok(());
        }
        let Some(stream) = mine(&mut self.stream).as_mut() else { return Err(Failure::Gone) };
        self.flushes += 1;
        if let Some(tracer) = &mut self.tracer {
            tracer.said(self.out.bytes().get(self.taken_down..).unwrap_or_default());
        }
        self.taken_down = 0;
        let outcome = send(stream.as_dyn(), self.out.bytes()).await;
        self.out.sent();
        outcome
    }

    /// Says something that a trace shows as `?`.
    pub(crate) fn say_unshown(&mut self, octets: &str) {
        if let Some(tracer) = &mut self.tracer {
            tracer.said(self.out.bytes().get(self.taken_down..).unwrap_or_default());
            tracer.said(b"?");
            self.taken_down = self.out.len() + octets.len();
        }
        self.out.raw(octets);
    }

    /// Sends octets behind what waits; many of them without copying them first.
    ///
    /// # Errors
    /// As [`Connection::flush`].
    pub(crate) async fn pass(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.len() < PASSED_BYTES_MIN {
            self.out.raw(bytes);
            return self.flush_if_large().await;
        }
        self.flush().await?;
        let Some(stream) = mine(&mut self.stream).as_mut() else { return Err(Failure::Gone) };
        self.flushes += 1;
        if let Some(tracer) = &mut self.tracer {
            tracer.said(bytes);
        }
        for window in bytes.chunks(OUTPUT_BYTES) {
            send(stream.as_dyn(), window).await?;
        }
        Ok(())
    }

    /// Sends what waits if it is much.
    ///
    /// # Errors
    /// As [`Connection::flush`].
    pub(crate) async fn flush_if_large(&mut self) -> Result<(), Failure> {
        if self.out.len() >= OUTPUT_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Gives back the memory of empty buffers, before a long wait.
    pub(crate) fn release(&mut self) {
        self.framer.release();
        self.out.release();
        if let Some(Way::Deflated(stream)) = mine(&mut self.stream) {
            stream.release();
        }
    }

    /// Ends the stream in good order.
    pub(crate) async fn close(&mut self) {
        if let Some(stream) = mine(&mut self.stream).as_mut() {
            let _ = timeout(WRITE_TIME_MAX, stream.as_dyn().shutdown()).await;
        }
    }
}

/// Fewer octets than these are gathered with others before they are sent.
const PASSED_BYTES_MIN: usize = 16 * 1024;

async fn send(stream: &mut dyn Stream, bytes: &[u8]) -> Result<(), Failure> {
    let sending = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    let outcome = timeout(WRITE_TIME_MAX, sending).await;
    if matches!(outcome, Ok(Ok(()))) { Ok(()) } else { Err(Failure::Gone) }
}

fn mine(stream: &mut Mutex<Option<Way>>) -> &mut Option<Way> {
    stream.get_mut().unwrap_or_else(PoisonError::into_inner)
}
