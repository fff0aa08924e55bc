//! STARTTLS with a real handshake, and what an attacker puts around it.

use super::house::{House, login};
use rustls::pki_types::PrivateKeyDer;
use sasl::testing::{Client, HOST, stranger, tls};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio_rustls::TlsConnector;

fn connect(house: &House) -> (Client, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let (acceptor, connector) = tls(made.cert.der().clone(), key).unwrap();
    (house.connect_as(stranger(acceptor)), connector)
}

#[tokio::test]
async fn no_password_crosses_before_tls_and_the_session_begins_anew_inside() {
    let house = House::new();
    let (mut client, connector) = connect(&house);
    client.check("S: 220\nC: STARTTLS\nS: 503 5.5.1").await;
    client.send(b"EHLO x\r\n").await;
    let mut lines = String::new();
    while !lines.contains("250 ") {
        client.stream.read_line(&mut lines).await.unwrap();
    }
    assert!(lines.contains("250-STARTTLS\r\n") && !lines.contains("AUTH"), "{lines}");
    let refused =
        format!("C: {}\nS: 538 5.7.11\nC: MAIL FROM:<alice@example.org>\nS: 530 5.7.0 STARTTLS", login());
    client.check(&refused).await;
    client.check("C: STARTTLS x\nS: 501 5.5.4\nC: STARTTLS\nS: 220 2.0.0").await;
    let mut tls = BufReader::new(client.secure(&connector).await.unwrap());
    let script = format!("{}\r\nEHLO x\r\nSTARTTLS\r\n{}\r\nQUIT\r\n", login(), login());
    tls.get_mut().write_all(script.as_bytes()).await.unwrap();
    let mut said = String::new();
    tls.read_to_string(&mut said).await.unwrap();
    let codes: Vec<&str> = said.lines().filter(|l| l.as_bytes()[3] == b' ').map(|l| &l[..3]).collect();
    assert_eq!(codes, ["503", "250", "503", "235", "221"], "{said}");
    assert!(said.contains("AUTH SCRAM-SHA-256 SCRAM-SHA-1 ") && !said.contains("250-STARTTLS"), "{said}");
}

#[tokio::test]
async fn commands_in_front_of_the_handshake_are_refused() {
    let house = House::new();
    let (mut client, _) = connect(&house);
    client.check("S: 220\nC: EHLO x\nS: 250").await;
    client.send(b"STARTTLS\r\nNOOP\r\n").await;
    client.check("S: 501 5.5.1\nS:").await;
}

#[tokio::test]
async fn plaintext_instead_of_a_handshake_ends_the_session_without_a_word() {
    let house = House::new();
    let (mut client, _) = connect(&house);
    client.check("S: 220\nC: EHLO x\nS: 250\nC: STARTTLS\nS: 220").await;
    client.send(b"NOOP\r\nNOOP\r\n").await;
    let mut said = Vec::new();
    client.stream.read_to_end(&mut said).await.unwrap();
    assert!(!said.windows(3).any(|window| window == b"250"), "{said:?}");
    client.session.await.unwrap();
}
