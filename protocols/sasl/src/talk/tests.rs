//! The loop, by a door that can do next to nothing.

use super::*;
use crate::door::{DrainTrigger, drain};
use crate::limits::{HANDSHAKE_TIME_MAX, STRANGER_TIME_CROWDED, STRANGER_TIME_MAX};
use crate::testing::{self, HOST, loopback, stranger, tls};
use directory::testing::MemoryDirectory;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

struct Toy {
    client: Client,
    is_known: bool,
    said: Vec<String>,
}

struct Word(&'static str);

impl Answer for Word {
    fn encode(&self) -> Vec<u8> {
        format!("{}\r\n", self.0).into_bytes()
    }

    fn is_misuse(&self) -> bool {
        self.0.starts_with("bad")
    }
}

/// A place in a list that nobody reads.
fn present() -> Present {
    crate::sessions::Sessions::new(std::path::PathBuf::new()).enter(crate::sessions::Known {
        account: model::AccountId(1),
        app_password: None,
        door: "toy",
        from: "127.0.0.1:1".parse().unwrap(),
        since: model::Timestamp::default(),
        client: None,
    })
}

impl Talk for Toy {
    type Answer = Word;
    /// Whether somebody must have logged in.
    type When = bool;

    const COMMANDS: &'static [Command<Self>] = &[
        Command { verb: "SAY", when: false, run: say },
        Command { verb: "AUTH", when: false, run: auth },
        Command { verb: "SECRET", when: true, run: |_, _| Box::pin(async { go(Word("secret")) }) },
        Command {
            verb: "TLS",
            when: false,
            run: |_, _| Box::pin(async { Ok((Word("go ahead"), Then::Upgrade)) }),
        },
        Command { verb: "QUIT", when: false, run: |_, _| Box::pin(async { Ok((Word("bye"), Then::Close)) }) },
    ];
    fn is_shown(_: &Command<Self>, _: &str) -> bool {
        false
    }

    const LINE_BYTES_MAX: usize = 100;
    const IDLE_TIME_MAX: Duration = Duration::from_secs(300);
    const DROPS_TRAILING_BLANKS: bool = true;

    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn greeting(&self) -> Word {
        Word("hello")
    }

    fn is_logged_in(&self) -> bool {
        self.is_known
    }

    fn refusal(&self, needs_login: bool) -> Option<(Word, Then)> {
        (needs_login && !self.is_known).then_some((Word("bad: log in"), Then::Go))
    }

    fn misuse(misuse: Misuse<'_>) -> Word {
        Word(match misuse {
            Misuse::TooLong => "bad: long",
            Misuse::Bare => "bad: bare",
            Misuse::NotUtf8 => "bad: octets",
            Misuse::Unknown(_) => "bad: unknown",
        })
    }

    fn farewell(why: Farewell) -> Option<Word> {
        match why {
            Farewell::Foreign => None,
            Farewell::Errors => Some(Word("too many")),
            Farewell::Slow => Some(Word("too slow")),
            Farewell::Drained => Some(Word("going down")),
        }
    }

    fn challenge(text: &str) -> Word {
        Word(if text.is_empty() { "+" } else { "+ more" })
    }

    fn begin_anew(&mut self) {
        self.said.clear();
        self.is_known = false;
    }
}

/// Remembers what was said, and tells whether it was said before.
fn say<'a>(session: &'a mut Toy, rest: &'a str) -> Outcome<'a, Toy> {
    Box::pin(async move {
        let known = session.said.iter().any(|said| said == rest);
        session.said.push(rest.to_owned());
        go(Word(if known { "again" } else { "new" }))
    })
}

fn auth<'a>(session: &'a mut Toy, rest: &'a str) -> Outcome<'a, Toy> {
    Box::pin(async move {
        let peer = session.client.peer.clone();
        let directory = MemoryDirectory::sample();
        match authenticate(session, rest, &peer, &directory).await? {
            None => go(Word("bad: mechanism")),
            Some(Ok(_)) => {
                session.is_known = true;
                session.client.has_logged_in(present());
                go(Word("welcome"))
            }
            Some(Err(Error::Forbidden(_))) if session.client.has_failed(2) => {
                Ok((Word("enough"), Then::Close))
            }
            Some(Err(Error::Forbidden(_))) => go(Word("wrong")),
            Some(Err(Error::TooLarge(_))) => go(Word("bad: too large")),
            Some(Err(_)) => go(Word("bad: no login")),
        }
    })
}

/// A session, and what ends it.
fn connect(peer: Peer) -> (testing::Client, DrainTrigger) {
    let (trigger, drain) = drain();
    let client = testing::Client::connect(
        |_| false,
        |stream| async move {
            let client = Client::new(stream, peer, drain);
            let _ = serve(Toy { client, is_known: false, said: Vec::new() }).await;
        },
    );
    (client, trigger)
}

fn with_tls() -> (testing::Client, TlsConnector, DrainTrigger) {
    let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let (acceptor, connector) = tls(made.cert.der().clone(), key).unwrap();
    let (client, trigger) = connect(stranger(acceptor));
    (client, connector, trigger)
}

const LOGIN: &str = "AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAGFsaWNlLXNlY3JldA==";

#[tokio::test]
async fn verbs_are_found_and_what_is_none_is_refused() {
    let (mut client, _trigger) = connect(loopback());
    client.check("S: hello\nC: say a\nS: new\nC: SAY a  \nS: again\nC: SECRET\nS: bad: log in").await;
    client.check(&format!("C: {LOGIN}\nS: welcome\nC: SECRET\nS: secret\nC: NONE\nS: bad: unknown")).await;
    client.send(b"SAY\nSAY\r\nSAY \xff\r\n").await;
    client.check("S: bad: bare\nS: new\nS: bad: octets").await;
    let most = "x".repeat(Toy::LINE_BYTES_MAX - "SAY \r\n".len());
    client.check(&format!("C: SAY {most}\nS: new\nC: SAY {most}x\nS: bad: long\nC: QUIT\nS: bye\nS:")).await;
}

