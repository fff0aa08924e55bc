//! One connection over TLS: lines with their literals, every one of them also read by imap-codec.

use crate::grammar::{Reading, literal};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Whatever ends a run.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A server that says nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the server is, and who may log in.
pub struct Target {
    /// Port of IMAP over TLS on loopback.
    pub port: u16,
    /// Trusts the server's CA.
    pub tls: TlsConnector,
    /// Logins and passwords.
    pub accounts: Vec<(String, String)>,
}

impl Target {
    /// A server on loopback whose certificate is of this CA.
    ///
    /// # Errors
    /// The CA cannot be read.
    pub fn new(port: u16, ca: &std::path::Path, accounts: Vec<(String, String)>) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca)? {
            roots.add(certificate?)?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { port, tls: TlsConnector::from(Arc::new(config)), accounts })
    }
}

/// A connection.
pub struct Client {
    stream: TlsStream<TcpStream>,
    waiting: Vec<u8>,
    reading: Reading,
    count: u32,
}

impl Client {
    /// Connects and reads the greeting.
    ///
    /// # Errors
    /// No connection, no TLS, no greeting.
    pub async fn connect(target: &Target) -> Result<Self, Failure> {
        let tcp = TcpStream::connect(("127.0.0.1", target.port)).await?;
        tcp.set_nodelay(true)?;
        let stream = target.tls.connect(ServerName::try_from("localhost")?, tcp).await?;
        let mut client = Self { stream, waiting: Vec::new(), reading: Reading::default(), count: 0 };
        client.line().await?;
        Ok(client)
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// As `connect`, and a refused login.
    pub async fn open(target: &Target, (user, password): &(String, String)) -> Result<Self, Failure> {
        let mut client = Self::connect(target).await?;
        client.ok(&format!("LOGIN \"{user}\" \"{password}\"")).await?;
        Ok(client)
    }

    /// A tag that was not used yet.
    pub fn tag(&mut self) -> String {
        self.count += 1;
        format!("t{}", self.count)
    }

    /// Sends octets in one write.
    ///
    /// # Errors
    /// The connection has gone.
    pub async fn send(&mut self, octets: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(octets).await?;
        Ok(self.stream.flush().await?)
    }

    /// One whole reply, its literals inside, without its last CRLF.
    ///
    /// # Errors
    /// The connection has gone, nothing comes, or what comes is no IMAP.
    pub async fn line(&mut self) -> Result<Vec<u8>, Failure> {
        let (mut searched, mut begun) = (0usize, 0usize);
        loop {
            let fresh = self.waiting.get(searched..).unwrap_or_default();
            let Some(end) = fresh.windows(2).position(|two| two == b"\r\n").map(|at| searched + at) else {
                searched = self.waiting.len().saturating_sub(1).max(begun);
                self.more().await?;
                continue;
            };
            let size = literal(self.waiting.get(begun..end).unwrap_or_default());
            let Some(size) = size else {
                let mut line: Vec<u8> = self.waiting.drain(..end + 2).collect();
                // Continuations are not looked at: they hold whatever a mechanism says.
                if !line.starts_with(b"+") && !line.starts_with(b"* OK [CAPABILITY") {
                    self.reading.reply(&line);
                }
                if let Some(fault) = self.reading.faults.pop() {
                    return Err(format!("no IMAP: {fault}").into());
                }
                line.truncate(end);
                return Ok(line);
            };
            (begun, searched) = (end + 2 + size, end + 2 + size);
            while self.waiting.len() < begun {
                self.more().await?;
            }
        }
    }

    async fn more(&mut self) -> Result<(), Failure> {
        let mut room = [0; 16 * 1024];
        let count =
            timeout(PATIENCE, self.stream.read(&mut room)).await.map_err(|_| "the server is silent")??;
        if count == 0 {
            return Err(Box::new(io::Error::from(io::ErrorKind::UnexpectedEof)));
        }
        self.waiting.extend_from_slice(room.get(..count).unwrap_or_default());
        Ok(())
    }

    /// Whether a reply has come, waiting for it so long at the most.
    ///
    /// # Errors
    /// The connection has gone.
    pub async fn hears_within(&mut self, patience: Duration) -> Result<bool, Failure> {
        if self.waiting.windows(2).any(|two| two == b"\r\n") {
            return Ok(true);
        }
        match timeout(patience, self.more()).await {
            Ok(outcome) => outcome.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// A command that must be answered OK: its untagged lines without `* `.
    ///
    /// # Errors
    /// Any other answer.
    pub async fn ok(&mut self, command: &str) -> Result<Vec<Vec<u8>>, Failure> {
        let tag = self.tag();
        self.send(format!("{tag} {command}\r\n").as_bytes()).await?;
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            if let Some(untagged) = line.strip_prefix(b"* ") {
                lines.push(untagged.to_vec());
                continue;
            }
            let text = String::from_utf8_lossy(&line).into_owned();
            if text.strip_prefix(&tag).is_some_and(|status| status.starts_with(" OK")) {
                return Ok(lines);
            }
            return Err(format!("{command}: {text}").into());
        }
    }
}
