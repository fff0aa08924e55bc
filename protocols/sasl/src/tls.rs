//! The server's side of TLS over a socket, holding no buffer while nobody speaks.
//!
//! rustls' buffered connection keeps 4 KiB to read into for as long as it lives, which for a client that is silent
//! for days is more than half of all it costs. Here its unbuffered interface is used: [`records`] has the octets in
//! between, and gives them back when they are empty.

mod exporter;
mod records;

use exporter::Kept;
use records::{Records, Wish};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ProtocolVersion, ServerConfig};

/// The most octets that are encrypted at once.
const WRITE_BYTES_MAX: usize = 64 * 1024;
/// While more of them than this wait for the socket nothing is taken; a client that reads slowly is seen to read by it.
const UNSENT_BYTES_MAX: usize = 16 * 1024;

/// A stream inside TLS.
pub(crate) struct TlsStream<S> {
    io: S,
    records: Records,
}

/// What stays of a handshake.
pub(crate) struct Handshake {
    /// `tls-exporter` (RFC 9266): there with TLS 1.3.
    pub(crate) exporter: Option<[u8; 32]>,
    /// The leaf of the client's chain, if it showed one and it was verified.
    pub(crate) client: Option<CertificateDer<'static>>,
}

/// Shakes hands as the server.
///
/// # Errors
/// Of the socket, and `InvalidData` when the two cannot agree; the client was told by an alert then.
pub(crate) async fn accept<S>(config: &ServerConfig, io: S) -> io::Result<(TlsStream<S>, Handshake)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let kept = Arc::new(Kept::default());
    // rustls hands the exporter's secret to the configuration's log, so each handshake has a copy of it (a dozen
    // pointers); neither outlives the handshake.
    let mut config = config.clone();
    config.key_log = kept.clone();
    let records = Records::new(Arc::new(config)).map_err(invalid)?;
    let mut stream = TlsStream { io, records };
    std::future::poll_fn(|context| stream.poll_handshake(context)).await?;
    let connection = stream.records.connection();
    let is_13 = connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    let exporter = is_13.then(|| kept.channel_binding()).flatten();
    let client = connection.peer_certificates().and_then(<[_]>::first).cloned();
    Ok((stream, Handshake { exporter, client }))
}

fn invalid(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    fn poll_handshake(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.poll_work(context)?;
            ready!(self.poll_send(context))?;
            if !self.records.connection().is_handshaking() {
                return Pin::new(&mut self.io).poll_flush(context);
            }
            if ready!(self.poll_receive(context))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Works off what came. When it is wrong the client is told so, as far as the socket takes it at once.
    fn poll_work(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        self.records.work(Wish::Nothing).map(drop).map_err(|cause| {
            let _ = self.poll_send(context);
            invalid(cause)
        })
    }

    /// Octets from the socket; 0 at its end.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = &mut self.io;
        self.records.receive(|room| {
            let mut room = ReadBuf::new(room);
            match Pin::new(io).poll_read(context, &mut room) {
                Poll::Ready(Ok(())) => (room.filled().len(), Poll::Ready(Ok(room.filled().len()))),
                other => (0, other.map_ok(|()| 0)),
            }
        })
    }

    /// Sends all that is encrypted.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.records.outgoing().is_empty() {
            let sent = ready!(Pin::new(&mut self.io).poll_write(context, self.records.outgoing()))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.records.sent(sent);
        }
        Poll::Ready(Ok(()))
    }

    /// Takes octets once most of the earlier ones are with the socket: what waits here is bounded.
    fn poll_take<'a>(
        &mut self,
        context: &mut Context<'_>,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Poll<io::Result<usize>> {
        match self.poll_send(context)? {
            Poll::Pending if self.records.outgoing().len() > UNSENT_BYTES_MAX => return Poll::Pending,
            _ => {}
        }
        let mut taken = 0;
        for piece in pieces {
            let piece = piece.get(..WRITE_BYTES_MAX - taken).unwrap_or(piece);
            if piece.is_empty() {
                continue;
            }
            if !self.records.work(Wish::Encrypt(piece)).map_err(invalid)? {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            taken += piece.len();
        }
        // What the socket does not take now goes with the next write or flush; an error shows there again.
        match self.poll_send(context) {
            Poll::Ready(Err(cause)) => Poll::Ready(Err(cause)),
            _ => Poll::Ready(Ok(taken)),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        loop {
            if stream.records.read(buffer) {
                return Poll::Ready(Ok(()));
            }
            if stream.records.has_ended() {
                return Poll::Ready(Ok(()));
            }
            if ready!(stream.poll_receive(context))? == 0 {
                // Without close_notify nobody knows whether it was the client that ended it (RFC 8446 6.1).
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            stream.poll_work(context)?;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_take(context, std::iter::once(octets))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_take(context, slices.iter().map(|slice| &**slice))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        ready!(stream.poll_send(context))?;
        Pin::new(&mut stream.io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        if !stream.records.is_closed() {
            stream.records.work(Wish::Close).map_err(invalid)?;
        }
        ready!(stream.poll_send(context))?;
        match Pin::new(&mut stream.io).poll_shutdown(context) {
            // The client was quicker.
            Poll::Ready(Err(cause)) if cause.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
