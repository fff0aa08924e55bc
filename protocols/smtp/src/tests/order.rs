//! Commands in and out of order, and their arguments.

use super::house::{House, login};

async fn check(transcript: &str) {
    House::new().connect().check(transcript).await;
}

/// The same behind greeting, EHLO and login.
async fn known(transcript: &str) {
    House::new().alice().await.check(transcript).await;
}

#[tokio::test]
async fn ehlo_tells_the_extensions() {
    let house = House::new();
    let mut client = house.connect();
    client.check("S: 220 mail.example.org ESMTP").await;
    client.send(b"EHLO x\r\n").await;
    let mut found = Vec::new();
    loop {
        let mut line = String::new();
        tokio::io::AsyncBufReadExt::read_line(&mut client.stream, &mut line).await.unwrap();
        found.push(line.trim_end().to_owned());
        if line.starts_with("250 ") {
            break;
        }
    }
    let expect = [
        "250-mail.example.org",
        "250-ENHANCEDSTATUSCODES",
        "250-PIPELINING",
        "250-SIZE 52428800",
        "250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN",
        "250-SMTPUTF8",
        "250-8BITMIME",
        "250 HELP",
    ];
    assert_eq!(found, expect);
    client.check("C: HELO x\nS: 250 mail.example.org").await;
}

#[tokio::test]
async fn nothing_before_a_greeting_and_a_login() {
    check(
        "S: 220
         C: MAIL FROM:<alice@example.org>
         S: 503 5.5.1
         C: AUTH PLAIN =
         S: 503 5.5.1
         C: EHLO
         S: 501 5.5.4
         C: EHLO x
         S: 250
         C: MAIL FROM:<alice@example.org>
         S: 530 5.7.0
         C: RCPT TO:<bob@example.org>
         S: 530 5.7.0
         C: DATA
         S: 530 5.7.0
         C: VRFY bob
         S: 530 5.7.0
         C: NOOP
         S: 250 2.0.0
         C: RSET
         S: 250 2.0.0
         C: HELP
         S: 214 2.0.0
         C: QUIT
         S: 221 2.0.0
         S:",
    )
    .await;
}

#[tokio::test]
async fn logins() {
    check(
        "S: 220
         C: EHLO x
         S: 250
         C: AUTH CRAM-MD5
         S: 504 5.5.4
         C: AUTH
         S: 501 5.5.4
         C: AUTH PLAIN !!!
         S: 501 5.5.2
         C: AUTH PLAIN
         S: 334
         C: *
         S: 501 5.5.2
         C: AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHdyb25n
         S: 535 5.7.8
         C: AUTH PLAIN Ym9iQGV4YW1wbGUub3JnAGFsaWNlQGV4YW1wbGUub3JnAGFsaWNlLXNlY3JldA==
         S: 535 5.7.8
         C: auth login
         S: 334 VXNlcm5hbWU6
         C: YWxpY2VAZXhhbXBsZS5vcmc=
         S: 334 UGFzc3dvcmQ6
         C: YWxpY2Utc2VjcmV0
         S: 235 2.7.0
         C: AUTH PLAIN =
         S: 503 5.5.1
         C: VRFY bob
         S: 252 2.5.0",
    )
    .await;
}

#[tokio::test]
async fn mail_and_rcpt_in_order() {
    known(
        "C: RCPT TO:<bob@example.org>
         S: 503 5.5.1
         C: DATA
         S: 503 5.5.1
         C: MAIL FROM:<alice@example.org>
         S: 250 2.1.0
         C: MAIL FROM:<alice@example.org>
         S: 503 5.5.1
         C: STARTTLS
         S: 503 5.5.1
         C: DATA
         S: 554 5.5.1
         C: RCPT TO:<bob@example.org>
         S: 250 2.1.5
         C: DATA x
         S: 501 5.5.4
         C: RSET
         S: 250 2.0.0
         C: DATA
         S: 503 5.5.1
         C: MAIL FROM:<alice@example.org>
         S: 250 2.1.0
         C: EHLO again
         S: 250
         C: RCPT TO:<bob@example.org>
         S: 503 5.5.1
         C: BDAT 3 LAST
         S: 502 5.5.1
         C: EXPN x
         S: 502 5.5.1
         C: NONSENSE
         S: 500 5.5.1",
    )
    .await;
}

