//! Lines, limits and deadlines of a connection.

use super::*;
use tokio::io::duplex;

const LINE_BYTES_MAX: usize = 2_048;
const PATIENCE: Patience = Patience { idle: Duration::from_secs(300), until: None };

async fn lines(octets: &[u8]) -> Vec<Result<Input, End>> {
    let (mut client, server) = duplex(1 << 20);
    client.write_all(octets).await.unwrap();
    drop(client);
    let (_trigger, drain) = crate::door::drain();
    let mut connection = Connection::new(Box::new(server));
    let mut found = Vec::new();
    loop {
        let line = connection.line(LINE_BYTES_MAX, PATIENCE, &drain).await;
        let ended = line.is_err();
        found.push(line);
        if ended {
            return found;
        }
    }
}

#[tokio::test]
async fn only_crlf_ends_a_line() {
    let line = |text: &str| Ok(Input::Line(text.as_bytes().to_vec()));
    assert_eq!(lines(b"a\r\nb c\r\n\r\n").await, [line("a"), line("b c"), line(""), Err(End::Closed)]);
    assert_eq!(lines(b"a\nb\r\n").await, [Ok(Input::Bare), line("b"), Err(End::Closed)]);
    assert_eq!(lines(b"a\rb\r\nc").await, [Ok(Input::Bare), Err(End::Closed)]);
    assert_eq!(lines(b"a\r\r\n").await, [Ok(Input::Bare), Err(End::Closed)]);
}

#[tokio::test]
async fn a_line_at_the_limit_and_one_past_it() {
    let mut good = vec![b'x'; LINE_BYTES_MAX - 2];
    good.extend_from_slice(b"\r\n");
    assert_eq!(lines(&good).await, [Ok(Input::Line(vec![b'x'; LINE_BYTES_MAX - 2])), Err(End::Closed)]);
    let mut bad = vec![b'x'; LINE_BYTES_MAX - 1];
    bad.extend_from_slice(b"\r\nNOOP\r\n");
    assert_eq!(lines(&bad).await, [Ok(Input::TooLong), Ok(Input::Line(b"NOOP".to_vec())), Err(End::Closed)]);
    let mut endless = vec![b'x'; 300_000];
    endless.extend_from_slice(b"\r\nNOOP\r\n");
    assert_eq!(
        lines(&endless).await,
        [Ok(Input::TooLong), Ok(Input::Line(b"NOOP".to_vec())), Err(End::Closed)]
    );
}

#[tokio::test(start_paused = true)]
async fn one_octet_a_second_is_cut_after_the_lines_time() {
    let (mut client, server) = duplex(64);
    tokio::spawn(async move {
        while client.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let (_trigger, drain) = crate::door::drain();
    let began = Instant::now();
    let mut connection = Connection::new(Box::new(server));
    assert_eq!(connection.line(LINE_BYTES_MAX, PATIENCE, &drain).await, Err(End::Slow));
    assert!(began.elapsed() <= LINE_TIME_MAX + Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn silence_is_cut_and_a_drain_ends_only_between_lines() {
    let (mut client, server) = duplex(64);
    let (trigger, drain) = crate::door::drain();
    let mut connection = Connection::new(Box::new(server));
    assert_eq!(connection.line(64, PATIENCE, &drain).await, Err(End::Slow));
    trigger.drain();
    assert_eq!(connection.line(64, PATIENCE, &drain).await, Err(End::Drained));
    client.write_all(b"NO").await.unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        client.write_all(b"OP\r\n").await.unwrap();
        client
    });
    assert_eq!(connection.line(64, PATIENCE, &drain).await, Ok(Input::Line(b"NOOP".to_vec())));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut() {
    let (_client, server) = duplex(16);
    let mut connection = Connection::new(Box::new(server));
    connection.queue(&[b'x'; 64]);
    let began = Instant::now();
    assert_eq!(connection.flush().await, Err(End::Slow));
    assert!(began.elapsed() >= WRITE_TIME_MAX && began.elapsed() < WRITE_TIME_MAX * 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_a_large_answer_whole() {
    let moment = Duration::from_millis(1);
    for (wait, in_time) in [(WRITE_TIME_MAX - moment, true), (WRITE_TIME_MAX + moment, false)] {
        let (mut client, server) = duplex(WRITE_PIECE_BYTES);
        let reading = tokio::spawn(async move {
            let (mut room, mut got) = (vec![0; WRITE_PIECE_BYTES], 0);
            loop {
                tokio::time::sleep(wait).await;
                match client.read_exact(&mut room).await {
                    Ok(count) => got += count,
                    Err(_) => return got,
                }
            }
        });
        let mut connection = Connection::new(Box::new(server));
        connection.queue(&vec![b'x'; 8 * WRITE_PIECE_BYTES]);
        assert_eq!(connection.flush().await, if in_time { Ok(()) } else { Err(End::Slow) });
        drop(connection);
        assert_eq!(reading.await.unwrap() == 8 * WRITE_PIECE_BYTES, in_time);
    }
}
