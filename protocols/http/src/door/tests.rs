//! Connections over an in-memory stream, spoken octet by octet.

mod http2;
mod limits;

use super::{Door, LOOK_INTERVAL};
use crate::app::{App, Request, Response, plain};
use crate::limits::{
    HEAD_BYTES_MAX, HEAD_TIME_MAX, HEADER_COUNT_MAX, IDLE_TIME_MAX, STRANGERS_IDLE_TIME_MAX,
    WRITE_STALL_TIME_MAX,
};
use crate::{Body, Drain, Path, Peer};
use async_trait::async_trait;
use bytes::Bytes;
use directory::testing::MemoryDirectory;
use futures_util::{FutureExt, StreamExt, stream};
use http::StatusCode;
use sasl::door::DrainTrigger;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

/// Tells what it got.
#[derive(Default)]
struct Echo {
    /// Octets of endless answers that were asked for.
    poured: Arc<AtomicUsize>,
}

/// So much of an endless answer is made at a time.
const DROP: Bytes = Bytes::from_static(&[b'x'; 1024]);
/// So long an answer's own work can take.
const THINKING_TIME: Duration = WRITE_STALL_TIME_MAX.saturating_mul(3);

#[async_trait]
impl App for Echo {
    fn well_known(&self) -> Vec<(&'static str, &'static str)> {
        vec![("caldav", "/dav/")]
    }

    fn serves(&self, path: &Path) -> bool {
        path.names().first().is_some_and(|name| name == "dav")
    }

    async fn handle(&self, mut request: Request) -> Response {
        if request.path.last() == Some("refuse") {
            return plain(StatusCode::PRECONDITION_FAILED, "");
        }
        if request.path.last() == Some("pour") {
            let poured = self.poured.clone();
            let drops = futures_util::stream::repeat_with(move || {
                poured.fetch_add(DROP.len(), Ordering::Relaxed);
                Ok(DROP)
            });
            return Response::new(Body::stream(drops, None));
        }
        if request.path.last() == Some("think") {
            // Some, and more only after a long while.
            let more = async { sleep(THINKING_TIME).await };
            let pieces = stream::once(async { Ok(DROP) }).chain(stream::once(more.map(|()| Ok(DROP))));
            return Response::new(Body::stream(pieces, None));
        }
        let limit = if request.path.last() == Some("large") { u64::MAX } else { 1024 };
        match request.body.collect(limit).await {
            Ok(_) => plain(StatusCode::OK, "fine"),
            Err(model::Error::TooLarge(_)) => plain(StatusCode::PAYLOAD_TOO_LARGE, ""),
            Err(_) => plain(StatusCode::BAD_REQUEST, ""),
        }
    }
}

fn connect(cleartext_auth: bool) -> (DuplexStream, DrainTrigger) {
    connect_to(Echo::default(), cleartext_auth, 1 << 20)
}

/// A connection on which so many octets are on their way at the most.
fn connect_to(echo: Echo, cleartext_auth: bool, room: usize) -> (DuplexStream, DrainTrigger) {
    let (trigger, drain): (_, Drain) = sasl::door::drain();
    let (near, far) = tokio::io::duplex(room);
    let door = Door::new(Arc::new(MemoryDirectory::sample()), vec![Arc::new(echo)]);
    let addr = "127.0.0.1:4".parse().unwrap();
    let peer = Peer { addr, tls: false, cleartext_auth, acceptor: None, channel: None, crowded: false };
    tokio::spawn(async move { door.serve(Box::new(far), peer, drain).await });
    (near, trigger)
}

const LOGIN: &str = "Authorization: Basic YWxpY2VAZXhhbXBsZS5vcmc6YWxpY2Utc2VjcmV0\r\n";