#[tokio::test]
async fn senders_must_be_owned() {
    known(
        "C: MAIL FROM:<bob@example.org>
         S: 553 5.7.1
         C: MAIL FROM:<alice@elsewhere.example>
         S: 553 5.7.1
         C: MAIL FROM:<team@example.org>
         S: 553 5.7.1
         C: MAIL FROM:<Al@Example.ORG>
         S: 250 2.1.0
         C: RSET
         S: 250
         C: MAIL FROM:<>
         S: 250 2.1.0",
    )
    .await;
}

#[tokio::test]
async fn arguments_of_mail() {
    known(
        "C: MAIL
         S: 501 5.5.4
         C: MAIL FROM
         S: 501 5.5.4
         C: MAIL FROM:alice@example.org
         S: 501 5.1.7
         C: MAIL FROM:<postmaster>
         S: 501 5.1.7
         C: MAIL FROM:<alice@example.org> SIZE=52428800 BODY=8BITMIME AUTH=<> SMTPUTF8
         S: 250
         C: RSET
         S: 250
         C: MAIL FROM:<alice@example.org> SIZE=52428801
         S: 552 5.3.4
         C: MAIL FROM:<alice@example.org> SIZE=99999999999999999999
         S: 552 5.3.4
         C: MAIL FROM:<alice@example.org> SIZE=x
         S: 501 5.5.4
         C: MAIL FROM:<alice@example.org> SIZE=1 size=2
         S: 501 5.5.4
         C: MAIL FROM:<alice@example.org> BODY=9BIT
         S: 501 5.5.4
         C: MAIL FROM:<alice@example.org> RET=FULL
         S: 555 5.5.4
         C: MAIL FROM:<alice@example.org> SMTPUTF8=1
         S: 501 5.5.4",
    )
    .await;
    known("C: HELO x\nS: 250\nC: MAIL FROM:<alice@example.org> SIZE=1\nS: 555 5.5.4").await;
}

#[tokio::test]
async fn arguments_of_rcpt() {
    known(
        "C: MAIL FROM:<alice@example.org>
         S: 250
         C: RCPT TO:<nobody@example.org>
         S: 550 5.1.1
         C: RCPT TO:<bob@elsewhere.example>
         S: 550 5.7.1
         C: RCPT TO:<postmaster>
         S: 550 5.1.1
         C: RCPT TO:<>
         S: 501 5.1.3
         C: RCPT TO:<bob@example.org> NOTIFY=NEVER
         S: 555 5.5.4
         C: RCPT TO:<team@example.org>
         S: 250
         C: RCPT TO:<jörg@example.org>
         S: 553 5.6.7
         C: RSET
         S: 250
         C: MAIL FROM:<alice@example.org> SMTPUTF8
         S: 250
         C: RCPT TO:<jörg@example.org>
         S: 250 2.1.5",
    )
    .await;
}

#[tokio::test]
async fn a_pipelined_group_is_answered_in_order() {
    let house = House::new();
    let mut client = house.connect();
    let group = format!(
        "EHLO x\r\n{}\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<no@example.org>\r\nDATA\r\n",
        login()
    );
    client.send(group.as_bytes()).await;
    client.check("S: 220\nS: 250\nS: 235\nS: 250 2.1.0\nS: 250 2.1.5\nS: 550 5.1.1\nS: 354").await;
    client.send(b"From: alice@example.org\r\n\r\nx\r\n.\r\nNOOP\r\nQUIT\r\n").await;
    client.check("S: 250 2.0.0 queued\nS: 250\nS: 221\nS:").await;
    house.settle().await;
    assert_eq!(house.inbox(super::house::BOB).await.len(), 1);
}

#[tokio::test]
async fn a_drain_ends_sessions_between_commands() {
    let house = House::new();
    let mut client = house.alice().await;
    house.trigger.drain();
    client.check("S: 421 4.3.2\nS:").await;
    client.session.await.unwrap();
}
