//! Peers that take little, and less than that; in the clear and inside TLS.

use super::Paced;
use crate::limits::{WRITE_PIECE_BYTES, WRITE_TIME_MAX};
use crate::testing::tls;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};

/// Much more than is encrypted ahead.
const MUCH: usize = 32 * WRITE_PIECE_BYTES;

/// Reads so many octets each second, for ever.
async fn drip(mut far: impl AsyncRead + Unpin, share: usize) {
    let mut room = vec![0; share];
    while far.read_exact(&mut room).await.is_ok() {
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_takes_so_much_in_so_long() {
    let second = Duration::from_secs(1);
    let seconds = usize::try_from(WRITE_TIME_MAX.as_secs()).unwrap();
    // Each second's share of it, and a little more or less.
    let share = WRITE_PIECE_BYTES / seconds;
    for (share, in_time) in [(share + share / 16, true), (share - share / 16, false)] {
        let (far, near) = duplex(16);
        let mut paced = Paced::new(near);
        let client = tokio::spawn(drip(far, share));
        let began = Instant::now();
        let written = paced.write_all(&vec![b'x'; 4 * WRITE_PIECE_BYTES]).await.map_err(|error| error.kind());
        assert_eq!(written, if in_time { Ok(()) } else { Err(ErrorKind::TimedOut) });
        assert!(in_time == (began.elapsed() > WRITE_TIME_MAX + second), "{:?}", began.elapsed());
        client.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_cut_off_and_a_pause_between_answers_is_nobodys() {
    let (mut far, near) = duplex(16);
    let mut paced = Paced::new(near);
    let mut room = [0; 16];
    for _ in 0..3 {
        let writing = async {
            paced.write_all(&[b'x'; 32]).await.unwrap();
            paced.flush().await.unwrap();
        };
        let reading = async {
            for _ in 0..2 {
                sleep(WRITE_TIME_MAX / 3).await;
                far.read_exact(&mut room).await.unwrap();
            }
        };
        tokio::join!(writing, reading);
        sleep(WRITE_TIME_MAX * 2).await;
    }
    let began = Instant::now();
    let written = paced.write_all(&[b'x'; 64]).await.map_err(|error| error.kind());
    assert_eq!((written, began.elapsed()), (Err(ErrorKind::TimedOut), WRITE_TIME_MAX));
}

#[tokio::test(start_paused = true)]
async fn what_is_encrypted_ahead_is_not_held_against_a_slow_client() {
    let made = rcgen::generate_simple_self_signed(vec!["mail.example.org".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let (acceptor, connector) = tls(made.cert.der().clone(), key).unwrap();
    let seconds = usize::try_from(WRITE_TIME_MAX.as_secs()).unwrap();
    let share = WRITE_PIECE_BYTES / seconds * 2;
    for (reads, expect) in [(true, Ok(())), (false, Err(ErrorKind::TimedOut))] {
        let (far, near) = duplex(4096);
        let name = ServerName::try_from("mail.example.org").unwrap();
        let (accepted, connected) =
            tokio::join!(acceptor.accept(Paced::new(near)), connector.connect(name, far));
        let (mut stream, _channel) = accepted.unwrap();
        let client = tokio::spawn(async move {
            let far = connected.unwrap();
            if !reads {
                return std::future::pending().await;
            }
            drip(far, share).await;
        });
        let began = Instant::now();
        let writing = async {
            stream.write_all(&vec![b'x'; MUCH]).await?;
            stream.flush().await
        };
        assert_eq!(writing.await.map_err(|error| error.kind()), expect);
        let slow = WRITE_TIME_MAX * u32::try_from(MUCH / WRITE_PIECE_BYTES / 4).unwrap();
        assert!(if reads { began.elapsed() > slow } else { began.elapsed() == WRITE_TIME_MAX });
        client.abort();
    }
}
