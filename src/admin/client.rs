//! The commands' side: the running server's socket, or the store itself when no server runs.

use super::{ImportMemory, Refusal, Reply, Request, perform};
use crate::config::Config;
use crate::engines::Despite;
use crate::failure::Failure;
use crate::limits::{SERVER_WAIT, SERVER_WAIT_MAX};
use crate::site::{self, Site};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

/// Whoever does what is asked.
pub(crate) enum Administration {
    /// The running server.
    Server { reader: BufReader<OwnedReadHalf>, writer: OwnedWriteHalf },
    /// This process.
    Here { site: Box<Site>, memory: Box<ImportMemory> },
}

impl Administration {
    /// Finds the running server or opens the store. A server that is just starting or ending holds the store
    /// without answering: it is waited for.
    ///
    /// # Errors
    /// When neither can be had.
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        Self::open_despite(config, Despite::default()).await
    }

    /// As [`Self::open`], and where no server runs in spite of what would keep the store closed otherwise.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_despite(config: &Config, despite: Despite) -> Result<Self, Failure> {
        let deadline = Instant::now() + SERVER_WAIT_MAX;
        loop {
            match Self::attempt(config, despite).await {
                Err(failure) if failure.is_busy() && Instant::now() < deadline => {
                    tokio::time::sleep(SERVER_WAIT).await;
                }
                done => return done,
            }
        }
    }

    async fn attempt(config: &Config, despite: Despite) -> Result<Self, Failure> {
        let path = site::socket_path(&config.server.data);
        // A data directory that is not there has no server, and gets its store below.
        let connected = match site::short_socket_path(&config.server.data) {
            Ok((short, _held)) => UnixStream::connect(&short).await,
            Err(cause) => Err(cause),
        };
        match connected {
            Ok(stream) => {
                let (reader, writer) = stream.into_split();
                Ok(Self::Server { reader: BufReader::new(reader), writer })
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(Failure::new(format!("{}: {cause}; run as the server's user", path.display())))
            }
            // No socket, or one that a dead server left: the store's lock tells for certain.
            Err(_) => {
                let site = Box::new(Site::open_despite(config, despite).await?);
                Ok(Self::Here { site, memory: Box::default() })
            }
        }
    }

    /// Has it done.
    ///
    /// # Errors
    /// What the server (or this process) says against it.
    pub(crate) async fn call(&mut self, request: Request) -> Result<Value, Refusal> {
        self.send(request, &mut tokio::io::empty()).await
    }

    /// As [`Administration::call`], with the octets that belong to the request.
    ///
    /// # Errors
    /// As [`Administration::call`]; also when `body` ends too soon.
    pub(crate) async fn send(
        &mut self,
        request: Request,
        body: &mut (dyn AsyncRead + Unpin + Send),
    ) -> Result<Value, Refusal> {
        match self {
            Self::Here { site, memory } => perform(site, memory, request, body).await,
            Self::Server { reader, writer } => {
                let lost = |cause| Refusal::unavailable(format!("the server does not answer: {cause}"));
                let bytes = request.body_bytes();
                let mut line =
                    serde_json::to_vec(&request).map_err(|cause| Refusal::unavailable(cause.to_string()))?;
                line.push(b'\n');
                writer.write_all(&line).await.map_err(lost)?;
                let copied = tokio::io::copy(&mut body.take(bytes), writer).await.map_err(lost)?;
                if copied < bytes {
                    // The server waits for octets that do not exist: end the stream, so that it refuses
                    // the item instead of storing half of it.
                    writer.shutdown().await.map_err(lost)?;
                }
                let mut answer = String::new();
                if reader.read_line(&mut answer).await.map_err(lost)? == 0 {
                    return Err(Refusal::unavailable("the server closed the admin socket"));
                }
                match serde_json::from_str(&answer) {
                    Ok(Reply::Ok(value)) => Ok(value),
                    Ok(Reply::Error(refusal)) => Err(refusal),
                    Err(cause) => Err(Refusal::unavailable(format!("not an answer: {cause}"))),
                }
            }
        }
    }

    /// Ends it; what was opened here is closed.
    pub(crate) async fn close(self) {
        if let Self::Here { site, .. } = self {
            site.close().await;
        }
    }
}
