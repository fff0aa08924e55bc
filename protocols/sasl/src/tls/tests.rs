//! The server's side against rustls' own client, over pipes narrow enough that everything comes in pieces.

use super::*;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as ClientStream;
use tokio_rustls::rustls::crypto::ring::{cipher_suite, default_provider};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, HandshakeKind, RootCertStore, SupportedCipherSuite, SupportedProtocolVersion,
};

/// Fits no record and no multiple of one.
const NARROW: usize = 997;

fn pair(
    versions: &[&'static SupportedProtocolVersion],
    suites: &[SupportedCipherSuite],
) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["mail.example.org".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    server.ticketer = tokio_rustls::rustls::crypto::ring::Ticketer::new().unwrap();
    let mut provider = default_provider();
    if !suites.is_empty() {
        provider.cipher_suites = suites.to_vec();
    }
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

type Ends = (TlsStream<DuplexStream>, Handshake, ClientStream<DuplexStream>);

async fn shake(server: &ServerConfig, client: &Arc<ClientConfig>) -> Ends {
    let (near, far) = duplex(NARROW);
    let name = ServerName::try_from("mail.example.org").unwrap();
    let connecting = TlsConnector::from(client.clone()).connect(name, far);
    let (accepted, connected) = tokio::join!(accept(server, near), connecting);
    let (stream, handshake) = accepted.unwrap();
    (stream, handshake, connected.unwrap())
}

fn exported(client: &ClientStream<DuplexStream>) -> [u8; 32] {
    let (_, connection) = client.get_ref();
    connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).unwrap()
}

#[tokio::test]
async fn both_ends_derive_the_same_binding_with_every_suite_and_none_in_tls_1_2() {
    for suite in [
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    ] {
        let (server, client) = pair(&[&TLS13], &[suite]);
        let (_, handshake, connected) = shake(&server, &client).await;
        assert_eq!(handshake.exporter, Some(exported(&connected)), "{suite:?}");
    }
    let (server, client) = pair(&[&TLS12], &[]);
    assert_eq!(shake(&server, &client).await.1.exporter, None);
}

#[tokio::test]
async fn a_ticket_resumes_and_is_bound_anew() {
    for version in [&TLS12, &TLS13] {
        let (server, client) = pair(&[version], &[]);
        let (mut stream, first, mut connected) = shake(&server, &client).await;
        stream.write_all(b"x").await.unwrap();
        stream.flush().await.unwrap();
        connected.read_u8().await.unwrap();
        let (_, second, connected) = shake(&server, &client).await;
        assert_eq!(connected.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
        if version.version == TLS13.version {
            assert_eq!(second.exporter, Some(exported(&connected)));
            assert_ne!(first.exporter, second.exporter);
        }
    }
}

/// Octets whose place is known by their value, nearly.
fn octets(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[tokio::test]
async fn much_crosses_both_ways_at_once_and_nothing_is_held_afterwards() {
    for version in [&TLS12, &TLS13] {
        let (server, client) = pair(&[version], &[]);
        let (mut stream, _, connected) = shake(&server, &client).await;
        let sent = octets(300_001);
        let (mut reading, mut writing) = tokio::io::split(connected);
        let mut back = vec![0; sent.len()];
        let there = async {
            for piece in sent.chunks(20_011) {
                writing.write_all(piece).await.unwrap();
            }
            writing.flush().await.unwrap();
        };
        let echo = async {
            let (mut left, mut piece) = (sent.len(), vec![0; 7_001]);
            while left > 0 {
                let count = stream.read(&mut piece).await.unwrap();
                stream.write_all(&piece[..count]).await.unwrap();
                left -= count;
            }
            stream.flush().await.unwrap();
        };
        tokio::join!(there, echo, async { reading.read_exact(&mut back).await.unwrap() });
        assert!(back == sent, "{version:?}");
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(20), stream.read_u8());
        assert!(waiting.await.is_err());
        assert_eq!(stream.records.held(), 0, "{version:?}");
    }
}

#[tokio::test]
async fn slices_go_out_in_order_and_what_waits_is_bounded() {
    let (server, client) = pair(&[&TLS13], &[]);
    let (mut stream, _, mut connected) = shake(&server, &client).await;
    let much = octets(WRITE_BYTES_MAX);
    let slices = [IoSlice::new(b"head"), IoSlice::new(b""), IoSlice::new(&much), IoSlice::new(b"tail")];
    assert!(stream.is_write_vectored());
    let count = stream.write_vectored(&slices).await.unwrap();
    assert_eq!(count, WRITE_BYTES_MAX, "one octet more waits for the socket");
    let mut read = vec![0; count];
    let (flushed, _) = tokio::join!(stream.flush(), connected.read_exact(&mut read));
    flushed.unwrap();
    assert_eq!(&read[..4], b"head");
    assert_eq!(&read[4..], &much[..count - 4]);
}

#[tokio::test]
async fn the_client_may_change_its_keys() {
    let (server, client) = pair(&[&TLS13], &[]);
    let (mut stream, _, mut connected) = shake(&server, &client).await;
    for round in 0..5 {
        connected.get_mut().1.refresh_traffic_keys().unwrap();
        connected.write_u8(round).await.unwrap();
        connected.flush().await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), round);
        stream.write_u8(round).await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(connected.read_u8().await.unwrap(), round);
    }
    assert_eq!(stream.records.held(), 0);
}