/// Sends all of it and reads until the peer closes or falls silent.
async fn talk(near: &mut DuplexStream, sent: &str) -> String {
    let _ = near.write_all(sent.as_bytes()).await;
    let mut got = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(Ok(count)) = timeout(Duration::from_millis(200), near.read(&mut buffer)).await {
        if count == 0 {
            break;
        }
        got.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(got).unwrap()
}

async fn once(sent: &str) -> String {
    talk(&mut connect(true).0, sent).await
}

fn statuses(text: &str) -> Vec<&str> {
    text.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect()
}

#[tokio::test]
async fn every_request_proves_itself() {
    let (mut near, _trigger) = connect(true);
    let with = format!("GET /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n");
    let without = "GET /dav/a HTTP/1.1\r\nHost: x\r\n\r\n";
    let got = talk(&mut near, &format!("{with}{without}{with}")).await;
    assert_eq!(statuses(&got), ["200", "401", "200"], "{got}");
    assert!(got.to_lowercase().contains("www-authenticate: basic realm=\"collegium\""), "{got}");
    assert!(!got.to_lowercase().contains("\nserver:") && got.contains("nosniff"), "{got}");
    let wrong = once("GET /dav/a HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n").await;
    assert_eq!(statuses(&wrong), ["401"]);
}

#[tokio::test]
async fn no_password_without_tls() {
    let got = talk(&mut connect(false).0, &format!("GET /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n")).await;
    assert_eq!(statuses(&got), ["403"]);
    assert!(!got.to_lowercase().contains("www-authenticate"), "{got}");
}

#[tokio::test]
async fn routes() {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n");
    assert_eq!(statuses(&once(&get("/other")).await), ["404"]);
    assert_eq!(statuses(&once(&get("/dav/../x")).await), ["400"]);
    assert_eq!(statuses(&once(&get("/dav/%2e%2e/x")).await), ["400"]);
    let known = once("PROPFIND /.well-known/caldav HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab").await;
    assert!(statuses(&known) == ["301"] && known.to_lowercase().contains("location: /dav/"), "{known}");
    assert_eq!(statuses(&once(&get("/.well-known/carddav")).await), ["404"]);
}

#[tokio::test]
async fn heads_that_can_be_read_in_two_ways() {
    for extra in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3, 4\r\n",
        "Content-Length: +3\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: 3\r\n folded\r\n",
        "Content-Length : 3\r\n",
    ] {
        let put = format!("PUT /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}{extra}\r\n0\r\n\r\n");
        let got = once(&format!("{put}GET /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n")).await;
        assert_eq!(statuses(&got), ["400"], "{extra}");
    }
    for hosts in ["", "Host: x\r\nHost: y\r\n"] {
        let got = once(&format!("GET /dav/a HTTP/1.1\r\n{hosts}{LOGIN}\r\n")).await;
        assert_eq!(statuses(&got), ["400"], "{hosts}");
    }
    for host in ["x\"><script>", "x/y", "a@x", "x y", "x:port", "[::1", "http://x", "é"] {
        let got = once(&format!("GET /other HTTP/1.1\r\nHost: {host}\r\n{LOGIN}\r\n")).await;
        assert_eq!(statuses(&got), ["400"], "{host}");
    }
    for host in ["", "x", "x:", "my_host.example.org:8443", "127.0.0.1:80", "[::1]", "[2001:db8::1]:443"] {
        let got = once(&format!("GET /other HTTP/1.1\r\nHost: {host}\r\n{LOGIN}\r\n")).await;
        assert_eq!(statuses(&got), ["404"], "{host}");
    }
    for target in ["/dav/a/#b", "http://x/dav/a/#b", "/dav/a?b#c", "/dav/a/?u=http://y/#b"] {
        let fragment = once(&format!("DELETE {target} HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n")).await;
        assert_eq!(statuses(&fragment), ["400"], "{target}");
    }
}

#[tokio::test]
async fn refused_content_does_not_cost_the_connection() {
    let put = format!("PUT /dav/refuse HTTP/1.1\r\nHost: x\r\n{LOGIN}Content-Length: 5\r\n\r\nhello");
    let large =
        format!("PUT /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}Content-Length: 2000\r\n\r\n{}", "x".repeat(2000));
    let (mut near, _trigger) = connect(true);
    assert_eq!(statuses(&talk(&mut near, &put).await), ["412"]);
    assert_eq!(statuses(&talk(&mut near, &large).await), ["413"]);
    assert_eq!(statuses(&talk(&mut near, &put).await), ["412"]);
    // A client that waits to be asked is not asked.
    let waiting =
        put.replace("Content-Length", "Expect: 100-continue\r\nContent-Length").replace("hello", "");
    let refused = talk(&mut near, &waiting).await;
    assert!(statuses(&refused) == ["412"] && refused.contains("connection: close"), "{refused}");
}

#[tokio::test]
async fn head_limits() {
    let get = |extra: String| format!("GET /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}{extra}\r\n");
    let fields = |count: usize| (0..count).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    assert_eq!(statuses(&once(&get(fields(HEADER_COUNT_MAX - 2))).await), ["200"]);
    assert_eq!(statuses(&once(&get(fields(HEADER_COUNT_MAX - 1))).await), ["431"]);
    let around = get("X: \r\n".to_owned()).len();
    let long = |bytes: usize| get(format!("X: {}\r\n", "x".repeat(bytes - around)));
    assert_eq!(statuses(&once(&long(HEAD_BYTES_MAX - 1)).await), ["200"]);
    assert_eq!(statuses(&once(&long(HEAD_BYTES_MAX + 1)).await), ["431"]);
}

