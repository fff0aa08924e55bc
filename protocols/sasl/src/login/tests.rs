//! Whole logins against a directory, by a client of a few lines.

use super::*;
use crate::door::Channel;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use directory::testing::MemoryDirectory;
use model::Address;
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Answers challenges with what a closure says.
struct Script<F>(F);

impl<F: FnMut(Vec<u8>) -> Vec<u8> + Send> Dialogue for Script<F> {
    type End = ();

    async fn ask(&mut self, challenge: &str) -> Result<Vec<u8>, ()> {
        let said = (self.0)(BASE64_STANDARD.decode(challenge).unwrap());
        Ok(BASE64_STANDARD.encode(said).into_bytes())
    }

    async fn within<T: Send>(&mut self, work: impl Future<Output = T> + Send) -> Result<T, ()> {
        Ok(work.await)
    }
}

fn peer(channel: Channel) -> Peer {
    let addr = "127.0.0.1:1".parse().unwrap();
    Peer {
        addr,
        tls: true,
        cleartext_auth: false,
        acceptor: None,
        channel: Some(Arc::new(channel)),
        crowded: false,
    }
}

/// A SCRAM-SHA-256 client: what it says to the first and to the second challenge.
fn client(password: &'static str, header: &'static str, binding: Vec<u8>) -> impl FnMut(Vec<u8>) -> Vec<u8> {
    let bare = "n=alice@example.org,r=client";
    let mut expected = Vec::new();
    move |challenge| {
        if challenge.is_empty() {
            return format!("{header}{bare}").into_bytes();
        }
        let challenge = String::from_utf8(challenge).unwrap();
        if let Some(signature) = challenge.strip_prefix("v=") {
            assert_eq!(BASE64_STANDARD.decode(signature).unwrap(), expected, "the server knows the password");
            return Vec::new();
        }
        let field = |name: &str| challenge.split(',').find_map(|part| part.strip_prefix(name)).unwrap();
        let salt = BASE64_STANDARD.decode(field("s=")).unwrap();
        let rounds: u32 = field("i=").parse().unwrap();
        let mut salted = [0; 32];
        let rounds = NonZeroU32::new(rounds).unwrap();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), &mut salted);
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
        let key = sign(&salted, b"Client Key");
        let stored = digest::digest(&digest::SHA256, key.as_ref());
        let bound = BASE64_STANDARD.encode([header.as_bytes(), &binding].concat());
        let last = format!("c={bound},r={}", field("r="));
        let message = format!("{bare},{challenge},{last}");
        let signature = sign(stored.as_ref(), message.as_bytes());
        let proof: Vec<u8> = key.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        expected = sign(sign(&salted, b"Server Key").as_ref(), message.as_bytes()).as_ref().to_vec();
        format!("{last},p={}", BASE64_STANDARD.encode(proof)).into_bytes()
    }
}

async fn run(mechanism: &str, peer: &Peer, say: impl FnMut(Vec<u8>) -> Vec<u8> + Send) -> String {
    let directory = MemoryDirectory::sample().with_tokens();
    let Some(mechanism) = Mechanism::find(mechanism, peer, &directory) else { return "unknown".to_owned() };
    match log_in(&mut Script(say), mechanism, None, peer, &directory).await.unwrap() {
        Ok(admitted) => admitted.principal.address.to_string(),
        Err(error) => error.to_string(),
    }
}

const REFUSED: &str = "forbidden: needs Rights(0x0)";

