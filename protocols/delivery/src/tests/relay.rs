//! The relay's client against every kind of server.

use super::house::{ALICE, BOB, House, TEXT, plain};
use super::sink::{Rules, Sink};
use crate::limits::{RELAY_RECIPIENT_COUNT_MAX, REPLY_LINE_BYTES_MAX, REPLY_LINE_COUNT_MAX, UNSETTLED_WAIT};
use crate::{RelayConfig, RelayTls};
use directory::testing::MemoryDirectory;
use engine::{
    fail::{Call, FailPlan},
    sim::SimDisk,
};
use rustls::pki_types::PrivateKeyDer;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio_rustls::TlsAcceptor;

async fn sink(answers: &[(&'static str, &[&'static str])], extensions: &[&'static str]) -> Sink {
    let answers = answers.iter().map(|(line, answers)| (*line, answers.to_vec())).collect();
    Sink::start(Rules { answers, extensions: extensions.to_vec(), ..Rules::default() }).await
}

const FAR: &[&str] = &["x@far.example", "y@far.example"];

#[tokio::test]
async fn a_message_goes_out_without_its_return_path_and_with_its_dots_stuffed() {
    let sink = sink(&[], &["PIPELINING", "8BITMIME", "SIZE 1000000"]).await;
    let house = House::with_sink(&sink);
    let text = format!("{TEXT}.\r\n..a\r\né\r\n");
    house.submit(Some("alice@example.org"), FAR, &text).await;
    house.settle().await;
    assert_eq!(sink.messages(), [format!("{TEXT}..\r\n...a\r\né\r\n")]);
    let lines = sink.lines();
    let size = text.len();
    assert!(lines.contains(&format!("MAIL FROM:<alice@example.org> SIZE={size} BODY=8BITMIME")), "{lines:?}");
    assert!(lines.contains(&"RCPT TO:<y@far.example>".to_owned()));
}

#[tokio::test]
async fn other_servers_hear_addresses_letter_for_letter() {
    let sink = sink(&[], &["PIPELINING"]).await;
    let house = House::with_sink(&sink);
    let to = ["Confirm+AbC=@Lists.Example", "confirm+abc=@lists.example", "Confirm+AbC=@lists.example"];
    house.submit(Some("alice@example.org"), &to, TEXT).await;
    house.settle().await;
    let named: Vec<_> = sink.lines().into_iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(named, ["RCPT TO:<Confirm+AbC=@Lists.Example>", "RCPT TO:<confirm+abc=@lists.example>"]);
}

