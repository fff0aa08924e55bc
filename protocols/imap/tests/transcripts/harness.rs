//! Plays a script of `C:` and `S:` lines. `<*>` in an `S:` line stands for anything; `C2:` and `S2:` belong to
//! a second session on the same store; lines that begin with `#` are for readers.
//!
//! Everything the door says is also parsed by imap-codec, where it knows the form.

use directory::testing::MemoryDirectory;
use engine::fail::{FailEngine, FailPlan};
use engine::sim::{SimDisk, SimEnv};
use imap::{Config, Door};
use imap_codec::ResponseCodec;
use imap_codec::decode::{Decoder, ResponseDecodeError};
use sasl::door::{DrainTrigger, Peer, drain};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Options, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;

/// Logs in and opens INBOX; what it says is not looked at.
pub const ALICE: &str = "x1 LOGIN alice@example.org alice-secret";

/// A door with a store of its own.
pub struct House {
    pub door: Door,
    pub trigger: DrainTrigger,
    pub disk: SimDisk,
    pub store: Store,
    drain: sasl::door::Drain,
}

/// One client.
pub struct Client {
    pub stream: DuplexStream,
    waiting: Vec<u8>,
    pub heard: Vec<u8>,
}

impl House {
    pub fn new() -> Self {
        Self::with_options(Options::default(), Config::default())
    }

    pub fn configured(config: Config) -> Self {
        Self::with_options(Options::default(), config)
    }

    pub fn with_quota(bytes: u64) -> Self {
        Self::with_options(Options { quota_bytes: Some(bytes), ..Options::default() }, Config::default())
    }

    /// A house whose engine fails where the plan says so.
    pub fn failing(plan: &Arc<FailPlan>) -> Self {
        let disk = SimDisk::new(1);
        let engine = FailEngine::new(disk.engine(), plan.clone());
        let store = Store::new(engine, disk.blobs(), Arc::new(SimEnv::new(1)), Options::default());
        Self::over(store, disk, Config::default())
    }

    fn with_options(options: Options, config: Config) -> Self {
        let disk = SimDisk::new(1);
        let store = Store::new(disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)), options);
        Self::over(store, disk, config)
    }

    fn over(store: Store, disk: SimDisk, config: Config) -> Self {
        let (trigger, drain) = drain();
        let door =
            Door::configured(store.clone(), Arc::new(MemoryDirectory::sample()), config, Arc::default());
        Self { door, trigger, disk, store, drain }
    }

    pub fn peer(&self) -> Peer {
        let addr = "127.0.0.1:1".parse().unwrap();
        Peer { addr, tls: true, cleartext_auth: false, acceptor: None, channel: None, crowded: false }
    }

    pub async fn connect_as(&self, peer: Peer) -> Client {
        let (stream, far) = tokio::io::duplex(64 * 1024);
        let (door, drain) = (self.door.clone(), self.drain.clone());
        tokio::spawn(async move { door.serve(Box::new(far), peer, drain).await });
        let mut client = Client { stream, waiting: Vec::new(), heard: Vec::new() };
        assert!(client.line().await.starts_with("* OK [CAPABILITY IMAP4rev1 "));
        client
    }

    pub async fn connect(&self) -> Client {
        self.connect_as(self.peer()).await
    }

    /// A client that is logged in as alice.
    pub async fn alice(&self) -> Client {
        let mut client = self.connect().await;
        client.say(ALICE).await;
        assert!(client.line().await.starts_with("x1 OK "));
        client
    }

    /// Plays a script with clients that are logged in as alice.
    pub async fn play(&self, script: &str) {
        let mut clients: BTreeMap<String, Client> = BTreeMap::new();
        for (number, line) in script.lines().enumerate() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (who, text) = line.split_once(':').unwrap();
            let text = text.strip_prefix(' ').unwrap_or(text);
            let (side, name) = who.split_at(1);
            if !clients.contains_key(name) {
                clients.insert(name.to_owned(), self.alice().await);
            }
            let client = clients.get_mut(name).unwrap();
            match side {
                "C" => client.say(text).await,
                "S" => {
                    let mut heard = client.line().await;
                    while UNASKED.iter().any(|code| heard.starts_with(code) && !text.starts_with(code)) {
                        heard = client.line().await;
                    }
                    assert!(like(text, &heard), "line {}\n expect {text}\n  heard {heard}", number + 1);
                }
                other => panic!("{other} in {line}"),
            }
        }
        for (_, client) in clients {
            client.finish().await;
        }
    }
}

/// What SELECT tells for extensions; looked at only where a script speaks of it.
const UNASKED: &[&str] = &["* OK [HIGHESTMODSEQ ", "* OK [MAILBOXID "];

