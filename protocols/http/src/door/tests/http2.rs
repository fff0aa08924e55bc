//! HTTP/2 (RFC 9113) by frames of our own, for what a client library would hide: limits, and what lies past them.

use super::{DROP, Echo, THINKING_TIME, connect_to};
use crate::Body;
use crate::door::{Activity, LOOK_INTERVAL};
use crate::limits::{
    IDLE_TIME_MAX, PING_INTERVAL, PING_TIME_MAX, STREAM_COUNT_MAX, STREAM_RESET_LOCAL_MAX,
    STREAM_RESET_PENDING_MAX, STREAM_SEND_BYTES_MAX, WRITE_PIECE_BYTES, WRITE_STALL_TIME_MAX,
};
use bytes::Bytes;
use futures_util::stream::iter;
use http_body_util::BodyExt;
use sasl::door::DrainTrigger;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
/// Of PING and SETTINGS.
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    /// The error code of RST_STREAM, or of GOAWAY.
    fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut octets = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    octets.extend_from_slice(&[kind, flags]);
    octets.extend_from_slice(&stream.to_be_bytes());
    octets.extend_from_slice(payload);
    octets
}

fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())
}

/// Header fields as literals (RFC 7541 6.2.2).
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut octets = Vec::new();
    for (name, value) in fields {
        octets.push(0);
        for text in [name, value] {
            octets.push(u8::try_from(text.len()).unwrap());
            octets.extend_from_slice(text.as_bytes());
        }
    }
    octets
}

/// The number of the n-th stream of a client.
fn stream(index: usize) -> u32 {
    u32::try_from(index * 2 + 1).unwrap()
}

fn request(index: usize, flags: u8, method: &str, path: &str) -> Vec<u8> {
    let login = "Basic YWxpY2VAZXhhbXBsZS5vcmc6YWxpY2Utc2VjcmV0";
    let fields = [
        (":method", method),
        (":scheme", "http"),
        (":authority", "x"),
        (":path", path),
        ("authorization", login),
    ];
    frame(HEADERS, END_HEADERS | flags, stream(index), &block(&fields))
}

struct Client {
    near: DuplexStream,
    _trigger: DrainTrigger,
}

impl Client {
    /// A connection whose settings are agreed on.
    async fn connect(echo: Echo, room: usize, settings: &[u8]) -> Self {
        let (near, _trigger) = connect_to(echo, true, room);
        let mut client = Self { near, _trigger };
        client
            .send(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, settings)[..]].concat())
            .await;
        client
    }

    async fn plain() -> Self {
        Self::connect(Echo::default(), 1 << 20, &[]).await
    }

    async fn send(&mut self, octets: &[u8]) {
        let _ = self.near.write_all(octets).await;
    }

    /// The next frame; `None` at the end of the connection.
    async fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.near.read_exact(&mut head).await.ok()?;
        let size = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(size).unwrap()];
        self.near.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// Frames up to the first that is wanted.
    async fn until(&mut self, wanted: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let next = timeout(Duration::from_secs(5), self.frame()).await.expect("the server is silent");
            let next = next.expect("the server has closed");
            if wanted(&next) {
                return next;
            }
        }
    }

    /// Answers pings for so long, and gives some room to a stream now and then; whether the connection lived.
    async fn stay(&mut self, time: Duration, fed: u32) -> bool {
        let until = Instant::now() + time;
        while Instant::now() < until {
            let left = until.duration_since(Instant::now()).min(LOOK_INTERVAL);
            match timeout(left, self.frame()).await {
                Err(_) => self.feed(fed).await,
                Ok(None) => return false,
                Ok(Some(next)) if next.kind == PING && next.flags != ACK => {
                    self.send(&frame(PING, ACK, 0, &next.payload)).await;
                }
                Ok(Some(_)) => {}
            }
        }
        true
    }

    /// Gives a stream room for one piece of an endless answer.
    async fn feed(&mut self, stream: u32) {
        let room = u32::try_from(DROP.len()).unwrap().to_be_bytes();
        self.send(&[frame(WINDOW_UPDATE, 0, stream, &room), frame(WINDOW_UPDATE, 0, 0, &room)].concat())
            .await;
    }

    /// Whether the server still answers.
    async fn answers(&mut self) -> bool {
        self.send(&frame(PING, 0, 0, b"12345678")).await;
        loop {
            match timeout(Duration::from_secs(5), self.frame()).await {
                Ok(Some(next)) if next.kind == PING && next.flags == ACK => return true,
                Ok(Some(next)) if next.kind == GOAWAY => {
                    assert_eq!(next.code(), ENHANCE_YOUR_CALM);
                    return false;
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return false,
            }
        }
    }
}

