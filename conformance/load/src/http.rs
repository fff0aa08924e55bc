//! A small HTTP/1.1 client on one kept connection: a request, a status and a body.

use crate::Target;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::error::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

type Failure = Box<dyn Error + Send + Sync>;

/// One connection, reopened when the server closes it.
pub(crate) struct Http {
    port: u16,
    credentials: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Http {
    /// Speaks as the first account.
    pub(crate) fn new(target: &Target) -> Self {
        let (user, password) = target.account(0);
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        Self { port: target.port, credentials, stream: None }
    }

    /// A request; a connection that was closed meanwhile is opened once more.
    pub(crate) async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.credentials,
            body.len()
        );
        let octets = format!("{head}{body}");
        if self.stream.is_some()
            && let Ok(answer) = self.attempt(&octets).await
        {
            return Ok(answer);
        }
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await?;
        tcp.set_nodelay(true)?;
        self.stream = Some(BufReader::new(tcp));
        self.attempt(&octets).await
    }

    async fn attempt(&mut self, octets: &str) -> Result<(u16, Vec<u8>), Failure> {
        let mut stream = self.stream.take().ok_or("not connected")?;
        stream.write_all(octets.as_bytes()).await?;
        let status = line(&mut stream).await?;
        let status: u16 = status.split(' ').nth(1).ok_or("no status")?.parse()?;
        let (mut length, mut chunked, mut close) = (None, false, false);
        loop {
            let header = line(&mut stream).await?.to_ascii_lowercase();
            match header.split_once(':').map(|(name, value)| (name, value.trim())) {
                Some(("content-length", value)) => length = Some(value.parse::<u64>()?),
                Some(("transfer-encoding", "chunked")) => chunked = true,
                Some(("connection", "close")) => close = true,
                None if header.is_empty() => break,
                _ => {}
            }
        }
        close |= length.is_none() && !chunked && status != 204;
        let body = body(&mut stream, length, chunked, status).await?;
        if !close {
            self.stream = Some(stream);
        }
        Ok((status, body))
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Result<String, Failure> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err("closed by the server".into());
    }
    Ok(line.trim_end().to_owned())
}

async fn body(
    stream: &mut BufReader<TcpStream>,
    length: Option<u64>,
    chunked: bool,
    status: u16,
) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = u64::from_str_radix(&line(stream).await?, 16)?;
            stream.take(size).read_to_end(&mut body).await?;
            line(stream).await?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    match length {
        Some(length) => stream.take(length).read_to_end(&mut body).await?,
        None if status == 204 || status == 304 => 0,
        None => stream.read_to_end(&mut body).await?,
    };
    Ok(body)
}