#[tokio::test]
async fn servers_without_extensions_are_spoken_to_in_turn() {
    let sink = sink(&[("EHLO", &["502 no"])], &[]).await;
    let house = House::with_sink(&sink);
    house.submit(Some("alice@example.org"), FAR, TEXT).await;
    house.settle().await;
    let verbs: Vec<_> = sink.lines().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(verbs, ["EHLO", "HELO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]);
    assert_eq!(sink.messages().len(), 1);
}

const LATER: &[(&str, &[&str])] = &[
    ("(connect)", &["421 4.3.2 busy", "220 sink"]),
    ("(connect)", &["554 5.0.0 go away", "220 sink"]),
    ("MAIL", &["451 4.3.0 later", "250 ok"]),
    ("RCPT TO:<x@", &["450 4.2.1 later", "250 ok"]),
    ("DATA", &["451 4.3.0 later", "354 go"]),
    ("DATA", &["(close)", "354 go"]),
    ("(message)", &["452 4.3.1 full", "250 ok"]),
    ("(message)", &["(close)", "250 ok"]),
    ("EHLO", &["nonsense", "250 ok"]),
];

#[tokio::test]
async fn temporary_failures_are_tried_again() {
    let check = async |rule, pipelining: &'static [&'static str]| {
        let sink = sink(&[rule], pipelining).await;
        let house = House::with_sink(&sink);
        house.submit(Some("alice@example.org"), &["x@far.example"], TEXT).await;
        house.settle().await;
        assert_eq!(sink.messages(), [TEXT], "{rule:?}");
        assert!(house.inbox(ALICE).await.is_empty(), "{rule:?}");
    };
    let each = LATER.iter().flat_map(|rule| [check(*rule, &["PIPELINING"]), check(*rule, &[])]);
    futures_util::future::join_all(each).await;
}

#[tokio::test]
async fn a_recipient_that_waits_does_not_make_others_get_it_twice() {
    let sink = sink(&[("RCPT TO:<y@", &["450 4.2.1 later", "250 ok"])], &["PIPELINING"]).await;
    let house = House::with_sink(&sink);
    house.submit(Some("alice@example.org"), FAR, TEXT).await;
    house.settle().await;
    let asked = sink.lines().iter().filter(|line| line.starts_with("RCPT TO:<x@")).count();
    assert_eq!((asked, sink.messages().len()), (1, 2));
}

#[tokio::test]
async fn permanent_failures_are_told_to_the_sender() {
    for pipelining in [&["PIPELINING"][..], &[]] {
        for (rule, status) in [
            (("MAIL", &["550 5.7.1 no"][..]), "5.7.1"),
            (("RCPT", &["550 5.1.1 nobody"]), "5.1.1"),
            (("DATA", &["554 no"]), "5.0.0"),
            (("(message)", &["554 5.7.1 spam"]), "5.7.1"),
        ] {
            let sink = sink(&[rule], pipelining).await;
            let house = House::with_sink(&sink);
            house.submit(Some("alice@example.org"), &["x@far.example"], TEXT).await;
            house.settle().await;
            assert!(sink.messages().is_empty());
            let inbox = house.inbox(ALICE).await;
            let bounce = inbox.first().unwrap();
            assert!(bounce.contains(&format!("\r\nStatus: {status}\r\n")), "{rule:?} {bounce}");
            assert!(bounce.contains("\r\nDiagnostic-Code: smtp; 55"), "{bounce}");
        }
    }
}

#[tokio::test]
async fn what_the_relay_cannot_carry_comes_back_at_once() {
    for (extensions, text, status) in
        [(&["SIZE 20"][..], TEXT, "5.3.4"), (&["SIZE 0"], "From: alice@example.org\r\n\r\né\r\n", "5.6.3")]
    {
        let sink = sink(&[], extensions).await;
        let house = House::with_sink(&sink);
        house.submit(Some("alice@example.org"), &["x@far.example"], text).await;
        house.settle().await;
        assert!(!sink.lines().iter().any(|line| line.starts_with("MAIL")));
        let inbox = house.inbox(ALICE).await;
        assert!(inbox.first().unwrap().contains(&format!("Status: {status}")), "{inbox:?}");
    }
    let sink = sink(&[], &["8BITMIME"]).await;
    let house = House::with_sink(&sink);
    let mut submission = house.submission(Some("alice@example.org"), &["ü@far.example"], TEXT).await;
    submission.smtputf8 = true;
    let _ = house.delivery.accept(submission).await.unwrap();
    house.settle().await;
    let inbox = house.inbox(ALICE).await;
    let bounce = inbox.first().unwrap();
    assert!(bounce.contains("Status: 5.6.7") && bounce.contains("Final-Recipient: utf-8; ü@far.example"));
    assert!(bounce.contains("Content-Type: message/global-delivery-status"), "{bounce}");
}

#[tokio::test]
async fn a_hundred_recipients_for_each_transaction() {
    let sink = sink(&[], &["PIPELINING"]).await;
    let house = House::with_sink(&sink);
    let to: Vec<_> = (0..250).map(|number| format!("p{number}@far.example")).collect();
    let to: Vec<_> = to.iter().map(String::as_str).collect();
    house.submit(Some("alice@example.org"), &to, TEXT).await;
    house.settle().await;
    assert_eq!(sink.messages().len(), 3);
    assert_eq!(sink.lines().iter().filter(|line| line.starts_with("RCPT")).count(), 250);
}

/// A certificate for `localhost` in a file, and a server that bears it.
pub(crate) fn identity(name: &str) -> (TlsAcceptor, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut dice = [0_u8; 8];
    engine::Env::random(&engine::OsEnv, &mut dice);
    let file = std::env::temp_dir().join(format!("collegium-delivery-{:016x}.pem", u64::from_be_bytes(dice)));
    std::fs::write(&file, made.cert.pem()).unwrap();
    (TlsAcceptor::from(Arc::new(server)), file)
}

async fn over_tls(tls: RelayTls, rules: Rules, ca: Option<PathBuf>, login: bool) -> (House, Sink) {
    let implicit = tls == RelayTls::Implicit;
    let sink = Sink::start(Rules { implicit, ..rules }).await;
    let password = std::env::temp_dir().join(format!("collegium-delivery-{}.secret", sink.port));
    std::fs::write(&password, "hunter2\n").unwrap();
    let config = RelayConfig {
        host: "localhost".to_owned(),
        tls,
        ca_file: ca,
        login: login.then(|| "me".to_owned()),
        password_file: login.then(|| password.clone()),
        ..plain(&sink)
    };
    let house = House::open(&SimDisk::new(1), Some(config), MemoryDirectory::sample());
    std::fs::remove_file(password).unwrap();
    house.run();
    house.submit(Some("alice@example.org"), &["x@far.example"], TEXT).await;
    (house, sink)
}

/// Some tries later nothing has got through and nothing is lost.
async fn still_waits(house: &House, sink: &Sink, reply: &str) {
    for _ in 0..10 {
        house.env.step(20);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(sink.messages().is_empty());
    let waiting = house.delivery.list(None, 10).await.unwrap();
    let (_, recipient) = waiting.first().unwrap().recipients.first().unwrap();
    assert!(recipient.last_reply.contains(reply), "{recipient:?}");
}

#[tokio::test]
async fn both_kinds_of_tls_with_both_kinds_of_login() {
    for tls in [RelayTls::Starttls, RelayTls::Implicit] {
        for (mechanism, proof) in
            [("AUTH PLAIN", "AUTH PLAIN AG1lAGh1bnRlcjI="), ("AUTH LOGIN", "AUTH LOGIN")]
        {
            let (acceptor, ca) = identity("localhost");
            let answers = if mechanism == "AUTH LOGIN" {
                vec![
                    ("AUTH", vec!["334 VXNlcm5hbWU6"]),
                    ("bWU=", vec!["334 UGFzc3dvcmQ6"]),
                    ("aHVudGVyMg==", vec!["235 ok"]),
                ]
            } else {
                Vec::new()
            };
            let rules = Rules {
                answers,
                extensions: vec!["STARTTLS", "PIPELINING", mechanism],
                acceptor: Some(acceptor),
                ..Rules::default()
            };
            let (house, sink) = over_tls(tls, rules, Some(ca.clone()), true).await;
            house.settle().await;
            std::fs::remove_file(ca).unwrap();
            let lines = sink.lines();
            assert_eq!(sink.messages().len(), 1, "{lines:?}");
            let secured = lines.iter().position(|line| line == "(tls)").unwrap();
            let proved = lines.iter().position(|line| line == proof).unwrap();
            assert!(secured < proved, "{lines:?}");
            let before = lines[..secured].iter().map(String::as_str).collect::<Vec<_>>();
            let expect: &[&str] = match tls {
                RelayTls::Starttls => &["EHLO mail.example.org", "STARTTLS"],
                _ => &[],
            };
            assert_eq!(before, expect);
        }
    }
}

#[tokio::test]
async fn starttls_is_demanded_and_nothing_injected_is_believed() {
    let (acceptor, ca) = identity("localhost");
    let stripped = Rules { extensions: vec!["PIPELINING"], ..Rules::default() };
    let (house, sink) = over_tls(RelayTls::Starttls, stripped, Some(ca.clone()), true).await;
    still_waits(&house, &sink, "does not offer STARTTLS").await;
    assert!(!sink.lines().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
    let injecting = Rules {
        extensions: vec!["STARTTLS", "AUTH PLAIN"],
        acceptor: Some(acceptor),
        injected: "250-evil\r\n250 AUTH PLAIN\r\n235 ok\r\n",
        ..Rules::default()
    };
    let (house, sink) = over_tls(RelayTls::Starttls, injecting, Some(ca.clone()), true).await;
    still_waits(&house, &sink, "TLS with the relay failed").await;
    assert!(!sink.lines().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
    std::fs::remove_file(ca).unwrap();
}

#[tokio::test]
async fn certificates_must_be_the_relays_own_and_trusted() {
    let (acceptor, ca) = identity("elsewhere.example");
    for ca in [Some(ca.clone()), None] {
        let rules = Rules {
            extensions: vec!["STARTTLS", "AUTH PLAIN"],
            acceptor: Some(acceptor.clone()),
            ..Rules::default()
        };
        let (house, sink) = over_tls(RelayTls::Starttls, rules, ca, true).await;
        still_waits(&house, &sink, "TLS with the relay failed").await;
    }
    std::fs::remove_file(ca).unwrap();
}

#[tokio::test]
async fn a_refused_login_waits_for_the_operator() {
    let (acceptor, ca) = identity("localhost");
    let rules = Rules {
        answers: vec![("AUTH", vec!["535 5.7.8 no"])],
        extensions: vec!["AUTH PLAIN"],
        acceptor: Some(acceptor),
        ..Rules::default()
    };
    let (house, sink) = over_tls(RelayTls::Implicit, rules, Some(ca.clone()), true).await;
    still_waits(&house, &sink, "refused the login").await;
    std::fs::remove_file(ca).unwrap();
    assert!(house.inbox(ALICE).await.is_empty());
}

/// Replies of the relay at the limits: understood; one past them: no reply at all, so the message waits.
#[tokio::test]
async fn replies_end_at_their_limits() {
    let lines = |count: usize| format!("{}250 2.0.0 ok", "250-2.0.0 more\r\n".repeat(count - 1));
    let long = |bytes: usize| format!("250 {}", "x".repeat(bytes - "250 \r\n".len()));
    let cases = [
        (lines(REPLY_LINE_COUNT_MAX), true),
        (lines(REPLY_LINE_COUNT_MAX + 1), false),
        (long(REPLY_LINE_BYTES_MAX), true),
        (long(REPLY_LINE_BYTES_MAX + 1), false),
    ];
    for (answer, good) in cases {
        let answer: &'static str = answer.leak();
        let sink = sink(&[("MAIL", &[answer, "250 ok"])], &[]).await;
        let house = House::with_sink(&sink);
        house.submit(Some("alice@example.org"), FAR, TEXT).await;
        house.settle().await;
        assert_eq!(sink.messages().len(), 1);
        let tries = sink.lines().iter().filter(|line| line.starts_with("MAIL")).count();
        assert_eq!(tries, if good { 1 } else { 2 }, "{} octets", answer.len());
    }
}

#[tokio::test]
async fn one_transaction_has_so_many_recipients() {
    for (more, transactions) in [(0, 1), (1, 2)] {
        let sink = sink(&[], &["PIPELINING"]).await;
        let house = House::with_sink(&sink);
        let to: Vec<_> =
            (0..RELAY_RECIPIENT_COUNT_MAX + more).map(|number| format!("x{number}@far.example")).collect();
        let to: Vec<_> = to.iter().map(String::as_str).collect();
        house.submit(Some("alice@example.org"), &to, TEXT).await;
        house.settle().await;
        assert_eq!(sink.messages().len(), transactions);
        assert_eq!(sink.lines().iter().filter(|line| line.starts_with("RCPT")).count(), to.len());
    }
}

#[tokio::test]
async fn a_mailbox_out_of_reach_does_not_make_the_relay_be_asked_again_and_again() {
    let sink = sink(&[("RCPT", &["451 4.3.0 later"])], &[]).await;
    let plan = FailPlan::new();
    let house = House::failing(&plan, Some(plain(&sink)));
    assert!(house.inbox(ALICE).await.is_empty() && house.inbox(BOB).await.is_empty());
    // The first batch takes the message over, the second delivers.
    plan.fail(Call::Commit, 2);
    house.submit(Some("alice@example.org"), &["bob@example.org", "x@far.example"], TEXT).await;
    tokio::time::sleep(UNSETTLED_WAIT + Duration::from_millis(500)).await;
    let asked = sink.lines().iter().filter(|line| line.starts_with("RCPT")).count();
    let waiting = house.delivery.list(None, 10).await.unwrap();
    let attempts: Vec<_> = waiting[0].recipients.iter().map(|(_, recipient)| recipient.attempts).collect();
    assert_eq!((asked, attempts), (1, vec![1, 1]));
}

#[tokio::test]
async fn nothing_but_354_asks_for_the_message_and_nothing_but_its_own_reply_takes_it() {
    for extensions in [&["PIPELINING"][..], &[]] {
        for odd in ["250 2.0.0 ok", "334 "] {
            let sink = sink(&[("DATA", &[odd, "354 go"])], extensions).await;
            let house = House::with_sink(&sink);
            house.submit(Some("alice@example.org"), &["x@far.example"], TEXT).await;
            house.settle().await;
            assert_eq!(sink.messages(), [TEXT], "{odd}: tried again, not taken for delivered");
        }
    }
}

#[tokio::test]
async fn mail_waits_for_a_relay_that_wants_a_login() {
    for extensions in [&["PIPELINING"][..], &[]] {
        let sink = sink(&[("MAIL", &["530 5.7.0 authentication required", "250 ok"])], extensions).await;
        let house = House::with_sink(&sink);
        house.submit(Some("alice@example.org"), FAR, TEXT).await;
        house.settle().await;
        assert_eq!(sink.messages(), [TEXT]);
        assert!(house.inbox(ALICE).await.is_empty(), "nobody is told that it failed");
    }
}
