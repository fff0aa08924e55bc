//! STLS with a real handshake, and what an attacker puts around it.

use super::house::{House, plain};
use rustls::pki_types::PrivateKeyDer;
use sasl::testing::{Client, HOST, stranger, tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    client.check("S: +OK\nC: CAPA\nS: +OK").await;
    let told = client.lines().await;
    assert!(told.contains("STLS\r\n") && !told.contains("SASL") && !told.contains("\nUSER"), "{told}");
    client
        .check(&format!("C: USER x\nS: -ERR use STLS first\nC: AUTH PLAIN {}\nS: -ERR use STLS", plain()))
        .await;
    client.check("C: STLS x\nS: -ERR\nC: STLS\nS: +OK go ahead").await;
    let mut tls = client.secure(&connector).await.unwrap();
    let script = format!("CAPA\r\nSTLS\r\nAUTH PLAIN {}\r\nQUIT\r\n", plain());
    tls.write_all(script.as_bytes()).await.unwrap();
    let mut all = String::new();
    tls.read_to_string(&mut all).await.unwrap();
    assert!(!all.contains("\r\nSTLS\r\n") && all.contains("SCRAM-SHA-256-PLUS"), "{all}");
    assert!(all.contains("-ERR TLS is not to be had") && all.ends_with("(0 octets)\r\n+OK bye\r\n"), "{all}");
}

#[tokio::test]
async fn plaintext_behind_stls_is_nobodys() {
    let house = House::new();
    let (mut client, _) = connect(&house);
    client.check("S: +OK").await;
    client.send(b"STLS\r\nUSER alice@example.org\r\n").await;
    client.check("S: -ERR nothing may follow STLS\nS:").await;
}
