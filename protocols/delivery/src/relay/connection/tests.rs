//! How long a relay may take, each time at its limit and past it.

use super::super::Relay;
use super::*;
use crate::limits::CONNECT_TIME_MAX;
use crate::tests::relay::identity;
use crate::{RelayConfig, RelayTls};
use tokio::io::{DuplexStream, duplex};
use tokio::time::{Instant, sleep};

const MOMENT: Duration = Duration::from_millis(1);

fn pair(room: usize) -> (DuplexStream, Connection) {
    let (far, near) = duplex(room);
    (far, Connection::new(Box::new(near), false, true))
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_waited_for_so_long() {
    for (late, in_time) in [(REPLY_TIME_MAX - MOMENT, true), (REPLY_TIME_MAX + MOMENT, false)] {
        let (mut far, mut connection) = pair(1024);
        let relay = tokio::spawn(async move {
            sleep(late).await;
            let _ = far.write_all(b"250 ok\r\n").await;
            far
        });
        let since = Instant::now();
        let said = connection.command("NOOP").await.map(|reply| reply.code);
        assert_eq!(
            said.map_err(|error| error.kind()),
            if in_time { Ok(250) } else { Err(io::ErrorKind::TimedOut) }
        );
        assert_eq!(since.elapsed(), late.min(REPLY_TIME_MAX));
        relay.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_may_take_nothing_for_so_long() {
    for (late, in_time) in [(WRITE_TIME_MAX - MOMENT, true), (WRITE_TIME_MAX + MOMENT, false)] {
        let (mut far, mut connection) = pair(16);
        let relay = tokio::spawn(async move {
            sleep(late).await;
            let mut taken = Vec::new();
            let _ = far.read_to_end(&mut taken).await;
        });
        let since = Instant::now();
        let written = connection.write(&[b'x'; 64]).await.map_err(|error| error.kind());
        assert_eq!(written, if in_time { Ok(()) } else { Err(io::ErrorKind::TimedOut) });
        assert_eq!(since.elapsed(), late.min(WRITE_TIME_MAX));
        relay.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_take_so_long() {
    for (late, in_time) in [(CONNECT_TIME_MAX - MOMENT, true), (CONNECT_TIME_MAX + MOMENT, false)] {
        let (acceptor, ca_file) = identity("localhost");
        let config = RelayConfig {
            host: "localhost".to_owned(),
            port: 25,
            tls: RelayTls::Starttls,
            login: None,
            password_file: None,
            ca_file: Some(ca_file.clone()),
        };
        let relay = Relay::new(&config, "mail.example.org").unwrap();
        std::fs::remove_file(ca_file).unwrap();
        let (far, connection) = pair(16 * 1024);
        let server = tokio::spawn(async move {
            sleep(late).await;
            let _ = acceptor.accept(far).await;
        });
        let since = Instant::now();
        let upgraded = connection.upgrade(&relay.connector, relay.name.clone()).await;
        assert_eq!(
            upgraded.map(|inside| inside.tls).map_err(|error| error.kind()),
            if in_time { Ok(true) } else { Err(io::ErrorKind::TimedOut) }
        );
        assert_eq!(since.elapsed(), late.min(CONNECT_TIME_MAX));
        server.abort();
    }
}
