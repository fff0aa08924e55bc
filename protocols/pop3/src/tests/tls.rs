//! STLS with a real handshake, and what an attacker puts around it.

use super::house::{Client, House, plain};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use sasl::door::Peer;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

fn identity() -> (Arc<rustls::ServerConfig>, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(vec!["mail.example.org".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), TlsConnector::from(Arc::new(client)))
}

fn connect(house: &House) -> (Client, TlsConnector) {
    let (acceptor, connector) = identity();
    let peer = Peer {
        addr: "192.0.2.7:1110".parse().unwrap(),
        tls: false,
        cleartext_auth: false,
        acceptor: Some(acceptor.into()),
        channel: None,
    };
    (house.connect_as(peer), connector)
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
    let name = ServerName::try_from("mail.example.org").unwrap();
    let mut tls = connector.connect(name, client.stream.into_inner()).await.unwrap();
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
