//! Limits seen from outside: lines, literals, time.

use crate::figures::{
    COMMAND_BYTES_BEFORE_LOGIN_MAX, COMMAND_BYTES_MAX, COMMAND_TIME_MAX, FAILED_LOGINS_MAX, IDLE_TIME_MAX,
    LITERAL_BYTES_MAX, SWALLOW_BYTES_MAX, WRITE_TIME_MAX,
};
use crate::harness::House;
use sasl::door::Peer;
use sasl::limits::{STRANGER_TIME_CROWDED, STRANGER_TIME_MAX};
use std::time::Duration;
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn literals_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.alice().await;
    let name = "x".repeat(usize::try_from(LITERAL_BYTES_MAX).unwrap());
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
    assert_eq!(client.line().await, "* BYE [TOOBIG] Literal too large");
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
async fn the_time_until_the_login() {
    let house = House::new();
    for (crowded, most) in [(false, STRANGER_TIME_MAX), (true, STRANGER_TIME_CROWDED)] {
        let mut client = house.connect_as(Peer { crowded, ..house.peer() }).await;
        sleep(most - SECOND).await;
        assert_eq!(client.ask("a NOOP").await, ["a OK NOOP completed"]);
        sleep(2 * SECOND).await;
        assert_eq!(client.line().await, "* BYE Timeout");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_command() {
    let house = House::new();
    // One octet a second does not keep a command alive for ever.
    let mut client = house.alice().await;
    let seconds = COMMAND_TIME_MAX.as_secs();
    client.send(b"a NOOP").await;
    sleep(COMMAND_TIME_MAX - SECOND).await;
    client.say("").await;
    assert_eq!(client.line().await, "a OK NOOP completed");
    for _ in 0..seconds - 1 {
        client.send(b"x").await;
        sleep(SECOND).await;
    }
    sleep(2 * SECOND).await;
    assert_eq!(client.line().await, "* BYE Timeout");
    // Nor a message; one that comes slowly but steadily is waited for.
    let mut client = house.alice().await;
    client.say("a APPEND INBOX {4000000+}").await;
    for _ in 0..seconds - 1 {
        client.send(b"x").await;
        sleep(SECOND).await;
    }
    sleep(2 * SECOND).await;
    assert_eq!(client.line().await, "* BYE Timeout");
    let mut client = house.alice().await;
    client.say("a APPEND INBOX {400000+}").await;
    for _ in 0..100 {
        client.send(&[b'x'; 4_000]).await;
        sleep(3 * SECOND).await;
    }
    client.say("").await;
    assert!(client.line().await.starts_with("a OK "));
}

#[tokio::test(start_paused = true)]
async fn the_time_without_a_command() {
    let house = House::new();
    let mut client = house.alice().await;
    sleep(IDLE_TIME_MAX - SECOND).await;
    assert_eq!(client.ask("a NOOP").await, ["a OK NOOP completed"]);
    sleep(IDLE_TIME_MAX + SECOND).await;
    assert_eq!(client.line().await, "* BYE Timeout");
    let mut client = house.alice().await;
    client.say("b IDLE").await;
    assert_eq!(client.line().await, "+ idling");
    sleep(IDLE_TIME_MAX + SECOND).await;
    assert_eq!(client.line().await, "* BYE Timeout");
}

#[tokio::test(start_paused = true)]
async fn the_time_that_a_client_may_take_nothing() {
    let house = House::new();
    let mut client = house.alice().await;
    let message = format!("Subject: x\r\n\r\n{}\r\n", "long ".repeat(200_000));
    client.ask(&format!("a APPEND INBOX {{{}+}}\r\n{message}", message.len())).await;
    client.ask("b SELECT INBOX").await;
    client.say("c FETCH 1 BODY[]").await;
    sleep(WRITE_TIME_MAX - SECOND).await;
    assert_eq!(client.until("c").await.last().unwrap(), "c OK FETCH completed");
    client.say("d FETCH 1 BODY[]").await;
    sleep(WRITE_TIME_MAX + SECOND).await;
    assert_eq!(client.until("d").await.last().unwrap(), "(end)");
}

#[tokio::test]
async fn what_is_swallowed_and_one_octet_more() {
    let house = House::new();
    let mut client = house.alice().await;
    client.say(&format!("a APPEND INBOX {{{SWALLOW_BYTES_MAX}+}}")).await;
    // More than the stream holds: it is read.
    client.send(&[b'x'; 200_000]).await;
    assert!(timeout(Duration::from_millis(50), client.line()).await.is_err());
    let mut client = house.alice().await;
    client.say(&format!("a APPEND INBOX {{{}+}}", SWALLOW_BYTES_MAX + 1)).await;
    assert_eq!(client.line().await, "* BYE [TOOBIG] Literal too large");
}

#[tokio::test]
async fn failed_logins_are_counted() {
    let house = House::new();
    let wrong = "a LOGIN alice@example.org wrong";
    let mut client = house.connect().await;
    for _ in 1..FAILED_LOGINS_MAX {
        assert_eq!(client.ask(wrong).await, ["a NO [AUTHENTICATIONFAILED] Authentication failed"]);
    }
    assert!(client.ask("b LOGIN alice@example.org alice-secret").await[0].starts_with("b OK "));
    let mut client = house.connect().await;
    for _ in 1..FAILED_LOGINS_MAX {
        client.ask(wrong).await;
    }
    assert_eq!(client.ask(wrong).await[0], "* BYE Too many failed logins");
    assert_eq!(client.line().await, "(end)");
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

#[tokio::test]
async fn counts_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    let literals = |count: usize| format!("a SEARCH{}", " SUBJECT {1+}\r\nx".repeat(count));
    assert_eq!(client.ask(&literals(1_000)).await[0], "* SEARCH");
    assert_eq!(client.ask(&literals(1_001)).await, ["a NO [TOOBIG] Literal too large"]);
    let fields = |count: usize| format!("a ID ({})", ["\"k\" \"v\""; 40][..count].join(" "));
    assert!(client.ask(&fields(30)).await[0].starts_with("* ID "));
    assert_eq!(client.ask(&fields(31)).await, ["a BAD Too many fields"]);
}

#[tokio::test]
async fn a_command_of_a_mebibyte_and_one_octet_more() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    // Eight literals of 128 KiB less what stands around them.
    let command = |total: usize| {
        let literal = |size: usize| format!(" SUBJECT {{{size}+}}\r\n{}", "x".repeat(size));
        let mut text = format!("a SEARCH{}", literal(131_072).repeat(7));
        let room = total - text.len() - "\r\n".len();
        let last = room - literal(100_000).len() + 100_000;
        text.push_str(&literal(last));
        assert_eq!(text.len() + 2, total);
        text
    };
    assert_eq!(client.ask(&command(COMMAND_BYTES_MAX)).await[0], "* SEARCH");
    assert_eq!(client.ask(&command(COMMAND_BYTES_MAX + 1)).await, ["a NO [TOOBIG] Command too long"]);
    assert_eq!(client.ask("b NOOP").await, ["b OK NOOP completed"]);
}

#[tokio::test]
async fn the_largest_message_is_asked_for() {
    let house = House::new();
    let mut client = house.alice().await;
    client.say("a APPEND INBOX {67108864}").await;
    assert!(client.line().await.starts_with("+ "));
    let mut client = house.alice().await;
    assert_eq!(client.ask("a APPEND INBOX {67108865}").await, ["a NO [TOOBIG] Message too large"]);
    // What is sent unasked is heard out to a point, then the session ends.
    client.say("b APPEND INBOX {1073741825+}").await;
    assert_eq!(client.line().await, "* BYE [TOOBIG] Literal too large");
}

#[tokio::test]
async fn bad_commands_are_counted() {
    let house = House::new();
    let mut client = house.alice().await;
    for _ in 0..19 {
        assert_eq!(client.ask("a FOO").await, ["a BAD Unknown command"]);
    }
    // One that is good in between begins the count anew.
    assert_eq!(client.ask("b NOOP").await, ["b OK NOOP completed"]);
    for _ in 0..19 {
        assert_eq!(client.ask("a FOO").await, ["a BAD Unknown command"]);
    }
    client.say("a FOO").await;
    assert_eq!(client.line().await, "a BAD Unknown command");
    assert_eq!(client.line().await, "* BYE Too many bad commands");
    let mut client = house.connect().await;
    for _ in 0..2 {
        assert_eq!(client.ask("a FOO").await, ["a BAD Unknown command"]);
    }
    assert_eq!(client.ask("b NOOP").await, ["b OK NOOP completed"]);
    for _ in 0..2 {
        assert_eq!(client.ask("a FOO").await, ["a BAD Unknown command"]);
    }
    client.say("a FOO").await;
    assert_eq!(client.line().await, "a BAD Unknown command");
    assert_eq!(client.line().await, "* BYE Too many bad commands");
}

#[tokio::test]
async fn before_login_a_command_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.connect().await;
    let login = |total: usize| {
        let around = "a LOGIN alice@example.org \"\"\r\n".len();
        format!("a LOGIN alice@example.org \"{}\"", "x".repeat(total - around))
    };
    assert!(
        client.ask(&login(COMMAND_BYTES_BEFORE_LOGIN_MAX)).await[0]
            .starts_with("a NO [AUTHENTICATIONFAILED] ")
    );
    assert_eq!(
        client.ask(&login(COMMAND_BYTES_BEFORE_LOGIN_MAX + 1)).await,
        ["a NO [TOOBIG] Command too long"]
    );
}