#[tokio::test(start_paused = true)]
async fn the_slow_are_cut_off() {
    let (mut near, _trigger) = connect(true);
    near.write_all(b"GET /dav/a HTT").await.unwrap();
    let mut rest = Vec::new();
    let patience = HEAD_TIME_MAX + Duration::from_secs(1);
    assert!(timeout(patience, near.read_to_end(&mut rest)).await.is_ok());

    let (mut silent, _trigger) = connect(true);
    assert!(timeout(STRANGERS_IDLE_TIME_MAX * 2, silent.read_to_end(&mut rest)).await.is_ok());

    let (mut drip, _trigger) = connect(true);
    let head = format!("PUT /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}Content-Length: 1000\r\n\r\n");
    drip.write_all(head.as_bytes()).await.unwrap();
    let mut sent = 0;
    while drip.write_all(b"x").await.is_ok() {
        sent += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut buffer = [0; 512];
        if timeout(Duration::from_millis(1), drip.read(&mut buffer)).await.is_ok() {
            break;
        }
    }
    assert!(sent < 60, "{sent} octets in as many seconds");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_connection_is_kept_for_whoever_is_known() {
    let known = format!("GET /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n");
    let unknown = "GET /dav/a HTTP/1.1\r\nHost: x\r\n\r\n";
    let moment = Duration::from_secs(1);
    for (request, status, most) in
        [(known.as_str(), "200", IDLE_TIME_MAX), (unknown, "401", STRANGERS_IDLE_TIME_MAX)]
    {
        let (mut near, _trigger) = connect(true);
        for _ in 0..3 {
            assert_eq!(statuses(&talk(&mut near, request).await), [status]);
            sleep(most - moment).await;
        }
        assert_eq!(statuses(&talk(&mut near, request).await), [status]);
        let began = Instant::now();
        near.read_to_end(&mut Vec::new()).await.unwrap();
        assert!(began.elapsed() + moment > most, "{:?}", began.elapsed());
        assert!(began.elapsed() < most + LOOK_INTERVAL + moment, "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_behind_a_long_quiet_has_as_long_as_any_other() {
    let get = format!("GET /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}");
    let second = Duration::from_secs(1);
    for (late, answered) in [(HEAD_TIME_MAX - second, true), (HEAD_TIME_MAX + second, false)] {
        let (mut near, _trigger) = connect(true);
        for _ in 0..2 {
            assert_eq!(statuses(&talk(&mut near, &format!("{get}\r\n")).await), ["200"]);
            sleep(HEAD_TIME_MAX * 3).await;
        }
        let began = Instant::now();
        near.write_all(get.as_bytes()).await.unwrap();
        while began.elapsed() < late && near.write_all(b"X: y\r\n").await.is_ok() {
            sleep(second).await;
        }
        let said = talk(&mut near, "\r\n").await;
        assert_eq!(statuses(&said) == ["200"], answered, "{said}");
        if !answered {
            assert_eq!(near.read(&mut [0]).await.unwrap(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_ends_when_its_client_has_gone() {
    for half_closed in [false, true] {
        let poured = Arc::new(AtomicUsize::new(0));
        let (mut near, _trigger) = connect_to(Echo { poured: poured.clone() }, true, 1024);
        near.write_all(format!("GET /dav/pour HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n").as_bytes()).await.unwrap();
        if half_closed {
            near.shutdown().await.unwrap();
        }
        // It is told, for as long as it takes something.
        near.read_exact(&mut vec![0; 100 * DROP.len()]).await.unwrap();
        assert_eq!(Arc::strong_count(&poured), 3);
        drop(near);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(Arc::strong_count(&poured), 1, "half closed: {half_closed}");
    }
}

#[tokio::test]
async fn drains() {
    let (mut near, trigger) = connect(true);
    let get = format!("GET /dav/a HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n");
    assert_eq!(statuses(&talk(&mut near, &get).await), ["200"]);
    trigger.drain();
    let mut rest = Vec::new();
    assert!(timeout(Duration::from_secs(1), near.read_to_end(&mut rest)).await.is_ok());
    timeout(Duration::from_secs(1), trigger.finished()).await.unwrap();
}

#[tokio::test]
async fn a_client_that_says_nothing_more_hears_its_answers() {
    let put = format!("PUT /dav/large HTTP/1.1\r\nHost: x\r\n{LOGIN}Content-Length: 5\r\n\r\nhello");
    for sent in [put.clone(), format!("{put}{put}")] {
        let (mut near, _trigger) = connect(true);
        near.write_all(sent.as_bytes()).await.unwrap();
        near.shutdown().await.unwrap();
        let mut said = String::new();
        timeout(Duration::from_secs(5), near.read_to_string(&mut said)).await.unwrap().unwrap();
        assert_eq!(statuses(&said).len(), sent.len() / put.len(), "{said}");
    }
    // In the middle of a request it is gone.
    let (mut near, _trigger) = connect(true);
    near.write_all(&put.as_bytes()[..put.len() - 1]).await.unwrap();
    near.shutdown().await.unwrap();
    let mut said = String::new();
    timeout(Duration::from_secs(5), near.read_to_string(&mut said)).await.unwrap().unwrap();
    assert!(!said.contains("200 OK"), "{said}");
}
