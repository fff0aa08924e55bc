//! The client's end of a session, for the tests of doors: transcripts over an in-memory stream, and TLS inside it.

use crate::door::{Acceptor, Peer, Stream};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore, ServerConfig};

/// The name in the certificates of tests.
pub const HOST: &str = "mail.example.org";
/// The most octets that wait on the way in each direction.
const PIPE_BYTES: usize = 1 << 20;

/// A peer on a loopback listener that allows passwords in the clear.
#[must_use]
pub fn loopback() -> Peer {
    Peer {
        addr: at(Ipv4Addr::LOCALHOST),
        tls: false,
        cleartext_auth: true,
        acceptor: None,
        channel: None,
        crowded: false,
    }
}

/// A peer from somewhere else, to whom STARTTLS is offered.
#[must_use]
pub fn stranger(acceptor: Acceptor) -> Peer {
    let addr = at(Ipv4Addr::new(192, 0, 2, 7));
    Peer { addr, tls: false, cleartext_auth: false, acceptor: Some(acceptor), channel: None, crowded: false }
}

fn at(address: Ipv4Addr) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address), 1110)
}

/// What answers a handshake with a certificate for [`HOST`], and what believes that certificate and no other.
///
/// # Errors
/// When certificate and key do not belong together.
pub fn tls(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<(Acceptor, TlsConnector), Error> {
    let provider = Arc::new(default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((Acceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client))))
}

/// The client's end of a session.
pub struct Client {
    /// What the server says, and where it hears.
    pub stream: BufReader<DuplexStream>,
    /// The session itself.
    pub session: JoinHandle<()>,
    goes_on: fn(&str) -> bool,
}

impl Client {
    /// Begins a session that `serve` serves; `goes_on` says whether a line is followed by another one of its reply.
    pub fn connect<F>(goes_on: fn(&str) -> bool, serve: impl FnOnce(Box<dyn Stream>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (client, server) = duplex(PIPE_BYTES);
        let session = tokio::spawn(serve(Box::new(server)));
        Self { stream: BufReader::new(client), session, goes_on }
    }

    /// Sends octets. Where the server has had enough before the last of them, its last words are there to be read.
    pub async fn send(&mut self, octets: &[u8]) {
        let _ = self.stream.get_mut().write_all(octets).await;
    }

    /// The next line; empty when the server has closed.
    pub async fn line(&mut self) -> String {
        let mut line = Vec::new();
        let _ = self.stream.read_until(b'\n', &mut line).await;
        String::from_utf8_lossy(line.strip_suffix(b"\r\n").unwrap_or(&line)).into_owned()
    }

    /// The last line of the next reply; empty when the server has closed.
    pub async fn reply(&mut self) -> String {
        loop {
            let line = self.line().await;
            if !(self.goes_on)(&line) {
                return line;
            }
        }
    }

    /// The lines up to the one with a dot, each with its end.
    pub async fn lines(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = Vec::new();
            let _ = self.stream.read_until(b'\n', &mut line).await;
            assert!(!line.is_empty(), "closed behind {all}");
            if line == b".\r\n" {
                return all;
            }
            all.push_str(&String::from_utf8_lossy(&line));
        }
    }

    /// Runs a transcript: `C:` lines are sent, each `S:` line is what the next reply begins with (`S:` alone is the
    /// end of the connection), each `L:` line is what the lines up to a dot are, with bars for their ends.
    pub async fn check(&mut self, transcript: &str) {
        for line in transcript.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
            let (who, text) = line.split_at_checked(2).unwrap_or((line, ""));
            assert!(["C:", "S:", "L:"].contains(&who), "neither C: nor S: nor L: {line:?}");
            let expect = text.trim();
            if who == "C:" {
                let text = text.strip_prefix(' ').unwrap_or(text);
                self.send(format!("{text}\r\n").as_bytes()).await;
            } else if who == "L:" {
                assert_eq!(self.lines().await.replace("\r\n", "|"), expect, "{transcript}");
            } else {
                let found = self.reply().await;
                let good = if expect.is_empty() { found.is_empty() } else { found.starts_with(expect) };
                assert!(good, "expected {expect:?}, found {found:?} in\n{transcript}");
            }
        }
    }

    /// The client's side of the handshake.
    ///
    /// # Errors
    /// When it fails.
    pub async fn secure(self, connector: &TlsConnector) -> io::Result<TlsStream<DuplexStream>> {
        let name = ServerName::try_from(HOST).map_err(io::Error::other)?;
        connector.connect(name, self.stream.into_inner()).await
    }
}