/// Plays a script in a new house.
pub async fn play(script: &str) {
    House::new().play(script).await;
}

impl Client {
    pub async fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes()).await;
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        match self.stream.write_all(bytes).await {
            // The server had enough before the last of them: its last words and the end are there to be read.
            Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
    }

    /// The next line, without its end; "(end)" at the end of the stream.
    pub async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.waiting.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.waiting.drain(..end + 2).collect();
                return String::from_utf8_lossy(&line[..end]).into_owned();
            }
            let mut room = [0; 4096];
            let read = timeout(Duration::from_secs(5), self.stream.read(&mut room)).await;
            match read.expect("the server is silent").unwrap_or(0) {
                0 => return "(end)".to_owned(),
                count => {
                    self.waiting.extend_from_slice(&room[..count]);
                    self.heard.extend_from_slice(&room[..count]);
                }
            }
        }
    }

    /// Lines up to the tagged one, that one included.
    pub async fn until(&mut self, tag: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            let last = line.starts_with(&format!("{tag} ")) || line == "(end)";
            lines.push(line);
            if last {
                return lines;
            }
        }
    }

    /// Sends a command and returns everything up to its tagged reply.
    pub async fn ask(&mut self, command: &str) -> Vec<String> {
        self.say(command).await;
        self.until(command.split(' ').next().unwrap()).await
    }

    /// Checks what was said so far, and forgets it.
    pub fn check(&mut self) {
        check_grammar(&self.heard);
        self.heard.clear();
    }

    /// Nothing more may have been said. That what was said is IMAP is checked whenever a client goes.
    pub async fn finish(mut self) {
        if let Ok(Ok(count)) = timeout(Duration::from_millis(1), self.stream.read(&mut [0; 64])).await {
            assert_eq!(count, 0, "the server said more than expected");
        }
        assert!(self.waiting.is_empty(), "not expected: {}", String::from_utf8_lossy(&self.waiting));
    }
}

/// Whether a line is as expected, `<*>` standing for anything.
pub fn like(expect: &str, heard: &str) -> bool {
    let mut parts = expect.split("<*>");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = heard.strip_prefix(first) else { return false };
    let mut open = false;
    for part in parts {
        open = true;
        if part.is_empty() {
            continue;
        }
        open = false;
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open || rest.is_empty()
}

/// Forms that imap-codec does not know (its enums are closed).
const UNKNOWN: &[&str] = &[
    "* ESEARCH",
    "* ACL ",
    "* MYRIGHTS ",
    "* UIDBATCHES",
    " UIDFETCH ",
    "OLDNAME",
    "APPENDLIMIT ",
    "CHILDINFO",
    "DELETED ",
    "BINARY.SIZE",
    "BINARY[",
    "PREVIEW ",
];

/// Parses everything that was said with imap-codec.
fn check_grammar(heard: &[u8]) {
    let codec = ResponseCodec::new();
    // The greeting has a codec of its own.
    let line = heard.windows(2).position(|two| two == b"\r\n").map_or(heard.len(), |at| at + 2);
    let start = if heard.starts_with(b"* OK [CAPABILITY ") { line } else { 0 };
    let mut rest = &heard[start..];
    while !rest.is_empty() {
        match codec.decode(rest) {
            Ok((left, _)) => rest = left,
            Err(ResponseDecodeError::Incomplete | ResponseDecodeError::LiteralFound { .. }) => return,
            Err(error) => {
                let length = reply_length(rest);
                let reply = String::from_utf8_lossy(&rest[..length]);
                let known = UNKNOWN.iter().any(|form| reply.contains(form)) || has_far_origin(&reply);
                assert!(known, "imap-codec: {error:?} in {reply:?}");
                rest = &rest[length..];
            }
        }
    }
}

/// Whether a part of a body begins past four gigabytes, which may be asked for (RFC 9051 9: number64) and has no form in
/// imap-codec.
fn has_far_origin(reply: &str) -> bool {
    let origins = reply.split("]<").skip(1).filter_map(|rest| rest.split_once('>'));
    origins.filter_map(|(origin, _)| origin.parse::<u64>().ok()).any(|origin| origin > u64::from(u32::MAX))
}

/// Octets of the first reply, its literals counted in.
fn reply_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let Some(end) = bytes[at..].windows(2).position(|two| two == b"\r\n") else { return bytes.len() };
        let line = &bytes[at..at + end];
        at += end + 2;
        let size = line.strip_suffix(b"}").and_then(|line| {
            let open = line.iter().rposition(|&byte| byte == b'{')?;
            std::str::from_utf8(&line[open + 1..]).ok()?.parse::<usize>().ok()
        });
        match size {
            Some(size) => at = (at + size).min(bytes.len()),
            None => return at,
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            check_grammar(&self.heard);
        }
    }
}