#[tokio::test]
async fn so_many_requests_at_once() {
    let mut client = Client::plain().await;
    let most = usize::try_from(STREAM_COUNT_MAX).unwrap();
    let settings = client.until(|frame| frame.kind == SETTINGS && frame.flags != ACK).await;
    let told = settings.payload.chunks(6).find(|setting| setting[..2] == [0, 3]).unwrap();
    assert_eq!(told[2..], STREAM_COUNT_MAX.to_be_bytes());
    // None of them ends yet.
    for index in 0..most {
        client.send(&request(index, 0, "PUT", "/dav/a")).await;
    }
    assert!(client.answers().await);
    client.send(&request(most, 0, "PUT", "/dav/a")).await;
    let refused = client.until(|frame| frame.kind == RST_STREAM).await;
    assert_eq!((refused.stream, refused.code()), (stream(most), REFUSED_STREAM));
    for index in 0..most {
        client.send(&frame(DATA, END_STREAM, stream(index), b"x")).await;
        client.until(|frame| frame.kind == HEADERS && frame.stream == stream(index)).await;
    }
}

#[tokio::test]
async fn so_many_requests_may_be_taken_back_before_they_are_looked_at() {
    for (count, goes_on) in [(STREAM_RESET_PENDING_MAX, true), (STREAM_RESET_PENDING_MAX + 1, false)] {
        let mut client = Client::plain().await;
        let flood: Vec<u8> = (0..count)
            .flat_map(|index| [request(index, END_STREAM, "GET", "/dav/a"), reset(stream(index))].concat())
            .collect();
        client.send(&flood).await;
        assert_eq!(client.answers().await, goes_on, "{count}");
    }
}

#[tokio::test]
async fn so_many_faults_cost_a_stream_only() {
    for (count, goes_on) in [(STREAM_RESET_LOCAL_MAX, true), (STREAM_RESET_LOCAL_MAX + 1, false)] {
        let mut client = Client::plain().await;
        for index in 0..count {
            // RFC 9113 8.2.2: no field of the connection.
            let fields =
                block(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("connection", "close")]);
            client.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream(index), &fields)).await;
        }
        assert_eq!(client.answers().await, goes_on, "{count}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ping_may_go_unanswered_for_so_long() {
    let moment = Duration::from_millis(100);
    let ping = |frame: &Frame| frame.kind == PING && frame.flags == 0;
    let mut client = Client::plain().await;
    let began = Instant::now();
    // A request that waits, so that nobody takes the connection for idle.
    client.send(&request(0, 0, "PUT", "/dav/a")).await;
    let mut pinged = 0;
    while began.elapsed() < PING_INTERVAL * 3 {
        let Ok(Some(next)) = timeout(PING_INTERVAL * 2, client.frame()).await else { panic!("it ended") };
        if ping(&next) {
            pinged += 1;
            sleep(PING_TIME_MAX - moment).await;
            client.send(&frame(PING, ACK, 0, &next.payload)).await;
        }
        if next.kind == HEADERS {
            client.send(&request(pinged, 0, "PUT", "/dav/a")).await;
        }
    }
    assert!(pinged >= 2);

    let mut client = Client::plain().await;
    client.send(&request(0, END_STREAM, "GET", "/dav/a")).await;
    let began = Instant::now();
    while client.frame().await.is_some() {}
    assert!(began.elapsed() >= PING_INTERVAL + PING_TIME_MAX);
    assert!(began.elapsed() <= PING_INTERVAL + PING_TIME_MAX + Duration::from_secs(6));
    assert!(began.elapsed() < IDLE_TIME_MAX);
}

