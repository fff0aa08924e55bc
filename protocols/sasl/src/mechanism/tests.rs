//! Exchanges as lines, good and bad.

use super::*;
use directory::testing::MemoryDirectory;

fn peer() -> Peer {
    let addr = "127.0.0.1:1".parse().unwrap();
    Peer { addr, tls: true, cleartext_auth: false, acceptor: None, channel: None, crowded: false }
}

/// Runs lines through a mechanism and tells the end of it in one line.
fn check(mechanism: &str, initial: Option<&str>, lines: &[&str], expect: &str) {
    let (peer, directory) = (peer(), MemoryDirectory::sample());
    let mut exchange = Exchange::start(Mechanism::find(mechanism, &peer, &directory).unwrap(), &peer);
    let mut said = Vec::new();
    let mut next = exchange.initial(initial.map(str::as_bytes));
    let mut lines = lines.iter();
    loop {
        match next {
            Ok(Next::Challenge(text)) => said.push(format!("+{text}")),
            Ok(Next::Credentials(Credentials { login, secret })) => {
                said.push(format!("{login}:{}", secret.expose()));
                break;
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                said.push(error.to_string());
                break;
            }
        }
        let Some(line) = lines.next() else { break };
        next = exchange.respond(line.as_bytes());
    }
    assert_eq!(said.join(" "), expect, "{mechanism} {initial:?}");
}

fn message(fields: &str) -> String {
    BASE64_STANDARD.encode(fields)
}

#[test]
fn plain_with_and_without_an_initial_response() {
    let good = message("\0a@b\0pw");
    check("PLAIN", Some(&good), &[], "a@b:pw");
    check("plain", None, &[&good], "+ a@b:pw");
    check("PLAIN", Some(&message("A@b\0a@B\0pw")), &[], "a@B:pw");
    check("PLAIN", Some(&message("victim@b\0a@b\0pw")), &[], "forbidden: needs Rights(0x0)");
}

#[test]
fn plain_refuses_what_is_not_plain() {
    let bad = "invalid: not a login and a password";
    for text in ["\0a@b\0", "\0\0pw"] {
        check("PLAIN", Some(&message(text)), &[], bad);
    }
    for text in ["a@b", "\0a@b", "\0a@b\0pw\0", "\0a@b\0p\0w"] {
        check("PLAIN", Some(&message(text)), &[], "invalid: not a PLAIN message");
    }
    check("PLAIN", Some("="), &[], "invalid: not a PLAIN message");
    check("PLAIN", Some("%%%"), &[], "invalid: not base64");
    check("PLAIN", None, &["*"], "+ invalid: authentication cancelled");
}

#[test]
fn login_asks_twice() {
    let (name, word) = (message("a@b"), message("pw"));
    check("LOGIN", None, &[&name, &word], "+VXNlcm5hbWU6 +UGFzc3dvcmQ6 a@b:pw");
    check("LOGIN", Some(&name), &[&word], "+UGFzc3dvcmQ6 a@b:pw");
    check("LOGIN", Some(&name), &["*"], "+UGFzc3dvcmQ6 invalid: authentication cancelled");
}

#[test]
fn nothing_else_is_offered() {
    let directory = MemoryDirectory::sample();
    for name in
        ["CRAM-MD5", "", "EXTERNAL", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "OAUTHBEARER", "XOAUTH2"]
    {
        assert!(Mechanism::find(name, &peer(), &directory).is_none(), "{name}");
    }
}

#[test]
fn a_line_at_the_limit_is_decoded_and_one_past_it_is_not() {
    let mut exchange = Exchange::start(&plain::MECHANISM, &peer());
    let line = vec![b'A'; RESPONSE_BYTES_MAX];
    assert!(matches!(exchange.respond(&line), Err(Error::Invalid(_))));
    let line = vec![b'A'; RESPONSE_BYTES_MAX + 1];
    assert!(matches!(exchange.respond(&line), Err(Error::TooLarge(_))));
}

#[test]
fn logins_and_secrets_at_their_limits() {
    let (name, word) = (vec![b'a'; LOGIN_BYTES_MAX], vec![b'p'; SECRET_BYTES_MAX]);
    assert!(credentials(&name, &word).is_ok());
    assert!(credentials(&vec![b'a'; LOGIN_BYTES_MAX + 1], &word).is_err());
    assert!(credentials(&name, &vec![b'p'; SECRET_BYTES_MAX + 1]).is_err());
    assert!(credentials(b"\xff@b", b"pw").is_err());
}

#[test]
fn debug_never_shows_the_secret() {
    let shown = format!("{:?}", credentials(b"a@b", b"hunter2").unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("104"), "{shown}");
}
