//! The three states (RFC 1939 3 to 6): what may come when, and what it comes to.

use super::house::{House, plain};

#[tokio::test]
async fn the_session_of_rfc_1939() {
    let house = House::new();
    house.deliver(b"Subject: one\r\n\r\n1\r\n").await;
    house.deliver(b"Subject: two\r\n\r\n.22\r\n").await;
    let mut client = house.logged_in().await;
    client
        .check(
            "C: STAT
             S: +OK 2 40
             C: LIST
             S: +OK 2 messages (40 octets)
             L: 1 19|2 21|
             C: LIST 2
             S: +OK 2 21
             C: LIST 3
             S: -ERR no such message
             C: RETR 1
             S: +OK 19 octets
             L: Subject: one||1|
             C: TOP 2 0
             S: +OK
             L: Subject: two||
             C: RETR 2
             S: +OK 21 octets
             L: Subject: two||..22|
             C: DELE 1
             S: +OK
             C: DELE 1
             S: -ERR
             C: RETR 1
             S: -ERR
             C: STAT
             S: +OK 1 21
             C: LIST
             S: +OK 1
             L: 2 21|
             C: RSET
             S: +OK
             C: STAT
             S: +OK 2 40
             C: DELE 2
             S: +OK
             C: NOOP
             S: +OK
             C: QUIT
             S: +OK bye, 1 removed
             S:",
        )
        .await;
    assert_eq!(house.uids().await, [1]);
}

#[tokio::test]
async fn nothing_goes_without_quit() {
    let house = House::new();
    house.deliver(b"x: y\r\n\r\n").await;
    let mut client = house.logged_in().await;
    client.check("C: DELE 1\nS: +OK").await;
    drop(client.stream);
    client.session.await.unwrap();
    assert_eq!(house.uids().await, [1]);
    let mut client = house.logged_in().await;
    client.check("C: DELE 1\nS: +OK").await;
    house.trigger.drain();
    client.check("S:").await;
    assert_eq!(house.uids().await, [1], "a server that ends removes nothing");
}

#[tokio::test]
async fn unique_ids_stay_and_are_not_used_again() {
    let house = House::new();
    for _ in 0..3 {
        house.deliver(b"x: y\r\n\r\n").await;
    }
    let mut first = house.logged_in().await;
    first.check("C: UIDL\nS: +OK").await;
    let ids: Vec<String> = first.lines().await.lines().map(|line| line[2..].to_owned()).collect();
    first.check("C: DELE 2\nS: +OK\nC: UIDL 2\nS: -ERR\nC: QUIT\nS: +OK").await;
    house.deliver(b"x: y\r\n\r\n").await;
    let mut second = house.logged_in().await;
    second.check(&format!("C: UIDL 2\nS: +OK 2 {}\nC: UIDL\nS: +OK", ids[2])).await;
    let told = second.lines().await;
    assert!(told.contains(&ids[0]) && !told.contains(&ids[1]), "{told}");
}

#[tokio::test]
async fn a_list_is_as_it_was_at_login() {
    let house = House::new();
    let gone = house.deliver(b"x: 1\r\n\r\n").await;
    house.deliver(b"x: 2\r\n\r\n").await;
    let mut client = house.logged_in().await;
    house.expunge(gone).await;
    house.deliver(b"x: 3\r\n\r\n").await;
    client
        .check(
            "C: STAT\nS: +OK 2 16\nC: RETR 1\nS: -ERR there is no such message any more\nC: RETR 2\nS: +OK\nL: x: 2||",
        )
        .await;
    client.check("C: DELE 1\nS: +OK\nC: DELE 2\nS: +OK\nC: QUIT\nS: +OK").await;
    assert_eq!(house.uids().await, [3]);
}

#[tokio::test]
async fn each_command_has_its_state() {
    let house = House::new();
    let mut client = house.connect();
    client.check("S: +OK Collegium ready").await;
    for command in ["STAT", "LIST", "RETR 1", "TOP 1 1", "DELE 1", "UIDL", "RSET", "NOOP"] {
        client.check(&format!("C: {command}\nS: -ERR log in first")).await;
    }
    client.check("C: PASS alice-secret\nS: -ERR say USER first\nC: user alice@example.org\nS: +OK").await;
    client.check("C: CAPA\nS: +OK").await;
    assert!(client.lines().await.contains("EXPIRE NEVER\r\n"));
    client.check("C: pass alice-secret\nS: +OK 0 messages (0 octets)").await;
    for command in ["USER bob@example.org", "PASS x", "AUTH PLAIN", "STLS", "UTF8"] {
        client.check(&format!("C: {command}\nS: -ERR logged in already")).await;
    }
    client.check("C: CAPA x\nS: -ERR\nC: QUIT\nS: +OK bye\nS:").await;
}

#[tokio::test]
async fn sasl_with_and_without_an_initial_response() {
    let house = House::new();
    let mut client = house.connect();
    client.check(&format!("S: +OK\nC: AUTH PLAIN {}\nS: +OK 0 messages", plain())).await;
    let mut client = house.connect();
    client.check(&format!("S: +OK\nC: AUTH PLAIN\nS: +\nC: {}\nS: +OK 0 messages", plain())).await;
    let mut client = house.connect();
    client.check("S: +OK\nC: AUTH PLAIN\nS: +\nC: *\nS: -ERR\nC: AUTH NOPE\nS: -ERR no such mechanism").await;
    client.check("C: AUTH\nS: +OK").await;
    let told = client.lines().await;
    assert!(told.contains("SCRAM-SHA-256\r\n") && told.contains("PLAIN\r\n"), "{told}");
    client.check("C: AUTH PLAIN AHgAeQ==\nS: -ERR [AUTH]").await;
}
