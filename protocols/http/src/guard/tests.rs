//! Heads with two lengths, however they arrive; clients that take nothing.

use super::{Guarded, Scan, Signs};
use crate::limits::WRITE_STALL_TIME_MAX;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};

fn seen(pieces: &[&[u8]]) -> bool {
    signs(pieces).ambiguous()
}

fn signs(pieces: &[&[u8]]) -> Signs {
    let (mut scan, signs) = (Scan::default(), Signs::default());
    pieces.iter().for_each(|piece| scan.take(piece, &signs));
    signs
}

#[test]
fn both_lengths_in_one_head() {
    let head = b"PUT /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert!(seen(&[head]));
    let octets: Vec<&[u8]> = head.chunks(1).collect();
    assert!(seen(&octets));
    assert!(seen(&[b"PUT / HTTP/1.1\nTRANSFER-ENCODING:chunked\ncontent-length:1\n\n"]));
}

#[test]
fn one_length_each() {
    assert!(!seen(&[
        b"PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        b"\r\n\r\nPUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    ]));
    assert!(!seen(&[b"PUT /a HTTP/1.1\r\nX-Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"]));
}

#[test]
fn fragments_in_request_lines() {
    let signs = signs(&[b"DELETE /a/#b HT", b"TP/1.1\r\nHost: x\r\n\r\nDELETE /c/ HTTP/1.1\r\n"]);
    assert!(!signs.had_fragment("/c/"));
    assert!(signs.had_fragment("/a/"));
    assert!(!signs.had_fragment("/a/"));
}

#[tokio::test(start_paused = true)]
async fn a_client_may_take_nothing_for_so_long() {
    let moment = Duration::from_millis(1);
    for (late, in_time) in [(WRITE_STALL_TIME_MAX - moment, true), (WRITE_STALL_TIME_MAX + moment, false)] {
        let (mut far, near) = duplex(16);
        let (mut guarded, _signs) = Guarded::new(near);
        // It takes a little each time, just soon enough or not.
        let client = tokio::spawn(async move {
            let mut room = [0; 16];
            loop {
                sleep(late).await;
                if far.read_exact(&mut room).await.is_err() {
                    return;
                }
            }
        });
        let began = Instant::now();
        let written = guarded.write_all(&[b'x'; 64]).await.map_err(|error| error.kind());
        assert_eq!(written, if in_time { Ok(()) } else { Err(ErrorKind::TimedOut) });
        assert_eq!(began.elapsed(), if in_time { late * 3 } else { WRITE_STALL_TIME_MAX });
        client.abort();
    }
}