#[tokio::test]
async fn scram_with_and_without_binding() {
    let plain = peer(Channel::default());
    assert_eq!(
        run("SCRAM-SHA-256", &plain, client("alice-secret", "n,,", vec![])).await,
        "alice@example.org"
    );
    assert_eq!(
        run("SCRAM-SHA-256", &plain, client("alice-secret", "y,,", vec![])).await,
        "alice@example.org"
    );
    assert_eq!(run("SCRAM-SHA-256", &plain, client("bob-secret", "n,,", vec![])).await, REFUSED);
    assert_eq!(run("SCRAM-SHA-1", &plain, client("alice-secret", "n,,", vec![])).await, REFUSED);
    assert_eq!(run("SCRAM-SHA-256-PLUS", &plain, client("alice-secret", "n,,", vec![])).await, "unknown");
    let bound = peer(Channel { exporter: Some([3; 32]), ..Channel::default() });
    let header = "p=tls-exporter,,";
    let good = client("alice-secret", header, vec![3; 32]);
    assert_eq!(run("SCRAM-SHA-256-PLUS", &bound, good).await, "alice@example.org");
    // The same password on a connection that ends somewhere else.
    let relayed = client("alice-secret", header, vec![4; 32]);
    assert_eq!(run("SCRAM-SHA-256-PLUS", &bound, relayed).await, REFUSED);
    let downgraded = client("alice-secret", "y,,", vec![]);
    assert_eq!(run("SCRAM-SHA-256", &bound, downgraded).await, REFUSED);
}

#[tokio::test]
async fn external_is_for_those_who_showed_a_certificate() {
    let of = |names: &[&str]| {
        let addresses = names.iter().map(|name| Address::parse(name).unwrap()).collect();
        peer(Channel { addresses, ..Channel::default() })
    };
    assert_eq!(run("EXTERNAL", &of(&[]), |_| vec![]).await, "unknown");
    let alice = of(&["alice@example.org"]);
    assert_eq!(run("EXTERNAL", &alice, |_| vec![]).await, "alice@example.org");
    assert_eq!(run("EXTERNAL", &alice, |_| b"alice@example.org".to_vec()).await, "alice@example.org");
    assert_eq!(run("EXTERNAL", &alice, |_| b"bob@example.org".to_vec()).await, REFUSED);
    assert_eq!(run("EXTERNAL", &alice, |_| b"a\0b".to_vec()).await, "invalid: not an EXTERNAL message");
    let both = of(&["alice@example.org", "bob@example.org"]);
    assert_eq!(run("EXTERNAL", &both, |_| vec![]).await, REFUSED);
    assert_eq!(run("EXTERNAL", &both, |_| b"bob@example.org".to_vec()).await, "bob@example.org");
    assert_eq!(run("EXTERNAL", &of(&["nobody@example.org"]), |_| vec![]).await, REFUSED);
}

#[tokio::test]
async fn scram_ends_when_the_client_does_not_trust_the_server() {
    let peer = peer(Channel::default());
    let mut honest = client("alice-secret", "n,,", vec![]);
    let doubting =
        move |challenge: Vec<u8>| if challenge.starts_with(b"v=") { vec![1] } else { honest(challenge) };
    assert_eq!(run("SCRAM-SHA-256", &peer, doubting).await, "invalid: authentication cancelled");
}

#[tokio::test]
async fn a_token_lets_in_whom_it_names() {
    let peer = peer(Channel::default());
    let client = |login: &str, token: &str| {
        let message = format!("n,{login},\x01host=h\x01port=143\x01auth=Bearer {token}\x01\x01");
        move |challenge: Vec<u8>| {
            if challenge.is_empty() {
                return message.clone().into_bytes();
            }
            assert_eq!(challenge, br#"{"status":"invalid_token"}"#);
            b"\x01".to_vec()
        }
    };
    let good = "alice@example.org:alice-secret";
    assert_eq!(run("OAUTHBEARER", &peer, client("", good)).await, "alice@example.org");
    assert_eq!(run("OAUTHBEARER", &peer, client("a=alice@example.org", good)).await, "alice@example.org");
    assert_eq!(run("OAUTHBEARER", &peer, client("a=bob@example.org", good)).await, REFUSED);
    assert_eq!(run("OAUTHBEARER", &peer, client("", "alice@example.org:bob-secret")).await, REFUSED);
    let old = |_| b"user=alice@example.org\x01auth=Bearer alice@example.org:alice-secret\x01\x01".to_vec();
    assert_eq!(run("XOAUTH2", &peer, old).await, "alice@example.org");
}