#[tokio::test]
async fn an_end_is_told_and_one_that_was_not_told_is_an_error() {
    for version in [&TLS12, &TLS13] {
        let (server, client) = pair(&[version], &[]);
        let (mut stream, _, mut connected) = shake(&server, &client).await;
        stream.write_all(b"bye").await.unwrap();
        let (mut said, mut rest) = (Vec::new(), Vec::new());
        let (closed, told) = tokio::join!(stream.shutdown(), connected.read_to_end(&mut said));
        closed.unwrap();
        told.unwrap();
        assert_eq!(said, b"bye");
        assert!(stream.write_all(b"more").await.is_err(), "nothing comes behind the end");
        let (closed, told) = tokio::join!(connected.shutdown(), stream.read_to_end(&mut rest));
        closed.unwrap();
        told.unwrap();

        let (mut stream, _, connected) = shake(&server, &client).await;
        drop(connected);
        assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}

#[tokio::test]
async fn what_is_no_tls_is_told_so_before_the_end() {
    let (server, client) = pair(&[&TLS13], &[]);
    let (near, mut far) = duplex(NARROW);
    far.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(accept(&server, near).await.is_err_and(|cause| cause.kind() == io::ErrorKind::InvalidData));
    let mut told = Vec::new();
    far.read_to_end(&mut told).await.unwrap();
    assert_eq!(told.first(), Some(&21), "an alert: {told:?}");

    let (near, far) = duplex(NARROW);
    drop(far);
    assert!(accept(&server, near).await.is_err_and(
        |cause| cause.kind() == io::ErrorKind::UnexpectedEof || cause.kind() == io::ErrorKind::BrokenPipe
    ));

    // A record that was changed on the way.
    let (mut stream, _, mut connected) = shake(&server, &client).await;
    connected.get_mut().0.write_all(&[23, 3, 3, 0, 20, 1, 2, 3]).await.unwrap();
    connected.get_mut().0.write_all(&[0; 17]).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert_eq!(stream.write_u8(1).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    stream.shutdown().await.unwrap();
    assert!(connected.read_u8().await.is_err(), "the alert arrives");
}

/// Whether a handshake still waits, or was given up, after a message of 65,535 octets has begun in so many records of
/// one octet each.
async fn waits_after(records: usize) -> bool {
    let (server, _) = pair(&[&TLS13], &[]);
    let (near, mut far) = duplex(1 << 20);
    for at in 0..records {
        let octet = [1, 0, 0xff, 0xff].get(at).copied().unwrap_or_default();
        far.write_all(&[22, 3, 1, 0, 1, octet]).await.unwrap();
    }
    match tokio::time::timeout(std::time::Duration::from_millis(300), accept(&server, near)).await {
        Err(_) => true,
        Ok(outcome) => outcome.is_ok(),
    }
}

#[tokio::test]
async fn a_handshake_in_too_many_pieces_is_given_up() {
    let most = crate::limits::TLS_WAITING_BYTES_MAX / 6;
    assert!(waits_after(most).await);
    assert!(!waits_after(most + 1).await);
}

#[tokio::test]
async fn the_header_of_a_long_record_holds_no_room_for_its_rest() {
    let (server, client) = pair(&[&TLS13], &[]);
    let (mut stream, _, mut connected) = shake(&server, &client).await;
    connected.get_mut().0.write_all(&[23, 3, 3, 0x40, 0]).await.unwrap();
    let wait = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(wait, stream.read_u8()).await.is_err());
    assert!(stream.records.held() < 64, "{}", stream.records.held());
}

#[tokio::test]
async fn an_alert_goes_out_behind_the_answer_to_new_keys() {
    let (server, client) = pair(&[&TLS13], &[]);
    let (mut stream, _, mut connected) = shake(&server, &client).await;
    connected.get_mut().1.refresh_traffic_keys().unwrap();
    connected.flush().await.unwrap();
    connected.get_mut().0.write_all(&[23, 3, 3, 0, 20]).await.unwrap();
    connected.get_mut().0.write_all(&[0; 20]).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    let told = connected.read_u8().await.unwrap_err().to_string();
    assert!(told.contains("alert"), "{told}");
}