#[tokio::test]
async fn so_much_of_an_answer_waits_for_a_client_that_takes_nothing() {
    /// What frames and the way itself may hold.
    const SLACK_BYTES: usize = 64 * 1024;
    let poured = Arc::new(AtomicUsize::new(0));
    // It says that it would take any amount: SETTINGS_INITIAL_WINDOW_SIZE, and the connection's window.
    let most = (1_u32 << 31) - 1;
    let settings = [&[0, 4], &most.to_be_bytes()[..]].concat();
    let mut client = Client::connect(Echo { poured: poured.clone() }, 1024, &settings).await;
    client.send(&frame(WINDOW_UPDATE, 0, 0, &(most - 65_535).to_be_bytes())).await;
    client.send(&request(0, END_STREAM, "GET", "/dav/pour")).await;
    let mut before = usize::MAX;
    while poured.load(Ordering::Relaxed) != before || before == 0 {
        before = poured.load(Ordering::Relaxed);
        sleep(Duration::from_millis(200)).await;
    }
    assert!(before >= STREAM_SEND_BYTES_MAX - DROP.len(), "{before}");
    assert!(before <= STREAM_SEND_BYTES_MAX + SLACK_BYTES, "{before}");
}

#[tokio::test(start_paused = true)]
async fn so_long_an_answer_waits_for_a_client_that_gives_it_no_room() {
    let moment = Duration::from_secs(1);
    let poured = Arc::new(AtomicUsize::new(0));
    let nothing = [0, 4, 0, 0, 0, 0];
    let mut client = Client::connect(Echo { poured: poured.clone() }, 1 << 20, &nothing).await;
    client.send(&request(0, END_STREAM, "GET", "/dav/pour")).await;
    // Of another answer it always takes something, and it answers pings.
    client.send(&request(1, END_STREAM, "GET", "/dav/pour")).await;
    for _ in 0..4 {
        assert!(client.stay(WRITE_STALL_TIME_MAX - moment, stream(1)).await);
        client.feed(stream(0)).await;
    }
    let began = Instant::now();
    assert!(!client.stay(WRITE_STALL_TIME_MAX * 2, stream(1)).await);
    assert!(began.elapsed() > WRITE_STALL_TIME_MAX, "{:?}", began.elapsed());
    assert!(began.elapsed() <= WRITE_STALL_TIME_MAX + LOOK_INTERVAL + moment, "{:?}", began.elapsed());
    // Nothing of the answers is left, nor of what they hold.
    sleep(moment).await;
    assert_eq!(Arc::strong_count(&poured), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_worked_on_is_not_waiting_for_its_client() {
    let mut client = Client::plain().await;
    client.send(&request(0, END_STREAM, "GET", "/dav/think")).await;
    let began = Instant::now();
    let mut taken = 0;
    loop {
        let next = client.frame().await.expect("the server has closed");
        match next.kind {
            PING if next.flags != ACK => client.send(&frame(PING, ACK, 0, &next.payload)).await,
            DATA => taken += next.payload.len(),
            _ => {}
        }
        if next.kind == DATA && next.flags & END_STREAM != 0 {
            break;
        }
    }
    assert_eq!(taken, 2 * DROP.len());
    assert!(began.elapsed() >= THINKING_TIME && THINKING_TIME > WRITE_STALL_TIME_MAX + LOOK_INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn large_pieces_are_given_in_small_ones_where_each_must_be_taken_in_time() {
    let whole = 3 * WRITE_PIECE_BYTES + 1;
    let content = || Body::stream(iter([Ok(Bytes::from(vec![b'x'; whole]))]), None);
    for (paced, count) in [(true, 4), (false, 1)] {
        let activity = Arc::new(Activity::new());
        let mut busy = Activity::begin(&activity);
        busy.paced = paced;
        let mut body = content().holding(busy);
        let mut sizes = Vec::new();
        while let Some(frame) = body.frame().await {
            sizes.push(frame.unwrap().into_data().unwrap().len());
        }
        assert_eq!((sizes.len(), sizes.iter().sum::<usize>()), (count, whole));
        assert!(!paced || sizes.iter().all(|size| *size <= WRITE_PIECE_BYTES));
        // Done, though it is still held.
        sleep(WRITE_STALL_TIME_MAX * 2).await;
        assert_eq!((activity.stalled(), activity.idle()), (Duration::ZERO, Duration::ZERO));
        drop(body);
    }
}
