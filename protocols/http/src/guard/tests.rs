//! Heads with two lengths, however they arrive.

use super::{Scan, Signs};

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
