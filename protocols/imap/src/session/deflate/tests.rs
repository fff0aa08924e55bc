//! Both directions, in any pieces; a bomb stays small; memory is given back.

use super::Deflated;
use crate::limits::DEFLATE_BYTES;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(bytes.len() + 1_000);
    compress.compress_vec(bytes, &mut out, FlushCompress::Sync).unwrap();
    assert_eq!(compress.total_in(), bytes.len() as u64);
    out
}

#[tokio::test]
async fn what_is_written_comes_out_at_every_flush() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut stream = Deflated::new(Box::new(near));
    let mut inflate = Decompress::new(false);
    for (round, size) in [1, 10, 100_000, 3, 300_000].into_iter().enumerate() {
        let text: Vec<u8> =
            (0..size).map(|at: u32| u8::try_from(at.wrapping_mul(7919) >> 9 & 255).unwrap()).collect();
        stream.write_all(&text).await.unwrap();
        stream.flush().await.unwrap();
        let mut wire = vec![0; 1 << 20];
        let read = far.read(&mut wire).await.unwrap();
        let mut plain = Vec::with_capacity(text.len() + 100);
        inflate.decompress_vec(&wire[..read], &mut plain, FlushDecompress::Sync).unwrap();
        assert!(plain == text, "round {round}");
        // A new compressor goes on where the old one was let go.
        stream.release();
        assert!(stream.deflate.is_none() && stream.going.capacity() == 0);
    }
}

#[tokio::test]
async fn what_comes_in_pieces_is_delivered() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut stream = Deflated::new(Box::new(near));
    let text = b"a NOOP\r\nb SELECT INBOX\r\n".repeat(50);
    for byte in deflated(&text) {
        far.write_all(&[byte]).await.unwrap();
    }
    let mut back = vec![0; text.len()];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(back, text);
    stream.release();
    assert_eq!(stream.came.capacity(), 0);
}

#[tokio::test]
async fn a_bomb_is_inflated_no_faster_than_it_is_read() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut stream = Deflated::new(Box::new(near));
    let bomb = deflated(&vec![b'x'; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    far.write_all(&bomb).await.unwrap();
    let mut room = [0; 4096];
    for _ in 0..1_000 {
        assert!(stream.read(&mut room).await.unwrap() > 0);
        assert!(stream.came.capacity() <= 4 * DEFLATE_BYTES);
    }
}

#[tokio::test]
async fn what_is_not_deflate_is_an_error() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut stream = Deflated::new(Box::new(near));
    far.write_all(b"\xff\xff\xff\xff a NOOP\r\n").await.unwrap();
    assert!(stream.read(&mut [0; 100]).await.is_err());
}
