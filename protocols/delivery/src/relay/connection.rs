//! The client's side of a connection: reply lines in, commands out, every wait bounded.

use super::reply::Reply;
use crate::limits::{REPLY_LINE_BYTES_MAX, REPLY_LINE_COUNT_MAX, REPLY_TIME_MAX, WRITE_TIME_MAX};
use bytes::BytesMut;
use rustls::pki_types::ServerName;
use std::time::Duration;
use tokio::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(super) struct Connection {
    stream: Box<dyn Stream>,
    input: BytesMut,
    /// Inside TLS.
    pub(super) tls: bool,
    /// The relay is on this machine.
    pub(super) local: bool,
}

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>, tls: bool, local: bool) -> Self {
        Self { stream, input: BytesMut::new(), tls, local }
    }

    /// Writes octets as they are.
    pub(super) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let write = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        timeout(WRITE_TIME_MAX, write).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Sends a command line and waits for its reply.
    pub(super) async fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.write(format!("{line}\r\n").as_bytes()).await?;
        self.reply(REPLY_TIME_MAX).await
    }

    /// The next reply, all its lines.
    pub(super) async fn reply(&mut self, patience: Duration) -> io::Result<Reply> {
        timeout(patience, self.read_reply()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn read_reply(&mut self) -> io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            let (code, more, text) = Reply::parse_line(&line).ok_or(io::ErrorKind::InvalidData)?;
            lines.push(text);
            if !more {
                return Ok(Reply { code, lines });
            }
            if lines.len() >= REPLY_LINE_COUNT_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    async fn line(&mut self) -> io::Result<BytesMut> {
        loop {
            let end = self.input.iter().position(|&octet| octet == b'\n');
            if end.map_or(self.input.len(), |end| end + 1) > REPLY_LINE_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if let Some(end) = end {
                let mut line = self.input.split_to(end + 1);
                let length = line.strip_suffix(b"\r\n").map_or(end, <[u8]>::len);
                line.truncate(length);
                return Ok(line);
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The handshake behind a positive reply to STARTTLS.
    ///
    /// Whatever came behind that reply in the clear was put there by somebody else: the connection is not
    /// used then (response injection, CVE-2021-38371).
    pub(super) async fn upgrade(
        self,
        connector: &TlsConnector,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        if !self.input.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let tls = timeout(crate::limits::CONNECT_TIME_MAX, connector.connect(name, self.stream)).await;
        let tls = tls.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        Ok(Self { stream: Box::new(tls), input: BytesMut::new(), tls: true, local: self.local })
    }
}

#[cfg(test)]
mod tests;