#[tokio::test]
async fn logins_are_counted_and_their_lines_bounded() {
    let (mut client, _trigger) = connect(loopback());
    client.check("S: hello\nC: AUTH NONE\nS: bad: mechanism\nC: AUTH PLAIN\nS: +\nC: *\nS: bad: no").await;
    client.check("C: AUTH PLAIN\nS: +").await;
    client.send(&[vec![b'!'; RESPONSE_BYTES_MAX].as_slice(), b"\r\n"].concat()).await;
    client.check("S: bad: no login\nC: AUTH PLAIN\nS: +").await;
    client.send(&[vec![b'!'; RESPONSE_BYTES_MAX + 1].as_slice(), b"\r\n"].concat()).await;
    client.check("S: bad: too large").await;
    client.check("C: AUTH PLAIN AHgAeQ==\nS: wrong\nC: AUTH PLAIN AHgAeQ==\nS: enough\nS:").await;
}

#[tokio::test(start_paused = true)]
async fn errors_up_to_the_soft_limit_cost_nothing_and_the_hard_one_ends_the_session() {
    let (mut client, _trigger) = connect(loopback());
    client.check("S: hello").await;
    let began = Instant::now();
    for _ in 0..SOFT_ERROR_COUNT_MAX {
        client.check("C: NONE\nS: bad: unknown\nC: SAY a").await;
        client.line().await;
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    for count in 1..HARD_ERROR_COUNT_MAX - SOFT_ERROR_COUNT_MAX {
        client.check("C: NONE\nS: bad: unknown\nC: SAY a\nS: again").await;
        assert!(began.elapsed() >= ERROR_DELAY * count && began.elapsed() < ERROR_DELAY * (count + 1));
    }
    client.check("C: NONE\nS: too many\nS:").await;
}

#[tokio::test(start_paused = true)]
async fn a_stranger_has_its_time_and_somebody_who_logged_in_has_as_long_as_it_speaks() {
    let (mut client, _trigger) = connect(loopback());
    let began = Instant::now();
    client.check("S: hello").await;
    let step = Duration::from_secs(1);
    while began.elapsed() + step < STRANGER_TIME_MAX {
        tokio::time::sleep(step).await;
        client.check("C: SAY a").await;
        assert_ne!(client.line().await, "too slow", "{:?}", began.elapsed());
    }
    client.check("S: too slow\nS:").await;
    assert!(began.elapsed() >= STRANGER_TIME_MAX && began.elapsed() < STRANGER_TIME_MAX + step);

    let (mut client, _trigger) = connect(Peer { crowded: true, ..loopback() });
    let began = Instant::now();
    client.check("S: hello\nS: too slow\nS:").await;
    assert_eq!(began.elapsed(), STRANGER_TIME_CROWDED);

    let (mut client, _trigger) = connect(loopback());
    client.check(&format!("S: hello\nC: {LOGIN}\nS: welcome")).await;
    for _ in 0..3 {
        tokio::time::sleep(Toy::IDLE_TIME_MAX - step).await;
        client.check("C: SECRET\nS: secret").await;
    }
    let began = Instant::now();
    client.check("S: too slow\nS:").await;
    assert!(began.elapsed() >= Toy::IDLE_TIME_MAX && began.elapsed() < Toy::IDLE_TIME_MAX + step);
}

#[tokio::test]
async fn a_browser_is_not_talked_to_and_a_server_that_ends_says_so() {
    for verb in FOREIGN_VERBS {
        let (mut client, _trigger) = connect(loopback());
        client.check(&format!("S: hello\nC: {verb} / HTTP/1.1\nS:")).await;
    }
    let (mut client, trigger) = connect(loopback());
    client.check("S: hello\nC: SAY a\nS: new").await;
    trigger.drain();
    client.check("S: going down\nS:").await;
}

#[tokio::test]
async fn a_session_begins_anew_inside_tls() {
    let (mut client, connector, _trigger) = with_tls();
    client.check("S: hello\nC: SAY a\nS: new\nC: SAY a\nS: again\nC: TLS\nS: go ahead").await;
    let mut tls = client.secure(&connector).await.unwrap();
    tls.write_all(b"SAY a\r\nQUIT\r\n").await.unwrap();
    let mut said = String::new();
    tls.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "new\r\nbye\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_time_and_nothing_is_said_behind_it() {
    let (mut client, _connector, _trigger) = with_tls();
    client.check("S: hello\nC: TLS\nS: go ahead").await;
    let began = Instant::now();
    client.check("S:").await;
    assert_eq!(began.elapsed(), HANDSHAKE_TIME_MAX);

    // One that is late, but not too late.
    let (mut client, connector, _trigger) = with_tls();
    client.check("S: hello\nC: TLS\nS: go ahead").await;
    tokio::time::sleep(HANDSHAKE_TIME_MAX - Duration::from_millis(1)).await;
    assert!(client.secure(&connector).await.is_ok());
}

#[tokio::test]
async fn commands_in_one_segment_are_answered_in_their_order() {
    let (mut client, _trigger) = connect(loopback());
    client.send(format!("SAY a\r\n{LOGIN}\r\nSECRET\r\nSAY a\r\nQUIT\r\nSAY b\r\n").as_bytes()).await;
    client.check("S: hello\nS: new\nS: welcome\nS: secret\nS: again\nS: bye\nS:").await;
}
