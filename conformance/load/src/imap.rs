//! A small IMAP client: enough to log in, append and read until a tagged line.

use crate::Target;
use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

type Failure = Box<dyn Error + Send + Sync>;

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// What all connections of this process share: they trust one authority, and each is a stranger to the server.
fn trusting(ca: &Path) -> Result<Arc<ClientConfig>, Failure> {
    static SHARED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = SHARED.get() {
        return Ok(config.clone());
    }
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(SHARED.get_or_init(|| Arc::new(config)).clone())
}

/// One connection.
pub(crate) struct Imap {
    stream: BufReader<Box<dyn Wire>>,
    count: u32,
}

impl Imap {
    /// Connects and logs in as the n-th account.
    pub(crate) async fn open(target: &Target, number: usize) -> Result<Self, Failure> {
        let tcp = TcpStream::connect(("127.0.0.1", target.port)).await?;
        tcp.set_nodelay(true)?;
        let wire: Box<dyn Wire> = match &target.ca {
            Some(ca) => {
                let name = ServerName::try_from("localhost")?;
                Box::new(TlsConnector::from(trusting(ca)?).connect(name, tcp).await?)
            }
            None => Box::new(tcp),
        };
        let mut imap = Self { stream: BufReader::new(wire), count: 0 };
        imap.line().await?;
        let (user, password) = target.account(number);
        imap.ok(&format!("LOGIN \"{user}\" \"{password}\"")).await?;
        Ok(imap)
    }

    /// One line without its end; a literal announced at its end is read and dropped.
    pub(crate) async fn line(&mut self) -> Result<String, Failure> {
        let mut whole = String::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(Box::new(io::Error::from(io::ErrorKind::UnexpectedEof)));
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            whole.push_str(text);
            let literal =
                text.strip_suffix('}').and_then(|text| text.rsplit_once('{')).map(|(_, count)| count);
            match literal.and_then(|count| count.parse::<u64>().ok()) {
                Some(count) => {
                    let mut taken = (&mut self.stream).take(count);
                    tokio::io::copy(&mut taken, &mut tokio::io::sink()).await?;
                }
                None => return Ok(whole),
            }
        }
    }

    fn tag(&mut self) -> String {
        self.count += 1;
        format!("l{}", self.count)
    }

    /// Reads to the tagged line; the number of untagged lines.
    async fn finish(&mut self, tag: &str) -> Result<usize, Failure> {
        let mut untagged = 0;
        loop {
            let line = self.line().await?;
            match line.strip_prefix(tag) {
                Some(status) if status.starts_with(" OK") => return Ok(untagged),
                Some(status) => return Err(status.to_owned().into()),
                None => untagged += 1,
            }
        }
    }

    /// A command that must be answered OK; the number of untagged lines before it.
    pub(crate) async fn ok(&mut self, command: &str) -> Result<usize, Failure> {
        let tag = self.tag();
        self.stream.write_all(format!("{tag} {command}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        self.finish(&tag).await
    }

    /// A command whose outcome does not matter.
    pub(crate) async fn attempt(&mut self, command: &str) {
        drop(self.ok(command).await);
    }

    /// APPEND by a literal that waits for no continuation (RFC 7888).
    pub(crate) async fn append(&mut self, mailbox: &str, message: &[u8]) -> Result<(), Failure> {
        let tag = self.tag();
        let head = format!("{tag} APPEND \"{mailbox}\" (\\Seen) {{{}+}}\r\n", message.len());
        let mut octets = head.into_bytes();
        octets.extend_from_slice(message);
        octets.extend_from_slice(b"\r\n");
        self.stream.write_all(&octets).await?;
        self.stream.flush().await?;
        self.finish(&tag).await.map(drop)
    }

    /// Several messages by one APPEND (RFC 3502).
    pub(crate) async fn append_all(&mut self, mailbox: &str, messages: &[Vec<u8>]) -> Result<(), Failure> {
        let tag = self.tag();
        let mut octets = format!("{tag} APPEND \"{mailbox}\"").into_bytes();
        for message in messages {
            octets.extend_from_slice(format!(" (\\Seen) {{{}+}}\r\n", message.len()).as_bytes());
            octets.extend_from_slice(message);
        }
        octets.extend_from_slice(b"\r\n");
        self.stream.write_all(&octets).await?;
        self.stream.flush().await?;
        self.finish(&tag).await.map(drop)
    }

    /// How many messages a SEARCH finds.
    pub(crate) async fn search(&mut self, command: &str) -> Result<usize, Failure> {
        let tag = self.tag();
        self.stream.write_all(format!("{tag} {command}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        let mut found = 0;
        loop {
            let line = self.line().await?;
            if let Some(numbers) = line.strip_prefix("* SEARCH") {
                found += numbers.split_whitespace().count();
            } else if let Some(status) = line.strip_prefix(&tag) {
                return if status.starts_with(" OK") { Ok(found) } else { Err(status.to_owned().into()) };
            }
        }
    }

    /// Whether the server has said anything that was not read.
    pub(crate) async fn has_more(&mut self) -> bool {
        let more = tokio::time::timeout(Duration::from_millis(1), self.stream.fill_buf());
        more.await.is_ok()
    }

    /// Enters IDLE: waits for the `+`.
    pub(crate) async fn idle(&mut self) -> Result<(), Failure> {
        let tag = self.tag();
        self.stream.write_all(format!("{tag} IDLE\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        loop {
            if self.line().await?.starts_with('+') {
                return Ok(());
            }
        }
    }
}

/// A message of about so many octets that does not compress to nothing.
pub(crate) fn message(number: usize, bytes: usize) -> Vec<u8> {
    let mut state = number as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut text = format!(
        "From: <load@example.org>\r\nTo: <load@example.org>\r\nSubject: load {number}\r\n\
         Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <load.{number}@example.org>\r\n\r\n"
    );
    while text.len() < bytes {
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!("{state:016x}"));
        }
        text.push_str("\r\n");
    }
    text.into_bytes()
}
