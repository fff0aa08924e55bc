//! Greeting, capabilities, LOGIN, AUTHENTICATE, ID, and what is closed before login.

use crate::harness::House;
use sasl::door::Peer;

fn without_tls(house: &House) -> Peer {
    Peer { tls: false, ..house.peer() }
}

#[tokio::test]
async fn capabilities_before_and_after() {
    let house = House::new();
    let mut client = house.connect().await;
    let before = client.ask("a CAPABILITY").await;
    assert_eq!(
        before[0],
        "* CAPABILITY IMAP4rev1 IMAP4rev2 AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN SASL-IR LITERAL+ ENABLE ID IDLE LANGUAGE"
    );
    let lines = client.ask("b LOGIN alice@example.org {12+}\r\nalice-secret").await;
    let after = lines[0].strip_prefix("b OK [CAPABILITY IMAP4rev1 IMAP4rev2 ").unwrap();
    let after = after.strip_suffix("] LOGIN completed").unwrap();
    assert!(!after.contains("AUTH=") && !after.contains("STARTTLS"), "{after}");
    for name in ["NAMESPACE", "UIDPLUS", "MOVE", "ESEARCH", "APPENDLIMIT=67108864", "ACL"] {
        assert!(after.split(' ').any(|told| told == name), "{name} in {after}");
    }
    assert_eq!(client.ask("c LOGIN a b").await, ["c BAD Not in this state"]);
    assert_eq!(client.ask("d LOGOUT").await, ["* BYE Logging out", "d OK LOGOUT completed"]);
    assert_eq!(client.line().await, "(end)");
}

#[tokio::test]
async fn authenticate_in_both_forms() {
    let house = House::new();
    let mut client = house.connect().await;
    // \0alice@example.org\0alice-secret
    let proof = "AGFsaWNlQGV4YW1wbGUub3JnAGFsaWNlLXNlY3JldA==";
    let lines = client.ask(&format!("a AUTHENTICATE PLAIN {proof}")).await;
    assert!(lines[0].starts_with("a OK [CAPABILITY "));
    let mut client = house.connect().await;
    client.say("a AUTHENTICATE plain").await;
    assert_eq!(client.line().await, "+ ");
    client.say(proof).await;
    assert!(client.line().await.starts_with("a OK [CAPABILITY "));
    let mut client = house.connect().await;
    client.say("a AUTHENTICATE PLAIN").await;
    assert_eq!(client.line().await, "+ ");
    client.say("*").await;
    assert_eq!(client.line().await, "a BAD Authentication cancelled");
}

#[tokio::test]
async fn every_wrong_login_gets_the_same_answer() {
    let house = House::new();
    for attempt in [
        "a LOGIN alice@example.org wrong",
        "a LOGIN nobody@example.org wrong",
        "a LOGIN alice wrong",
        "a LOGIN \"\" \"\"",
        "a AUTHENTICATE PLAIN AGFsaWNlAHdyb25n",
        "a AUTHENTICATE PLAIN AAAA",
        // an authorization identity that is someone else's
        "a AUTHENTICATE PLAIN Ym9iQGV4YW1wbGUub3JnAGFsaWNlQGV4YW1wbGUub3JnAGFsaWNlLXNlY3JldA==",
    ] {
        let mut client = house.connect().await;
        assert_eq!(
            client.ask(attempt).await,
            ["a NO [AUTHENTICATIONFAILED] Authentication failed"],
            "{attempt}"
        );
    }
}

#[tokio::test]
async fn a_response_that_is_no_base64_is_bad() {
    let house = House::new();
    let mut client = house.connect().await;
    assert_eq!(client.ask("a AUTHENTICATE PLAIN !!!!").await, ["a BAD Not base64"]);
    client.say("b AUTHENTICATE PLAIN").await;
    assert_eq!(client.line().await, "+ ");
    client.say("AAA").await;
    assert_eq!(client.line().await, "b BAD Not base64");
}

#[tokio::test]
async fn three_wrong_logins_end_the_session() {
    let house = House::new();
    let mut client = house.connect().await;
    for _ in 0..2 {
        assert!(client.ask("a LOGIN alice@example.org wrong").await[0].starts_with("a NO "));
    }
    let last = client.ask("a LOGIN alice@example.org wrong").await;
    assert_eq!(last[0], "* BYE Too many failed logins");
    assert!(last[1].starts_with("a NO "));
    assert_eq!(client.line().await, "(end)");
}

#[tokio::test]
async fn no_password_crosses_without_tls() {
    let house = House::new();
    let mut client = house.connect_as(without_tls(&house)).await;
    let lines = client.ask("a CAPABILITY").await;
    assert!(lines[0].contains(" LOGINDISABLED") && !lines[0].contains("AUTH="));
    for attempt in ["b LOGIN alice@example.org alice-secret", "b AUTHENTICATE PLAIN AAAA"] {
        assert!(client.ask(attempt).await[0].starts_with("b NO [PRIVACYREQUIRED] "));
    }
    let cleartext = Peer { cleartext_auth: true, ..without_tls(&house) };
    let mut client = house.connect_as(cleartext).await;
    assert!(client.ask("b LOGIN alice@example.org alice-secret").await[0].starts_with("b OK "));
}

#[tokio::test]
async fn bad_commands_end_the_session_soon() {
    let house = House::new();
    let mut client = house.connect().await;
    client.send(b"Host: x\r\na FOO\r\n<html> bar\r\n").await;
    let mut lines = Vec::new();
    loop {
        match client.line().await.as_str() {
            "(end)" => break,
            line => lines.push(line.to_owned()),
        }
    }
    assert_eq!(lines.last().unwrap(), "* BYE Too many bad commands");
    // Nothing of what was sent is said back but a tag that is one (ALPACA).
    assert!(lines.iter().all(|line| !line.contains("Host") && !line.contains("html")), "{lines:?}");
    let mut client = house.connect().await;
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\na NOOP\r\n").await;
    assert_eq!(client.line().await, "* BYE This is IMAP");
    assert_eq!(client.line().await, "(end)");
}

#[tokio::test]
async fn state_is_checked() {
    let house = House::new();
    let mut client = house.connect().await;
    assert_eq!(client.ask("a SELECT INBOX").await, ["a BAD Log in first"]);
    let mut client = house.alice().await;
    assert_eq!(client.ask("a FETCH 1 FLAGS").await, ["a BAD No mailbox is selected"]);
    assert_eq!(client.ask("b STARTTLS").await, ["b BAD Not in this state"]);
}

#[tokio::test]
async fn id_and_namespace() {
    let house = House::new();
    let mut client = house.connect().await;
    assert_eq!(client.ask("a ID NIL").await[0], "* ID (\"name\" \"Collegium\")");
    let mut client = house.alice().await;
    let lines = client.ask("a ID (\"name\" \"x\" \"os\" NIL)").await;
    assert!(lines[0].starts_with("* ID (\"name\" \"Collegium\" \"version\" "), "{lines:?}");
    assert_eq!(
        client.ask("b NAMESPACE").await[0],
        "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared/\" \"/\"))"
    );
}

#[tokio::test]
async fn a_drained_session_says_goodbye() {
    let house = House::new();
    let mut client = house.alice().await;
    let mut idler = house.alice().await;
    idler.say("a IDLE").await;
    assert_eq!(idler.line().await, "+ idling");
    house.trigger.drain();
    assert_eq!(client.line().await, "* BYE Server shutting down");
    assert_eq!(client.line().await, "(end)");
    assert_eq!(idler.line().await, "* BYE Server shutting down");
}
