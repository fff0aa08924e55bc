//! Heads with two lengths, however they arrive; clients that take nothing.

use super::{Guarded, Scan, Signs};
use crate::limits::{WRITE_PIECE_BYTES, WRITE_STALL_TIME_MAX};
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
async fn a_client_takes_so_much_in_so_long() {
    let second = Duration::from_secs(1);
    let seconds = usize::try_from(WRITE_STALL_TIME_MAX.as_secs()).unwrap();
    // Each second's share of it, and a little more or less.
    let share = WRITE_PIECE_BYTES / seconds;
    for (share, in_time) in [(share + share / 16, true), (share - share / 16, false)] {
        let (mut far, near) = duplex(16);
        let (mut guarded, _signs) = Guarded::new(near);
        let client = tokio::spawn(async move {
            let mut room = vec![0; share];
            while far.read_exact(&mut room).await.is_ok() {
                sleep(second).await;
            }
        });
        let began = Instant::now();
        let written =
            guarded.write_all(&vec![b'x'; 4 * WRITE_PIECE_BYTES]).await.map_err(|error| error.kind());
        assert_eq!(written, if in_time { Ok(()) } else { Err(ErrorKind::TimedOut) });
        assert!(in_time == (began.elapsed() > WRITE_STALL_TIME_MAX + second), "{:?}", began.elapsed());
        client.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_cut_off_and_a_pause_between_answers_is_nobodys() {
    let (mut far, near) = duplex(16);
    let (mut guarded, _signs) = Guarded::new(near);
    let mut room = [0; 16];
    for _ in 0..3 {
        let writing = async {
            guarded.write_all(&[b'x'; 32]).await.unwrap();
            guarded.flush().await.unwrap();
        };
        let reading = async {
            for _ in 0..2 {
                sleep(WRITE_STALL_TIME_MAX / 3).await;
                far.read_exact(&mut room).await.unwrap();
            }
        };
        tokio::join!(writing, reading);
        sleep(WRITE_STALL_TIME_MAX * 2).await;
    }
    let began = Instant::now();
    let written = guarded.write_all(&[b'x'; 64]).await.map_err(|error| error.kind());
    assert_eq!((written, began.elapsed()), (Err(ErrorKind::TimedOut), WRITE_STALL_TIME_MAX));
}
