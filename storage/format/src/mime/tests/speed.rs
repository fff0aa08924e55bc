//! What a scan costs. Figures count in release builds only: `cargo test --release -p format mime -- speed --nocapture`.

use super::*;
use std::time::Instant;

/// A message of about 30 KB: text, HTML and a picture in base64.
fn ordinary() -> Vec<u8> {
    let mut out = String::from(
        "Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\nFrom: Alice <alice@example.org>\r\n\
         To: Bob <bob@example.org>, Carol <carol@example.org>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\
         Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n--outer\r\n\
         Content-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n",
    );
    for kind in ["plain", "html"] {
        out.push_str(&format!("--inner\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n"));
        out.push_str(&"The quick brown fox jumps over the lazy dog and goes on.\r\n".repeat(40));
    }
    out.push_str(
        "--inner--\r\n--outer\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    );
    out.push_str(&("QUJD".repeat(19) + "\r\n").repeat(310));
    out.push_str("--outer--\r\n");
    out.into_bytes()
}

#[test]
fn a_scan_costs_little() {
    let message = ordinary();
    let rounds = if cfg!(debug_assertions) { 20 } else { 2_000 };
    let start = Instant::now();
    for _ in 0..rounds {
        assert_eq!(scan(std::hint::black_box(&message)).parts().iter().count(), 5);
    }
    let scanned = start.elapsed() / rounds;
    let start = Instant::now();
    for _ in 0..rounds {
        assert!(!scan(std::hint::black_box(&message)).digest().envelope.is_empty());
    }
    println!("{} octets: scan {scanned:?}, scan and digest {:?}", message.len(), start.elapsed() / rounds);
    if !cfg!(debug_assertions) {
        assert!(scanned.as_micros() < 60, "{scanned:?}");
    }
}
