//! Messages of SCRAM, good and bad; whole logins are in `login/tests.rs`.

use super::*;
use crate::door::Peer;

fn peer(channel: Option<Channel>) -> Peer {
    let addr = "127.0.0.1:1".parse().unwrap();
    Peer {
        addr,
        tls: true,
        cleartext_auth: false,
        acceptor: None,
        channel: channel.map(Arc::new),
        crowded: false,
    }
}

fn bound() -> Channel {
    Channel { exporter: Some([7; 32]), end_point: Some(vec![9; 32]), addresses: Vec::new() }
}

fn first(plus: bool, channel: Option<Channel>, message: &str) -> String {
    let mut scram = Scram::start(ScramHash::Sha256, plus, &peer(channel));
    match scram.step(Some(message.as_bytes())) {
        Ok(Decoded::Offer(login, _)) => login,
        Ok(_) => "?".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn first_messages() {
    let bad = BAD.to_string();
    let refused = REFUSED.to_string();
    let long = format!("n,,n=a@b,r={}", "x".repeat(SCRAM_NONCE_BYTES_MAX + 1));
    let longest = format!("n,,n=a@b,r={}", "x".repeat(SCRAM_NONCE_BYTES_MAX));
    for (message, expect) in [
        ("n,,n=a@b,r=x", "a@b"),
        ("n,,n=a@b,r=x,z=later", "a@b"),
        ("n,a=A@b,n=a@b,r=x", "a@b"),
        ("n,,n=a=2Cb=3Dc@d,r=x", "a,b=c@d"),
        ("y,,n=a@b,r=x", "a@b"),
        (longest.as_str(), "a@b"),
        // Nobody acts for anybody else.
        ("n,a=victim@b,n=me@b,r=x", refused.as_str()),
        ("p=tls-exporter,,n=a@b,r=x", bad.as_str()),
        ("n,,m=must,n=a@b,r=x", bad.as_str()),
        ("n,,n=a=41@b,r=x", bad.as_str()),
        ("n,,n=a@b,r=", bad.as_str()),
        ("n,,n=a@b,r=\u{7}", bad.as_str()),
        ("n,,n=,r=x", "invalid: not a login"),
        ("n,,n=a@b", bad.as_str()),
        ("n,a@b,n=a@b,r=x", bad.as_str()),
        ("n,", bad.as_str()),
        ("", bad.as_str()),
        (long.as_str(), bad.as_str()),
    ] {
        assert_eq!(first(false, None, message), expect, "{message}");
    }
}

#[test]
fn bindings() {
    let bad = BAD.to_string();
    let refused = REFUSED.to_string();
    for (plus, channel, flag, expect) in [
        (true, Some(bound()), "p=tls-exporter", "a@b"),
        (true, Some(bound()), "p=tls-server-end-point", "a@b"),
        (true, Some(bound()), "p=tls-unique", refused.as_str()),
        (true, Some(bound()), "n", bad.as_str()),
        (true, Some(bound()), "y", bad.as_str()),
        (true, None, "p=tls-exporter", refused.as_str()),
        // It can bind, and somebody hid from it that we can.
        (false, Some(bound()), "y", refused.as_str()),
        (false, Some(bound()), "n", "a@b"),
    ] {
        assert_eq!(first(plus, channel, &format!("{flag},,n=a@b,r=x")), expect, "{plus} {flag}");
    }
}

#[test]
fn a_message_at_the_limit_is_read_and_one_past_it_is_not() {
    let fill = |size: usize| {
        let head = "n,,n=a@b,r=x,z=";
        format!("{head}{}", "y".repeat(size - head.len()))
    };
    assert_eq!(first(false, None, &fill(SCRAM_MESSAGE_BYTES_MAX)), "a@b");
    assert_eq!(first(false, None, &fill(SCRAM_MESSAGE_BYTES_MAX + 1)), "too large: limit 4096");
}

#[test]
fn last_messages_must_repeat_what_was_said() {
    let offer = ScramOffer { salt: b"salt".to_vec(), iteration_count: 4096, nonce: "SERVER".to_owned() };
    let last = |message: &str| {
        let mut scram = Scram::start(ScramHash::Sha256, true, &peer(Some(bound())));
        scram.step(Some(b"p=tls-exporter,,n=a@b,r=CLIENT")).unwrap();
        let Ok(Decoded::Challenge(challenge)) = scram.offered(&offer) else { panic!() };
        assert_eq!(challenge, b"r=CLIENTSERVER,s=c2FsdA==,i=4096");
        match scram.step(Some(message.as_bytes())) {
            Ok(Decoded::Scram(proof)) => String::from_utf8(proof.message).unwrap(),
            Ok(_) => "?".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    let of = |data: &[u8]| BASE64_STANDARD.encode([b"p=tls-exporter,,", data].concat());
    let good = of(&[7; 32]);
    assert_eq!(
        last(&format!("c={good},r=CLIENTSERVER,p=AAAA")),
        format!("n=a@b,r=CLIENT,r=CLIENTSERVER,s=c2FsdA==,i=4096,c={good},r=CLIENTSERVER")
    );
    let (bad, refused) = (BAD.to_string(), REFUSED.to_string());
    for (message, expect) in [
        (format!("c={},r=CLIENTSERVER,p=AAAA", of(&[8; 32])), &refused),
        (format!("c={},r=CLIENTSERVER,p=AAAA", of(&[])), &refused),
        ("c=biws,r=CLIENTSERVER,p=AAAA".to_owned(), &refused),
        (format!("c={good},r=CLIENT,p=AAAA"), &refused),
        (format!("c={good},r=CLIENTSERVER"), &bad),
        (format!("r=CLIENTSERVER,c={good},p=AAAA"), &bad),
        (format!("c={good},r=CLIENTSERVER,p=*"), &bad),
    ] {
        assert_eq!(&last(&message), expect, "{message}");
    }
}
