//! A relay that does as it is told: answers by rule, keeps what it was sent.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// How a sink behaves. The answer to a command is that of the first rule whose text the line begins with;
/// a rule with several answers gives them in turn and repeats the last.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    pub(crate) answers: Vec<(&'static str, Vec<&'static str>)>,
    pub(crate) extensions: Vec<&'static str>,
    pub(crate) acceptor: Option<TlsAcceptor>,
    /// TLS from the first octet.
    pub(crate) implicit: bool,
    /// Sent right behind the answer to STARTTLS, in the clear.
    pub(crate) injected: &'static str,
}

/// What happened at the sink.
#[derive(Default)]
pub(crate) struct Log {
    /// Every command line, and `(tls)` at each handshake.
    pub(crate) lines: Vec<String>,
    /// Every message that was answered with 2xx.
    pub(crate) messages: Vec<String>,
    asked: std::collections::HashMap<&'static str, usize>,
}

pub(crate) struct Sink {
    pub(crate) port: u16,
    pub(crate) log: Arc<Mutex<Log>>,
}

trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

impl Sink {
    pub(crate) async fn start(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Log::default()));
        let shared = log.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, rules.clone(), shared.clone()));
            }
        });
        Self { port, log }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.lock().unwrap().lines.clone()
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.log.lock().unwrap().messages.clone()
    }
}

/// The answer to a line, or the usual one.
fn answer(rules: &Rules, log: &Mutex<Log>, line: &str, usual: &str) -> String {
    let mut log = log.lock().unwrap();
    for (begins, answers) in &rules.answers {
        if line.starts_with(begins) {
            let asked = log.asked.entry(begins).or_default();
            let answer = answers.get(*asked).or(answers.last()).unwrap();
            *asked += 1;
            return (*answer).to_owned();
        }
    }
    usual.to_owned()
}

async fn serve(stream: tokio::net::TcpStream, rules: Rules, log: Arc<Mutex<Log>>) {
    let mut stream: Box<dyn Both> = Box::new(stream);
    if rules.implicit {
        stream = Box::new(rules.acceptor.clone().unwrap().accept(stream).await.unwrap());
        log.lock().unwrap().lines.push("(tls)".to_owned());
    }
    let mut stream = BufReader::new(stream);
    let greeting = answer(&rules, &log, "(connect)", "220 sink");
    if stream.get_mut().write_all(format!("{greeting}\r\n").as_bytes()).await.is_err() {
        return;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        log.lock().unwrap().lines.push(line.clone());
        let verb = line.split(' ').next().unwrap_or_default();
        let ehlo: String = std::iter::once("sink")
            .chain(rules.extensions.iter().copied())
            .map(|word| format!("250-{word}\r\n"))
            .collect();
        let usual = match verb {
            "EHLO" => format!("{ehlo}250 OK"),
            "STARTTLS" => "220 go".to_owned(),
            "DATA" => "354 go".to_owned(),
            "AUTH" => "235 2.7.0 ok".to_owned(),
            "QUIT" => "221 bye".to_owned(),
            _ => "250 2.0.0 ok".to_owned(),
        };
        let said = answer(&rules, &log, &line, &usual);
        if said == "(close)" {
            return;
        }
        if stream.get_mut().write_all(format!("{said}\r\n").as_bytes()).await.is_err() || verb == "QUIT" {
            return;
        }
        if verb == "STARTTLS" && said.starts_with("220") {
            stream.get_mut().write_all(rules.injected.as_bytes()).await.unwrap();
            let accepted = rules.acceptor.clone().unwrap().accept(stream.into_inner()).await;
            let Ok(tls) = accepted else { return };
            log.lock().unwrap().lines.push("(tls)".to_owned());
            stream = BufReader::new(Box::new(tls));
        } else if verb == "DATA" && said.starts_with("354") {
            let Some(message) = message(&mut stream).await else { return };
            let said = answer(&rules, &log, "(message)", "250 2.0.0 taken");
            if said == "(close)" {
                return;
            }
            // Nothing but a dot is how a client ends a DATA that nobody wants (RFC 2920 3.1).
            if said.starts_with('2') && !message.is_empty() {
                log.lock().unwrap().messages.push(message);
            }
            stream.get_mut().write_all(format!("{said}\r\n").as_bytes()).await.unwrap();
        }
    }
}

/// Octets up to the final dot, as they crossed the wire.
async fn message(stream: &mut BufReader<Box<dyn Both>>) -> Option<String> {
    let mut whole = Vec::new();
    loop {
        if stream.read_until(b'\n', &mut whole).await.unwrap_or(0) == 0 {
            return None;
        }
        if whole == b".\r\n" || whole.ends_with(b"\r\n.\r\n") {
            whole.truncate(whole.len() - 3);
            return Some(String::from_utf8_lossy(&whole).into_owned());
        }
    }
}
