//! Limits seen from outside: lines, literals, time.

use crate::harness::House;
use std::time::Duration;

#[tokio::test]
async fn literals_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.alice().await;
    let name = "x".repeat(128 * 1024);
    client.say(&format!("a SELECT {{{}}}", name.len())).await;
    assert!(client.line().await.starts_with("+ "));
    client.say(&name).await;
    assert_eq!(client.line().await, "a NO [CANNOT] Mailbox name too long");
    assert_eq!(
        client.ask(&format!("b SELECT {{{}}}", name.len() + 1)).await,
        ["b NO [TOOBIG] Literal too large"]
    );
    let lines = client.ask(&format!("c SELECT {{{}+}}\r\n{name}x", name.len() + 1)).await;
    assert_eq!(lines, ["c NO [TOOBIG] Literal too large"]);
    assert_eq!(client.ask("d NOOP").await, ["d OK NOOP completed"]);
}

#[tokio::test]
async fn a_command_of_many_literals_is_bounded() {
    let house = House::new();
    let mut client = house.alice().await;
    let mut command = "a SEARCH".to_owned();
    for _ in 0..1_001 {
        command.push_str(" SUBJECT {1+}\r\nx");
    }
    assert_eq!(client.ask(&command).await, ["a NO [TOOBIG] Literal too large"]);
    assert_eq!(client.ask("b NOOP").await, ["b OK NOOP completed"]);
}

#[tokio::test]
async fn before_login_little_is_taken() {
    let house = House::new();
    let mut client = house.connect().await;
    assert_eq!(client.ask(&format!("a LOGIN {{{}}}", 8 * 1024)).await, ["a NO [TOOBIG] Literal too large"]);
    client.send(b"b LOGIN {4294967295+}\r\n").await;
    assert_eq!(client.line().await, "* BYE Literal too large");
    let mut client = house.connect().await;
    assert_eq!(
        client.ask(&format!("a NOOP {}", "(".repeat(9_000))).await,
        ["a NO [TOOBIG] Command too long"]
    );
}

#[tokio::test]
async fn endless_lines_end_the_session() {
    let house = House::new();
    let mut client = house.alice().await;
    client.send(&vec![b'('; 64 * 1024 + 1]).await;
    assert_eq!(client.line().await, "* BYE Line too long");
}

#[tokio::test(start_paused = true)]
async fn time_runs_out() {
    let house = House::new();
    let mut client = house.connect().await;
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(client.ask("a NOOP").await, ["a OK NOOP completed"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(client.line().await, "* BYE Timeout");
    // One octet a second does not keep a command alive for ever.
    let mut client = house.alice().await;
    for _ in 0..59 {
        client.send(b"x").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(client.line().await, "* BYE Timeout");
    // Nor a message; one that comes slowly but steadily is waited for.
    let mut client = house.alice().await;
    client.say("a APPEND INBOX {4000000+}").await;
    for _ in 0..59 {
        client.send(b"x").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(client.line().await, "* BYE Timeout");
    let mut client = house.alice().await;
    client.say("a APPEND INBOX {400000+}").await;
    for _ in 0..100 {
        client.send(&[b'x'; 4_000]).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    client.say("").await;
    assert!(client.line().await.starts_with("a OK "));
    let mut client = house.alice().await;
    tokio::time::sleep(Duration::from_secs(29 * 60)).await;
    assert_eq!(client.ask("a NOOP").await, ["a OK NOOP completed"]);
    client.say("b IDLE").await;
    assert_eq!(client.line().await, "+ idling");
    tokio::time::sleep(Duration::from_secs(31 * 60)).await;
    assert_eq!(client.line().await, "* BYE Timeout");
}

#[tokio::test]
async fn set_bombs_cost_nothing() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    let bomb = vec!["1:4294967295"; 4_000].join(",");
    assert_eq!(client.ask(&format!("b UID FETCH {bomb} FLAGS")).await, ["b OK FETCH completed"]);
    assert_eq!(client.ask(&format!("c SEARCH {bomb}")).await[0], "* SEARCH");
}
